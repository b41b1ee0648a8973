//! The transport of a connection: the network's stream, TLS over it, or TLS within the TLS of a proxy.
//!
//! It moves bytes, waits for nothing by itself, and knows no HTTP.

use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::buffer::Buffer;
use crate::limits::{READ_LENGTH, SEND_LENGTH};
use crate::net::{self, Fault, Receive, Stream};
use crate::tls::connection::{Incoming, SEALING, TlsConnection};
use crate::tls::facts::TlsFacts;
use crate::tls::failure::Failure;

/// What records add to the requested content, so that a piece and its record arrive in one read.
const RECORD_OVERHEAD: usize = 512;

/// How many records without content are read when an idle connection is checked: session tickets, key updates.
const SILENT_READS: usize = 8;

/// How many steps a handshake takes before it yields. Below it may be a proxy's TLS, which may send records without content as
/// fast as they are read.
const HANDSHAKE_STEPS: usize = 64;

/// A transport, in both directions.
pub(crate) enum Transport<S: Stream> {
    /// The stream itself.
    Plain(S),
    /// TLS over another transport.
    Tls(Box<Secured<S>>),
}

/// A transport with TLS over it.
pub(crate) struct Secured<S: Stream> {
    /// What carries the records: the stream, or the TLS of a proxy.
    below: Transport<S>,
    tunnel: TlsConnection,
    /// Received records, or parts of one, that were not used yet.
    records: Buffer,
    facts: Option<Rc<TlsFacts>>,
}

/// What one step did.
#[derive(Debug)]
pub(crate) struct Step {
    /// How many of the caller's bytes were sent. They are a prefix.
    pub(crate) sent: Result<usize, Fault>,
    /// Whether the connection accepted anything, even part of a record.
    pub(crate) is_taking: bool,
    pub(crate) received: Received,
}

/// What was received in one step.
#[derive(Debug)]
pub(crate) enum Received {
    Nothing,
    /// At least one byte.
    Bytes,
    /// The peer ended its sending direction cleanly.
    End,
    Failed(Broken),
}

/// Why receiving failed.
#[derive(Debug)]
pub(crate) enum Broken {
    Net(Fault),
    Tls(Failure),
}

/// The state of an idle connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// Open and silent.
    Alive,
    /// Closed by the peer, or broken.
    Closed,
    /// The peer sent bytes that belong to no response.
    StrayBytes,
}

impl Step {
    fn with(self, received: Received) -> Self {
        Self { received, ..self }
    }
}

impl<S: Stream> Transport<S> {
    /// Adds TLS on top, with its handshake still to be done.
    pub(crate) fn secured(self, tunnel: TlsConnection) -> Self {
        Self::Tls(Box::new(Secured { below: self, tunnel, records: Buffer::default(), facts: None }))
    }

    /// Ready when the handshake is done, or has gone on for long enough without a wait. Returns whether it is done. A plain
    /// stream has no handshake.
    pub(crate) fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Broken>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(true)),
            Self::Tls(secured) => secured.poll_handshake(context),
        }
    }

    /// As [`Stream::poll_step`]. It may be ready even if none of the caller's bytes moved.
    ///
    /// Until they are sent, the bytes offered at one step must be offered again at the next: they may already be in a record.
    pub(crate) fn poll_step(
        &mut self,
        context: &mut Context<'_>,
        send: &[u8],
        receive: Option<Receive<'_>>,
    ) -> Poll<Step> {
        match self {
            Self::Plain(stream) => stream.poll_step(context, send, receive).map(|net::Step { sent, received }| Step {
                is_taking: sent.is_ok_and(|sent| sent > 0),
                sent,
                received: received.into(),
            }),
            Self::Tls(secured) => secured.poll_step(context, send, receive),
        }
    }

    /// How many of the caller's bytes one step can send in a single write.
    pub(crate) fn most_at_once(&self) -> usize {
        match self {
            Self::Plain(_) => SEND_LENGTH,
            Self::Tls(secured) => secured.below.most_at_once().saturating_sub(SEALING),
        }
    }

    /// Whether there are bytes to send that the caller no longer has.
    pub(crate) fn is_unsent(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(secured) => !secured.tunnel.outgoing().is_empty(),
        }
    }

    /// Checks, without waiting, whether an idle connection is alive.
    pub(crate) fn check(&mut self) -> Idle {
        match self.try_receive(Receive { buffer: &mut Buffer::default(), max: 1 }) {
            Received::Nothing => Idle::Alive,
            Received::End | Received::Failed(_) => Idle::Closed,
            Received::Bytes => Idle::StrayBytes,
        }
    }

    /// As [`Stream::try_receive`]. It may return `Bytes` without content for the caller, if the peer sends too many records
    /// without content.
    fn try_receive(&mut self, receive: Receive<'_>) -> Received {
        match self {
            Self::Plain(stream) => stream.try_receive(receive).into(),
            Self::Tls(secured) => secured.try_receive(receive),
        }
    }

    /// Ends the sending direction after the bytes sent so far. Receiving continues.
    pub(crate) fn finish(&mut self) {
        match self {
            Self::Plain(stream) => stream.finish(),
            Self::Tls(secured) => secured.tunnel.close(),
        }
    }

    /// The peer's address.
    pub(crate) fn peer(&self) -> SocketAddr {
        match self {
            Self::Plain(stream) => stream.peer(),
            Self::Tls(secured) => secured.below.peer(),
        }
    }

    /// The transport below, if this is TLS.
    pub(crate) fn below(&self) -> Option<&Self> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(secured) => Some(&secured.below),
        }
    }

    /// What the handshake has agreed on.
    pub(crate) fn tls_facts(&self) -> Option<&Rc<TlsFacts>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(secured) => secured.facts.as_ref(),
        }
    }
}

