//! Sessions, requests, exchanges and responses over any [`Net`]: what the component exports, without WIT and WASI.
//!
//! A [`Session`] owns settings, events and connections. A [`Request`] that is started becomes an exchange; its two handles,
//! [`Exchange`] for the request's side and [`Response`] for the other, share one transfer, which owns the connection while
//! it lasts. Functions named `poll_` go as far as they can and note on the network what they wait for.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::task::Poll;

mod addresses;
mod channel;
mod claim;
mod connection;
mod detour;
mod dial;
mod dialogue;
pub mod events;
mod handshake;
mod live;
mod open;
pub mod proxies;
mod request;
mod route;
pub mod settings;
mod standing;
mod timing;
mod transfer;
mod upload;
pub mod whole;

use crate::auth::Server;
use crate::auth::cache::Credentials;
use crate::auth::challenge::{self, Challenge};
use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::h1::version::Version;
use crate::http::fields::Fields;
use crate::http::origin::{Origin, OriginError};
use crate::net::Net;
use crate::session::claim::Claim;
use crate::session::connection::{Connection, Pool};
use crate::session::events::{CloseReason, Event, Events, Kind, Whose};
use crate::session::open::Opening;
use crate::session::request::{Content, Description};
use crate::session::settings::{Schedule, Settings};
use crate::session::standing::would_be_made;
use crate::session::transfer::{Answer, Transfer};
use crate::session::upload::Upload;
use crate::tls::tunnel::TlsFacts;

/// A logical group of requests to one origin. Dropping it closes its connections and ends its exchanges.
pub struct Session<N: Net>(Rc<Shared<N>>);

/// What a session, its requests and its exchanges have in common.
pub(crate) struct Shared<N: Net> {
    pub(crate) net: N,
    origin: Result<Rc<Origin>, Error>,
    pub(crate) settings: RefCell<Settings>,
    /// Those of the origin.
    pub(crate) credentials: Rc<RefCell<Credentials>>,
    pub(crate) pool: Pool<N>,
    events: Events,
    /// The address that was connected to last, and the local address that was set then: it is tried first from there, and
    /// from elsewhere says nothing (RFC 8305 section 4).
    pub(crate) last_good: Cell<Option<(Option<IpAddr>, SocketAddr)>>,
    is_dropped: Cell<bool>,
    /// Why connections are closed that are dropped with what they carry.
    pub(crate) ending: Cell<CloseReason>,
    exchanges: Cell<u64>,
    connections: Cell<u64>,
    transfers: RefCell<Vec<Weak<RefCell<Transfer<N>>>>>,
}

impl<N: Net> Session<N> {
    /// A session with this origin. What is wrong with it is said by the first request.
    pub fn new(net: N, scheme: &str, host: &str, port: u16) -> Self {
        let origin = Origin::parse(scheme, host, port).map(Rc::new).map_err(|error| {
            let (code, detail) = match error {
                OriginError::Scheme(what) => (Code::InvalidScheme, what),
                OriginError::Host(what) => (Code::InvalidHost, what),
                OriginError::Port(what) => (Code::InvalidPort, what),
            };
            Error::new(Phase::Setup, code, detail)
        });
        let credentials = Credentials::of_origin(origin.as_ref().ok().cloned());
        Self(Rc::new(Shared {
            net,
            origin,
            settings: RefCell::default(),
            credentials: Rc::new(RefCell::new(credentials)),
            pool: Pool::default(),
            events: Events::default(),
            last_good: Cell::new(None),
            is_dropped: Cell::new(false),
            ending: Cell::new(CloseReason::Cancelled),
            exchanges: Cell::new(0),
            connections: Cell::new(0),
            transfers: RefCell::default(),
        }))
    }

    /// Closes all connections; exchanges under way answer `connection-closed`.
    pub fn close_connection(&self) {
        self.0.end_all(CloseReason::CloseConnection);
    }

    /// A look at the settings.
    pub fn settings<T>(&self, look: impl FnOnce(&Settings) -> T) -> T {
        look(&self.0.settings.borrow())
    }

