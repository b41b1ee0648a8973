//! The WIT's `tls-config` and `options` around the core's values. These are shared: a change is made to a copy unless there is
//! only one owner.
//!
//! It is compiled once for each face, against that face's bindings.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::bindings::exports::xenon::http::settings as wit;
use super::bindings::exports::xenon::http::settings::{
    AddressFamily, CookieJarBorrow, Fields, TlsConfigBorrow, TlsVersion,
};
use super::convert::{self, Outcome, wrong};
use super::cookies::CookieJar;
use crate::limits::Limits;
use crate::secret::Secret;
use crate::session::settings::{self, Deadlines};
use crate::tls::settings::TlsSettings;

pub(super) struct TlsConfig(RefCell<Rc<TlsSettings>>);

impl TlsConfig {
    fn handle(settings: &Rc<TlsSettings>) -> wit::TlsConfig {
        wit::TlsConfig::new(Self(RefCell::new(Rc::clone(settings))))
    }

    fn snapshot(&self) -> Rc<TlsSettings> {
        Rc::clone(&self.0.borrow())
    }

    fn change<T>(&self, change: impl FnOnce(&mut TlsSettings) -> T) -> T {
        change(Rc::make_mut(&mut self.0.borrow_mut()))
    }
}

impl wit::GuestTlsConfig for TlsConfig {
    fn new() -> Self {
        Self(RefCell::default())
    }

    fn default_roots(&self) -> bool {
        self.0.borrow().has_default_roots()
    }

    fn set_default_roots(&self, trusted: bool) {
        self.change(|tls| tls.set_default_roots(trusted));
    }

    fn add_roots(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.change(|tls| tls.add_roots(&certificates)).map_err(|what| wrong(&what))
    }

    fn accept_certificates(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.change(|tls| tls.add_leaves(&certificates)).map_err(|what| wrong(&what))
    }

    fn set_client_certificate(&self, chain: Vec<u8>, key: Vec<u8>) -> Outcome<()> {
        self.change(|tls| tls.set_identity(&chain, &key)).map_err(|what| wrong(&what))
    }

    fn remove_client_certificate(&self) {
        self.change(TlsSettings::remove_identity);
    }

    fn versions(&self) -> (TlsVersion, TlsVersion) {
        let (oldest, newest) = self.0.borrow().versions();
        (convert::tls_version(oldest), convert::tls_version(newest))
    }

    fn set_versions(&self, oldest: TlsVersion, newest: TlsVersion) -> Outcome<()> {
        let (oldest, newest) = (convert::from_tls_version(oldest), convert::from_tls_version(newest));
        self.change(|tls| tls.set_versions(oldest, newest)).map_err(|what| wrong(&what))
    }
}

pub(super) struct Options(RefCell<Rc<settings::Options>>);

impl Options {
    pub(super) fn handle(options: Rc<settings::Options>) -> wit::Options {
        wit::Options::new(Self(RefCell::new(options)))
    }

    pub(super) fn snapshot(&self) -> Rc<settings::Options> {
        Rc::clone(&self.0.borrow())
    }

    fn change<T>(&self, change: impl FnOnce(&mut settings::Options) -> T) -> T {
        change(Rc::make_mut(&mut self.0.borrow_mut()))
    }

    #[inline(never)]
    fn set_timeout(&self, timeout: u64, which: fn(&mut Deadlines) -> &mut Duration) {
        let mut deadlines = *self.0.borrow().deadlines();
        *which(&mut deadlines) = Duration::from_nanos(timeout);
        self.change(|options| options.set_deadlines(deadlines));
    }

    #[inline(never)]
    fn set_limit(&self, limit: u64, set: fn(&mut Limits, u64)) {
        let mut limits = *self.0.borrow().limits();
        set(&mut limits, limit);
        self.change(|options| options.set_limits(limits));
    }
}

/// The getters and setters of timeouts.
macro_rules! timeouts {
    ($($field:ident $get:ident $set:ident)*) => {
        $(
            fn $get(&self) -> u64 {
                u64::try_from(self.0.borrow().deadlines().$field.as_nanos()).unwrap_or(u64::MAX)
            }

            fn $set(&self, timeout: u64) {
                self.set_timeout(timeout, |deadlines| &mut deadlines.$field);
            }
        )*
    };
}

/// The getters and setters of limits.
macro_rules! limits {
    ($($field:ident: $inner:ty as $outer:ty, $get:ident $set:ident)*) => {
        $(
            fn $get(&self) -> $outer {
                <$outer>::try_from(self.0.borrow().limits().$field).unwrap_or(<$outer>::MAX)
            }

            fn $set(&self, limit: $outer) {
                self.set_limit(u64::from(limit), |limits, limit| {
                    limits.$field = <$inner>::try_from(limit).unwrap_or(<$inner>::MAX);
                });
            }
        )*
    };
}

