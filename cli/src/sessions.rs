//! Opens sessions according to the options, and keeps them for the next URL of the same origin.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use crate::bindings::Session;
use crate::bindings::cookies::CookieJar;
use crate::bindings::settings::{self, TlsConfig};
use crate::bindings::types::{AddressFamily, Error};
use crate::exit::{Exit, Failure};
use crate::files::Given;
use crate::login::Login;
use crate::options::{Family, Options};
use crate::proxy::Proxies;
use crate::request;
use crate::route::Route;
use crate::tls::Credentials;
use crate::url::Origin;

/// Whose requests a session sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The user's, with the credentials of the options, or else with these of the URL.
    User(Option<Login>),
    /// Nobody's: a redirect led there. It has no credentials and shows no certificate.
    Nobody,
}

/// The most sessions that are kept. A server can redirect to one new origin after another (`--max-redirs -1`).
const MOST_KEPT: usize = 64;

/// The sessions that are kept, and what new ones are made of.
pub struct Sessions<'a> {
    /// The one used last is last.
    kept: Vec<(Origin, Who, Rc<Session>)>,
    jar: Option<&'a CookieJar>,
    /// The settings of all sessions. Each session has a copy with its own changes.
    settings: OnceCell<Result<settings::Options, Failure>>,
    /// Made when the first URL needs it. As in curl, the files of TLS options are not read for `http` alone.
    tls: OnceCell<Result<TlsConfig, Failure>>,
    /// The same for nobody.
    anonymous_tls: OnceCell<Result<TlsConfig, Failure>>,
    proxies: Proxies<'a>,
    /// Whether URLs share sessions. Concurrent transfers have a session each.
    are_shared: bool,
}

impl<'a> Sessions<'a> {
    /// No sessions yet.
    pub fn new(options: &'a Options, jar: Option<&'a CookieJar>) -> Self {
        let proxies = Proxies::new(&options.proxy, options.tells_errors());
        let (settings, tls, anonymous_tls) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { kept: Vec::new(), jar, settings, tls, anonymous_tls, proxies, are_shared: !options.parallel }
    }

    /// The session with this origin.
    pub fn with(&mut self, origin: &Origin, who: &Who, options: &Options) -> Result<Rc<Session>, Failure> {
        // Without credentials and a certificate, the user's requests are like nobody's.
        let is_nobody = *who == Who::User(None) && !options.login.is_given() && options.tls.certificate.is_none();
        let who = if is_nobody { &Who::Nobody } else { who };
        if let Some(place) = self.kept.iter().position(|(kept, whose, _)| kept == origin && whose == who) {
            let found = self.kept.remove(place);
            let session = Rc::clone(&found.2);
            self.kept.push(found);
            return Ok(session);
        }
        let failed = |error: Error| Failure::from_component(&error, false);
        let common = self.settings.get_or_init(|| common(options, self.jar).map_err(failed));
        let settings = common.as_ref().map_err(Failure::clone)?.clone();
        let session = open(origin, options).map_err(failed)?;
        if let Who::User(login) = who {
            options.login.give_to(&session, login.as_ref())?;
        }
        if origin.is_tls() {
            let (known, shows_certificate) = match who {
                Who::User(_) => (&self.tls, true),
                Who::Nobody => (&self.anonymous_tls, false),
            };
            let made = || Credentials::read(&options.tls, &Given)?.config(&options.tls, shows_certificate);
            settings.set_tls(known.get_or_init(made).as_ref().map_err(Failure::clone)?);
        }
        self.proxies.set_in(&settings, origin, &Given)?;
        session.set_options(&settings);
        let session = Rc::new(session);
        if self.are_shared {
            self.kept.push((origin.clone(), who.clone(), Rc::clone(&session)));
            if self.kept.len() > MOST_KEPT {
                self.kept.remove(0);
            }
        }
        Ok(session)
    }
}

/// Gives the session's next exchange the time that is left of `-m`, which is for all exchanges of a transfer.
pub fn limit_time(session: &Session, most: Duration, elapsed: Duration) -> Result<(), Failure> {
    let left = most.checked_sub(elapsed).filter(|left| !left.is_zero()).ok_or_else(|| out_of_time(most))?;
    let settings = session.options();
    settings.set_exchange_timeout(nanoseconds(left));
    session.set_options(&settings);
    Ok(())
}

/// The failure of a transfer that took longer than `-m` allows.
pub fn out_of_time(most: Duration) -> Failure {
    Failure::new(Exit::Timeout, format!("the whole transfer took longer than {most:?}"))
}

/// A session, with the settings of its origin alone.
fn open(origin: &Origin, options: &Options) -> Result<Session, Error> {
    let session = Session::new(&origin.scheme, &origin.host, origin.port);
    // Always, because two exit codes differ by whether any byte of a response arrived.
    session.set_events(true);
    let route = Route::to(origin, &options.resolves, &options.connect_tos);
    if !route.addresses.is_empty() {
        session.set_addresses(&route.addresses)?;
    }
    if let Some((host, port)) = &route.other {
        session.set_connect_to(Some((host.as_str(), *port)))?;
    }
    Ok(session)
}

/// The settings for all origins.
fn common(options: &Options, jar: Option<&CookieJar>) -> Result<settings::Options, Error> {
    let settings = settings::Options::new();
    settings.set_cookie_jar(jar);
    if request::leaves_out_user_agent(options) {
        settings.set_user_agent(None)?;
    }
    settings.set_persistent(!options.no_keepalive);
    settings.set_decoding(options.compressed);
    // What is written is limited by `--max-filesize` alone, coded or not.
    settings.set_max_decoded_content(u64::MAX);
    settings.set_address_family(match options.family {
        Family::Any => AddressFamily::Any,
        Family::V4 => AddressFamily::Ipv4,
        Family::V6 => AddressFamily::Ipv6,
    });
    set_timeouts(&settings, options);
    if let Some(most) = options.max_head {
        settings.set_max_head_length(most);
        // One line may be nearly all of it.
        settings.set_max_line_length(most);
    }
    if let Some(most) = options.max_fields {
        settings.set_max_field_lines(most);
    }
    Ok(settings)
}

fn set_timeouts(settings: &settings::Options, options: &Options) {
    type Set = fn(&settings::Options, u64);
    let given = &options.deadlines;
    let timeouts: [(Option<Duration>, Set); 9] = [
        (given.connect, settings::Options::set_lookup_timeout),
        (given.connect, settings::Options::set_attempt_timeout),
        (given.connect, settings::Options::set_connect_timeout),
        (given.connect, settings::Options::set_proxy_timeout),
        (given.tls, settings::Options::set_handshake_timeout),
        (given.first_byte, settings::Options::set_first_byte_timeout),
        (given.read, settings::Options::set_between_bytes_timeout),
        (given.write, settings::Options::set_write_timeout),
        (given.expect100, settings::Options::set_expect_continue_timeout),
    ];
    for (timeout, set) in timeouts {
        if let Some(timeout) = timeout {
            set(settings, nanoseconds(timeout));
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
