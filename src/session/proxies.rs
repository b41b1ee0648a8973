//! What a session's owner can set about proxies, and what is remembered of each.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use crate::auth::cache::Credentials;
use crate::auth::{Asked, Schemes};
use crate::http::origin::{Origin, Scheme};
use crate::limits::{PROXIES, PROXY_EXEMPTIONS};
use crate::proxy::choice;
use crate::proxy::exemptions::Exemptions;
use crate::proxy::server::{Kind, Proxy};
use crate::tls::settings::TlsSettings;

/// The settings.
#[derive(Clone, Debug, Default)]
pub struct Proxying {
    proxies: Rc<Proxies>,
    exemptions: Exemptions,
    /// Whether `http` goes through tunnels too.
    pub tunnels_all: bool,
    /// Whether HTTP proxies are told user and password before they have asked.
    goes_ahead: bool,
    /// How often the proxies and the exemptions were set.
    changes: u32,
    /// Whom is trusted to be a proxy.
    pub tls: TlsSettings,
}

/// Proxies in the order in which they were given. A new list remembers nothing of the one before.
#[derive(Debug, Default)]
pub struct Proxies {
    all: Vec<Rc<Via>>,
    /// The place of the one that was good last.
    last_good: Cell<usize>,
}

/// A proxy, and what is remembered of it.
#[derive(Debug)]
pub struct Via {
    pub(crate) server: Proxy,
    /// What an HTTP proxy is told when it asks who is there.
    pub(crate) credentials: Rc<RefCell<Credentials>>,
    /// As a session remembers it of its origin.
    pub(crate) last_good: Cell<Option<(Option<IpAddr>, SocketAddr)>>,
}

/// What a proxy is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It forwards requests.
    Forward,
    /// It opens a tunnel when it is asked by CONNECT.
    Connect,
    /// It opens a tunnel when it is asked in SOCKS.
    Socks(crate::proxy::socks::Version),
}

impl Proxying {
    /// Sets the proxies, in the order of their trial; none for none.
    pub fn set_proxies<T: AsRef<str>>(&mut self, urls: &[T]) -> Result<(), String> {
        if urls.len() > PROXIES {
            return Err(format!("more than {PROXIES} proxies were given"));
        }
        let via = |url: &T| Via::new(Proxy::parse(url.as_ref())?, self.goes_ahead).map(Rc::new);
        let all = urls.iter().map(via).collect::<Result<_, _>>()?;
        self.proxies = Rc::new(Proxies { all, last_good: Cell::default() });
        self.changes = self.changes.wrapping_add(1);
        Ok(())
    }

    /// Sets whether HTTP proxies are told user and password, as Basic has them, before they have asked.
    pub fn set_ahead(&mut self, ahead: bool) {
        self.goes_ahead = ahead;
        for via in &self.proxies.all {
            // What was taken before is taken again.
            let _ = via.give_login(ahead);
        }
    }

    /// Sets which origins are reached without a proxy.
    pub fn set_exemptions<T: AsRef<str>>(&mut self, entries: &[T]) -> Result<(), String> {
        if entries.len() > PROXY_EXEMPTIONS {
            return Err(format!("more than {PROXY_EXEMPTIONS} exemptions from proxies were given"));
        }
        self.exemptions = Exemptions::parse(entries)?;
        self.changes = self.changes.wrapping_add(1);
        Ok(())
    }

    /// Another number after each change of the proxies or the exemptions.
    pub(crate) fn changes(&self) -> u32 {
        self.changes
    }

    /// The proxies for this origin; none when it is reached without.
    pub(crate) fn for_origin(&self, origin: &Origin) -> Option<Rc<Proxies>> {
        let is_needed = !self.proxies.all.is_empty() && !self.exemptions.contain(&origin.host, origin.port);
        is_needed.then(|| Rc::clone(&self.proxies))
    }

