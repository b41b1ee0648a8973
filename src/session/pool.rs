//! The idle connections of a session.

use std::cell::RefCell;

use crate::net::Net;
use crate::session::connection::Connection;
use crate::session::events::CloseReason;
use crate::session::permits::{Permit, Permits, Turn};

/// The open connections of a session, counted, and the idle ones among them.
pub(crate) struct Pool<N: Net> {
    idle: RefCell<Vec<Connection<N>>>,
    permits: Permits,
}

/// What a request can use.
pub(crate) enum Acquired {
    /// There is an idle connection, to be taken and checked.
    Idle,
    /// A permit to open one.
    Permit(Permit),
    /// Neither, for now.
    Nothing,
}

impl<N: Net> Default for Pool<N> {
    fn default() -> Self {
        Self { idle: RefCell::default(), permits: Permits::default() }
    }
}

impl<N: Net> Pool<N> {
    /// Returns whether there is an idle connection (unless the request needs a new one), or a permit to open one of at most
    /// `most`.
    pub(crate) fn acquire(&self, is_fresh: bool, most: usize) -> Acquired {
        if !is_fresh && !self.idle.borrow().is_empty() {
            return Acquired::Idle;
        }
        if self.permits.open() >= most {
            // The request needs a new connection, so the oldest idle one makes room.
            let Some(oldest) = self.pop_oldest() else {
                return Acquired::Nothing;
            };
            oldest.close(CloseReason::Surplus);
        }
        Acquired::Permit(self.permits.take())
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.permits.open()
    }

    /// Whether a connection is not in use.
    pub(crate) fn has_idle(&self) -> bool {
        !self.idle.borrow().is_empty()
    }

    /// A place in the queue for a connection, unless it is full.
    pub(crate) fn queue(&self) -> Option<Turn> {
        self.permits.queue()
    }

    /// Keeps a connection for the next request, unless more than `most` are open.
    pub(crate) fn keep(&self, connection: Connection<N>, most: usize) -> Result<(), Connection<N>> {
        if self.permits.open() > most {
            return Err(connection);
        }
        self.idle.borrow_mut().push(connection);
        self.permits.freed();
        Ok(())
    }

    /// Closes all idle connections.
    pub(crate) fn close_all(&self, reason: CloseReason) {
        for idle in self.idle.take() {
            idle.close(reason);
        }
    }

    /// Closes the idle connections for which `is_wanted` is false.
    pub(crate) fn close_unless(&self, reason: CloseReason, is_wanted: impl Fn(&Connection<N>) -> bool) {
        for idle in self.idle.take() {
            match is_wanted(&idle) {
                true => self.idle.borrow_mut().push(idle),
                false => idle.close(reason),
            }
        }
    }

    /// The most recently used idle connection, not yet checked. `None` if the request needs a new one.
    pub(crate) fn pop_newest(&self, is_fresh: bool) -> Option<Connection<N>> {
        if is_fresh { None } else { self.idle.borrow_mut().pop() }
    }

    fn pop_oldest(&self) -> Option<Connection<N>> {
        let mut idle = self.idle.borrow_mut();
        if idle.is_empty() { None } else { Some(idle.remove(0)) }
    }
}
