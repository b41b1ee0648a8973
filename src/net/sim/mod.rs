//! A simulated network for tests: scripted peers, a clock that moves when everybody waits, failures on demand.
//!
//! It is deterministic, knows nothing of HTTP, and contacts nothing. It panics where a test should fail. Its host is as
//! forgetful as tokio under wasmtime: once a read has found nothing more, later reads find nothing either, whatever has come
//! meanwhile, until the client has waited ([`SimNet::wait`]) or has caught up ([`crate::net::Net::catch_up`]). Neither
//! [`SimNet::settle`] nor [`SimNet::advance`] is a wait: time passes, and the host has not looked. But they start a pass of a
//! caller who will not wait, in which a step that reads asks anew.
//!
//! A future that runs ([`SimNet::run`]) is polled after each wait, or, with [`SimNet::set_exact_wakers`], only when it was woken:
//! whatever holds in the one way holds in the other.

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

/// A failure that is injected in place of what an operation would have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It fails so. A check finds the connection closed.
    Fault(Fault),
    /// It meets an end: a lookup finds no addresses, a connection that was just made or is read from ends in good order,
    /// sending fails with [`Fault::Reset`], a check finds the connection closed.
    End,
    /// It does little: a lookup finds one address, a byte is sent or received. A check finds a stray byte. Connecting
    /// just succeeds.
    Short,
    /// It never comes to an end, nor do later ones of its kind on this connection. A check finds the connection alive.
    Stall,
}

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A lookup's result.
    Lookup,
    /// The result of an attempt to connect.
    Connect,
    /// A piece sent.
    Send,
    /// A piece received, or the end.
    Receive,
    /// A look at an idle connection.
    Check,
}

/// An attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Instant,
    /// Where to.
    pub to: SocketAddr,
    /// Where from, if that was asked for.
    pub from: Option<IpAddr>,
}

/// Polls something once, for a caller that does not wait.
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

/// Making the world.
impl SimNet {
    /// A world without names and listeners: lookups find nothing, connections are refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// A name with these addresses, known at once.
    pub fn name(&self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        self.name_after(name, Some(Duration::ZERO), Ok(addresses.into_iter().collect()));
    }

    /// A name whose lookup takes so long, or for ever, and answers so.
    pub fn name_after(&self, name: &str, after: Option<Duration>, answer: Result<Vec<IpAddr>, Fault>) {
        self.world().names.insert(name.to_owned(), Name { after, answer });
    }

    /// Accepts connections to this address at once. The Nth takes the Nth script, those of earlier calls before; when
    /// there are none left, connections are refused.
    pub fn listen(&self, at: SocketAddr, scripts: impl IntoIterator<Item = Script>) {
        self.listen_after(at, Some(Duration::ZERO), scripts);
    }

    /// The same after so long, or never.
    pub fn listen_after(&self, at: SocketAddr, after: Option<Duration>, scripts: impl IntoIterator<Item = Script>) {
        let mut world = self.world();
        let listener = world.listeners.entry(at).or_insert(Listener { after, fault: None, scripts: VecDeque::new() });
        (listener.after, listener.fault) = (after, None);
        listener.scripts.extend(scripts);
    }

    /// Fails connections to this address so, after so long or never.
    pub fn fail_connecting(&self, to: SocketAddr, after: Option<Duration>, fault: Fault) {
        let listener = Listener { after, fault: Some(fault), scripts: VecDeque::new() };
        self.world().listeners.insert(to, listener);
    }

    /// What time it is now for people, since 1970.
    pub fn set_wall_clock(&self, now: Duration) {
        let mut world = self.world();
        world.wall_clock = now.saturating_sub(Duration::from_nanos(world.now.as_nanos()));
    }

    /// How what peers send is cut, unless their script says otherwise. Holds for connections made later.
    pub fn set_segments(&self, segments: Segments) {
        self.world().segments = segments;
    }

    /// How many bytes the client can send in one step; when it has sent so many, it must wait before it sends more.
    pub fn set_send_limit(&self, bytes: usize) {
        self.world().send_limit = bytes;
    }

