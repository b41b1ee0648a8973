//! Tasks, and what happens outside them.
//!
//! The host ties an operation in flight to a component-model task. Code that runs in no task, an export that is not async or a
//! destructor, must not poll or cancel one. What it drops is *buried* here, and dropped by the next pass of a task. That task is
//! woken, if one sleeps. If none does, nothing runs in this instance until its next call, and a buried connection stays open until
//! then.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::bindings::wasi::clocks::monotonic_clock;
use super::{Operation, host_time};
use crate::clock::Instant;

/// What the tasks of an instance share. At most one runs at any time, in a pass: one poll of all that it does.
#[derive(Default)]
pub(super) struct Tasks {
    /// Whether a pass runs.
    is_running: Cell<bool>,
    /// The time of this pass, once it was asked for.
    now: Cell<Option<Instant>>,
    /// The earliest time at which this pass wants another one.
    deadline: Cell<Option<Instant>>,
    buried: RefCell<Vec<Box<dyn Buried>>>,
    /// The tasks that sleep, by number.
    sleeping: RefCell<Vec<(u64, Waker)>>,
    started: Cell<u64>,
}

/// What is to be dropped in a task.
pub(super) trait Buried {
    /// Polls once what must at least begin before this is dropped.
    fn poll_once(&mut self, _: &mut Context<'_>) {}
}

impl Tasks {
    /// The time of the pass. Outside a pass, that of the host.
    pub(super) fn now(&self) -> Instant {
        match self.now.get() {
            Some(now) => now,
            None => {
                let now = host_time();
                self.now.set(Some(now).filter(|_| self.is_running()));
                now
            }
        }
    }

    pub(super) fn poll_until(&self, deadline: Instant) -> Poll<()> {
        if self.now() >= deadline {
            return Poll::Ready(());
        }
        let earliest = self.deadline.get().map_or(deadline, |earliest| earliest.min(deadline));
        self.deadline.set(Some(earliest));
        Poll::Pending
    }

    /// Whether operations may be polled and cancelled now.
    pub(super) fn is_running(&self) -> bool {
        self.is_running.get()
    }

    /// Polls an operation. Outside a task, it stays as it is.
    pub(super) fn poll<T>(&self, context: &mut Context<'_>, operation: &mut Operation<T>) -> Poll<T> {
        if self.is_running() { operation.as_mut().poll(context) } else { Poll::Pending }
    }

    /// Drops this in a task: now, if one runs.
    pub(super) fn bury(&self, thing: impl Buried + 'static) {
        if self.is_running() {
            return;
        }
        self.buried.borrow_mut().push(Box::new(thing));
        let sleeper = self.sleeping.borrow_mut().pop();
        if let Some((_, waker)) = sleeper {
            waker.wake();
        }
    }

    fn begin(&self) {
        self.is_running.set(true);
        self.now.set(None);
        self.deadline.set(None);
        // Dropping one may bury nothing more, because a pass runs now.
        for mut thing in self.buried.take() {
            thing.poll_once(&mut Context::from_waker(Waker::noop()));
        }
    }

    fn end(&self) {
        self.is_running.set(false);
        self.now.set(None);
    }
}

/// A task: all that an async export does, or that it spawned.
pub(super) struct Task<T> {
    tasks: Rc<Tasks>,
    number: u64,
    work: Option<Operation<T>>,
    timer: Option<(Instant, Operation<()>)>,
}

impl<T> Task<T> {
    pub(super) fn new(tasks: Rc<Tasks>, work: impl Future<Output = T> + 'static) -> Self {
        let number = tasks.started.get();
        tasks.started.set(number.wrapping_add(1));
        Self { tasks, number, work: Some(Box::pin(work)), timer: None }
    }

    /// One pass. Ready when the work is done.
    fn pass(&mut self, context: &mut Context<'_>) -> Poll<T> {
        loop {
            let Some(work) = &mut self.work else { return Poll::Pending };
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                // Here, where what is in flight may be dropped.
                (self.work, self.timer) = (None, None);
                return Poll::Ready(done);
            }
            if self.poll_timer(context).is_pending() {
                return Poll::Pending;
            }
            self.tasks.begin();
        }
    }

    /// Ready when the earliest deadline of the pass may have come. A timer that is too early is kept: setting another costs more
    /// than a pass for nothing.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.tasks.deadline.get() else { return Poll::Pending };
        let (_, timer) = match &mut self.timer {
            Some(timer) if timer.0 <= deadline => timer,
            slot => slot.insert((deadline, Box::pin(monotonic_clock::wait_until(deadline.as_nanos())))),
        };
        let polled = timer.as_mut().poll(context);
        if polled.is_ready() {
            self.timer = None;
        }
        polled
    }

    fn note_sleeping(&self, waker: Option<&Waker>) {
        let mut sleeping = self.tasks.sleeping.borrow_mut();
        let place = sleeping.iter().position(|(number, _)| *number == self.number);
        match (place.and_then(|place| sleeping.get_mut(place)), waker) {
            (Some((_, known)), Some(waker)) => known.clone_from(waker),
            (None, Some(waker)) => sleeping.push((self.number, waker.clone())),
            (_, None) => _ = place.map(|place| sleeping.swap_remove(place)),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let task = self.get_mut();
        task.tasks.begin();
        let polled = task.pass(context);
        task.note_sleeping(polled.is_pending().then(|| context.waker()));
        task.tasks.end();
        polled
    }
}

impl<T> Drop for Task<T> {
    /// Whoever called the export may drop the call, and what is in flight with it.
    fn drop(&mut self) {
        if self.work.is_some() {
            self.note_sleeping(None);
            self.tasks.begin();
            (self.work, self.timer) = (None, None);
            self.tasks.end();
        }
    }
}
