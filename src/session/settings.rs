//! The settings of a session, and their checks. These are values: what is learned is in `caches`.

use std::net::IpAddr;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use crate::cookies::SharedJar;
use crate::error::{Code, Error, Phase};
use crate::http::fields;
use crate::http::origin::Host;
use crate::http::{quote, uri};
use crate::limits::{FIXED_ADDRESSES, Limits, REQUEST_FIELDS_LENGTH};
use crate::session::proxies::Proxying;
use crate::session::request_fields::RequestFields;
use crate::tls::settings::TlsSettings;

/// How long each step may take. None is zero.
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
    /// Replaces zeros by the defaults.
    fn completed(self) -> Self {
        let default = Self::default();
        let or = |time: Duration, default| if time.is_zero() { default } else { time };
        Self {
            lookup: or(self.lookup, default.lookup),
            attempt: or(self.attempt, default.attempt),
            connect: or(self.connect, default.connect),
            handshake: or(self.handshake, default.handshake),
            proxy: or(self.proxy, default.proxy),
            write: or(self.write, default.write),
            first_byte: or(self.first_byte, default.first_byte),
            between_bytes: or(self.between_bytes, default.between_bytes),
            expect_continue: or(self.expect_continue, default.expect_continue),
            exchange: or(self.exchange, default.exchange),
        }
    }
}

/// The address families that are connected to.
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
    /// Whether this address belongs to the family.
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }
}

/// An address to connect to. Without a port, the origin's is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedAddress {
    /// The address.
    pub address: IpAddr,
    /// The port that replaces the origin's.
    pub port: Option<u16>,
}

/// The settings that apply to any origin. Sessions share them by `Rc`, and a change is made to a copy.
#[derive(Clone, Debug)]
pub struct Options {
    /// Shared with the requests that were started with it.
    user_agent: Option<Rc<str>>,
    default_fields: Rc<RequestFields>,
    /// Whether connections are kept between requests.
    pub is_persistent: bool,
    /// Whether content codings are offered and decoded.
    pub is_decoding: bool,
    deadlines: Deadlines,
    limits: Limits,
    /// Which addresses of the name are used.
    pub family: AddressFamily,
    local_address: Option<IpAddr>,
    /// The TLS settings for origins.
    pub tls: Rc<TlsSettings>,
    /// The settings about proxies.
    pub proxying: Proxying,
    /// The jar that cookies are taken from and put into. It is shared, and not copied with the options.
    pub jar: Option<SharedJar>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_agent: Some(concat!("xenon/", env!("CARGO_PKG_VERSION")).into()),
            default_fields: Rc::default(),
            is_persistent: true,
            is_decoding: false,
            deadlines: Deadlines::default(),
            limits: Limits::default(),
            family: AddressFamily::Any,
            local_address: None,
            tls: Rc::default(),
            proxying: Proxying::default(),
            jar: None,
        }
    }
}

impl Options {
    /// The `User-Agent` of requests that do not set it.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The same, shared.
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

    /// The default fields, without those that are secrets.
    pub fn default_fields(&self) -> Vec<(String, Vec<u8>)> {
        self.default_fields.shown()
    }

    /// Sets them.
    pub fn set_default_fields(&mut self, lines: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        self.default_fields = Rc::new(RequestFields::defaults(lines)?);
        Ok(())
    }

    pub(crate) fn defaults(&self) -> &RequestFields {
        &self.default_fields
    }

    /// The deadlines.
    pub fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// Sets them. A zero restores the default, because every wait needs a deadline.
    pub fn set_deadlines(&mut self, deadlines: Deadlines) {
        self.deadlines = deadlines.completed();
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets them. A zero restores the default.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits.completed();
    }

    /// The local address of connections.
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

    /// The TLS settings for origins, to be changed for these options only.
    pub fn tls_mut(&mut self) -> &mut TlsSettings {
        Rc::make_mut(&mut self.tls)
    }

    /// The same without a client certificate, if there is one.
    pub(crate) fn without_identity(&self) -> Option<Self> {
        let mut options = self.tls.has_identity().then(|| self.clone())?;
        options.tls_mut().remove_identity();
        Some(options)
    }

    /// Whether the other options would make every connection that these make.
    fn make_the_same(&self, others: &Self) -> bool {
        self.tls.is_same(&others.tls) && self.proxying.leads_the_same(&others.proxying)
    }
}

/// The settings of a session: its options, and those for its origin alone.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    options: Rc<Options>,
    addresses: Vec<FixedAddress>,
    connect_to: Option<(Host, u16)>,
    /// Changes with each change of trust or route, which may rule out idle connections.
    revision: u32,
}

impl Deref for Settings {
    type Target = Options;

    fn deref(&self) -> &Options {
        &self.options
    }
}

impl Settings {
    /// The options, shared.
    pub(crate) fn options(&self) -> Rc<Options> {
        Rc::clone(&self.options)
    }

