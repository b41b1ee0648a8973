//! A guest to measure: the same work over `wasi:http`, which leaves the client to the host.
//!
//! It must do no more than its users have to.

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{ErrorCode, Fields, IncomingBody, OutgoingRequest, Scheme};
use wasi::io::streams::StreamError;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-wasi-http;

            world guest {
                /// Sends `count` times `GET target` to this port of 127.0.0.1, reads each response to its end, and answers
                /// how many bytes of content came.
                export run: func(port: u16, target: string, count: u32) -> result<u64, string>;
            }
        ",
        world: "xenon:bench-wasi-http/guest",
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

impl bindings::Guest for bindings::Contestant {
    fn run(port: u16, target: String, count: u32) -> Result<u64, String> {
        let authority = format!("127.0.0.1:{port}");
        let mut total = 0;
        for _ in 0..count {
            total += exchange(&authority, &target).map_err(|error| format!("{error:?}"))?;
        }
        Ok(total)
    }
}

/// One request and its whole response; how long its content is.
fn exchange(authority: &str, target: &str) -> Result<u64, ErrorCode> {
    let refused = |()| ErrorCode::InternalError(Some("the request was not taken".to_owned()));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some(target)).map_err(refused)?;

    let future = handle(request, None)?;
    let response = loop {
        match future.get() {
            Some(response) => break response.map_err(refused)??,
            None => future.subscribe().block(),
        }
    };
    if response.status() != 200 {
        return Err(ErrorCode::InternalError(Some(format!("the answer was {}", response.status()))));
    }

    let body = response.consume().map_err(refused)?;
    let stream = body.stream().map_err(refused)?;
    let mut length = 0;
    loop {
        match stream.blocking_read(65_536) {
            Ok(bytes) => length += bytes.len() as u64,
            Err(StreamError::Closed) => break,
            Err(error) => return Err(ErrorCode::InternalError(Some(format!("{error:?}")))),
        }
    }
    drop(stream);
    IncomingBody::finish(body);
    Ok(length)
}
