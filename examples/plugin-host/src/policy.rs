//! What one plugin may do, as its policy file says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::Deserialize;
use wasmtime::{Result, bail, ensure};

/// What one plugin may do. It is the host's: nothing of it comes from the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it may reach.
    pub allow: Vec<Allowed>,
    /// Whether its names may point to addresses that are not public: loopback, private networks and the like.
    pub private_addresses: bool,
    /// The bytes of memory that one run may have, all of its memories together.
    pub memory: usize,
    /// The fuel that one run may use, of which an instruction costs about one. Unlike time, it is the same on a busy machine.
    pub fuel: u64,
    /// How long one run may take.
    pub time: Duration,
    /// The TCP sockets that one run may have open at once.
    pub sockets: usize,
}

/// A host that may be reached, at one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// A host, as a policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case and without a dot at its end. The host of the plugin looks it up.
    Name(String),
    /// Exactly these addresses, public or not. `localhost` is one of these: it needs no lookup (RFC 6761 section 6.3).
    Addresses(Vec<IpAddr>),
}

impl Host {
    /// Whether it is this address. A name is none.
    pub(crate) fn has(&self, address: &IpAddr) -> bool {
        matches!(self, Host::Addresses(addresses) if addresses.contains(address))
    }
}

impl Policy {
    /// Reads a policy file. What it leaves out has a default; what it misspells is an error.
    pub fn parse(text: &str) -> Result<Policy> {
        let file: File = toml::from_str(text)?;
        ensure!(file.memory_mib > 0 && file.fuel > 0 && file.seconds > 0, "a plugin with nothing to run on cannot run");
        Ok(Policy {
            allow: file.allow.iter().map(|entry| allowed(entry)).collect::<Result<_>>()?,
            private_addresses: file.private_addresses,
            memory: file.memory_mib as usize * (1 << 20),
            fuel: file.fuel,
            time: Duration::from_secs(file.seconds.into()),
            sockets: file.sockets.into(),
        })
    }
}

/// The file, in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct File {
    allow: Vec<String>,
    private_addresses: bool,
    memory_mib: u16,
    fuel: u64,
    seconds: u32,
    sockets: u16,
}

impl Default for File {
    fn default() -> File {
        File {
            allow: Vec::new(),
            private_addresses: false,
            memory_mib: 64,
            fuel: 10_000_000_000,
            seconds: 30,
            sockets: 16,
        }
    }
}

/// `example.org:443`, `192.0.2.1:80`, `[2001:db8::1]:8080`.
fn allowed(entry: &str) -> Result<Allowed> {
    let Some((host, port)) = entry.rsplit_once(':') else { bail!("{entry:?} has no port, as in \"example.org:443\"") };
    let port = port.parse().ok().filter(|port| *port > 0);
    let Some(port) = port else { bail!("{entry:?} has no port from 1 to 65535") };
    match parse_host(host) {
        Some(host) => Ok(Allowed { host, port }),
        None => bail!("{host:?} is neither a name nor an address; an IPv6 address stands in brackets"),
    }
}

/// A host as a policy names it, or as a plugin asks for it.
pub(crate) fn parse_host(host: &str) -> Option<Host> {
    if let Some(inside) = host.strip_prefix('[') {
        let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
        return Some(Host::Addresses(vec![IpAddr::from(address).to_canonical()]));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Some(Host::Addresses(vec![address.into()]));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let labels: Vec<&str> = name.split('.').collect();
    // What ends in a number is an address to many resolvers, such as `127.1`.
    let last_begins_with_letter = labels.last()?.starts_with(|first: char| first.is_ascii_alphabetic());
    if name.len() > 253 || !last_begins_with_letter || !labels.iter().all(|one| label(one)) {
        return None;
    }
    if labels.last() == Some(&"localhost") {
        return Some(Host::Addresses(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]));
    }
    Some(Host::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_allows_nothing_and_bounds_everything() {
        let policy = Policy::parse("").unwrap();
        assert_eq!((policy.allow, policy.private_addresses), (vec![], false));
        assert!(policy.memory <= 64 << 20 && policy.time <= Duration::from_secs(30) && policy.fuel <= 10_000_000_000);
    }

    #[test]
    fn a_whole_file_is_read() {
        let text = "allow = [\"Example.ORG.:443\", \"192.0.2.1:80\", \"[::1]:8080\", \"localhost:1\"]\n\
                    private-addresses = true\nmemory-mib = 1\nfuel = 2\nseconds = 3\nsockets = 0";
        let policy = Policy::parse(text).unwrap();
        let loopback = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let hosts = [
            (Host::Name("example.org".into()), 443),
            (Host::Addresses(vec!["192.0.2.1".parse().unwrap()]), 80),
            (Host::Addresses(vec!["::1".parse().unwrap()]), 8080),
            (Host::Addresses(loopback), 1),
        ];
        assert_eq!(policy.allow, hosts.map(|(host, port)| Allowed { host, port }));
        let (memory, time) = (1 << 20, Duration::from_secs(3));
        assert_eq!((policy.private_addresses, policy.memory, policy.fuel, policy.time), (true, memory, 2, time));
        assert_eq!(policy.sockets, 0);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for entry in [
            "example.org",
            "example.org:",
            "example.org:0",
            "example.org:65536",
            "example.org:https",
            ":443",
            ".:443",
            "a..b:1",
            "*.example.org:443",
            "http://example.org:443",
            "exa mple.org:443",
            "b\u{fc}cher.example:443",
            "127.1:80",
            "1.2.3.4.5:80",
            "0x7f000001:80",
            "::1:80",
            "[::1:80",
            "[example.org]:80",
        ] {
            assert!(Policy::parse(&format!("allow = [{entry:?}]")).is_err(), "{entry}");
        }
        for text in
            ["alow = []", "allow = 1", "memory-mib = 0", "fuel = 0", "seconds = 0", "sockets = -1", "memory_mib = 1"]
        {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }
}
