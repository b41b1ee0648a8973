//! URLs from callers and redirects: origin, target, fragment and userinfo (RFC 9110 section 4.2).
//!
//! The parser is strict. Nothing is normalised: the target is sent unchanged, or refused.

use std::fmt;

use super::origin::{Host, Origin, Scheme};
use super::uri::{self, Reference};
use crate::limits::URL_LENGTH;

/// An `http` or `https` URL.
#[derive(Clone, Debug)]
pub struct Url {
    /// The origin.
    pub origin: Origin,
    /// The path with the query: the target of a request. The path has its leading slash.
    pub target: String,
    /// The fragment, which is never sent.
    pub fragment: Option<String>,
    /// Whether there is userinfo before the host.
    pub has_userinfo: bool,
}

/// Which part of a URL is invalid, and why. It never quotes what may be a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError {
    /// The part.
    pub part: Part,
    /// Why, in words for people.
    pub why: String,
}

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "these are the parts of RFC 3986 section 3")]
pub enum Part {
    Scheme,
    Userinfo,
    Host,
    Port,
    Path,
    Query,
    Fragment,
    /// The URL as a whole.
    Whole,
}

impl Url {
    /// Parses a URL.
    ///
    /// A URL has a scheme, `//` and a host. It contains no spaces, control characters or characters beyond ASCII. Those must be
    /// percent-encoded ([`uri::escape`]), or written in Punycode in a host. An empty port means the default port.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > URL_LENGTH {
            return Err(wrong(Part::Whole, "it is too long"));
        }
        let Reference { scheme, authority, path, query, fragment } = Reference::parse(text);
        let scheme = scheme.ok_or_else(|| wrong(Part::Scheme, "there is none: it begins with http:// or https://"))?;
        let scheme = Scheme::parse(scheme).map_err(|what| wrong(Part::Scheme, what))?;
        let authority = authority.ok_or_else(|| wrong(Part::Host, "there is none: // has to follow the scheme"))?;
        let (has_userinfo, place) = match authority.split_once('@') {
            Some((_, place)) if place.contains('@') => return Err(wrong(Part::Userinfo, "an @ in it is written %40")),
            Some((userinfo, place)) => {
                check(Part::Userinfo, userinfo)?;
                (true, place)
            }
            None => (false, authority),
        };
        let origin = parse_origin(scheme, place)?;
        check(Part::Path, path)?;
        let mut target = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        if let Some(query) = query {
            check(Part::Query, query)?;
            target.push('?');
            target.push_str(query);
        }
        if let Some(fragment) = fragment {
            check(Part::Fragment, fragment)?;
        }
        Ok(Self { origin, target, fragment: fragment.map(str::to_owned), has_userinfo })
    }
}

/// The URL without its userinfo (RFC 9110 section 4.2.4).
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.origin.scheme.as_str(), self.origin.authority(), self.target)?;
        self.fragment.as_ref().map_or(Ok(()), |fragment| write!(f, "#{fragment}"))
    }
}

/// `host[:port]`.
fn parse_origin(scheme: Scheme, place: &str) -> Result<Origin, UrlError> {
    let (host, port) = uri::split_port(place).map_err(|what| wrong(Part::Host, format!("the {what}")))?;
    let host = Host::parse(host).map_err(|what| wrong(Part::Host, what))?;
    let port = match port {
        None | Some("") => scheme.default_port(),
        Some(digits) => uri::parse_port(digits).map_err(|what| wrong(Part::Port, format!("the {what}")))?,
    };
    Ok(Origin::new(scheme, host, port))
}

/// Checks that the part can be sent unchanged.
fn check(part: Part, text: &str) -> Result<(), UrlError> {
    match text.chars().find(|c| !matches!(c, '!'..='~')) {
        None => Ok(()),
        Some(' ') => Err(wrong(part, "it holds a space, which is written %20")),
        Some(c) if c.is_ascii() => Err(wrong(part, "it holds a control character")),
        Some(_) => Err(wrong(part, "it holds a character beyond ASCII, which must be percent-encoded")),
    }
}

fn wrong(part: Part, why: impl Into<String>) -> UrlError {
    UrlError { part, why: why.into() }
}

