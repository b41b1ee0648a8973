//! The face over WASI 0.3: functions that wait are `async`, and content is a stream.

mod client;
#[path = "../convert.rs"]
mod convert;
#[path = "../cookies.rs"]
mod cookies;
#[path = "../redirects.rs"]
mod redirects;
mod request;
mod response;
mod session;
#[path = "../settings.rs"]
mod settings;

use std::time::Duration;

use self::bindings::exports::xenon::http::client::{NextRequest, RedirectPolicy, RequestBorrow, ResponseBorrow};
use self::request::Request;
use self::response::Response;
use crate::http::resolve::resolve;
use crate::http::uri;
use crate::net::Net;
use crate::wasip3::network;

/// What wit-bindgen makes of `wit/0.3`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "wit/0.3", world: "exports" });

    export!(Component with_types_in self);

    pub(super) struct Component;
}

/// The time since 1970.
fn wall_clock() -> Duration {
    network().wall_clock()
}

impl bindings::exports::xenon::http::types::Guest for bindings::Component {
    fn field(fields: bindings::exports::xenon::http::types::Fields, name: String) -> Option<String> {
        convert::field(&convert::from_fields(&fields), &name)
    }
}

impl bindings::exports::xenon::http::cookies::Guest for bindings::Component {
    type CookieJar = cookies::CookieJar;
}

impl bindings::exports::xenon::http::settings::Guest for bindings::Component {
    type TlsConfig = settings::TlsConfig;
    type Options = settings::Options;
}

impl bindings::exports::xenon::http::client::Guest for bindings::Component {
    type Client = client::Client;
    type NextRequest = redirects::NextRequest;

    fn follow(
        request: RequestBorrow<'_>,
        response: ResponseBorrow<'_>,
        policy: RedirectPolicy,
        followed: u32,
    ) -> convert::Outcome<Option<NextRequest>> {
        redirects::follow(request, response, policy, followed)
    }

    fn escape(text: String) -> String {
        uri::escape(text.as_bytes())
    }

    fn resolve(base: String, reference: String) -> String {
        resolve(&base, &reference)
    }
}

impl bindings::exports::xenon::http::session::Guest for bindings::Component {
    type Session = session::Session;
    type Request = request::Request;
    type Response = response::Response;
}
