//! The face over WASI 0.3: functions that wait are `async`, and content is a stream.

#[path = "../convert.rs"]
mod convert;
mod request;
mod response;
mod session;
#[path = "../settings.rs"]
mod settings;

/// What wit-bindgen makes of `wit/0.3`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "wit/0.3", world: "exports" });

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
    type Request = request::Request;
    type Response = response::Response;
}
