//! The jar: which cookies are accepted from a response, and which are sent with a request.

use std::time::Duration;

use zeroize::Zeroizing;

use super::Place;
use super::matching::{default_path, is_within};
use super::refused::Refused;
use super::set_cookie::{SetCookie, check_bytes, check_size};
use super::store::{Cookie, Store};
use super::suffixes::PublicSuffixes;
use crate::limits::{COOKIE_AGE, COOKIE_FIELD_LENGTH};

/// Cookies, under the rules of RFC 6265bis. `SameSite` is ignored, because every request comes from the caller itself.
///
/// Without a list of public suffixes, a cookie is for its host only, whatever its `Domain` says. Otherwise the server `a.co.uk` could
/// set cookies for all of `co.uk`.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    pub(super) store: Store,
    pub(super) suffixes: Option<PublicSuffixes>,
}

/// The cookies for a request.
#[derive(Debug)]
pub struct Chosen {
    /// The value of `Cookie`. It is overwritten when it is dropped.
    pub value: Zeroizing<Vec<u8>>,
    /// The number of cookies that were left out, because the field is limited to [`COOKIE_FIELD_LENGTH`].
    pub left_out: usize,
}

impl Jar {
    /// Sets the list of public suffixes. It applies to cookies that are received later.
    pub fn set_public_suffixes(&mut self, suffixes: Option<PublicSuffixes>) {
        self.suffixes = suffixes;
    }

    /// The number of cookies, including expired ones.
    pub fn len(&self) -> usize {
        self.store.cookies().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all cookies.
    pub fn clear(&mut self) {
        self.store = Store::default();
    }

    /// Removes session cookies.
    pub fn clear_session_cookies(&mut self) {
        self.store.remove_session_cookies();
    }

    /// Receives a cookie from one `Set-Cookie` line. `now` is the time since 1970.
    pub fn receive(&mut self, from: &Place, field: &[u8], now: Duration) -> Result<(), Refused> {
        let now = now.as_secs();
        let set = SetCookie::parse(field)?;
        let domain = self.domain(from, set.domain.unwrap_or_default())?;
        if set.is_secure && !from.is_secure {
            return Err(Refused::Insecure);
        }
        let is_host_only = domain.is_none() || self.suffixes.is_none();
        let is_of_host = domain.is_none() && set.path.is_some();
        let domain = domain.filter(|_| !is_host_only).unwrap_or_else(|| from.host.clone());
        let cookie = Cookie {
            is_host_only,
            path: set.path.unwrap_or(default_path(&from.path).as_bytes()).to_vec(),
            expires: set.max_age.map(|age| now.saturating_add(age)).or(set.expires),
            is_secure: set.is_secure,
            is_http_only: set.is_http_only,
            ..Cookie::new(domain, set.name, set.value)
        };
        // A `Domain` breaks the rule of `__Host-`, even where it has no effect.
        check_prefix(&cookie, is_of_host)?;
        if !from.is_secure && self.store.has_secure(&cookie.name, &cookie.domain, &cookie.path, now) {
            return Err(Refused::Overlay);
        }
        self.insert(cookie, now);
        Ok(())
    }

    /// The cookies for a request, if there are any. `taken` is the length of what else is in the same field.
    pub fn choose(&mut self, to: &Place, now: Duration, taken: usize) -> Option<Chosen> {
        let room = COOKIE_FIELD_LENGTH.saturating_sub(taken);
        let cookies = self.store.choose(&to.host, to.is_name, to.path.as_bytes(), to.is_secure, now.as_secs());
        let length = |cookie: &Cookie| cookie.name.len().saturating_add(cookie.value.len()).saturating_add(3);
        let all = cookies.iter().fold(0, |sum: usize, cookie| sum.saturating_add(length(cookie)));
        // Allocated at once, because a buffer that grows leaves copies in memory.
        let mut value = Zeroizing::new(Vec::with_capacity(all.min(room)));
        let mut taken: usize = 0;
        for cookie in &cookies {
            if value.len().saturating_add(length(cookie)) > room {
                break;
            }
            if taken > 0 {
                value.extend_from_slice(b"; ");
            }
            if !cookie.name.is_empty() {
                value.extend_from_slice(&cookie.name);
                value.push(b'=');
            }
            value.extend_from_slice(&cookie.value);
            taken = taken.saturating_add(1);
        }
        (!cookies.is_empty()).then(|| Chosen { value, left_out: cookies.len().saturating_sub(taken) })
    }

    /// The domain of a cookie with this `Domain`. `None` if it is for its host only.
    fn domain(&self, from: &Place, attribute: &[u8]) -> Result<Option<String>, Refused> {
        if attribute.is_empty() {
            return Ok(None);
        }
        let domain = std::str::from_utf8(attribute).map_err(|_| Refused::Domain)?.to_ascii_lowercase();
        if self.is_public(&domain) {
            return if domain == from.host { Ok(None) } else { Err(Refused::PublicSuffix) };
        }
        let is_matched = if from.is_name { is_within(&from.host, &domain) } else { from.host == domain };
        if is_matched { Ok(Some(domain)) } else { Err(Refused::Domain) }
    }

    pub(super) fn is_public(&self, domain: &str) -> bool {
        self.suffixes.as_ref().is_some_and(|suffixes| suffixes.contain(domain))
    }

    /// Stores a cookie, at most for [`COOKIE_AGE`].
    pub(super) fn insert(&mut self, mut cookie: Cookie, now: u64) {
        cookie.expires = cookie.expires.map(|expires| expires.min(now.saturating_add(COOKIE_AGE.as_secs())));
        self.store.insert(cookie, now);
    }
}

/// Checks a name and a value that did not come from `Set-Cookie`.
pub(super) fn check_pair(name: &[u8], value: &[u8]) -> Result<(), Refused> {
    check_bytes(name)?;
    check_bytes(value)?;
    check_size(name, value)
}

/// Checks the rules for the prefixes of names (RFC 6265bis section 4.1.3), in any case. A value without a name must not begin with a
/// prefix, because servers would read it as a name. `is_of_host` says that the cookie had a `Path` and no `Domain`.
pub(super) fn check_prefix(cookie: &Cookie, is_of_host: bool) -> Result<(), Refused> {
    let shown: &[u8] = if cookie.name.is_empty() { &cookie.value } else { &cookie.name };
    let begins = |prefix: &str| {
        shown.get(..prefix.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let (is_secure, is_host) = (begins("__Secure-"), begins("__Host-"));
    let is_kept = if cookie.name.is_empty() {
        !is_secure && !is_host
    } else if is_host {
        cookie.is_secure && is_of_host && cookie.path == b"/"
    } else {
        !is_secure || cookie.is_secure
    };
    if is_kept { Ok(()) } else { Err(Refused::Prefix) }
}
