//! A guest to measure: a consumer of Xenon, written as its users would.
//!
//! It must not know anything that a user does not, such as how long a response is.

use bindings::xenon::http::session::{Request, Session};
use bindings::xenon::http::types::Error;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-session;

            /// Each function sends `count` times `GET target` to this port of 127.0.0.1, reads each response to its end, and
            /// answers how many bytes of content came.
            world guest {
                include xenon:http/imports@0.1.0;

                /// By `session.get`.
                export get: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// By `request.send` and `response.read-to-end`.
                export send: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// By `request.send` and `response.read`, so that no content is kept.
                export read: func(port: u16, target: string, count: u32) -> result<u64, string>;
            }
        ",
        path: "../../../../wit",
        world: "xenon:bench-session/guest",
        generate_all,
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

impl bindings::Guest for bindings::Contestant {
    fn get(port: u16, target: String, count: u32) -> Result<u64, String> {
        repeat(port, count, |session| {
            let response = session.get(&target)?;
            Ok((response.status, response.content.len() as u64))
        })
    }

    fn send(port: u16, target: String, count: u32) -> Result<u64, String> {
        repeat(port, count, |session| {
            let response = Request::new(session, "GET", &target).send()?;
            let content = response.read_to_end()?;
            Ok((response.status(), content.len() as u64))
        })
    }

    fn read(port: u16, target: String, count: u32) -> Result<u64, String> {
        repeat(port, count, |session| {
            let response = Request::new(session, "GET", &target).send()?;
            let mut length = 0;
            while let Some(piece) = response.read(65_536)? {
                length += piece.len() as u64;
            }
            Ok((response.status(), length))
        })
    }
}

/// Does this `count` times in one session, and adds the lengths up.
fn repeat(port: u16, count: u32, exchange: impl Fn(&Session) -> Result<(u16, u64), Error>) -> Result<u64, String> {
    let session = Session::new("http", "127.0.0.1", port);
    let mut total = 0;
    for _ in 0..count {
        match exchange(&session) {
            Ok((200, length)) => total += length,
            Ok((status, _)) => return Err(format!("the answer was {status}")),
            Err(error) => return Err(error.detail),
        }
    }
    Ok(total)
}
