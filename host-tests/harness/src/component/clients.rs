//! The resources of `xenon:http/client`, each dropped in the component when it is dropped here.

use super::*;

pub use super::bindings::exports::xenon::http::client::{FieldsAlong, PostKeeping, RedirectPolicy};

resource! {
    /// `client`.
    Client in xenon_http_client.client {
        /// `redirects`.
        redirects = call_redirects() -> Option<RedirectPolicy>;
        /// `set-redirects`.
        set_redirects = call_set_redirects(policy: Option<RedirectPolicy>);
        /// `set-max-open`.
        set_max_open = call_set_max_open(connections: u32);
        /// `get`.
        get_with = call_get(url: &str, fields: &Fields) -> Result<WholeResponse, Error>;
        /// `set-events`.
        set_events = call_set_events(recorded: bool);
        /// `take-events`.
        take_events = call_take_events() -> Vec<Event>;
    }
}

impl Client {
    pub(super) fn new(guest: &Guest) -> Client {
        let resource =
            guest.call(async |store, client| client.xenon_http_client().client().call_constructor(store).await);
        Client::adopt(guest, resource)
    }

    /// `get` without fields.
    pub fn get(&self, url: &str) -> Result<WholeResponse, Error> {
        self.get_with(url, &Fields::new())
    }

    /// `options`.
    pub fn options(&self) -> Options {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource =
            guest.call(async |store, client| client.xenon_http_client().client().call_options(store, handle).await);
        Options::adopt(guest, resource)
    }

    /// `set-options`.
    pub fn set_options(&self, options: &Options) {
        let (handle, options) = (self.handle(), options.handle());
        self.0.guest.call(async |store, client| {
            client.xenon_http_client().client().call_set_options(store, handle, options).await
        });
    }

    /// `session-of`.
    pub fn session_of(&self, scheme: &str, host: &str, port: u16) -> Session {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource = guest.call(async |store, client| {
            client.xenon_http_client().client().call_session_of(store, handle, scheme, host, port).await
        });
        Session::adopt(guest, resource)
    }

    /// `request`.
    pub fn request(&self, method: &str, url: &str) -> Request {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource = guest.call(async |store, client| {
            client.xenon_http_client().client().call_request(store, handle, method, url).await
        });
        Request::adopt(guest, resource)
    }
}

resource! {
    /// `next-request`.
    NextRequest in xenon_http_client.next_request {
        /// `url`.
        url = call_url() -> String;
        /// `scheme`.
        scheme = call_scheme() -> String;
        /// `host`.
        host = call_host() -> String;
        /// `port`.
        port = call_port() -> u16;
        /// `method`.
        method = call_method() -> String;
        /// `has-content`.
        has_content = call_has_content() -> bool;
    }
}

impl NextRequest {
    /// `request`.
    pub fn request(&self, session: &Session) -> Request {
        let (guest, handle, session) = (&self.0.guest, self.handle(), session.handle());
        let resource = guest.call(async |store, client| {
            client.xenon_http_client().next_request().call_request(store, handle, session).await
        });
        Request::adopt(guest, resource)
    }
}
