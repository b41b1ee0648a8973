//! The tasks that wait on an exchange. Its sides may belong to different tasks, and each must be woken even if another was polled
//! last.

use std::sync::Arc;
use std::task::{Wake, Waker};

/// What a task waits for. Of two tasks that wait for the same, the later replaces the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// For written content to be sent.
    Writing,
    /// For the response's head, or room for more content.
    Answer,
    /// For the response's content.
    Reading,
}

/// The wakers of the waiting sides.
#[derive(Default)]
pub(crate) struct Waiters {
    writing: Option<Waker>,
    answer: Option<Waker>,
    reading: Option<Waker>,
}

impl Waiters {
    /// Sets or removes the waker of this side. A caller that polls by itself has none.
    pub(crate) fn set(&mut self, side: Side, waker: Option<&Waker>) {
        *self.slot(side) = waker.filter(|waker| !is_noop(waker)).cloned();
    }

    /// Whether no side waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.writing.is_none() && self.answer.is_none() && self.reading.is_none()
    }

    /// Whether this side waits.
    pub(crate) fn has(&mut self, side: Side) -> bool {
        self.slot(side).is_some()
    }

    pub(crate) fn wake(&mut self, side: Side) {
        if let Some(waker) = self.slot(side).take() {
            waker.wake();
        }
    }

    /// Wakes all.
    pub(crate) fn wake_all(&mut self) {
        let all = [&mut self.writing, &mut self.answer, &mut self.reading];
        all.into_iter().filter_map(Option::take).for_each(Waker::wake);
    }

    /// A waker that wakes `own` and every waiting side. `None` if no other side waits.
    pub(crate) fn and(&self, own: &Waker) -> Option<Waker> {
        let others = [&self.writing, &self.answer, &self.reading].into_iter().flatten();
        let mut others = others.filter(|other| !other.will_wake(own)).peekable();
        others.peek()?;
        Some(Waker::from(Arc::new(All(others.chain([own]).cloned().collect()))))
    }

    fn slot(&mut self, side: Side) -> &mut Option<Waker> {
        match side {
            Side::Writing => &mut self.writing,
            Side::Answer => &mut self.answer,
            Side::Reading => &mut self.reading,
        }
    }
}

/// Whether it wakes nobody: its holder polls by itself.
pub(crate) fn is_noop(waker: &Waker) -> bool {
    waker.will_wake(Waker::noop())
}

/// Several to wake at once.
struct All(Vec<Waker>);

impl Wake for All {
    fn wake(self: Arc<Self>) {
        self.0.iter().for_each(Waker::wake_by_ref);
    }
}
