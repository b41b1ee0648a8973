//! The state of an exchange, shared by the caller's handles: from its start to the end of the response's content.
//!
//! It makes progress only when it is polled. A failure is final: the connection closes, and every later call returns the same
//! error.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::buffer::Buffer;
use crate::error::{Code, Error, Phase};
use crate::h1::drain::Budget;
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::http::origin::Scheme;
use crate::net::Net;
use crate::session::connection::Facts;
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::exchange::decoding::Decoding;
use crate::session::exchange::dispatch::Dispatch;
use crate::session::exchange::following::{Follow, Way, follow};
use crate::session::exchange::pump::Pump;
use crate::session::exchange::raw::Raw;
use crate::session::exchange::upload::{Upload, early_response, misuse};
use crate::session::exchange::waiters::{Side, Waiters, is_noop};
use crate::session::request::Description;
use crate::session::shared::Shared;

/// One exchange.
pub(crate) struct ExchangeState<N: Net> {
    pub(crate) shared: Rc<Shared<N>>,
    /// The request, as it was first sent.
    pub(crate) request: Rc<Description>,
    /// The way of a request that follows redirects.
    pub(crate) way: Option<Rc<Way<N>>>,
    number: u64,
    pub(super) upload: Rc<RefCell<Upload>>,
    /// The number of the current or the last connection, while the exchange is dispatched.
    on: Rc<Cell<u64>>,
    pub(super) stage: Stage<N>,
    /// The final head, until it is taken.
    answer: Option<Answer>,
    is_answer_taken: bool,
    /// Content that was read ahead, to find out whether there is some. A buffer, so that small reads do not copy the rest.
    pub(super) ahead: Buffer,
    is_decoding: bool,
    /// The decoding of the content, if it is coded and to be decoded.
    pub(super) decoding: Option<Box<Decoding>>,
    /// Bytes of content received, before decoding, and the total if known.
    pub(super) received: u64,
    pub(super) total: Option<u64>,
    pub(super) waiters: Waiters,
    /// The error of a write after the exchange ended, unless the write itself caused the end.
    pub(super) unwritable: Option<fn() -> Error>,
}

/// A final head, and the facts known when it arrives.
pub(crate) struct Answer {
    pub(crate) head: ResponseHead,
    pub(crate) facts: Facts,
    pub(crate) content_length: Option<u64>,
    /// The codings that are removed from the content.
    pub(crate) codings: Vec<&'static str>,
}

/// The future that resolves to a final head.
type Opened<N> = Pin<Box<dyn Future<Output = Result<(ResponseHead, Box<Pump<N>>), Error>>>>;

pub(super) enum Stage<N: Net> {
    /// Waiting for the head.
    Dispatching(Opened<N>),
    /// The head was received, the content is being read.
    Receiving(Box<Pump<N>>),
    /// The connection switched to another protocol.
    Switched(Box<Raw<N>>),
    /// The response is complete, and the connection was kept or closed.
    Complete(Fields),
    /// The exchange failed.
    Failed(Error),
}

impl<N: Net> ExchangeState<N> {
    /// An exchange that begins with this, and follows redirects if need be.
    pub(crate) fn new(opening: Dispatch<N>, following: Option<(Follow<N>, Rc<Way<N>>)>) -> Self {
        Self {
            shared: Rc::clone(&opening.shared),
            request: Rc::clone(opening.prepared.description()),
            way: following.as_ref().map(|(_, way)| Rc::clone(way)),
            number: opening.exchange,
            upload: Rc::clone(&opening.upload),
            on: Rc::clone(&opening.on),
            is_decoding: opening.prepared.is_decoding,
            decoding: None,
            stage: Stage::Dispatching(match following {
                None => Box::pin(opening.run()),
                Some((next, way)) => Box::pin(follow(opening, next, way)),
            }),
            answer: None,
            is_answer_taken: false,
            ahead: Buffer::default(),
            received: 0,
            total: None,
            waiters: Waiters::default(),
            unwritable: None,
        }
    }

    /// Whether it is an exchange of this session now.
    pub(crate) fn is_of(&self, session: &Rc<Shared<N>>) -> bool {
        let moved = self.way.as_ref().and_then(|way| way.at());
        Rc::ptr_eq(moved.as_ref().unwrap_or(&self.shared), session)
    }

