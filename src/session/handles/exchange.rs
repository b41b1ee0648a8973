//! The two sides of an exchange.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::auth::Server;
use crate::auth::challenge::{self, Challenge};
use crate::error::{Code, Error};
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::http::resolve::resolve;
use crate::http::uri;
use crate::net::Net;
use crate::session::connection::Facts;
use crate::session::events::CloseReason;
use crate::session::exchange::{Answer, ExchangeState, Redirect, Side};

/// A request in progress: the handle of the request's side.
///
/// Up to three tasks can wait: for written content to be sent, for the response or room for content, and for the response's
/// content. Each is woken, whichever was polled last. Of two tasks that wait for the same, only the later is woken.
pub struct Exchange<N: Net> {
    state: Rc<RefCell<ExchangeState<N>>>,
    interims: Rc<RefCell<Vec<ResponseHead>>>,
    is_answered: Cell<bool>,
}

impl<N: Net> Exchange<N> {
    pub(super) fn new(state: Rc<RefCell<ExchangeState<N>>>, interims: Rc<RefCell<Vec<ResponseHead>>>) -> Self {
        Self { state, interims, is_answered: Cell::new(false) }
    }

    /// Makes what progress it can.
    pub fn advance(&self) {
        self.state.borrow_mut().advance_unasked();
    }

    /// Takes a piece of content, or gives it back when there is no room.
    pub fn try_write(&self, piece: Vec<u8>) -> Result<Result<(), Vec<u8>>, Error> {
        self.state.borrow_mut().try_write(piece)
    }

    /// Ready when the connection has taken everything that was written.
    pub fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.state.borrow_mut().poll_for(Side::Writing, context, ExchangeState::poll_flush)
    }

    /// Ends the content.
    pub fn finish(&self, trailers: Fields) -> Result<(), Error> {
        self.state.borrow_mut().finish(trailers)
    }

    /// The interim responses so far.
    pub fn interim_responses(&self) -> Vec<ResponseHead> {
        self.interims.borrow().clone()
    }

    /// The response, once its head was received.
    pub fn poll_response(&self, context: &mut Context<'_>) -> Poll<Result<Response<N>, Error>> {
        let mut state = self.state.borrow_mut();
        let Poll::Ready(answer) = state.poll_for(Side::Answer, context, ExchangeState::poll_answer) else {
            return Poll::Pending;
        };
        self.is_answered.set(true);
        Poll::Ready(answer.map(|answer| Response {
            answer,
            interims: self.interims.take(),
            state: Rc::clone(&self.state),
        }))
    }

    /// Makes progress, and returns whether the response cannot come before the caller writes more content.
    pub fn waits_for_caller(&self) -> bool {
        self.state.borrow_mut().waits_for_caller()
    }

    /// Ready as the WIT's `wait-any` says of an exchange.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        self.state.borrow_mut().poll_for(Side::Answer, context, ExchangeState::poll_exchange_ready)
    }

    /// Ends the exchange with this error, because its content cannot be sent as it was declared, and closes its connection.
    pub fn fail(&self, error: Error) {
        self.state.borrow_mut().fail(error, CloseReason::UnsentContent);
    }

    /// Ends the exchange and closes its connection.
    pub fn cancel(&self) {
        let mut state = self.state.borrow_mut();
        let error = Error::new(state.phase(), Code::Cancelled, "the exchange was cancelled");
        state.end(error, CloseReason::Cancelled);
    }
}

impl<N: Net> Drop for Exchange<N> {
    fn drop(&mut self) {
        if !self.is_answered.get() {
            self.cancel();
        }
    }
}

/// A response whose head was received: the handle of the response's side.
pub struct Response<N: Net> {
    answer: Answer,
    interims: Vec<ResponseHead>,
    state: Rc<RefCell<ExchangeState<N>>>,
}

impl<N: Net> Response<N> {
    /// The head.
    pub fn head(&self) -> &ResponseHead {
        &self.answer.head
    }

    /// Takes the head, and drops the rest.
    pub fn into_head(self) -> ResponseHead {
        self.answer.head
    }

    /// Facts about the connection.
    pub fn facts(&self) -> &Facts {
        &self.answer.facts
    }

    /// The length of the content before it is decoded, if the head declares it.
    pub fn content_length(&self) -> Option<u64> {
        self.answer.content_length
    }

    /// The codings that are removed from the content, in the order in which they were applied. Empty without
    /// [`Options::is_decoding`](crate::session::settings::Options::is_decoding), and for content without a coding.
    pub fn codings(&self) -> &[&'static str] {
        &self.answer.codings
    }

    /// Gives up the rest of the content, as dropping the response does.
    pub fn abandon(&self) {
        self.state.borrow_mut().abandon();
    }

    /// Whether the connection has switched to another protocol: after a 101, or a 2xx to CONNECT, until that ends.
    pub fn is_switched(&self) -> bool {
        self.state.borrow().is_switched()
    }

    /// The URL of the request, without userinfo. If redirects were followed, it is that of the last request.
    pub fn url(&self) -> String {
        let state = self.state.borrow();
        let (way, request) = (&state.way, &state.request);
        match (way, &state.shared.origin) {
            (Some(way), _) => way.url(),
            (None, Ok(origin)) if request.target.starts_with(['/', '*']) => {
                let target = if request.target == "*" { "" } else { &request.target };
                let mut url = format!("{}://{}{target}", origin.scheme.as_str(), origin.authority());
                if let Some(fragment) = &request.fragment {
                    url.push('#');
                    url.push_str(fragment);
                }
                url
            }
            // An absolute URI, or the place of a tunnel.
            (None, _) => request.target.clone(),
        }
    }

    /// The redirects that were followed, in order. If their URLs are long, and there are many, only the latest.
    pub fn redirects(&self) -> Vec<Redirect> {
        self.state.borrow().way.as_ref().map(|way| way.redirects()).unwrap_or_default()
    }

    /// The URL in `Location`, resolved against that of the request. `None` if there is none, or there are several different ones.
    pub fn location(&self) -> Option<String> {
        let mut locations = self.answer.head.fields.all("location");
        let location = locations.next().filter(|first| locations.all(|other| other == *first))?;
        (!location.is_empty()).then(|| resolve(&self.url(), &uri::escape(location)))
    }

    /// The challenges of a 401, or those of the proxy in a 407.
    pub fn challenges(&self) -> Vec<Challenge> {
        let server = if self.answer.head.status == Server::Proxy.status() { Server::Proxy } else { Server::Origin };
        challenge::parse(self.answer.head.fields.all(server.challenge_field()))
    }

    /// The interim responses that preceded it.
    pub fn interim_responses(&self) -> &[ResponseHead] {
        &self.interims
    }

    /// The next piece of content, or `None` at its end.
    pub fn poll_read(&self, context: &mut Context<'_>, max: usize) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let mut state = self.state.borrow_mut();
        state.poll_for(Side::Reading, context, |state, context| state.poll_read(context, max))
    }

    /// Ready when [`Response::poll_read`] would be.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        self.state.borrow_mut().poll_for(Side::Reading, context, ExchangeState::poll_response_ready)
    }

    /// The trailers, once the content was read to its end.
    pub fn trailers(&self) -> Option<Fields> {
        self.state.borrow().trailers().cloned()
    }

    /// Ends the exchange with this error, and closes its connection.
    pub fn fail(&self, error: Error) {
        self.state.borrow_mut().fail(error, CloseReason::UnreadContent);
    }

    /// How much content the one-call functions return at most.
    pub fn whole_content_limit(&self) -> u64 {
        self.state.borrow().shared.settings.borrow().limits().whole_content
    }
}
