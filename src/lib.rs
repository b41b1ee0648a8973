//! An HTTP client *session* as a WebAssembly component, over WASI sockets.
//!
//! It is used in two ways:
//!
//! * As a **component**, which other components are composed with. Its face is the WIT package in `wit/`; the feature `component`
//!   exports it.
//! * As a **crate**, by Rust guests that compose with nothing: the module `wasip2`, which the feature of that name (on by
//!   default) has for `wasm32-wasip2`. There, `wasip2::session` makes a [`session::Session`], and `wasip2::block_on` drives what
//!   it gives.
//!
//! Natively there is no network but the simulated one, [`net::sim`], which tests run over.
//!
//! ```text
//!      component/   lift, call, lower     wasip2     net/sim   tests
//!           \                                |           /
//!            +-------------->  session/  <---+----------+      async fn, generic over net::Net
//!                                 |
//!     +-------+-------+-------+---------+----------+-------+
//!   proxy/  auth/    h1/    tls/    coding/    cookies/   net/   all but net/ know no I/O; net/ is the traits and their two homes
//!     +-------+-------+-------+---------+----------+
//!           http/                               methods, fields, heads, targets, URIs, origins
//!             |
//!         error  limits  clock  buffer  secret  reason
//! ```
//!
//! `http`, `auth`, `h1`, `proxy`, `tls`, `coding` and `cookies` are pure: bytes and values in, bytes and values out; time and randomness are
//! arguments. `session` holds the straight-line story of a request: look up, connect, send, read, keep or close, retry. `net`
//! is what it asks of the world. `component` is glue without logic.
//!
//! What comes from outside never panics: the lints below are for the whole crate, and only tests and the simulated network,
//! which is a part of them, are let off.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::todo,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

pub mod auth;
pub mod buffer;
pub mod client;
pub mod clock;
pub mod coding;
pub mod cookies;
pub mod error;
pub mod h1;
pub mod http;
pub mod limits;
pub mod net;
pub mod proxy;
pub mod reason;
pub mod secret;
pub mod session;
pub mod tls;

#[cfg(all(target_os = "wasi", feature = "wasip2"))]
pub mod wasip2;
#[cfg(all(target_os = "wasi", feature = "wasip3"))]
pub mod wasip3;

#[cfg(all(target_os = "wasi", any(feature = "component", feature = "component-wasip3", feature = "http-client")))]
mod component;
