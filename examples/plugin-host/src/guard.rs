//! Decides what one run of a plugin may look up and connect to. It asks nobody: who looks names up tells it what was found.
//!
//! 1. A name that the policy does not have is not looked up.
//! 2. Of what the host's lookup finds, addresses that are not public are left out, unless the policy wants them.
//! 3. The first lookup of a name in a run pins its addresses. A later one gives those that it has in common with the first, and is
//!    refused where there are none: the name has moved.
//! 4. A connection goes to an address that is pinned for a name, or stands in the policy, at a port that the policy has for it.
//! 5. Nothing else is done with sockets, but that a socket may be bound to whatever address and port the system chooses.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime_wasi::sockets::SocketAddrUse;

use crate::addresses::is_public;
use crate::log::{Event, Journal, Limit, Tried, Why};
use crate::policy::{Host, Policy, parse_host};

/// What decides, for one run.
pub(crate) struct Guard {
    policy: Arc<Policy>,
    journal: Journal,
    /// The addresses of the policy's names, as of their first lookup.
    pins: Mutex<BTreeMap<String, Vec<IpAddr>>>,
}

/// What a plugin that asks for a host is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These addresses.
    Known(Vec<IpAddr>),
    /// Those that a lookup of this name finds, and `found` leaves.
    LookUp(String),
}

/// The plugin is refused. The log has the reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

impl Guard {
    pub(crate) fn new(policy: &Arc<Policy>, journal: Journal) -> Guard {
        Guard { policy: Arc::clone(policy), journal, pins: Mutex::default() }
    }

    /// The plugin asks for the addresses of a host.
    pub(crate) fn asked(&self, name: &str) -> Result<Answer, Refused> {
        let hosts = || self.policy.allow.iter().map(|allowed| &allowed.host);
        match parse_host(name) {
            Some(host @ Host::Name(_)) if !hosts().any(|allowed| *allowed == host) => {}
            Some(Host::Name(name)) => return Ok(Answer::LookUp(name)),
            Some(Host::Addresses(mut addresses)) => {
                addresses.retain(|address| hosts().any(|allowed| allowed.has(address)));
                if !addresses.is_empty() {
                    return Ok(Answer::Known(addresses));
                }
            }
            None => {}
        }
        self.refuse_lookup(name, Why::NotInPolicy)
    }

