//! What callers hold: a session, its requests, and the two sides of an exchange.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use crate::auth::Server;
use crate::auth::cache::Credentials;
use crate::auth::challenge::{self, Challenge};
use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::http::head::Version;
use crate::http::origin::Origin;
use crate::net::Net;
use crate::session::authorization::RequestAuth;
use crate::session::connection::Facts;
use crate::session::events::{CloseReason, Event};
use crate::session::exchange::{Answer, Dispatch, ExchangeState, Side, Upload};
use crate::session::request::{Content, Description};
use crate::session::settings::{Deadlines, Options};
use crate::session::shared::Shared;
use crate::session::timing::Schedule;

/// A logical group of requests to one origin. Dropping it closes its connections and ends its exchanges.
pub struct Session<N: Net>(Rc<Inner<N>>);

/// A session as its requests know it.
struct Inner<N: Net> {
    shared: Rc<Shared<N>>,
    is_dropped: Cell<bool>,
    /// How many exchanges were started.
    started: Cell<u64>,
    exchanges: RefCell<Vec<Weak<RefCell<ExchangeState<N>>>>>,
}

impl<N: Net> Session<N> {
    /// A session with this origin. The first request reports an invalid origin.
    pub fn new(net: N, scheme: &str, host: &str, port: u16) -> Self {
        Self::with(Shared::new(net, Origin::parse(scheme, host, port)))
    }

    /// A session with this origin.
    pub fn of_origin(net: N, origin: Origin) -> Self {
        Self::with(Shared::new(net, Ok(origin)))
    }

    fn with(shared: Shared<N>) -> Self {
        Self(Rc::new(Inner {
            shared: Rc::new(shared),
            is_dropped: Cell::new(false),
            started: Cell::new(0),
            exchanges: RefCell::default(),
        }))
    }

    /// Closes all connections. Exchanges in progress return `connection-closed`.
    pub fn close_connection(&self) {
        self.0.end_all(CloseReason::CloseConnection);
    }

    /// The session's options.
    pub fn options(&self) -> Rc<Options> {
        self.0.shared.settings.borrow().options()
    }

    /// Sets the options. Idle connections that they would not have made close.
    pub fn set_options(&self, options: Rc<Options>) {
        self.0.shared.set_options(options);
    }

    /// Changes the options, as [`Session::set_options`] does.
    pub fn change_options<T>(&self, change: impl FnOnce(&mut Options) -> T) -> T {
        let mut options = self.options();
        let outcome = change(Rc::make_mut(&mut options));
        self.set_options(options);
        outcome
    }

    /// Connects to these addresses instead of looking up the host's name. An empty list restores the lookup.
    pub fn set_addresses(&self, addresses: &[String]) -> Result<(), Error> {
        self.0.shared.settings.borrow_mut().set_addresses(addresses)
    }

    /// Connects to this host and port instead of the origin's. `None` restores the origin's.
    pub fn set_connect_to(&self, to: Option<(String, u16)>) -> Result<(), Error> {
        self.0.shared.settings.borrow_mut().set_connect_to(to)
    }

    /// Changes the credentials for the origin.
    pub fn change_credentials<T>(&self, change: impl FnOnce(&mut Credentials) -> T) -> T {
        change(&mut self.0.shared.credentials.borrow_mut())
    }

    /// Sets whether events are recorded.
    pub fn set_events(&self, recorded: bool) {
        self.0.shared.journal.set_recorded(recorded);
    }

    /// Takes the events since the last call.
    pub fn take_events(&self) -> Vec<Event> {
        self.0.shared.journal.take()
    }

    /// A request of this session. A target that is given away is not copied.
    pub fn request(&self, method: &str, target: impl Into<String>) -> Request<N> {
        let description = Rc::new(Description::new(method, target.into()));
        Request { session: Rc::clone(&self.0), description }
    }
}

impl<N: Net> Drop for Session<N> {
    fn drop(&mut self) {
        self.0.is_dropped.set(true);
        self.0.end_all(CloseReason::SessionDropped);
    }
}

impl<N: Net> Inner<N> {
    fn end_all(&self, reason: CloseReason) {
        for state in self.exchanges.take().iter().filter_map(Weak::upgrade) {
            let mut state = state.borrow_mut();
            let error = match reason {
                CloseReason::SessionDropped => session_dropped(state.phase()),
                _ => Error::new(state.phase(), Code::ConnectionClosed, "close-connection ended this exchange"),
            };
            state.end(error, reason);
        }
        self.shared.pool.close_all(reason);
    }

