//! Clients over the simulated network: redirects, cookies, and what must not reach another origin.

#[path = "../session/again.rs"]
mod again;
#[path = "../tls/authority.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod authority;
#[path = "../tls/forge.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod forge;
#[path = "../auth/server.rs"]
#[allow(dead_code, reason = "the tests of credentials need more of it")]
mod server;
#[path = "../tls/server.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod tls_server;

mod certificate;
mod cookies;
mod ends;
mod floods;
mod leaks;
mod pool;
mod proxy;
mod redirects;
mod streamed;
mod support;
