//! What a session's owner can set, and the checks of it.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::error::{Code, Error, Phase};
use crate::http::fields;
use crate::http::origin::Host;
use crate::http::{quote, uri};
use crate::limits::{FIXED_ADDRESSES, Limits, REQUEST_FIELDS_LENGTH};
use crate::session::proxies::Proxying;
use crate::tls::settings::TlsSettings;

/// How long each step may take; the WIT's `deadlines` says when each starts. None is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the WIT documents each")]
pub struct Deadlines {
    pub lookup: Duration,
    pub attempt: Duration,
    pub connect: Duration,
    pub handshake: Duration,
    pub proxy: Duration,
    pub write: Duration,
    pub first_byte: Duration,
    pub between_bytes: Duration,
    pub expect_continue: Duration,
    pub exchange: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            lookup: Duration::from_secs(10),
            attempt: Duration::from_secs(10),
            connect: Duration::from_secs(30),
            handshake: Duration::from_secs(15),
            proxy: Duration::from_secs(30),
            write: Duration::from_secs(30),
            first_byte: Duration::from_secs(60),
            between_bytes: Duration::from_secs(60),
            expect_continue: Duration::from_secs(1),
            exchange: Duration::from_secs(60 * 60),
        }
    }
}

impl Deadlines {
    /// All of them.
    fn all(&self) -> [Duration; 10] {
        [
            self.lookup,
            self.attempt,
            self.connect,
            self.handshake,
            self.proxy,
            self.write,
            self.first_byte,
            self.between_bytes,
            self.expect_continue,
            self.exchange,
        ]
    }
}

/// Which addresses of a name are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// Both families.
    #[default]
    Any,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl AddressFamily {
    /// Whether this address is of the family.
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }
}

/// An address to connect to; without a port, the origin's is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedAddress {
    /// The address.
    pub address: IpAddr,
    /// The port that stands for the origin's.
    pub port: Option<u16>,
}

/// All settings of a session.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Shared with the requests that were started with it.
    user_agent: Option<Rc<str>>,
    /// Whether connections are kept between requests.
    pub is_persistent: bool,
    deadlines: Deadlines,
    limits: Limits,
    addresses: Vec<FixedAddress>,
    connect_to: Option<(Host, u16)>,
    /// Which addresses of the name are used.
    pub family: AddressFamily,
    local_address: Option<IpAddr>,
    /// Whom is trusted, and how.
    pub tls: TlsSettings,
    /// Through which proxies the origin is reached.
    pub proxying: Proxying,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: Some(concat!("xenon/", env!("CARGO_PKG_VERSION")).into()),
            is_persistent: true,
            deadlines: Deadlines::default(),
            limits: Limits::default(),
            addresses: Vec::new(),
            connect_to: None,
            family: AddressFamily::Any,
            local_address: None,
            tls: TlsSettings::default(),
            proxying: Proxying::default(),
        }
    }
}

impl Settings {
    /// Another number after each change that a kept connection may not outlive: of trust, or of the way.
    #[inline(never)]
    pub(crate) fn revision(&self) -> u32 {
        let trust = self.tls.narrowings().wrapping_add(self.proxying.tls.narrowings());
        let changes = trust.wrapping_add(self.proxying.changes());
        changes.wrapping_mul(2).wrapping_add(self.proxying.tunnels_all.into())
    }

    /// The `User-Agent` of requests that bring none.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The same, to be kept.
    pub(crate) fn shared_user_agent(&self) -> Option<Rc<str>> {
        self.user_agent.clone()
    }

    /// Sets it.
    pub fn set_user_agent(&mut self, value: Option<String>) -> Result<(), Error> {
        if let Some(value) = &value {
            let refuse = |what| {
                let code = Code::request_field("user-agent");
                Error::new(Phase::Setup, code, format!("this user agent cannot be sent: {what}"))
            };
            if value.len() > REQUEST_FIELDS_LENGTH {
                return Err(refuse("it is too long"));
            }
            fields::check_value(value.as_bytes()).map_err(refuse)?;
        }
        self.user_agent = value.map(Rc::from);
        Ok(())
    }