    /// A change of the settings. Kept connections that the new ones would not have made close.
    pub fn change_settings<T>(&self, change: impl FnOnce(&mut Settings) -> T) -> T {
        let before = self.0.revision();
        let outcome = change(&mut self.0.settings.borrow_mut());
        self.0.close_what_would_not_be_made(before);
        outcome
    }

    /// A change of what is said to the origin when it asks who is there.
    pub fn change_credentials<T>(&self, change: impl FnOnce(&mut Credentials) -> T) -> T {
        change(&mut self.0.credentials.borrow_mut())
    }

    /// Whether events are recorded.
    pub fn set_events(&self, recorded: bool) {
        self.0.events.set_recorded(recorded);
    }

    /// What has happened since the last call.
    pub fn take_events(&self) -> Vec<Event> {
        self.0.events.take(self.0.net.now())
    }

    /// A request of this session.
    pub fn request(&self, method: &str, target: &str) -> Request<N> {
        let description = Description::new(method.into(), target.into());
        Request { shared: Rc::clone(&self.0), description }
    }
}

impl<N: Net> Drop for Session<N> {
    fn drop(&mut self) {
        self.0.is_dropped.set(true);
        self.0.end_all(CloseReason::SessionDropped);
    }
}

impl<N: Net> Shared<N> {
    /// Whether anybody wants to know what happens.
    pub(crate) fn is_recording(&self) -> bool {
        self.events.is_recorded()
    }

    pub(crate) fn record(&self, whose: Whose, what: impl FnOnce() -> Kind) {
        if self.events.is_recorded() {
            let (most, most_text) = self.settings.borrow().limits().of_events();
            self.events.record(Event { at: self.net.now(), whose, what: what() }, most, most_text);
        }
    }

    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.set(self.connections.get().saturating_add(1));
        self.connections.get()
    }

    #[inline(never)]
    fn revision(&self) -> u32 {
        self.settings.borrow().revision()
    }

    /// Closes the idle connections that these settings would not have made, if they have changed since then.
    #[inline(never)]
    fn close_what_would_not_be_made(&self, before: u32) {
        if self.revision() == before {
            return;
        }
        for idle in self.pool.take_idle() {
            match would_be_made(self, &idle) {
                true => self.pool.put_back(idle),
                false => idle.close(CloseReason::SettingsChanged),
            }
        }
    }

    /// Keeps a connection for the next request, unless the settings have become others that would not have made it.
    pub(crate) fn keep(&self, mut connection: Connection<N>) {
        let whose = Whose { exchange: 0, connection: connection.number };
        let (most, revision) = {
            let settings = self.settings.borrow();
            (settings.limits().connections, settings.revision())
        };
        if connection.revision != revision {
            if !would_be_made(self, &connection) {
                return connection.close(CloseReason::SettingsChanged);
            }
            connection.revision = revision;
        }
        match self.pool.keep(connection, most) {
            Ok(()) => self.record(whose, || Kind::Kept),
            Err(surplus) => surplus.close(CloseReason::Surplus),
        }
    }

    pub(crate) fn exchange_timeout(&self, phase: Phase, schedule: &Schedule) -> Error {
        let detail = format!("the whole exchange took longer than {:?}", schedule.each.exchange);
        Error::new(phase, Code::ExchangeTimeout, detail)
    }

    fn end_all(&self, reason: CloseReason) {
        for transfer in self.transfers.take().iter().filter_map(Weak::upgrade) {
            let mut transfer = transfer.borrow_mut();
            let error = match reason {
                CloseReason::SessionDropped => session_dropped(transfer.phase()),
                _ => Error::new(transfer.phase(), Code::ConnectionClosed, "close-connection ended this exchange"),
            };
            transfer.end(error, reason);
        }
        for idle in self.pool.take_idle() {
            idle.close(reason);
        }
    }

    fn remember(&self, transfer: &Rc<RefCell<Transfer<N>>>) {
        let mut transfers = self.transfers.borrow_mut();
        // Those that are gone are struck out now and then, so that the list stays as long as what is alive.
        if transfers.len() == transfers.capacity() {
            transfers.retain(|transfer| transfer.strong_count() > 0);
        }
        transfers.push(Rc::downgrade(transfer));
    }
}

/// One request; it can be started more than once.
pub struct Request<N: Net> {
    shared: Rc<Shared<N>>,
    description: Description,
}

