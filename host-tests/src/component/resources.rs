//! The resources of `xenon:http/session`, each dropped in the component when it is dropped here.

use std::time::Duration;

use wasmtime::component::{Resource, ResourceAny};
use wasmtime_wasi::p2::DynPollable;

use super::*;

/// A handle, and the instance that it belongs to.
struct Handle {
    guest: Guest,
    resource: ResourceAny,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.guest.0.is_dead.get() {
            self.guest.call(async |store, _| self.resource.resource_drop_async(store).await);
        }
    }
}

/// Makes a type of a resource, with functions that take and give what the WIT says.
macro_rules! resource {
    (
        $(#[$about:meta])*
        $name:ident in $interface:ident {
            $($(#[$what:meta])* $function:ident = $call:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*
        }
    ) => {
        $(#[$about])*
        pub struct $name(Handle);

        impl $name {
            $(
                $(#[$what])*
                pub fn $function(&self $(, $argument: $type)*) $(-> $answer)? {
                    let handle = self.handle();
                    self.0.guest.call(async |store, http| http.$interface().$call(store, handle $(, $argument)*).await)
                }
            )*

            pub(super) fn handle(&self) -> ResourceAny {
                self.0.resource
            }

            #[allow(dead_code)]
            fn adopt(guest: &Guest, resource: ResourceAny) -> $name {
                $name(Handle { guest: guest.clone(), resource })
            }
        }
    };
}

resource! {
    /// `session`.
    Session in session {
        /// `close-connection`.
        close_connection = call_close_connection();
        /// `get`.
        get = call_get(target: &str) -> Result<WholeResponse, Error>;
        /// `head`.
        head = call_head(target: &str) -> Result<WholeResponse, Error>;
        /// `post`.
        post = call_post(target: &str, content_type: &str, content: &[u8]) -> Result<WholeResponse, Error>;
        /// `put`.
        put = call_put(target: &str, content_type: &str, content: &[u8]) -> Result<WholeResponse, Error>;
        /// `delete`.
        delete = call_delete(target: &str) -> Result<WholeResponse, Error>;
        /// `set-user-agent`.
        set_user_agent = call_set_user_agent(value: Option<&str>) -> Result<(), Error>;
        /// `set-persistent`.
        set_persistent = call_set_persistent(persistent: bool);
        /// `deadlines`.
        deadlines = call_deadlines() -> Deadlines;
        /// `set-deadlines`.
        set_deadlines = call_set_deadlines(deadlines: Deadlines) -> Result<(), Error>;
        /// `limits`.
        limits = call_limits() -> Limits;
        /// `set-limits`.
        set_limits = call_set_limits(limits: Limits) -> Result<(), Error>;
        /// `set-addresses`.
        set_addresses = call_set_addresses(addresses: &[String]) -> Result<(), Error>;
        /// `set-connect-to`.
        set_connect_to = call_set_connect_to(to: Option<(&str, u16)>) -> Result<(), Error>;
        /// `set-address-family`.
        set_address_family = call_set_address_family(family: AddressFamily);
        /// `set-local-address`.
        set_local_address = call_set_local_address(address: Option<&str>) -> Result<(), Error>;
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
        /// `set-tls-versions`.
        set_tls_versions = call_set_tls_versions(oldest: TlsVersion, newest: TlsVersion) -> Result<(), Error>;
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
        let resource = guest.call(async |store, http| http.session().call_constructor(store, scheme, host, port).await);
        Session::adopt(guest, resource)
    }

    /// Makes a request of this session.
    pub fn request(&self, method: &str, target: &str) -> Request {
        let guest = &self.0.guest;
        let session = self.handle();
        let resource =
            guest.call(async |store, http| http.request().call_constructor(store, session, method, target).await);
        Request::adopt(guest, resource)
    }
}

resource! {
    /// `request`.
    Request in request {
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
        set_version = call_set_version(version: Version);
    }
}

impl Request {
    /// `send`.
    pub fn send(&self) -> Result<Response, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer = guest.call(async |store, http| http.request().call_send(store, handle).await);
        answer.map(|resource| Response::adopt(guest, resource))
    }

    /// `start`.
    pub fn start(&self) -> Result<Exchange, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer = guest.call(async |store, http| http.request().call_start(store, handle).await);
        answer.map(|resource| Exchange::adopt(guest, resource))
    }
}

resource! {
    /// `exchange`.
    Exchange in exchange {
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
        let answer = guest.call(async |store, http| http.exchange().call_response(store, handle).await);
        answer.map(|resource| Response::adopt(guest, resource))
    }

    /// `try-response`.
    pub fn try_response(&self) -> Option<Result<Response, Error>> {
        let (guest, handle) = (&self.0.guest, self.handle());
        let answer = guest.call(async |store, http| http.exchange().call_try_response(store, handle).await);
        answer.map(|answer| answer.map(|resource| Response::adopt(guest, resource)))
    }
}

resource! {
    /// `response`.
    Response in response {
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
        /// `challenges`.
        challenges = call_challenges() -> Vec<Challenge>;
        /// `content-length`.
        content_length = call_content_length() -> Option<u64>;
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
        /// `read-to-end`.
        read_to_end = call_read_to_end() -> Result<Vec<u8>, Error>;
        /// `trailers`.
        trailers = call_trailers() -> Option<Fields>;
    }
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
