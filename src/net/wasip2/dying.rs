//! Closed connections whose peers have not accepted the last bytes.
//!
//! A host may block the drop of an output stream until written bytes were sent (wasmtime 48 does). A peer that reads nothing
//! could then block it for ever. Such a stream is not dropped but kept here, with its connection shut down, until dropping it
//! would not block. Their number is bounded: beyond it, no new connection is made.

use std::cell::RefCell;
use std::rc::Rc;

use crate::limits::DYING_CONNECTIONS;

/// The sending direction of a closed connection.
pub(super) trait Lingering {
    /// Whether dropping it would block.
    fn would_wait(&self) -> bool;

    /// Ends the connection, without waiting.
    fn shut_down(&self);
}

/// The closed connections that cannot be dropped yet.
#[derive(Default)]
pub(super) struct Dying(RefCell<Vec<Rc<dyn Lingering>>>);

impl Dying {
    /// Takes over a connection's sending direction, if dropping it would block.
    pub(super) fn take_over(&self, sending: Rc<dyn Lingering>) {
        self.sweep();
        if sending.would_wait() {
            sending.shut_down();
            self.0.borrow_mut().push(sending);
        }
    }

    /// Drops those that no longer block, and returns whether too many are left for another connection.
    pub(super) fn are_too_many(&self) -> bool {
        self.sweep();
        self.0.borrow().len() >= DYING_CONNECTIONS
    }

    fn sweep(&self) {
        self.0.borrow_mut().retain(|sending| sending.would_wait());
    }
}