    // ---- the request's side -----------------------------------------------------------------------------------------

    /// Polls on behalf of this side, with a waker for the other waiting sides too: the network wakes only the waker of the last
    /// poll.
    pub(crate) fn poll_for<T>(
        &mut self,
        side: Side,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // Where all callers poll by themselves there is nobody to wake.
        if self.waiters.is_empty() && is_noop(context.waker()) {
            return poll(self, context);
        }
        self.waiters.set(side, None);
        let polled = match self.waiters.and(context.waker()) {
            None => poll(self, context),
            Some(all) => poll(self, &mut Context::from_waker(&all)),
        };
        self.note_polled(side, context.waker(), polled.is_pending());
        polled
    }

    /// A poll for this side is over: it waits now, or has moved what others wait for.
    fn note_polled(&mut self, side: Side, waker: &Waker, is_pending: bool) {
        if is_pending {
            self.waiters.set(side, Some(waker));
        }
        // Progress made here may be what another side waits for.
        if side != Side::Writing && self.waiters.has(Side::Writing) && self.is_flushed() {
            self.waiters.wake(Side::Writing);
        }
        if side != Side::Answer && self.waiters.has(Side::Answer) && self.can_serve() {
            self.waiters.wake(Side::Answer);
        }
    }

    /// Makes progress for the waiting sides, outside a poll of the caller.
    pub(crate) fn advance_unasked(&mut self) {
        let all = self.waiters.and(Waker::noop());
        self.advance(&mut Context::from_waker(all.as_ref().unwrap_or(Waker::noop())));
    }

