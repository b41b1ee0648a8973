//! A service that forwards each request to the server that the variable `UPSTREAM` names, as `host:port`, and its response back. It
//! knows nothing of Xenon.

use wasip3::cli::environment;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use wasip3::{wit_bindgen, wit_future};

struct Service;

#[allow(unsafe_code, reason = "the macro's, not ours")]
mod export {
    use super::Service;

    wasip3::http::service::export!(Service);
}

impl wasip3::exports::http::handler::Guest for Service {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let variables = environment::get_environment();
        let upstream = variables.into_iter().find(|(name, _)| name == "UPSTREAM").map(|(_, value)| value);
        let (method, target) = (request.get_method(), request.get_path_with_query());
        let (received, received_reader) = wit_future::new(|| Ok(()));
        let (content, trailers) = Request::consume_body(request, received_reader);
        drop(received);
        let (outgoing, sent) = Request::new(Fields::new(), Some(content), trailers, None);
        let is_set = [
            outgoing.set_method(&method),
            outgoing.set_scheme(Some(&Scheme::Http)),
            outgoing.set_authority(upstream.as_deref()),
            outgoing.set_path_with_query(target.as_deref()),
        ];
        if is_set.contains(&Err(())) {
            return Err(ErrorCode::ConfigurationError);
        }
        drop(wit_bindgen::spawn_local(async move { drop(sent.await) }));
        let response = client::send(outgoing).await?;
        let status = response.get_status_code();
        let (passed, passed_reader) = wit_future::new(|| Ok(()));
        let (content, trailers) = Response::consume_body(response, passed_reader);
        drop(passed);
        let (answer, _) = Response::new(Fields::new(), Some(content), trailers);
        answer.set_status_code(status).map_err(|()| ErrorCode::ConfigurationError)?;
        Ok(answer)
    }
}
