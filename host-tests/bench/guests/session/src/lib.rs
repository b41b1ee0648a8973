//! A guest to measure: a consumer of Xenon, written as its users would.
//!
//! It must not know anything that a user does not, such as how long a response is.

use std::cell::RefCell;

use bindings::xenon::http::session::{Request, Session, Words};
use bindings::xenon::http::settings::TlsConfig;
use bindings::xenon::http::types::Error;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-session;

            /// Each function but `trust` sends `count` times `GET target` to this port of 127.0.0.1, reads each response to its
            /// end, and answers how many bytes of content came.
            world guest {
                include xenon:http/imports@0.2.0;

                /// From now on the scheme is https, and this certificate is trusted as a root.
                export trust: func(certificate: list<u8>);

                /// By `session.get`.
                export get: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// By `request.send` and `response.read-to-end`.
                export send: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// By `request.send` and `response.read`, so that no content is kept.
                export read: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// As `read`, by `response.read-words`, into a buffer as a consumer would have one.
                export read-words: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// As `send`, in a new session each time.
                export full: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// As `send`, over a new connection each time.
                export resumed: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// Sends `PUT target` with so many bytes; answers how many bytes have gone.
                export upload: func(port: u16, target: string, count: u32, length: u64) -> result<u64, string>;
            }
        ",
        path: "../../../../wit",
        world: "xenon:bench-session/guest",
        generate_all,
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

thread_local! {
    /// The certificate that is trusted; without one the scheme is http.
    static TRUSTED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

impl bindings::Guest for bindings::Contestant {
    fn trust(certificate: Vec<u8>) {
        TRUSTED.set(Some(certificate));
    }

    fn get(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = connect(port)?;
        repeat(count, || {
            let response = session.get(&target, &[])?;
            Ok((response.status, response.content.len() as u64))
        })
    }

    fn send(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = connect(port)?;
        repeat(count, || send(&session, &target))
    }

    fn read(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = connect(port)?;
        repeat(count, || {
            let response = Request::new(&session, "GET", &target).send()?;
            let mut length = 0;
            while let Some(piece) = response.read(PIECE)? {
                length += piece.len() as u64;
            }
            Ok((response.status(), length))
        })
    }

    fn read_words(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = connect(port)?;
        let mut buffer = Vec::new();
        repeat(count, || {
            let response = Request::new(&session, "GET", &target).send()?;
            let mut length = 0;
            while let Some(words) = response.read_words(PIECE)? {
                length += take(&words, &mut buffer).len() as u64;
            }
            Ok((response.status(), length))
        })
    }

    fn full(port: u16, target: String, count: u32) -> Result<u64, String> {
        let mut total = 0;
        for _ in 0..count {
            let session = connect(port)?;
            total += repeat(1, || send(&session, &target))?;
        }
        Ok(total)
    }

    fn resumed(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = connect(port)?;
        repeat(count, || {
            let answer = send(&session, &target)?;
            session.close_connection();
            Ok(answer)
        })
    }

    fn upload(port: u16, target: String, count: u32, length: u64) -> Result<u64, String> {
        let session = connect(port)?;
        let piece = vec![b'x'; WRITTEN];
        repeat(count, || {
            let request = Request::new(&session, "PUT", &target);
            request.set_streamed_content(Some(length));
            let exchange = request.start()?;
            let mut left = length;
            while left > 0 {
                let count = left.min(piece.len() as u64);
                exchange.write(&piece[..count as usize])?;
                left -= count;
            }
            exchange.finish(&[])?;
            let response = exchange.response()?;
            response.read_to_end()?;
            Ok((response.status(), length))
        })
    }
}

/// Bytes of content read at once: no more come.
const PIECE: u32 = 65_536;

/// Bytes of content written at once.
const WRITTEN: usize = 262_144;

fn connect(port: u16) -> Result<Session, String> {
    TRUSTED.with_borrow(|trusted| {
        let scheme = if trusted.is_some() { "https" } else { "http" };
        let session = Session::new(scheme, "127.0.0.1", port);
        if let Some(certificate) = trusted {
            let (tls, options) = (TlsConfig::new(), session.options());
            tls.set_default_roots(false);
            tls.add_roots(certificate).map_err(|error| error.detail)?;
            options.set_tls(&tls);
            session.set_options(&options);
        }
        Ok(session)
    })
}

/// The bytes that these words are, in this buffer.
fn take<'a>(Words { words, length }: &Words, buffer: &'a mut Vec<u8>) -> &'a [u8] {
    buffer.resize(words.len() * 8, 0);
    for (eight, word) in buffer.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *eight = word.to_le_bytes();
    }
    &buffer[..*length as usize]
}

fn send(session: &Session, target: &str) -> Result<(u16, u64), Error> {
    let response = Request::new(session, "GET", target).send()?;
    let content = response.read_to_end()?;
    Ok((response.status(), content.len() as u64))
}

/// Does this `count` times, and adds the lengths up.
fn repeat(count: u32, mut exchange: impl FnMut() -> Result<(u16, u64), Error>) -> Result<u64, String> {
    let mut total = 0;
    for _ in 0..count {
        match exchange() {
            Ok((200, length)) => total += length,
            Ok((status, _)) => return Err(format!("the answer was {status}")),
            Err(error) => return Err(error.detail),
        }
    }
    Ok(total)
}
