//! The connections of a session: one that carries an exchange, and those that wait for the next.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::buffer::Buffer;
use crate::limits::WAITING_REQUESTS;
use crate::net::Net;
use crate::session::Shared;
use crate::session::channel::{Channel, Idle};
use crate::session::events::{CloseReason, Kind, Whose};
use crate::session::proxies::Via;
use crate::tls::tunnel::Tunnel;

/// An open connection. Dropping it closes it, and an event says why.
pub(crate) struct Connection<N: Net> {
    pub(crate) channel: Channel<N::Stream>,
    /// What was received and not used.
    pub(crate) buffer: Buffer,
    /// Its number in events.
    pub(crate) number: u64,
    /// How many responses came over it.
    pub(crate) served: u64,
    /// The proxy that forwards what is sent on it, if it is to one and no tunnel.
    pub(crate) forwarder: Option<Rc<Via>>,
    /// The proxy that it leads through, whatever that does.
    pub(crate) via: Option<Rc<Via>>,
    /// Which certificate would have been shown to the origin.
    pub(crate) identity: u32,
    /// The settings that it was made under, or that were found to make it.
    pub(crate) revision: u32,
    life: Life<N>,
}

/// The time between a connection's beginning and its end, which an event shows.
struct Life<N: Net> {
    number: u64,
    /// Why it is closed, if that was decided for this connection alone.
    reason: Option<CloseReason>,
    shared: Weak<Shared<N>>,
    permit: Option<Permit>,
}

impl<N: Net> Connection<N> {
    pub(crate) fn new(channel: Channel<N::Stream>, shared: &Rc<Shared<N>>, permit: Permit) -> Self {
        let number = shared.next_connection();
        let revision = shared.settings.borrow().revision();
        let life = Life { number, reason: None, shared: Rc::downgrade(shared), permit: Some(permit) };
        let (buffer, forwarder, via) = (Buffer::default(), None, None);
        Self { channel, buffer, number, served: 0, forwarder, via, identity: 0, revision, life }
    }

    /// The same with TLS over all that it has so far, the handshake to be done.
    pub(crate) fn secured(self, tunnel: Tunnel) -> Self {
        Self { channel: self.channel.secured(tunnel), ..self }
    }

    /// Whether it had carried an exchange before this one.
    pub(crate) fn is_reused(&self) -> bool {
        self.served > 0
    }

    /// Closes it.
    pub(crate) fn close(mut self, reason: CloseReason) {
        self.life.reason = Some(reason);
    }

    /// Whether a request can be sent on it that has been silent until now. If not, it is to be dropped, and the reason is known.
    pub(crate) async fn is_alive(&mut self, net: &N) -> bool {
        net.catch_up().await;
        let reason = match self.channel.check() {
            Idle::Alive => return true,
            Idle::Closed => CloseReason::PeerClosed,
            // A byte that nobody asked for must never begin the next response.
            Idle::StrayBytes => CloseReason::StrayBytes,
        };
        self.life.reason = Some(reason);
        false
    }

    /// Closes it, and gives back the right to have one, for another attempt.
    pub(crate) fn give_up(mut self, reason: CloseReason) -> Option<Permit> {
        let permit = self.life.permit.take();
        self.close(reason);
        permit
    }
}

impl<N: Net> Drop for Life<N> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            let whose = Whose { exchange: 0, connection: self.number };
            shared.record(whose, || Kind::Closed(self.reason.unwrap_or(shared.ending.get())));
        }
    }
}

/// The connections that a session has open, counted, and those that are idle.
pub(crate) struct Pool<N: Net> {
    idle: RefCell<Vec<Connection<N>>>,
    open: Rc<Open>,
}

/// How many connections are open or being opened.
#[derive(Default)]
struct Open {
    count: Cell<usize>,
    /// Whether somebody waits for one of them.
    is_wanted: Cell<bool>,
    /// Set when one went while somebody waited.
    was_freed: Cell<bool>,
    /// How many wait.
    waiting: Cell<usize>,
}

/// The right to wait for a connection; it comes back when dropped.
pub(crate) struct Turn(Rc<Open>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get().saturating_sub(1));
    }
}

/// The right to have one connection open; it comes back when dropped.
pub(crate) struct Permit(Rc<Open>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get().saturating_sub(1));
        self.0.freed();
    }
}

impl Open {
    fn freed(&self) {
        if self.is_wanted.replace(false) {
            self.was_freed.set(true);
        }
    }
}

/// What a request can go on with.
pub(crate) enum Acquired {
    /// A connection is idle, to be taken and looked at.
    Idle,
    /// The right to open one.
    Permit(Permit),
    /// Nothing, for now.
    Nothing,
}

impl<N: Net> Default for Pool<N> {
    fn default() -> Self {
        Self { idle: RefCell::default(), open: Rc::default() }
    }
}

impl<N: Net> Pool<N> {
    /// Whether a connection can be taken, if `fresh` is not asked for, or the right to open one of `most`.
    pub(crate) fn acquire(&self, is_fresh: bool, most: usize) -> Acquired {
        if !is_fresh && !self.idle.borrow().is_empty() {
            return Acquired::Idle;
        }
        if self.open.count.get() >= most {
            // A fresh connection is wanted though idle ones are there: the oldest of them makes room.
            let Some(oldest) = self.pop_oldest() else {
                self.open.is_wanted.set(true);
                return Acquired::Nothing;
            };
            oldest.close(CloseReason::Surplus);
        }
        self.open.count.set(self.open.count.get().saturating_add(1));
        Acquired::Permit(Permit(Rc::clone(&self.open)))
    }

    /// The right to wait for a connection, if not too many do.
    pub(crate) fn queue(&self) -> Option<Turn> {
        let waiting = self.open.waiting.get().saturating_add(1);
        if waiting > WAITING_REQUESTS {
            return None;
        }
        self.open.waiting.set(waiting);
        Some(Turn(Rc::clone(&self.open)))
    }

    /// Keeps a connection for the next request, if there are not too many.
    pub(crate) fn keep(&self, connection: Connection<N>, most: usize) -> Result<(), Connection<N>> {
        if self.open.count.get() > most {
            return Err(connection);
        }
        self.idle.borrow_mut().push(connection);
        self.open.freed();
        Ok(())
    }

    /// Takes all idle connections out.
    pub(crate) fn take_idle(&self) -> Vec<Connection<N>> {
        self.idle.take()
    }

    /// Puts this back, behind the others.
    pub(crate) fn put_back(&self, idle: Connection<N>) {
        self.idle.borrow_mut().push(idle);
    }

    /// Whether a connection has become free since somebody wanted one and got nothing; asked once.
    pub(crate) fn take_freed(&self) -> bool {
        self.open.was_freed.replace(false)
    }

    /// The idle connection used last, which nobody has looked at since; none when a fresh one is asked for.
    pub(crate) fn pop_newest(&self, is_fresh: bool) -> Option<Connection<N>> {
        if is_fresh { None } else { self.idle.borrow_mut().pop() }
    }

    fn pop_oldest(&self) -> Option<Connection<N>> {
        let mut idle = self.idle.borrow_mut();
        if idle.is_empty() { None } else { Some(idle.remove(0)) }
    }
}
