//! A TCP connection: a stream of bytes each way, with at most one operation in flight on each.

use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamResult, StreamWriter};

use super::bindings::wasi::sockets::types::{ErrorCode, TcpSocket};
use super::bindings::wit_stream;
use super::tasks::{Buried, Tasks};
use super::{Operation, fault};
use crate::buffer::Buffer;
use crate::limits::{READ_LENGTH, SEND_LENGTH};
use crate::net::{self, Fault, Receive, Received, Step};

/// A connection. Dropping it cancels what is in flight, and closes it.
pub struct Stream {
    /// `None` once it was buried.
    wires: Option<Wires>,
    /// Bytes that were received beyond what was asked for.
    received: Buffer,
    peer: SocketAddr,
    tasks: Rc<Tasks>,
}

/// Fields are dropped in this order: the socket goes last.
struct Wires {
    input: Input,
    output: Output,
    _socket: TcpSocket,
}

/// How a direction has ended, from the host.
type End = FutureReader<Result<(), ErrorCode>>;

enum Input {
    Idle(StreamReader<u8>, End),
    /// The bytes, and the state after them.
    Reading(Operation<(Vec<u8>, Self)>),
    Over(Result<(), Fault>),
}

enum Output {
    Idle(StreamWriter<u8>, End),
    /// How many bytes the host took.
    Writing(Operation<Result<(usize, StreamWriter<u8>, End), Fault>>),
    /// It was ended by the session, or broke.
    Over(Fault),
}

impl Stream {
    pub(super) fn new(socket: TcpSocket, peer: SocketAddr, tasks: Rc<Tasks>) -> Self {
        let (reader, end) = socket.receive();
        let (writer, data) = wit_stream::new::<u8>();
        let sent = socket.send(data);
        let wires = Wires { input: Input::Idle(reader, end), output: Output::Idle(writer, sent), _socket: socket };
        Self { wires: Some(wires), received: Buffer::default(), peer, tasks }
    }

    /// Sends some of these bytes, of which those in flight are a prefix, and returns how many the host has taken.
    ///
    /// They count once the host has them, and not when they are in flight: then nothing is in flight after the last byte.
    fn send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Result<usize, Fault> {
        let Some(Wires { output, .. }) = &mut self.wires else { return Err(Fault::Other) };
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Output::Idle(..) = output
            && let Output::Idle(writer, end) = std::mem::replace(output, Output::Over(Fault::Other))
        {
            let piece = bytes.get(..SEND_LENGTH).unwrap_or(bytes);
            *output = Output::Writing(Box::pin(write(writer, end, piece.to_vec())));
        }
        match output {
            Output::Idle(..) => Ok(0),
            Output::Over(fault) => Err(*fault),
            Output::Writing(operation) => match self.tasks.poll(context, operation) {
                Poll::Pending => Ok(0),
                Poll::Ready(Ok((count, writer, end))) => {
                    *output = Output::Idle(writer, end);
                    Ok(count)
                }
                Poll::Ready(Err(fault)) => {
                    *output = Output::Over(fault);
                    Err(fault)
                }
            },
        }
    }

    fn receive(&mut self, context: &mut Context<'_>, Receive { buffer, max }: Receive<'_>) -> Received {
        let Some(Wires { input, .. }) = &mut self.wires else { return Received::Failed(Fault::Other) };
        if self.received.is_empty() {
            if let Input::Idle(..) = input
                && let Input::Idle(reader, end) = std::mem::replace(input, Input::Over(Err(Fault::Other)))
            {
                // The check of an idle connection asks for one byte, and goes on as the first read of the response.
                *input = Input::Reading(Box::pin(read(reader, end, READ_LENGTH.max(max))));
            }
            if let Input::Reading(operation) = input
                && let Poll::Ready((bytes, next)) = self.tasks.poll(context, operation)
            {
                self.received.push(bytes);
                *input = next;
            }
        }
        if !self.received.is_empty() {
            buffer.push(self.received.take(max));
            return Received::Bytes;
        }
        match input {
            Input::Idle(..) | Input::Reading(_) => Received::Nothing,
            Input::Over(Ok(())) => Received::End,
            Input::Over(Err(fault)) => Received::Failed(*fault),
        }
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
        self.receive(&mut Context::from_waker(Waker::noop()), receive)
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
    fn is_busy(&self) -> bool {
        matches!(self.input, Input::Reading(_)) || matches!(self.output, Output::Writing(_))
    }
}

impl Buried for Wires {
    /// A farewell, such as `close_notify`, is given to the host, if that takes it at once.
    fn poll_once(&mut self, context: &mut Context<'_>) {
        if let Output::Writing(operation) = &mut self.output {
            let _ = operation.as_mut().poll(context);
        }
    }
}

/// Reads at least one byte, or the end.
///
/// A read of nothing is ready when one of something would be. So a connection that waits holds no memory, and cancelling it loses no
/// bytes.
async fn read(mut reader: StreamReader<u8>, end: End, most: usize) -> (Vec<u8>, Input) {
    let _ = reader.read(Vec::new()).await;
    loop {
        match reader.read(Vec::with_capacity(most)).await {
            (StreamResult::Complete(_), bytes) if bytes.is_empty() => {}
            (StreamResult::Complete(_), bytes) => return (bytes, Input::Idle(reader, end)),
            (StreamResult::Dropped | StreamResult::Cancelled, bytes) => {
                drop(reader);
                return (bytes, Input::Over(end.await.map_err(|code| fault(&code, Fault::Reset))));
            }
        }
    }
}

/// Writes at least one byte.
async fn write(
    mut writer: StreamWriter<u8>,
    end: End,
    piece: Vec<u8>,
) -> Result<(usize, StreamWriter<u8>, End), Fault> {
    let (mut status, mut rest) = writer.write(piece).await;
    loop {
        match status {
            StreamResult::Complete(0) => (status, rest) = writer.write_buf(rest).await,
            StreamResult::Complete(count) => return Ok((count, writer, end)),
            StreamResult::Dropped | StreamResult::Cancelled => {
                drop(writer);
                return Err(end.await.err().map_or(Fault::Reset, |code| fault(&code, Fault::Reset)));
            }
        }
    }
}
