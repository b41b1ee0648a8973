//! A connection after a 101 or a 2xx to CONNECT. Bytes pass unchanged in both directions, under the deadlines for writing and
//! reading. Each direction ends on its own.

use std::task::{Context, Poll};

use crate::clock::Instant;
use crate::error::{Code, Error, Phase};
use crate::http::fields::Fields;
use crate::limits::READ_LENGTH;
use crate::net::{Net, Receive};
use crate::session::connecting::tls_error;
use crate::session::connection::Connection;
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::exchange::pump::Pump;
use crate::session::exchange::upload::{Upload, misuse, wrong_trailer};
use crate::session::shared::Shared;
use crate::session::timing::{Schedule, Silence, Step};
use crate::session::transport::{Broken, Received};

/// A connection in raw mode.
pub(crate) struct Raw<N: Net> {
    connection: Connection<N>,
    pub(crate) subject: Subject,
    schedule: Schedule,
    /// The caller's piece, of which `gone` bytes were sent.
    piece: Vec<u8>,
    gone: usize,
    /// Bytes sent in all, and the declared length if any. Events continue the count of the request's content.
    sent: u64,
    total: Option<u64>,
    sending: Sending,
    /// Whether a piece was refused, and the caller waits for room.
    is_room_wanted: bool,
    /// Steps since the caller's last call that moved none of its bytes.
    silence: Silence,
    write_by: Option<Instant>,
    between_bytes_by: Option<Instant>,
}

/// The sending direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Open,
    /// The caller ended it, but bytes before the end are still to be sent.
    Ending,
    Ended,
    /// The peer accepts no more bytes. What it sends may still be of use.
    Broken,
}

impl<N: Net> Raw<N> {
    /// Takes over the connection of an exchange that switched protocols.
    #[cold]
    pub(crate) fn new(pump: Pump<N>, upload: &Upload) -> Self {
        let Pump { connection, subject, schedule, .. } = pump;
        Self {
            connection,
            subject,
            schedule,
            piece: Vec::new(),
            gone: 0,
            sent: upload.gone(),
            total: upload.total(),
            sending: Sending::Open,
            is_room_wanted: false,
            silence: Silence::default(),
            write_by: None,
            between_bytes_by: None,
        }
    }

    /// Takes a piece, if there is room for it.
    pub(crate) fn try_write(&mut self, piece: Vec<u8>) -> Result<Result<(), Vec<u8>>, Error> {
        self.is_room_wanted = !self.is_flushed();
        if self.is_room_wanted {
            return Ok(Err(piece));
        }
        if self.sending != Sending::Open {
            return Err(misuse("the sending direction was ended before: nothing more can be written"));
        }
        self.piece = piece;
        Ok(Ok(()))
    }

    /// Ends the sending direction.
    pub(crate) fn finish(&mut self, trailers: &Fields) -> Result<(), Error> {
        if !trailers.is_empty() {
            return Err(wrong_trailer("", "the connection is HTTP no more"));
        }
        if self.sending != Sending::Open {
            return Err(misuse("the sending direction was ended before"));
        }
        self.sending = Sending::Ending;
        Ok(())
    }

    /// Whether everything that the caller wrote was sent.
    pub(crate) fn is_flushed(&self) -> bool {
        self.piece.is_empty()
    }

    /// Whether there is now room for a caller whose piece was refused.
    pub(crate) fn can_serve(&self) -> bool {
        self.is_room_wanted && self.is_flushed()
    }

    /// Whether the peer accepts no more bytes.
    pub(crate) fn is_broken(&self) -> bool {
        self.sending == Sending::Broken
    }

