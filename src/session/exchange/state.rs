//! An exchange from its start to the end of its response's content: what the caller's handles hold together.
//!
//! It moves only when it is polled. When it fails, it fails once: its connection closes, and every later call gets the same
//! error.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::buffer::Buffer;
use crate::error::{Code, Error, Phase};
use crate::h1::exchange::Event;
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::http::origin::Scheme;
use crate::limits::READ_LENGTH;
use crate::net::Net;
use crate::session::connection::{Facts, close_reason};
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::exchange::dispatch::Dispatch;
use crate::session::exchange::pump::Pump;
use crate::session::exchange::upload::Upload;
use crate::session::shared::Shared;

/// A piece of content, or none at its end.
type Piece = Option<Vec<u8>>;

/// One exchange.
pub(crate) struct ExchangeState<N: Net> {
    pub(crate) shared: Rc<Shared<N>>,
    number: u64,
    upload: Rc<RefCell<Upload>>,
    /// The number of the connection that the opening is on, or was on last.
    on: Rc<Cell<u64>>,
    stage: Stage<N>,
    /// The final head, until it is taken.
    answer: Option<Answer>,
    is_answer_taken: bool,
    /// Content that was read only to see whether there is some. Small pieces of it go without a copy of the rest.
    ahead: Buffer,
    /// Bytes of content that were received, and how many there will be.
    received: u64,
    total: Option<u64>,
    /// Whether the connection has become something else than HTTP.
    is_switched: bool,
    /// Whether it was over before all of the request had gone.
    is_cut: bool,
}

/// A final head, and what is known when it comes.
pub(crate) struct Answer {
    pub(crate) head: ResponseHead,
    pub(crate) facts: Facts,
    pub(crate) content_length: Option<u64>,
}

/// The future of a final head.
type Opened<N> = Pin<Box<dyn Future<Output = Result<(ResponseHead, Box<Pump<N>>), Error>>>>;

enum Stage<N: Net> {
    /// The head is not here yet.
    Dispatching(Opened<N>),
    /// The head is here, the content is on its way.
    Receiving(Box<Pump<N>>),
    /// All is here; the connection has gone its own way.
    Complete(Fields),
    /// It has failed.
    Failed(Error),
}

impl<N: Net> ExchangeState<N> {
    pub(crate) fn new(opening: Dispatch<N>) -> Self {
        Self {
            shared: Rc::clone(&opening.shared),
            number: opening.exchange,
            upload: Rc::clone(&opening.upload),
            on: Rc::clone(&opening.on),
            stage: Stage::Dispatching(Box::pin(opening.run())),
            answer: None,
            is_answer_taken: false,
            ahead: Buffer::default(),
            received: 0,
            total: None,
            is_switched: false,
            is_cut: false,
        }
    }

    // ---- the request's side -----------------------------------------------------------------------------------------

    /// Goes as far as it can without the caller: connects, sends, receives the head.
    pub(crate) fn advance(&mut self) {
        if let Stage::Dispatching(opened) = &mut self.stage {
            let mut context = Context::from_waker(Waker::noop());
            match opened.as_mut().poll(&mut context) {
                Poll::Ready(Ok((head, pump))) => self.begin_content(head, pump),
                Poll::Ready(Err(error)) => self.fail(error, CloseReason::Failed),
                Poll::Pending => {}
            }
        }
        // Also when the head has come just now: a caller that waits for its content to go needs the wish to be noted.
        if let Stage::Receiving(pump) = &mut self.stage
            && !pump.machine.is_sent()
            && !pump.machine.is_abandoned()
        {
            let sent = pump.poll_send(&self.shared, &mut self.upload.borrow_mut());
            if let Poll::Ready(Err(error)) = sent {
                self.fail(error, CloseReason::Failed);
            }
        }
    }

    /// Takes a piece of content, if there is room for it. It goes with the next call, unless it is the last: it may be that this
    /// ends the content, and one segment is better than two.
    pub(crate) fn try_write(&mut self, piece: Vec<u8>) -> Result<Result<(), Vec<u8>>, Error> {
        self.advance();
        self.upload.borrow_mut().want_room(false);
        self.check_writable()?;
        if !self.upload.borrow().has_room() {
            self.upload.borrow_mut().want_room(true);
            return Ok(Err(piece));
        }
        self.upload.borrow_mut().accept(piece, self.is_switched)?;
        if self.is_switched || !self.upload.borrow().is_unfinished() {
            self.advance();
        }
        Ok(Ok(()))
    }

