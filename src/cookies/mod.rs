//! Cookies (RFC 6265bis, draft-ietf-httpbis-rfc6265bis): parsing, storing, choosing, and files of cookies.
//!
//! A [`Jar`] is a value of bounded size. It knows no session and no I/O, and the time is an argument.

mod date;
mod jar;
mod matching;
mod netscape;
mod refused;
mod set_cookie;
mod store;
mod suffixes;

use std::cell::RefCell;
use std::rc::Rc;

use crate::http::origin::{Host, Origin, Scheme};
use crate::http::uri::Reference;

pub use jar::{Chosen, Jar};
pub use netscape::{Exported, Imported};
pub use refused::Refused;
pub use set_cookie::name_of;
pub use suffixes::{PublicSuffixes, SuffixesError};

/// A jar that clients share.
pub type SharedJar = Rc<RefCell<Jar>>;

/// The source of a cookie, or the destination of a request.
#[derive(Clone, Debug)]
pub struct Place {
    /// The host, in lower case; an IPv6 address without brackets.
    host: String,
    /// Whether the host is a name and not an address.
    is_name: bool,
    /// The path, with its leading slash.
    path: String,
    /// Whether the connection is secure.
    is_secure: bool,
}

impl Place {
    /// The place of a request to this origin, with this target.
    pub fn new(origin: &Origin, target: &str) -> Self {
        Self::of_host(&origin.host, origin.scheme, target)
    }

    /// The place of a request for this host, whichever server it is sent to.
    pub fn of_host(host: &Host, scheme: Scheme, target: &str) -> Self {
        let path = match target {
            path if path.starts_with('/') => path.split('?').next().unwrap_or_default(),
            uri => Reference::parse(uri).path,
        };
        let path = if path.starts_with('/') { path } else { "/" };
        let (host, is_name) = match host {
            Host::Name(name) => (name.clone(), true),
            Host::Address(address) => (address.to_string(), false),
        };
        Self { host, is_name, path: path.to_owned(), is_secure: scheme == Scheme::Https }
    }
}
