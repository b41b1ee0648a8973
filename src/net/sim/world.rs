//! The state of a simulated world, and its clock.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::connection::Connection;
use super::script::{Script, Segments};
use super::{Attempt, Failure, Operation};
use crate::clock::Instant;
use crate::net::Fault;

pub(super) struct World {
    pub(super) now: Instant,
    /// The wall clock at the zero of the monotonic clock.
    pub(super) wall_clock: Duration,
    /// The state of the generator of random bytes.
    pub(super) chance: u64,
    /// The tasks that wait for a time.
    pub(super) timers: Vec<(Instant, Waker)>,
    /// Whether a task is polled only when it was woken. Wishes then last until they come true.
    pub(super) is_exact: bool,
    /// The number of polls of tasks.
    pub(super) polls: u64,
    pub(super) names: BTreeMap<String, Name>,
    pub(super) listeners: BTreeMap<SocketAddr, Listener>,
    pub(super) connections: Vec<Connection>,
    pub(super) segments: Segments,
    pub(super) send_limit: usize,
    /// Whether the host asks its system again after a short read.
    pub(super) is_asked_again: bool,
    pub(super) lookups: Vec<String>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) operations: Vec<Operation>,
    pub(super) steps: u64,
    /// Whether this is a probing pass, in which a step that reads asks the host again.
    pub(super) is_probing: bool,
    pub(super) failures: BTreeMap<u64, Failure>,
    /// Consecutive waits and steps without effect.
    pub(super) idle_turns: u32,
}

pub(super) struct Name {
    pub(super) after: Option<Duration>,
    pub(super) answer: Result<Vec<IpAddr>, Fault>,
}

pub(super) struct Listener {
    pub(super) after: Option<Duration>,
    pub(super) fault: Option<Fault>,
    pub(super) scripts: VecDeque<Script>,
}

/// This many waits or steps without effect count as an endless loop.
const IDLE_TURNS: u32 = 10_000;

impl Default for World {
    fn default() -> Self {
        Self {
            // Not zero, so that tests notice code that relies on it.
            now: Instant::from_nanos(1_000_000_000),
            wall_clock: Duration::ZERO,
            chance: 0,
            timers: Vec::new(),
            is_exact: false,
            polls: 0,
            names: BTreeMap::new(),
            listeners: BTreeMap::new(),
            connections: Vec::new(),
            segments: Segments::Whole,
            send_limit: usize::MAX,
            is_asked_again: false,
            lookups: Vec::new(),
            attempts: Vec::new(),
            operations: Vec::new(),
            steps: 0,
            is_probing: false,
            failures: BTreeMap::new(),
            idle_turns: 0,
        }
    }
}

impl World {
    /// Counts an operation. Returns the failure to inject, if any.
    pub(super) fn operate(&mut self, operation: Operation) -> Option<Failure> {
        self.operations.push(operation);
        self.failures.remove(&(self.operations.len() as u64))
    }

    pub(super) fn connection(&mut self, number: usize) -> &mut Connection {
        self.connections.get_mut(number).expect("connections are never taken away")
    }

    pub(super) fn poll_until(&mut self, context: &mut Context<'_>, time: Option<Instant>) -> Poll<()> {
        match time {
            Some(time) if time <= self.now => Poll::Ready(()),
            Some(time) => {
                self.timers.push((time, context.waker().clone()));
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }

    /// Forgets the deadlines of the task, which is about to be polled, or has ended.
    pub(super) fn forget_times(&mut self, task: &Waker) {
        self.timers.retain(|(_, waker)| !waker.will_wake(task));
    }

    /// The earliest time that a task waits for.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.iter().map(|(time, _)| *time).min()
    }

    /// The wakers whose wishes have come true.
    pub(super) fn take_woken(&mut self) -> Vec<Waker> {
        let now = self.now;
        let timers = self.timers.extract_if(.., |(time, _)| *time <= now).map(|(_, waker)| waker);
        timers.chain(self.connections.iter_mut().flat_map(Connection::take_woken)).collect()
    }

    /// When a peer next does something by itself.
    pub(super) fn next_act(&self) -> Option<Instant> {
        self.connections.iter().filter_map(|connection| connection.wake_at).min()
    }

    pub(super) fn move_to(&mut self, time: Instant) {
        if time > self.now {
            self.now = time;
            self.idle_turns = 0;
        }
        let now = self.now;
        self.connections.iter_mut().for_each(|connection| connection.act(now));
    }

    pub(super) fn settle(&mut self) {
        self.is_probing = false;
        if !self.is_exact {
            self.timers.clear();
        }
        for connection in &mut self.connections {
            if !self.is_exact {
                (connection.sender, connection.receiver) = (None, None);
            }
            (connection.is_send_paused, connection.is_receive_paused) = (false, false);
        }
    }

    /// Lets the host ask its system about all connections.
    pub(super) fn catch_up(&mut self) {
        self.connections.iter_mut().for_each(|connection| connection.is_thought_silent = false);
    }

    pub(super) fn turn_idle(&mut self) {
        self.idle_turns += 1;
        assert!(self.idle_turns < IDLE_TURNS, "goes round for ever: nothing happens, over and over");
    }
}
