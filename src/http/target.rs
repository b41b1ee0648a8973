//! Which targets can be sent with which method (RFC 9112 section 3.2).
//!
//! Nothing here escapes, resolves or normalises. The target is sent unchanged, or refused.

use super::origin::{Host, Scheme};
use super::uri::{self, Reference};
use crate::limits::TARGET_LENGTH;
use crate::reason::Reason;

/// Whether this target can be sent with this method over a connection of this scheme.
///
/// The forms are `/path?query`, `scheme://authority...`, `host:port` for CONNECT only, and `*` for OPTIONS only. An absolute URI
/// without `//` (`urn:a:b`) is refused, because it cannot be told from `host:port`. Characters that are invalid in a URI but
/// harmless in a request line are sent unchanged: `|`, `{`, `"` and the like.
pub fn check(scheme: Scheme, method: &str, target: &str) -> Result<(), Reason> {
    if target.is_empty() {
        return Err("the target is empty");
    }
    if target.len() > TARGET_LENGTH {
        return Err("the target is too long");
    }
    if let Some(bad) = target.bytes().find(|byte| !matches!(byte, b'!'..=b'~')) {
        return Err(match bad {
            0x80.. => "the target holds a character beyond ASCII, which must be percent-encoded",
            b' ' => "the target holds a space, which must be percent-encoded",
            _ => "the target holds a control character",
        });
    }
    // A fragment is never sent (RFC 9110 section 7.1).
    if target.contains('#') {
        return Err("the target has a fragment, which is for the client alone");
    }
    match (method, target) {
        ("CONNECT", _) => check_authority(target),
        ("OPTIONS", "*") => Ok(()),
        (_, "*") => Err("the target \"*\" is only for OPTIONS"),
        (_, path) if path.starts_with('/') => Ok(()),
        (_, uri) => check_absolute(scheme, uri),
    }
}

/// The authority in this target, which was checked. `None` means that of the connection.
pub fn authority<'a>(method: &str, target: &'a str) -> Option<&'a str> {
    match method {
        "CONNECT" => Some(target),
        _ if target.starts_with('/') => None,
        _ => Reference::parse(target).authority,
    }
}

/// `host:port`, with neither part empty (RFC 9112 section 3.2.3).
fn check_authority(target: &str) -> Result<(), Reason> {
    const ERROR: &str = "the target of CONNECT is not host:port";
    let Ok((host, Some(port))) = uri::split_port(target) else { return Err(ERROR) };
    Host::parse(host).map_err(|_| ERROR)?;
    uri::parse_port(port).map(|_| ()).map_err(|_| "the target of CONNECT has no port from 1 to 65535")
}

