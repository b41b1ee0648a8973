//! Waiting with a deadline.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::clock::Instant;
use crate::net::Net;

/// The deadline has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// What the future gives, unless the deadline comes first. What is ready at the deadline is in time.
pub(crate) async fn within<N: Net, T>(
    net: &N,
    deadline: Instant,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => net.poll_until(deadline).map(|()| Err(Elapsed)),
    })
    .await
}

/// Waits as short as can be. What time it is shows only after a wait, and a peer that never lets anybody wait must not stop
/// the clock.
pub(crate) async fn tick<N: Net>(net: &N) {
    let soon = net.now() + Duration::from_nanos(1);
    poll_fn(|_| net.poll_until(soon)).await;
}