impl<N: Net> Request<N> {
    /// Adds a field.
    pub fn add_field(&mut self, name: &str, value: Vec<u8>) -> Result<(), Error> {
        self.description.add_field(name.into(), value)
    }

    /// Sets the content.
    pub fn set_content(&mut self, content: Vec<u8>) {
        self.description.content = Content::Bytes(Rc::new(content));
    }

    /// Makes the content what is written to the exchange.
    pub fn set_streamed_content(&mut self, length: Option<u64>) {
        self.description.content = Content::Streamed(length);
    }

    /// Whether sending it twice does no harm.
    pub fn set_idempotent(&mut self, idempotent: bool) {
        self.description.is_idempotent = Some(idempotent);
    }

    /// Whether the server is asked before content is sent.
    pub fn set_expect_continue(&mut self, expect: bool) {
        self.description.expects = expect;
    }

    /// The version that it is sent with.
    pub fn set_version(&mut self, version: Version) {
        self.description.version = version;
    }

    /// Whether the content is streamed.
    pub fn is_streamed(&self) -> bool {
        self.description.is_streamed()
    }

    /// Starts the exchange; it then moves when it is polled. `may_wait` for a free connection, if all are busy.
    pub fn start(&self, may_wait: bool) -> Result<Exchange<N>, Error> {
        let shared = &self.shared;
        if shared.is_dropped.get() {
            return Err(session_dropped(Phase::Setup));
        }
        let origin = shared.origin.clone()?;
        let has_credentials = !shared.credentials.borrow().is_empty();
        let claim = match has_credentials {
            true => Claim::of(&shared.credentials, &origin, &self.description),
            false => Err("no credentials are set"),
        };
        let settings = shared.settings.borrow();
        let is_doubtful = claim.as_ref().is_ok_and(|claim| claim.is_doubtful())
            || self.description.is_streamed() && settings.may_be_asked_by_proxy(&origin, &self.description);
        let prepared = self.description.prepare(&origin, &settings, is_doubtful)?;
        let schedule = Schedule::new(*settings.deadlines(), shared.net.now());
        drop(settings);
        shared.exchanges.set(shared.exchanges.get().saturating_add(1));
        let mut upload = Upload::new(prepared.content.clone());
        upload.keep(claim.is_ok());
        let upload = Rc::new(RefCell::new(upload));
        let interims = Rc::new(RefCell::default());
        let transfer = Rc::new(RefCell::new(Transfer::new(Opening {
            shared: Rc::clone(shared),
            origin,
            prepared,
            unclaimed: claim.as_ref().err().copied().unwrap_or_default(),
            claim: claim.ok(),
            proxy_claim: None,
            upload,
            interims: Rc::clone(&interims),
            exchange: shared.exchanges.get(),
            schedule,
            may_wait,
            on: Rc::default(),
        })));
        shared.remember(&transfer);
        Ok(Exchange { transfer, interims, is_answered: Cell::new(false) })
    }
}

/// A request under way: the handle of the request's side.
pub struct Exchange<N: Net> {
    transfer: Rc<RefCell<Transfer<N>>>,
    interims: Rc<RefCell<Vec<ResponseHead>>>,
    is_answered: Cell<bool>,
}

impl<N: Net> Exchange<N> {
    /// Goes as far as it can.
    pub fn advance(&self) {
        self.transfer.borrow_mut().advance();
    }

    /// Takes a piece of content, or gives it back when there is no room.
    pub fn try_write(&self, piece: Vec<u8>) -> Result<Result<(), Vec<u8>>, Error> {
        self.transfer.borrow_mut().try_write(piece)
    }

    /// Ready when the connection has taken all that was written.
    pub fn poll_flush(&self) -> Poll<Result<(), Error>> {
        self.transfer.borrow_mut().poll_flush()
    }

    /// Ends the content.
    pub fn finish(&self, trailers: Fields) -> Result<(), Error> {
        self.transfer.borrow_mut().finish(trailers)
    }

    /// The interim responses so far.
    pub fn interim_responses(&self) -> Vec<ResponseHead> {
        self.interims.borrow().clone()
    }