    /// Makes what progress it can without the caller: connects, sends, receives the head.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) {
        if let Stage::Dispatching(opened) = &mut self.stage {
            match opened.as_mut().poll(context) {
                Poll::Ready(Ok((head, pump))) => self.begin_content(head, pump),
                Poll::Ready(Err(error)) => self.fail(error, CloseReason::Failed),
                Poll::Pending => {}
            }
        }
        // Also right after the head was received: a task that waits for its content to be sent needs the waker to be registered.
        let sent = match &mut self.stage {
            Stage::Receiving(pump) if !pump.machine.is_sent() && !pump.machine.is_abandoned() => {
                pump.poll_send(context, &self.shared, &mut self.upload.borrow_mut())
            }
            Stage::Switched(raw) => raw.poll_send(context, &self.shared),
            _ => return,
        };
        if let Poll::Ready(Err(error)) = sent {
            self.fail(error, CloseReason::Failed);
        }
    }

    /// Ready when there is a response or an error, or room that the caller wanted. Otherwise wakers are registered.
    pub(crate) fn poll_exchange_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.upload.borrow_mut().note_waiting();
        self.advance(context);
        let is_answered = !self.is_answer_taken && (self.answer.is_some() || matches!(self.stage, Stage::Failed(_)));
        if is_answered || self.can_serve() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The final head.
    pub(crate) fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<Answer, Error>> {
        self.upload.borrow_mut().note_waiting();
        self.advance(context);
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

    /// Makes progress, and returns whether the response cannot come before the caller writes more content or ends it.
    pub(crate) fn waits_for_caller(&mut self) -> bool {
        self.upload.borrow_mut().note_waiting();
        self.advance_unasked();
        self.answer.is_none() && matches!(self.stage, Stage::Dispatching(_)) && self.upload.borrow().is_unfinished()
    }

    // ---- the response's side ----------------------------------------------------------------------------------------

    /// Whether the connection has switched to another protocol.
    pub(crate) fn is_switched(&self) -> bool {
        matches!(self.stage, Stage::Switched(_))
    }

    /// The trailers, once the response is complete.
    pub(crate) fn trailers(&self) -> Option<&Fields> {
        match &self.stage {
            Stage::Complete(trailers) if self.ahead.is_empty() => Some(trailers),
            _ => None,
        }
    }

    /// The phase, for errors that come from outside.
    pub(crate) fn phase(&self) -> Phase {
        match self.stage {
            Stage::Dispatching(_) if self.on.get() == 0 => Phase::Connect,
            Stage::Dispatching(_) => Phase::Head,
            _ => Phase::Body,
        }
    }

    // ---- ends -------------------------------------------------------------------------------------------------------

    /// Ends the exchange from outside, unless it has ended. A head that was not taken yet is lost.
    pub(crate) fn end(&mut self, error: Error, reason: CloseReason) {
        if !matches!(self.stage, Stage::Complete(_) | Stage::Failed(_)) {
            self.answer = None;
            self.fail(error, reason);
        }
    }

    /// Ends the exchange with this error, unless it has ended. A head that was not taken yet can still be taken.
    pub(crate) fn fail(&mut self, error: Error, reason: CloseReason) {
        let connection = match &self.stage {
            Stage::Receiving(pump) => pump.subject.connection,
            Stage::Switched(raw) => raw.subject.connection,
            Stage::Dispatching(_) => self.on.get(),
            Stage::Complete(_) | Stage::Failed(_) => return,
        };
        self.ahead = Buffer::default();
        self.upload.borrow_mut().discard();
        let subject = Subject { exchange: self.number, connection };
        self.shared.record(subject, || Kind::Failed(error.clone()));
        // Whatever owns the connection, dropping it closes it with this reason.
        self.shared.journal.set_ending(reason);
        self.stage = Stage::Failed(error);
        self.waiters.wake_all();
    }

    /// The caller wants no more of the content.
    pub(crate) fn abandon(&mut self) {
        if matches!(self.stage, Stage::Receiving(_) | Stage::Switched(_)) {
            self.abandon_content();
        }
    }

    /// The caller dropped the response. If the rest of its content is short and was received already, it is discarded so that the
    /// connection can be kept. Otherwise the connection closes.
    fn abandon_content(&mut self) {
        let most = self.shared.settings.borrow().limits().drained;
        let mut budget = Budget::new(most.saturating_sub(self.ahead.as_slice().len() as u64));
        if let Stage::Receiving(pump) = &mut self.stage {
            let mut context = Context::from_waker(Waker::noop());
            let drained = pump.poll_drain(&mut context, &self.shared, &mut self.upload.borrow_mut(), &mut budget);
            match drained {
                Poll::Ready(Ok(true)) => self.complete(),
                Poll::Ready(Err(error)) => self.fail(error, CloseReason::Failed),
                Poll::Ready(Ok(false)) | Poll::Pending => {}
            }
        }
        self.shared.journal.set_ending(CloseReason::UnreadContent);
        self.stage = Stage::Complete(Fields::default());
    }

    fn begin_content(&mut self, head: ResponseHead, pump: Box<Pump<N>>) {
        self.waiters.wake_all();
        if let Some(session) = self.way.as_ref().and_then(|way| way.at()) {
            self.shared = session;
        }
        self.total = pump.machine.remainder();
        // A part of coded content cannot be decoded (RFC 9110 section 14.2).
        let is_decoded =
            self.is_decoding && !pump.machine.is_complete() && !pump.machine.is_switched() && head.status != 206;
        if is_decoded {
            let limit = self.shared.settings.borrow().limits().decoded_content;
            self.decoding = Decoding::new(&head.fields, limit);
        }
        let codings = self.decoding.as_ref().map_or_else(Vec::new, |decoding| decoding.names());
        if !codings.is_empty() {
            self.shared.record(pump.subject, || Kind::Decoding(codings.clone()));
        }
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
            codings,
        });
        if pump.machine.is_switched() {
            self.stage = Stage::Switched(Box::new(Raw::new(*pump, &self.upload.borrow())));
            return;
        }
        let is_complete = pump.machine.is_complete();
        self.stage = Stage::Receiving(pump);
        if is_complete {
            self.complete();
        }
    }

    /// The response is complete: keeps its connection, or closes it.
    pub(super) fn complete(&mut self) {
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
        self.stage = Stage::Complete(pump.machine.trailers().clone());
        self.unwritable = (!pump.machine.is_sent()).then_some(early_response);
        self.upload.borrow_mut().discard();
        self.shared.record(pump.subject, || Kind::Complete);
        pump.finish(&self.shared);
        self.waiters.wake_all();
    }
}

impl<N: Net> Drop for ExchangeState<N> {
    fn drop(&mut self) {
        if self.is_answer_taken {
            self.abandon_content();
        }
    }
}

pub(super) fn switched_over() -> Error {
    Error::new(Phase::Send, Code::ConnectionTerminated, "the peer takes no more bytes: it has closed the connection")
}
