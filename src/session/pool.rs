//! The connections of a session that wait for the next request.

use std::cell::RefCell;

use crate::net::Net;
use crate::session::connection::Connection;
use crate::session::events::CloseReason;
use crate::session::permits::{Permit, Permits, Turn};

/// The connections that a session has open, counted, and those that are idle.
pub(crate) struct Pool<N: Net> {
    idle: RefCell<Vec<Connection<N>>>,
    permits: Permits,
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
        Self { idle: RefCell::default(), permits: Permits::default() }
    }
}

impl<N: Net> Pool<N> {
    /// Whether a connection can be taken, if `fresh` is not asked for, or the right to open one of `most`.
    pub(crate) fn acquire(&self, is_fresh: bool, most: usize) -> Acquired {
        if !is_fresh && !self.idle.borrow().is_empty() {
            return Acquired::Idle;
        }
        if self.permits.open() >= most {
            // A fresh connection is wanted though idle ones are there: the oldest of them makes room.
            let Some(oldest) = self.pop_oldest() else {
                return Acquired::Nothing;
            };
            oldest.close(CloseReason::Surplus);
        }
        Acquired::Permit(self.permits.take())
    }

    /// A place among those who wait for a connection, if they are not too many.
    pub(crate) fn queue(&self) -> Option<Turn> {
        self.permits.queue()
    }

    /// Keeps a connection for the next request, if there are not too many.
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

    /// Closes the idle connections that are not wanted any more.
    pub(crate) fn close_unless(&self, reason: CloseReason, is_wanted: impl Fn(&Connection<N>) -> bool) {
        for idle in self.idle.take() {
            match is_wanted(&idle) {
                true => self.idle.borrow_mut().push(idle),
                false => idle.close(reason),
            }
        }
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
