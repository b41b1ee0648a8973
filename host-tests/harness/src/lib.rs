//! The harness of the tests: the built component under wasmtime, scripted peers, and real servers and proxies.
//!
//! ```text
//!                 the tests in ../tests/
//!            |         |              |
//!  component  wasip3  service  peer    nginx  apache  squid  tinyproxy  socks  s_server
//! ```
//!
//! Nothing here speaks HTTP as a client: that is the component's work, and these are its host and its peers.

#![allow(clippy::duplicate_mod, reason = "the settings of both faces have the same text, and are called alike")]

pub mod access;
pub mod apache;
pub mod cargo_component;
pub mod coders;
pub mod component;
pub mod componentize_py;
mod engines;
pub mod names;
pub mod nginx;
pub mod peer;
mod program;
pub mod s_server;
pub mod service;
pub mod socks;
pub mod squid;
pub mod tinyproxy;
pub mod wasip3;

/// The codings that `xenon.wasm` and `xenon-0.3.wasm` offer.
pub const OFFERED: &str = "gzip, deflate, zstd";

/// Where the guests' files are; that of a consumer has the component in it.
pub fn guests() -> std::path::PathBuf {
    xenon_guests::folder()
}
