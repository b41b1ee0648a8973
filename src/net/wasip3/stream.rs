//! A TCP connection: a stream of bytes each way, with at most one operation in flight on each.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamResult, StreamWriter};

use super::bindings::wasi::sockets::types::{ErrorCode, TcpSocket};
use super::bindings::wit_stream;
use super::{Host, Operation, Tasks, fault};
use crate::buffer::Buffer;
use crate::limits::{READ_LENGTH, SEND_LENGTH, WAITING_READ_LENGTH};
use crate::net::tasks::{Buried, Kept};
use crate::net::{self, Fault, Receive, Received, Step};

/// A connection. Dropping it cancels what is in flight, and closes it.
pub struct Stream {
    /// `None` once it was buried.
    wires: Option<Wires>,
    /// Bytes that were received beyond what was asked for.
    received: Buffer,
    peer: SocketAddr,
    tasks: Rc<Tasks>,
    _kept: Kept<Host>,
}

/// Fields are dropped in this order: the socket goes last.
struct Wires {
    input: Input,
    output: Output,
    /// How sending has ended, once it is asked.
    sent: Operation<Result<(), Fault>>,
    /// Whether that is in flight.
    is_asked: bool,
    /// Whether the last read filled most of its room, so that the next one probably does.
    is_flowing: bool,
    _socket: TcpSocket,
}

/// How a direction has ended, from the host.
type End = FutureReader<Result<(), ErrorCode>>;

enum Input {
    Idle(StreamReader<u8>, End),
    Reading(Operation<(Vec<u8>, bool, Next)>),
    /// The stream has ended. How is not known yet.
    Ending(Operation<Result<(), Fault>>),
    Over(Result<(), Fault>),
}

/// What follows a read.
enum Next {
    More(StreamReader<u8>, End),
    Ended(End),
}

enum Output {
    Idle(StreamWriter<u8>),
    /// The writer, and how many bytes the host took. `None` if it takes no more.
    Writing(Operation<Option<(StreamWriter<u8>, usize)>>),
    /// The host takes no more. Why is not known yet.
    Ending,
    /// It was ended by the session, or broke.
    Over(Fault),
}

impl Stream {
    pub(super) fn new(socket: TcpSocket, peer: SocketAddr, tasks: Rc<Tasks>) -> Self {
        let (reader, end) = socket.receive();
        let (writer, data) = wit_stream::new::<u8>();
        let wires = Wires {
            input: Input::Idle(reader, end),
            output: Output::Idle(writer),
            sent: ended(socket.send(data)),
            is_asked: false,
            is_flowing: false,
            _socket: socket,
        };
        let kept = tasks.keep();
        Self { wires: Some(wires), received: Buffer::default(), peer, tasks, _kept: kept }
    }

    /// Sends some of these bytes, of which those in flight are a prefix, and returns how many the host has taken.
    ///
    /// They count once the host has them, and not when they are in flight: then nothing is in flight after the last byte.
    fn send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Result<usize, Fault> {
        let Some(wires) = &mut self.wires else { return Err(Fault::Other) };
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Output::Idle(_) = wires.output
            && let Output::Idle(writer) = std::mem::replace(&mut wires.output, Output::Over(Fault::Other))
        {
            let piece = bytes.get(..SEND_LENGTH).unwrap_or(bytes);
            wires.output = Output::Writing(Operation::new(write(writer, piece.to_vec())));
        }
        if let Output::Writing(operation) = &mut wires.output {
            match Pin::new(operation).poll(context) {
                Poll::Pending => return Ok(0),
                Poll::Ready(Some((writer, count))) => {
                    wires.output = Output::Idle(writer);
                    return Ok(count);
                }
                Poll::Ready(None) => wires.output = Output::Ending,
            }
        }
        if let Output::Ending = wires.output {
            let Poll::Ready(why) = wires.poll_sent(context) else { return Ok(0) };
            wires.output = Output::Over(why.err().unwrap_or(Fault::Reset));
        }
        match wires.output {
            Output::Over(fault) => Err(fault),
            _ => Ok(0),
        }
    }

    fn receive(&mut self, context: &mut Context<'_>, Receive { buffer, max }: Receive<'_>) -> Received {
        let Some(wires) = &mut self.wires else { return Received::Failed(Fault::Other) };
        while self.received.is_empty() {
            match &mut wires.input {
                Input::Idle(..) => wires.begin_reading(max),
                Input::Reading(operation) => match Pin::new(operation).poll(context) {
                    Poll::Pending => return Received::Nothing,
                    Poll::Ready((bytes, is_flowing, next)) => {
                        wires.is_flowing = is_flowing;
                        self.received.push(bytes);
                        wires.input = match next {
                            Next::More(reader, end) => Input::Idle(reader, end),
                            Next::Ended(end) => Input::Ending(ended(end)),
                        };
                    }
                },
                Input::Ending(operation) => match Pin::new(operation).poll(context) {
                    Poll::Pending => return Received::Nothing,
                    Poll::Ready(how) => wires.input = Input::Over(how.and(wires.how_sending_is(context))),
                },
                Input::Over(Ok(())) => return Received::End,
                Input::Over(Err(fault)) => return Received::Failed(*fault),
            }
        }
        buffer.push(self.received.take(max));
        Received::Bytes
    }
}

