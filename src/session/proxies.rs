//! The proxies: their settings, and what a session remembers of each.

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
use crate::reason::OwnedReason;
use crate::tls::settings::TlsSettings;

/// The settings about proxies.
#[derive(Clone, Debug, Default)]
pub struct Proxying {
    proxies: Rc<Vec<Proxy>>,
    exemptions: Rc<Exemptions>,
    /// The entries from which the exemptions were parsed.
    entries: Rc<Vec<String>>,
    /// Whether `http` goes through tunnels too.
    pub tunnels_all: bool,
    /// Whether HTTP proxies receive Basic credentials before they ask.
    pub goes_ahead: bool,
    /// The TLS settings for `https` proxies.
    pub tls: Rc<TlsSettings>,
}

/// The proxies of a session, and what it remembers of them.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    /// The list that they were made from, and whether they receive credentials before they ask.
    list: Rc<Vec<Proxy>>,
    goes_ahead: Cell<bool>,
    all: Vec<Rc<Via>>,
    /// The index of the proxy that worked last.
    last_good: Cell<usize>,
}

/// The last address that connected, and the local address it was reached from. It is tried first, but only from the same local
/// address (RFC 8305 section 4).
pub(crate) type LastGood = Cell<Option<(Option<IpAddr>, SocketAddr)>>;

/// A proxy, and what is remembered about it.
#[derive(Debug)]
pub(crate) struct Via {
    pub(crate) server: Proxy,
    /// The credentials for an HTTP proxy.
    pub(crate) credentials: Rc<RefCell<Credentials>>,
    /// The proxy's last address that connected.
    pub(crate) last_good: LastGood,
}

/// What a proxy is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It forwards requests.
    Forward,
    /// It opens a tunnel after CONNECT.
    Connect,
    /// It opens a tunnel after a SOCKS handshake.
    Socks(crate::proxy::socks::Version),
}

impl Proxying {
    /// The proxies' URLs, without credentials.
    pub fn proxies(&self) -> Vec<String> {
        self.proxies.iter().map(Proxy::to_string).collect()
    }

    /// Sets the proxies, in the order in which they are tried. An empty list means none.
    pub fn set_proxies<T: AsRef<str>>(&mut self, urls: &[T]) -> Result<(), OwnedReason> {
        if urls.len() > PROXIES {
            return Err(format!("more than {PROXIES} proxies were given"));
        }
        let proxy = |url: &T| {
            let proxy = Proxy::parse(url.as_ref())?;
            // An unusable login is reported here, not at the first request.
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
    pub fn set_exemptions<T: AsRef<str>>(&mut self, entries: &[T]) -> Result<(), OwnedReason> {
        if entries.len() > PROXY_EXEMPTIONS {
            return Err(format!("more than {PROXY_EXEMPTIONS} exemptions from proxies were given"));
        }
        self.exemptions = Rc::new(Exemptions::parse(entries)?);
        self.entries = Rc::new(entries.iter().map(|entry| entry.as_ref().to_owned()).collect());
        Ok(())
    }

    /// The TLS settings for proxies, to be changed for these settings only.
    pub fn tls_mut(&mut self) -> &mut TlsSettings {
        Rc::make_mut(&mut self.tls)
    }

    /// Whether both use the same proxies in the same way, with the same trust.
    pub(crate) fn leads_the_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.proxies, &other.proxies)
            && Rc::ptr_eq(&self.exemptions, &other.exemptions)
            && self.tunnels_all == other.tunnels_all
            && self.tls.is_same(&other.tls)
    }

    /// The proxies for this origin, or `None` if it is reached directly.
    pub(crate) fn for_origin(&self, origin: &Origin) -> Option<&[Proxy]> {
        let is_needed = !self.proxies.is_empty() && !self.exemptions.contain(&origin.host, origin.port);
        is_needed.then_some(&self.proxies)
    }
}

impl Proxies {
    /// The proxies of these settings. What was remembered of others is forgotten, even if the list is the same again.
    #[cold]
    pub(crate) fn new(proxying: &Proxying) -> Self {
        let (list, goes_ahead) = (Rc::clone(&proxying.proxies), proxying.goes_ahead);
        // Their logins were checked when they were set.
        let all = list.iter().filter_map(|proxy| Via::new(proxy.clone(), goes_ahead).ok()).map(Rc::new).collect();
        Self { list, goes_ahead: Cell::new(goes_ahead), all, last_good: Cell::default() }
    }

    /// Whether they were made from these settings.
    pub(crate) fn are_of(&self, proxying: &Proxying) -> bool {
        Rc::ptr_eq(&self.list, &proxying.proxies)
    }

    /// Applies `goes_ahead` of these settings, from which they were made.
    pub(crate) fn set_ahead(&self, proxying: &Proxying) {
        if self.goes_ahead.replace(proxying.goes_ahead) != proxying.goes_ahead {
            for via in &self.all {
                // The login was accepted before, so this cannot fail.
                let _ = via.give_login(proxying.goes_ahead);
            }
        }
    }

    /// Whether one of the proxies may send a challenge for a request with this method: one that forwards it. A tunnel is open
    /// before any content is sent.
    #[cold]
    pub(crate) fn may_ask(&self, origin: &Origin, tunnels_all: bool, method: &str) -> bool {
        self.all.iter().any(|via| {
            let (forwards, known) =
                (via.server.purpose(origin.scheme, tunnels_all) == Use::Forward, via.credentials.borrow());
            forwards && !known.is_empty() && known.may_be_challenged(Asked { method, uri: "", path: "" })
        })
    }

    /// The proxies in the order in which they are tried, each with its index.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (usize, &Rc<Via>)> {
        let order = choice::order(self.all.len(), self.last_good.get());
        order.filter_map(|place| self.all.get(place).map(|via| (place, via)))
    }

    /// Notes that the proxy at this index worked.
    pub(crate) fn was_good(&self, place: usize) {
        self.last_good.set(place);
    }
}

/// A login may be used in every scheme except RFC 2069's Digest.
const SCHEMES: Schemes =
    Schemes { basic: true, digest_md5: true, digest_sha256: true, digest_sha512_256: true, digest_without_qop: false };

impl Via {
    fn new(server: Proxy, goes_ahead: bool) -> Result<Self, OwnedReason> {
        let credentials = Rc::new(RefCell::new(Credentials::of_proxy()));
        let via = Self { server, credentials, last_good: Cell::default() };
        via.give_login(goes_ahead)?;
        Ok(via)
    }

    fn give_login(&self, goes_ahead: bool) -> Result<(), OwnedReason> {
        let Some(login) = self.server.login.as_ref().filter(|_| self.server.kind.is_http()) else {
            return Ok(());
        };
        Ok(self.credentials.borrow_mut().set_login(None, login.clone(), SCHEMES, goes_ahead)?)
    }
}

impl Proxy {
    /// How it is used for an origin of this scheme.
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
