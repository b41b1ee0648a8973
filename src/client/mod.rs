//! Many origins: which session a request belongs to, and where redirects lead it.
//!
//! It is policy above sessions, and does no I/O of its own.

pub mod environment;
pub mod redirect;
mod route;
mod sessions;
mod step;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::error::{Code, Error, Phase};
use crate::http::origin::Origin;
use crate::http::url::Url;
use crate::limits::CLIENT_CONNECTIONS;
use crate::net::Net;
use crate::session::events::Event;
use crate::session::settings::Options;
use crate::session::whole::{self, Whole};
use crate::session::{Journal, Request, Session};

use self::redirect::Policy;
use self::route::ToUrl;

pub use self::sessions::Sessions;
pub use self::step::Step;

/// A pool of sessions that share options, cookies among them, and a policy of redirects.
///
/// Dropping it drops its sessions, but for those that the caller holds.
pub struct Client<N: Net>(Rc<Inner<N>>);

/// A client as its requests know it.
struct Inner<N: Net> {
    net: N,
    journal: Rc<Journal<N>>,
    sessions: Sessions<N>,
    settings: RefCell<Settings>,
    /// Connections that may be open when a request begins.
    most_connections: Cell<usize>,
}

#[derive(Default)]
struct Settings {
    options: Rc<Options>,
    /// The same without the client certificate, if there is one.
    without_certificate: Option<Rc<Options>>,
    redirects: Option<Policy>,
}

impl<N: Net> Client<N> {
    /// A client with default options, which follows redirects by default and keeps no cookies. It does no I/O.
    pub fn new(net: N) -> Self {
        let options = Rc::<Options>::default();
        let journal = Rc::new(Journal::new(net.clone(), options.limits().of_events()));
        Self(Rc::new(Inner {
            sessions: Sessions::with_journal(net.clone(), Rc::clone(&journal)),
            net,
            journal,
            settings: RefCell::new(Settings { options, redirects: Some(Policy::default()), ..Settings::default() }),
            most_connections: Cell::new(CLIENT_CONNECTIONS),
        }))
    }

    /// The options of its sessions.
    pub fn options(&self) -> Rc<Options> {
        Rc::clone(&self.0.settings.borrow().options)
    }

    /// Sets the options of its sessions, but for those that have options of their own.
    pub fn set_options(&self, options: Rc<Options>) {
        let mut settings = self.0.settings.borrow_mut();
        settings.without_certificate = options.without_identity().map(Rc::new);
        settings.options = options;
        self.0.journal.set_bounds(settings.options.limits().of_events());
    }

    /// Which redirects are followed, or `None` if none is.
    pub fn redirects(&self) -> Option<Policy> {
        self.0.settings.borrow().redirects
    }

    /// Sets which redirects are followed. Without a policy, none is, and they are responses.
    pub fn set_redirects(&self, policy: Option<Policy>) {
        self.0.settings.borrow_mut().redirects = policy;
    }

    /// Sets how many connections may be open when a request begins. If there are more, idle ones close. 0 restores the default.
    pub fn set_most_connections(&self, most: usize) {
        self.0.most_connections.set(if most == 0 { CLIENT_CONNECTIONS } else { most });
    }

    /// The client's session of this origin: for what belongs to one origin, such as credentials. What is set for it stays.
    ///
    /// The first request reports an invalid origin. If the client has no place for another session, this is one of the caller alone,
    /// which keeps no connections.
    pub fn session(&self, scheme: &str, host: &str, port: u16) -> Rc<Session<N>> {
        match Origin::parse(scheme, host, port) {
            Ok(origin) => self.0.session(&origin),
            origin => {
                let session = Session::with_journal(self.0.net.clone(), origin, Rc::clone(&self.0.journal));
                session.set_options(self.options());
                Rc::new(session)
            }
        }
    }

    /// A request for this URL. Starting it reports an invalid URL.
    pub fn request(&self, method: &str, url: &str) -> Request<N> {
        Request::routed(Rc::new(ToUrl { client: Rc::downgrade(&self.0), url: parse_url(url) }), method)
    }

    /// Sends `GET url` and reads the whole response. A status such as 404 is no error.
    pub async fn get(&self, url: &str) -> Result<Whole, Error> {
        whole::fetch(&self.request("GET", url), false).await
    }

    /// Closes the connections of all its sessions. Exchanges in progress return `connection-closed`.
    pub fn close_connections(&self) {
        self.0.sessions.close_connections();
    }

    /// Sets whether events are recorded, of all its sessions.
    pub fn set_events(&self, recorded: bool) {
        self.0.journal.set_recorded(recorded);
    }

    /// Takes the events since the last call, of all its sessions in the order in which they happened.
    pub fn take_events(&self) -> Vec<Event> {
        self.0.journal.take()
    }
}

impl<N: Net> Inner<N> {
    /// The session of this origin.
    fn session(&self, origin: &Origin) -> Rc<Session<N>> {
        let options = Rc::clone(&self.settings.borrow().options);
        self.sessions.of(origin, &options)
    }

    /// The session for a request to this origin, and whether it has options of its own. A client certificate of the client's options
    /// is not for every origin.
    fn session_for_request(&self, origin: &Origin, shows_certificate: bool) -> (Rc<Session<N>>, bool) {
        let session = self.session(origin);
        self.sessions.close_surplus(self.most_connections.get());
        if self.sessions.has_own_options(&session) {
            return (session, true);
        }
        match &self.settings.borrow().without_certificate {
            Some(options) if !shows_certificate => (session.without_certificate(options), false),
            _ => (session, false),
        }
    }
}

/// A URL of the caller's. One with a user is refused: credentials are for an origin, and not for one request.
pub(crate) fn parse_url(url: &str) -> Result<Url, Error> {
    let wrong = |detail: String| Error::new(Phase::Setup, Code::InvalidUrl, detail);
    let url = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    match url.has_userinfo {
        false => Ok(url),
        true => {
            Err(wrong("the URL has a user: set credentials for the client's session of this origin instead".into()))
        }
    }
}