    /// Sends what there is. Ready when nothing is left.
    pub(crate) fn poll_send(&mut self, context: &mut Context<'_>, shared: &Shared<N>) -> Poll<Result<(), Error>> {
        loop {
            self.end_sending();
            let is_idle = self.piece.is_empty() && !self.connection.transport.is_unsent();
            if is_idle || self.is_broken() {
                return Poll::Ready(Ok(()));
            }
            match self.poll_step(context, shared, false) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next piece, of at most `max` bytes, or `None` when the peer ended its direction. Pending bytes are sent meanwhile.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        max: usize,
    ) -> Poll<Result<Option<Vec<u8>>, Error>> {
        self.silence = Silence::default();
        loop {
            self.end_sending();
            if !self.connection.buffer.is_empty() {
                return Poll::Ready(Ok(Some(self.connection.buffer.take(max))));
            }
            match self.poll_step(context, shared, true) {
                Poll::Ready(Ok(Received::Nothing | Received::Bytes)) => {}
                Poll::Ready(Ok(Received::End)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(Received::Failed(broken))) => return Poll::Ready(Err(receive_error(broken))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Closes the connection after the peer ended its direction.
    pub(crate) fn close(self) {
        let reason = if self.is_broken() { CloseReason::UnsentContent } else { CloseReason::Upgraded };
        self.connection.close(reason);
    }

    fn end_sending(&mut self) {
        if self.sending == Sending::Ending && self.is_flushed() {
            self.sending = Sending::Ended;
            self.connection.transport.finish();
        }
    }

    /// One step of the network. Pending only with its deadline noted.
    fn poll_step(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        is_receiving: bool,
    ) -> Poll<Result<Received, Error>> {
        let rest = self.piece.get(self.gone..).unwrap_or_default();
        let outgoing = rest.get(..self.connection.transport.most_at_once()).unwrap_or(rest);
        let receive = is_receiving.then_some(Receive { buffer: &mut self.connection.buffer, max: READ_LENGTH });
        let Poll::Ready(step) = self.connection.transport.poll_step(context, outgoing, receive) else {
            return self.poll_deadline(context, shared, is_receiving);
        };
        if step.is_taking {
            self.write_by = None;
        }
        match step.sent {
            Ok(0) => {}
            Ok(count) => self.note_sent(shared, count),
            Err(_) => {
                self.sending = Sending::Broken;
                (self.piece, self.gone) = (Vec::new(), 0);
            }
        }
        match step.received {
            Received::Bytes => self.between_bytes_by = None,
            // Something moved below TLS, but none of the caller's bytes. That must not go on for ever.
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
        if shared.net.now() >= self.schedule.end {
            return Poll::Ready(Err(self.schedule.end(Phase::Body).error()));
        }
        Poll::Ready(Ok(step.received))
    }

    fn note_sent(&mut self, shared: &Shared<N>, count: usize) {
        self.gone = self.gone.saturating_add(count);
        self.sent = self.sent.saturating_add(count as u64);
        if self.gone >= self.piece.len() {
            (self.piece, self.gone) = (Vec::new(), 0);
        }
        shared.record(self.subject, || Kind::Sending { done: self.sent, total: self.total });
    }

    /// Pending until the nearest deadline of the current waits. Then it returns the deadline's error.
    fn poll_deadline<T>(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared<N>,
        is_receiving: bool,
    ) -> Poll<Result<T, Error>> {
        let schedule = &self.schedule;
        let mut deadline = schedule.end(Phase::Body);
        let mut consider = |by: &mut Option<Instant>, step| {
            let at = *by.get_or_insert_with(|| shared.net.now() + schedule.length(step));
            deadline = deadline.or(step, at, schedule);
        };
        if !self.piece.is_empty() {
            consider(&mut self.write_by, Step::Write);
        }
        if is_receiving {
            consider(&mut self.between_bytes_by, Step::BetweenBytes);
        }
        shared.net.poll_until(context, deadline.at).map(|()| Err(deadline.error()))
    }
}

fn receive_error(broken: Broken) -> Error {
    match broken {
        Broken::Net(fault) => {
            let detail = format!("receiving the response failed: {fault}");
            Error::new(Phase::Body, Code::ConnectionTerminated, detail)
        }
        Broken::Tls(failure) => tls_error(Phase::Body, failure),
    }
}
