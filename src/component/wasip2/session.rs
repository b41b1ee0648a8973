//! The WIT's `session` around the core's: its settings, and the calls that are a whole exchange each.

use super::bindings::exports::xenon::http::session as wit;
use super::bindings::exports::xenon::http::session::{
    AddressFamily, AuthSchemes, Deadlines, Event, Limits, TlsVersion, WholeResponse,
};
use super::convert::{self, Outcome, misuse};
use crate::auth::Login;
use crate::net::wasip2::Wasi;
use crate::secret::Secret;
use crate::session::{self, whole};
use crate::wasip2::{block_on, network};

pub(super) struct Session(pub(super) session::Session<Wasi>);

impl Session {
    fn fetch(&self, request: &session::Request<Wasi>) -> Outcome<WholeResponse> {
        block_on(whole::fetch(request)).map(convert::whole).map_err(convert::error)
    }

    fn fetch_bare(&self, method: &str, target: &str) -> Outcome<WholeResponse> {
        self.fetch(&self.0.request(method, target))
    }

    fn fetch_with(&self, method: &str, target: &str, content_type: &str, content: Vec<u8>) -> Outcome<WholeResponse> {
        let mut request = self.0.request(method, target);
        request.add_field("Content-Type", content_type.into()).map_err(convert::error)?;
        request.set_content(content);
        self.fetch(&request)
    }
}

impl wit::GuestSession for Session {
    fn new(scheme: String, host: String, port: u16) -> Self {
        Self(session::Session::new(network(), &scheme, &host, port))
    }

    fn close_connection(&self) {
        self.0.close_connection();
    }

    fn get(&self, target: String) -> Outcome<WholeResponse> {
        self.fetch_bare("GET", &target)
    }

    fn head(&self, target: String) -> Outcome<WholeResponse> {
        self.fetch_bare("HEAD", &target)
    }

    fn post(&self, target: String, content_type: String, content: Vec<u8>) -> Outcome<WholeResponse> {
        self.fetch_with("POST", &target, &content_type, content)
    }

    fn put(&self, target: String, content_type: String, content: Vec<u8>) -> Outcome<WholeResponse> {
        self.fetch_with("PUT", &target, &content_type, content)
    }

    fn delete(&self, target: String) -> Outcome<WholeResponse> {
        self.fetch_bare("DELETE", &target)
    }

    fn set_user_agent(&self, value: Option<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_user_agent(value)).map_err(convert::error)
    }

    fn set_persistent(&self, persistent: bool) {
        self.0.change_settings(|settings| settings.is_persistent = persistent);
    }

    fn deadlines(&self) -> Deadlines {
        self.0.settings(|settings| convert::deadlines(settings.deadlines()))
    }

    fn set_deadlines(&self, deadlines: Deadlines) -> Outcome<()> {
        let deadlines = convert::from_deadlines(deadlines);
        self.0.change_settings(|settings| settings.set_deadlines(deadlines)).map_err(convert::error)
    }

    fn limits(&self) -> Limits {
        self.0.settings(|settings| convert::limits(settings.limits()))
    }

    fn set_limits(&self, limits: Limits) -> Outcome<()> {
        let limits = convert::from_limits(limits);
        self.0.change_settings(|settings| settings.set_limits(limits)).map_err(convert::error)
    }

    fn set_addresses(&self, addresses: Vec<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_addresses(&addresses)).map_err(convert::error)
    }

    fn set_connect_to(&self, to: Option<(String, u16)>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_connect_to(to)).map_err(convert::error)
    }

    fn set_address_family(&self, family: AddressFamily) {
        self.0.change_settings(|settings| settings.family = convert::from_family(family));
    }

    fn set_local_address(&self, address: Option<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_local_address(address.as_deref())).map_err(convert::error)
    }

    fn set_default_roots(&self, trusted: bool) {
        self.0.change_settings(|settings| settings.tls.set_default_roots(trusted));
    }

    fn add_roots(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.tls.add_roots(&certificates)).map_err(|what| misuse(&what))
    }

    fn accept_certificates(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.tls.add_leaves(&certificates)).map_err(|what| misuse(&what))
    }

    fn set_client_certificate(&self, chain: Vec<u8>, key: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.tls.set_identity(&chain, &key)).map_err(|what| misuse(&what))
    }

    fn remove_client_certificate(&self) {
        self.0.change_settings(|settings| settings.tls.remove_identity());
    }

    fn set_tls_versions(&self, oldest: TlsVersion, newest: TlsVersion) -> Outcome<()> {
        let (oldest, newest) = (convert::from_tls_version(oldest), convert::from_tls_version(newest));
        self.0.change_settings(|settings| settings.tls.set_versions(oldest, newest)).map_err(|what| misuse(&what))
    }

    fn set_credentials(
        &self,
        realm: Option<String>,
        user: String,
        password: String,
        schemes: AuthSchemes,
        ahead: bool,
    ) -> Outcome<()> {
        let (login, schemes) = (Login { user, password: Secret::new(password) }, convert::from_schemes(schemes));
        self.0.change_credentials(|known| known.set_login(realm, login, schemes, ahead)).map_err(misuse)
    }

    fn set_bearer_token(
        &self,
        realm: Option<String>,
        token: String,
        scope: Option<String>,
        ahead: bool,
    ) -> Outcome<()> {
        let token = Secret::new(token);
        self.0.change_credentials(|known| known.set_token(realm, token, scope, ahead)).map_err(misuse)
    }

    fn forget_credentials(&self, realm: Option<String>) {
        self.0.change_credentials(|known| known.forget(realm.as_deref()));
    }

    fn set_proxies(&self, urls: Vec<String>) -> Outcome<()> {
        // They may hold passwords.
        let urls: Vec<Secret> = urls.into_iter().map(Secret::new).collect();
        let exposed: Vec<&str> = urls.iter().map(Secret::expose).collect();
        self.0.change_settings(|settings| settings.proxying.set_proxies(&exposed)).map_err(|what| misuse(&what))
    }

    fn set_no_proxy(&self, hosts: Vec<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.proxying.set_exemptions(&hosts)).map_err(|what| misuse(&what))
    }

    fn set_proxy_tunnel(&self, always: bool) {
        self.0.change_settings(|settings| settings.proxying.tunnels_all = always);
    }

    fn set_proxy_ahead(&self, ahead: bool) {
        self.0.change_settings(|settings| settings.proxying.set_ahead(ahead));
    }

    fn set_proxy_default_roots(&self, trusted: bool) {
        self.0.change_settings(|settings| settings.proxying.tls.set_default_roots(trusted));
    }

    fn add_proxy_roots(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.proxying.tls.add_roots(&certificates)).map_err(|what| misuse(&what))
    }

    fn accept_proxy_certificates(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.proxying.tls.add_leaves(&certificates)).map_err(|what| misuse(&what))
    }

    fn set_events(&self, recorded: bool) {
        self.0.set_events(recorded);
    }

    fn take_events(&self) -> Vec<Event> {
        self.0.take_events().into_iter().map(convert::event).collect()
    }
}
