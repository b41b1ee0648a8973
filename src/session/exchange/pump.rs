//! A connection with an exchange on it: bytes move between the network and the exchange's machine, under deadlines.

use std::task::{Context, Poll};

use crate::clock::Instant;
use crate::error::{Code, Error, Phase};
use crate::h1::drain::Budget;
use crate::h1::exchange::{Event, Exchange};
use crate::net::{Fault, Net, Receive};
use crate::session::authorization::RequestAuth;
use crate::session::connecting::tls_error;
use crate::session::connection::{Connection, close_reason};
use crate::session::events::{Kind, Subject};
use crate::session::exchange::upload::Upload;
use crate::session::shared::Shared;
use crate::session::timing::{Schedule, Silence, Step};
use crate::session::transport::{Broken, Received};
use crate::tls::failure::Failure;

/// A connection and the exchange on it.
pub(crate) struct Pump<N: Net> {
    pub(crate) connection: Connection<N>,
    pub(crate) machine: Exchange,
    pub(crate) subject: Subject,
    pub(crate) schedule: Schedule,
    /// The credentials that were sent, once the final head is received. The trailers may prove that the server knows them.
    pub(crate) auth: Option<Box<RequestAuth>>,
    /// Whether any byte of the response was received.
    pub(crate) is_answered: bool,
    /// Whether the final head was received.
    has_head: bool,
    /// Steps since the last poll that moved no byte of the exchange.
    silence: Silence,
    /// Why sending failed, if it did. A response that the peer sent before is still read.
    send_fault: Option<Fault>,
    /// When the current wait must be over, counted from its beginning.
    write_by: Option<Instant>,
    permission_by: Option<Instant>,
    first_byte_by: Option<Instant>,
    between_bytes_by: Option<Instant>,
}

impl<N: Net> Pump<N> {
    pub(crate) fn new(connection: Connection<N>, machine: Exchange, exchange: u64, schedule: Schedule) -> Self {
        let subject = Subject { exchange, connection: connection.number };
        Self {
            connection,
            machine,
            subject,
            schedule,
            auth: None,
            is_answered: false,
            has_head: false,
            silence: Silence::default(),
            send_fault: None,
            write_by: None,
            permission_by: None,
            first_byte_by: None,
            between_bytes_by: None,
        }
    }

