//! The WIT's `client` around the core's.

use super::bindings::exports::xenon::http::client as wit;
use super::bindings::exports::xenon::http::client::{Event, Fields, OptionsBorrow, RedirectPolicy, WholeResponse};
use super::bindings::exports::xenon::http::{session, settings};
use super::convert::{self, Outcome};
use super::redirects::{from_policy, policy};
use super::request::Request;
use super::session::Session;
use super::settings::Options;
use crate::session::whole;
use crate::wasip3::{self, call};

pub(super) struct Client(wasip3::Client);

impl wit::GuestClient for Client {
    fn new() -> Self {
        Self(wasip3::client())
    }

    fn options(&self) -> settings::Options {
        Options::handle(self.0.options())
    }

    fn set_options(&self, options: OptionsBorrow<'_>) {
        self.0.set_options(options.get::<Options>().snapshot());
    }

    fn redirects(&self) -> Option<RedirectPolicy> {
        self.0.redirects().map(policy)
    }

    fn set_redirects(&self, policy: Option<RedirectPolicy>) {
        self.0.set_redirects(policy.map(from_policy));
    }

    fn set_max_open(&self, connections: u32) {
        self.0.set_most_connections(connections as usize);
    }

    fn session_of(&self, scheme: String, host: String, port: u16) -> session::Session {
        session::Session::new(Session(self.0.session(&scheme, &host, port)))
    }

    fn request(&self, method: String, url: String) -> session::Request {
        session::Request::new(Request::of(self.0.request(&method, &url)))
    }

    async fn get(&self, url: String, fields: Fields) -> Outcome<WholeResponse> {
        let mut request = self.0.request("GET", &url);
        let whole = call(async move {
            for (name, value) in fields {
                request.add_field(&name, value)?;
            }
            whole::fetch(&request, true).await
        });
        whole.await.map(convert::whole).map_err(convert::error)
    }

    fn set_events(&self, recorded: bool) {
        self.0.set_events(recorded);
    }

    fn take_events(&self) -> Vec<Event> {
        self.0.take_events().into_iter().map(convert::event).collect()
    }
}
