//! What a session asks of the world: names, connections, time, chance.
//!
//! Nothing here waits. What cannot be done yet answers [`Poll::Pending`] and has *noted a wish*: to go on when bytes, an end, a
//! connection, an address or a time has come.
//!
//! # What an implementation owes
//!
//! * A wish that comes true wakes the waker of the [`Context`] that it was noted with, once, and wakes nobody else. The session
//!   polls nothing that was not woken.
//! * A wish belongs to whoever was polled last: a later poll of the same direction of the same stream, or of the same lookup
//!   or attempt, that is pending replaces the waker. The session has its own means to wake both sides of an exchange.
//! * The wish of [`Stream::poll_step`] outlives polls that do not repeat it: an operation may be in flight. The wish of
//!   [`Net::poll_until`] need not: whoever still waits notes it again at each poll. So an implementation may forget a task's
//!   times when it polls the task again, and keep one timer for the earliest.
//! * Nothing is in flight on a stream once the session has read what it wanted and has sent what it had: a kept connection
//!   holds no wish, and another task may take it.
//! * A waker may be [`std::task::Waker::noop`]: in a destructor, which says farewell and waits for nothing, and where a
//!   caller polls by itself.
//!
//! An owner that polls everything after each wait owes none of this, and may ignore the context. `wasip2` does: it collects
//! pollables, and one blocking wait is for all of them. `sim` does both. Over WASI 0.3, where an operation is a future, the
//! context goes to that future.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::buffer::Buffer;
use crate::clock::Instant;

#[cfg(not(target_os = "wasi"))]
#[allow(clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects, reason = "it is a part of tests")]
pub mod sim;
#[cfg(all(target_os = "wasi", feature = "wasip2"))]
pub mod wasip2;

/// The network and the clock. A clone is the same network.
pub trait Net: Clone + 'static {
    /// A lookup under way.
    type Lookup: Lookup;
    /// An attempt to connect, under way. Dropping it gives it up.
    type Dial: Dial<Stream = Self::Stream>;
    /// A connection.
    type Stream: Stream;

    /// What time it is. It may be as old as the last wait.
    fn now(&self) -> Instant;

    /// What time it is for people: since 1970, by a clock that somebody has set.
    fn wall_clock(&self) -> Duration;

    /// Fills it with random bytes that nobody can foresee.
    fn random(&self, bytes: &mut [u8]);

    /// Ready when `deadline` has come; notes the wish to be woken then.
    fn poll_until(&self, context: &mut Context<'_>, deadline: Instant) -> Poll<()>;

    /// Has the host catch up with the system: every look ([`Stream::try_receive`]) that follows at once finds what had reached
    /// the system when this was called. It waits for no peer and for no time to pass; wishes stay.
    ///
    /// A look alone need not find it. A host may learn what has come only while it is waited for, and answer from memory in
    /// between: tokio, under wasmtime, remembers that a read has found no more, and makes no system call for the next one. A
    /// request sent then would take a stray response for its own. So an implementation owes one turn of whatever tells its
    /// host of bytes, ends and failures. Over WASI 0.2 that is a wait that is over at once, and may be left to the look. Over
    /// WASI 0.3 nothing can wait without suspending: there this future wakes itself and is pending until the host has had its
    /// turn; wasmtime 48 needs two.
    fn catch_up(&self) -> impl Future<Output = ()>;

    /// Starts looking up a name, which is no IP literal.
    fn lookup(&self, name: &str) -> Self::Lookup;

    /// Starts connecting, from this local address if there is one.
    fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> Self::Dial;
}

/// A lookup under way.
pub trait Lookup {
    /// All addresses of the name in the resolver's order, `max` at the most. Not polled again once it was ready.
    fn poll(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Vec<IpAddr>, Fault>>;
}

/// An attempt to connect, under way.
pub trait Dial {
    /// What it becomes.
    type Stream;

    /// The connection. Not polled again once it was ready.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Self::Stream, Fault>>;
}

/// A connection: bytes both ways. Dropping it closes it, at once and both ways.
pub trait Stream {
    /// Moves bytes: sends what it can of `send`, and receives if `receive` says so, in one step, for a peer may have to be
    /// read from before it goes on reading.
    ///
    /// Pending when neither direction that was asked for could move; the wish for both is noted. Ready at once when
    /// nothing was asked for. A failure of one direction leaves the other as it is: what a peer said before it closed can
    /// still be read after sending has failed.
    fn poll_step(&mut self, context: &mut Context<'_>, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step>;

    /// Receives what is here, without waiting and without noting a wish: a look at a connection that should be silent.
    /// One that can send nothing any more has failed, whatever it could receive. It tells what is here now only right after
    /// [`Net::catch_up`].
    fn try_receive(&mut self, receive: Receive<'_>) -> Received;

    /// Ends the sending direction after what was sent; receiving goes on.
    fn finish(&mut self);

    /// The peer's address.
    fn peer(&self) -> SocketAddr;
}

/// Where received bytes go.
#[derive(Debug)]
pub struct Receive<'a> {
    /// They are appended here.
    pub buffer: &'a mut Buffer,
    /// No more than this, which is not 0.
    pub max: usize,
}

/// What one step did.
#[derive(Debug)]
pub struct Step {
    /// How many bytes of `send` were taken; a prefix of it.
    pub sent: Result<usize, Fault>,
    /// What came.
    pub received: Received,
}

/// What came in one step.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Nothing; there may be more later, or nothing was asked for.
    Nothing,
    /// At least one byte.
    Bytes,
    /// The peer has ended its sending direction in good order.
    End,
    /// Receiving has failed; there will be nothing more.
    Failed(Fault),
}

/// Why the network could not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such name, or it has no addresses.
    NameUnresolvable,
    /// The resolver failed for now.
    ResolverTemporary,
    /// The resolver failed for good.
    ResolverPermanent,
    /// The host does not allow it.
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
    /// Too many closed connections wait for peers that take none of what was sent to them.
    Exhausted,
    /// Something else.
    Other,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameUnresolvable => "no such name",
            Self::ResolverTemporary => "the resolver failed for now",
            // wasmtime says the same of both.
            Self::ResolverPermanent => "the resolver failed, or the host of this component allows no lookups",
            Self::Denied => "the host of this component does not allow it",
            Self::Refused => "connection refused",
            Self::Unreachable => "no route to the address",
            Self::TimedOut => "timed out",
            Self::Reset => "connection reset",
            Self::LocalAddress => "the local address cannot be used",
            Self::Exhausted => "too many closed connections wait for servers that read nothing",
            Self::Other => "unknown network error",
        })
    }
}