    /// Whether the host asks the system again after a read that got less than was asked for. tokio does not where the system
    /// tells of what comes. Holds for connections made later.
    pub fn set_asks_again(&self, is_asked: bool) {
        self.world().is_asked_again = is_asked;
    }

    /// Whether futures are polled only when they were woken, as over WASI 0.3; else after each wait, as over WASI 0.2. Then a
    /// wish lasts until it comes true, and not only until the next wait.
    pub fn set_exact_wakers(&self, is_exact: bool) {
        self.world().is_exact = is_exact;
    }

    /// Makes an operation fail. They are counted from 1: the results of lookups and of attempts, pieces sent, pieces
    /// received with the end, checks; what would block is not counted.
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
    /// When it waits for nothing that could ever come, when what it waits for has come and nothing has woken it
    /// ([`SimNet::set_exact_wakers`]), or when it goes on over and over without anything happening.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_until(None, future).expect("it ends by itself")
    }

    /// The same until this time at the latest.
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
            // It may have woken itself, which is no reason to wait.
            if task.is_woken.load(Ordering::Relaxed) {
                self.world().turn_idle();
            } else {
                assert!(self.wait(end), "would hang for ever: it waits for nothing that can come");
            }
        };
        self.world().forget_times(&waker);
        output
    }

    /// Starts a pass, as [`crate::net`] has them, without waiting: wishes are forgotten, the next segments are there.
    pub fn settle(&self) {
        let mut world = self.world();
        world.settle();
        world.is_probing = true;
    }

    /// Waits until something wished for can be done, the earliest noted deadline, or `until`, and wakes whose wish has come
    /// true; then starts a pass. False, and no time has passed, when nothing can come.
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

    /// Lets so much time pass, whatever is waited for, and starts a pass.
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

/// Looking at what happened.
impl SimNet {
    /// The problems so far: bytes that a peer did not expect, steps that scripts still wait for, scripts without a connection.
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
    /// With the problems.
    pub fn assert_done(&self) {
        let problems = self.problems();
        assert!(problems.is_empty(), "{problems:#?}");
    }

    /// How many operations there were ([`SimNet::fail_at`]).
    pub fn operations(&self) -> u64 {
        self.world().operations.len() as u64
    }

    /// What the operation of this number was, counted from 1.
    pub fn operation(&self, number: u64) -> Option<Operation> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.world().operations.get(index).copied()
    }

    /// Whether failures were asked for that have not happened: the run had too few operations.
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

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.world().connections.len()
    }

    /// How many connections are open at the client's end.
    pub fn open_connections(&self) -> usize {
        self.world().connections.iter().filter(|connection| !connection.is_dropped).count()
    }

    /// The address that this connection, counted from 0, was made to.
    pub fn peer(&self, connection: usize) -> Option<SocketAddr> {
        self.world().connections.get(connection).map(|connection| connection.peer)
    }

    /// The local address that this connection was made from, if one was asked for.
    pub fn local_address(&self, connection: usize) -> Option<IpAddr> {
        self.world().connections.get(connection).and_then(|connection| connection.from)
    }

    /// What the client sent on this connection, counted from 0; 16 MiB at the most.
    pub fn sent(&self, connection: usize) -> Vec<u8> {
        self.world().connections.get(connection).map(|connection| connection.record.clone()).unwrap_or_default()
    }

    /// How many bytes the client has sent on all connections.
    pub fn bytes_sent(&self) -> u64 {
        self.world().connections.iter().map(|connection| connection.sent).sum()
    }

    /// How many bytes the client has received on all connections.
    pub fn bytes_received(&self) -> u64 {
        self.world().connections.iter().map(|connection| connection.received).sum()
    }

    /// How often [`SimNet::run`] has polled.
    pub fn polls(&self) -> u64 {
        self.world().polls
    }

    /// How many steps were made, those that would block included.
    pub fn steps(&self) -> u64 {
        self.world().steps
    }

    fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }
}
