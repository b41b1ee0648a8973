//! Where a connection goes instead of the URL's host and port: `--resolve` and `--connect-to`. It looks nothing up.

use crate::url::{Origin, split_host_and_port};

/// `--resolve [+]HOST:PORT:ADDR[,ADDR]`: these addresses instead of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// In lower case. `*` is every host.
    host: String,
    port: u16,
    /// Without brackets.
    addresses: Vec<String>,
}

/// `--connect-to H1:P1:H2:P2`: H2:P2 instead of H1:P1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// In lower case. `None` is every host.
    host: Option<String>,
    /// `None` is every port.
    port: Option<u16>,
    /// `None` is the URL's own.
    other_host: Option<String>,
    other_port: Option<u16>,
}

/// Where to connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// This host and port instead of the origin's.
    pub other: Option<(String, u16)>,
    /// These addresses and ports instead of a lookup. Empty for a lookup.
    pub addresses: Vec<String>,
}

impl Route {
    /// The first matching `--connect-to` applies first, and `--resolve` to its result, as in curl.
    pub fn to(origin: &Origin, resolves: &[Resolve], connect_tos: &[ConnectTo]) -> Self {
        let other = connect_tos.iter().find(|rule| rule.fits(origin)).map(|rule| {
            let host = rule.other_host.clone().unwrap_or_else(|| origin.host.clone());
            (host, rule.other_port.unwrap_or(origin.port))
        });
        let (host, port) = other.as_ref().map_or((&origin.host, origin.port), |(host, port)| (host, *port));
        let rule = resolves.iter().rev().find(|rule| rule.port == port && (rule.host == "*" || rule.host == *host));
        match rule {
            Some(rule) => {
                Self { other: None, addresses: rule.addresses.iter().map(|ip| with_port(ip, port)).collect() }
            }
            None => Self { other, addresses: Vec::new() },
        }
    }
}

impl Resolve {
    /// Reads the option's value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || format!("expected HOST:PORT:ADDRESS[,ADDRESS], not '{text}'");
        let (host, rest) = split_host(text.strip_prefix('+').unwrap_or(text)).ok_or_else(form)?;
        let (port, addresses) = rest.split_once(':').ok_or_else(form)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(form)?;
        let addresses: Vec<String> =
            addresses.split(',').map(|ip| ip.trim_start_matches('[').trim_end_matches(']').to_owned()).collect();
        if host.is_empty() || addresses.iter().any(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
            return Err(form());
        }
        Ok(Self { host: host.to_ascii_lowercase(), port, addresses })
    }
}

impl ConnectTo {
    /// Reads the option's value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || format!("expected HOST1:PORT1:HOST2:PORT2, each may be empty, not '{text}'");
        let (host, rest) = split_host(text).ok_or_else(form)?;
        let (port, rest) = rest.split_once(':').ok_or_else(form)?;
        // Without a second port, the last colon may be missing, too.
        let (other_host, other_port) = split_host_and_port(rest).map_err(|_| form())?;
        let port = if port.is_empty() { None } else { Some(port.parse().map_err(|_| form())?) };
        let named = |host: &str| Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty());
        Ok(Self { host: named(host), port, other_host: named(other_host), other_port })
    }

    fn fits(&self, origin: &Origin) -> bool {
        self.host.as_ref().is_none_or(|host| *host == origin.host) && self.port.is_none_or(|port| port == origin.port)
    }
}

/// The host, with its brackets if it has any, and the text after the colon.
fn split_host(text: &str) -> Option<(&str, &str)> {
    if text.starts_with('[') {
        let (host, rest) = text.split_at(text.find(']')?.checked_add(1)?);
        return Some((host, rest.strip_prefix(':')?));
    }
    text.split_once(':')
}

fn with_port(ip: &str, port: u16) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(resolves: &[&str], connect_tos: &[&str]) -> Route {
        let origin = Origin { scheme: "http".into(), host: "a.example".into(), port: 80 };
        let resolves: Vec<_> = resolves.iter().map(|text| Resolve::parse(text).unwrap()).collect();
        let connect_tos: Vec<_> = connect_tos.iter().map(|text| ConnectTo::parse(text).unwrap()).collect();
        Route::to(&origin, &resolves, &connect_tos)
    }

    #[test]
    fn resolve_gives_the_addresses_of_the_host_and_port_that_fit() {
        let addresses = |resolves: &[&str]| route(resolves, &[]).addresses;
        assert_eq!(addresses(&["A.example:80:127.0.0.1,[::1],::2"]), ["127.0.0.1:80", "[::1]:80", "[::2]:80"]);
        assert_eq!(addresses(&["*:80:10.0.0.1"]), ["10.0.0.1:80"]);
        assert_eq!(addresses(&["a.example:81:10.0.0.1", "b.example:80:10.0.0.1"]), [""; 0]);
        assert_eq!(
            addresses(&["a.example:80:10.0.0.1", "+a.example:80:10.0.0.2"]),
            ["10.0.0.2:80"],
            "the last one wins"
        );
    }

    #[test]
    fn connect_to_leads_elsewhere_and_resolve_is_about_that() {
        let other = |connect_to: &str| route(&[], &[connect_to]).other;
        assert_eq!(other("a.example:80:b.example:81"), Some(("b.example".into(), 81)));
        assert_eq!(other("::b.example:"), Some(("b.example".into(), 80)));
        assert_eq!(other("::b.example"), Some(("b.example".into(), 80)));
        assert_eq!(other("a.example:::81"), Some(("a.example".into(), 81)));
        assert_eq!(other("::[::1]:81"), Some(("[::1]".into(), 81)));
        assert_eq!(other("x.example:80:b.example:81"), None);
        let both = route(&["b.example:81:10.0.0.1"], &["::b.example:81"]);
        assert_eq!(both, Route { other: None, addresses: vec!["10.0.0.1:81".into()] });
    }

    #[test]
    fn refuses_what_has_not_the_form() {
        for text in ["", "a", "a:80", "a:0:10.0.0.1", "a:80:", "a:80:name", ":80:10.0.0.1", "a:99999:10.0.0.1"] {
            Resolve::parse(text).unwrap_err();
        }
        for text in ["", "a", "a:80", "a:x:b:1", "a:80:b:x", "[::1", "a:80:[::1"] {
            ConnectTo::parse(text).unwrap_err();
        }
    }
}
