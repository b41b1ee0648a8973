//! Reading the response of an exchange: content, decoded or not, or bytes in raw mode.

use std::task::{Context, Poll};

use crate::error::Error;
use crate::h1::exchange::Event;
use crate::http::fields::Fields;
use crate::limits::READ_LENGTH;
use crate::net::Net;
use crate::session::events::{CloseReason, Kind};
use crate::session::exchange::decoding::Decoded;
use crate::session::exchange::state::{ExchangeState, Stage, switched_over};

/// A piece of content, or none at its end.
type Piece = Option<Vec<u8>>;

impl<N: Net> ExchangeState<N> {
    /// The next piece of content, of at most `max` bytes.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Piece, Error>> {
        if !self.ahead.is_empty() {
            return Poll::Ready(Ok(Some(self.ahead.take(max))));
        }
        match &self.stage {
            Stage::Receiving(_) => {}
            Stage::Switched(_) => return self.poll_read_raw(context, max),
            Stage::Complete(_) => return Poll::Ready(Ok(None)),
            Stage::Failed(error) => return Poll::Ready(Err(error.clone())),
            Stage::Dispatching(_) => return Poll::Pending,
        }
        let read = match self.decoding {
            None => self.poll_received(context, max),
            Some(_) => self.poll_decoded(context, max),
        };
        match read {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => {
                self.fail(error.clone(), CloseReason::Failed);
                return Poll::Ready(Err(error));
            }
            Poll::Ready(Ok(Some(piece))) => {
                // The connection is freed with the last byte, not only when the caller reads on.
                if self.decoding.is_none() && self.is_all_received() {
                    self.complete();
                }
                return Poll::Ready(Ok(Some(piece)));
            }
            Poll::Ready(Ok(None)) => {}
        }
        self.complete();
        match &self.stage {
            Stage::Failed(error) => Poll::Ready(Err(error.clone())),
            _ => Poll::Ready(Ok(None)),
        }
    }

    /// The next piece of content as received, or nothing at its end.
    fn poll_received(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Piece, Error>> {
        let Stage::Receiving(pump) = &mut self.stage else { return Poll::Pending };
        let event = pump.poll_event(context, &self.shared, &mut self.upload.borrow_mut(), max);
        event.map_ok(|event| {
            let Event::Content(piece) = event else { return None };
            self.received = self.received.saturating_add(piece.len() as u64);
            let (done, total) = (self.received, self.total);
            self.shared.record(pump.subject, || Kind::Receiving { done, total });
            Some(piece)
        })
    }

    fn is_all_received(&self) -> bool {
        matches!(&self.stage, Stage::Receiving(pump) if pump.machine.is_complete())
    }

    /// The next piece of decoded content, or nothing at its end.
    #[cold]
    fn poll_decoded(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Piece, Error>> {
        loop {
            let Some(decoding) = &mut self.decoding else { return Poll::Pending };
            if let Decoded::Piece(piece) = decoding.next(max)? {
                return Poll::Ready(Ok(Some(piece)));
            }
            match self.poll_received(context, READ_LENGTH) {
                Poll::Ready(Ok(Some(piece))) => self.decoding.as_mut().map_or((), |decoding| decoding.push(piece)),
                Poll::Ready(Ok(None)) => {
                    return Poll::Ready(self.decoding.as_mut().map_or(Ok(()), |it| it.finish()).map(|()| None));
                }
                other => return other,
            }
        }
    }

    /// As `poll_read`, in raw mode.
    #[cold]
    fn poll_read_raw(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Piece, Error>> {
        let Stage::Switched(raw) = &mut self.stage else {
            return Poll::Pending;
        };
        match raw.poll_read(context, &self.shared, max) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => {
                self.fail(error.clone(), CloseReason::Failed);
                Poll::Ready(Err(error))
            }
            Poll::Ready(Ok(Some(piece))) => {
                self.received = self.received.saturating_add(piece.len() as u64);
                let (done, total) = (self.received, self.total);
                self.shared.record(raw.subject, || Kind::Receiving { done, total });
                Poll::Ready(Ok(Some(piece)))
            }
            Poll::Ready(Ok(None)) => {
                self.shared.record(raw.subject, || Kind::Complete);
                self.unwritable = Some(switched_over);
                self.waiters.wake_all();
                if let Stage::Switched(raw) = std::mem::replace(&mut self.stage, Stage::Complete(Fields::default())) {
                    raw.close();
                }
                Poll::Ready(Ok(None))
            }
        }
    }

    /// Ready when [`ExchangeState::poll_read`] would be.
    pub(crate) fn poll_response_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.advance(context);
        if !self.ahead.is_empty() {
            return Poll::Ready(());
        }
        match self.poll_read(context, READ_LENGTH) {
            Poll::Ready(Ok(Some(piece))) => {
                self.ahead.push(piece);
                Poll::Ready(())
            }
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }
}
