//! Bounds the open connections of a session: permits, and a queue of exchanges that wait for one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::limits::WAITING_REQUESTS;

/// Counts connections that are open or being opened, and queues those that wait for one.
#[derive(Clone, Default)]
pub(crate) struct Permits(Rc<State>);

#[derive(Default)]
struct State {
    open: Cell<usize>,
    /// The queue, in order.
    queue: RefCell<VecDeque<Waiting>>,
    /// How many places were handed out.
    turns: Cell<u64>,
}

struct Waiting {
    turn: u64,
    /// The waker. It is taken when used, and set by the next wait.
    waker: Option<Waker>,
}

/// A permit to have one connection open. Dropping it returns it.
pub(crate) struct Permit(Permits);

/// A place in the queue. When dropped without a connection, it wakes the next.
pub(crate) struct Turn {
    permits: Permits,
    number: u64,
}

impl Permits {
    /// How many connections are open or being opened.
    pub(crate) fn open(&self) -> usize {
        self.0.open.get()
    }

    /// A permit to open one more. The caller enforces the limit.
    pub(crate) fn take(&self) -> Permit {
        self.0.open.set(self.open().saturating_add(1));
        Permit(self.clone())
    }

    /// A place in the queue, unless it is full.
    pub(crate) fn queue(&self) -> Option<Turn> {
        let mut queue = self.0.queue.borrow_mut();
        if queue.len() >= WAITING_REQUESTS {
            return None;
        }
        let number = self.0.turns.get();
        self.0.turns.set(number.saturating_add(1));
        queue.push_back(Waiting { turn: number, waker: None });
        Some(Turn { permits: self.clone(), number })
    }

    /// A connection or a permit has become available: wakes the first in the queue that has a waker. Callers that poll by
    /// themselves notice on their next poll.
    pub(crate) fn freed(&self) {
        let is_asleep =
            |waiting: &&mut Waiting| waiting.waker.as_ref().is_some_and(|waker| !waker.will_wake(Waker::noop()));
        let first = self.0.queue.borrow_mut().iter_mut().find(is_asleep).and_then(|waiting| waiting.waker.take());
        if let Some(waker) = first {
            waker.wake();
        }
    }

    /// Gives up a place. Returns whether its holder was woken and has not waited since.
    fn leave(&self, turn: u64) -> bool {
        let mut queue = self.0.queue.borrow_mut();
        let place = queue.binary_search_by_key(&turn, |waiting| waiting.turn);
        place.ok().and_then(|place| queue.remove(place)).is_some_and(|waiting| waiting.waker.is_none())
    }
}

impl Turn {
    /// Pending until a connection or a permit becomes available.
    pub(crate) fn poll<T>(&self, context: &mut Context<'_>) -> Poll<T> {
        let mut queue = self.permits.0.queue.borrow_mut();
        if let Ok(place) = queue.binary_search_by_key(&self.number, |waiting| waiting.turn)
            && let Some(waiting) = queue.get_mut(place)
        {
            waiting.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Gives up the place, because its holder got what it waited for.
    pub(crate) fn take(self) {
        self.permits.leave(self.number);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let open = &self.0.0.open;
        open.set(open.get().saturating_sub(1));
        self.0.freed();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.permits.leave(self.number) {
            self.permits.freed();
        }
    }
}
