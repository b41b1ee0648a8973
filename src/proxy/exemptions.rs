//! The origins that are reached without a proxy: a list of names, addresses and blocks of addresses.
//!
//! It looks no names up: a rule for addresses applies only to origins that are given as addresses.

use std::net::IpAddr;

use crate::http::origin::{Host, without_dot};
use crate::http::{quote, uri};
use crate::reason::OwnedReason;

/// Which origins are exempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions(Vec<Rule>);

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    hosts: Hosts,
    /// `None` is every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// Every host.
    All,
    /// This name and all names below it.
    Name(String),
    /// Addresses that share this many leading bits with this one.
    Block(IpAddr, u8),
}

impl Exemptions {
    /// Parses a list of entries.
    ///
    /// An entry is one of these:
    ///
    /// * `*`, which is every host;
    /// * a name, which is that name and all below it, also with a dot or `*.` before it;
    /// * an address;
    /// * a block of addresses (`10.0.0.0/8`, `fd00::/8`).
    ///
    /// All but a block may have a port (`name:8080`, `[::1]:8080`), and then apply to that port only.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, OwnedReason> {
        entries.iter().map(|entry| Rule::parse(entry.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this host and port are reached without a proxy.
    pub fn contain(&self, host: &Host, port: u16) -> bool {
        self.0.iter().any(|rule| rule.port.is_none_or(|own| own == port) && rule.hosts.contain(host))
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, OwnedReason> {
        let wrong = |why: &str| format!("{} cannot be exempt from proxies: {why}", quote(entry.as_bytes()));
        if let Some((address, bits)) = entry.split_once('/') {
            let is_number = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
            let address = parse_address(address).ok_or_else(|| wrong("it is no block of addresses"))?;
            let bits = bits.parse().ok().filter(|bits| is_number && *bits <= width(address));
            let bits = bits.ok_or_else(|| wrong("its length is no number of bits of such an address"))?;
            return Ok(Self { hosts: Hosts::Block(address, bits), port: None });
        }
        // A bare IPv6 address contains colons itself.
        if let Some(address) = parse_address(entry) {
            return Ok(Self { hosts: Hosts::Block(address, width(address)), port: None });
        }
        let its = |what| wrong(&format!("its {what}"));
        let (host, port) = uri::split_port(entry).map_err(its)?;
        let port = port.map(uri::parse_port).transpose().map_err(its)?;
        if host == "*" {
            return Ok(Self { hosts: Hosts::All, port });
        }
        let bare = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host);
        match Host::parse(bare) {
            Ok(Host::Name(name)) => Ok(Self { hosts: Hosts::Name(without_dot(&name).to_owned()), port }),
            Ok(Host::Address(address)) if bare == host => {
                let address = address.to_canonical();
                Ok(Self { hosts: Hosts::Block(address, width(address)), port })
            }
            Ok(Host::Address(_)) => Err(wrong("nothing is below an address")),
            Err(why) => Err(wrong(&why)),
        }
    }
}

impl Hosts {
    fn contain(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Name(suffix), Host::Name(name)) => {
                // Only at the border of a label: `example.com` covers `a.example.com`, but not `notexample.com`.
                without_dot(name)
                    .strip_suffix(suffix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Block(block, bits), Host::Address(address)) => {
                let (block, address) = (*block, address.to_canonical());
                block.is_ipv4() == address.is_ipv4() && leading(block, *bits) == leading(address, *bits)
            }
            _ => false,
        }
    }
}

/// An address, with or without brackets. An IPv4 address embedded in IPv6 counts as IPv4.
fn parse_address(text: &str) -> Option<IpAddr> {
    uri::parse_address(text).map(|address| address.to_canonical())
}

/// The number of bits of such an address.
fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The leading bits of an address, as a number.
fn leading(address: IpAddr, bits: u8) -> u128 {
    let number = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let dropped = width(address).saturating_sub(bits);
    // A shift by all bits of an IPv6 address would overflow.
    number.checked_shr(dropped.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_exempt(entry: &str, host: &str, port: u16) -> bool {
        Exemptions::parse(&[entry]).unwrap().contain(&Host::parse(host).unwrap(), port)
    }

    #[test]
    fn names_on_the_borders_of_labels() {
        for entry in ["example.com", ".example.com", "*.example.com", "EXAMPLE.com."] {
            for host in ["example.com", "a.example.com", "A.B.Example.COM."] {
                assert!(is_exempt(entry, host, 80), "{entry} {host}");
            }
            for host in ["notexample.com", "example.com.evil.test", "com", "example.org", "10.0.0.1", "::1"] {
                assert!(!is_exempt(entry, host, 80), "{entry} {host}");
            }
        }
        assert!(is_exempt("localhost", "localhost", 1));
    }

    #[test]
    fn everything() {
        for host in ["a", "10.0.0.1", "::1"] {
            assert!(is_exempt("*", host, 80));
            assert!(is_exempt("*:80", host, 80));
            assert!(!is_exempt("*:80", host, 81));
            assert!(!Exemptions::default().contain(&Host::parse(host).unwrap(), 80));
        }
    }

    #[test]
    fn ports() {
        assert!(is_exempt("a.test:8080", "x.a.test", 8080));
        assert!(!is_exempt("a.test:8080", "a.test", 80));
        assert!(is_exempt("10.0.0.1:81", "10.0.0.1", 81));
        assert!(!is_exempt("10.0.0.1:81", "10.0.0.1", 80));
        assert!(is_exempt("[::1]:81", "::1", 81));
        assert!(!is_exempt("[::1]:81", "::1", 82));
    }

    #[test]
    fn addresses_and_blocks() {
        let table = [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("::1", "::1", true),
            ("[::1]", "::1", true),
            ("::1", "::2", false),
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            // The bits beyond the length say nothing.
            ("10.1.2.3/8", "10.9.9.9", true),
            ("10.0.0.0/9", "10.127.0.0", true),
            ("10.0.0.0/9", "10.128.0.0", false),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("10.0.0.1/32", "10.0.0.0", false),
            ("0.0.0.0/0", "255.1.2.3", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "fe80::1", true),
            ("::/0", "10.0.0.1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("[fd00::]/8", "fdff::1", true),
            ("2001:db8::/127", "2001:db8::1", true),
            ("2001:db8::/127", "2001:db8::2", false),
            ("::1/128", "::1", true),
            ("::1/128", "::", false),
            // The same host in both families.
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
            ("::ffff:127.0.0.1", "127.0.0.1", true),
            // A name is never looked up.
            ("127.0.0.0/8", "localhost", false),
        ];
        for (entry, host, expected) in table {
            assert_eq!(is_exempt(entry, host, 80), expected, "{entry} {host}");
        }
    }

    #[test]
    fn bad_entries() {
        for entry in [
            "",
            ".",
            "*.",
            "a b",
            "a\r\n",
            "a:x",
            "a:0",
            "a:65536",
            "a:",
            ":80",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10/8",
            "a/8",
            "10.0.0",
            ".10.0.0.1",
            "*.::1",
            "10.0.0.0/8:80",
            "[::1",
            "**",
            "a.*",
            "[10.0.0.1]",
            "fe80::1%eth0",
        ] {
            assert!(Exemptions::parse(&[entry]).is_err(), "{entry:?}");
        }
        assert!(Exemptions::parse(&["good", "b a d"]).is_err());
    }
}
