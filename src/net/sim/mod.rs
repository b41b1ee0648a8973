//! A simulated network for tests: scripted peers, a clock that moves only while a task waits, failures on demand.
//!
//! It is deterministic, knows no HTTP, and contacts nothing. It panics where a test should fail.
//!
//! Its host caches readiness as tokio does under wasmtime. After a read that found no more bytes, later reads find none either,
//! whatever arrives, until the client waits ([`SimNet::wait`]) or catches up ([`crate::net::Net::catch_up`]).
//! [`SimNet::settle`] and [`SimNet::advance`] are not waits: time passes, but the host does not ask its system. They start a
//! probing pass, for a caller that does not wait, in which a step that reads asks again.
//!
//! A running future ([`SimNet::run`]) is polled after each wait or, with [`SimNet::set_exact_wakers`], only when it was woken.
//! Its outcome must be the same either way.

mod client;
mod connection;
mod script;
#[cfg(test)]
mod tests;
mod world;

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub use self::client::{Dial, Lookup, Stream};
pub use self::script::{Act, Said, Script, Segments, Talk};

use self::world::{Listener, Name, World};
use crate::clock::Instant;
use crate::net::Fault;

/// A world with its names, its listeners and its clock. A clone is the same world.
#[derive(Clone, Default)]
pub struct SimNet(Rc<RefCell<World>>);

/// A failure injected into an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It fails with this fault. A check finds the connection closed.
    Fault(Fault),
    /// It meets the end. A lookup finds no addresses. A new connection, or one that is read, ends cleanly. Sending fails with
    /// [`Fault::Reset`]. A check finds the connection closed.
    End,
    /// It does as little as it can. A lookup finds one address. One byte is sent or received. A check finds a stray byte.
    /// Connecting succeeds as usual.
    Short,
    /// It never completes, nor does a later one of its kind on this connection. A check finds the connection alive.
    Stall,
}

/// An operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A lookup's result.
    Lookup,
    /// The result of an attempt to connect.
    Connect,
    /// Sending a piece.
    Send,
    /// Receiving a piece, or the end.
    Receive,
    /// A check of an idle connection.
    Check,
}

/// An attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its start.
    pub at: Instant,
    /// The peer's address.
    pub to: SocketAddr,
    /// The local address, if one was requested.
    pub from: Option<IpAddr>,
}

/// Polls once, for a caller that does not wait.
pub fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
    poll(&mut Context::from_waker(Waker::noop()))
}

/// A future that runs.
struct Task {
    is_woken: AtomicBool,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
    }
}

/// Building the world.
impl SimNet {
    /// A world without names and listeners: lookups find nothing, connections are refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name with these addresses. Looking it up takes no time.
    pub fn name(&self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        self.name_after(name, Some(Duration::ZERO), Ok(addresses.into_iter().collect()));
    }

    /// Adds a name. Looking it up takes this long, or for ever, and has this result.
    pub fn name_after(&self, name: &str, after: Option<Duration>, answer: Result<Vec<IpAddr>, Fault>) {
        self.world().names.insert(name.to_owned(), Name { after, answer });
    }

    /// Accepts connections to this address at once. The Nth connection gets the Nth script, counting those of earlier calls.
    /// When no script is left, connections are refused.
    pub fn listen(&self, at: SocketAddr, scripts: impl IntoIterator<Item = Script>) {
        self.listen_after(at, Some(Duration::ZERO), scripts);
    }

    /// The same after this long, or never.
    pub fn listen_after(&self, at: SocketAddr, after: Option<Duration>, scripts: impl IntoIterator<Item = Script>) {
        let mut world = self.world();
        let listener = world.listeners.entry(at).or_insert(Listener { after, fault: None, scripts: VecDeque::new() });
        (listener.after, listener.fault) = (after, None);
        listener.scripts.extend(scripts);
    }

    /// Fails connections to this address with this fault, after this long or never.
    pub fn fail_connecting(&self, to: SocketAddr, after: Option<Duration>, fault: Fault) {
        let listener = Listener { after, fault: Some(fault), scripts: VecDeque::new() };
        self.world().listeners.insert(to, listener);
    }

    /// Sets the wall clock: the time since 1970.
    pub fn set_wall_clock(&self, now: Duration) {
        let mut world = self.world();
        world.wall_clock = now.saturating_sub(Duration::from_nanos(world.now.as_nanos()));
    }

    /// Sets how the bytes of peers are segmented, unless their script does. Applies to later connections.
    pub fn set_segments(&self, segments: Segments) {
        self.world().segments = segments;
    }

    /// Sets how many bytes the client can send in one step. After that many, it must wait before it sends more.
    pub fn set_send_limit(&self, bytes: usize) {
        self.world().send_limit = bytes;
    }

    /// Sets whether the host asks its system again after a short read. tokio does not, where the system reports readiness by
    /// edges. Applies to later connections.
    pub fn set_asks_again(&self, is_asked: bool) {
        self.world().is_asked_again = is_asked;
    }

    /// Sets whether futures are polled only when they were woken, as over WASI 0.3, instead of after each wait, as over WASI 0.2.
    /// A wish then lasts until it comes true, not just until the next wait.
    pub fn set_exact_wakers(&self, is_exact: bool) {
        self.world().is_exact = is_exact;
    }

    /// Makes the operation of this number fail. Counted from 1 are results of lookups and attempts, pieces sent, pieces
    /// received (the end included), and checks. An operation that would block is not counted.
    pub fn fail_at(&self, operation: u64, failure: Failure) {
        self.world().failures.insert(operation, failure);
    }
}