impl Part {
    /// The name of the part, for errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "URL",
            Self::Scheme => "scheme",
            Self::Userinfo => "user or password",
            Self::Host => "host",
            Self::Port => "port",
            Self::Path => "path",
            Self::Query => "query",
            Self::Fragment => "fragment",
        }
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the URL's {} is invalid: {}", self.part.name(), self.why)
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (&'static str, String, u16, String, Option<String>) {
        let Url { origin, target, fragment, .. } = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (origin.scheme.as_str(), origin.host.to_string(), origin.port, target, fragment)
    }

    #[test]
    fn a_url_is_cut_into_its_parts() {
        for (text, scheme, host, port, target, fragment) in [
            ("http://a.test", "http", "a.test", 80, "/", None),
            ("HTTPS://A.Test./b", "https", "a.test.", 443, "/b", None),
            ("http://a:81/b/../c;d?e=/f?#g#h", "http", "a", 81, "/b/../c;d?e=/f?", Some("g#h")),
            ("http://a:/", "http", "a", 80, "/", None),
            ("http://a?b", "http", "a", 80, "/?b", None),
            ("http://a?", "http", "a", 80, "/?", None),
            ("http://a#", "http", "a", 80, "/", Some("")),
            ("https://[2001:DB8::1]:8443//x", "https", "[2001:db8::1]", 8443, "//x", None),
            ("http://127.0.0.1/%e4|{}\"<>\\^`[]@:", "http", "127.0.0.1", 80, "/%e4|{}\"<>\\^`[]@:", None),
            ("http://joe:sesame@a/", "http", "a", 80, "/", None),
            ("http://a/@b", "http", "a", 80, "/@b", None),
            ("http://a?@b", "http", "a", 80, "/?@b", None),
        ] {
            let expected = (scheme, host.to_owned(), port, target.to_owned(), fragment.map(str::to_owned));
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn it_is_shown_without_its_userinfo() {
        for (text, shown) in [
            ("HTTP://joe:sesame@A:080?b#c", "http://a/?b#c"),
            ("https://joe@[::1]:80/b", "https://[::1]:80/b"),
            ("https://a:443", "https://a/"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("sesame"));
            assert_eq!(Url::parse(shown).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn userinfo_is_noticed() {
        for (text, expected) in
            [("http://joe@a", true), ("http://@a", true), ("http://a:b:c@a", true), ("http://a/@", false)]
        {
            assert_eq!(Url::parse(text).unwrap().has_userinfo, expected, "{text}");
        }
    }

    #[test]
    fn the_error_is_about_the_first_wrong_part() {
        for (part, texts) in [
            (
                Part::Scheme,
                &[
                    "",
                    "a.test",
                    "//a/",
                    "/b",
                    "://a",
                    "ftp://a",
                    "file:///b",
                    "a.test:80/",
                    "javascript:alert(1)",
                    " http://a",
                ][..],
            ),
            (
                Part::Host,
                &[
                    "http:",
                    "http:/a",
                    "http:a",
                    "http://",
                    "http:///b",
                    "http://:80/",
                    "http://a b/",
                    "http://a%41/",
                    "http://\u{e4}/",
                    "http://127.1/",
                    "http://[::1",
                    "http://[::1]x/",
                    "http://::1/",
                    "http://[fe80::1%25e]/",
                    "http://a\\b/",
                    "http://joe@",
                    "http://a..b/",
                    "http://a\tb/",
                ],
            ),
            (Part::Userinfo, &["http://a@b@c/", "http://a b@c", "http://\u{e4}@c"]),
            (Part::Port, &["http://a:0/", "http://a:65536/", "http://a:b/", "http://a:+1/", "http://joe:sesame/@a"]),
            (Part::Path, &["http://a/b c", "http://a/\u{e4}", "http://a/\r\nX: y", "http://a/\u{7f}", "http://a/ "]),
            (Part::Query, &["http://a?b c", "http://a/?\u{e4}", "http://a?\0"]),
            (Part::Fragment, &["http://a#b c", "http://a/?b#\u{e4}", "http://a#\n"]),
        ] {
            for text in texts {
                let error = Url::parse(text).unwrap_err();
                assert_eq!(error.part, part, "{text:?}: {error}");
                assert!(error.to_string().contains(part.name()) && !error.to_string().contains("sesame"), "{error}");
            }
        }
    }

    #[test]
    fn the_length_is_bounded() {
        let longest = format!("http://a/{}", "b".repeat(URL_LENGTH - 9));
        assert!(Url::parse(&longest).is_ok());
        assert_eq!(Url::parse(&format!("{longest}b")).unwrap_err().part, Part::Whole);
    }

    #[test]
    fn every_byte_of_each_part() {
        for c in (0..=u8::MAX).map(char::from) {
            let is_ok = |before: &str| Url::parse(&format!("{before}{c}")).is_ok();
            let is_visible = ('!'..='~').contains(&c);
            assert_eq!(is_ok("http://a/b"), is_visible, "{c:?}");
            assert_eq!(is_ok("http://a/?b"), is_visible, "{c:?}");
            assert_eq!(is_ok("http://a/#b"), is_visible, "{c:?}");
            let ends_host = matches!(c, '/' | '?' | '#' | ':');
            assert_eq!(is_ok("http://a"), c.is_ascii_alphanumeric() || "-._".contains(c) || ends_host, "{c:?}");
        }
    }
}
