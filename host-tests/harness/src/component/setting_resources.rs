//! The resources of `xenon:http/settings`.

use super::*;

resource! {
    /// `tls-config`.
    TlsConfig in xenon_http_settings.tls_config {
        /// `default-roots`.
        default_roots = call_default_roots() -> bool;
        /// `set-default-roots`.
        set_default_roots = call_set_default_roots(trusted: bool);
        /// `add-roots`.
        add_roots = call_add_roots(certificates: &[u8]) -> Result<(), Error>;
        /// `accept-certificates`.
        accept_certificates = call_accept_certificates(certificates: &[u8]) -> Result<(), Error>;
        /// `set-client-certificate`.
        set_client_certificate = call_set_client_certificate(chain: &[u8], key: &[u8]) -> Result<(), Error>;
        /// `remove-client-certificate`.
        remove_client_certificate = call_remove_client_certificate();
        /// `versions`.
        versions = call_versions() -> (TlsVersion, TlsVersion);
        /// `set-versions`.
        set_versions = call_set_versions(oldest: TlsVersion, newest: TlsVersion) -> Result<(), Error>;
    }
}

impl TlsConfig {
    pub(super) fn new(guest: &Guest) -> TlsConfig {
        let resource =
            guest.call(async |store, client| client.xenon_http_settings().tls_config().call_constructor(store).await);
        TlsConfig::adopt(guest, resource)
    }
}

resource! {
    /// `options`.
    Options in xenon_http_settings.options {
        /// `lookup-timeout`.
        lookup_timeout = call_lookup_timeout() -> u64;
        /// `set-lookup-timeout`.
        set_lookup_timeout = call_set_lookup_timeout(timeout: u64);
        /// `attempt-timeout`.
        attempt_timeout = call_attempt_timeout() -> u64;
        /// `set-attempt-timeout`.
        set_attempt_timeout = call_set_attempt_timeout(timeout: u64);
        /// `connect-timeout`.
        connect_timeout = call_connect_timeout() -> u64;
        /// `set-connect-timeout`.
        set_connect_timeout = call_set_connect_timeout(timeout: u64);
        /// `handshake-timeout`.
        handshake_timeout = call_handshake_timeout() -> u64;
        /// `set-handshake-timeout`.
        set_handshake_timeout = call_set_handshake_timeout(timeout: u64);
        /// `proxy-timeout`.
        proxy_timeout = call_proxy_timeout() -> u64;
        /// `set-proxy-timeout`.
        set_proxy_timeout = call_set_proxy_timeout(timeout: u64);
        /// `write-timeout`.
        write_timeout = call_write_timeout() -> u64;
        /// `set-write-timeout`.
        set_write_timeout = call_set_write_timeout(timeout: u64);
        /// `first-byte-timeout`.
        first_byte_timeout = call_first_byte_timeout() -> u64;
        /// `set-first-byte-timeout`.
        set_first_byte_timeout = call_set_first_byte_timeout(timeout: u64);
        /// `between-bytes-timeout`.
        between_bytes_timeout = call_between_bytes_timeout() -> u64;
        /// `set-between-bytes-timeout`.
        set_between_bytes_timeout = call_set_between_bytes_timeout(timeout: u64);
        /// `expect-continue-timeout`.
        expect_continue_timeout = call_expect_continue_timeout() -> u64;
        /// `set-expect-continue-timeout`.
        set_expect_continue_timeout = call_set_expect_continue_timeout(timeout: u64);
        /// `exchange-timeout`.
        exchange_timeout = call_exchange_timeout() -> u64;
        /// `set-exchange-timeout`.
        set_exchange_timeout = call_set_exchange_timeout(timeout: u64);
        /// `max-connections`.
        max_connections = call_max_connections() -> u32;
        /// `set-max-connections`.
        set_max_connections = call_set_max_connections(limit: u32);
        /// `max-field-lines`.
        max_field_lines = call_max_field_lines() -> u32;
        /// `set-max-field-lines`.
        set_max_field_lines = call_set_max_field_lines(limit: u32);
        /// `max-line-length`.
        max_line_length = call_max_line_length() -> u32;
        /// `set-max-line-length`.
        set_max_line_length = call_set_max_line_length(limit: u32);
        /// `max-head-length`.
        max_head_length = call_max_head_length() -> u32;
        /// `set-max-head-length`.
        set_max_head_length = call_set_max_head_length(limit: u32);
        /// `max-interim-responses`.
        max_interim_responses = call_max_interim_responses() -> u32;
        /// `set-max-interim-responses`.
        set_max_interim_responses = call_set_max_interim_responses(limit: u32);
        /// `max-drained`.
        max_drained = call_max_drained() -> u32;
        /// `set-max-drained`.
        set_max_drained = call_set_max_drained(limit: u32);
        /// `max-addresses`.
        max_addresses = call_max_addresses() -> u32;
        /// `set-max-addresses`.
        set_max_addresses = call_set_max_addresses(limit: u32);
        /// `max-whole-content`.
        max_whole_content = call_max_whole_content() -> u64;
        /// `set-max-whole-content`.
        set_max_whole_content = call_set_max_whole_content(limit: u64);
        /// `max-decoded-content`.
        max_decoded_content = call_max_decoded_content() -> u64;
        /// `set-max-decoded-content`.
        set_max_decoded_content = call_set_max_decoded_content(limit: u64);
        /// `max-events`.
        max_events = call_max_events() -> u32;
        /// `set-max-events`.
        set_max_events = call_set_max_events(limit: u32);
        /// `user-agent`.
        user_agent = call_user_agent() -> Option<String>;
        /// `set-user-agent`.
        set_user_agent = call_set_user_agent(value: Option<&str>) -> Result<(), Error>;
        /// `default-fields`.
        default_fields = call_default_fields() -> Fields;
        /// `set-default-fields`.
        set_default_fields = call_set_default_fields(fields: &Fields) -> Result<(), Error>;
        /// `persistent`.
        persistent = call_persistent() -> bool;
        /// `set-persistent`.
        set_persistent = call_set_persistent(persistent: bool);
        /// `decoding`.
        decoding = call_decoding() -> bool;
        /// `set-decoding`.
        set_decoding = call_set_decoding(decoding: bool);
        /// `address-family`.
        address_family = call_address_family() -> AddressFamily;
        /// `set-address-family`.
        set_address_family = call_set_address_family(family: AddressFamily);
        /// `local-address`.
        local_address = call_local_address() -> Option<String>;
        /// `set-local-address`.
        set_local_address = call_set_local_address(address: Option<&str>) -> Result<(), Error>;
        /// `proxies`.
        proxies = call_proxies() -> Vec<String>;
        /// `set-proxies`.
        set_proxies = call_set_proxies(urls: &[String]) -> Result<(), Error>;
        /// `no-proxy`.
        no_proxy = call_no_proxy() -> Vec<String>;
        /// `set-no-proxy`.
        set_no_proxy = call_set_no_proxy(hosts: &[String]) -> Result<(), Error>;
        /// `proxy-tunnel`.
        proxy_tunnel = call_proxy_tunnel() -> bool;
        /// `set-proxy-tunnel`.
        set_proxy_tunnel = call_set_proxy_tunnel(always: bool);
        /// `proxy-ahead`.
        proxy_ahead = call_proxy_ahead() -> bool;
        /// `set-proxy-ahead`.
        set_proxy_ahead = call_set_proxy_ahead(ahead: bool);
    }
}