    /// Ready when the connection has taken all that was written.
    pub(crate) fn poll_flush(&mut self) -> Poll<Result<(), Error>> {
        self.advance();
        if let Err(error) = self.check_writable() {
            return Poll::Ready(Err(error));
        }
        if self.upload.borrow().is_flushed() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Ends the content.
    pub(crate) fn finish(&mut self, trailers: Fields) -> Result<(), Error> {
        // A piece that has not gone goes with the end, and not before it.
        if self.upload.borrow().has_room() {
            self.advance();
        }
        self.check_writable()?;
        let finished = self.upload.borrow_mut().finish(trailers, self.is_switched);
        match finished {
            Err(error) if error.code == Code::RequestContentLength => {
                // The server must not take what came for the whole.
                self.fail(error.clone(), CloseReason::UnsentContent);
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => {
                self.advance();
                Ok(())
            }
        }
    }

    /// Whether there is something to know, or room that was wanted; what was polled meanwhile has noted its wishes.
    pub(crate) fn poll_exchange_ready(&mut self) -> Poll<()> {
        self.upload.borrow_mut().note_waiting();
        self.advance();
        let is_answered = !self.is_answer_taken && (self.answer.is_some() || matches!(self.stage, Stage::Failed(_)));
        if is_answered || self.upload.borrow().can_serve() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The final head.
    pub(crate) fn poll_answer(&mut self) -> Poll<Result<Answer, Error>> {
        self.upload.borrow_mut().note_waiting();
        self.advance();
        if let Some(answer) = self.answer.take() {
            self.is_answer_taken = true;
            return Poll::Ready(Ok(answer));
        }
        match &self.stage {
            _ if self.is_answer_taken => Poll::Ready(Err(misuse("the response of this exchange was taken before"))),
            Stage::Failed(error) => Poll::Ready(Err(error.clone())),
            _ => Poll::Pending,
        }
    }

    /// Goes as far as it can; whether the response cannot come before the caller has written more content, or ended it.
    pub(crate) fn waits_for_caller(&mut self) -> bool {
        self.upload.borrow_mut().note_waiting();
        self.advance();
        self.answer.is_none() && matches!(self.stage, Stage::Dispatching(_)) && self.upload.borrow().is_unfinished()
    }

    fn check_writable(&self) -> Result<(), Error> {
        match &self.stage {
            Stage::Failed(error) => Err(error.clone()),
            Stage::Complete(_) if self.is_switched => Err(switched_over()),
            Stage::Complete(_) if self.is_cut => Err(early_response()),
            Stage::Receiving(pump) if pump.machine.is_abandoned() => {
                Err(if self.is_switched { switched_over() } else { early_response() })
            }
            Stage::Dispatching(_) | Stage::Receiving(_) | Stage::Complete(_) => Ok(()),
        }
    }

    // ---- the response's side ----------------------------------------------------------------------------------------

    /// The next piece of content, `max` bytes at the most.
    pub(crate) fn poll_read(&mut self, max: usize) -> Poll<Result<Piece, Error>> {
        if !self.ahead.is_empty() {
            return Poll::Ready(Ok(Some(self.ahead.take(max))));
        }
        let pump = match &mut self.stage {
            Stage::Receiving(pump) => pump,
            Stage::Complete(_) => return Poll::Ready(Ok(None)),
            Stage::Failed(error) => return Poll::Ready(Err(error.clone())),
            Stage::Dispatching(_) => return Poll::Pending,
        };
        let event = pump.poll_event(&self.shared, &mut self.upload.borrow_mut(), max);
        match event {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => {
                self.fail(error.clone(), CloseReason::Failed);
                return Poll::Ready(Err(error));
            }
            Poll::Ready(Ok(Event::Content(piece))) => {
                self.received = self.received.saturating_add(piece.len() as u64);
                let (done, total) = (self.received, self.total);
                self.shared.record(pump.subject, || Kind::Receiving { done, total });
                // The connection is free as soon as the last byte is here, not only when the caller asks for more.
                if pump.machine.is_complete() {
                    self.complete();
                }
                return Poll::Ready(Ok(Some(piece)));
            }
            Poll::Ready(Ok(_)) => {}
        }
        self.complete();
        match &self.stage {
            Stage::Failed(error) => Poll::Ready(Err(error.clone())),
            _ => Poll::Ready(Ok(None)),
        }
    }

    /// Whether [`ExchangeState::poll_read`] has something to say.
    pub(crate) fn poll_response_ready(&mut self) -> Poll<()> {
        self.advance();
        if !self.ahead.is_empty() {
            return Poll::Ready(());
        }
        match self.poll_read(READ_LENGTH) {
            Poll::Ready(Ok(Some(piece))) => {
                self.ahead.push(piece);
                Poll::Ready(())
            }
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The trailers, once all is here.
    pub(crate) fn trailers(&self) -> Option<&Fields> {
        match &self.stage {
            Stage::Complete(trailers) if self.ahead.is_empty() => Some(trailers),
            _ => None,
        }
    }

    /// Where it is, for errors that come from outside.
    pub(crate) fn phase(&self) -> Phase {
        match self.stage {
            Stage::Dispatching(_) if self.on.get() == 0 => Phase::Connect,
            Stage::Dispatching(_) => Phase::Head,
            Stage::Receiving(_) | Stage::Complete(_) | Stage::Failed(_) => Phase::Body,
        }
    }

    // ---- ends -------------------------------------------------------------------------------------------------------

    /// Ends it from outside, unless it has ended: a head that was not taken yet cannot be taken any more.
    pub(crate) fn end(&mut self, error: Error, reason: CloseReason) {
        if !matches!(self.stage, Stage::Complete(_) | Stage::Failed(_)) {
            self.answer = None;
            self.fail(error, reason);
        }
    }

    /// Ends it with this error, unless it has ended. A head that was not taken yet still can be.
    pub(crate) fn fail(&mut self, error: Error, reason: CloseReason) {
        let connection = match &self.stage {
            Stage::Receiving(pump) => pump.subject.connection,
            Stage::Dispatching(_) => self.on.get(),
            Stage::Complete(_) | Stage::Failed(_) => return,
        };
        self.ahead = Buffer::default();
        self.upload.borrow_mut().discard();
        let subject = Subject { exchange: self.number, connection };
        self.shared.record(subject, || Kind::Failed(error.clone()));
        // Whatever holds the connection, dropping it closes it with this reason.
        self.shared.journal.set_ending(reason);
        self.stage = Stage::Failed(error);
    }

    /// The caller is no longer interested in the response. What is left of its content is read and thrown away if it is
    /// little and here already, for the connection's sake; else the connection closes.
    fn abandon_content(&mut self) {
        let mut budget = self.shared.settings.borrow().limits().drained;
        while let Stage::Receiving(pump) = &self.stage
            && pump.machine.remainder().is_none_or(|left| left <= budget)
        {
            // When all may be thrown away that may be, one byte more shows that it was not all there is.
            let most = usize::try_from(budget).unwrap_or(READ_LENGTH).clamp(1, READ_LENGTH);
            match self.poll_read(most) {
                Poll::Ready(Ok(Some(piece))) if piece.len() as u64 <= budget => {
                    budget = budget.saturating_sub(piece.len() as u64);
                }
                Poll::Ready(_) | Poll::Pending => break,
            }
        }
        self.shared.journal.set_ending(CloseReason::UnreadContent);
        self.stage = Stage::Complete(Fields::default());
    }

    fn begin_content(&mut self, head: ResponseHead, pump: Box<Pump<N>>) {
        self.total = pump.machine.remainder();
        // Those of an https proxy, of which an event tells, are not those of a plain origin.
        let is_tls = self.shared.origin.as_ref().is_ok_and(|origin| origin.scheme == Scheme::Https);
        self.answer = Some(Answer {
            head,
            facts: Facts {
                connection: pump.connection.number,
                peer: pump.connection.transport.peer(),
                tls: pump.connection.transport.tls_facts().filter(|_| is_tls).cloned(),
                is_reused: pump.connection.is_reused(),
            },
            content_length: self.total,
        });
        self.is_switched = pump.machine.is_raw();
        let is_complete = pump.machine.is_complete();
        self.stage = Stage::Receiving(pump);
        if is_complete {
            self.complete();
        }
    }

    /// All of the response is here: the connection is kept or closed.
    fn complete(&mut self) {
        if let Stage::Receiving(pump) = &mut self.stage
            && let Some(auth) = &mut pump.auth
            && let Err(error) = auth.verify(Phase::Body, pump.machine.trailers())
        {
            self.fail(error, CloseReason::Failed);
            return;
        }
        let Stage::Receiving(pump) = std::mem::replace(&mut self.stage, Stage::Complete(Fields::default())) else {
            return;
        };
        let Pump { mut connection, machine, subject, .. } = *pump;
        self.stage = Stage::Complete(machine.trailers().clone());
        self.is_cut = !machine.is_sent();
        self.upload.borrow_mut().discard();
        self.shared.record(subject, || Kind::Complete);
        connection.served = connection.served.saturating_add(1);
        match machine.verdict(&connection.buffer) {
            Ok(()) => self.shared.keep(connection),
            Err(unusable) => connection.close(close_reason(unusable)),
        }
    }
}

impl<N: Net> Drop for ExchangeState<N> {
    fn drop(&mut self) {
        if self.is_answer_taken {
            self.abandon_content();
        }
    }
}

fn early_response() -> Error {
    Error::new(
        Phase::Send,
        Code::EarlyResponse,
        "the server has answered and does not want the rest of the content: take the response",
    )
}

fn switched_over() -> Error {
    Error::new(Phase::Send, Code::ConnectionTerminated, "the peer takes no more bytes: it has closed the connection")
}

fn misuse(detail: &str) -> Error {
    Error::new(Phase::Setup, Code::InvalidState, detail)
}
