//! Opens sessions as the options want them, and keeps them for the next URL of the same origin.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::Session;
use crate::bindings::types::{AddressFamily, Error};
use crate::exit::Failure;
use crate::login::Login;
use crate::options::{Family, Options};
use crate::proxy::Proxies;
use crate::request;
use crate::route::Route;
use crate::tls::Credentials;
use crate::url::{Origin, Url};

/// The sessions opened so far.
pub struct Sessions {
    kept: Vec<(Origin, Option<Login>, Rc<Session>)>,
    credentials: Credentials,
    proxies: Proxies,
    /// Whether the next URL may share them; transfers at once have a session each.
    are_shared: bool,
}

impl Sessions {
    /// None yet.
    pub fn new(options: &Options, credentials: Credentials, proxies: Proxies) -> Self {
        Self { kept: Vec::new(), credentials, proxies, are_shared: !options.parallel }
    }

    /// The session for the origin of this URL, and for who asks.
    pub fn with(&mut self, url: &Url, options: &Options) -> Result<Rc<Session>, Failure> {
        let Url { origin, login, .. } = url;
        if let Some((_, _, session)) = self.kept.iter().find(|(kept, who, _)| kept == origin && who == login) {
            return Ok(Rc::clone(session));
        }
        let session = open(url, options).map_err(|error| Failure::from_component(&error, false))?;
        if origin.is_tls() {
            self.credentials.give_to(&session, &options.tls)?;
        }
        self.proxies.give_to(&session, origin)?;
        let session = Rc::new(session);
        if self.are_shared {
            self.kept.push((origin.clone(), login.clone(), Rc::clone(&session)));
        }
        Ok(session)
    }
}

fn open(url: &Url, options: &Options) -> Result<Session, Error> {
    let origin = &url.origin;
    let session = Session::new(&origin.scheme, &origin.host, origin.port);
    // Always: whether any byte of a response came decides between two exit codes.
    session.set_events(true);
    if request::leaves_out_user_agent(options) {
        session.set_user_agent(None)?;
    }
    if options.no_keepalive {
        session.set_persistent(false);
    }
    session.set_address_family(match options.family {
        Family::Any => AddressFamily::Any,
        Family::V4 => AddressFamily::Ipv4,
        Family::V6 => AddressFamily::Ipv6,
    });
    let route = Route::to(origin, &options.resolves, &options.connect_tos);
    if !route.addresses.is_empty() {
        session.set_addresses(&route.addresses)?;
    }
    if let Some((host, port)) = &route.other {
        session.set_connect_to(Some((host.as_str(), *port)))?;
    }
    set_deadlines(&session, options)?;
    options.login.give_to(&session, url.login.as_ref())?;
    Ok(session)
}

fn set_deadlines(session: &Session, options: &Options) -> Result<(), Error> {
    let given = &options.deadlines;
    let mut deadlines = session.deadlines();
    let set = |deadline: &mut u64, given: Option<Duration>| {
        if let Some(given) = given {
            *deadline = u64::try_from(given.as_nanos()).unwrap_or(u64::MAX);
        }
    };
    set(&mut deadlines.lookup, given.connect);
    set(&mut deadlines.attempt, given.connect);
    set(&mut deadlines.connect, given.connect);
    set(&mut deadlines.proxy, given.connect);
    set(&mut deadlines.handshake, given.tls);
    set(&mut deadlines.first_byte, given.first_byte);
    set(&mut deadlines.between_bytes, given.read);
    set(&mut deadlines.write, given.write);
    set(&mut deadlines.exchange, given.exchange);
    set(&mut deadlines.expect_continue, given.expect100);
    session.set_deadlines(deadlines)
}
