//! Files of cookies, in the format of Netscape and curl, or with `Set-Cookie` lines.
//!
//! A line has seven parts, separated by tabs: domain, whether hosts below it are included, path, whether the cookie is secure, its
//! expiry (0 for a session cookie), name, value. The domain can have the prefix `#HttpOnly_`. Any other line that begins with `#` is a
//! comment.

use std::time::Duration;

use super::Place;
use super::jar::{Jar, check_pair, check_prefix};
use super::refused::Refused;
use super::set_cookie::SetCookie;
use super::store::Cookie;
use crate::http::origin::Host;
use crate::limits::COOKIE_ATTRIBUTE_LENGTH;

/// The result of reading a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The number of accepted cookies, including expired ones, which are not stored.
    pub taken: usize,
    /// The number of lines that are not cookies, or are cookies that the rules forbid.
    pub refused: usize,
}

/// The result of writing a file.
#[derive(Debug)]
pub struct Exported {
    /// Its content.
    pub text: Vec<u8>,
    /// The number of cookies that the format cannot express, because they contain a tab.
    pub left_out: usize,
}

const HTTP_ONLY: &[u8] = b"#HttpOnly_";
const SET_COOKIE: &[u8] = b"set-cookie:";

impl Jar {
    /// Adds the cookies of a file. `now` is the time since 1970.
    ///
    /// A `Set-Cookie` line with `Domain` is for that domain. One without it is for `place`, and is refused if that is `None`.
    pub fn import(&mut self, text: &[u8], place: Option<&Place>, now: Duration) -> Imported {
        let mut imported = Imported::default();
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_comment = line.starts_with(b"#") && !line.starts_with(HTTP_ONLY);
            if is_comment || line.trim_ascii().is_empty() {
                continue;
            }
            let taken = match strip_prefix(line, SET_COOKIE) {
                Some(field) => self.import_field(field.trim_ascii_start(), place, now),
                None => self.import_line(line, now),
            };
            match taken {
                Some(()) => imported.taken = imported.taken.saturating_add(1),
                None => imported.refused = imported.refused.saturating_add(1),
            }
        }
        imported
    }

    /// The cookies that have not expired, as a file.
    pub fn export(&self, now: Duration) -> Exported {
        let mut exported = Exported { text: b"# Netscape HTTP Cookie File\n".to_vec(), left_out: 0 };
        for cookie in self.store.cookies().iter().filter(|cookie| !cookie.is_expired(now.as_secs())) {
            if [&cookie.name, &*cookie.value, &cookie.path].into_iter().any(|part| part.contains(&b'\t')) {
                exported.left_out = exported.left_out.saturating_add(1);
            } else {
                write_line(&mut exported.text, cookie);
            }
        }
        exported
    }

    fn import_field(&mut self, field: &[u8], place: Option<&Place>, now: Duration) -> Option<()> {
        let domain = SetCookie::parse(field).ok()?.domain.filter(|domain| !domain.is_empty());
        let named;
        let place = match domain {
            Some(domain) => {
                named = place_of(domain)?;
                &named
            }
            None => place?,
        };
        self.receive(place, field, now).ok()
    }

    fn import_line(&mut self, line: &[u8], now: Duration) -> Option<()> {
        let (is_http_only, line) = match line.strip_prefix(HTTP_ONLY) {
            Some(line) => (true, line),
            None => (false, line),
        };
        let parts: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let (domain, is_wide, path, is_secure, expires, name, value) = match *parts {
            [domain, is_wide, path, is_secure, expires, name] => {
                (domain, is_wide, path, is_secure, expires, name, &[][..])
            }
            [domain, is_wide, path, is_secure, expires, name, value] => {
                (domain, is_wide, path, is_secure, expires, name, value)
            }
            _ => return None,
        };
        let place = place_of(domain)?;
        let is_host_only = !flag(is_wide)? || !place.is_name || self.is_public(&place.host);
        let cookie = Cookie {
            is_host_only,
            path: if path.starts_with(b"/") { path.to_vec() } else { b"/".to_vec() },
            expires: Some(number(expires)?).filter(|expires| *expires > 0),
            is_secure: flag(is_secure)?,
            is_http_only,
            ..Cookie::new(place.host, name, value)
        };
        self.check(&cookie).ok()?;
        self.insert(cookie, now.as_secs());
        Some(())
    }

    fn check(&self, cookie: &Cookie) -> Result<(), Refused> {
        check_pair(&cookie.name, &cookie.value)?;
        check_pair(&cookie.path, b"")?;
        if cookie.path.len() > COOKIE_ATTRIBUTE_LENGTH {
            return Err(Refused::TooLong);
        }
        check_prefix(cookie, cookie.is_host_only)
    }
}

/// The place of a cookie in a file. It counts as secure, because the caller provided the file.
fn place_of(domain: &[u8]) -> Option<Place> {
    let domain = std::str::from_utf8(domain.strip_prefix(b".").unwrap_or(domain)).ok()?;
    Some(match Host::parse(domain).ok()? {
        Host::Name(host) => Place { host, is_name: true, path: "/".into(), is_secure: true },
        Host::Address(host) => Place { host: host.to_string(), is_name: false, path: "/".into(), is_secure: true },
    })
}

fn flag(part: &[u8]) -> Option<bool> {
    let is = |word: &[u8]| part.eq_ignore_ascii_case(word);
    if is(b"TRUE") { Some(true) } else { is(b"FALSE").then_some(false) }
}

/// A number of digits only. One that is too large counts as the greatest.
fn number(part: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(part).ok().filter(|digits| !digits.is_empty())?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().unwrap_or(u64::MAX))
}

fn strip_prefix<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (beginning, rest) = line.split_at_checked(prefix.len())?;
    beginning.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn write_line(text: &mut Vec<u8>, cookie: &Cookie) {
    let flag = |is_set| if is_set { "TRUE" } else { "FALSE" };
    if cookie.is_http_only {
        text.extend_from_slice(HTTP_ONLY);
    }
    if !cookie.is_host_only {
        text.push(b'.');
    }
    let expires = cookie.expires.unwrap_or_default().to_string();
    let parts: [&[u8]; 7] = [
        cookie.domain.as_bytes(),
        flag(!cookie.is_host_only).as_bytes(),
        &cookie.path,
        flag(cookie.is_secure).as_bytes(),
        expires.as_bytes(),
        &cookie.name,
        &cookie.value,
    ];
    text.extend_from_slice(&parts.join(&b'\t'));
    text.push(b'\n');
}
