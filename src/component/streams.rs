//! Content between streams of the component model and an exchange.
//!
//! One exchange is polled by one task. Its functions here move both directions of it: the request's content from the caller's stream,
//! and the response's content into another. They know nothing of the WIT that the streams belong to.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wit_bindgen::rt::async_support::{StreamReader, StreamResult, StreamWriter};

use crate::error::{Code, Error};
use crate::http::fields::Fields;
use crate::limits::READ_LENGTH;
use crate::session::whole::{self, Whole};
use crate::wasip3::{Exchange, Operation, Response, network};

/// How often a caller that has just been asked for content has its turn before the head goes without any. Together they go in one
/// segment.
const TURNS: usize = 2;

/// The trailers of a request, once its content has ended. An error ends the exchange: the caller gave its content up.
pub(super) type Trailers = Operation<Result<Fields, Error>>;

/// The content of a request, on its way to the exchange.
pub(super) struct Upload {
    source: Source,
    trailers: Option<Trailers>,
    /// What the exchange has no room for yet.
    piece: Option<Vec<u8>>,
    report: Option<Report>,
}

/// Hears how the content ended: all of it was handed over, or why not.
pub(super) type Report = Box<dyn FnOnce(Result<(), Error>)>;

enum Source {
    Idle(StreamReader<u8>),
    Reading(Operation<(StreamReader<u8>, StreamResult, Vec<u8>)>),
    /// The content has ended. The trailers are awaited.
    Ended,
    Done,
}

impl Upload {
    /// Content from this stream, and the trailers after it.
    pub(super) fn new(content: StreamReader<u8>, trailers: Option<Trailers>, report: Option<Report>) -> Self {
        Self { source: Source::Idle(content), trailers, piece: None, report }
    }

