//! A service for Spin that gets the URL in the field `url` of each request, and responds with what it got. It is written as Spin's SDK
//! suggests, and knows nothing of Xenon.

#![allow(unsafe_code, missing_docs, reason = "the macro's, not ours")]

use spin_sdk::http::{EmptyBody, IntoResponse, Request, Response, send};
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> anyhow::Result<impl IntoResponse> {
    let url = request.headers().get("url").ok_or_else(|| anyhow::anyhow!("no URL"))?;
    let outgoing = Request::get(url.to_str()?).body(EmptyBody::new())?;
    let response: Response = send(outgoing).await?;
    Ok(response)
}