    /// A lookup of this name of the policy has found these addresses. The answer is what the plugin is told.
    pub(crate) fn found(&self, name: &str, mut addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Refused> {
        addresses.iter_mut().for_each(|address| *address = address.to_canonical());
        let all = addresses.clone();
        addresses.retain(|address| self.policy.private_addresses || is_public(*address));
        if addresses.is_empty() && !all.is_empty() {
            return self.refuse_lookup(name, Why::NotPublic(all));
        }
        let mut pins = self.pins();
        match pins.get(name) {
            None if addresses.is_empty() => {}
            None => {
                pins.insert(name.to_owned(), addresses.clone());
            }
            Some(pinned) => {
                let now = addresses.clone();
                addresses.retain(|address| pinned.contains(address));
                if addresses.is_empty() && !now.is_empty() {
                    drop(pins);
                    return self.refuse_lookup(name, Why::Moved(now));
                }
            }
        }
        drop(pins);
        self.journal.write(Event::Found(name.to_owned(), addresses.clone()));
        Ok(addresses)
    }

    /// The plugin wants to use a socket with this address.
    pub(crate) fn may(&self, address: SocketAddr, usage: SocketAddrUse) -> bool {
        let tried = match usage {
            // wasmtime asks for it before it asks for the connection. Without it no connection is made at all.
            SocketAddrUse::TcpBind if address.ip().is_unspecified() && address.port() == 0 => return true,
            SocketAddrUse::TcpConnect if self.has(address) => {
                self.journal.write(Event::Connecting(address));
                return true;
            }
            SocketAddrUse::TcpConnect => Tried::Connect(address),
            SocketAddrUse::TcpBind | SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => Tried::Bind(address),
            SocketAddrUse::UdpBind | SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => Tried::Udp,
        };
        self.journal.write(Event::Refused(tried, Why::NotInPolicy));
        false
    }

    /// The plugin wants to use UDP.
    pub(crate) fn refuse_udp(&self) {
        self.journal.write(Event::Refused(Tried::Udp, Why::NotInPolicy));
    }

    /// The plugin has more than it may, and goes on without.
    pub(crate) fn exceeded(&self, limit: Limit) {
        self.journal.write(Event::Exceeded(limit));
    }

    /// The plugin has more than it may, and its run is over.
    pub(crate) fn ended(&self, limit: Limit) {
        self.journal.write_end(limit);
    }

    fn refuse_lookup<T>(&self, name: &str, why: Why) -> Result<T, Refused> {
        self.journal.write(Event::Refused(Tried::LookUp(name.chars().take(NAME_LENGTH).collect()), why));
        Err(Refused)
    }

    fn has(&self, address: SocketAddr) -> bool {
        let (ip, pins) = (address.ip().to_canonical(), self.pins());
        self.policy.allow.iter().filter(|allowed| allowed.port == address.port()).any(|allowed| match &allowed.host {
            Host::Name(name) => pins.get(name).is_some_and(|pinned| pinned.contains(&ip)),
            Host::Addresses(_) => allowed.host.has(&ip),
        })
    }

    fn pins(&self) -> MutexGuard<'_, BTreeMap<String, Vec<IpAddr>>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most characters of a name that are logged. A name has no more.
const NAME_LENGTH: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "example.org";

    fn guard(policy: &str) -> Guard {
        let policy = Arc::new(Policy::parse(policy).unwrap());
        let log: crate::Log = Arc::new(|_, _| ());
        Guard::new(&policy, Journal::new(&"plugin".into(), &log))
    }

    fn addresses(text: &[&str]) -> Vec<IpAddr> {
        text.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn may_connect(guard: &Guard, address: &str) -> bool {
        guard.may(address.parse().unwrap(), SocketAddrUse::TcpConnect)
    }

    #[test]
    fn names_of_the_policy_alone_are_looked_up() {
        let guard = guard("allow = ['example.org:443', '192.0.2.1:80', 'localhost:80']");
        for name in [NAME, "EXAMPLE.org", "example.org."] {
            assert_eq!(guard.asked(name), Ok(Answer::LookUp(NAME.into())));
        }
        assert_eq!(guard.asked("192.0.2.1"), Ok(Answer::Known(addresses(&["192.0.2.1"]))));
        assert_eq!(guard.asked("localhost"), Ok(Answer::Known(addresses(&["127.0.0.1", "::1"]))));
        let long = "x".repeat(1_000_000);
        for name in
            ["www.example.org", "example.org.evil.test", "192.0.2.2", "", ".", "example.org..", "a b", "\n", &long]
        {
            assert_eq!(guard.asked(name), Err(Refused), "{name}");
        }
    }

    #[test]
    fn a_connection_needs_a_lookup_and_the_port() {
        let guard = guard("allow = ['example.org:443', 'other.test:80']");
        assert!(!may_connect(&guard, "1.1.1.1:443"));
        guard.found(NAME, addresses(&["1.1.1.1", "2606:4700::1"])).unwrap();
        assert!(may_connect(&guard, "1.1.1.1:443") && may_connect(&guard, "[2606:4700::1]:443"));
        // The same address by another way to write it, another port, the port of another name, another address.
        assert!(may_connect(&guard, "[::ffff:1.1.1.1]:443"));
        for address in ["1.1.1.1:444", "1.1.1.1:80", "1.1.1.2:443"] {
            assert!(!may_connect(&guard, address), "{address}");
        }
    }

    #[test]
    fn an_address_of_the_policy_needs_no_lookup() {
        let guard = guard("allow = ['127.0.0.1:80', '[fd00::1]:80']");
        assert!(may_connect(&guard, "127.0.0.1:80") && may_connect(&guard, "[fd00::1]:80"));
        assert!(!may_connect(&guard, "127.0.0.1:81") && !may_connect(&guard, "127.0.0.2:80"));
    }

    #[test]
    fn a_name_that_points_inside_is_refused_unless_the_policy_wants_it() {
        let (inside, outside) = ("127.0.0.1", "1.1.1.1");
        let strict = guard("allow = ['example.org:80']");
        assert_eq!(strict.found(NAME, addresses(&[inside, "::ffff:10.0.0.1", "fe80::1"])), Err(Refused));
        // What is public beside it can be used.
        assert_eq!(strict.found(NAME, addresses(&[inside, outside])), Ok(addresses(&[outside])));
        assert!(!may_connect(&strict, "127.0.0.1:80") && may_connect(&strict, "1.1.1.1:80"));
        let lax = guard("allow = ['example.org:80']\nprivate-addresses = true");
        assert_eq!(lax.found(NAME, addresses(&[inside])), Ok(addresses(&[inside])));
        assert!(may_connect(&lax, "127.0.0.1:80"));
    }

    #[test]
    fn a_name_that_moves_within_a_run_is_refused() {
        for policy in ["allow = ['example.org:80']", "allow = ['example.org:80']\nprivate-addresses = true"] {
            let guard = guard(policy);
            guard.found(NAME, addresses(&["1.1.1.1", "1.1.1.2"])).unwrap();
            for moved in ["127.0.0.1", "10.0.0.1", "1.1.1.3"] {
                assert_eq!(guard.found(NAME, addresses(&[moved])), Err(Refused));
                assert!(!may_connect(&guard, &format!("{moved}:80")));
            }
            // What it has still, it has.
            assert_eq!(guard.found(NAME, addresses(&["1.1.1.3", "1.1.1.2"])), Ok(addresses(&["1.1.1.2"])));
            assert!(!may_connect(&guard, "1.1.1.3:80") && may_connect(&guard, "1.1.1.1:80"));
        }
    }

    #[test]
    fn a_name_without_addresses_pins_nothing() {
        let guard = guard("allow = ['example.org:80']");
        assert_eq!(guard.found(NAME, vec![]), Ok(vec![]));
        assert_eq!(guard.found(NAME, addresses(&["1.1.1.1"])), Ok(addresses(&["1.1.1.1"])));
        assert_eq!(guard.found(NAME, vec![]), Ok(vec![]));
        assert!(may_connect(&guard, "1.1.1.1:80"));
    }

    #[test]
    fn a_socket_is_bound_as_the_system_likes_and_does_nothing_else() {
        use SocketAddrUse::{TcpAccept, TcpBind, TcpListen, UdpBind, UdpReceive, UdpSend};
        let guard = guard("allow = ['127.0.0.1:80']");
        let may = |address: &str, usage| guard.may(address.parse().unwrap(), usage);
        assert!(may("0.0.0.0:0", TcpBind) && may("[::]:0", TcpBind));
        for address in ["127.0.0.1:80", "127.0.0.1:0", "0.0.0.0:80", "[::1]:0"] {
            assert!(!may(address, TcpBind), "{address}");
        }
        for usage in [TcpListen, TcpAccept, UdpBind, UdpSend, UdpReceive] {
            assert!(!may("127.0.0.1:80", usage) && !may("0.0.0.0:0", usage), "{usage:?}");
        }
    }
}
