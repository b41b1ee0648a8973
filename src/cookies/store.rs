//! Cookies by domain, and their eviction (RFC 6265bis section 5.7).

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::matching::{domains, is_below};
use crate::limits::{COOKIES, COOKIES_OF_DOMAIN};

/// A stored cookie.
#[derive(Clone)]
pub(super) struct Cookie {
    pub(super) name: Vec<u8>,
    pub(super) value: Zeroizing<Vec<u8>>,
    /// Whether it is for the domain itself only, and not for hosts below it.
    pub(super) is_host_only: bool,
    pub(super) path: Vec<u8>,
    /// When it expires, in seconds since 1970. `None` for a session cookie.
    pub(super) expires: Option<u64>,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
    /// A sequence number in order of creation. A cookie that replaces another takes over its number.
    pub(super) made: u64,
    /// The sequence number of its last use.
    pub(super) used: u64,
}

impl Cookie {
    /// A session cookie for all paths of a host.
    pub(super) fn new(name: &[u8], value: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            value: Zeroizing::new(value.to_vec()),
            is_host_only: true,
            path: b"/".to_vec(),
            expires: None,
            is_secure: false,
            is_http_only: false,
            made: 0,
            used: 0,
        }
    }

    fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_replaced_by(&self, other: &Self) -> bool {
        (&self.name, self.is_host_only, &self.path) == (&other.name, other.is_host_only, &other.path)
    }
}

impl fmt::Debug for Cookie {
    /// Without the value, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie").field("name", &self.name.escape_ascii().to_string()).finish_non_exhaustive()
    }
}

/// Cookies by their domain.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    /// No list is empty, and none has more than [`COOKIES_OF_DOMAIN`] cookies. The keys are reversed domains, so that the domains below
    /// a domain follow it.
    cookies: BTreeMap<Key, Vec<Cookie>>,
    /// The number of cookies.
    count: usize,
    /// The last sequence number.
    last: u64,
}

impl Store {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// All cookies, by domain.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, &[Cookie])> {
        self.cookies.iter().map(|(key, cookies)| (reversed(key), cookies.as_slice()))
    }

    /// Stores a cookie, in place of one with the same name, domain and path. An expired cookie only removes the other.
    pub(super) fn insert(&mut self, domain: &str, mut cookie: Cookie, now: u64) {
        self.last = self.last.saturating_add(1);
        (cookie.made, cookie.used) = (self.last, self.last);
        let key = reversed(domain);
        let mut cookies = self.cookies.remove(&key).unwrap_or_default();
        self.count = self.count.saturating_sub(cookies.len());
        if let Some(at) = cookies.iter().position(|other| other.is_replaced_by(&cookie)) {
            cookie.made = cookies.remove(at).made;
        }
        if !cookie.is_expired(now) {
            cookies.push(cookie);
        }
        if cookies.len() > COOKIES_OF_DOMAIN {
            evict_one(&mut cookies, now);
        }
        self.count = self.count.saturating_add(cookies.len());
        if !cookies.is_empty() {
            self.cookies.insert(key, cookies);
        }
        if self.count > COOKIES {
            self.evict_many(now);
        }
    }

    /// The cookies for a request, in the order in which they are sent: the longest paths first, then the oldest (RFC 6265bis
    /// section 5.8.3). They count as used.
    pub(super) fn choose(&mut self, host: &str, is_name: bool, path: &[u8], is_secure: bool, now: u64) -> Vec<&Cookie> {
        let number = self.last.saturating_add(1);
        self.last = number;
        // An address has no domains above it.
        for domain in domains(host).take(if is_name { usize::MAX } else { 1 }) {
            for cookie in self.cookies.get_mut(&reversed(domain)).into_iter().flatten() {
                let is_for_host = domain.len() == host.len() || !cookie.is_host_only;
                let is_allowed = is_secure || !cookie.is_secure;
                if is_for_host && is_allowed && is_below(path, &cookie.path) && !cookie.is_expired(now) {
                    cookie.used = number;
                }
            }
        }
        let lists = domains(host).filter_map(|domain| self.cookies.get(&reversed(domain)));
        let mut chosen: Vec<&Cookie> = lists.flatten().filter(|cookie| cookie.used == number).collect();
        chosen.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.made));
        chosen
    }

    /// Whether a cookie with this name, domain and path, set over an insecure connection, would overlay a secure one.
    pub(super) fn has_secure(&self, name: &[u8], domain: &str, path: &[u8], now: u64) -> bool {
        let above = domains(domain).filter_map(|domain| self.cookies.get(&reversed(domain)));
        let begin = reversed(domain) + ".";
        let below = self.cookies.range(begin.clone()..).take_while(|(key, _)| key.starts_with(&begin));
        let mut others = above.chain(below.map(|(_, cookies)| cookies)).flatten();
        others
            .any(|other| other.is_secure && other.name == name && is_below(path, &other.path) && !other.is_expired(now))
    }

    /// Removes the cookies that the predicate selects.
    pub(super) fn remove(&mut self, is_removed: impl Fn(&Cookie) -> bool) {
        for cookies in self.cookies.values_mut() {
            cookies.retain(|cookie| !is_removed(cookie));
        }
        self.cookies.retain(|_, cookies| !cookies.is_empty());
        self.count = self.cookies.values().map(Vec::len).sum();
    }

    pub(super) fn remove_expired(&mut self, now: u64) {
        self.remove(|cookie| cookie.is_expired(now));
    }

    /// Removes expired cookies, then the tenth of all that was not used for longest. Removing many at once keeps the cost of each
    /// insertion low.
    fn evict_many(&mut self, now: u64) {
        self.remove_expired(now);
        let Some(surplus) = self.count.checked_sub(COOKIES).filter(|surplus| *surplus > 0) else { return };
        // Several can have been used at once, but none were created at once.
        let age = |cookie: &Cookie| (cookie.used, cookie.made);
        let mut ages: Vec<_> = self.cookies.values().flatten().map(age).collect();
        ages.sort_unstable();
        let first_kept = ages.get(surplus.saturating_add(COOKIES / 10)).copied().unwrap_or_default();
        self.remove(|cookie| age(cookie) < first_kept);
    }
}

