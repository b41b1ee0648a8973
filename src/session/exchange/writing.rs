//! Writing to an exchange: content, or bytes in raw mode.

use std::task::{Context, Poll};

use crate::error::{Code, Error};
use crate::http::fields::Fields;
use crate::net::Net;
use crate::session::events::CloseReason;
use crate::session::exchange::state::{ExchangeState, Stage, switched_over};
use crate::session::exchange::upload::early_response;

impl<N: Net> ExchangeState<N> {
    /// Takes a piece of content, if there is room. It is sent with the next call, because that may end the content, and one
    /// segment is better than two.
    pub(crate) fn try_write(&mut self, piece: Vec<u8>) -> Result<Result<(), Vec<u8>>, Error> {
        self.advance_unasked();
        self.upload.borrow_mut().want_room(false);
        self.check_writable()?;
        if let Stage::Switched(raw) = &mut self.stage {
            let taken = raw.try_write(piece)?;
            self.advance_unasked();
            return Ok(taken);
        }
        if !self.upload.borrow().has_room() {
            self.upload.borrow_mut().want_room(true);
            return Ok(Err(piece));
        }
        self.upload.borrow_mut().accept(piece)?;
        if !self.upload.borrow().is_unfinished() {
            self.advance_unasked();
        } else {
            // A task that waits for the response sends it.
            self.waiters.wake_all();
        }
        Ok(Ok(()))
    }

    /// Ready when the connection has taken all that was written.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.advance(context);
        if let Err(error) = self.check_writable() {
            return Poll::Ready(Err(error));
        }
        if self.is_flushed() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Ends the content.
    pub(crate) fn finish(&mut self, trailers: Fields) -> Result<(), Error> {
        // A piece that was not sent yet is sent together with the end.
        if self.upload.borrow().has_room() {
            self.advance_unasked();
        }
        self.check_writable()?;
        let finished = match &mut self.stage {
            Stage::Switched(raw) => raw.finish(&trailers),
            _ => self.upload.borrow_mut().finish(trailers),
        };
        match finished {
            Err(error) if error.code == Code::RequestContentLength => {
                // The server must not mistake what it received for the whole content.
                self.fail(error.clone(), CloseReason::UnsentContent);
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => {
                self.advance_unasked();
                Ok(())
            }
        }
    }

    /// Whether everything that the caller wrote was sent.
    pub(super) fn is_flushed(&self) -> bool {
        match &self.stage {
            Stage::Switched(raw) => raw.is_flushed(),
            _ => self.upload.borrow().is_flushed(),
        }
    }

    /// Whether there is now room for a caller whose piece was refused.
    pub(super) fn can_serve(&self) -> bool {
        match &self.stage {
            Stage::Switched(raw) => raw.can_serve(),
            _ => self.upload.borrow().can_serve(),
        }
    }

    fn check_writable(&self) -> Result<(), Error> {
        match &self.stage {
            Stage::Failed(error) => Err(error.clone()),
            Stage::Complete(_) => self.unwritable.map_or(Ok(()), |error| Err(error())),
            Stage::Receiving(pump) if pump.machine.is_abandoned() => Err(early_response()),
            Stage::Switched(raw) if raw.is_broken() => Err(switched_over()),
            Stage::Dispatching(_) | Stage::Receiving(_) | Stage::Switched(_) => Ok(()),
        }
    }
}