    /// No content.
    pub(super) fn none() -> Self {
        Self { source: Source::Done, trailers: None, piece: None, report: None }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.source, Source::Done)
    }

    /// Reads a first piece, for a caller that has one ready. Ready when there is one, the content has ended, or it takes longer.
    pub(super) async fn prefetch(&mut self) {
        let mut turns = 0_usize;
        poll_fn(|context| {
            if self.piece.is_some() || self.poll_source(context).is_ready() || turns >= TURNS {
                return Poll::Ready(());
            }
            turns = turns.saturating_add(1);
            network().want_turn();
            Poll::Pending
        })
        .await;
    }

    /// All of the content, if it is there already, is short, and has no trailers. It can then be sent with its length, and again.
    pub(super) async fn whole(&mut self) -> Option<Vec<u8>> {
        let mut turns = 0_usize;
        let mut content = Vec::new();
        let is_whole = poll_fn(|context| {
            loop {
                if self.poll_source(context).is_pending() || self.poll_trailers(context).is_pending() {
                    if turns >= TURNS {
                        return Poll::Ready(false);
                    }
                    turns = turns.saturating_add(1);
                    network().want_turn();
                    return Poll::Pending;
                }
                if let Some(piece) = self.piece.take() {
                    content.extend_from_slice(&piece);
                }
                if matches!(self.source, Source::Ended) {
                    return Poll::Ready(true);
                }
                if content.len() >= READ_LENGTH {
                    return Poll::Ready(false);
                }
            }
        })
        .await;
        if is_whole && self.trailers.is_none() {
            self.end(Ok(()));
            return Some(content);
        }
        self.piece = Some(content).filter(|content| !content.is_empty());
        None
    }

    /// Moves what can be moved. Returns whether the exchange was given anything.
    fn poll(&mut self, context: &mut Context<'_>, exchange: &Exchange) -> bool {
        let mut has_moved = false;
        loop {
            if let Some(piece) = self.piece.take() {
                match exchange.try_write(piece) {
                    Ok(Ok(())) => has_moved = true,
                    Ok(Err(piece)) => {
                        self.piece = Some(piece);
                        return has_moved;
                    }
                    Err(error) => {
                        self.give_up(exchange, error);
                        return true;
                    }
                }
            }
            match &mut self.source {
                Source::Done => return has_moved,
                Source::Ended => {
                    let trailers = match &mut self.trailers {
                        None => Ok(Fields::default()),
                        Some(trailers) => match Pin::new(trailers).poll(context) {
                            Poll::Ready(trailers) => trailers,
                            Poll::Pending => return has_moved,
                        },
                    };
                    match trailers.and_then(|trailers| exchange.finish(trailers)) {
                        Ok(()) => self.end(Ok(())),
                        Err(error) => self.give_up(exchange, error),
                    }
                    return true;
                }
                Source::Idle(_) | Source::Reading(_) => {
                    if self.poll_source(context).is_pending() {
                        return has_moved;
                    }
                }
            }
        }
    }

    /// Returns whether the exchange is to be polled once more: it was given something, or has room now for what it refused.
    fn poll_again(&mut self, context: &mut Context<'_>, exchange: &Exchange, has_moved: bool) -> bool {
        has_moved || self.piece.is_some() && self.poll(context, exchange)
    }

    /// Ready with a piece, or at the end.
    fn poll_source(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Source::Idle(_) = self.source
            && let Source::Idle(mut reader) = std::mem::replace(&mut self.source, Source::Done)
        {
            self.source = Source::Reading(Operation::new(async move {
                let (status, piece) = reader.read(Vec::with_capacity(READ_LENGTH)).await;
                (reader, status, piece)
            }));
        }
        let Source::Reading(operation) = &mut self.source else { return Poll::Ready(()) };
        let Poll::Ready((reader, status, piece)) = Pin::new(operation).poll(context) else { return Poll::Pending };
        self.source = if matches!(status, StreamResult::Complete(_)) { Source::Idle(reader) } else { Source::Ended };
        self.piece = Some(piece).filter(|piece| !piece.is_empty());
        Poll::Ready(())
    }

    /// Once the content has ended, ready when it is known whether there are trailers. None are left if there are not.
    fn poll_trailers(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (Source::Ended, Some(trailers)) = (&self.source, &mut self.trailers) else { return Poll::Ready(()) };
        let Poll::Ready(known) = Pin::new(trailers).poll(context) else { return Poll::Pending };
        let is_none = known.as_ref().is_ok_and(Fields::is_empty);
        self.trailers = (!is_none).then(|| Operation::new(ready(known)));
        Poll::Ready(())
    }

    /// The exchange failed.
    pub(super) fn fail(&mut self, error: &Error) {
        self.end(Err(error.clone()));
    }

    /// The rest is of no use, or cannot be sent.
    fn give_up(&mut self, exchange: &Exchange, error: Error) {
        // The server has responded, and did not want the rest. That is no failure of the exchange.
        if error.code != Code::EarlyResponse {
            exchange.fail(error.clone());
        }
        self.end(Err(error));
    }

    fn end(&mut self, outcome: Result<(), Error>) {
        (self.source, self.trailers, self.piece) = (Source::Done, None, None);
        if let Some(report) = self.report.take() {
            report(outcome);
        }
    }
}