/// See [`Store::cookies`].
type Key = String;

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Removes the least recently used cookie: of the expired ones, else of those that are not secure, else of all.
fn evict_one(cookies: &mut Vec<Cookie>, now: u64) {
    let key = |cookie: &Cookie| (!cookie.is_expired(now), cookie.is_secure, cookie.used);
    if let Some((at, _)) = cookies.iter().enumerate().min_by_key(|(_, cookie)| key(cookie)) {
        cookies.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(name: &str) -> Cookie {
        Cookie::new(name.as_bytes(), b"v")
    }

    fn names(store: &mut Store, host: &str) -> Vec<String> {
        let chosen = store.choose(host, true, b"/", true, 0);
        chosen.iter().map(|cookie| String::from_utf8(cookie.name.clone()).unwrap()).collect()
    }

    fn check(store: &Store) {
        let count = store.iter().map(|(_, cookies)| cookies.len()).sum::<usize>();
        assert!(store.count() == count && count <= COOKIES);
        assert!(store.iter().all(|(_, cookies)| (1..=COOKIES_OF_DOMAIN).contains(&cookies.len())));
    }

    #[test]
    fn a_domain_has_its_limit() {
        let mut store = Store::default();
        for number in 0..COOKIES_OF_DOMAIN {
            store.insert("a", Cookie { is_secure: number % 2 == 0, ..cookie(&number.to_string()) }, 0);
        }
        store.insert("b", cookie("x"), 0);
        // One that is used stays. The next that is not secure goes.
        store.insert("a", Cookie { path: b"/p".to_vec(), ..cookie("used") }, 0);
        assert_eq!(store.count(), COOKIES_OF_DOMAIN + 1);
        let left = names(&mut store, "a");
        assert!(!left.contains(&"1".into()) && left.contains(&"0".into()) && left.contains(&"3".into()));
        // Expired ones go first.
        store.insert("a", Cookie { expires: Some(5), is_secure: true, ..cookie("short") }, 4);
        store.insert("a", cookie("long"), 5);
        assert!(store.iter().all(|(_, cookies)| cookies.iter().all(|cookie| cookie.name != b"short")));
        check(&store);
    }

    #[test]
    fn the_least_used_go_when_there_are_too_many_of_all() {
        let mut store = Store::default();
        for number in 0..COOKIES {
            store.insert(&format!("d{number}"), cookie("c"), 0);
            check(&store);
        }
        assert_eq!(store.count(), COOKIES);
        names(&mut store, "d0");
        store.insert("new", cookie("c"), 0);
        check(&store);
        assert_eq!(store.count(), COOKIES - COOKIES / 10);
        assert_eq!((names(&mut store, "d0").len(), names(&mut store, "new").len()), (1, 1));
        assert_eq!((names(&mut store, "d1").len(), names(&mut store, "d2000").len()), (0, 1));
    }

    #[test]
    fn the_limit_holds_though_all_were_used_at_once() {
        let mut store = Store::default();
        let host: Vec<String> = (0..COOKIES / COOKIES_OF_DOMAIN).map(|label| format!("l{label}")).collect();
        let host = host.join(".");
        for domain in domains(&host) {
            for number in 0..COOKIES_OF_DOMAIN {
                store.insert(domain, Cookie { is_host_only: false, ..cookie(&number.to_string()) }, 0);
            }
        }
        assert_eq!((store.count(), names(&mut store, &host).len()), (COOKIES, COOKIES));
        store.insert("new", cookie("c"), 0);
        check(&store);
        assert_eq!(store.count(), COOKIES - COOKIES / 10);
    }

    #[test]
    fn what_replaces_a_cookie_keeps_its_place() {
        let mut store = Store::default();
        for name in ["a", "b", "a"] {
            store.insert("h", cookie(name), 0);
        }
        store.insert("h", Cookie { is_host_only: false, ..cookie("a") }, 0);
        store.insert("h", Cookie { path: b"/x".to_vec(), ..cookie("a") }, 0);
        assert_eq!(names(&mut store, "h"), ["a", "b", "a"]);
        assert_eq!(store.count(), 4);
        store.insert("h", Cookie { expires: Some(0), ..cookie("a") }, 0);
        assert_eq!(names(&mut store, "h"), ["b", "a"]);
        check(&store);
    }

    #[test]
    fn secure_cookies_above_and_below_are_found() {
        let mut store = Store::default();
        for domain in ["b.a", "c.b.a", "xb.a", "d"] {
            store.insert(domain, Cookie { is_secure: true, path: b"/p".to_vec(), ..cookie("s") }, 0);
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