/// Letting time pass.
impl SimNet {
    /// Polls the future until it is ready, and moves the clock while it waits.
    ///
    /// # Panics
    ///
    /// Panics when it waits for something that cannot happen, when that happens and does not wake it
    /// ([`SimNet::set_exact_wakers`]), or when it is polled again and again without effect.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_until(None, future).expect("it ends by itself")
    }

    /// The same, but not beyond this time.
    ///
    /// # Panics
    ///
    /// As [`SimNet::run`].
    pub fn run_until<F: Future>(&self, end: Option<Instant>, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let task = Arc::new(Task { is_woken: AtomicBool::new(true) });
        let waker = Waker::from(Arc::clone(&task));
        self.world().settle();
        let output = loop {
            let is_woken = task.is_woken.swap(false, Ordering::Relaxed);
            if is_woken || !self.world().is_exact {
                self.world().forget_times(&waker);
                self.world().polls += 1;
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    break Some(output);
                }
            }
            if end.is_some_and(|end| end <= self.world().now) {
                break None;
            }
            // If it has woken itself, it is polled again without a wait.
            if task.is_woken.load(Ordering::Relaxed) {
                self.world().turn_idle();
            } else {
                assert!(self.wait(end), "would hang for ever: it waits for nothing that can come");
            }
        };
        self.world().forget_times(&waker);
        output
    }

    /// Starts a pass of [`crate::net`] without a wait: wishes are forgotten, and the next segments arrive.
    pub fn settle(&self) {
        let mut world = self.world();
        world.settle();
        world.is_probing = true;
    }

    /// Waits until a wish comes true, or until the earliest noted deadline or `until`. Wakes the tasks whose wishes came true,
    /// and starts a pass. Returns `false`, without letting time pass, if nothing can happen.
    pub fn wait(&self, until: Option<Instant>) -> bool {
        let mut world = self.world();
        world.turn_idle();
        let woken = loop {
            let woken = world.take_woken();
            if !woken.is_empty() || until.is_some_and(|until| until <= world.now) {
                break Some(woken);
            }
            match [world.next_timer(), until, world.next_act()].into_iter().flatten().min() {
                Some(next) => world.move_to(next),
                None => break None,
            }
        };
        world.settle();
        world.catch_up();
        drop(world);
        let is_over = woken.is_some();
        woken.into_iter().flatten().for_each(Waker::wake);
        is_over
    }

    /// Lets this much time pass, whatever is waited for, and starts a pass.
    pub fn advance(&self, time: Duration) {
        let mut world = self.world();
        let end = world.now + time;
        while let Some(next) = world.next_act().filter(|next| *next <= end) {
            world.move_to(next);
        }
        world.move_to(end);
        world.settle();
        world.is_probing = true;
    }
}

/// Looking at what has happened.
impl SimNet {
    /// The problems so far: bytes that a peer did not expect, steps that were not reached, scripts without a connection.
    pub fn problems(&self) -> Vec<String> {
        let world = self.world();
        let mut problems = Vec::new();
        for (number, connection) in world.connections.iter().enumerate() {
            let of_this = connection.problems.iter().cloned().chain(connection.unfinished());
            problems.extend(of_this.map(|problem| format!("connection {number}: {problem}")));
        }
        for (address, listener) in world.listeners.iter().filter(|(_, listener)| !listener.scripts.is_empty()) {
            problems.push(format!("{address}: {} connections that nobody made", listener.scripts.len()));
        }
        problems
    }

    /// Fails the test if there are problems.
    ///
    /// # Panics
    ///
    /// Panics with the problems.
    pub fn assert_done(&self) {
        let problems = self.problems();
        assert!(problems.is_empty(), "{problems:#?}");
    }

    /// The number of operations so far ([`SimNet::fail_at`]).
    pub fn operations(&self) -> u64 {
        self.world().operations.len() as u64
    }

    /// The operation of this number, counted from 1.
    pub fn operation(&self, number: u64) -> Option<Operation> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.world().operations.get(index).copied()
    }

    /// Whether a requested failure has not happened, because the run had too few operations.
    pub fn has_unused_failures(&self) -> bool {
        !self.world().failures.is_empty()
    }

    /// The names looked up, in order.
    pub fn lookups(&self) -> Vec<String> {
        self.world().lookups.clone()
    }

    /// The attempts to connect, in order.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.world().attempts.clone()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.world().connections.len()
    }

    /// The number of connections that the client has not closed.
    pub fn open_connections(&self) -> usize {
        self.world().connections.iter().filter(|connection| !connection.is_dropped).count()
    }

    /// The peer's address of this connection, counted from 0.
    pub fn peer(&self, connection: usize) -> Option<SocketAddr> {
        self.world().connections.get(connection).map(|connection| connection.peer)
    }

    /// The local address of this connection, if one was requested.
    pub fn local_address(&self, connection: usize) -> Option<IpAddr> {
        self.world().connections.get(connection).and_then(|connection| connection.from)
    }

    /// The bytes that the client sent on this connection, counted from 0: the first 16 MiB.
    pub fn sent(&self, connection: usize) -> Vec<u8> {
        self.world().connections.get(connection).map(|connection| connection.record.clone()).unwrap_or_default()
    }

    /// The number of bytes that the client has sent on all connections.
    pub fn bytes_sent(&self) -> u64 {
        self.world().connections.iter().map(|connection| connection.sent).sum()
    }

    /// The number of bytes that the client has received on all connections.
    pub fn bytes_received(&self) -> u64 {
        self.world().connections.iter().map(|connection| connection.received).sum()
    }

    /// The number of polls by [`SimNet::run`].
    pub fn polls(&self) -> u64 {
        self.world().polls
    }

    /// The number of steps, including those that would block.
    pub fn steps(&self) -> u64 {
        self.world().steps
    }

    fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }
}
