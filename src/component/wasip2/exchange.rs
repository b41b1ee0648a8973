//! The WIT's `request`, `exchange` and `response` around the core's. Blocking functions poll the core until it is ready, and
//! wait on the host in between; the others poll it once.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;

use super::bindings::exports::xenon::http::session as wit;
use super::bindings::exports::xenon::http::session::{
    Challenge, ConnectionFacts, Fields, InterimResponse, Received, ReceivedWords, Redirect, SessionBorrow, Version,
    Words,
};
use super::convert::{self, Outcome, misuse, wrong};
use super::session::Session;
use super::words::words;
use crate::limits::READ_LENGTH;
use crate::net::wasip2::Wasi;
use crate::session::{self, whole};
use crate::wasip2::{block_on, network, poll_once, wait};

pub(super) struct Request(RefCell<session::Request<Wasi>>);

impl Request {
    pub(super) fn of(request: session::Request<Wasi>) -> Self {
        Self(RefCell::new(request))
    }

    pub(super) fn core(&self) -> session::Request<Wasi> {
        self.0.borrow().clone()
    }
}

impl wit::GuestRequest for Request {
    fn new(session: SessionBorrow<'_>, method: String, target: String) -> Self {
        let Session(session) = session.get();
        Self::of(session.request(&method, target))
    }

    fn add_field(&self, name: String, value: String) -> Outcome<()> {
        self.add_field_bytes(name, value.into_bytes())
    }

    fn add_field_bytes(&self, name: String, value: Vec<u8>) -> Outcome<()> {
        self.0.borrow_mut().add_field(&name, value).map_err(convert::error)
    }

    fn set_content(&self, content: Vec<u8>) {
        self.0.borrow_mut().set_content(content);
    }

    fn set_streamed_content(&self, length: Option<u64>) {
        self.0.borrow_mut().set_streamed_content(length);
    }

    fn set_idempotent(&self, idempotent: bool) {
        self.0.borrow_mut().set_idempotent(idempotent);
    }

    fn set_expect_continue(&self, expect: bool) {
        self.0.borrow_mut().set_expect_continue(expect);
    }

    fn set_version(&self, version: Version) -> Outcome<()> {
        let version = convert::from_version(version).ok_or_else(|| wrong("this build does not speak HTTP/2"))?;
        self.0.borrow_mut().set_version(version);
        Ok(())
    }

    fn send(&self) -> Outcome<wit::Response> {
        let request = self.0.borrow();
        if request.is_streamed() {
            return Err(misuse("the content of this request is streamed: use `start` and write it"));
        }
        block_on(async {
            let exchange = request.start(false)?;
            poll_fn(|context| exchange.poll_response(context)).await
        })
        .map(into_response)
        .map_err(convert::error)
    }

    fn start(&self) -> Outcome<wit::Exchange> {
        // Before the start, because the time of an earlier pass is out of date.
        network().begin(true);
        let exchange = self.0.borrow().start(true).map_err(convert::error)?;
        exchange.advance();
        Ok(wit::Exchange::new(Exchange(exchange)))
    }
}

pub(super) struct Exchange(pub(super) session::Exchange<Wasi>);

impl wit::GuestExchange for Exchange {
    fn write(&self, content: Vec<u8>) -> Outcome<()> {
        let mut content = Some(content);
        wait(|context| {
            loop {
                let Some(piece) = content.take() else {
                    return self.0.poll_flush(context);
                };
                let Err(piece) = self.0.try_write(piece)? else {
                    continue;
                };
                // What was written before must be sent first.
                content = Some(piece);
                match self.0.poll_flush(context) {
                    Poll::Ready(Ok(())) => {}
                    unready => return unready,
                }
            }
        })
        .flatten()
        .map_err(convert::error)
    }

    fn try_write(&self, content: Vec<u8>) -> Outcome<bool> {
        network().begin(true);
        self.0.try_write(content).map(|taken| taken.is_ok()).map_err(convert::error)
    }

    fn finish(&self, trailers: Fields) -> Outcome<()> {
        network().begin(true);
        self.0.finish(convert::from_fields(&trailers)).map_err(convert::error)
    }

