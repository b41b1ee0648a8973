//! Through which proxies origins are reached, as is set; and what a session remembers of each.

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
    proxies: Rc<Vec<Proxy>>,
    exemptions: Rc<Exemptions>,
    /// The entries that the exemptions were made of.
    entries: Rc<Vec<String>>,
    /// Whether `http` goes through tunnels too.
    pub tunnels_all: bool,
    /// Whether HTTP proxies are told user and password, as Basic has them, before they have asked.
    pub goes_ahead: bool,
    /// Whom to trust as a proxy.
    pub tls: Rc<TlsSettings>,
}

/// The proxies of a session, and what it remembers of them.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    /// The list that they were made of, and whether they are told ahead.
    list: Rc<Vec<Proxy>>,
    goes_ahead: Cell<bool>,
    all: Vec<Rc<Via>>,
    /// The place of the one that was good last.
    last_good: Cell<usize>,
}

/// An address that was connected to, and the local address that was set then: it is tried first from there, and from elsewhere
/// says nothing (RFC 8305 section 4).
pub(crate) type LastGood = Cell<Option<(Option<IpAddr>, SocketAddr)>>;

/// A proxy, and what is remembered of it.
#[derive(Debug)]
pub(crate) struct Via {
    pub(crate) server: Proxy,
    /// What an HTTP proxy is told when it asks who is there.
    pub(crate) credentials: Rc<RefCell<Credentials>>,
    /// As a session remembers it of its origin.
    pub(crate) last_good: LastGood,
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
    /// The proxies' URLs, without credentials.
    pub fn proxies(&self) -> Vec<String> {
        self.proxies.iter().map(Proxy::to_string).collect()
    }

    /// Sets the proxies, in the order of their trial; none for none.
    pub fn set_proxies<T: AsRef<str>>(&mut self, urls: &[T]) -> Result<(), String> {
        if urls.len() > PROXIES {
            return Err(format!("more than {PROXIES} proxies were given"));
        }
        let proxy = |url: &T| {
            let proxy = Proxy::parse(url.as_ref())?;
            // Whether its login can be used is said now.
            Via::new(proxy.clone(), false).map(|_| proxy)
        };
        self.proxies = Rc::new(urls.iter().map(proxy).collect::<Result<_, _>>()?);
        Ok(())
    }

    /// The entries of the origins that are reached without a proxy.
    pub fn exemptions(&self) -> &[String] {
        &self.entries
    }

    /// Sets which origins are reached without a proxy.
    pub fn set_exemptions<T: AsRef<str>>(&mut self, entries: &[T]) -> Result<(), String> {
        if entries.len() > PROXY_EXEMPTIONS {
            return Err(format!("more than {PROXY_EXEMPTIONS} exemptions from proxies were given"));
        }
        self.exemptions = Rc::new(Exemptions::parse(entries)?);
        self.entries = Rc::new(entries.iter().map(|entry| entry.as_ref().to_owned()).collect());
        Ok(())
    }

    /// What is set about TLS with proxies, to be changed for these settings alone.
    pub fn tls_mut(&mut self) -> &mut TlsSettings {
        Rc::make_mut(&mut self.tls)
    }

    /// Whether both lead through the same proxies in the same way, and trust them alike.
    pub(crate) fn leads_the_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.proxies, &other.proxies)
            && Rc::ptr_eq(&self.exemptions, &other.exemptions)
            && self.tunnels_all == other.tunnels_all
            && self.tls.is_same(&other.tls)
    }

    /// The proxies for this origin; none when it is reached without.
    pub(crate) fn for_origin(&self, origin: &Origin) -> Option<&[Proxy]> {
        let is_needed = !self.proxies.is_empty() && !self.exemptions.contain(&origin.host, origin.port);
        is_needed.then_some(&self.proxies)
    }
}

impl Proxies {
    /// Those of these settings. What was remembered of others is forgotten, also where the list is the same again.
    #[cold]
    pub(crate) fn new(proxying: &Proxying) -> Self {
        let (list, goes_ahead) = (Rc::clone(&proxying.proxies), proxying.goes_ahead);
        // Their logins were found usable when they were set.
        let all = list.iter().filter_map(|proxy| Via::new(proxy.clone(), goes_ahead).ok()).map(Rc::new).collect();
        Self { list, goes_ahead: Cell::new(goes_ahead), all, last_good: Cell::default() }
    }

    /// Whether they are those of these settings.
    pub(crate) fn are_of(&self, proxying: &Proxying) -> bool {
        Rc::ptr_eq(&self.list, &proxying.proxies)
    }

    /// Goes by what these settings, whose they are, say of logins.
    pub(crate) fn set_ahead(&self, proxying: &Proxying) {
        if self.goes_ahead.replace(proxying.goes_ahead) != proxying.goes_ahead {
            for via in &self.all {
                // What was taken before is taken again.
                let _ = via.give_login(proxying.goes_ahead);
            }
        }
    }

    /// Whether one of the proxies may have to say first which credentials it wants of a request to this origin with this method:
    /// one that forwards it. A tunnel is there before any content.
    #[cold]
    pub(crate) fn may_ask(&self, origin: &Origin, tunnels_all: bool, method: &str) -> bool {
        self.all.iter().any(|via| {
            let (forwards, known) =
                (via.server.purpose(origin.scheme, tunnels_all) == Use::Forward, via.credentials.borrow());
            forwards && !known.is_empty() && known.may_be_challenged(Asked { method, uri: "", path: "" })
        })
    }

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
}

impl Proxy {
    /// What it is used for with an origin of this scheme, when all goes through tunnels or not.
    pub(crate) fn purpose(&self, scheme: Scheme, tunnels_all: bool) -> Use {
        use crate::proxy::socks::Version;
        match self.kind {
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
        let first = |proxies: &Proxies| proxies.in_order().next().map(|(_, via)| via.server.to_string()).unwrap();
        proxying.set_proxies(&["p:1", "q:1"]).unwrap();
        let proxies = Proxies::new(&proxying);
        assert_eq!(first(&proxies), "http://p:1");
        proxies.was_good(1);
        assert_eq!(first(&proxies), "http://q:1");
        assert!(proxies.are_of(&proxying.clone()));
        proxying.set_proxies(&["p:1", "q:1"]).unwrap();
        assert!(!proxies.are_of(&proxying));
        assert_eq!(first(&Proxies::new(&proxying)), "http://p:1");
        assert!(proxying.for_origin(&origin).is_some());
        proxying.set_exemptions(&["a.test"]).unwrap();
        assert!(proxying.for_origin(&origin).is_none());
    }
}
