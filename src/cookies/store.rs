//! The cookies of a jar, and their eviction (RFC 6265bis section 5.7).

use std::fmt;

use zeroize::Zeroizing;

use super::matching::{is_below, is_within};
use crate::limits::{COOKIES, COOKIES_OF_DOMAIN};

/// A stored cookie.
#[derive(Clone)]
pub(super) struct Cookie {
    /// The domain, in lower case.
    pub(super) domain: String,
    pub(super) name: Vec<u8>,
    pub(super) value: Zeroizing<Vec<u8>>,
    /// Whether it is for the domain itself only, and not for hosts below it.
    pub(super) is_host_only: bool,
    pub(super) path: Vec<u8>,
    /// When it expires, in seconds since 1970. `None` for a session cookie.
    pub(super) expires: Option<u64>,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
    /// The sequence number of its last use.
    pub(super) used: u64,
}

impl Cookie {
    /// A session cookie for all paths of a host.
    pub(super) fn new(domain: String, name: &[u8], value: &[u8]) -> Self {
        Self {
            domain,
            name: name.to_vec(),
            value: Zeroizing::new(value.to_vec()),
            is_host_only: true,
            path: b"/".to_vec(),
            expires: None,
            is_secure: false,
            is_http_only: false,
            used: 0,
        }
    }

    pub(super) fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_replaced_by(&self, other: &Self) -> bool {
        (&self.domain, &self.name, self.is_host_only, &self.path)
            == (&other.domain, &other.name, other.is_host_only, &other.path)
    }
}

impl fmt::Debug for Cookie {
    /// Without the value, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie").field("name", &self.name.escape_ascii().to_string()).finish_non_exhaustive()
    }
}

/// At most [`COOKIES`] cookies, and [`COOKIES_OF_DOMAIN`] of a domain. They are few enough to be looked through one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    /// In order of creation. A cookie that replaces another takes its place.
    cookies: Vec<Cookie>,
    /// The last sequence number.
    last: u64,
}

impl Store {
    pub(super) fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Stores a cookie, in place of one with the same name, domain and path. An expired cookie only removes the other.
    pub(super) fn insert(&mut self, mut cookie: Cookie, now: u64) {
        self.last = self.last.saturating_add(1);
        cookie.used = self.last;
        let place = self.cookies.iter().position(|other| other.is_replaced_by(&cookie));
        if cookie.is_expired(now) {
            place.map(|place| self.cookies.remove(place));
            return;
        }
        match place.and_then(|place| self.cookies.get_mut(place)) {
            Some(other) => *other = cookie,
            None => {
                let domain = cookie.domain.clone();
                self.cookies.push(cookie);
                if self.cookies.iter().filter(|other| other.domain == domain).count() > COOKIES_OF_DOMAIN {
                    self.evict(Some(&domain), now);
                }
                if self.cookies.len() > COOKIES {
                    self.evict(None, now);
                }
            }
        }
    }

    /// The cookies for a request, in the order in which they are sent: the longest paths first, then the oldest (RFC 6265bis
    /// section 5.8.3). They count as used.
    pub(super) fn choose(&mut self, host: &str, is_name: bool, path: &[u8], is_secure: bool, now: u64) -> Vec<&Cookie> {
        let number = self.last.saturating_add(1);
        self.last = number;
        for cookie in &mut self.cookies {
            // An address has no domains above it.
            let is_within = is_name && !cookie.is_host_only && is_within(host, &cookie.domain);
            let is_allowed = is_secure || !cookie.is_secure;
            if (is_within || cookie.domain == host)
                && is_allowed
                && is_below(path, &cookie.path)
                && !cookie.is_expired(now)
            {
                cookie.used = number;
            }
        }
        let mut chosen: Vec<&Cookie> = Vec::new();
        for cookie in self.cookies.iter().filter(|cookie| cookie.used == number) {
            let place = chosen.partition_point(|other| other.path.len() >= cookie.path.len());
            chosen.insert(place, cookie);
        }
        chosen
    }

    /// Whether a cookie with this name, domain and path, set over an insecure connection, would overlay a secure one.
    pub(super) fn has_secure(&self, name: &[u8], domain: &str, path: &[u8], now: u64) -> bool {
        self.cookies.iter().any(|other| {
            other.is_secure
                && other.name == name
                && (is_within(domain, &other.domain) || is_within(&other.domain, domain))
                && is_below(path, &other.path)
                && !other.is_expired(now)
        })
    }

    /// Removes session cookies.
    pub(super) fn remove_session_cookies(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }

    /// Removes one cookie, of this domain or of all: an expired one, else one of the domain that is not secure, and of these the one
    /// not used for longest.
    fn evict(&mut self, domain: Option<&str>, now: u64) {
        let candidates =
            self.cookies.iter().enumerate().filter(|(_, cookie)| domain.is_none_or(|it| cookie.domain == it));
        let key = |cookie: &Cookie| (!cookie.is_expired(now), domain.is_some() && cookie.is_secure, cookie.used);
        if let Some((place, _)) = candidates.min_by_key(|(_, cookie)| key(cookie)) {
            self.cookies.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The host itself, then each domain above it.
    fn domains(host: &str) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(host), |domain| domain.split_once('.').map(|(_, above)| above))
    }

