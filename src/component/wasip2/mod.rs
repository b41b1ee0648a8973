//! The face over WASI 0.2: functions that block, and `start`, `try-` and `wait-any` for callers that must not.
//!
//! This folder alone knows WIT, and it alone may hold unsafe code: the bindings that wit-bindgen writes, and
//! [`wait_any`], which stands in for a binding that it cannot write.

mod client;
#[path = "../convert.rs"]
mod convert;
#[path = "../cookies.rs"]
mod cookies;
mod exchange;
#[path = "../redirects.rs"]
mod redirects;
mod session;
#[path = "../settings.rs"]
mod settings;
mod wait_any;
mod words;

use std::time::Duration;

use self::bindings::exports::xenon::http::client::{NextRequest, RedirectPolicy, RequestBorrow, ResponseBorrow};
use self::exchange::{Request, Response};
use crate::http::resolve::resolve;
use crate::http::uri;
use crate::net::Net;
use crate::wasip2::network;

/// What wit-bindgen makes of `wit/`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "component",
        // A list of borrowed handles of an imported resource, in an export, is more than wit-bindgen can do
        // (bytecodealliance/wit-bindgen#811): `wait_any` does it.
        skip: ["wait-any"],
        with: {
            "wasi:io/poll@0.2.0": wasi::io::poll,
            "wasi:io/error@0.2.0": wasi::io::error,
            "wasi:io/streams@0.2.0": wasi::io::streams,
            "wasi:clocks/monotonic-clock@0.2.0": wasi::clocks::monotonic_clock,
            "wasi:clocks/wall-clock@0.2.0": wasi::clocks::wall_clock,
            "wasi:random/random@0.2.0": wasi::random::random,
            "wasi:random/insecure-seed@0.2.0": wasi::random::insecure_seed,
            "wasi:sockets/network@0.2.0": wasi::sockets::network,
            "wasi:sockets/instance-network@0.2.0": wasi::sockets::instance_network,
            "wasi:sockets/ip-name-lookup@0.2.0": wasi::sockets::ip_name_lookup,
            "wasi:sockets/tcp@0.2.0": wasi::sockets::tcp,
            "wasi:sockets/tcp-create-socket@0.2.0": wasi::sockets::tcp_create_socket,
        },
    });

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
    type Request = exchange::Request;
    type Exchange = exchange::Exchange;
    type Response = exchange::Response;
}