impl<S: Stream> Secured<S> {
    fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Broken>> {
        let mut send_fault = None;
        let mut steps = 0_usize;
        // The rest of the client's handshake is sent with the first request.
        while self.tunnel.is_handshaking() {
            if steps >= HANDSHAKE_STEPS && send_fault.is_none() {
                return Poll::Ready(Ok(false));
            }
            steps = steps.saturating_add(1);
            let receive = Some(Receive { buffer: &mut Buffer::default(), max: READ_LENGTH });
            let Poll::Ready(step) = self.poll_step(context, &[], receive) else {
                // Everything that the peer sent before it closed was read by now.
                return send_fault.map_or(Poll::Pending, |fault| Poll::Ready(Err(Broken::Net(fault))));
            };
            send_fault = send_fault.or(step.sent.err());
            match step.received {
                Received::Nothing | Received::Bytes => {}
                Received::End => return Poll::Ready(Err(Broken::Tls(Failure::Truncated))),
                Received::Failed(broken) => return Poll::Ready(Err(broken)),
            }
        }
        self.facts = self.tunnel.facts().map(Rc::new);
        Poll::Ready(Ok(true))
    }

    fn poll_step(&mut self, context: &mut Context<'_>, send: &[u8], receive: Option<Receive<'_>>) -> Poll<Step> {
        self.tunnel.offer(send);
        let Some(Receive { buffer, max }) = receive else {
            return self
                .below
                .poll_step(context, self.tunnel.outgoing(), None)
                .map(|step| self.note(step.sent).with(Received::Nothing));
        };
        // Records received earlier come first, and nothing follows the end.
        let here =
            if self.records.is_empty() && !self.tunnel.is_over() { Received::Nothing } else { self.open(buffer, max) };
        let is_here = !matches!(here, Received::Nothing);
        let most = max.saturating_add(RECORD_OVERHEAD).min(READ_LENGTH);
        let receive = (!is_here).then_some(Receive { buffer: &mut self.records, max: most });
        let Poll::Ready(step) = self.below.poll_step(context, self.tunnel.outgoing(), receive) else {
            return if is_here { Poll::Ready(self.note(Ok(0)).with(here)) } else { Poll::Pending };
        };
        // Noted first, because receiving may produce records that are yet to be sent.
        let noted = self.note(step.sent);
        let received = match step.received {
            Received::Nothing => here,
            Received::Bytes => self.open(buffer, max),
            // The transport below ended, but TLS did not.
            Received::End => Received::Failed(Broken::Tls(Failure::Truncated)),
            Received::Failed(broken) => Received::Failed(broken),
        };
        Poll::Ready(noted.with(received))
    }

    /// Decrypts the received records.
    fn open(&mut self, buffer: &mut Buffer, max: usize) -> Received {
        let mut content = Vec::new();
        match self.tunnel.receive(&mut self.records, &mut content, max) {
            Ok(Incoming::Content) => {
                buffer.push(content);
                Received::Bytes
            }
            Ok(Incoming::End) => Received::End,
            Ok(Incoming::Nothing) => Received::Nothing,
            Err(failure) => Received::Failed(Broken::Tls(failure)),
        }
    }

    /// Notes what was sent.
    fn note(&mut self, sent: Result<usize, Fault>) -> Step {
        let is_taking = sent.is_ok_and(|sent| sent > 0);
        if sent.is_err() {
            self.tunnel.give_up_sending();
        }
        Step { sent: sent.map(|sent| self.tunnel.sent(sent)), is_taking, received: Received::Nothing }
    }

    fn try_receive(&mut self, Receive { buffer, max }: Receive<'_>) -> Received {
        for _ in 0..SILENT_READS {
            let here = self.open(buffer, max);
            if !matches!(here, Received::Nothing) {
                return here;
            }
            match self.below.try_receive(Receive { buffer: &mut self.records, max: READ_LENGTH }) {
                Received::Bytes => {}
                other => return other,
            }
        }
        // A peer that sends this many records without content is not used.
        Received::Bytes
    }
}

impl<S: Stream> Drop for Secured<S> {
    /// Sends `close_notify` or an alert, without waiting for it to be sent.
    fn drop(&mut self) {
        self.tunnel.close();
        let mut context = Context::from_waker(Waker::noop());
        let _ = self.below.poll_step(&mut context, self.tunnel.outgoing(), None);
    }
}

impl From<net::Received> for Received {
    fn from(received: net::Received) -> Self {
        match received {
            net::Received::Nothing => Self::Nothing,
            net::Received::Bytes => Self::Bytes,
            net::Received::End => Self::End,
            net::Received::Failed(fault) => Self::Failed(Broken::Net(fault)),
        }
    }
}
