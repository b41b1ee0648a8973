//! Connections that are closed, and whose last bytes the peer does not take.
//!
//! A host may let the drop of an output stream wait until what was written has gone (wasmtime 48 does), and for that a peer
//! that reads nothing can make it wait for ever. So such a stream is not dropped: it is kept here, its connection shut down,
//! until it would not wait. How many there may be is bounded, and then no new connection is made.

use std::cell::RefCell;
use std::rc::Rc;

use crate::limits::DYING_CONNECTIONS;

/// The sending direction of a connection that its owner has no more use for.
pub(super) trait Lingering {
    /// Whether dropping it would wait for the peer.
    fn would_wait(&self) -> bool;

    /// Ends the connection, without waiting.
    fn shut_down(&self);
}

/// The connections that are dying.
#[derive(Default)]
pub(super) struct Dying(RefCell<Vec<Rc<dyn Lingering>>>);

impl Dying {
    /// Takes over a connection's sending direction, if dropping it would wait.
    pub(super) fn take_over(&self, sending: Rc<dyn Lingering>) {
        self.sweep();
        if sending.would_wait() {
            sending.shut_down();
            self.0.borrow_mut().push(sending);
        }
    }

    /// Whether there are so many that no connection should be added; those that need to wait no more go.
    pub(super) fn are_too_many(&self) -> bool {
        self.sweep();
        self.0.borrow().len() >= DYING_CONNECTIONS
    }

    fn sweep(&self) {
        self.0.borrow_mut().retain(|sending| sending.would_wait());
    }
}
