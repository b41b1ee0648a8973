//! A whole exchange in one go, its content kept: for the common case.

use std::future::poll_fn;

use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::limits::READ_LENGTH;
use crate::net::Net;
use crate::session::handles::{Request, Response};

/// A response, all of it.
#[derive(Debug)]
pub struct Whole {
    /// The head.
    pub head: ResponseHead,
    /// The content.
    pub content: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
}

/// Sends the request and reads the whole response.
pub async fn fetch<N: Net>(request: &Request<N>) -> Result<Whole, Error> {
    let exchange = request.start(false)?;
    let response = poll_fn(|context| exchange.poll_response(context)).await?;
    let content = read_to_end(&response).await?;
    let trailers = response.trailers().unwrap_or_default();
    Ok(Whole { head: response.into_head(), content, trailers })
}

/// Reads what is left of the content, up to the session's limit.
pub async fn read_to_end<N: Net>(response: &Response<N>) -> Result<Vec<u8>, Error> {
    let limit = response.whole_content_limit();
    let mut content = Vec::new();
    while let Some(piece) = poll_fn(|context| response.poll_read(context, READ_LENGTH)).await? {
        let length = content.len().saturating_add(piece.len());
        if length as u64 > limit {
            let detail = format!("the response's content is larger than {limit} bytes, the limit of what is kept");
            let error = Error::new(Phase::Body, Code::ResponseContentTooLarge, detail);
            response.fail(error.clone());
            return Err(error);
        }
        if content.is_empty() {
            content = piece;
        } else {
            content.extend_from_slice(&piece);
        }
    }
    Ok(content)
}
