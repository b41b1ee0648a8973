//! Opens sessions as the options want them, and keeps them for the next URL of the same origin.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use crate::bindings::Session;
use crate::bindings::types::{AddressFamily, Error};
use crate::exit::Failure;
use crate::files::Given;
use crate::login::Login;
use crate::options::{Family, Options};
use crate::proxy::Proxies;
use crate::request;
use crate::route::Route;
use crate::tls::Credentials;
use crate::url::{Origin, Url};

/// The sessions opened so far.
pub struct Sessions<'a> {
    kept: Vec<(Origin, Option<Login>, Rc<Session>)>,
    /// Read when the first URL needs them. As in curl, files that only TLS needs are not looked at without it.
    credentials: OnceCell<Result<Credentials, Failure>>,
    proxies: Proxies<'a>,
    /// Whether the next URL may share them; transfers at once have a session each.
    are_shared: bool,
}

impl<'a> Sessions<'a> {
    /// None yet.
    pub fn new(options: &'a Options) -> Self {
        let proxies = Proxies::new(&options.proxy, options.tells_errors());
        Self { kept: Vec::new(), credentials: OnceCell::new(), proxies, are_shared: !options.parallel }
    }

    /// The session for the origin of this URL, and for who asks.
    pub fn with(&mut self, url: &Url, options: &Options) -> Result<Rc<Session>, Failure> {
        let Url { origin, login, .. } = url;
        if let Some((_, _, session)) = self.kept.iter().find(|(kept, who, _)| kept == origin && who == login) {
            return Ok(Rc::clone(session));
        }
        let session = open(url, options).map_err(|error| Failure::from_component(&error, false))?;
        options.login.give_to(&session, login.as_ref())?;
        if origin.is_tls() {
            let credentials = self.credentials.get_or_init(|| Credentials::read(&options.tls, &Given));
            credentials.as_ref().map_err(Failure::clone)?.give_to(&session, &options.tls)?;
        }
        self.proxies.give_to(&session, origin, &Given)?;
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
    set_limits(&session, options)?;
    Ok(session)
}

fn set_limits(session: &Session, options: &Options) -> Result<(), Error> {
    let mut limits = session.limits();
    if let Some(most) = options.max_head {
        // One line may be nearly all of it.
        (limits.head_length, limits.line_length) = (most, most);
    }
    if let Some(most) = options.max_fields {
        limits.field_lines = most;
    }
    session.set_limits(limits)
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