    /// The response, when its head is here.
    pub fn poll_response(&self) -> Poll<Result<Response<N>, Error>> {
        let mut transfer = self.transfer.borrow_mut();
        let Poll::Ready(answer) = transfer.poll_answer() else {
            return Poll::Pending;
        };
        self.is_answered.set(true);
        Poll::Ready(answer.map(|answer| Response {
            answer,
            interims: self.interims.take(),
            transfer: Rc::clone(&self.transfer),
        }))
    }

    /// Goes as far as it can; whether the response cannot come before the caller writes more content.
    pub fn waits_for_caller(&self) -> bool {
        self.transfer.borrow_mut().waits_for_caller()
    }

    /// Ready when the exchange can go on: see the WIT's `poll`.
    pub fn poll_ready(&self) -> Poll<()> {
        self.transfer.borrow_mut().poll_exchange_ready()
    }

    /// Ends it.
    pub fn cancel(&self) {
        let mut transfer = self.transfer.borrow_mut();
        let error = Error::new(transfer.phase(), Code::Cancelled, "the exchange was cancelled");
        transfer.end(error, CloseReason::Cancelled);
    }

    /// Whether one of its session's connections has become free since somebody wanted one; asked once.
    pub fn take_freed(&self) -> bool {
        self.transfer.borrow().shared.pool.take_freed()
    }
}

impl<N: Net> Drop for Exchange<N> {
    fn drop(&mut self) {
        if !self.is_answered.get() {
            self.cancel();
        }
    }
}

/// Between whom a response's connection is.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The connection's number in events.
    pub connection: u64,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Whether the connection had served a request before.
    pub is_reused: bool,
    /// What its TLS handshake agreed on, if it had one.
    pub tls: Option<Rc<TlsFacts>>,
}

/// A response whose head is here: the handle of the response's side.
pub struct Response<N: Net> {
    answer: Answer,
    interims: Vec<ResponseHead>,
    transfer: Rc<RefCell<Transfer<N>>>,
}

impl<N: Net> Response<N> {
    /// The head.
    pub fn head(&self) -> &ResponseHead {
        &self.answer.head
    }

    /// The head, and nothing else of it any more.
    pub fn into_head(self) -> ResponseHead {
        self.answer.head
    }

    /// Between whom the connection is.
    pub fn facts(&self) -> &Facts {
        &self.answer.facts
    }

    /// How long the content is, if the head says so.
    pub fn content_length(&self) -> Option<u64> {
        self.answer.content_length
    }

    /// What it asks for, where it asks who is there: the challenges of a proxy if it is a 407, else those of the server.
    pub fn challenges(&self) -> Vec<Challenge> {
        let server = if self.answer.head.status == Server::Proxy.status() { Server::Proxy } else { Server::Origin };
        challenge::parse(self.answer.head.fields.all(server.challenge_field()))
    }

    /// The interim responses before it.
    pub fn interim_responses(&self) -> &[ResponseHead] {
        &self.interims
    }

    /// The next piece of content; none at its end.
    pub fn poll_read(&self, max: usize) -> Poll<Result<Option<Vec<u8>>, Error>> {
        self.transfer.borrow_mut().poll_read(max)
    }

    /// Ready when [`Response::poll_read`] would be.
    pub fn poll_ready(&self) -> Poll<()> {
        self.transfer.borrow_mut().poll_response_ready()
    }

    /// The trailers, once the content was read to its end.
    pub fn trailers(&self) -> Option<Fields> {
        self.transfer.borrow().trailers().cloned()
    }

    /// Ends it with this error; its connection closes.
    pub fn fail(&self, error: Error) {
        self.transfer.borrow_mut().fail(error, CloseReason::UnreadContent);
    }

    /// How much content the one-call functions keep.
    pub fn whole_content_limit(&self) -> u64 {
        self.transfer.borrow().shared.settings.borrow().limits().whole_content
    }

    /// See [`Exchange::take_freed`].
    pub fn take_freed(&self) -> bool {
        self.transfer.borrow().shared.pool.take_freed()
    }
}

fn session_dropped(phase: Phase) -> Error {
    Error::new(phase, Code::SessionDropped, "the session of this request was dropped")
}
