//! A simulated network for tests: scripted peers, a clock that moves when everybody waits, failures on demand.
//!
//! It is deterministic, knows nothing of HTTP, and contacts nothing. It panics where a test should fail. It is no model of
//! a caching host: what would block is tried whenever it is polled.

mod connection;
mod script;
#[cfg(test)]
mod tests;

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub use self::script::{Act, Script, Segments};

use self::connection::Connection;
use crate::clock::Instant;
use crate::net::{self, Fault, Idle, Net, Receive, Received, Step};

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

/// A lookup under way.
pub struct Lookup {
    ready_at: Option<Instant>,
    answer: Result<Vec<IpAddr>, Fault>,
    net: SimNet,
}

/// An attempt to connect, under way.
pub struct Dial {
    ready_at: Option<Instant>,
    /// Why it will fail; none if the listener will accept.
    fault: Option<Fault>,
    to: SocketAddr,
    from: Option<IpAddr>,
    net: SimNet,
}

/// The client's end of a connection.
pub struct Stream {
    /// Its place in `World::connections`.
    number: usize,
    peer: SocketAddr,
    net: SimNet,
}

struct World {
    now: Instant,
    /// The earliest time that somebody waits for.
    noted: Option<Instant>,
    names: BTreeMap<String, Name>,
    listeners: BTreeMap<SocketAddr, Listener>,
    connections: Vec<Connection>,
    segments: Segments,
    send_limit: usize,
    lookups: Vec<String>,
    attempts: Vec<Attempt>,
    operations: u64,
    steps: u64,
    failures: BTreeMap<u64, Failure>,
    /// Waits and steps in a row since something last happened.
    idle_turns: u32,
}

struct Name {
    after: Option<Duration>,
    answer: Result<Vec<IpAddr>, Fault>,
}

struct Listener {
    after: Option<Duration>,
    fault: Option<Fault>,
    scripts: VecDeque<Script>,
}

/// So many waits or steps in which nothing happens are a loop without end.
const IDLE_TURNS: u32 = 10_000;

impl Default for World {
    fn default() -> Self {
        Self {
            // Not the zero of the clock, which means nothing.
            now: Instant::from_nanos(1_000_000_000),
            noted: None,
            names: BTreeMap::new(),
            listeners: BTreeMap::new(),
            connections: Vec::new(),
            segments: Segments::Whole,
            send_limit: usize::MAX,
            lookups: Vec::new(),
            attempts: Vec::new(),
            operations: 0,
            steps: 0,
            failures: BTreeMap::new(),
            idle_turns: 0,
        }
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

    /// How what peers send is cut, unless their script says otherwise. Holds for connections made later.
    pub fn set_segments(&self, segments: Segments) {
        self.world().segments = segments;
    }

    /// How many bytes the client can send in one step; when it has sent so many, it must wait before it sends more.
    pub fn set_send_limit(&self, bytes: usize) {
        self.world().send_limit = bytes;
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
    /// When it waits for nothing that could ever come, or waits over and over without anything happening.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        self.settle();
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            assert!(self.wait(None), "would hang for ever: it waits for nothing that can come");
        }
    }

    /// Starts a pass, as [`crate::net`] has them, without waiting: wishes are forgotten, the next segments are there.
    pub fn settle(&self) {
        self.world().settle();
    }

    /// Waits until something wished for can be done, the earliest noted deadline, or `until`; then starts a pass. False,
    /// and no time has passed, when nothing can come.
    pub fn wait(&self, until: Option<Instant>) -> bool {
        let mut world = self.world();
        world.turn_idle();
        let target = [world.noted, until].into_iter().flatten().min();
        let is_woken = loop {
            if target.is_some_and(|target| target <= world.now) || world.connections.iter().any(Connection::is_woken) {
                break true;
            }
            match [target, world.next_act()].into_iter().flatten().min() {
                Some(next) => world.move_to(next),
                None => break false,
            }
        };
        world.settle();
        is_woken
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
    }
}

/// Looking at what happened.
impl SimNet {
    /// What is wrong so far: bytes that a peer did not expect, what scripts still wait for, scripts that nobody took.
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
        self.world().operations
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

    /// How many steps were made, those that would block included.
    pub fn steps(&self) -> u64 {
        self.world().steps
    }

    fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }
}

impl Net for SimNet {
    type Lookup = Lookup;
    type Dial = Dial;
    type Stream = Stream;

    fn now(&self) -> Instant {
        self.world().now
    }

    fn poll_until(&self, deadline: Instant) -> Poll<()> {
        self.world().poll_until(Some(deadline))
    }

    fn lookup(&self, name: &str) -> Lookup {
        let mut world = self.world();
        world.lookups.push(name.to_owned());
        let (after, answer) = match world.names.get(name) {
            Some(name) => (name.after, name.answer.clone()),
            None => (Some(Duration::ZERO), Err(Fault::NameUnresolvable)),
        };
        Lookup { ready_at: after.map(|after| world.now + after), answer, net: self.clone() }
    }

    fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> Dial {
        let mut world = self.world();
        let attempt = Attempt { at: world.now, to, from };
        world.attempts.push(attempt);
        let (mut after, mut fault) = match world.listeners.get(&to) {
            Some(listener) => (listener.after, listener.fault),
            None => (Some(Duration::ZERO), Some(Fault::Refused)),
        };
        if from.is_some_and(|from| from.is_ipv4() != to.is_ipv4()) {
            (after, fault) = (Some(Duration::ZERO), Some(Fault::LocalAddress));
        }
        Dial { ready_at: after.map(|after| world.now + after), fault, to, from, net: self.clone() }
    }
}

impl net::Lookup for Lookup {
    fn poll(&mut self, max: usize) -> Poll<Result<Vec<IpAddr>, Fault>> {
        let mut world = self.net.world();
        if world.poll_until(self.ready_at).is_pending() {
            return Poll::Pending;
        }
        let mut addresses = match world.operate() {
            Some(Failure::Fault(fault)) => Err(fault),
            Some(Failure::End) => Ok(Vec::new()),
            Some(Failure::Stall) => {
                self.ready_at = None;
                return Poll::Pending;
            }
            Some(Failure::Short) => self.answer.clone().map(|found| found.into_iter().take(1).collect()),
            None => self.answer.clone(),
        }?;
        addresses.truncate(max);
        Poll::Ready(if addresses.is_empty() { Err(Fault::NameUnresolvable) } else { Ok(addresses) })
    }
}

impl net::Dial for Dial {
    type Stream = Stream;

    fn poll(&mut self) -> Poll<Result<Stream, Fault>> {
        let mut world = self.net.world();
        if world.poll_until(self.ready_at).is_pending() {
            return Poll::Pending;
        }
        let failure = world.operate();
        match failure {
            Some(Failure::Fault(fault)) => return Poll::Ready(Err(fault)),
            Some(Failure::Stall) => {
                self.ready_at = None;
                return Poll::Pending;
            }
            Some(Failure::End | Failure::Short) | None => {}
        }
        if let Some(fault) = self.fault {
            return Poll::Ready(Err(fault));
        }
        let script = world.listeners.get_mut(&self.to).and_then(|listener| listener.scripts.pop_front());
        let Some(script) = script else {
            return Poll::Ready(Err(Fault::Refused));
        };
        let mut connection = Connection::new(self.to, self.from, script, &world.segments);
        if failure == Some(Failure::End) {
            connection.fail_receiving(Ok(()));
        }
        connection.act(world.now);
        let number = world.connections.len();
        world.connections.push(connection);
        Poll::Ready(Ok(Stream { number, peer: self.to, net: self.net.clone() }))
    }
}