impl net::Stream for Stream {
    fn poll_step(&mut self, context: &mut Context<'_>, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step> {
        let is_idle = send.is_empty() && receive.is_none();
        let sent = self.send(context, send);
        let received = receive.map_or(Received::Nothing, |receive| self.receive(context, receive));
        if is_idle || sent != Ok(0) || received != Received::Nothing {
            Poll::Ready(Step { sent, received })
        } else {
            Poll::Pending
        }
    }

    /// It leaves a read in flight where there is nothing: the response's first read, by the same task, continues it.
    fn try_receive(&mut self, receive: Receive<'_>) -> Received {
        if let Some(Wires { output: Output::Over(fault), .. }) = self.wires {
            return Received::Failed(fault);
        }
        let received = self.receive(&mut Context::from_waker(Waker::noop()), receive);
        match &self.wires {
            // It cannot be used, however it ended.
            Some(Wires { input: Input::Ending(_), .. }) => Received::End,
            _ => received,
        }
    }

    /// The host ends the direction when the writer is dropped. What is in flight was not to be sent any more.
    fn finish(&mut self) {
        if let Some(Wires { output, .. }) = &mut self.wires
            && let Output::Idle(..) = output
        {
            *output = Output::Over(Fault::Other);
        }
    }

    fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(wires) = self.wires.take().filter(Wires::is_busy) {
            self.tasks.bury(wires);
        }
    }
}

impl Wires {
    fn begin_reading(&mut self, max: usize) {
        if let Input::Idle(reader, end) = std::mem::replace(&mut self.input, Input::Over(Err(Fault::Other))) {
            // The check of an idle connection asks for one byte, and goes on as the first read of the response.
            let most = if self.is_flowing { READ_LENGTH.max(max) } else { WAITING_READ_LENGTH };
            self.input = Input::Reading(Operation::new(read(reader, end, most)));
        }
    }

    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let polled = Pin::new(&mut self.sent).poll(context);
        self.is_asked = polled.is_pending();
        if let Poll::Ready(how) = polled {
            self.sent = Operation::new(ready(how));
        }
        polled
    }

    /// What sending has failed with, if it has.
    ///
    /// A system reports the error of a connection once, to the direction that asks first. The other sees an ordinary end. To take that
    /// for a clean end would pass truncated content off as complete.
    fn how_sending_is(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        match self.poll_sent(context) {
            Poll::Ready(Err(fault)) => Err(fault),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    fn is_busy(&self) -> bool {
        self.is_asked
            || matches!(self.input, Input::Reading(_) | Input::Ending(_))
            || matches!(self.output, Output::Writing(_))
    }
}

impl Buried for Wires {
    /// A farewell, such as `close_notify`, is given to the host, if that takes it at once.
    fn poll_once(&mut self, context: &mut Context<'_>) {
        if let Output::Writing(operation) = &mut self.output {
            let _ = Pin::new(operation).poll(context);
        }
    }
}

/// Waits for how a direction has ended.
fn ended(end: End) -> Operation<Result<(), Fault>> {
    Operation::new(async move { end.await.map_err(|code| fault(&code, Fault::Reset)) })
}

/// Reads at least one byte, or the end. Returns also whether the bytes fill most of their room.
async fn read(mut reader: StreamReader<u8>, end: End, most: usize) -> (Vec<u8>, bool, Next) {
    loop {
        let (status, mut bytes) = reader.read(Vec::with_capacity(most)).await;
        let is_flowing = bytes.len() >= most / 2;
        // What comes is mostly short, and may be kept for long.
        if !is_flowing {
            bytes.shrink_to_fit();
        }
        match status {
            StreamResult::Complete(_) if bytes.is_empty() => {}
            StreamResult::Complete(_) => return (bytes, is_flowing, Next::More(reader, end)),
            StreamResult::Dropped | StreamResult::Cancelled => return (bytes, is_flowing, Next::Ended(end)),
        }
    }
}

/// Writes at least one byte.
async fn write(mut writer: StreamWriter<u8>, piece: Vec<u8>) -> Option<(StreamWriter<u8>, usize)> {
    let (mut status, mut rest) = writer.write(piece).await;
    loop {
        match status {
            StreamResult::Complete(0) => (status, rest) = writer.write_buf(rest).await,
            StreamResult::Complete(count) => return Some((writer, count)),
            StreamResult::Dropped | StreamResult::Cancelled => return None,
        }
    }
}