    fn interim_responses(&self) -> Vec<InterimResponse> {
        convert::interims(&self.0.interim_responses())
    }

    fn response(&self) -> Outcome<wit::Response> {
        network().begin(true);
        if self.0.waits_for_caller() {
            return Err(misuse("the content is not finished: write it, and end it with `finish`, first"));
        }
        wait(|context| self.0.poll_response(context)).flatten().map(into_response).map_err(convert::error)
    }

    fn try_response(&self) -> Outcome<Option<wit::Response>> {
        match poll_once(|context| self.0.poll_response(context)) {
            Poll::Pending => Ok(None),
            Poll::Ready(response) => response.map(into_response).map(Some).map_err(convert::error),
        }
    }

    fn cancel(&self) {
        self.0.cancel();
    }
}

pub(super) struct Response(pub(super) session::Response<Wasi>);

impl Response {
    pub(super) fn core(&self) -> &session::Response<Wasi> {
        &self.0
    }
}

impl wit::GuestResponse for Response {
    fn status(&self) -> u16 {
        self.0.head().status
    }

    fn reason(&self) -> String {
        self.0.head().reason.clone()
    }

    fn version(&self) -> Version {
        convert::version(self.0.head().version)
    }

    fn fields(&self) -> Fields {
        convert::fields(&self.0.head().fields)
    }

    fn field(&self, name: String) -> Option<String> {
        convert::field(&self.0.head().fields, &name)
    }

    fn url(&self) -> String {
        self.0.url()
    }

    fn location(&self) -> Option<String> {
        self.0.location()
    }

    fn redirects(&self) -> Vec<Redirect> {
        self.0.redirects().into_iter().map(convert::redirect).collect()
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.0.challenges().into_iter().map(convert::challenge).collect()
    }

    fn content_length(&self) -> Option<u64> {
        self.0.content_length()
    }

    fn codings(&self) -> Vec<String> {
        self.0.codings().iter().copied().map(str::to_owned).collect()
    }

    fn interim_responses(&self) -> Vec<InterimResponse> {
        convert::interims(self.0.interim_responses())
    }

    fn connection(&self) -> ConnectionFacts {
        convert::facts(self.0.facts())
    }

    fn peer_certificates(&self) -> Vec<Vec<u8>> {
        self.0.facts().tls.as_ref().map(|facts| facts.chain.clone()).unwrap_or_default()
    }

    fn read(&self, max: u32) -> Outcome<Option<Vec<u8>>> {
        let max = piece_length(max)?;
        wait(|context| self.0.poll_read(context, max)).flatten().map_err(convert::error)
    }

    fn try_read(&self, max: u32) -> Outcome<Received> {
        let max = piece_length(max)?;
        match poll_once(|context| self.0.poll_read(context, max)) {
            Poll::Pending => Ok(Received::Pending),
            Poll::Ready(Ok(Some(piece))) => Ok(Received::Content(piece)),
            Poll::Ready(Ok(None)) => Ok(Received::End),
            Poll::Ready(Err(error)) => Err(convert::error(error)),
        }
    }

    fn read_words(&self, max: u32) -> Outcome<Option<Words>> {
        Ok(self.read(max)?.map(|piece| words(&piece)))
    }

    fn try_read_words(&self, max: u32) -> Outcome<ReceivedWords> {
        Ok(match self.try_read(max)? {
            Received::Content(piece) => ReceivedWords::Content(words(&piece)),
            Received::Pending => ReceivedWords::Pending,
            Received::End => ReceivedWords::End,
        })
    }

    fn read_to_end(&self) -> Outcome<Vec<u8>> {
        block_on(whole::read_to_end(&self.0)).map_err(convert::error)
    }

    fn trailers(&self) -> Option<Fields> {
        self.0.trailers().map(|trailers| convert::fields(&trailers))
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        // The rest of its content may have been received by now.
        network().begin(true);
    }
}

fn into_response(response: session::Response<Wasi>) -> wit::Response {
    wit::Response::new(Response(response))
}

fn piece_length(max: u32) -> Outcome<usize> {
    match max as usize {
        0 => Err(wrong("a piece of no bytes was asked for")),
        max => Ok(max.min(READ_LENGTH)),
    }
}