impl net::Stream for Stream {
    fn poll_step(&mut self, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step> {
        let mut world = self.net.world();
        world.steps += 1;
        let sent = if send.is_empty() { Ok(0) } else { world.send(self.number, send) };
        let is_receiving = receive.is_some();
        let received = receive.map_or(Received::Nothing, |receive| world.receive(self.number, receive));

        let is_idle = send.is_empty() && !is_receiving;
        if is_idle || sent != Ok(0) || received != Received::Nothing {
            if sent.is_ok_and(|sent| sent > 0) || received == Received::Bytes {
                world.idle_turns = 0;
            } else {
                world.turn_idle();
            }
            return Poll::Ready(Step { sent, received });
        }
        let connection = world.connection(self.number);
        connection.wishes_to_send |= !send.is_empty();
        connection.wishes_to_receive |= is_receiving;
        Poll::Pending
    }

    fn check(&mut self) -> Idle {
        let mut world = self.net.world();
        let failure = world.operate();
        let connection = world.connection(self.number);
        match failure {
            Some(Failure::Fault(_) | Failure::End) => Idle::Closed,
            Some(Failure::Short) => Idle::StrayBytes,
            Some(Failure::Stall) => {
                (connection.is_send_stalled, connection.is_receive_stalled) = (true, true);
                Idle::Alive
            }
            None => connection.check(),
        }
    }

    fn finish(&mut self) {
        let mut world = self.net.world();
        let now = world.now;
        let connection = world.connection(self.number);
        connection.finish();
        connection.act(now);
    }

    fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut world = self.net.world();
        let now = world.now;
        let connection = world.connection(self.number);
        connection.drop_client();
        connection.act(now);
    }
}

impl World {
    fn send(&mut self, number: usize, bytes: &[u8]) -> Result<usize, Fault> {
        let (limit, now) = (self.send_limit, self.now);
        let can = self.connection(number).can_send(limit.min(bytes.len()));
        if can == Ok(0) {
            return can;
        }
        let failure = self.operate();
        let connection = self.connection(number);
        let count = match failure {
            Some(Failure::Stall) => {
                connection.is_send_stalled = true;
                return Ok(0);
            }
            Some(Failure::Fault(fault)) => {
                connection.fail_sending(fault);
                return Err(fault);
            }
            Some(Failure::End) => {
                connection.fail_sending(Fault::Reset);
                return Err(Fault::Reset);
            }
            Some(Failure::Short) => can?.min(1),
            None => can?,
        };
        connection.send(bytes.get(..count).unwrap_or(bytes));
        connection.is_send_paused = count == limit;
        connection.act(now);
        Ok(count)
    }

    fn receive(&mut self, number: usize, receive: Receive<'_>) -> Received {
        let now = self.now;
        let can = self.connection(number).can_receive();
        if can == Ok(0) {
            return Received::Nothing;
        }
        let failure = self.operate();
        let connection = self.connection(number);
        let max = match failure {
            Some(Failure::Stall) => {
                connection.is_receive_stalled = true;
                return Received::Nothing;
            }
            Some(Failure::Fault(fault)) => {
                connection.fail_receiving(Err(fault));
                return Received::Failed(fault);
            }
            Some(Failure::End) => {
                connection.fail_receiving(Ok(()));
                return Received::End;
            }
            Some(Failure::Short) => 1,
            None => receive.max,
        };
        if let Err(over) = can {
            return over;
        }
        receive.buffer.push(connection.receive(max));
        connection.act(now);
        Received::Bytes
    }

    /// Counts an operation; the failure it has, if any.
    fn operate(&mut self) -> Option<Failure> {
        self.operations += 1;
        self.failures.remove(&self.operations)
    }

    fn connection(&mut self, number: usize) -> &mut Connection {
        self.connections.get_mut(number).expect("connections are never taken away")
    }

    fn poll_until(&mut self, time: Option<Instant>) -> Poll<()> {
        match time {
            Some(time) if time <= self.now => Poll::Ready(()),
            Some(time) => {
                self.noted = Some(self.noted.map_or(time, |noted| noted.min(time)));
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }

    /// When the next peer does something by itself.
    fn next_act(&self) -> Option<Instant> {
        self.connections.iter().filter_map(|connection| connection.wake_at).min()
    }

    fn move_to(&mut self, time: Instant) {
        if time > self.now {
            self.now = time;
            self.idle_turns = 0;
        }
        let now = self.now;
        self.connections.iter_mut().for_each(|connection| connection.act(now));
    }

    fn settle(&mut self) {
        self.noted = None;
        for connection in &mut self.connections {
            (connection.wishes_to_send, connection.wishes_to_receive) = (false, false);
            (connection.is_send_paused, connection.is_receive_paused) = (false, false);
        }
    }

    fn turn_idle(&mut self) {
        self.idle_turns += 1;
        assert!(self.idle_turns < IDLE_TURNS, "goes round for ever: nothing happens, over and over");
    }
}
