//! Parsing of URIs into their parts: references, authorities, `host:port`, percent-encoding (RFC 3986).
//!
//! Nothing here looks up a name. `origin` says which hosts an origin can have, `resolve` what a reference refers to, and `url` takes
//! the URLs of callers.

use crate::reason::Reason;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A URI reference, split as in RFC 3986 appendix B. Any text is one; only the scheme is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The scheme, without its colon.
    pub scheme: Option<&'a str>,
    /// The authority, without the slashes before it.
    pub authority: Option<&'a str>,
    /// The path.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The fragment, without its number sign.
    pub fragment: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Splits this text.
    pub fn parse(text: &'a str) -> Self {
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                (Some(authority), rest)
            }
            None => (None, rest),
        };
        let (rest, fragment) = split_off(rest, '#');
        let (path, query) = split_off(rest, '?');
        Self { scheme, authority, path, query, fragment }
    }
}

/// The text before the first such character, and that after it.
fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The reference again, as in RFC 3986 section 5.3.
impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, authority, path, query, fragment } = self;
        scheme.map_or(Ok(()), |scheme| write!(f, "{scheme}:"))?;
        authority.map_or(Ok(()), |authority| write!(f, "//{authority}"))?;
        f.write_str(path)?;
        query.map_or(Ok(()), |query| write!(f, "?{query}"))?;
        fragment.map_or(Ok(()), |fragment| write!(f, "#{fragment}"))
    }
}

/// RFC 3986 section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Splits `host[:port]`. A host keeps its brackets. Neither part is checked, and each may be empty.
///
/// The error quotes nothing. It is the end of a sentence that begins with whose host this is.
pub fn split_port(text: &str) -> Result<(&str, Option<&str>), Reason> {
    if let Some(end) = text.find(']').filter(|_| text.starts_with('[')) {
        let (host, rest) = text.split_at(end.saturating_add(1));
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("host is followed by something else than a port"),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Err("IPv6 address must stand in brackets"),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

/// Parses a port. The error is as that of [`split_port`].
pub fn parse_port(digits: &str) -> Result<u16, Reason> {
    // `parse` would accept a sign.
    if !is_digits(digits) {
        return Err("port is no number");
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err("port is not between 1 and 65535"),
        Ok(port) => Ok(port),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text between brackets, if this text begins and ends with one.
pub fn within_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
}

/// Parses an IP address. An IPv6 address may be in brackets.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    match within_brackets(text) {
        Some(bare) => bare.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        None => text.parse().ok(),
    }
}

/// The bytes of percent-encoded text (RFC 3986 section 2.1), if each `%` has its two digits.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    // Decoded text is never longer: a buffer that does not grow leaves no copy of a password behind.
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high.saturating_mul(16).saturating_add(low)).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}

/// Percent-encodes what cannot stand in a reference, as browsers do with the value of `Location`: bytes beyond ASCII, control
/// characters, spaces, and what their lists for path, query and fragment have beside (the URL standard, section 1.3). The rest stays,
/// and so do escapes, and a `%` that begins none.
pub fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    let mut set = PATH_SET;
    for byte in bytes {
        match byte {
            b'#' => set = FRAGMENT_SET,
            b'?' if set == PATH_SET => set = QUERY_SET,
            _ => {}
        }
        if matches!(byte, b'!'..=b'~') && !set.contains(byte) {
            escaped.push(char::from(*byte));
        } else {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default().to_ascii_uppercase();
            escaped.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    escaped
}

/// The visible characters that are encoded in each part.
const PATH_SET: &[u8] = b"\"<>^`{}";
const QUERY_SET: &[u8] = b"\"'<>";
const FRAGMENT_SET: &[u8] = b"\"<>`";

/// Whether this can be the value of `Host`: `uri-host [ ":" port ]`, which may be empty (RFC 9110 section 7.2).
///
/// Servers interpret anything else differently. One that takes part of it for a path, or picks one of two names, serves another
/// resource than the requested one.
pub fn check_host_field(value: &[u8]) -> Result<(), Reason> {
    // Whitespace at either end is not part of the value.
    check_host_port(value.trim_ascii())
}

/// Whether this authority, which has no userinfo, is `uri-host [ ":" port ]`.
pub(super) fn check_host_port(authority: &[u8]) -> Result<(), Reason> {
    const ERROR: &str = "it is not a host, which may have a port";
    let text = std::str::from_utf8(authority).map_err(|_| ERROR)?;
    let (host, port) = split_port(text).map_err(|_| ERROR)?;
    let is_host = match within_brackets(host) {
        Some(literal) => is_ip_literal(literal),
        None => is_name(host),
    };
    if is_host && port.is_none_or(is_digits) { Ok(()) } else { Err(ERROR) }
}

/// `reg-name`, which includes IPv4 addresses. It may be empty.
fn is_name(host: &str) -> bool {
    let mut bytes = host.bytes();
    while let Some(byte) = bytes.next() {
        let is_good = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            _ => is_plain(byte),
        };
        if !is_good {
            return false;
        }
    }
    true
}