    /// The next event of the response, with content in pieces of at most `max` bytes. Content of the request is sent meanwhile.
    pub(crate) fn poll_event(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        upload: &mut Upload,
        max: usize,
    ) -> Poll<Result<Event, Error>> {
        self.silence = Silence::default();
        loop {
            self.fill(upload);
            match self.machine.receive(&mut self.connection.buffer, max) {
                Ok(Event::NeedMore) => {}
                Ok(event) => {
                    self.has_head |= matches!(event, Event::Head(_));
                    // An early response may have ended the upload.
                    self.fill(upload);
                    return Poll::Ready(Ok(event));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
            let received = match self.poll_step(context, shared, upload, true) {
                Poll::Ready(Ok(received)) => received,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            match received {
                Received::Nothing | Received::Bytes => {}
                Received::End => {
                    return Poll::Ready(self.machine.receive_end().map_err(|error| self.blame(error)));
                }
                Received::Failed(broken) => return Poll::Ready(Err(self.receive_error(broken))),
            }
        }
    }

    /// Sends what there is of the request, without reading the response. Ready when nothing is left to send for now.
    pub(crate) fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        upload: &mut Upload,
    ) -> Poll<Result<(), Error>> {
        loop {
            self.fill(upload);
            if self.machine.outgoing().is_empty() && !self.connection.transport.is_unsent() {
                return Poll::Ready(Ok(()));
            }
            match self.poll_step(context, shared, upload, false) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Discards the rest of the content. Returns whether the budget covers it.
    pub(crate) fn poll_drain(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        upload: &mut Upload,
        budget: &mut Budget,
    ) -> Poll<Result<bool, Error>> {
        while !self.machine.is_complete() {
            if !budget.covers(&self.machine) {
                return Poll::Ready(Ok(false));
            }
            match self.poll_event(context, shared, upload, budget.piece()) {
                Poll::Ready(Ok(Event::Content(piece))) if !budget.spend(piece.len()) => return Poll::Ready(Ok(false)),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(true))
    }

    /// The response is complete: its connection is kept for another request, or closes.
    #[expect(clippy::boxed_local, reason = "it is large, and only a part of it goes on")]
    pub(crate) fn finish(self: Box<Self>, shared: &Shared<N>) {
        let Self { mut connection, machine, .. } = *self;
        connection.served = connection.served.saturating_add(1);
        match machine.verdict(&connection.buffer) {
            Ok(()) => shared.keep(connection),
            Err(unusable) => connection.close(close_reason(unusable)),
        }
    }

    fn fill(&mut self, upload: &mut Upload) {
        if self.machine.is_abandoned() {
            // Before the response, the connection may turn out to be stale. A pending piece must then be available for another.
            // The same holds if the response may ask for credentials.
            if self.has_head && !upload.is_kept() {
                upload.discard();
            }
        } else {
            upload.fill(&mut self.machine, self.connection.transport.most_at_once());
            upload.note_in_machine(self.machine.outgoing().len());
        }
    }

    /// One step of the network. Pending only with its deadline noted.
    fn poll_step(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        upload: &mut Upload,
        is_receiving: bool,
    ) -> Poll<Result<Received, Error>> {
        let max = self.machine.appetite();
        let receive = is_receiving.then_some(Receive { buffer: &mut self.connection.buffer, max });
        let Poll::Ready(step) = self.connection.transport.poll_step(context, self.machine.outgoing(), receive) else {
            return self.poll_deadline(context, shared, is_receiving);
        };
        if step.is_taking {
            self.write_by = None;
        }
        match step.sent {
            Ok(0) => {}
            Ok(count) => self.note_sent(shared, upload, count),
            Err(fault) => {
                self.send_fault = Some(fault);
                self.machine.abandon();
            }
        }
        match step.received {
            Received::Bytes => {
                self.between_bytes_by = None;
                if !std::mem::replace(&mut self.is_answered, true) {
                    shared.record(self.subject, || Kind::FirstByte);
                }
            }
            // Something moved below TLS, but no byte of the exchange. That must not go on for ever.
            Received::Nothing if matches!(step.sent, Ok(0)) => {
                if let Poll::Ready(over) = self.poll_deadline(context, shared, is_receiving) {
                    return Poll::Ready(over);
                }
                if self.silence.poll_step(context, &shared.net).is_pending() {
                    return Poll::Pending;
                }
            }
            _ => {}
        }
        // A peer that always has something ready still has to meet deadlines. Heads have bounds of their own.
        let is_content = self.has_head || upload.gone() > 0;
        if is_content && shared.net.now() >= self.schedule.end {
            return Poll::Ready(Err(self.schedule.end(self.phase()).error()));
        }
        Poll::Ready(Ok(step.received))
    }

    fn note_sent(&mut self, shared: &Shared<N>, upload: &mut Upload, count: usize) {
        self.machine.sent(count);
        upload.note_in_machine(self.machine.outgoing().len());
        if upload.gone() > 0 {
            shared.record(self.subject, || Kind::Sending { done: upload.gone(), total: upload.total() });
        }
        if self.machine.is_sent() {
            shared.record(self.subject, || Kind::RequestSent);
        }
    }

    /// Pending until the nearest deadline of the current waits. Then it returns the deadline's error, or nothing if the exchange
    /// is to continue.
    fn poll_deadline(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        is_receiving: bool,
    ) -> Poll<Result<Received, Error>> {
        let (schedule, now) = (&self.schedule, || shared.net.now());
        if self.machine.is_held() {
            let permitted_at = *self.permission_by.get_or_insert_with(|| now() + schedule.each.expect_continue);
            if permitted_at < schedule.end && shared.net.poll_until(context, permitted_at).is_ready() {
                self.machine.release();
                return Poll::Ready(Ok(Received::Nothing));
            }
        }
        let mut deadline = schedule.end(self.phase());
        let mut consider = |by: &mut Option<Instant>, step| {
            let at = *by.get_or_insert_with(|| now() + schedule.length(step));
            deadline = deadline.or(step, at, schedule);
        };
        if !self.machine.outgoing().is_empty() {
            consider(&mut self.write_by, Step::Write);
        }
        if !self.has_head && (self.machine.is_sent() || self.machine.is_abandoned()) {
            consider(&mut self.first_byte_by, Step::FirstByte);
        }
        if self.has_head && is_receiving {
            consider(&mut self.between_bytes_by, Step::BetweenBytes);
        }
        shared.net.poll_until(context, deadline.at).map(|()| Err(deadline.error()))
    }

    /// The phase of the exchange, for errors.
    fn phase(&self) -> Phase {
        if self.has_head {
            Phase::Body
        } else if self.machine.is_sent() || self.machine.is_held() || self.is_answered {
            Phase::Head
        } else {
            Phase::Send
        }
    }

    /// An end of the connection before the request was sent is a failure to send, whichever direction noticed it first.
    fn blame(&self, error: Error) -> Error {
        match self.send_fault {
            _ if self.is_answered => error,
            Some(fault) => {
                let detail = format!("sending the request failed: {}", fault);
                Error::new(Phase::Send, Code::ConnectionTerminated, detail)
            }
            None => {
                let detail = "the server closed the connection without sending a single byte";
                Error { phase: self.phase(), detail: detail.into(), ..error }
            }
        }
    }

    fn receive_error(&self, broken: Broken) -> Error {
        let error = match broken {
            Broken::Net(fault) => {
                let detail = format!("receiving the response failed: {}", fault);
                Error::new(self.phase(), Code::ConnectionTerminated, detail)
            }
            // With TLS 1.3 a server refuses a client's certificate only after the client's handshake is done.
            Broken::Tls(Failure::Alert(name)) if !self.is_answered && !self.connection.is_reused() => {
                return tls_error(Phase::Handshake, Failure::Alert(name));
            }
            Broken::Tls(failure) => tls_error(self.phase(), failure),
        };
        if self.send_fault.is_some() { self.blame(error) } else { error }
    }
}