    /// Replaces the options.
    pub(crate) fn set_options(&mut self, options: Rc<Options>) {
        if !self.options.make_the_same(&options) {
            self.revision = self.revision.wrapping_add(1);
        }
        self.options = options;
    }

    /// See the field.
    pub(crate) fn revision(&self) -> u32 {
        self.revision
    }

    /// Takes over the addresses of the same origin from other settings.
    pub(crate) fn follow_addresses(&mut self, other: &Self) {
        self.addresses.clone_from(&other.addresses);
        self.connect_to.clone_from(&other.connect_to);
    }

    /// Whether there are addresses of the origin's own.
    pub(crate) fn has_addresses(&self) -> bool {
        !self.addresses.is_empty() || self.connect_to.is_some()
    }

    /// The addresses that replace a lookup.
    pub(crate) fn addresses(&self) -> &[FixedAddress] {
        &self.addresses
    }

    /// Sets them.
    pub(crate) fn set_addresses(&mut self, addresses: &[String]) -> Result<(), Error> {
        if addresses.len() > FIXED_ADDRESSES {
            return Err(configuration(&format!("more than {FIXED_ADDRESSES} addresses were given")));
        }
        self.addresses = addresses.iter().map(|text| parse_address(text)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The host and port to connect to instead of the origin's.
    pub(crate) fn connect_to(&self) -> Option<&(Host, u16)> {
        self.connect_to.as_ref()
    }

    /// Sets them.
    pub(crate) fn set_connect_to(&mut self, to: Option<(String, u16)>) -> Result<(), Error> {
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
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn parse_address(text: &str) -> Result<FixedAddress, Error> {
    // Tried first, because an IPv6 address without brackets has colons of its own.
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
        let mut options = Options::default();
        options.set_default_fields(vec![("A".into(), b"b".into())]).unwrap();
        let before = format!("{options:?}");
        assert!(options.set_user_agent(Some("a\r\nb".into())).is_err());
        assert!(options.set_default_fields(vec![("C".into(), b"d".into()), ("Host".into(), b"e".into())]).is_err());
        assert!(options.set_local_address(Some("localhost")).is_err());
        assert_eq!(format!("{options:?}"), before);
        let mut settings = Settings::default();
        let before = format!("{settings:?}");
        assert!(settings.set_addresses(&["127.0.0.1".into(), "x".into()]).is_err());
        assert!(settings.set_connect_to(Some(("a b".into(), 1))).is_err());
        assert!(settings.set_connect_to(Some(("a".into(), 0))).is_err());
        assert_eq!(format!("{settings:?}"), before);
    }

    #[test]
    fn a_zero_is_the_default_again() {
        let mut options = Options::default();
        let second = Duration::from_secs(1);
        options.set_deadlines(Deadlines { write: second, first_byte: second, ..Deadlines::default() });
        options.set_deadlines(Deadlines { write: Duration::ZERO, ..*options.deadlines() });
        assert_eq!(*options.deadlines(), Deadlines { first_byte: second, ..Deadlines::default() });
        options.set_limits(Limits { events: 1, drained: 1, ..Limits::default() });
        options.set_limits(Limits { drained: 0, ..*options.limits() });
        assert_eq!(*options.limits(), Limits { events: 1, ..Limits::default() });
    }

    #[test]
    fn only_trust_and_the_way_end_kept_connections() {
        let mut settings = Settings::default();
        let mut revision_after = |change: fn(&mut Options)| {
            let mut options = settings.options();
            change(Rc::make_mut(&mut options));
            settings.set_options(options);
            settings.revision()
        };
        assert_eq!(revision_after(|_| {}), 0);
        assert_eq!(revision_after(|options| options.set_user_agent(None).unwrap()), 0);
        assert_eq!(revision_after(|options| options.tls_mut().set_default_roots(false)), 1);
        assert_eq!(revision_after(|options| options.proxying.tls_mut().set_default_roots(false)), 2);
        assert_eq!(revision_after(|options| options.proxying.tunnels_all = true), 3);
        assert_eq!(revision_after(|options| options.proxying.set_proxies(&["p"]).unwrap()), 4);
        assert_eq!(revision_after(|options| options.proxying.set_exemptions(&["a"]).unwrap()), 5);
        assert_eq!(revision_after(|options| options.proxying.goes_ahead = true), 5);
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut options = Options::default();
        let field = |name: &str| (name.to_owned(), b"hidden".to_vec());
        options.set_default_fields(vec![field("cookie"), field("Authorization"), ("A".into(), b"b".into())]).unwrap();
        options.proxying.set_proxies(&["joe:hidden@p:1"]).unwrap();
        let shown = format!("{options:?} {:?} {:?}", options.default_fields(), options.proxying.proxies());
        assert!(!shown.contains("hidden") && !shown.contains("104, 105, 100"), "{shown}");
        assert_eq!(options.default_fields(), [("A".to_owned(), b"b".to_vec())]);
    }
}
