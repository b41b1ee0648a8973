//! The face over WASI 0.2: functions that block, and `start`, `try-` and `wait-any` for callers that must not.
//!
//! This folder alone knows WIT, and it alone may hold unsafe code: the bindings that wit-bindgen writes, and
//! [`wait_any`], which stands in for a binding that it cannot write.

#[path = "../convert.rs"]
mod convert;
mod exchange;
mod session;
#[path = "../settings.rs"]
mod settings;
mod wait_any;
mod words;

/// What wit-bindgen makes of `wit/`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "client",
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

impl bindings::exports::xenon::http::types::Guest for bindings::Component {
    fn field(fields: bindings::exports::xenon::http::types::Fields, name: String) -> Option<String> {
        convert::field(&convert::from_fields(fields), &name)
    }
}

impl bindings::exports::xenon::http::settings::Guest for bindings::Component {
    type TlsConfig = settings::TlsConfig;
    type Options = settings::Options;
}

impl bindings::exports::xenon::http::session::Guest for bindings::Component {
    type Session = session::Session;
    type Request = exchange::Request;
    type Exchange = exchange::Exchange;
    type Response = exchange::Response;
}