    fn cookie(domain: &str, name: &str) -> Cookie {
        Cookie::new(domain.to_owned(), name.as_bytes(), b"v")
    }

    fn names(store: &mut Store, host: &str) -> Vec<String> {
        let chosen = store.choose(host, true, b"/", true, 0);
        chosen.iter().map(|cookie| String::from_utf8(cookie.name.clone()).unwrap()).collect()
    }

    fn check(store: &Store) {
        assert!(store.cookies.len() <= COOKIES);
        let mut counts = BTreeMap::new();
        for cookie in &store.cookies {
            *counts.entry(&cookie.domain).or_insert(0) += 1;
        }
        assert!(counts.values().all(|count| *count <= COOKIES_OF_DOMAIN));
    }

    #[test]
    fn a_domain_has_its_limit() {
        let mut store = Store::default();
        for number in 0..COOKIES_OF_DOMAIN {
            store.insert(Cookie { is_secure: number % 2 == 0, ..cookie("a", &number.to_string()) }, 0);
        }
        store.insert(cookie("b", "x"), 0);
        // One that is used stays. The next that is not secure goes.
        store.insert(Cookie { path: b"/p".to_vec(), ..cookie("a", "used") }, 0);
        assert_eq!(store.cookies.len(), COOKIES_OF_DOMAIN + 1);
        let left = names(&mut store, "a");
        assert!(!left.contains(&"1".into()) && left.contains(&"0".into()) && left.contains(&"3".into()));
        // Expired ones go first.
        store.insert(Cookie { expires: Some(5), is_secure: true, ..cookie("a", "short") }, 4);
        store.insert(cookie("a", "long"), 5);
        assert!(store.cookies.iter().all(|cookie| cookie.name != b"short"));
        check(&store);
    }

    #[test]
    fn the_least_used_go_when_there_are_too_many_of_all() {
        let mut store = Store::default();
        for number in 0..COOKIES {
            store.insert(cookie(&format!("d{number}"), "c"), 0);
            check(&store);
        }
        assert_eq!(store.cookies.len(), COOKIES);
        names(&mut store, "d0");
        store.insert(cookie("new", "c"), 0);
        check(&store);
        assert_eq!(store.cookies.len(), COOKIES);
        assert_eq!((names(&mut store, "d0").len(), names(&mut store, "new").len()), (1, 1));
        assert_eq!((names(&mut store, "d1").len(), names(&mut store, "d2").len()), (0, 1));
        // Expired ones go first.
        store.insert(Cookie { expires: Some(5), ..cookie("short", "c") }, 4);
        store.insert(cookie("newer", "c"), 5);
        assert!(store.cookies.iter().all(|cookie| cookie.domain != "short"));
    }

    #[test]
    fn the_limit_holds_though_all_were_used_at_once() {
        let mut store = Store::default();
        let host: Vec<String> = (0..COOKIES / COOKIES_OF_DOMAIN).map(|label| format!("l{label}")).collect();
        let host = host.join(".");
        for domain in domains(&host) {
            for number in 0..COOKIES_OF_DOMAIN {
                store.insert(Cookie { is_host_only: false, ..cookie(domain, &number.to_string()) }, 0);
            }
        }
        assert_eq!((store.cookies.len(), names(&mut store, &host).len()), (COOKIES, COOKIES));
        store.insert(cookie("new", "c"), 0);
        check(&store);
        assert_eq!((store.cookies.len(), names(&mut store, "new").len()), (COOKIES, 1));
    }

    #[test]
    fn what_replaces_a_cookie_keeps_its_place() {
        let mut store = Store::default();
        for name in ["a", "b", "a"] {
            store.insert(cookie("h", name), 0);
        }
        store.insert(Cookie { is_host_only: false, ..cookie("h", "a") }, 0);
        store.insert(Cookie { path: b"/x".to_vec(), ..cookie("h", "a") }, 0);
        assert_eq!(names(&mut store, "h"), ["a", "b", "a"]);
        assert_eq!(store.cookies.len(), 4);
        store.insert(Cookie { expires: Some(0), ..cookie("h", "a") }, 0);
        assert_eq!(names(&mut store, "h"), ["b", "a"]);
        check(&store);
    }

    #[test]
    fn secure_cookies_above_and_below_are_found() {
        let mut store = Store::default();
        for domain in ["b.a", "c.b.a", "xb.a", "d"] {
            store.insert(Cookie { is_secure: true, path: b"/p".to_vec(), ..cookie(domain, "s") }, 0);
        }
        for (domain, path, expected) in [
            ("b.a", "/p", true),
            ("b.a", "/p/q", true),
            ("b.a", "/", false),
            ("a", "/p", true),
            ("y.b.a", "/p", true),
            ("y.a", "/p", false),
            ("z.d", "/p", true),
            ("zd", "/p", false),
            ("e", "/p", false),
        ] {
            assert_eq!(store.has_secure(b"s", domain, path.as_bytes(), 0), expected, "{domain} {path}");
        }
        assert!(!store.has_secure(b"t", "b.a", b"/p", 0));
    }
}
