//! Making a connection: through a proxy or directly, a race of addresses, TLS.

mod addresses;
mod connect;
mod dial;
mod proxy_handshake;
mod tls_handshake;
mod via_proxy;

pub(super) use connect::connect;
pub(super) use tls_handshake::tls_error;
