//! The resource `client` of `xenon:http/client`.

use super::setting_resources::Options;
use super::*;

use super::bindings::exports::xenon::http::client::{FieldsAlong, PostKeeping, RedirectPolicy};

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

impl Request {
    /// `follow` with the default policy, and `next-request.request`. `None` if the response is not a redirect.
    pub fn follow(&self, response: &Response, session: &Session) -> Result<Option<Request>, Error> {
        let (guest, request) = (&self.0.guest, self.handle());
        let (response, session) = (response.handle(), session.handle());
        let policy = RedirectPolicy {
            limit: Some(20),
            downgrade: false,
            along: FieldsAlong::Few,
            keep_post: PostKeeping::empty(),
            keep_method: false,
            multiple_choices: false,
        };
        let next = guest.call(async |store, client| {
            let interface = client.xenon_http_client();
            let next = match interface.call_follow(&mut *store, request, response, policy, 0).await? {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(Ok(None)),
                Err(error) => return Ok(Err(error)),
            };
            let made = interface.next_request().call_request(&mut *store, next, session).await?;
            next.resource_drop_async(store).await?;
            Ok(Ok(Some(made)))
        });
        next.map(|next| next.map(|resource| Request::adopt(guest, resource)))
    }
}
