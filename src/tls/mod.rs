//! TLS as bytes (RFC 8446, RFC 5246): a client's side of one connection, whom it trusts, and what it remembers.
//!
//! The protocol is rustls's, the cryptography ring's. Nothing here waits, connects, or knows what a session is: bytes that
//! came are put in, bytes that should go are taken out, and what time it is is told. Nothing weakens the verification of a
//! server but naming the very certificate that is accepted.

pub mod configuration;
pub mod connection;
mod der;
pub mod facts;
pub mod failure;
mod pem;
mod provider;
pub mod remembered;
pub mod settings;

mod verify;
