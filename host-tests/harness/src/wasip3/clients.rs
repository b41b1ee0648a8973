//! The resource `client` of `xenon:http/client`.

use super::setting_resources::Options;
use super::*;

resource! {
    /// `client`.
    Client in xenon_http_client.client {
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
        let handle = self.handle();
        self.0.guest.concurrently(async |accessor, client| {
            client.xenon_http_client().client().call_get(accessor, handle, url.into(), Fields::new()).await
        })
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

    /// `request`.
    pub fn request(&self, method: &str, url: &str) -> Request {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource = guest.call(async |store, client| {
            client.xenon_http_client().client().call_request(store, handle, method, url).await
        });
        Request::adopt(guest, resource)
    }
}