impl Options {
    /// `set-cookie-jar`.
    pub fn set_cookie_jar(&self, jar: Option<&CookieJar>) {
        let (handle, jar) = (self.handle(), jar.map(CookieJar::handle));
        self.0.guest.call(async |store, client| {
            client.xenon_http_settings().options().call_set_cookie_jar(store, handle, jar).await
        });
    }

    /// `cookie-jar`.
    pub fn cookie_jar(&self) -> Option<CookieJar> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let jar = guest
            .call(async |store, client| client.xenon_http_settings().options().call_cookie_jar(store, handle).await);
        jar.map(|resource| CookieJar::adopt(guest, resource))
    }

    pub(super) fn new(guest: &Guest) -> Options {
        let resource =
            guest.call(async |store, client| client.xenon_http_settings().options().call_constructor(store).await);
        Options::adopt(guest, resource)
    }

    /// `clone`.
    pub fn copy(&self) -> Options {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource =
            guest.call(async |store, client| client.xenon_http_settings().options().call_clone(store, handle).await);
        Options::adopt(guest, resource)
    }

    /// `tls`.
    pub fn tls(&self) -> TlsConfig {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource =
            guest.call(async |store, client| client.xenon_http_settings().options().call_tls(store, handle).await);
        TlsConfig::adopt(guest, resource)
    }

    /// `set-tls`.
    pub fn set_tls(&self, config: &TlsConfig) {
        let (handle, config) = (self.handle(), config.handle());
        self.0.guest.call(async |store, client| {
            client.xenon_http_settings().options().call_set_tls(store, handle, config).await
        });
    }

    /// `proxy-tls`.
    pub fn proxy_tls(&self) -> TlsConfig {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource = guest
            .call(async |store, client| client.xenon_http_settings().options().call_proxy_tls(store, handle).await);
        TlsConfig::adopt(guest, resource)
    }

    /// `set-proxy-tls`.
    pub fn set_proxy_tls(&self, config: &TlsConfig) {
        let (handle, config) = (self.handle(), config.handle());
        self.0.guest.call(async |store, client| {
            client.xenon_http_settings().options().call_set_proxy_tls(store, handle, config).await
        });
    }
}
