//! The face under programs that know nothing of Xenon: `wasi:http/client`.
//!
//! It follows no redirects, keeps no cookies and decodes no content, because the program did not ask for them.

mod errors;
mod request;
mod response;

use std::cell::OnceCell;
use std::rc::Rc;

use self::bindings::exports::wasi::http::client;
use self::bindings::wasi::http::types::{ErrorCode, Request, Response};
use super::streams;
use crate::client::Sessions;
use crate::client::environment::Environment;
use crate::net::wasip3::Wasi;
use crate::wasip3::{call, network};

/// What wit-bindgen makes of `wasi:http`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "wit/0.3", world: "http-client-exports", generate_all });

    export!(Component with_types_in self);

    pub(super) struct Component;
}

/// What wit-bindgen makes of the environment.
#[cfg(feature = "http-client-environment")]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod environment {
    wit_bindgen::generate!({ path: "wit/0.3", world: "environment", generate_all });
}

thread_local! {
    static SESSIONS: Sessions<Wasi> = Sessions::new(network());
    /// `None` if a variable is wrong.
    static SETTINGS: OnceCell<Option<Environment>> = const { OnceCell::new() };
}

impl client::Guest for bindings::Component {
    async fn send(request: Request) -> Result<Response, ErrorCode> {
        call(exchange(request)).await
    }
}

async fn exchange(request: Request) -> Result<Response, ErrorCode> {
    let settings = settings().ok_or(ErrorCode::ConfigurationError)?;
    let parts = request::Parts::of(&request)?;
    let options = settings.options(parts.origin.scheme);
    let session = SESSIONS.with(|sessions| sessions.of(&parts.origin, options));
    let (core, mut upload) = parts.into_core(request, &session, *options.deadlines()).await?;
    let sent = async {
        let exchange = core.start(true)?;
        let response = streams::response(&exchange, &mut upload).await?;
        Ok((exchange, response))
    };
    match sent.await {
        Ok((exchange, response)) => response::handle(session, exchange, Rc::new(response), upload),
        Err(error) => {
            upload.fail(&error);
            Err(errors::code(error))
        }
    }
}

fn settings() -> Option<Environment> {
    SETTINGS.with(|settings| settings.get_or_init(read_settings).clone())
}

#[cfg(feature = "http-client-environment")]
fn read_settings() -> Option<Environment> {
    Environment::parse(&environment::wasi::cli::environment::get_environment()).ok()
}

#[cfg(not(feature = "http-client-environment"))]
fn read_settings() -> Option<Environment> {
    Some(Environment::default())
}
