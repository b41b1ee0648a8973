//! Origins: scheme, host and port (RFC 9110 section 4.3.1), and which hosts can be one.
//!
//! Nothing here looks a name up.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::quote;

/// Whom a session talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How.
    pub scheme: Scheme,
    /// Where.
    pub host: Host,
    /// At which port; not 0.
    pub port: u16,
}

/// The schemes that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

/// A host: what is looked up, or what needs no lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case, without a dot at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// Which part of an origin is wrong, in words for people.
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
    /// The origin of these parts. The first part that is wrong is the error.
    pub fn parse(scheme: &str, host: &str, port: u16) -> Result<Self, OriginError> {
        let scheme = Scheme::parse(scheme).map_err(OriginError::Scheme)?;
        let host = Host::parse(host).map_err(OriginError::Host)?;
        if port == 0 {
            return Err(OriginError::Port("port 0 is no port".into()));
        }
        Ok(Self { scheme, host, port })
    }

    /// The value of `Host` (RFC 9110 section 7.2): the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Scheme {
    /// In any case (RFC 3986 section 3.1).
    fn parse(scheme: &str) -> Result<Self, String> {
        if scheme.eq_ignore_ascii_case("http") {
            Ok(Self::Http)
        } else if scheme.eq_ignore_ascii_case("https") {
            Err("this build speaks only http".into())
        } else {
            Err(format!("unknown scheme {}", quote(scheme.as_bytes())))
        }
    }

    /// The port of an origin that names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Host {
    /// The host of this text: an IPv6 address with or without brackets, an IPv4 address of four decimal numbers, or a name
    /// that DNS can have. The error is words for people.
    ///
    /// A name's letters become lower case, and a dot at its end, which only says that the name is whole, is taken off: so
    /// one host has one form in `Host`, in certificates and in credentials. Names have letters, digits, `-` and `_`;
    /// others must be given in punycode, because the rules for turning them into it change, and two programs that differ in
    /// them talk to two hosts.
    ///
    /// What ends in a number but is not an IPv4 address (`127.1`, `0x7f.1`, `0177.0.0.1`, `2130706433`) is refused: no such
    /// name exists, and resolvers differ in which address they make of it, which is how filters are passed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{} is no host: {why}", quote(text.as_bytes())));
        if text.is_empty() {
            return Err("the host is empty".into());
        }
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if bracketed.is_some() || text.contains(':') {
            let address = bracketed.unwrap_or(text);
            // RFC 3986 section 3.2.2 has no zones, and one means nothing to the server.
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
        let name = text.strip_suffix('.').unwrap_or(text);
        match check_name(name) {
            Ok(()) => Ok(Self::Name(name.to_ascii_lowercase())),
            Err(why) => wrong(why),
        }
    }
}

/// As it stands in a URI and in `Host`: an IPv6 address in brackets.
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

/// The longest name (RFC 1035 section 2.3.4), as text without the dot at its end.
const NAME_LENGTH: usize = 253;

/// The longest label.
const LABEL_LENGTH: usize = 63;

/// Whether DNS can have this name, which has no dot at its end.
fn check_name(name: &str) -> Result<(), &'static str> {
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

/// Whether this is a number to someone: decimal or octal digits, or hexadecimal ones, even none, after `0x`.
fn is_number(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
