//! What callers hold: a session, its requests, and the two sides of an exchange.

mod exchange;
mod request;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::auth::cache::Credentials;
use crate::error::{Code, Error, Phase};
use crate::http::origin::{Origin, OriginError};
use crate::net::Net;
use crate::session::events::{CloseReason, Event};
use crate::session::exchange::ExchangeState;
use crate::session::journal::Journal;
use crate::session::request::Description;
use crate::session::settings::Options;
use crate::session::shared::Shared;

pub use self::exchange::{Exchange, Response};
pub use self::request::Request;
pub(crate) use self::request::{Begun, Further, Route};

/// A logical group of requests to one origin. Dropping it closes its connections and ends its exchanges.
pub struct Session<N: Net>(Rc<Inner<N>>);

/// A session as its requests know it.
struct Inner<N: Net> {
    shared: Rc<Shared<N>>,
    is_dropped: Cell<bool>,
    /// The session for requests that show no client certificate, once there were any.
    twin: RefCell<Option<Rc<Session<N>>>>,
    exchanges: RefCell<Vec<Weak<RefCell<ExchangeState<N>>>>>,
}

impl<N: Net> Session<N> {
    /// A session with this origin. The first request reports an invalid origin.
    pub fn new(net: N, scheme: &str, host: &str, port: u16) -> Self {
        Self::with(Shared::new(net, Origin::parse(scheme, host, port), None))
    }

    /// A session with this origin.
    pub fn of_origin(net: N, origin: Origin) -> Self {
        Self::with(Shared::new(net, Ok(origin), None))
    }

    /// A session of a client, with this journal of all of them.
    pub(crate) fn with_journal(net: N, origin: Result<Origin, OriginError>, journal: Rc<Journal<N>>) -> Self {
        Self::with(Shared::new(net, origin, Some(journal)))
    }

    fn with(shared: Shared<N>) -> Self {
        Self(Rc::new(Inner {
            shared: Rc::new(shared),
            is_dropped: Cell::new(false),
            twin: RefCell::default(),
            exchanges: RefCell::default(),
        }))
    }

    /// Closes all connections. Exchanges in progress return `connection-closed`.
    pub fn close_connection(&self) {
        self.0.end_all(CloseReason::CloseConnection);
        if let Some(twin) = &*self.0.twin.borrow() {
            twin.close_connection();
        }
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
        Request::of(&self.0, description)
    }
}

/// What a client does with its sessions.
impl<N: Net> Session<N> {
    /// This request, of this session.
    pub(crate) fn request_of(&self, description: Rc<Description>) -> Request<N> {
        Request::of(&self.0, description)
    }

    /// The same session with these options, which have no client certificate: for requests that must not show it. Credentials, the
    /// addresses of the origin and events are shared, connections are not.
    pub(crate) fn without_certificate(&self, options: &Rc<Options>) -> Rc<Self> {
        let mut twin = self.0.twin.borrow_mut();
        let twin = twin.get_or_insert_with(|| Rc::new(Self::with(self.0.shared.twin())));
        twin.0.shared.follow_addresses(&self.0.shared);
        if !Rc::ptr_eq(&twin.options(), options) {
            twin.set_options(Rc::clone(options));
        }
        Rc::clone(twin)
    }

    /// Its origin, if that is valid.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.0.shared.origin.as_deref().ok()
    }

    /// Whether it has credentials, or addresses of its own.
    pub(crate) fn has_own_settings(&self) -> bool {
        !self.0.shared.credentials.borrow().is_empty() || self.0.shared.settings.borrow().has_addresses()
    }

    /// How many connections are open.
    pub(crate) fn open_connections(&self) -> usize {
        let more = self.0.twin.borrow().as_ref().map_or(0, |twin| twin.open_connections());
        self.0.shared.pool.open().saturating_add(more)
    }

    /// Whether a request finds a connection that is not in use.
    pub(crate) fn has_idle(&self) -> bool {
        self.0.shared.pool.has_idle()
    }

    /// Closes idle connections to make room for others.
    pub(crate) fn close_idle(&self) {
        self.0.shared.pool.close_all(CloseReason::Evicted);
        if let Some(twin) = &*self.0.twin.borrow() {
            twin.close_idle();
        }
    }

    /// The client has no place for it any more. It keeps no connections from now on, and its exchanges go on.
    pub(crate) fn retire(&self) {
        self.0.shared.retire();
        if let Some(twin) = &*self.0.twin.borrow() {
            twin.retire();
        }
    }
}

impl<N: Net> Drop for Session<N> {
    fn drop(&mut self) {
        if self.0.shared.is_retired() {
            return;
        }
        self.0.is_dropped.set(true);
        self.0.end_all(CloseReason::SessionDropped);
        // Requests may keep what is left of this session.
        let twin = self.0.twin.take();
        drop(twin);
    }
}

impl<N: Net> Inner<N> {
    fn end_all(&self, reason: CloseReason) {
        for state in self.exchanges.take().iter().filter_map(Weak::upgrade) {
            let mut state = state.borrow_mut();
            // A redirect may have led it to another session.
            if !state.is_of(&self.shared) {
                continue;
            }
            let error = match reason {
                CloseReason::SessionDropped => session_dropped(state.phase()),
                _ => Error::new(state.phase(), Code::ConnectionClosed, "close-connection ended this exchange"),
            };
            state.end(error, reason);
        }
        self.shared.pool.close_all(reason);
    }

    fn remember(&self, state: Weak<RefCell<ExchangeState<N>>>) {
        let mut exchanges = self.exchanges.borrow_mut();
        // Exchanges that are gone are removed now and then, so that the list grows only with those alive.
        if exchanges.len() == exchanges.capacity() {
            exchanges.retain(|state| state.strong_count() > 0);
        }
        exchanges.push(state);
    }
}

pub(super) fn session_dropped(phase: Phase) -> Error {
    Error::new(phase, Code::SessionDropped, "the session of this request was dropped")
}
