//! Connections that are closed, and whose last bytes the peer does not take.
//!
//! A host may let the drop of an output stream wait until what was written has gone (wasmtime 48 does), and for that a peer
//! that reads nothing can make it wait for ever. So such a stream is not dropped: it is kept here, its connection shut down,
//! until it would not wait. How many there may be is bounded, and then no new connection is made.

use std::cell::RefCell;
use std::rc::Rc;

use wasi::io::streams::OutputStream;
use wasi::sockets::tcp::{ShutdownType, TcpSocket};

use super::reactor::Watched;
use crate::limits::DYING_CONNECTIONS;

/// The sending direction of a connection. Fields are dropped in this order, and the host traps if it is another.
pub(super) struct Sending {
    pub(super) output: Watched<OutputStream>,
    pub(super) socket: TcpSocket,
}

impl Sending {
    /// Whether dropping it would wait for the peer.
    fn would_wait(&self) -> bool {
        matches!(self.output.check_write(), Ok(0))
    }
}

/// The connections that are dying.
#[derive(Default)]
pub(super) struct Dying(RefCell<Vec<Rc<Sending>>>);

impl Dying {
    /// Takes over a connection's sending direction, if dropping it would wait.
    pub(super) fn take_over(&self, sending: &Rc<Sending>) {
        self.sweep();
        if sending.would_wait() {
            // When it cannot be shut down, it has ended already, and the next sweep will find that.
            let _ = sending.socket.shutdown(ShutdownType::Both);
            self.0.borrow_mut().push(Rc::clone(sending));
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
