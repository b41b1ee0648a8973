//! What a session needs from the outside: names, connections, time, randomness.
//!
//! Nothing here blocks. An operation that cannot be done yet returns [`Poll::Pending`] and has *noted a wish*: to continue when
//! bytes, an end, a connection, an address or a time arrives.
//!
//! # What an implementation owes
//!
//! * When a wish comes true, it wakes the waker of the [`Context`] that it was noted with, once, and no other. The session polls
//!   only what was woken.
//! * A wish belongs to the latest poll: a later pending poll of the same direction of the same stream, or of the same lookup or
//!   attempt, replaces the waker. The session itself sees to waking both sides of an exchange.
//! * The wish of [`Stream::poll_step`] outlives polls that do not repeat it, because an operation may be in flight. The wish of
//!   [`Net::poll_until`] need not: a task that still waits notes it again at each poll. An implementation may therefore forget a
//!   task's times when it polls the task again, and keep one timer for the earliest.
//! * Nothing is in flight on a stream once the session has read what it wanted and sent what it had. An idle connection holds no
//!   wish, and another task may take it.
//! * A waker may be [`std::task::Waker::noop`]: in a destructor, which sends the last bytes without waiting, and for a caller
//!   that polls by itself.
//!
//! An owner that polls everything after each wait owes none of this, and may ignore the context. `wasip2` does: it collects
//! pollables, and one blocking wait covers all of them. `sim` does both. Over WASI 0.3, where an operation is a future, the
//! context is passed to that future.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::buffer::Buffer;
use crate::clock::Instant;

#[cfg(not(target_os = "wasi"))]
#[allow(clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects, reason = "it is a part of tests")]
pub mod sim;
#[cfg(any(test, all(target_os = "wasi", feature = "wasip3")))]
pub(crate) mod tasks;
#[cfg(all(target_os = "wasi", feature = "wasip2"))]
pub mod wasip2;
#[cfg(all(target_os = "wasi", feature = "wasip3"))]
pub mod wasip3;

/// The network and the clock. A clone is the same network.
pub trait Net: Clone + 'static {
    /// A lookup in progress.
    type Lookup: Lookup;
    /// An attempt to connect, in progress. Dropping it cancels it.
    type Dial: Dial<Stream = Self::Stream>;
    /// A connection.
    type Stream: Stream;

    /// The monotonic time. It may be as old as the last wait.
    fn now(&self) -> Instant;

    /// The time since 1970 by the wall clock, which someone may have set wrongly.
    fn wall_clock(&self) -> Duration;

    /// Fills the slice with unpredictable random bytes.
    fn random(&self, bytes: &mut [u8]);

    /// Ready once `deadline` has passed. Otherwise notes the wish to be woken then.
    fn poll_until(&self, context: &mut Context<'_>, deadline: Instant) -> Poll<()>;

    /// Lets the host catch up with the system: each call of [`Stream::try_receive`] right after it finds what had reached the
    /// system when this was called. It waits neither for a peer nor for time to pass. Wishes stay.
    ///
    /// Without it, `try_receive` need not find those bytes. A host may learn of them only while it is waited for, and answer from
    /// memory in between: tokio, under wasmtime, remembers that a read found no more, and makes no system call for the next one.
    /// A request sent then would take a stray response for its own. So an implementation owes one turn of whatever informs its
    /// host about bytes, ends and failures. Over WASI 0.2 that is a wait that is over at once, and may be left to `try_receive`.
    /// Over WASI 0.3 nothing can wait without suspending: there this future wakes itself, and is pending until the host has had
    /// its turn. wasmtime 48 needs two turns.
    fn catch_up(&self) -> impl Future<Output = ()>;

    /// Starts looking up a name, which is not an IP literal.
    fn lookup(&self, name: &str) -> Self::Lookup;

    /// Starts connecting, from this local address if there is one.
    fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> Self::Dial;
}

/// A lookup in progress.
pub trait Lookup {
    /// The addresses of the name in the resolver's order, at most `max`. Not polled again once ready.
    fn poll(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Vec<IpAddr>, Fault>>;
}

/// An attempt to connect, in progress.
pub trait Dial {
    /// The connection that it makes.
    type Stream;

    /// The connection. Not polled again once ready.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Self::Stream, Fault>>;
}

/// A connection. Dropping it closes both directions at once.
pub trait Stream {
    /// Sends what it can of `send` and, if `receive` is given, receives, in one step. Both are done together because a peer may
    /// have to be read from before it reads on.
    ///
    /// Pending if neither requested direction could move: the wish for both is noted. Ready at once if nothing was requested. A
    /// failure of one direction leaves the other as it is: bytes that a peer sent before it closed can still be read after
    /// sending has failed.
    fn poll_step(&mut self, context: &mut Context<'_>, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step>;

    /// Receives what has arrived, without waiting or noting a wish: a check of an idle connection. If nothing can be sent any
    /// more, it fails whatever there is to receive. It is accurate only right after [`Net::catch_up`].
    fn try_receive(&mut self, receive: Receive<'_>) -> Received;

    /// Ends the sending direction after the bytes sent so far. Receiving continues.
    fn finish(&mut self);

    /// The peer's address.
    fn peer(&self) -> SocketAddr;
}

/// Where received bytes go.
#[derive(Debug)]
pub struct Receive<'a> {
    /// The buffer they are appended to.
    pub buffer: &'a mut Buffer,
    /// How many bytes at most. Not 0.
    pub max: usize,
}

/// What one step did.
#[derive(Debug)]
pub struct Step {
    /// How many bytes of `send` were accepted. They are a prefix.
    pub sent: Result<usize, Fault>,
    /// What was received.
    pub received: Received,
}

/// What was received in one step.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Nothing yet, or nothing was requested.
    Nothing,
    /// At least one byte.
    Bytes,
    /// The peer ended its sending direction cleanly.
    End,
    /// Receiving failed for good.
    Failed(Fault),
}

/// Why an operation of the network failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The name does not exist, or has no addresses.
    NameUnresolvable,
    /// The resolver failed temporarily.
    ResolverTemporary,
    /// The resolver failed permanently.
    ResolverPermanent,
    /// The host forbids it.
    Denied,
    /// The peer refused the connection.
    Refused,
    /// There is no route to the peer.
    Unreachable,
    /// The system gave up on the peer.
    TimedOut,
    /// The peer reset the connection, or it broke.
    Reset,
    /// The local address cannot be used.
    LocalAddress,
    /// Too many closed connections still hold bytes that their peers do not accept.
    Exhausted,
    /// The host has no resources for it.
    NoResources,
    /// Something else.
    Other,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameUnresolvable => "no such name",
            Self::ResolverTemporary => "the resolver failed for now",
            // wasmtime reports both alike.
            Self::ResolverPermanent => "the resolver failed, or the host of this component allows no lookups",
            Self::Denied => "the host of this component does not allow it",
            Self::Refused => "connection refused",
            Self::Unreachable => "no route to the address",
            Self::TimedOut => "timed out",
            Self::Reset => "connection reset",
            Self::LocalAddress => "the local address cannot be used",
            Self::Exhausted => "too many closed connections wait for servers that read nothing",
            Self::NoResources => "the host of this component has no resources left for it",
            Self::Other => "unknown network error",
        })
    }
}
