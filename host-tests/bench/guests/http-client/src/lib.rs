//! A guest to measure: the same work over `wasi:http/client`, which the host fills, or Xenon.
//!
//! It must not know which of them does, nor do more than its users have to.

use std::future::poll_fn;
use std::pin::pin;

use bindings::wasi::http::client;
use bindings::wasi::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use bindings::{wit_future, wit_stream};
use wit_bindgen::{StreamReader, StreamResult, StreamWriter};

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-http-client;

            /// Each function works `count` times with `target` at this port of 127.0.0.1.
            world guest {
                import wasi:http/client@0.3.0;

                /// GET, with the content's stream read to its end, and the trailers. Answers how many bytes of content came.
                export send: async func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// PUT, with so many bytes as a stream. Answers how many bytes have gone.
                export upload: async func(port: u16, target: string, count: u32, length: u64) -> result<u64, string>;
            }
        ",
        path: "../../../../wit/0.3",
        world: "xenon:bench-http-client/guest",
        generate_all,
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

/// Bytes of content read or written at once.
const PIECE: usize = 65_536;

impl bindings::Guest for bindings::Contestant {
    async fn send(port: u16, target: String, count: u32) -> Result<u64, String> {
        let authority = format!("127.0.0.1:{port}");
        let mut total = 0;
        let mut buffer = Vec::with_capacity(PIECE);
        for _ in 0..count {
            let request = request(&Method::Get, &authority, &target, Fields::new(), None)?;
            let response = client::send(request).await.map_err(words)?;
            total += read(response, &mut buffer).await?;
        }
        Ok(total)
    }

    async fn upload(port: u16, target: String, count: u32, length: u64) -> Result<u64, String> {
        let authority = format!("127.0.0.1:{port}");
        let mut buffer = Vec::with_capacity(PIECE);
        for _ in 0..count {
            let (writer, content) = wit_stream::new();
            let length_field = [("content-length".to_owned(), length.to_string().into_bytes())];
            let fields = Fields::from_list(&length_field).map_err(|error| format!("{error:?}"))?;
            let request = request(&Method::Put, &authority, &target, fields, Some(content))?;
            let exchange = async {
                let response = client::send(request).await.map_err(words)?;
                read(response, &mut buffer).await
            };
            beside(exchange, write(writer, length)).await?;
        }
        Ok(length * u64::from(count))
    }
}

fn request(
    method: &Method,
    authority: &str,
    target: &str,
    fields: Fields,
    content: Option<StreamReader<u8>>,
) -> Result<Request, String> {
    // Dropping a writer writes what it was made with: there are no trailers.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(fields, content, trailers, None);
    let is_set = [
        request.set_method(method),
        request.set_scheme(Some(&Scheme::Http)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(target)),
    ];
    if is_set.contains(&Err(())) { Err("the request was not taken".to_owned()) } else { Ok(request) }
}

/// The whole response, which must be a 200; how much content it has.
async fn read(response: Response, buffer: &mut Vec<u8>) -> Result<u64, String> {
    let status = response.get_status_code();
    if status != 200 {
        return Err(format!("the answer was {status}"));
    }
    let (_, received) = wit_future::new(|| Ok(()));
    let (content, trailers) = Response::consume_body(response, received);
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

fn words(error: ErrorCode) -> String {
    format!("{error:?}")
}
