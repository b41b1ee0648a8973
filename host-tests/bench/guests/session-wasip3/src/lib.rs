//! A guest to measure: a consumer of Xenon over WASI 0.3, written as its users would.
//!
//! It must not know anything that a user does not, such as how long a response is.

use std::future::poll_fn;
use std::pin::pin;

use bindings::wit_stream;
use bindings::xenon::http::session::{Request, Response, Session};
use bindings::xenon::http::types::Error;
use wit_bindgen::{StreamReader, StreamResult, StreamWriter};

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-session-wasip3;

            /// Each function works `count` times with `target` at this port of 127.0.0.1.
            world guest {
                include xenon:http/imports@0.3.0;

                /// GET by `session.get`. Answers how many bytes of content came.
                export get: async func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// GET by `request.send`, with the content's stream read to its end, and the trailers. Answers likewise.
                export send: async func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// PUT by `request.send`, with so many bytes as a stream. Answers how many bytes have gone.
                export upload: async func(port: u16, target: string, count: u32, length: u64) -> result<u64, string>;
            }
        ",
        path: "../../../../wit/0.3",
        world: "xenon:bench-session-wasip3/guest",
        generate_all,
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

/// Bytes of content read or written at once: a piece of a response never has more.
const PIECE: usize = 65_536;

impl bindings::Guest for bindings::Contestant {
    async fn get(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = Session::new("http", "127.0.0.1", port);
        let mut total = 0;
        for _ in 0..count {
            let response = session.get(target.clone(), vec![]).await.map_err(words)?;
            expect_200(response.status)?;
            total += response.content.len() as u64;
        }
        Ok(total)
    }

    async fn send(port: u16, target: String, count: u32) -> Result<u64, String> {
        let session = Session::new("http", "127.0.0.1", port);
        let mut total = 0;
        let mut buffer = Vec::with_capacity(PIECE);
        for _ in 0..count {
            let response = Request::new(&session, "GET", &target).send().await.map_err(words)?;
            total += read(&response, &mut buffer).await?;
        }
        Ok(total)
    }

    async fn upload(port: u16, target: String, count: u32, length: u64) -> Result<u64, String> {
        let session = Session::new("http", "127.0.0.1", port);
        let mut buffer = Vec::with_capacity(PIECE);
        for _ in 0..count {
            let request = Request::new(&session, "PUT", &target);
            let (writer, content) = wit_stream::new();
            request.set_streamed_content(content, Some(length), None);
            let exchange = async {
                let response = request.send().await.map_err(words)?;
                read(&response, &mut buffer).await
            };
            beside(exchange, write(writer, length)).await?;
        }
        Ok(length * u64::from(count))
    }
}

/// The whole response, which must be a 200; how much content it has.
async fn read(response: &Response, buffer: &mut Vec<u8>) -> Result<u64, String> {
    expect_200(response.status())?;
    let (content, trailers) = response.content().map_err(words)?;
    let length = count_bytes(content, buffer).await;
    // It says whether that was all.
    trailers.await.map_err(words)?;
    Ok(length)
}

async fn count_bytes(mut content: StreamReader<u8>, buffer: &mut Vec<u8>) -> u64 {
    let mut length = 0;
    loop {
        let mut space = std::mem::take(buffer);
        space.clear();
        let (status, bytes) = content.read(space).await;
        length += bytes.len() as u64;
        *buffer = bytes;
        if !matches!(status, StreamResult::Complete(_)) {
            return length;
        }
    }
}

/// Writes so many bytes. A piece is filled anew each time, as whoever has something to send must.
async fn write(mut writer: StreamWriter<u8>, length: u64) {
    let mut left = length;
    let mut piece = Vec::with_capacity(PIECE);
    while left > 0 {
        piece.resize(left.min(PIECE as u64) as usize, b'x');
        left -= piece.len() as u64;
        piece = writer.write_all(piece).await;
        if !piece.is_empty() {
            return;
        }
    }
}

/// Does both, until the first is done.
async fn beside<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> T {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut is_done = false;
    poll_fn(|context| {
        is_done = is_done || second.as_mut().poll(context).is_ready();
        first.as_mut().poll(context)
    })
    .await
}

fn expect_200(status: u16) -> Result<(), String> {
    if status == 200 { Ok(()) } else { Err(format!("the answer was {status}")) }
}

fn words(error: Error) -> String {
    format!("{:?}: {}", error.code, error.detail)
}