    /// Whether one of the proxies may have to say first which credentials it wants of a request to this origin with this method:
    /// one that forwards it. A tunnel is there before any content.
    #[cold]
    pub(crate) fn may_ask(&self, origin: &Origin, method: &str) -> bool {
        let may_ask = |via: &Rc<Via>| {
            let (forwards, known) =
                (via.purpose(origin.scheme, self.tunnels_all) == Use::Forward, via.credentials.borrow());
            forwards && !known.is_empty() && known.may_be_challenged(Asked { method, uri: "", path: "" })
        };
        self.for_origin(origin).is_some_and(|proxies| proxies.all.iter().any(may_ask))
    }
}

impl Proxies {
    /// In the order of their trial, each with its place.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (usize, &Rc<Via>)> {
        let order = choice::order(self.all.len(), self.last_good.get());
        order.filter_map(|place| self.all.get(place).map(|via| (place, via)))
    }

    /// The proxy at this place has done what it is for.
    pub(crate) fn was_good(&self, place: usize) {
        self.last_good.set(place);
    }
}

/// A login may be used in every way that is none of RFC 2069's.
const SCHEMES: Schemes =
    Schemes { basic: true, digest_md5: true, digest_sha256: true, digest_sha512_256: true, digest_without_qop: false };

impl Via {
    fn new(server: Proxy, goes_ahead: bool) -> Result<Self, String> {
        let credentials = Rc::new(RefCell::new(Credentials::of_proxy()));
        let via = Self { server, credentials, last_good: Cell::default() };
        via.give_login(goes_ahead)?;
        Ok(via)
    }

    fn give_login(&self, goes_ahead: bool) -> Result<(), String> {
        let Some(login) = self.server.login.as_ref().filter(|_| self.server.kind.is_http()) else {
            return Ok(());
        };
        Ok(self.credentials.borrow_mut().set_login(None, login.clone(), SCHEMES, goes_ahead)?)
    }

    /// What it is used for with an origin of this scheme, when all goes through tunnels or not.
    pub(crate) fn purpose(&self, scheme: Scheme, tunnels_all: bool) -> Use {
        use crate::proxy::socks::Version;
        match self.server.kind {
            Kind::Http | Kind::Https if scheme == Scheme::Http && !tunnels_all => Use::Forward,
            Kind::Http | Kind::Https => Use::Connect,
            Kind::Socks4 | Kind::Socks4a => Use::Socks(Version::Four),
            Kind::Socks5 | Kind::Socks5h => Use::Socks(Version::Five),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_changes_nothing() {
        let mut proxying = Proxying::default();
        proxying.set_proxies(&["p:1"]).unwrap();
        proxying.set_exemptions(&["a"]).unwrap();
        let before = format!("{proxying:?}");
        assert!(proxying.set_proxies(&["q:1", "q:x"]).is_err());
        assert!(proxying.set_proxies(&vec!["q:1"; PROXIES + 1]).unwrap_err().contains("more than 16"));
        assert!(proxying.set_exemptions(&["b", "b:x"]).is_err());
        assert!(proxying.set_exemptions(&vec!["b"; PROXY_EXEMPTIONS + 1]).unwrap_err().contains("more than"));
        assert_eq!(format!("{proxying:?}"), before);
    }

    #[test]
    fn a_new_list_begins_with_its_first() {
        let mut proxying = Proxying::default();
        let origin = Origin::parse("http", "a.test", 80).unwrap();
        let first = |proxying: &Proxying| {
            let proxies = proxying.for_origin(&origin).unwrap();
            proxies.in_order().next().map(|(_, via)| via.server.to_string()).unwrap()
        };
        proxying.set_proxies(&["p:1", "q:1"]).unwrap();
        assert_eq!(first(&proxying), "http://p:1");
        proxying.for_origin(&origin).unwrap().was_good(1);
        assert_eq!(first(&proxying), "http://q:1");
        proxying.set_proxies(&["p:1", "q:1"]).unwrap();
        assert_eq!(first(&proxying), "http://p:1");
        proxying.set_exemptions(&["a.test"]).unwrap();
        assert!(proxying.for_origin(&origin).is_none());
    }
}
