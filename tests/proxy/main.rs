//! Proxies over the simulated network: scripted ones, with rustls where they, or origins behind them, speak TLS.
//!
//! What real proxies do is in `host-tests`.

#[path = "../session/again.rs"]
mod again;
#[path = "../tls/authority.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod authority;
#[path = "../tls/forge.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod forge;

mod changing;
mod choosing;
mod connect;
mod credentials;
mod deadlines;
mod exemptions;
mod failing;
mod floods;
mod forward;
mod peer;
mod secured;
mod socks;
mod support;
