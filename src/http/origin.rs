//! Origins: scheme, host and port (RFC 9110 section 4.3.1), and which hosts they can have.
//!
//! Nothing here looks up a name.

use crate::reason::{OwnedReason, Reason};

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{quote, uri};

/// The origin of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host.
    pub host: Host,
    /// The port. Not 0.
    pub port: u16,
    authority: String,
}

/// The supported schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

/// A host: a name to be looked up, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case. It may have a trailing dot, which tells resolvers not to append a search domain. See
    /// [`without_dot`].
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// Which part of an origin is invalid, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginError {
    /// The scheme.
    Scheme(String),
    /// The host.
    Host(String),
    /// The port.
    Port(String),
}

impl Origin {
    /// Makes an origin from its parts. The error is about the first invalid part.
    pub fn parse(scheme: &str, host: &str, port: u16) -> Result<Self, OriginError> {
        let scheme = Scheme::parse(scheme).map_err(OriginError::Scheme)?;
        let host = Host::parse(host).map_err(OriginError::Host)?;
        if port == 0 {
            return Err(OriginError::Port("port 0 is no port".into()));
        }
        Ok(Self::new(scheme, host, port))
    }

    pub(super) fn new(scheme: Scheme, host: Host, port: u16) -> Self {
        let authority = if port == scheme.default_port() { host.to_string() } else { format!("{host}:{port}") };
        Self { scheme, host, port, authority }
    }

    /// The value of `Host` (RFC 9110 section 7.2). It has a port only if that is not the scheme's default.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether a URI with this scheme and authority belongs to this origin.
    pub fn is_at(&self, scheme: &str, authority: &str) -> bool {
        Scheme::parse(scheme).is_ok_and(|scheme| scheme == self.scheme && self.has_authority(authority))
    }

    /// Whether this value of `Host` names this origin.
    pub fn is_named_by(&self, value: &[u8]) -> bool {
        std::str::from_utf8(value.trim_ascii()).is_ok_and(|authority| self.has_authority(authority))
    }

    fn has_authority(&self, authority: &str) -> bool {
        let Ok((host, port)) = uri::split_port(authority) else { return false };
        let port = match port {
            None | Some("") => Ok(self.scheme.default_port()),
            Some(port) => uri::parse_port(port),
        };
        port == Ok(self.port) && Host::parse(host).is_ok_and(|host| host == self.host)
    }
}

impl Scheme {
    /// In any case (RFC 3986 section 3.1).
    pub(super) fn parse(scheme: &str) -> Result<Self, OwnedReason> {
        if scheme.eq_ignore_ascii_case("http") {
            Ok(Self::Http)
        } else if scheme.eq_ignore_ascii_case("https") {
            Ok(Self::Https)
        } else {
            Err(format!("unknown scheme {}", quote(scheme.as_bytes())))
        }
    }

    /// As in a URI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The default port of the scheme.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Host {
    /// The host of this text: an IPv6 address with or without brackets, an IPv4 address of four decimal numbers, or a name
    /// that DNS can have.
    ///
    /// A name is converted to lower case. A trailing dot stays, for lookups and for `Host` (RFC 9110 section 7.2: it is part of
    /// the URI). Names consist of letters, digits, `-` and `_`. Others must be given in Punycode: the rules of that conversion
    /// change, and two programs that apply different ones connect to different hosts.
    ///
    /// Text that ends in a number but is not an IPv4 address (`127.1`, `0x7f.1`, `0177.0.0.1`, `2130706433`) is refused. No such
    /// name exists, and resolvers interpret it as different addresses, which defeats filters.
    pub fn parse(text: &str) -> Result<Self, OwnedReason> {
        let wrong = |why: &str| Err(format!("{} is no host: {why}", quote(text.as_bytes())));
        if text.is_empty() {
            return Err("the host is empty".into());
        }
        let bracketed = uri::within_brackets(text);
        if bracketed.is_some() || text.contains(':') {
            let address = bracketed.unwrap_or(text);
            // RFC 3986 section 3.2.2 has no zones, and a zone means nothing to the server.
            if address.contains('%') {
                return wrong("an address cannot have a zone here");
            }
            return match address.parse::<Ipv6Addr>() {
                Ok(address) => Ok(Self::Address(address.into())),
                Err(_) => wrong("it is not an IPv6 address"),
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        match check_name(without_dot(text)) {
            Ok(()) => Ok(Self::Name(text.to_ascii_lowercase())),
            Err(why) => wrong(why),
        }
    }
}

/// A name without its trailing dot, as in certificates and SNI (RFC 6066 section 3), and for comparison.
pub fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// As in a URI and in `Host`: an IPv6 address is in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Scheme(words) | Self::Host(words) | Self::Port(words)) = self;
        f.write_str(words)
    }
}

