//! For Rust guests that compose with nothing: sessions over the network of a WASI 0.2 host, inside the guest's own component.
//!
//! ```ignore
//! use xenon::wasip2::{block_on, session};
//!
//! let session = session("https", "example.com", 443);
//! let response = block_on(session.get("/"))?;
//! println!("{} {}", response.head.status, String::from_utf8_lossy(&response.content));
//! ```
//!
//! Everything that waits is a future. [`block_on`] drives one, and [`poll_any`] any number at once. A component instance has one
//! thread, so a future makes progress only while one of these two runs. They do not use wakers: under another executor, a future
//! would wait for ever. A future may be dropped at any time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::error::{Code, Error, Phase};
use crate::net::wasip2::Wasi;

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
/// A future that [`poll_any`] can drive.
pub type BoxFuture<'a, T, E = Error> = Pin<Box<dyn Future<Output = Result<T, E>> + 'a>>;

thread_local! {
    /// The network of this instance. All sessions share it, so that one wait covers all of them.
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

/// Waits until the future is ready. Blocks the component instance.
///
/// The error is that of the future, or says that the future waits for something outside this crate, which could never wake it.
pub fn block_on<T, E: From<Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let mut future = pin!(future);
    wait(|context| future.as_mut().poll(context)).unwrap_or_else(|stalled| Err(stalled.into()))
}

/// Waits until one of these futures is ready, removes it, and returns its result, or `None` if there are no futures. Blocks the
/// component instance.
///
/// If all of them wait for something outside this crate, all are dropped and the result is an error.
pub fn poll_any<T, E: From<Error>>(futures: &mut Vec<BoxFuture<'_, T, E>>) -> Option<Result<T, E>> {
    if futures.is_empty() {
        return None;
    }
    let ready = wait(|context| {
        for (place, future) in futures.iter_mut().enumerate() {
            if let Poll::Ready(outcome) = future.as_mut().poll(context) {
                return Poll::Ready((place, outcome));
            }
        }
        Poll::Pending
    });
    Some(match ready {
        Ok((place, outcome)) => {
            drop(futures.swap_remove(place));
            outcome
        }
        Err(stalled) => {
            futures.clear();
            Err(stalled.into())
        }
    })
}

/// The network that all sessions of this instance share.
pub(crate) fn network() -> Wasi {
    NETWORK.with(Wasi::clone)
}

/// Waits until this is ready. It is an error if there is nothing to wait for: that must not become a busy loop.
pub(crate) fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T, Error> {
    let network = network();
    network.begin(false);
    // The network collects what is waited for, and wakes nothing.
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(outcome) = poll(&mut context) {
            return Ok(outcome);
        }
        // Every wait of a session has a deadline, so this is a future from elsewhere.
        if !network.wait(&[], None).waited {
            let detail = "nothing is left to wait for: the future waits for something that is not of xenon";
            return Err(Error::new(Phase::Setup, Code::Other(None), detail));
        }
    }
}

/// Polls once, for a caller that does not wait.
#[cfg(feature = "component")]
pub(crate) fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    network().begin(true);
    poll(&mut Context::from_waker(Waker::noop()))
}
