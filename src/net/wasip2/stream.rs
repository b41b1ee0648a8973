//! A TCP connection as two `wasi:io` streams.
//!
//! It makes few host calls. A request on a reused connection costs five: a read to check the connection, check-write, write,
//! poll, read. After content that arrived late, the check needs a wait that is over at once and a second read, which costs three
//! more.

use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, OutputStream, StreamError};
use wasi::sockets::tcp::{ShutdownType, TcpSocket};

use super::dying::Lingering;
use super::reactor::{Reactor, Subscribe, Watched};
use crate::net::{self, Fault, Receive, Received, Step};

/// A connection. Dropping it closes it at once, and never blocks.
pub struct Stream {
    // Fields are dropped in this order. The host traps if the socket is dropped before its streams.
    input: Watched<InputStream>,
    sending: Rc<Sending>,
    /// How receiving ended, once it has: cleanly or not.
    input_over: Option<Result<(), Fault>>,
    /// Why nothing can be sent any more.
    output_over: Option<Fault>,
    /// Whether sending failed with an error of the connection, as opposed to its end.
    is_broken: bool,
    /// Whether bytes were sent since the last read.
    is_answer_due: bool,
    peer: SocketAddr,
    reactor: Rc<Reactor>,
}

/// The sending direction of a connection. The host traps unless fields are dropped in this order.
struct Sending {
    output: Watched<OutputStream>,
    socket: TcpSocket,
}

impl Lingering for Sending {
    fn would_wait(&self) -> bool {
        matches!(self.output.check_write(), Ok(0))
    }

    fn shut_down(&self) {
        // If it cannot be shut down, it has ended already, and the next operation will find that.
        let _ = self.socket.shutdown(ShutdownType::Both);
    }
}

impl Stream {
    pub(super) fn new(
        reactor: &Rc<Reactor>,
        socket: TcpSocket,
        input: InputStream,
        output: OutputStream,
        peer: SocketAddr,
    ) -> Self {
        let input = Watched::new(input);
        // A server speaks second, so a first read would find nothing. If that is wrong, a wait will find it ready.
        input.block(reactor);
        Self {
            input,
            sending: Rc::new(Sending { output: Watched::new(output), socket }),
            input_over: None,
            output_over: None,
            is_broken: false,
            is_answer_due: false,
            peer,
            reactor: Rc::clone(reactor),
        }
    }
}

impl net::Stream for Stream {
    fn poll_step(&mut self, _: &mut Context<'_>, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step> {
        let sent = self.send(send);
        if sent.is_ok_and(|sent| sent > 0) {
            // The response to bytes sent just now cannot have arrived, so the input is left as it was. The response to earlier
            // bytes may have: a server that refuses an upload should be heard while it is sent.
            if std::mem::replace(&mut self.is_answer_due, true) {
                self.input.unblock();
            }
        }
        let is_receiving = receive.is_some();
        let received = receive.map_or(Received::Nothing, |receive| self.receive(receive));

        let is_idle = send.is_empty() && !is_receiving;
        if is_idle || sent != Ok(0) || received != Received::Nothing {
            return Poll::Ready(Step { sent, received });
        }
        if !send.is_empty() {
            self.sending.output.wish(&self.reactor);
        }
        if is_receiving {
            self.input.wish(&self.reactor);
        }
        Poll::Pending
    }

    fn try_receive(&mut self, receive: Receive<'_>) -> Received {
        if let Some(fault) = self.output_over {
            return Received::Failed(fault);
        }
        // A host asks its system until that has nothing more, and may remember this until the next wait.
        if self.input.is_blocked() {
            self.reactor.catch_up();
            self.input.unblock();
        }
        self.receive(receive)
    }

    fn finish(&mut self) {
        if self.output_over.replace(Fault::Other).is_none() {
            // The host does it after the written bytes. If it cannot, the connection has ended anyway.
            let _ = self.sending.socket.shutdown(ShutdownType::Send);
        }
    }

    fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Stream {
    /// Sends a prefix of these bytes with one host write, and returns its length.
    ///
    /// A permit is for the next write only. Using what a write left of it would trap. There is no flush: it would delay further
    /// writes, and hosts send what is written to a socket without it, as the standard libraries over `wasi:sockets` rely on.
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Some(fault) = self.output_over {
            return Err(fault);
        }
        if !self.sending.output.is_worth_trying(&self.reactor) {
            return Ok(0);
        }
        let permit = self.sending.output.check_write().map_err(|error| self.sending_failed(&error))?;
        let permitted = bytes.get(..usize::try_from(permit).unwrap_or(usize::MAX)).unwrap_or(bytes);
        if permitted.is_empty() {
            self.sending.output.block(&self.reactor);
            return Ok(0);
        }
        self.sending.output.unblock();
        self.sending.output.write(permitted).map_err(|error| self.sending_failed(&error))?;
        Ok(permitted.len())
    }

    fn receive(&mut self, receive: Receive<'_>) -> Received {
        if self.input_over.is_none() && self.input.is_worth_trying(&self.reactor) {
            match self.read(receive.max) {
                Ok(bytes) if bytes.is_empty() => return Received::Nothing,
                Ok(bytes) => {
                    receive.buffer.push(bytes);
                    return Received::Bytes;
                }
                // `read` has noted the error.
                Err(_) => {}
            }
        }
        match self.input_over {
            None => Received::Nothing,
            Some(Ok(())) => Received::End,
            Some(Err(fault)) => Received::Failed(fault),
        }
    }

    /// One host read. Empty means that there is nothing yet. An error means that receiving is over.
    fn read(&mut self, max: usize) -> Result<Vec<u8>, StreamError> {
        self.is_answer_due = false;
        match self.input.read(u64::try_from(max).unwrap_or(u64::MAX)) {
            Ok(bytes) => {
                if bytes.is_empty() {
                    self.input.block(&self.reactor);
                } else {
                    self.input.unblock();
                }
                Ok(bytes)
            }
            Err(error) => {
                // A system reports the error of a connection once, to the direction that asks first. The other sees an ordinary
                // end. To take that for a clean end would pass truncated content off as complete.
                let is_end = matches!(error, StreamError::Closed) && !self.is_broken;
                self.input_over = Some(if is_end { Ok(()) } else { Err(Fault::Reset) });
                Err(error)
            }
        }
    }

    /// WASI 0.2 has no stable way to identify an error, so it is always reported as a broken connection.
    fn sending_failed(&mut self, error: &StreamError) -> Fault {
        self.is_broken |= matches!(error, StreamError::LastOperationFailed(_));
        self.output_over = Some(Fault::Reset);
        Fault::Reset
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reactor.dying.take_over(Rc::<Sending>::clone(&self.sending));
    }
}

impl Subscribe for InputStream {
    fn subscribe(&self) -> Pollable {
        self.subscribe()
    }
}

impl Subscribe for OutputStream {
    fn subscribe(&self) -> Pollable {
        self.subscribe()
    }
}
