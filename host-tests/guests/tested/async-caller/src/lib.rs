//! A consumer of the face over WASI 0.3 that does what only a caller between components can do: it drops calls at any moment, has many
//! at once, and stops reading.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use bindings::exports::tested::async_caller::cases::Guest;
use bindings::xenon::http::session::{Request, Response, Session};
use bindings::xenon::http::types::Error;
use bindings::{Caller, wit_stream};
use wit_bindgen::StreamResult;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package tested:async-caller;

            interface cases {
                /// One session, whose calls are dropped after no, one, two ... turns, until one returns. Each is followed by one that is
                /// not dropped. With `kept`, there is a kept connection each time. Answers how many were dropped.
                drop-each: async func(port: u16, target: string, kept: bool) -> result<u32, string>;
                /// So many requests at once, over so many connections. Answers how many had the status 200.
                at-once: async func(port: u16, target: string, count: u32, connections: u32) -> result<u32, string>;
                /// So many requests one after the other, each a call. Answers how many had the status 200.
                one-by-one: async func(port: u16, target: string, count: u32) -> u32;
                /// Reads a piece of the target's content, makes so many requests for another meanwhile, and reads the rest. Answers
                /// how much content there was.
                stop-reading: async func(port: u16, target: string, other: string, count: u32) -> result<u64, string>;
                /// Sends so many bytes, and answers how many came back.
                send-bytes: async func(port: u16, target: string, count: u64) -> result<u64, string>;
            }

            world program {
                import xenon:http/types@0.3.0;
                import xenon:http/settings@0.3.0;
                import xenon:http/session@0.3.0;
                export cases;
            }
        ",
        path: "../../../../wit/0.3",
        world: "tested:async-caller/program",
        generate_all,
    });

    export!(Caller with_types_in self);

    pub(super) struct Caller;
}

/// More turns than an exchange takes.
const MOST_TURNS: u32 = 20_000;

/// Calls after how many turns are dropped: each of the first, then ever fewer.
fn turns() -> impl Iterator<Item = u32> {
    std::iter::successors(Some(0), |turns| Some(turns + 1 + turns / 16)).take_while(|turns| *turns < MOST_TURNS)
}

impl Guest for Caller {
    async fn drop_each(port: u16, target: String, kept: bool) -> Result<u32, String> {
        let session = Session::new("http", "127.0.0.1", port);
        for (dropped, turns) in (0..).zip(turns()) {
            if kept {
                expect_200(session.get(target.clone(), vec![]).await)?;
            } else {
                session.close_connection();
            }
            let call: Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(session.get(target.clone(), vec![]));
            if let Some(whole) = poll_for(call, turns).await {
                expect_200(whole)?;
                return Ok(dropped);
            }
            expect_200(session.get(target.clone(), vec![]).await)?;
        }
        Err("it never returned".into())
    }

    async fn at_once(port: u16, target: String, count: u32, connections: u32) -> Result<u32, String> {
        let session = std::rc::Rc::new(Session::new("http", "127.0.0.1", port));
        let options = session.options();
        options.set_max_connections(connections);
        session.set_options(&options);
        let calls: Vec<_> = (0..count)
            .map(|_| {
                let (session, target) = (session.clone(), target.clone());
                wit_bindgen::spawn_local(async move { session.get(target, vec![]).await })
            })
            .collect();
        let mut good = 0;
        for call in calls {
            expect_200(call.await.ok_or("a call was lost")?)?;
            good += 1;
        }
        Ok(good)
    }

    async fn one_by_one(port: u16, target: String, count: u32) -> u32 {
        let session = Session::new("http", "127.0.0.1", port);
        let mut good = 0;
        for _ in 0..count {
            good += u32::from(session.get(target.clone(), vec![]).await.is_ok_and(|whole| whole.status == 200));
        }
        good
    }

    async fn stop_reading(port: u16, target: String, other: String, count: u32) -> Result<u64, String> {
        let session = Session::new("http", "127.0.0.1", port);
        let response = Request::new(&session, "GET", &target).send().await.map_err(told)?;
        let (mut content, trailers) = response.content().map_err(told)?;
        let (_, first) = content.read(Vec::with_capacity(1000)).await;
        for _ in 0..count {
            expect_200(session.get(other.clone(), vec![]).await)?;
        }
        let length = first.len() as u64 + count_bytes(&mut content).await;
        drop(content);
        trailers.await.map_err(told)?;
        Ok(length)
    }

    async fn send_bytes(port: u16, target: String, count: u64) -> Result<u64, String> {
        let session = Session::new("http", "127.0.0.1", port);
        let request = Request::new(&session, "POST", &target);
        let (mut writer, reader) = wit_stream::new();
        request.set_streamed_content(reader, Some(count), None);
        drop(wit_bindgen::spawn_local(async move {
            let mut left = count;
            let mut piece = vec![b'x'; PIECE];
            while left > 0 {
                piece.resize(PIECE.min(usize::try_from(left).unwrap_or(usize::MAX)), b'x');
                left -= piece.len() as u64;
                if !writer.write_all(piece).await.is_empty() {
                    break;
                }
                piece = vec![b'x'; PIECE];
            }
        }));
        let response: Response = request.send().await.map_err(told)?;
        let (mut content, trailers) = response.content().map_err(told)?;
        let length = count_bytes(&mut content).await;
        drop(content);
        trailers.await.map_err(told)?;
        Ok(length)
    }
}

const PIECE: usize = 64 * 1024;

async fn count_bytes(content: &mut wit_bindgen::StreamReader<u8>) -> u64 {
    let mut length = 0;
    let mut buffer = Vec::with_capacity(PIECE);
    loop {
        buffer.clear();
        let (status, bytes) = content.read(buffer).await;
        length += bytes.len() as u64;
        if !matches!(status, StreamResult::Complete(_)) {
            return length;
        }
        buffer = bytes;
    }
}

/// Polls a call, and again after each of so many turns. None if it has not returned by then.
async fn poll_for<T>(mut call: Pin<Box<dyn Future<Output = T> + '_>>, turns: u32) -> Option<T> {
    for _ in 0..turns {
        let polled = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        if let Poll::Ready(value) = polled {
            return Some(value);
        }
        wit_bindgen::yield_async().await;
    }
    None
}

fn expect_200(whole: Result<bindings::xenon::http::types::WholeResponse, Error>) -> Result<(), String> {
    match whole {
        Ok(whole) if whole.status == 200 => Ok(()),
        Ok(whole) => Err(format!("the status is {}", whole.status)),
        Err(error) => Err(told(error)),
    }
}

fn told(error: Error) -> String {
    format!("{:?}: {}", error.code, error.detail)
}
