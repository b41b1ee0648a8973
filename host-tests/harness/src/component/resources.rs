//! The resources of `xenon:http/session`, each dropped in the component when it is dropped here.

use std::time::Duration;

use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;

use super::setting_resources::Options;
use super::*;

resource! {
    /// `session`.
    Session in xenon_http_session.session {
        /// `close-connection`.
        close_connection = call_close_connection();
        /// `set-addresses`.
        set_addresses = call_set_addresses(addresses: &[String]) -> Result<(), Error>;
        /// `set-connect-to`.
        set_connect_to = call_set_connect_to(to: Option<(&str, u16)>) -> Result<(), Error>;
        /// `set-credentials`.
        set_credentials = call_set_credentials(
            realm: Option<&str>, user: &str, password: &str, schemes: AuthSchemes, ahead: bool
        ) -> Result<(), Error>;
        /// `set-bearer-token`.
        set_bearer_token = call_set_bearer_token(
            realm: Option<&str>, token: &str, scope: Option<&str>, ahead: bool
        ) -> Result<(), Error>;
        /// `forget-credentials`.
        forget_credentials = call_forget_credentials(realm: Option<&str>);
        /// `set-events`.
        set_events = call_set_events(recorded: bool);
        /// `take-events`.
        take_events = call_take_events() -> Vec<Event>;
    }
}

impl Session {
    pub(super) fn new(guest: &Guest, scheme: &str, host: &str, port: u16) -> Session {
        let resource = guest.call(async |store, client| {
            client.xenon_http_session().session().call_constructor(store, scheme, host, port).await
        });
        Session::adopt(guest, resource)
    }

    /// `get`.
    pub fn get_with(&self, target: &str, fields: &Fields) -> Result<WholeResponse, Error> {
        let handle = self.handle();
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_get(store, handle, target, fields).await
        })
    }

    /// `get` without fields.
    pub fn get(&self, target: &str) -> Result<WholeResponse, Error> {
        self.get_with(target, &Fields::new())
    }

    /// `head` without fields.
    pub fn head(&self, target: &str) -> Result<WholeResponse, Error> {
        let handle = self.handle();
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_head(store, handle, target, &Fields::new()).await
        })
    }

    /// `post` with this `Content-Type`.
    pub fn post(&self, target: &str, content_type: &str, content: &[u8]) -> Result<WholeResponse, Error> {
        let (handle, fields) = (self.handle(), content_type_field(content_type));
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_post(store, handle, target, &fields, content).await
        })
    }

    /// `put` with this `Content-Type`.
    pub fn put(&self, target: &str, content_type: &str, content: &[u8]) -> Result<WholeResponse, Error> {
        let (handle, fields) = (self.handle(), content_type_field(content_type));
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_put(store, handle, target, &fields, content).await
        })
    }

    /// `delete` without fields.
    pub fn delete(&self, target: &str) -> Result<WholeResponse, Error> {
        let handle = self.handle();
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_delete(store, handle, target, &Fields::new()).await
        })
    }

    /// `options`.
    pub fn options(&self) -> Options {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource =
            guest.call(async |store, client| client.xenon_http_session().session().call_options(store, handle).await);
        Options::adopt(guest, resource)
    }

    /// `set-options`.
    pub fn set_options(&self, options: &Options) {
        let (handle, options) = (self.handle(), options.handle());
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_set_options(store, handle, options).await
        });
    }

    /// Makes a request of this session.
    pub fn request(&self, method: &str, target: &str) -> Request {
        let guest = &self.0.guest;
        let session = self.handle();
        let resource = guest.call(async |store, client| {
            client.xenon_http_session().request().call_constructor(store, session, method, target).await
        });
        Request::adopt(guest, resource)
    }
}

resource! {
    /// `request`.
    Request in xenon_http_session.request {
        /// `add-field`.
        add_field = call_add_field(name: &str, value: &str) -> Result<(), Error>;
        /// `add-field-bytes`.
        add_field_bytes = call_add_field_bytes(name: &str, value: &[u8]) -> Result<(), Error>;
        /// `set-content`.
        set_content = call_set_content(content: &[u8]);
        /// `set-streamed-content`.
        set_streamed_content = call_set_streamed_content(length: Option<u64>);
        /// `set-idempotent`.
        set_idempotent = call_set_idempotent(idempotent: bool);
        /// `set-expect-continue`.
        set_expect_continue = call_set_expect_continue(expect: bool);
        /// `set-version`.
        set_version = call_set_version(version: Version) -> Result<(), Error>;
    }
}