/// Waits for the head of the final response.
pub(super) async fn response(exchange: &Exchange, upload: &mut Upload) -> Result<Response, Error> {
    if !upload.is_done() {
        upload.prefetch().await;
    }
    poll_fn(|context| {
        loop {
            let has_moved = upload.poll(context, exchange);
            if let Poll::Ready(response) = exchange.poll_response(context) {
                return Poll::Ready(response);
            }
            if !upload.poll_again(context, exchange, has_moved) {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Moves what is left of the request's content, and the response's content into this stream, until it ends, it fails, or it is of no
/// use to anybody. Returns the trailers.
pub(super) async fn pump(
    exchange: Exchange,
    response: Rc<Response>,
    mut upload: Upload,
    writer: StreamWriter<u8>,
    control: Rc<Control>,
) -> Result<Fields, Error> {
    let mut sink = Sink::Idle(writer);
    let ended = poll_fn(|context| {
        loop {
            if control.is_abandoned(context) {
                return Poll::Ready(Ok(()));
            }
            if let Some(bytes) = control.bytes.take() {
                upload = bytes;
            }
            if control.is_doubtful.take() {
                sink.probe();
            }
            let has_moved = upload.poll(context, &exchange);
            match sink.poll(context) {
                Poll::Ready(false) => return Poll::Ready(Ok(())),
                Poll::Ready(true) => match response.poll_read(context, READ_LENGTH) {
                    Poll::Ready(Ok(Some(piece))) => {
                        sink.give(piece);
                        continue;
                    }
                    Poll::Ready(Ok(None)) => return Poll::Ready(Ok(())),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {}
                },
                // The reader takes its time, and the request goes on meanwhile. What fails is told by the next read.
                Poll::Pending => drop(exchange.poll_flush(context)),
            }
            if !upload.poll_again(context, &exchange, has_moved) {
                return Poll::Pending;
            }
        }
    })
    .await;
    control.forget();
    ended?;
    // Now, in this task: the response's holder may keep it for long, and drops it in none.
    response.abandon();
    Ok(response.trailers().unwrap_or_default())
}

/// The whole response, while what is left of the request's content is sent.
pub(super) async fn whole(exchange: Exchange, response: Response, mut upload: Upload) -> Result<Whole, Error> {
    let mut reading = pin!(whole::read(response));
    poll_fn(|context| {
        loop {
            let has_moved = upload.poll(context, &exchange);
            if let Poll::Ready(whole) = reading.as_mut().poll(context) {
                return Poll::Ready(whole);
            }
            if !upload.poll_again(context, &exchange, has_moved) {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// The response's content, on its way to its reader.
enum Sink {
    Idle(StreamWriter<u8>),
    /// Whether all was taken.
    Writing(Operation<(StreamWriter<u8>, bool)>),
    Gone,
}

impl Sink {
    /// Ready when the reader has taken what was given before. Returns whether there is a reader.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if let Self::Writing(operation) = self {
            let Poll::Ready((writer, is_taken)) = Pin::new(operation).poll(context) else { return Poll::Pending };
            *self = if is_taken { Self::Idle(writer) } else { Self::Gone };
        }
        Poll::Ready(matches!(self, Self::Idle(_)))
    }

    /// Writes nothing, to find out whether there is a reader.
    fn probe(&mut self) {
        if matches!(self, Self::Idle(_))
            && let Self::Idle(mut writer) = std::mem::replace(self, Self::Gone)
        {
            *self = Self::Writing(Operation::new(async move {
                let (status, _) = writer.write(Vec::new()).await;
                (writer, matches!(status, StreamResult::Complete(_)))
            }));
        }
    }

    fn give(&mut self, piece: Vec<u8>) {
        if let Self::Idle(mut writer) = std::mem::replace(self, Self::Gone) {
            *self = Self::Writing(Operation::new(async move {
                let is_taken = writer.write_all(piece).await.is_empty();
                (writer, is_taken)
            }));
        }
    }
}

/// What the holder of a response tells the task that moves its content.
#[derive(Default)]
pub(super) struct Control {
    /// The response was dropped with its content.
    is_abandoned: Cell<bool>,
    /// The response was dropped, and perhaps its content before it. A reader that is gone is noticed by a write alone.
    is_doubtful: Cell<bool>,
    /// Bytes for the peer, after the connection switched to another protocol.
    bytes: RefCell<Option<Upload>>,
    waker: RefCell<Option<Waker>>,
}

impl Control {
    /// Nobody will read the content.
    pub(super) fn abandon(&self) {
        self.is_abandoned.set(true);
        self.wake();
    }

    /// Perhaps nobody will.
    pub(super) fn doubt(&self) {
        self.is_doubtful.set(true);
        self.wake();
    }

    /// Sends these bytes.
    pub(super) fn send(&self, bytes: Upload) {
        self.bytes.replace(Some(bytes));
        self.wake();
    }

    /// The content has ended: there is nothing to tell any more.
    fn forget(&self) {
        self.waker.take();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn is_abandoned(&self, context: &mut Context<'_>) -> bool {
        self.waker.replace(Some(context.waker().clone()));
        self.is_abandoned.get()
    }
}
