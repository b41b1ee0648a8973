//! The WIT's `session` around the core's: settings for its origin, and the one-call functions.

use std::rc::Rc;

use super::bindings::exports::xenon::http::session as wit;
use super::bindings::exports::xenon::http::session::{AuthSchemes, Event, Fields, OptionsBorrow, WholeResponse};
use super::bindings::exports::xenon::http::settings;
use super::convert::{self, Outcome, wrong};
use super::settings::Options;
use crate::auth::Login;
use crate::net::wasip2::Wasi;
use crate::secret::Secret;
use crate::session::{self, whole};
use crate::wasip2::{block_on, network};

pub(super) struct Session(pub(super) Rc<session::Session<Wasi>>);

impl Session {
    fn fetch(&self, method: &str, target: String, fields: Fields, content: Option<Vec<u8>>) -> Outcome<WholeResponse> {
        let mut request = self.0.request(method, target);
        for (name, value) in fields {
            request.add_field(&name, value).map_err(convert::error)?;
        }
        if let Some(content) = content {
            request.set_content(content);
        }
        block_on(whole::fetch(&request, false)).map(convert::whole).map_err(convert::error)
    }
}

impl wit::GuestSession for Session {
    fn new(scheme: String, host: String, port: u16) -> Self {
        Self(Rc::new(session::Session::new(network(), &scheme, &host, port)))
    }

    fn close_connection(&self) {
        self.0.close_connection();
    }

    fn options(&self) -> settings::Options {
        Options::handle(self.0.options())
    }

    fn set_options(&self, options: OptionsBorrow<'_>) {
        self.0.set_options(options.get::<Options>().snapshot());
    }

    fn get(&self, target: String, fields: Fields) -> Outcome<WholeResponse> {
        self.fetch("GET", target, fields, None)
    }

    fn head(&self, target: String, fields: Fields) -> Outcome<WholeResponse> {
        self.fetch("HEAD", target, fields, None)
    }

    fn post(&self, target: String, fields: Fields, content: Vec<u8>) -> Outcome<WholeResponse> {
        self.fetch("POST", target, fields, Some(content))
    }

    fn put(&self, target: String, fields: Fields, content: Vec<u8>) -> Outcome<WholeResponse> {
        self.fetch("PUT", target, fields, Some(content))
    }

    fn delete(&self, target: String, fields: Fields) -> Outcome<WholeResponse> {
        self.fetch("DELETE", target, fields, None)
    }

    fn set_addresses(&self, addresses: Vec<String>) -> Outcome<()> {
        self.0.set_addresses(&addresses).map_err(convert::error)
    }

    fn set_connect_to(&self, to: Option<(String, u16)>) -> Outcome<()> {
        self.0.set_connect_to(to).map_err(convert::error)
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
        self.0.change_credentials(|known| known.set_login(realm, login, schemes, ahead)).map_err(wrong)
    }

    fn set_bearer_token(
        &self,
        realm: Option<String>,
        token: String,
        scope: Option<String>,
        ahead: bool,
    ) -> Outcome<()> {
        let token = Secret::new(token);
        self.0.change_credentials(|known| known.set_token(realm, token, scope, ahead)).map_err(wrong)
    }

    fn forget_credentials(&self, realm: Option<String>) {
        self.0.change_credentials(|known| known.forget(realm.as_deref()));
    }

    fn set_events(&self, recorded: bool) {
        self.0.set_events(recorded);
    }

    fn take_events(&self) -> Vec<Event> {
        self.0.take_events().into_iter().map(convert::event).collect()
    }
}