impl std::error::Error for OriginError {}

/// The greatest length of a name (RFC 1035 section 2.3.4), without a trailing dot.
const NAME_LENGTH: usize = 253;

/// The greatest length of a label.
const LABEL_LENGTH: usize = 63;

/// Checks a name against the rules of DNS. It has no trailing dot.
fn check_name(name: &str) -> Result<(), Reason> {
    if !name.is_ascii() {
        return Err("a name beyond ASCII must be given in punycode (\"xn--...\")");
    }
    if name.len() > NAME_LENGTH {
        return Err("the name is too long");
    }
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    for label in name.split('.') {
        if label.is_empty() {
            return Err("a part of the name is empty");
        }
        if label.len() > LABEL_LENGTH {
            return Err("a part of the name is too long");
        }
        if !label.bytes().all(is_name_byte) {
            return Err("it holds a character that no name can have");
        }
    }
    if name.rsplit('.').next().is_some_and(is_number) {
        return Err("it looks like an IPv4 address and is none");
    }
    Ok(())
}

/// Whether some program takes this for a number: decimal or octal digits, or hexadecimal ones, even none, after `0x`.
fn is_number(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Host {
        Host::Name(name.into())
    }

    fn address(address: &str) -> Host {
        Host::Address(address.parse().unwrap())
    }

    #[test]
    fn good_hosts() {
        let label = "a".repeat(LABEL_LENGTH);
        let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(longest.len(), NAME_LENGTH);
        let table = [
            ("localhost", name("localhost")),
            ("Example.COM", name("example.com")),
            ("Example.com.", name("example.com.")),
            ("xn--mnchen-3ya.de", name("xn--mnchen-3ya.de")),
            ("_dmarc.a_b", name("_dmarc.a_b")),
            ("-a-.b-", name("-a-.b-")),
            ("1.2.3.4.example", name("1.2.3.4.example")),
            ("0x7f.com", name("0x7f.com")),
            ("0xg", name("0xg")),
            ("3com", name("3com")),
            ("1e3", name("1e3")),
            (longest.as_str(), name(&longest)),
            ("127.0.0.1", address("127.0.0.1")),
            ("255.255.255.255", address("255.255.255.255")),
            ("::1", address("::1")),
            ("[::1]", address("::1")),
            ("[2001:DB8::CAFE]", address("2001:db8::cafe")),
            ("::ffff:127.0.0.1", address("::ffff:127.0.0.1")),
        ];
        for (text, host) in table {
            assert_eq!(Host::parse(text), Ok(host), "{text}");
        }
        assert_eq!(Host::parse(&format!("{longest}.")), Ok(name(&format!("{longest}."))));
    }

    #[test]
    fn bad_hosts() {
        let label = "a".repeat(LABEL_LENGTH);
        let too_long = format!("{label}.{label}.{label}.{}", "b".repeat(62));
        let hostile = [
            "",
            " ",
            ".",
            "..",
            "a..b",
            ".a",
            "a..",
            "a b",
            " a",
            "a ",
            "x\r\ny",
            "a\n",
            "a\0",
            "a\u{7f}",
            "a\tb",
            "a/b",
            "a?b",
            "a#b",
            "a@b",
            "user:pass@a",
            "a:80",
            "a:",
            ":",
            "a%41",
            "%61",
            "a,b",
            "a;b",
            "a\\b",
            "*",
            "*.example",
            "a'b",
            "\"a\"",
            "<a>",
            "a|b",
            "münchen.de",
            "ｅxample.com",
            "a。b",
            "a\u{ad}b",
            // Not addresses, or interpreted differently by some.
            "127.1",
            "0x7f.1",
            "0X7F.0.0.1",
            "0177.0.0.1",
            "127.0.0.01",
            "2130706433",
            "017700000001",
            "0x7f000001",
            "1.2.3",
            "1.2.3.4.5",
            "256.0.0.1",
            "1.2.3.4.",
            "127.0.0.1.",
            "1",
            "0x",
            "a.0x",
            "a.1",
            "a.0xfF",
            "a.1.",
            "+1.2.3.4",
            "１２７.0.0.1",
            "127.0.0.1:80",
            " 127.0.0.1",
            "[]",
            "[",
            "]",
            "[[::1]]",
            "[::1",
            "::1]",
            "[::1]]",
            "[::1]:80",
            "[::1] ",
            "[127.0.0.1]",
            "[localhost]",
            ":::",
            "1::2::3",
            "::12345",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "[ ::1]",
            "::ffff:127.1",
            "fe80::1%eth0",
            "[fe80::1%25eth0]",
            "::1%",
            "::g",
            "0x1::",
            "[v1.a]",
        ];
        for text in hostile {
            assert!(Host::parse(text).is_err(), "{text:?}");
        }
        assert!(Host::parse(&"a".repeat(LABEL_LENGTH + 1)).is_err());
        assert!(Host::parse(&too_long).is_err());
        assert!(Host::parse(&"a.".repeat(1_000_000)).is_err());
    }

    #[test]
    fn every_byte_of_a_name() {
        for byte in 0..=u8::MAX {
            let text = format!("a{}a", char::from(byte));
            let is_good = byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            // A colon makes it an address, which `a:a` is not.
            assert_eq!(Host::parse(&text).is_ok(), is_good, "{text:?}");
        }
    }

    #[test]
    fn words_help_and_cannot_drive_a_terminal() {
        assert!(Host::parse("münchen.de").unwrap_err().contains("punycode"));
        assert!(Host::parse("fe80::1%eth0").unwrap_err().contains("zone"));
        assert!(Host::parse("127.1").unwrap_err().contains("IPv4"));
        let words = Host::parse(&format!("\x1b[2J\r\n{}", "x".repeat(10_000))).unwrap_err();
        assert!(words.len() < 200);
        assert!(words.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{words}");
    }

    #[test]
    fn schemes() {
        for scheme in ["http", "HTTP", "hTTp"] {
            assert_eq!(Origin::parse(scheme, "h", 1).unwrap().scheme, Scheme::Http);
        }
        for scheme in ["https", "HTTPS"] {
            assert_eq!(Origin::parse(scheme, "h", 1).unwrap().scheme, Scheme::Https);
        }
        for scheme in ["", "ftp", "http:", " http", "http ", "httpx", "ws", "http\0"] {
            let error = Origin::parse(scheme, "h", 1).unwrap_err();
            assert!(matches!(error, OriginError::Scheme(_)), "{scheme:?}");
        }
    }

    #[test]
    fn the_first_wrong_part_is_the_error() {
        let parse = |scheme, host, port| Origin::parse(scheme, host, port).unwrap_err();
        assert!(matches!(parse("x", "", 0), OriginError::Scheme(_)));
        assert!(matches!(parse("http", "", 0), OriginError::Host(_)));
        assert!(matches!(parse("http", "h", 0), OriginError::Port(_)));
        assert_eq!(parse("http", "h", 0).to_string(), "port 0 is no port");
    }

    #[test]
    fn authorities() {
        let table = [
            (Scheme::Http, "localhost", 80, "localhost"),
            (Scheme::Http, "localhost", 443, "localhost:443"),
            (Scheme::Http, "localhost", 1234, "localhost:1234"),
            (Scheme::Https, "localhost", 443, "localhost"),
            (Scheme::Https, "localhost", 80, "localhost:80"),
            (Scheme::Http, "Example.COM.", 65535, "example.com.:65535"),
            (Scheme::Https, "Example.COM.", 443, "example.com."),
            (Scheme::Http, "127.0.0.1", 8080, "127.0.0.1:8080"),
            (Scheme::Http, "::1", 80, "[::1]"),
            (Scheme::Http, "[2001:db8:0:0::CAFE]", 42, "[2001:db8::cafe]:42"),
        ];
        for (scheme, host, port, authority) in table {
            let host = Host::parse(host).unwrap();
            let origin = Origin::new(scheme, host, port);
            assert_eq!(origin.authority(), authority);
        }
    }

    #[test]
    fn an_authority_is_of_one_origin() {
        let plain = Origin::parse("http", "a.test", 80).unwrap();
        for value in ["a.test", "A.Test", "a.test:80", "a.test:", "a.test:0080", " a.test "] {
            assert!(plain.is_named_by(value.as_bytes()), "{value:?}");
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
            assert!(!plain.is_named_by(value.as_bytes()), "{value:?}");
        }
        let six = Origin::parse("https", "::1", 8443).unwrap();
        assert!(six.is_named_by(b"[::1]:8443") && six.is_named_by(b"[0:0::1]:8443"));
        assert!(!six.is_named_by(b"[::1]") && !six.is_named_by(b"[::2]:8443") && !six.is_at("http", "[::1]:8443"));
    }
}