impl wit::GuestOptions for Options {
    timeouts! {
        lookup lookup_timeout set_lookup_timeout
        attempt attempt_timeout set_attempt_timeout
        connect connect_timeout set_connect_timeout
        handshake handshake_timeout set_handshake_timeout
        proxy proxy_timeout set_proxy_timeout
        write write_timeout set_write_timeout
        first_byte first_byte_timeout set_first_byte_timeout
        between_bytes between_bytes_timeout set_between_bytes_timeout
        expect_continue expect_continue_timeout set_expect_continue_timeout
        exchange exchange_timeout set_exchange_timeout
    }

    limits! {
        connections: usize as u32, max_connections set_max_connections
        field_lines: usize as u32, max_field_lines set_max_field_lines
        line_length: usize as u32, max_line_length set_max_line_length
        head_length: usize as u32, max_head_length set_max_head_length
        interim_responses: usize as u32, max_interim_responses set_max_interim_responses
        drained: u64 as u32, max_drained set_max_drained
        addresses: usize as u32, max_addresses set_max_addresses
        whole_content: u64 as u64, max_whole_content set_max_whole_content
        decoded_content: u64 as u64, max_decoded_content set_max_decoded_content
        events: usize as u32, max_events set_max_events
    }

    fn new() -> Self {
        Self(RefCell::default())
    }

    fn clone(&self) -> wit::Options {
        Self::handle(self.snapshot())
    }

    fn user_agent(&self) -> Option<String> {
        self.0.borrow().user_agent().map(str::to_owned)
    }

    fn set_user_agent(&self, value: Option<String>) -> Outcome<()> {
        self.change(|options| options.set_user_agent(value)).map_err(convert::error)
    }

    fn default_fields(&self) -> Fields {
        self.0.borrow().default_fields()
    }

    fn set_default_fields(&self, fields: Fields) -> Outcome<()> {
        self.change(|options| options.set_default_fields(fields)).map_err(convert::error)
    }

    fn persistent(&self) -> bool {
        self.0.borrow().is_persistent
    }

    fn set_persistent(&self, persistent: bool) {
        self.change(|options| options.is_persistent = persistent);
    }

    fn decoding(&self) -> bool {
        self.0.borrow().is_decoding
    }

    fn set_decoding(&self, decoding: bool) {
        self.change(|options| options.is_decoding = decoding);
    }

    fn address_family(&self) -> AddressFamily {
        convert::family(self.0.borrow().family)
    }

    fn set_address_family(&self, family: AddressFamily) {
        self.change(|options| options.family = convert::from_family(family));
    }

    fn local_address(&self) -> Option<String> {
        self.0.borrow().local_address().map(|address| address.to_string())
    }

    fn set_local_address(&self, address: Option<String>) -> Outcome<()> {
        self.change(|options| options.set_local_address(address.as_deref())).map_err(convert::error)
    }

    fn tls(&self) -> wit::TlsConfig {
        TlsConfig::handle(&self.0.borrow().tls)
    }

    fn set_tls(&self, config: TlsConfigBorrow<'_>) {
        self.change(|options| options.tls = config.get::<TlsConfig>().snapshot());
    }

    fn proxies(&self) -> Vec<String> {
        self.0.borrow().proxying.proxies()
    }

    fn set_proxies(&self, urls: Vec<String>) -> Outcome<()> {
        // They may contain passwords.
        let urls: Vec<Secret> = urls.into_iter().map(Secret::new).collect();
        let exposed: Vec<&str> = urls.iter().map(Secret::expose).collect();
        self.change(|options| options.proxying.set_proxies(&exposed)).map_err(|what| wrong(&what))
    }

    fn no_proxy(&self) -> Vec<String> {
        self.0.borrow().proxying.exemptions().to_vec()
    }

    fn set_no_proxy(&self, hosts: Vec<String>) -> Outcome<()> {
        self.change(|options| options.proxying.set_exemptions(&hosts)).map_err(|what| wrong(&what))
    }

    fn proxy_tunnel(&self) -> bool {
        self.0.borrow().proxying.tunnels_all
    }

    fn set_proxy_tunnel(&self, always: bool) {
        self.change(|options| options.proxying.tunnels_all = always);
    }

    fn proxy_ahead(&self) -> bool {
        self.0.borrow().proxying.goes_ahead
    }

    fn set_proxy_ahead(&self, ahead: bool) {
        self.change(|options| options.proxying.goes_ahead = ahead);
    }

    fn proxy_tls(&self) -> wit::TlsConfig {
        TlsConfig::handle(&self.0.borrow().proxying.tls)
    }

    fn set_proxy_tls(&self, config: TlsConfigBorrow<'_>) {
        self.change(|options| options.proxying.tls = config.get::<TlsConfig>().snapshot());
    }

    fn cookie_jar(&self) -> Option<wit::CookieJar> {
        self.0.borrow().jar.clone().map(CookieJar::handle)
    }

    fn set_cookie_jar(&self, jar: Option<CookieJarBorrow<'_>>) {
        self.change(|options| options.jar = jar.map(|jar| jar.get::<CookieJar>().jar()));
    }
}