impl Request {
    /// `send`.
    pub fn send(&self) -> Result<Response, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer =
            guest.call(async |store, client| client.xenon_http_session().request().call_send(store, handle).await);
        answer.map(|resource| Response::adopt(guest, resource))
    }

    /// `start`.
    pub fn start(&self) -> Result<Exchange, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer =
            guest.call(async |store, client| client.xenon_http_session().request().call_start(store, handle).await);
        answer.map(|resource| Exchange::adopt(guest, resource))
    }
}

resource! {
    /// `exchange`.
    Exchange in xenon_http_session.exchange {
        /// `write`.
        write = call_write(content: &[u8]) -> Result<(), Error>;
        /// `try-write`.
        try_write = call_try_write(content: &[u8]) -> Result<bool, Error>;
        /// `finish`.
        finish = call_finish(trailers: &Fields) -> Result<(), Error>;
        /// `interim-responses`.
        interim_responses = call_interim_responses() -> Vec<InterimResponse>;
        /// `cancel`.
        cancel = call_cancel();
    }
}

impl Exchange {
    /// `response`.
    pub fn response(&self) -> Result<Response, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer =
            guest.call(async |store, client| client.xenon_http_session().exchange().call_response(store, handle).await);
        answer.map(|resource| Response::adopt(guest, resource))
    }

    /// `try-response`.
    pub fn try_response(&self) -> Result<Option<Response>, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer = guest
            .call(async |store, client| client.xenon_http_session().exchange().call_try_response(store, handle).await);
        answer.map(|answer| answer.map(|resource| Response::adopt(guest, resource)))
    }
}

resource! {
    /// `response`.
    Response in xenon_http_session.response {
        /// `status`.
        status = call_status() -> u16;
        /// `reason`.
        reason = call_reason() -> String;
        /// `version`.
        version = call_version() -> Version;
        /// `fields`.
        fields = call_fields() -> Fields;
        /// `field`.
        field = call_field(name: &str) -> Option<String>;
        /// `url`.
        url = call_url() -> String;
        /// `location`.
        location = call_location() -> Option<String>;
        /// `redirects`.
        redirects = call_redirects() -> Vec<Redirect>;
        /// `challenges`.
        challenges = call_challenges() -> Vec<Challenge>;
        /// `content-length`.
        content_length = call_content_length() -> Option<u64>;
        /// `codings`.
        codings = call_codings() -> Vec<String>;
        /// `interim-responses`.
        interim_responses = call_interim_responses() -> Vec<InterimResponse>;
        /// `connection`.
        connection = call_connection() -> ConnectionFacts;
        /// `peer-certificates`.
        peer_certificates = call_peer_certificates() -> Vec<Vec<u8>>;
        /// `read`.
        read = call_read(max: u32) -> Result<Option<Vec<u8>>, Error>;
        /// `try-read`.
        try_read = call_try_read(max: u32) -> Result<Received, Error>;
        /// `read-words`.
        read_words = call_read_words(max: u32) -> Result<Option<Words>, Error>;
        /// `try-read-words`.
        try_read_words = call_try_read_words(max: u32) -> Result<ReceivedWords, Error>;
        /// `read-to-end`.
        read_to_end = call_read_to_end() -> Result<Vec<u8>, Error>;
        /// `trailers`.
        trailers = call_trailers() -> Option<Fields>;
    }
}

fn content_type_field(value: &str) -> Fields {
    vec![("Content-Type".to_owned(), value.as_bytes().to_vec())]
}

/// A pollable that is ready after some time.
pub struct Timer {
    guest: Guest,
    pollable: Resource<DynPollable>,
}

impl Timer {
    pub(super) fn new(guest: &Guest, after: Duration) -> Timer {
        let pollable = guest.call(async |store, _| push_timer(store, after));
        Timer { guest: guest.clone(), pollable }
    }

    pub(super) fn handle(&self) -> Resource<DynPollable> {
        Resource::new_borrow(self.pollable.rep())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let pollable = Resource::<DynPollable>::new_own(self.pollable.rep());
        // The component only had it lent, so it cannot have kept anything that stands in the way.
        self.guest.0.store.borrow_mut().data_mut().table.delete(pollable).expect("the timer is there once");
    }
}