/// `scheme://authority` and anything after it (RFC 9112 section 3.2.2).
fn check_absolute(connection: Scheme, target: &str) -> Result<(), Reason> {
    const ERROR: &str = "the target is neither a path, which begins with \"/\", nor an absolute URI";
    let Reference { scheme: Some(scheme), authority: Some(authority), .. } = Reference::parse(target) else {
        return Err(ERROR);
    };
    // RFC 9110 section 4.2.2: a request for `https` must be secured.
    if scheme.eq_ignore_ascii_case("https") && connection != Scheme::Https {
        return Err("the target is an https URI, which cannot be asked for in the clear");
    }
    // RFC 9110 section 4.2.1.
    if authority.is_empty() || authority.starts_with(':') {
        return Err("the target is an absolute URI without a host");
    }
    // RFC 9110 section 4.2.4 forbids userinfo in messages. It would show a password to everyone on the way.
    if authority.contains('@') {
        return Err("the target holds a user's name or password");
    }
    // It becomes the value of `Host`.
    uri::check_host_port(authority.as_bytes())
        .map_err(|_| "the target's authority is not a host, which may have a port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_where_it_may_be() {
        let table = [
            ("GET", "/"),
            ("GET", "/foo"),
            ("GET", "/foo?bar"),
            ("GET", "/?"),
            ("GET", "//not/a/host"),
            ("GET", "/a:b@c"),
            ("GET", "/%e4|{}\"<>\\^`[]"),
            ("GET", "http://example.com"),
            ("GET", "http://example.com/"),
            ("GET", "HTTP://[::1]:80?q"),
            ("GET", "ftp://ftp.foo.bar/norman"),
            ("GET", "a+b-c.1://x/y@z"),
            ("OPTIONS", "*"),
            ("OPTIONS", "/"),
            ("OPTIONS", "http://example.com"),
            ("CONNECT", "example.com:443"),
            ("CONNECT", "example.com:00443"),
            ("CONNECT", "127.0.0.1:1"),
            ("CONNECT", "[2001:db8::cafe]:65535"),
        ];
        for (method, target) in table {
            assert_eq!(check(Scheme::Http, method, target), Ok(()), "{method} {target}");
        }
    }

    #[test]
    fn nothing_else() {
        let table = [
            ("GET", ""),
            ("GET", "*"),
            ("options", "*"),
            ("OPTIONS", "**"),
            ("GET", "foo"),
            ("GET", "?q"),
            ("GET", "example.com"),
            ("GET", "example.com:80"),
            ("GET", "localhost:80/path"),
            ("GET", "urn:a:b"),
            ("GET", "http:/x"),
            ("GET", "http:///x"),
            ("GET", "http://"),
            ("GET", "http://?x"),
            ("GET", "http://:80/"),
            ("GET", "https://example.com/"),
            ("GET", "HTTPS://example.com/"),
            ("GET", "://x"),
            ("GET", "1http://x"),
            ("GET", "ht_tp://x"),
            ("GET", "x/http://x"),
            ("GET", "http://user:secret@example.com/"),
            ("GET", "http://@example.com/"),
            ("GET", "http://a|b/"),
            ("GET", "http://a\\b/"),
            ("GET", "http://a:b/"),
            ("GET", "http://::1/"),
            ("GET", "http://[::1/"),
            ("GET", "/fish#food"),
            ("GET", "/#"),
            ("GET", "/a b"),
            ("GET", " /"),
            ("GET", "/ "),
            ("GET", "/\t"),
            ("GET", "/\r\nX: y"),
            ("GET", "/\n"),
            ("GET", "/\0"),
            ("GET", "/\u{7f}"),
            ("GET", "/é"),
            ("GET", "/\u{a0}"),
            ("GET", "/\u{2028}"),
            ("CONNECT", "/"),
            ("CONNECT", "*"),
            ("CONNECT", "example.com"),
            ("CONNECT", "example.com:"),
            ("CONNECT", ":443"),
            ("CONNECT", "example.com:0"),
            ("CONNECT", "example.com:65536"),
            ("CONNECT", "example.com:+443"),
            ("CONNECT", "example.com:-1"),
            ("CONNECT", "example.com:0x1"),
            ("CONNECT", "example.com:443/"),
            ("CONNECT", "http://example.com:443"),
            ("CONNECT", "user@example.com:443"),
            ("CONNECT", "::1:443"),
            ("CONNECT", "[::1]"),
            ("CONNECT", "[::1:443"),
            ("CONNECT", "[fe80::1%eth0]:443"),
            ("CONNECT", "127.1:443"),
        ];
        for (method, target) in table {
            assert!(check(Scheme::Http, method, target).is_err(), "{method} {target:?}");
        }
    }

    #[test]
    fn authorities() {
        let table = [
            ("GET", "/", None),
            ("GET", "//a/b", None),
            ("GET", "/http://a", None),
            ("OPTIONS", "*", None),
            ("GET", "http://a", Some("a")),
            ("GET", "http://A:80/b", Some("A:80")),
            ("GET", "http://[::1]?b/c", Some("[::1]")),
            ("GET", "ftp://a/http://b", Some("a")),
            ("CONNECT", "a:443", Some("a:443")),
        ];
        for (method, target, expected) in table {
            assert_eq!(check(Scheme::Http, method, target), Ok(()), "{method} {target}");
            assert_eq!(authority(method, target), expected, "{method} {target}");
        }
    }

    #[test]
    fn every_byte() {
        for byte in 0..=u8::MAX {
            let target = format!("/a{}", char::from(byte));
            let is_good = (b'!'..=b'~').contains(&byte) && byte != b'#';
            assert_eq!(check(Scheme::Http, "GET", &target).is_ok(), is_good, "{target:?}");
        }
    }

    #[test]
    fn the_length_is_bounded() {
        let longest = "/".repeat(TARGET_LENGTH);
        assert_eq!(check(Scheme::Http, "GET", &longest), Ok(()));
        assert!(check(Scheme::Http, "GET", &format!("{longest}/")).is_err());
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        for (target, words) in
            [("/a b", "space"), ("/\u{e9}", "beyond ASCII"), ("/\u{7f}", "control"), ("/\0", "control")]
        {
            let error = check(Scheme::Http, "GET", target).unwrap_err();
            assert!(error.contains(words), "{target:?}: {error}");
        }
    }

    #[test]
    fn an_https_uri_is_asked_for_over_https() {
        assert_eq!(check(Scheme::Https, "GET", "https://example.com/"), Ok(()));
        assert!(check(Scheme::Http, "GET", "HTTPS://example.com/").is_err());
    }
}
