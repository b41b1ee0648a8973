//! What tasks need of a WASI 0.3 host: its clock, and a stream for each bell.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wit_bindgen::rt::async_support::{StreamReader, StreamWriter};

use super::bindings::wasi::clocks::monotonic_clock;
use super::bindings::wit_stream;
use crate::clock::Instant;
use crate::net::tasks::{self, Operation};

/// The host of this component instance.
pub(super) struct Host;

impl tasks::Host for Host {
    type Bell = Bell;

    fn now(&self) -> Instant {
        Instant::from_nanos(monotonic_clock::now())
    }

    fn wait_until(&self, time: Instant) -> impl Future<Output = ()> + 'static {
        monotonic_clock::wait_until(time.as_nanos())
    }

    fn new_bell(&self) -> Bell {
        let (writer, reader) = wit_stream::new();
        Bell { writer, ear: Ear::Idle(reader), is_silenced: Rc::default() }
    }
}

/// A stream whose both ends are here: a read waits for a byte. The host lets numbers go from an instance to itself.
pub(super) struct Bell {
    writer: StreamWriter<u8>,
    ear: Ear,
    is_silenced: Rc<Cell<bool>>,
}

enum Ear {
    Idle(StreamReader<u8>),
    Listening(Operation<StreamReader<u8>>),
    Gone,
}

impl tasks::Bell for Bell {
    fn poll_rung(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.ear = match std::mem::replace(&mut self.ear, Ear::Gone) {
            Ear::Idle(reader) => Ear::Listening(Operation::new(listen(reader, Rc::clone(&self.is_silenced)))),
            ear => ear,
        };
        let Ear::Listening(operation) = &mut self.ear else { return Poll::Pending };
        Pin::new(operation).poll(context).map(|reader| self.ear = Ear::Idle(reader))
    }

    /// The read that waits takes the byte at once. So this is complete at once, and may be done in no task.
    fn ring(&mut self) {
        let _ = pin!(self.writer.write(vec![0])).poll(&mut Context::from_waker(Waker::noop()));
    }

    fn silence(&mut self, context: &mut Context<'_>) {
        let Ear::Listening(operation) = &mut self.ear else { return };
        self.is_silenced.set(true);
        operation.open();
        let _ = self.poll_rung(context);
        self.is_silenced.set(false);
    }
}

/// Reads a byte, or cancels that.
async fn listen(mut reader: StreamReader<u8>, is_silenced: Rc<Cell<bool>>) -> StreamReader<u8> {
    {
        let mut read = pin!(reader.read(Vec::with_capacity(1)));
        let byte_or_silence = poll_fn(|context| {
            if is_silenced.get() {
                read.as_mut().cancel();
                return Poll::Ready(());
            }
            read.as_mut().poll(context).map(drop)
        });
        byte_or_silence.await;
    }
    reader
}
