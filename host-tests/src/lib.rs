//! The native host of the `xenon` command and of the tour, and the harness that tests the component under wasmtime.
//!
//! ```text
//!     bin/xenon      bin/xenon-tour            the tests in tests/
//!        |              |      \                |      |      |
//!        |              |     origin       component  peer    |
//!        +-----+--------+                       |             |
//!           command ---- named_files            |           nginx  apache  squid  tinyproxy  socks  s_server
//!              +----------------+---------------+
//!                             ahead
//! ```
//!
//! Nothing here speaks HTTP as a client: that is the component's work, and these are its host and its peers.

pub mod access;
pub mod ahead;
pub mod apache;
pub mod command;
pub mod component;
mod engines;
pub mod named_files;
pub mod names;
pub mod nginx;
pub mod origin;
pub mod peer;
mod program;
pub mod s_server;
pub mod socks;
pub mod squid;
pub mod tinyproxy;

/// Where the guests' files are; that of a consumer has the component in it.
pub fn guests() -> std::path::PathBuf {
    xenon_guests::folder()
}
