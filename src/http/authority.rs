//! Authorities as text, in a URI and in `Host`: what they may hold (RFC 3986 section 3.2), and whose they are.

use std::net::Ipv6Addr;

use super::origin::{Origin, Scheme};

/// Whether this can be the value of `Host`: `uri-host [ ":" port ]`, which may be empty (RFC 9110 section 7.2). The error is
/// words for people.
///
/// Servers differ in what they make of anything else, and one that takes part of it for a path, or one of two names, serves
/// what nobody asked for.
pub fn check_host_field(value: &[u8]) -> Result<(), &'static str> {
    // Whitespace at either end is no part of a value.
    check(value.trim_ascii())
}

/// Whether this authority, which has no userinfo, is `uri-host [ ":" port ]`. The error is words for people.
pub(super) fn check(authority: &[u8]) -> Result<(), &'static str> {
    const ERROR: &str = "it is not a host, which may have a port";
    let text = std::str::from_utf8(authority).map_err(|_| ERROR)?;
    let (host, port) = split(text);
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(is_ip_literal),
        None => is_name(host),
    };
    let is_port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    if is_host && is_port { Ok(()) } else { Err(ERROR) }
}

/// Whether this authority, in a URI of this scheme, is the origin's.
pub fn is_of(origin: &Origin, scheme: &str, authority: &str) -> bool {
    let (host, port) = split(authority);
    let default = if scheme.eq_ignore_ascii_case("https") { Scheme::Https } else { Scheme::Http };
    let port = match port {
        None | Some("") => default.default_port(),
        // Digits alone, because `parse` takes a sign.
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().unwrap_or(0),
        Some(_) => 0,
    };
    Origin::parse(scheme, host, port).is_ok_and(|other| other == *origin)
}

/// Whether this value of `Host` names the origin.
pub fn names(origin: &Origin, value: &[u8]) -> bool {
    let scheme = match origin.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    std::str::from_utf8(value.trim_ascii()).is_ok_and(|authority| is_of(origin, scheme, authority))
}

/// The host, an IP literal with its brackets, and the port, if there is a colon before one.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// `reg-name`, of which an IPv4 address is one; it may be empty.
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

/// What stands between the brackets of an `IP-literal`.
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

    #[test]
    fn an_authority_is_of_one_origin() {
        let plain = Origin::parse("http", "a.test", 80).unwrap();
        for value in ["a.test", "A.Test", "a.test:80", "a.test:", "a.test:0080", " a.test "] {
            assert!(names(&plain, value.as_bytes()), "{value:?}");
        }
        for value in [
            "",
            "b.test",
            "a.test:81",
            "a.test:443",
            "a.test:+80",
            "a.test:65616",
            "x@a.test",
            "a.test,b.test",
            "[::1]",
        ] {
            assert!(!names(&plain, value.as_bytes()), "{value:?}");
        }
        let six = Origin::parse("https", "::1", 8443).unwrap();
        assert!(names(&six, b"[::1]:8443") && names(&six, b"[0:0::1]:8443"));
        assert!(!names(&six, b"[::1]") && !names(&six, b"[::2]:8443") && !is_of(&six, "http", "[::1]:8443"));
    }
}
