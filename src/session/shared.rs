//! What the requests and exchanges of a session share: settings, credentials, connections, caches.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::auth::cache::Credentials;
use crate::error::{Code, Error, Phase};
use crate::http::origin::{Origin, OriginError};
use crate::net::Net;
use crate::session::caches::Caches;
use crate::session::connection::Connection;
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::journal::Journal;
use crate::session::permits::Permit;
use crate::session::pool::Pool;
use crate::session::proxies::Proxies;
use crate::session::revalidation::would_be_made;
use crate::session::settings::{Options, Settings};

/// The shared state of a session.
pub(crate) struct Shared<N: Net> {
    pub(crate) net: N,
    pub(crate) origin: Result<Rc<Origin>, Error>,
    pub(crate) settings: RefCell<Settings>,
    /// The credentials for the origin.
    pub(crate) credentials: Rc<RefCell<Credentials>>,
    pub(crate) journal: Rc<Journal<N>>,
    pub(crate) pool: Pool<N>,
    pub(crate) caches: Caches,
    /// Whether its client has no place for the session any more, so that it keeps no connections.
    is_retired: Cell<bool>,
}

impl<N: Net> Shared<N> {
    /// An invalid origin is kept as an error for the first request. The sessions of a client have one journal.
    pub(crate) fn new(net: N, origin: Result<Origin, OriginError>, journal: Option<Rc<Journal<N>>>) -> Self {
        let origin = origin.map(Rc::new).map_err(|error| {
            let (code, detail) = match error {
                OriginError::Scheme(what) => (Code::InvalidScheme, what),
                OriginError::Host(what) => (Code::InvalidHost, what),
                OriginError::Port(what) => (Code::InvalidPort, what),
            };
            Error::new(Phase::Setup, code, detail)
        });
        let credentials = Credentials::of_origin(origin.as_ref().ok().cloned());
        let settings = Settings::default();
        let journal = journal.unwrap_or_else(|| Rc::new(Journal::new(net.clone(), settings.limits().of_events())));
        Self {
            net,
            origin,
            settings: RefCell::new(settings),
            credentials: Rc::new(RefCell::new(credentials)),
            journal,
            pool: Pool::default(),
            caches: Caches::default(),
            is_retired: Cell::new(false),
        }
    }

    /// The same with other options and connections: credentials, the origin and the journal are shared.
    pub(crate) fn twin(&self) -> Self {
        Self {
            net: self.net.clone(),
            origin: self.origin.clone(),
            settings: RefCell::default(),
            credentials: Rc::clone(&self.credentials),
            journal: Rc::clone(&self.journal),
            pool: Pool::default(),
            caches: Caches::default(),
            is_retired: Cell::new(self.is_retired.get()),
        }
    }

    /// Takes over the addresses that were set for the origin.
    pub(crate) fn follow_addresses(&self, other: &Self) {
        self.settings.borrow_mut().follow_addresses(&other.settings.borrow());
    }

    /// From now on no connections are kept, and those that were are closed.
    pub(crate) fn retire(&self) {
        self.is_retired.set(true);
        self.pool.close_all(CloseReason::Evicted);
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.is_retired.get()
    }

    pub(crate) fn record(&self, subject: Subject, what: impl FnOnce() -> Kind) {
        self.journal.record(subject, what);
    }

    /// Sets the options. Idle connections that they would not have made close.
    pub(crate) fn set_options(&self, options: Rc<Options>) {
        let before = self.settings.borrow().revision();
        self.settings.borrow_mut().set_options(options);
        self.journal.set_bounds(self.settings.borrow().limits().of_events());
        self.caches.set_proxies(&self.settings.borrow().proxying);
        if self.settings.borrow().revision() != before {
            self.pool.close_unless(CloseReason::SettingsChanged, |idle| self.would_make(idle));
        }
    }

    fn would_make(&self, connection: &Connection<N>) -> bool {
        let (now, settings) = (self.net.wall_clock(), self.settings.borrow());
        let origin = self.origin.as_ref();
        origin.is_ok_and(|origin| would_be_made(&settings, origin, connection, now))
    }

    /// The proxies for this origin, or `None` if it is reached directly.
    pub(crate) fn proxies(&self, origin: &Origin) -> Option<Rc<Proxies>> {
        let proxying = &self.settings.borrow().proxying;
        proxying.for_origin(origin).map(|_| self.caches.proxies())
    }

    /// A connection over this stream, for the exchange with this number in events.
    pub(crate) fn connection(&self, stream: N::Stream, permit: Permit, exchange: u64) -> Connection<N> {
        let revision = self.settings.borrow().revision();
        Connection::new(stream, &self.journal, revision, permit, exchange)
    }

    /// Keeps a connection for the next request, unless changed settings would not have made it.
    pub(crate) fn keep(&self, mut connection: Connection<N>) {
        let subject = Subject { exchange: 0, connection: connection.number };
        if self.is_retired.get() {
            return connection.close(CloseReason::Evicted);
        }
        let (most, revision) = {
            let settings = self.settings.borrow();
            (settings.limits().connections, settings.revision())
        };
        if connection.revision != revision {
            if !self.would_make(&connection) {
                return connection.close(CloseReason::SettingsChanged);
            }
            connection.revision = revision;
        }
        match self.pool.keep(connection, most) {
            Ok(()) => self.record(subject, || Kind::Kept),
            Err(surplus) => surplus.close(CloseReason::Surplus),
        }
    }
}
