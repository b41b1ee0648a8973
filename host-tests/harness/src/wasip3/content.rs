//! Streams of content between a test and the component, and the futures of trailers beside them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{Notify, oneshot};
use wasmtime::component::{
    Destination, FutureConsumer, FutureReader, Lift, Source, StreamConsumer, StreamProducer, StreamReader,
    StreamResult, VecBuffer,
};
use wasmtime::{AsContextMut, Result, Store, StoreContextMut};

use super::engine::State;
use super::{Error, Fields, Guest};

/// What a test and the end of a stream share.
#[derive(Default)]
struct Shared {
    pipe: Mutex<Pipe>,
    /// Something has changed.
    moved: Notify,
}

#[derive(Default)]
struct Pipe {
    bytes: Vec<u8>,
    /// How many more bytes the test wants to read.
    wanted: usize,
    /// Whether no more comes.
    is_over: bool,
    waker: Option<Waker>,
}

impl Shared {
    fn pipe(&self) -> MutexGuard<'_, Pipe> {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the pipe and wakes the other side.
    fn change(&self, change: impl FnOnce(&mut Pipe)) {
        let mut pipe = self.pipe();
        change(&mut pipe);
        let waker = pipe.waker.take();
        drop(pipe);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn until(&self, is_so: impl Fn(&Pipe) -> bool) {
        loop {
            let moved = self.moved.notified();
            if is_so(&self.pipe()) {
                return;
            }
            moved.await;
        }
    }
}

/// The content of a request.
pub struct Upload {
    guest: Guest,
    shared: Arc<Shared>,
    trailers: Option<oneshot::Sender<Fields>>,
}

impl Upload {
    pub(super) fn new(
        guest: &Guest,
        store: &mut Store<State>,
    ) -> Result<(Upload, StreamReader<u8>, FutureReader<Fields>)> {
        let shared = Arc::<Shared>::default();
        let content = StreamReader::new(&mut *store, Producer(Arc::clone(&shared)))?;
        let (sender, receiver) = oneshot::channel();
        let trailers =
            FutureReader::new(store, async move { Ok::<_, wasmtime::Error>(receiver.await.unwrap_or_default()) })?;
        Ok((Upload { guest: guest.clone(), shared, trailers: Some(sender) }, content, trailers))
    }

    /// Gives the component this piece, and lets it run until it has taken it. Answers whether it has: it may not want it.
    pub fn write(&self, piece: &[u8]) -> bool {
        self.shared.change(|pipe| pipe.bytes.extend_from_slice(piece));
        self.guest.run_until(self.shared.until(|pipe| pipe.bytes.is_empty() || pipe.is_over));
        self.shared.pipe().bytes.is_empty()
    }

    /// Gives the component this piece, to be taken when it likes.
    pub fn offer(&self, piece: &[u8]) {
        self.shared.change(|pipe| pipe.bytes.extend_from_slice(piece));
    }

    /// Ends the content.
    pub fn finish(mut self, trailers: &Fields) {
        if let Some(sender) = self.trailers.take() {
            drop(sender.send(trailers.clone()));
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.shared.change(|pipe| pipe.is_over = true);
    }
}

struct Producer(Arc<Shared>);

impl StreamProducer<State> for Producer {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut destination: Destination<'a, u8, VecBuffer<u8>>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut pipe = self.0.pipe();
        if pipe.bytes.is_empty() {
            if pipe.is_over {
                return Poll::Ready(Ok(StreamResult::Dropped));
            }
            if finish {
                return Poll::Ready(Ok(StreamResult::Cancelled));
            }
            pipe.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        if destination.remaining(store.as_context_mut()) != Some(0) {
            destination.set_buffer(std::mem::take(&mut pipe.bytes).into());
            self.0.moved.notify_one();
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.0.pipe().is_over = true;
        self.0.moved.notify_one();
    }
}

/// The content of a response. Dropping it drops its stream.
pub struct Content {
    guest: Guest,
    shared: Arc<Shared>,
    trailers: oneshot::Receiver<std::result::Result<Fields, Error>>,
}

impl Content {
    pub(super) fn new(
        guest: &Guest,
        store: &mut Store<State>,
        content: StreamReader<u8>,
        trailers: FutureReader<std::result::Result<Fields, Error>>,
    ) -> Result<Content> {
        let shared = Arc::<Shared>::default();
        content.pipe(&mut *store, Consumer(Arc::clone(&shared)))?;
        let (sender, receiver) = oneshot::channel();
        trailers.pipe(store, Value(Some(sender)))?;
        Ok(Content { guest: guest.clone(), shared, trailers: receiver })
    }

    /// Lets the instance run until there is a piece, of at most so many bytes. None at the end, whatever that is.
    pub fn read(&self, max: usize) -> Option<Vec<u8>> {
        self.shared.change(|pipe| pipe.wanted = max);
        self.guest.run_until(self.shared.until(|pipe| !pipe.bytes.is_empty() || pipe.is_over));
        let mut pipe = self.shared.pipe();
        pipe.wanted = 0;
        Some(std::mem::take(&mut pipe.bytes)).filter(|bytes| !bytes.is_empty())
    }

    /// The rest of the content, and how it ended.
    pub fn read_to_end(self) -> (Vec<u8>, std::result::Result<Fields, Error>) {
        let mut content = Vec::new();
        while let Some(piece) = self.read(usize::MAX) {
            content.extend(piece);
        }
        (content, self.end())
    }

    /// The trailers, or the error for which the content ended early.
    pub fn end(mut self) -> std::result::Result<Fields, Error> {
        self.guest.clone().run_until(&mut self.trailers).expect("the component tells how content ends")
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.shared.change(|pipe| pipe.is_over = true);
    }
}

struct Consumer(Arc<Shared>);

impl StreamConsumer<State> for Consumer {
    type Item = u8;

    fn poll_consume(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut store: StoreContextMut<State>,
        mut source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut pipe = self.0.pipe();
        if pipe.is_over {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        let there = source.remaining(store.as_context_mut());
        let count = pipe.wanted.min(there);
        if count == 0 && there > 0 {
            if finish {
                return Poll::Ready(Ok(StreamResult::Cancelled));
            }
            pipe.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        let mut bytes = Vec::with_capacity(count);
        source.read(store, &mut bytes)?;
        pipe.wanted -= bytes.len().min(pipe.wanted);
        pipe.bytes.extend(bytes);
        self.0.moved.notify_one();
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.0.pipe().is_over = true;
        self.0.moved.notify_one();
    }
}

/// The value of a future.
struct Value<T>(Option<oneshot::Sender<T>>);

impl<T: Lift + Send + 'static> FutureConsumer<State> for Value<T> {
    type Item = T;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<State>,
        mut source: Source<'_, T>,
        _: bool,
    ) -> Poll<Result<()>> {
        let mut value = None;
        source.read(store, &mut value)?;
        if let (Some(value), Some(sender)) = (value, self.0.take()) {
            drop(sender.send(value));
        }
        Poll::Ready(Ok(()))
    }
}
