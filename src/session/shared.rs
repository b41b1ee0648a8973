//! What the requests and exchanges of one session share: its settings, its credentials, its connections.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use crate::auth::cache::Credentials;
use crate::error::{Code, Error, Phase};
use crate::http::origin::{Origin, OriginError};
use crate::net::Net;
use crate::session::connection::Connection;
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::journal::Journal;
use crate::session::permits::Permit;
use crate::session::pool::Pool;
use crate::session::revalidation::would_be_made;
use crate::session::settings::Settings;

/// What the requests and exchanges of one session share.
pub(crate) struct Shared<N: Net> {
    pub(crate) net: N,
    pub(crate) origin: Result<Rc<Origin>, Error>,
    pub(crate) settings: RefCell<Settings>,
    /// Those of the origin.
    pub(crate) credentials: Rc<RefCell<Credentials>>,
    pub(crate) journal: Rc<Journal<N>>,
    pub(crate) pool: Pool<N>,
    /// The address that was connected to last, and the local address that was set then: it is tried first from there, and
    /// from elsewhere says nothing (RFC 8305 section 4).
    pub(crate) last_good: Cell<Option<(Option<IpAddr>, SocketAddr)>>,
}

impl<N: Net> Shared<N> {
    /// What is wrong with the origin is kept for the first request.
    pub(crate) fn new(net: N, scheme: &str, host: &str, port: u16) -> Self {
        let origin = Origin::parse(scheme, host, port).map(Rc::new).map_err(|error| {
            let (code, detail) = match error {
                OriginError::Scheme(what) => (Code::InvalidScheme, what),
                OriginError::Host(what) => (Code::InvalidHost, what),
                OriginError::Port(what) => (Code::InvalidPort, what),
            };
            Error::new(Phase::Setup, code, detail)
        });
        let credentials = Credentials::of_origin(origin.as_ref().ok().cloned());
        let settings = Settings::default();
        let journal = Rc::new(Journal::new(net.clone(), settings.limits().of_events()));
        Self {
            net,
            origin,
            settings: RefCell::new(settings),
            credentials: Rc::new(RefCell::new(credentials)),
            journal,
            pool: Pool::default(),
            last_good: Cell::new(None),
        }
    }

    pub(crate) fn record(&self, subject: Subject, what: impl FnOnce() -> Kind) {
        self.journal.record(subject, what);
    }

    /// A change of the settings. Kept connections that the new ones would not have made close.
    pub(crate) fn change_settings<T>(&self, change: impl FnOnce(&mut Settings) -> T) -> T {
        let before = self.revision();
        let outcome = change(&mut self.settings.borrow_mut());
        self.apply_settings(before);
        outcome
    }

    #[inline(never)]
    fn revision(&self) -> u32 {
        self.settings.borrow().revision()
    }

    #[inline(never)]
    fn apply_settings(&self, before: u32) {
        self.journal.set_bounds(self.settings.borrow().limits().of_events());
        if self.revision() != before {
            self.pool.close_unless(CloseReason::SettingsChanged, |idle| self.would_make(idle));
        }
    }

    fn would_make(&self, connection: &Connection<N>) -> bool {
        let now = self.net.wall_clock();
        let origin = self.origin.as_ref();
        origin.is_ok_and(|origin| would_be_made(&mut self.settings.borrow_mut(), origin, connection, now))
    }

    /// A connection over this stream. `exchange` is for whom, in events.
    pub(crate) fn connection(&self, stream: N::Stream, permit: Permit, exchange: u64) -> Connection<N> {
        Connection::new(stream, &self.journal, self.revision(), permit, exchange)
    }

    /// Keeps a connection for the next request, unless the settings have become others that would not have made it.
    pub(crate) fn keep(&self, mut connection: Connection<N>) {
        let subject = Subject { exchange: 0, connection: connection.number };
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
