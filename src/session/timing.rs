//! Waiting with a deadline, and moving bytes with one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

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
