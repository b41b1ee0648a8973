//! Which addresses to try, and in which order (RFC 8305 section 4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::http::origin::without_dot;

/// The addresses in the order in which they are tried, without duplicates, at most `most`. Families alternate, beginning with
/// that of the resolver's first address. `last_good` comes first if it is among them.
pub(crate) fn order(found: Vec<SocketAddr>, last_good: Option<SocketAddr>, most: usize) -> Vec<SocketAddr> {
    let begins_with_ipv4 = found.first().is_some_and(SocketAddr::is_ipv4);
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv4() == begins_with_ipv4);
    first.reverse();
    second.reverse();
    let mut ordered = Vec::new();
    let mut push = |address: Option<SocketAddr>| {
        if let Some(address) = address.filter(|address| !ordered.contains(address) && ordered.len() < most) {
            ordered.push(address);
        }
    };
    push(last_good.filter(|good| first.contains(good) || second.contains(good)));
    while !(first.is_empty() && second.is_empty()) {
        push(first.pop());
        push(second.pop());
    }
    ordered
}

/// The loopback addresses, if this name stands for them, whatever resolvers say (RFC 6761 section 6.3).
pub(crate) fn loopback(name: &str) -> Option<Vec<IpAddr>> {
    let rest = without_dot(name).strip_suffix("localhost")?;
    let is_below = rest.is_empty() || rest.ends_with('.');
    is_below.then(|| vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()])
}

/// Only the first `most` of the resolver's addresses are considered.
pub(crate) fn with_port(addresses: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &[&str]) -> Vec<SocketAddr> {
        text.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 80)).collect()
    }

    #[test]
    fn families_take_turns() {
        let found = addresses(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]);
        let ordered = addresses(&["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]);
        assert_eq!(order(found, None, 16), ordered);
        let found = addresses(&["10.0.0.1", "::1"]);
        assert_eq!(order(found.clone(), None, 16), found);
    }

    #[test]
    fn the_last_good_one_comes_first_if_it_is_still_an_address() {
        let found = addresses(&["::1", "10.0.0.1", "10.0.0.2"]);
        let good = addresses(&["10.0.0.2"])[0];
        assert_eq!(order(found.clone(), Some(good), 16), addresses(&["10.0.0.2", "::1", "10.0.0.1"]));
        let gone = addresses(&["10.9.9.9"])[0];
        assert_eq!(order(found, Some(gone), 16), addresses(&["::1", "10.0.0.1", "10.0.0.2"]));
    }

    #[test]
    fn no_more_than_the_limit_and_none_twice() {
        let found = addresses(&["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        assert_eq!(order(found, None, 2), addresses(&["10.0.0.1", "10.0.0.2"]));
        assert_eq!(order(Vec::new(), None, 2), []);
    }
}
