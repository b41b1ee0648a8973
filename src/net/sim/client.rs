//! The client's end of the simulated network: the traits of [`crate::net`].
//!
//! It counts operations, injects failures, and notes wishes with their wakers. `connection` does the rest.

use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use super::connection::Connection;
use super::world::World;
use super::{Attempt, Failure, Operation, SimNet};
use crate::clock::Instant;
use crate::net::{self, Fault, Net, Receive, Received, Step};

/// A lookup in progress.
pub struct Lookup {
    ready_at: Option<Instant>,
    answer: Result<Vec<IpAddr>, Fault>,
    net: SimNet,
}

/// An attempt to connect, in progress.
pub struct Dial {
    ready_at: Option<Instant>,
    /// The fault with which it will fail. `None` if the listener will accept.
    fault: Option<Fault>,
    to: SocketAddr,
    from: Option<IpAddr>,
    net: SimNet,
}

/// The client's end of a connection.
pub struct Stream {
    /// Its index in `World::connections`.
    number: usize,
    peer: SocketAddr,
    net: SimNet,
}

impl Net for SimNet {
    type Lookup = Lookup;
    type Dial = Dial;
    type Stream = Stream;

    fn now(&self) -> Instant {
        self.world().now
    }

    fn wall_clock(&self) -> Duration {
        let world = self.world();
        world.wall_clock + Duration::from_nanos(world.now.as_nanos())
    }

    /// The same bytes in each run, and never the same twice in one run.
    fn random(&self, bytes: &mut [u8]) {
        let mut world = self.world();
        for byte in bytes {
            // Vigna's splitmix64.
            world.chance = world.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = world.chance;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }

    fn poll_until(&self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        self.world().poll_until(context, Some(deadline))
    }

    async fn catch_up(&self) {
        self.world().catch_up();
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
    fn poll(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Vec<IpAddr>, Fault>> {
        let mut world = self.net.world();
        if world.poll_until(context, self.ready_at).is_pending() {
            return Poll::Pending;
        }
        let mut addresses = match world.operate(Operation::Lookup) {
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

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Stream, Fault>> {
        let mut world = self.net.world();
        if world.poll_until(context, self.ready_at).is_pending() {
            return Poll::Pending;
        }
        let failure = world.operate(Operation::Connect);
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
        let mut connection = Connection::new(self.to, self.from, script, world.segments.clone(), world.is_asked_again);
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
    fn poll_step(&mut self, context: &mut Context<'_>, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step> {
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
        if !send.is_empty() {
            connection.sender = Some(context.waker().clone());
        }
        if is_receiving {
            connection.receiver = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn try_receive(&mut self, receive: Receive<'_>) -> Received {
        let mut world = self.net.world();
        let failure = world.operate(Operation::Check);
        let connection = world.connection(self.number);
        let piece = match failure {
            Some(Failure::Fault(fault)) => return Received::Failed(fault),
            Some(Failure::End) => return Received::End,
            Some(Failure::Short) => b"?".to_vec(),
            Some(Failure::Stall) => {
                (connection.is_send_stalled, connection.is_receive_stalled) = (true, true);
                return Received::Nothing;
            }
            None => match connection.look() {
                Ok(0) => {
                    connection.is_thought_silent = true;
                    return Received::Nothing;
                }
                Ok(_) => connection.receive_at_once(receive.max),
                Err(over) => return over,
            },
        };
        receive.buffer.push(piece);
        Received::Bytes
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
        let failure = self.operate(Operation::Send);
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
        if std::mem::take(&mut self.is_probing) {
            self.catch_up();
        }
        let can = self.connection(number).can_receive();
        if can == Ok(0) {
            self.connection(number).is_thought_silent = true;
            return Received::Nothing;
        }
        let failure = self.operate(Operation::Receive);
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
}
