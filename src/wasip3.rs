//! For Rust guests that compose with nothing: sessions over the network of a WASI 0.3 host, inside the guest's own component.
//!
//! ```ignore
//! use xenon::wasip3::{call, session};
//!
//! // In an async export of the guest:
//! let session = session("https", "example.com", 443);
//! let response = call(async move { session.get("/").await }).await?;
//! println!("{} {}", response.head.status, String::from_utf8_lossy(&response.content));
//! ```
//!
//! Everything that waits is a future, and must be polled within [`call`] or [`spawn`]. Any number of calls may run at once. One
//! exchange, with its response, belongs to one of them.

use std::future::Future;

use crate::net::wasip3::Wasi;

pub(crate) use crate::net::wasip3::Operation;

/// A session over the host's network: see [`session()`].
pub type Session = crate::session::Session<Wasi>;
/// A client over the host's network: see [`client()`].
pub type Client = crate::client::Client<Wasi>;
/// A request of such a session or client.
pub type Request = crate::session::Request<Wasi>;
/// A request in progress.
pub type Exchange = crate::session::Exchange<Wasi>;
/// A response of such a session.
pub type Response = crate::session::Response<Wasi>;

thread_local! {
    /// The network of this instance.
    static NETWORK: Wasi = Wasi::new();
}

/// A session with the origin `scheme://host:port`. It does no I/O, and never fails. The first request reports an invalid origin,
/// and looks its name up.
pub fn session(scheme: &str, host: &str, port: u16) -> Session {
    Session::new(network(), scheme, host, port)
}

/// A client for many origins, which follows redirects. It does no I/O.
pub fn client() -> Client {
    Client::new(network())
}

/// Runs this within an async export. Dropping it closes the connections that its exchanges use.
///
/// It never returns without having suspended once.
pub fn call<T: 'static>(work: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
    network().call(work)
}

/// Runs this beside the async export that calls it, also after that has returned.
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    network().spawn(work);
}

/// The network that all sessions of this instance share.
pub(crate) fn network() -> Wasi {
    NETWORK.with(Wasi::clone)
}