    /// The deadlines.
    pub fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// Sets them.
    pub fn set_deadlines(&mut self, deadlines: Deadlines) -> Result<(), Error> {
        if deadlines.all().iter().any(Duration::is_zero) {
            return Err(configuration("a deadline cannot be zero: nothing would ever be in time"));
        }
        self.deadlines = deadlines;
        Ok(())
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets them.
    pub fn set_limits(&mut self, limits: Limits) -> Result<(), Error> {
        let Limits {
            connections,
            field_lines,
            line_length,
            head_length,
            interim_responses,
            drained,
            addresses,
            whole_content,
            events,
        } = limits;
        let counts = [connections, field_lines, line_length, head_length, interim_responses, addresses, events];
        if counts.contains(&0) || [drained, whole_content].contains(&0) {
            return Err(configuration("a limit cannot be zero"));
        }
        self.limits = limits;
        Ok(())
    }

    /// The addresses that stand for a lookup.
    pub fn addresses(&self) -> &[FixedAddress] {
        &self.addresses
    }

    /// Sets them.
    pub fn set_addresses(&mut self, addresses: &[String]) -> Result<(), Error> {
        if addresses.len() > FIXED_ADDRESSES {
            return Err(configuration(&format!("more than {FIXED_ADDRESSES} addresses were given")));
        }
        self.addresses = addresses.iter().map(|text| parse_address(text)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The host and port that stand for the origin's when connecting.
    pub fn connect_to(&self) -> Option<&(Host, u16)> {
        self.connect_to.as_ref()
    }

    /// Sets them.
    pub fn set_connect_to(&mut self, to: Option<(String, u16)>) -> Result<(), Error> {
        self.connect_to = match to {
            None => None,
            Some((_, 0)) => {
                return Err(Error::new(Phase::Setup, Code::InvalidPort, "port 0 cannot be connected to"));
            }
            Some((host, port)) => {
                let host = Host::parse(&host).map_err(|what| Error::new(Phase::Setup, Code::InvalidHost, what))?;
                Some((host, port))
            }
        };
        Ok(())
    }

    /// The local address that connections start from.
    pub fn local_address(&self) -> Option<IpAddr> {
        self.local_address
    }

    /// Sets it.
    pub fn set_local_address(&mut self, address: Option<&str>) -> Result<(), Error> {
        self.local_address = match address {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| no_address(text))?),
        };
        Ok(())
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn parse_address(text: &str) -> Result<FixedAddress, Error> {
    // First, for an IPv6 address without brackets has colons of its own.
    if let Some(address) = uri::parse_address(text) {
        return Ok(FixedAddress { address, port: None });
    }
    let (host, port) = uri::split_port(text).map_err(|_| no_address(text))?;
    let address = uri::parse_address(host).ok_or_else(|| no_address(text))?;
    let wrong_port = |what| configuration(&format!("{} is no address: its {what}", quote(text.as_bytes())));
    Ok(FixedAddress { address, port: port.map(uri::parse_port).transpose().map_err(wrong_port)? })
}

fn no_address(text: &str) -> Error {
    configuration(&format!("{} is no IP address", quote(text.as_bytes())))
}

fn configuration(detail: &str) -> Error {
    Error::new(Phase::Setup, Code::Configuration, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_in_all_their_spellings() {
        let parsed = |text: &str| parse_address(text).map(|fixed| (fixed.address.to_string(), fixed.port)).ok();
        assert_eq!(parsed("192.0.2.1"), Some(("192.0.2.1".into(), None)));
        assert_eq!(parsed("192.0.2.1:80"), Some(("192.0.2.1".into(), Some(80))));
        assert_eq!(parsed("2001:db8::1"), Some(("2001:db8::1".into(), None)));
        assert_eq!(parsed("[2001:db8::1]"), Some(("2001:db8::1".into(), None)));
        assert_eq!(parsed("[2001:db8::1]:80"), Some(("2001:db8::1".into(), Some(80))));
        for bad in ["", "localhost", "192.0.2.1:0", "192.0.2.1:", "192.0.2.256", "[::1", "::1]", "[]", "1.2.3.4:99999"]
        {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_wrong_value_changes_nothing() {
        let mut settings = Settings::default();
        let before = format!("{settings:?}");
        assert!(settings.set_user_agent(Some("a\r\nb".into())).is_err());
        assert!(settings.set_addresses(&["127.0.0.1".into(), "x".into()]).is_err());
        assert!(settings.set_connect_to(Some(("a b".into(), 1))).is_err());
        assert!(settings.set_connect_to(Some(("a".into(), 0))).is_err());
        assert!(settings.set_local_address(Some("localhost")).is_err());
        assert!(settings.set_deadlines(Deadlines { write: Duration::ZERO, ..Deadlines::default() }).is_err());
        assert!(settings.set_limits(Limits { events: 0, ..Limits::default() }).is_err());
        assert_eq!(format!("{settings:?}"), before);
    }
}
