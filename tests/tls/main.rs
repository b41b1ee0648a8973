//! TLS over the simulated network: servers that rustls plays, the time set by the test, certificates made by it.
//!
//! What real servers do is in `host-tests`.

mod accepted;
#[path = "../session/again.rs"]
mod again;
mod authority;
mod certificates;
mod chains;
mod changing;
mod clients;
mod clocks;
mod closing;
mod content;
mod failing;
mod floods;
mod forge;
mod handshake;
mod hostile;
mod names;
mod renegotiation;
mod resumption;
mod server;
mod support;
mod truncation;
mod verdict;
