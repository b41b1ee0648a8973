//! How many connections a session may have open: the right to one, and the right to wait for one.

use std::cell::Cell;
use std::rc::Rc;

use crate::limits::WAITING_REQUESTS;

/// How many connections are open or being opened, and how many requests wait for one.
#[derive(Clone, Default)]
pub(crate) struct Permits(Rc<Counts>);

#[derive(Default)]
struct Counts {
    open: Cell<usize>,
    /// Whether somebody waits for a connection.
    is_wanted: Cell<bool>,
    /// Set when one became free while somebody waited.
    was_freed: Cell<bool>,
    waiting: Cell<usize>,
}

/// The right to have one connection open; it comes back when dropped.
pub(crate) struct Permit(Permits);

/// The right to wait for a connection; it comes back when dropped.
pub(crate) struct Turn(Permits);

impl Permits {
    /// How many connections are open or being opened.
    pub(crate) fn open(&self) -> usize {
        self.0.open.get()
    }

    /// The right to open one more; how many there may be is the caller's to say.
    pub(crate) fn take(&self) -> Permit {
        self.0.open.set(self.open().saturating_add(1));
        Permit(self.clone())
    }

    /// The right to wait for a connection, if not too many do.
    pub(crate) fn queue(&self) -> Option<Turn> {
        let waiting = self.0.waiting.get().saturating_add(1);
        if waiting > WAITING_REQUESTS {
            return None;
        }
        self.0.waiting.set(waiting);
        Some(Turn(self.clone()))
    }

    /// Somebody waits for a connection.
    pub(crate) fn want(&self) {
        self.0.is_wanted.set(true);
    }

    /// A connection, or the right to open one, has become free.
    pub(crate) fn freed(&self) {
        if self.0.is_wanted.replace(false) {
            self.0.was_freed.set(true);
        }
    }

    /// Whether one has become free since somebody wanted one and got nothing; asked once.
    pub(crate) fn take_freed(&self) -> bool {
        self.0.was_freed.replace(false)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let counts = &self.0.0;
        counts.open.set(counts.open.get().saturating_sub(1));
        self.0.freed();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let counts = &self.0.0;
        counts.waiting.set(counts.waiting.get().saturating_sub(1));
    }
}