    fn remember(&self, state: &Rc<RefCell<ExchangeState<N>>>) {
        let mut exchanges = self.exchanges.borrow_mut();
        // Exchanges that are gone are removed now and then, so that the list grows only with those alive.
        if exchanges.len() == exchanges.capacity() {
            exchanges.retain(|state| state.strong_count() > 0);
        }
        exchanges.push(Rc::downgrade(state));
    }
}

/// A request. It can be started more than once. A clone can be changed independently.
pub struct Request<N: Net> {
    session: Rc<Inner<N>>,
    /// Shared with the exchanges that it has started.
    description: Rc<Description>,
}

impl<N: Net> Clone for Request<N> {
    fn clone(&self) -> Self {
        Self { session: Rc::clone(&self.session), description: Rc::clone(&self.description) }
    }
}

impl<N: Net> Request<N> {
    /// Adds a field.
    pub fn add_field(&mut self, name: &str, value: Vec<u8>) -> Result<(), Error> {
        self.description_mut().add_field(name.into(), value)
    }

    /// Sets the content.
    pub fn set_content(&mut self, content: Vec<u8>) {
        self.description_mut().content = Content::Bytes(Rc::new(content));
    }

    /// Makes the content streamed: it is written to the exchange.
    pub fn set_streamed_content(&mut self, length: Option<u64>) {
        self.description_mut().content = Content::Streamed(length);
    }

    /// Sets whether the request is idempotent.
    pub fn set_idempotent(&mut self, idempotent: bool) {
        self.description_mut().is_idempotent = Some(idempotent);
    }

    /// Sets whether the request waits for `100 Continue` before it sends content.
    pub fn set_expect_continue(&mut self, expect: bool) {
        self.description_mut().expects = expect;
    }

    /// Sets the version.
    pub fn set_version(&mut self, version: Version) {
        self.description_mut().version = version;
    }

    /// Sets deadlines for this request, in place of the options'.
    pub fn set_deadlines(&mut self, deadlines: Deadlines) {
        self.description_mut().deadlines = Some(deadlines);
    }

    /// A copy is changed: exchanges that were started keep theirs.
    fn description_mut(&mut self) -> &mut Description {
        Rc::make_mut(&mut self.description)
    }

    /// Whether the content is streamed.
    pub fn is_streamed(&self) -> bool {
        self.description.is_streamed()
    }

    /// Starts the exchange, which makes progress when it is polled. With `may_wait`, it waits for a connection if all are busy.
    pub fn start(&self, may_wait: bool) -> Result<Exchange<N>, Error> {
        let shared = &self.session.shared;
        if self.session.is_dropped.get() {
            return Err(session_dropped(Phase::Setup));
        }
        let origin = shared.origin.clone()?;
        let settings = shared.settings.borrow();
        let description = self.description.with_defaults(settings.defaults());
        let has_credentials = !shared.credentials.borrow().is_empty();
        let auth = match has_credentials {
            true => RequestAuth::of(&shared.credentials, &origin, &description),
            false => Err("no credentials are set"),
        };
        let may_be_challenged = auth.as_ref().is_ok_and(|auth| auth.may_be_challenged())
            || description.is_streamed() && {
                let proxies = shared.proxies(&origin);
                description.may_be_challenged_by_proxy(&origin, &settings, proxies.as_deref())
            };
        let prepared = description.prepare(&origin, &settings, may_be_challenged)?;
        let schedule = Schedule::new(self.description.deadlines.unwrap_or(*settings.deadlines()), shared.net.now());
        drop(settings);
        let started = self.session.started.get().saturating_add(1);
        self.session.started.set(started);
        let mut upload = Upload::new(self.description.content.clone());
        upload.keep(auth.is_ok());
        let upload = Rc::new(RefCell::new(upload));
        let interims = Rc::new(RefCell::default());
        let state = Rc::new(RefCell::new(ExchangeState::new(Dispatch {
            shared: Rc::clone(shared),
            origin,
            prepared,
            unanswerable: auth.as_ref().err().copied().unwrap_or_default(),
            auth: auth.ok(),
            proxy_auth: None,
            upload,
            interims: Rc::clone(&interims),
            exchange: started,
            schedule,
            may_wait,
            on: Rc::default(),
        })));
        self.session.remember(&state);
        Ok(Exchange { state, interims, is_answered: Cell::new(false) })
    }
}

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
    /// [`Options::is_decoding`], and for content without a coding.
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

fn session_dropped(phase: Phase) -> Error {
    Error::new(phase, Code::SessionDropped, "the session of this request was dropped")
}
