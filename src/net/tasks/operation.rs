//! An operation of the host in flight, polled only when something has come for it.
//!
//! To poll a future of the host that is not ready registers it with the host anew, which is a call out of the component. A task
//! polls all that it waits for in each pass, so an operation remembers whether it was woken since it was polled last.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::registry::{self, Running};

/// An operation in flight. It is polled in tasks alone: outside, it stays as it is.
pub(crate) struct Operation<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    /// Since it was polled first.
    gate: Option<Arc<Gate>>,
}

impl<T> Operation<T> {
    /// This future of the host as an operation.
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self { future: Box::pin(future), gate: None }
    }

    /// Lets the next poll reach the host although nothing has come.
    pub(crate) fn open(&mut self) {
        if let Some(gate) = &self.gate {
            gate.is_open.store(true, Ordering::Relaxed);
        }
    }
}

impl<T> Future for Operation<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(running) = registry::running() else { return Poll::Pending };
        let Self { future, gate } = self.get_mut();
        let gate = match gate {
            // In the same task of the host it is registered already.
            Some(gate) if gate.home == running.home => {
                gate.belong(running.number, context.waker());
                if !gate.is_open.swap(false, Ordering::Relaxed) {
                    return Poll::Pending;
                }
                gate
            }
            _ => gate.insert(Arc::new(Gate::new(running, context.waker()))),
        };
        future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(gate))))
    }
}

/// What the host wakes.
struct Gate {
    home: u64,
    /// The task that polled the operation last.
    task: AtomicU64,
    is_open: AtomicBool,
    waker: Mutex<Waker>,
}

impl Gate {
    fn new(Running { number, home }: Running, waker: &Waker) -> Self {
        let (task, is_open, waker) = (AtomicU64::new(number), AtomicBool::new(false), Mutex::new(waker.clone()));
        Self { home, task, is_open, waker }
    }

    fn belong(&self, task: u64, waker: &Waker) {
        self.task.store(task, Ordering::Relaxed);
        self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
    }
}

impl Wake for Gate {
    /// The host calls this within the component-model task that the operation is in flight in. So the task can go on right here.
    fn wake(self: Arc<Self>) {
        self.is_open.store(true, Ordering::Relaxed);
        let task = registry::find(self.task.load(Ordering::Relaxed));
        if let Some(task) = &task {
            task.note_event();
        }
        // Between the task and this operation may be futures that poll only what was woken.
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waker.wake();
        if let Some(task) = task {
            task.go_on();
        }
    }
}
