//! hyper's client connection as a client of a case, over bytes in memory, polled by hand.

use std::cell::RefCell;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hyper::body::Body;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{HeaderMap, Request};

use super::answer::{Accepted, Ending, Fields, Heard};
use super::cases::{CONTENT, Case, Method};

/// Polls in which nothing happened, after which nothing will.
const IDLE_ROUNDS: usize = 4;

/// What the target of the request is that tries the connection again.
const AGAIN: &str = "/again";

pub(crate) fn hear(case: &Case, ending: Ending) -> Heard {
    let wire = Rc::new(RefCell::new(Wire {
        bytes: case.bytes.clone(),
        at: 0,
        is_closed: ending == Ending::Closed,
        content_length: if case.method == Method::Post { CONTENT.len() } else { 0 },
        sent: Vec::new(),
    }));
    let peer = Peer(Rc::clone(&wire));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok((sender, connection))) = pin!(http1::handshake(peer)).poll(&mut context) else {
        panic!("there is nothing to wait for in a handshake of HTTP/1");
    };
    let mut client = Client { wire, sender, connection, is_over: false };
    client.hear(case)
}

struct Client {
    wire: Rc<RefCell<Wire>>,
    sender: SendRequest<String>,
    connection: Connection<Peer, String>,
    /// Whether the connection has come to an end, or is another protocol's.
    is_over: bool,
}

impl Client {
    fn hear(&mut self, case: &Case) -> Heard {
        let mut sent = Box::pin(self.sender.send_request(request(case)));
        let response = match self.wait(|context| sent.as_mut().poll(context)) {
            Some(Ok(response)) => response,
            Some(Err(error)) => return Heard::refused(words(&error)),
            None => return Heard::Waiting,
        };
        let (head, mut body) = response.map(Some).into_parts();
        let mut content = Vec::new();
        let mut trailers = Fields::default();
        // The body is dropped at its end, for a caller that keeps it keeps the connection.
        while let Some(incoming) = &mut body {
            match self.wait(|context| Pin::new(&mut *incoming).poll_frame(context)) {
                Some(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => content.extend_from_slice(&data),
                    Err(frame) => trailers = frame.into_trailers().map(|map| fields(&map)).unwrap_or_default(),
                },
                Some(Some(Err(error))) => return Heard::refused(words(&error)),
                Some(None) => body = None,
                None => return Heard::Waiting,
            }
        }
        let status = head.status.as_u16();
        let is_switched = status == 101 || (case.method == Method::Connect && (200..300).contains(&status));
        if is_switched {
            // What comes then is the other protocol's, to the end.
            if !self.wire.borrow().is_closed {
                return Heard::Waiting;
            }
            content = self.take_rest();
        }
        let is_reusable = !is_switched && self.is_used_again();
        let fields = fields(&head.headers);
        Accepted { status, fields, content, trailers: Some(trailers), is_reusable: Some(is_reusable) }.into()
    }

    /// Polls the connection and this, in turn, until this is ready, or nothing happens any more.
    fn wait<T>(&mut self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
        let mut context = Context::from_waker(Waker::noop());
        let mut idle = 0;
        while idle < IDLE_ROUNDS {
            let before = self.wire.borrow().progress();
            if let Poll::Ready(ready) = poll(&mut context) {
                return Some(ready);
            }
            if !self.is_over {
                self.is_over = self.connection.poll_without_shutdown(&mut context).is_ready();
            }
            idle = if self.wire.borrow().progress() == before { idle + 1 } else { 0 };
        }
        None
    }

    /// Whether another request goes on the connection.
    fn is_used_again(&mut self) -> bool {
        // First it learns what there is after the response.
        self.wait(|_| Poll::<()>::Pending);
        if !self.sender.is_ready() {
            return false;
        }
        let again = Request::get(AGAIN).header("host", "origin.test").body(String::new()).expect("it is a request");
        let mut sent = Box::pin(self.sender.send_request(again));
        drop(self.wait(|context| sent.as_mut().poll(context)));
        let wire = self.wire.borrow();
        wire.sent.windows(AGAIN.len()).any(|window| window == AGAIN.as_bytes())
    }

    /// What the connection has read and not used, and what it has not read.
    fn take_rest(&mut self) -> Vec<u8> {
        let peer = Peer(Rc::clone(&self.wire));
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok((_, other))) = pin!(http1::handshake(peer)).poll(&mut context) else {
            panic!("there is nothing to wait for in a handshake of HTTP/1");
        };
        let mut rest = std::mem::replace(&mut self.connection, other).into_parts().read_buf.to_vec();
        let mut wire = self.wire.borrow_mut();
        let at = std::mem::replace(&mut wire.at, usize::MAX);
        rest.extend_from_slice(wire.bytes.get(at..).unwrap_or_default());
        rest
    }
}

fn request(case: &Case) -> Request<String> {
    let target = if case.method == Method::Connect { "origin.test:80" } else { "/" };
    let mut request = Request::builder().method(case.method.name()).uri(target).header("host", "origin.test");
    if case.wants_upgrade {
        request = request.header("connection", "upgrade").header("upgrade", "other");
    }
    let content = if case.method == Method::Post { CONTENT } else { "" };
    request.body(content.into()).expect("it is a request")
}

fn fields(map: &HeaderMap) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in map {
        fields.push(name.as_str(), value.as_bytes());
    }
    fields
}

/// The error and its causes.
fn words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}

/// What goes both ways.
struct Wire {
    bytes: Vec<u8>,
    /// How many of them were read.
    at: usize,
    is_closed: bool,
    /// How much content the request has.
    content_length: usize,
    sent: Vec<u8>,
}

impl Wire {
    fn progress(&self) -> (usize, usize) {
        (self.at, self.sent.len())
    }

    /// The response comes when the whole request is here.
    fn is_asked(&self) -> bool {
        let end = self.sent.windows(4).position(|window| window == b"\r\n\r\n");
        end.is_some_and(|end| self.sent.len() >= end + 4 + self.content_length)
    }
}

struct Peer(Rc<RefCell<Wire>>);

impl Read for Peer {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, mut cursor: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.0.borrow_mut();
        if !wire.is_asked() {
            return Poll::Pending;
        }
        let ahead = wire.bytes.get(wire.at..).unwrap_or_default();
        if ahead.is_empty() {
            return if wire.is_closed { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let count = ahead.len().min(cursor.remaining());
        cursor.put_slice(&ahead[..count]);
        wire.at += count;
        Poll::Ready(Ok(()))
    }
}

impl Write for Peer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().sent.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
