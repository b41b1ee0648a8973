//! The instance's one network, and how a blocking call waits on it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::error::{Code, Error, Phase};
use crate::net::wasip2::Wasi;

thread_local! {
    /// The network of this instance. All sessions share it, so that one wait is for all of them.
    static NETWORK: Wasi = Wasi::new();
}

pub(super) fn network() -> Wasi {
    NETWORK.with(Wasi::clone)
}

/// Waits until the core is ready.
pub(super) fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<Result<T, Error>>) -> Result<T, Error> {
    let network = network();
    network.begin(false);
    // What is waited for are the network's wishes: nothing here is woken.
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(outcome) = poll(&mut context) {
            return outcome;
        }
        if !network.wait(&[], None).waited {
            // Every wait of the core has a deadline, so this is a fault of ours; it must not become a busy loop.
            let detail = "nothing is left to wait for: this is a bug in xenon";
            return Err(Error::new(Phase::Setup, Code::Other(None), detail));
        }
    }
}

/// Waits until the future is ready.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut future = pin!(future);
    wait(|context| future.as_mut().poll(context))
}

/// Polls once: the caller will not wait.
pub(super) fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    network().begin(true);
    poll(&mut Context::from_waker(Waker::noop()))
}