/// The text between the brackets of an `IP-literal`.
fn is_ip_literal(text: &str) -> bool {
    let future = |text: &str| {
        let (version, address) = text.split_once('.')?;
        let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_address = !address.is_empty() && address.bytes().all(|byte| is_plain(byte) || byte == b':');
        Some(is_version && is_address)
    };
    match text.strip_prefix(['v', 'V']) {
        Some(rest) => future(rest).unwrap_or_default(),
        None => text.parse::<Ipv6Addr>().is_ok(),
    }
}

/// `unreserved` and `sub-delims`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_cut_into_their_parts() {
        for (text, scheme, authority, path) in [
            ("", None, None, ""),
            ("/", None, None, "/"),
            ("/a:b@c?d#e", None, None, "/a:b@c"),
            ("a/b", None, None, "a/b"),
            ("?q", None, None, ""),
            ("#f?g", None, None, ""),
            ("//a.test/b", None, Some("a.test"), "/b"),
            ("http://a.test", Some("http"), Some("a.test"), ""),
            ("HTTP://u@[::1]:80/x//y?z#f", Some("HTTP"), Some("u@[::1]:80"), "/x//y"),
            ("a+b-c.1://x?/y", Some("a+b-c.1"), Some("x"), ""),
            ("http://a#/b", Some("http"), Some("a"), ""),
            ("http:///b", Some("http"), Some(""), "/b"),
            ("http:/b", Some("http"), None, "/b"),
            ("urn:a:b", Some("urn"), None, "a:b"),
            ("a.test:80", Some("a.test"), None, "80"),
            ("://a", None, None, "://a"),
            ("1http://a", None, None, "1http://a"),
            ("h_t://a", None, None, "h_t://a"),
            ("x/http://a", None, None, "x/http://a"),
            ("\u{e4}://a", None, None, "\u{e4}://a"),
        ] {
            let reference = Reference::parse(text);
            assert_eq!((reference.scheme, reference.authority, reference.path), (scheme, authority, path), "{text}");
            assert_eq!(reference.to_string(), text);
        }
        for (text, query, fragment) in [
            ("a", None, None),
            ("a?", Some(""), None),
            ("a#", None, Some("")),
            ("?b?c#d?e#f", Some("b?c"), Some("d?e#f")),
            ("#?", None, Some("?")),
            ("http://a?b:/", Some("b:/"), None),
        ] {
            let reference = Reference::parse(text);
            assert_eq!((reference.query, reference.fragment), (query, fragment), "{text}");
        }
    }

    #[test]
    fn references_cut_anywhere_are_the_text_again() {
        const TEXT: &str = "http://us\u{e4}r@[::1]:80//p:a/t@h?q/?#f:#//x";
        let parts: Vec<_> = TEXT.char_indices().map(|(at, _)| TEXT.split_at(at)).collect();
        for text in parts.iter().flat_map(|(before, after)| [*before, *after]) {
            assert_eq!(Reference::parse(text).to_string(), text);
        }
    }

    #[test]
    fn every_byte_of_a_reference() {
        for byte in 0..=u8::MAX {
            let char = char::from(byte);
            let is_part = byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
            let scheme = format!("a{char}");
            let expected = (is_part || char == ':').then_some(if is_part { scheme.as_str() } else { "a" });
            assert_eq!(Reference::parse(&format!("{scheme}:b")).scheme, expected, "{char:?}");
            let text = format!("http://a{char}b");
            let authority = if b"/?#".contains(&byte) { "a" } else { &text[7..] };
            assert_eq!(Reference::parse(&text).authority, Some(authority), "{char:?}");
            let text = format!("/a{char}b");
            let path = if b"?#".contains(&byte) { "/a" } else { &text };
            assert_eq!(Reference::parse(&text).path, path, "{char:?}");
        }
    }

    #[test]
    fn hosts_and_ports() {
        for (text, host, port) in [
            ("", "", None),
            ("a", "a", None),
            ("a:", "a", Some("")),
            (":1", "", Some("1")),
            ("a:80", "a", Some("80")),
            ("a:x", "a", Some("x")),
            ("[::1]", "[::1]", None),
            ("[::1]:", "[::1]", Some("")),
            ("[::1]:80", "[::1]", Some("80")),
            ("[::1]:80:80", "[::1]", Some("80:80")),
            ("[]:1", "[]", Some("1")),
            ("[a", "[a", None),
            ("a]:1", "a]", Some("1")),
        ] {
            assert_eq!(split_port(text), Ok((host, port)), "{text}");
        }
        for (text, words) in [
            ("::1", "brackets"),
            ("a:1:2", "brackets"),
            ("[::1", "brackets"),
            ("::", "brackets"),
            ("[::1]80", "followed"),
            ("[::1]]", "followed"),
            ("[]a:1", "followed"),
        ] {
            let error = split_port(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_put_together_is_split_there_again() {
        for host in ["", "a", "a.test", "127.0.0.1", "[::1]", "[v1.a:b]", "\u{e4}"] {
            assert_eq!(split_port(host), Ok((host, None)));
            for port in ["", "1", "65536", "x", "+1"] {
                assert_eq!(split_port(&format!("{host}:{port}")), Ok((host, Some(port))), "{host} {port}");
            }
        }
    }

    #[test]
    fn ports_are_digits_alone() {
        assert_eq!(parse_port("1"), Ok(1));
        assert_eq!(parse_port("00443"), Ok(443));
        assert_eq!(parse_port("65535"), Ok(65535));
        for text in ["", "0", "000", "65536", "4294967376", "99999999999999999999"] {
            assert_eq!(parse_port(text), Err("port is not between 1 and 65535"), "{text}");
        }
        for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
            for text in [format!("{}1", char::from(byte)), format!("1{}", char::from(byte))] {
                assert_eq!(parse_port(&text), Err("port is no number"), "{text:?}");
            }
        }
    }

    #[test]
    fn addresses_of_ipv6_alone_stand_in_brackets() {
        let parsed = |text| parse_address(text).map(|address| address.to_string());
        assert_eq!(parsed("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(parsed("2001:DB8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(parsed("[2001:db8::1]").as_deref(), Some("2001:db8::1"));
        for text in ["", "[]", "[192.0.2.1]", "[[::1]]", "[::1", "::1]", "[::1]:80", "fe80::1%1", "127.1", "a", " ::1"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn percent_encoding_is_undone() {
        for byte in 0..=u8::MAX {
            for encoded in [format!("a%{byte:02x}b"), format!("a%{byte:02X}b")] {
                assert_eq!(decode(&encoded), Some(vec![b'a', byte, b'b']), "{encoded}");
                for end in 2..4 {
                    assert_eq!(decode(&encoded[..end]), None, "{encoded}");
                }
            }
        }
        for byte in (0..0x80).filter(|byte: &u8| !byte.is_ascii_hexdigit()) {
            let char = char::from(byte);
            assert_eq!((decode(&format!("%{char}0")), decode(&format!("%0{char}"))), (None, None), "{char:?}");
        }
        assert_eq!(decode("\u{e4}+"), Some("\u{e4}+".into()));
        let text = "%41".repeat(1000);
        assert_eq!(decode(&text).unwrap().capacity(), text.len());
    }

    #[test]
    fn what_cannot_stand_in_a_reference_is_escaped() {
        for (text, escaped) in [
            ("", ""),
            ("http://a.test:80/b/../c?d=e#f", "http://a.test:80/b/../c?d=e#f"),
            ("/caf\u{e9} ol\u{e9}", "/caf%C3%A9%20ol%C3%A9"),
            ("/%41%zz%", "/%41%zz%"),
            ("/\"<>^`{}'|\\[]", "/%22%3C%3E%5E%60%7B%7D'|\\[]"),
            ("?\"<>^`{}'|?", "?%22%3C%3E^`{}%27|?"),
            ("/a#\"<>^`{}'?#", "/a#%22%3C%3E^%60{}'?#"),
            ("\t\u{7f}\0\n", "%09%7F%00%0A"),
        ] {
            assert_eq!(escape(text.as_bytes()), escaped);
            assert_eq!(escape(escaped.as_bytes()), escaped, "once is enough");
        }
        assert_eq!(escape(b"/\xe9\xff"), "/%E9%FF");
        for byte in 0..=u8::MAX {
            for before in ["/", "?", "#"] {
                let escaped = escape(&[before.as_bytes(), &[byte]].concat());
                assert_eq!(decode(&escaped), (byte != b'%').then(|| [before.as_bytes(), &[byte]].concat()));
            }
        }
    }

    #[test]
    fn what_can_be_in_host() {
        for value in [
            "",
            "a",
            "A.test",
            "a.test.",
            "a.test:80",
            "a.test:",
            ":80",
            "127.0.0.1:8080",
            "a_b",
            "a~b!$&'()*+,;=c",
            "%e4b",
            "[::1]",
            "[::1]:443",
            "[::1]:",
            "[v1.a:b]",
            "[VF.~]:1",
            " a.test\t",
            "a:65536",
        ] {
            assert_eq!(check_host_field(value.as_bytes()), Ok(()), "{value:?}");
        }
        for value in [
            "a b",
            "x, y",
            "a/../@c",
            "a/",
            "user@a",
            "a@",
            "a:b",
            "a:80:80",
            "a:-1",
            "a:+80",
            "a: 80",
            "a?b",
            "a#b",
            "a\\b",
            "\"a\"",
            "a|b",
            "<a>",
            "a^",
            "`",
            "{a}",
            "[a",
            "a]",
            "[]",
            "[::1",
            "::1",
            "[::1%25eth0]",
            "[::1]a",
            "[::1]:a",
            "[v.a]",
            "[v1.]",
            "[vg.a]",
            "%",
            "%4",
            "%4g",
            "\u{e4}",
            "http://a",
            "a\tb",
        ] {
            assert!(check_host_field(value.as_bytes()).is_err(), "{value:?}");
        }
        check_host_field(b"a\xff").unwrap_err();
    }

    #[test]
    fn every_byte_of_a_host() {
        for byte in 0..=u8::MAX {
            let is_good = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
            assert_eq!(check_host_field(&[b'a', byte, b'a']).is_ok(), is_good, "{byte:#x}");
        }
    }
}
