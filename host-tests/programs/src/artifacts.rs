//! The components of Xenon that `xenon compose` and `xenon run` put under programs, as a part of this program.

use xenon_compose::Artifacts;

/// Which component goes under a program that sends by `wasi:http/client`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpClient {
    /// The one that takes its settings from the program's environment.
    WithEnvironment,
    /// The one that reads nothing.
    Bare,
}

/// All of them.
pub(crate) fn artifacts(client: HttpClient) -> Artifacts<'static> {
    Artifacts {
        xenon: Some(XENON),
        xenon_0_3: Some(XENON_0_3),
        http_client: Some(match client {
            HttpClient::WithEnvironment => HTTP_CLIENT,
            HttpClient::Bare => HTTP_CLIENT_BARE,
        }),
    }
}

const XENON: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/xenon.wasm"));
const XENON_0_3: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/xenon-0.3.wasm"));
const HTTP_CLIENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/xenon-http-client.wasm"));
const HTTP_CLIENT_BARE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/xenon-http-client-bare.wasm"));
