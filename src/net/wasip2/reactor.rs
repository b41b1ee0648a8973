//! Collects what is waited for, and makes the one host call that waits. It does not know what a pollable is for.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Deref;
use std::rc::{Rc, Weak};
use std::task::Poll;

use wasi::clocks::monotonic_clock;
use wasi::io::poll::{self, Pollable};
use wasi::sockets::instance_network::{Network, instance_network};

use super::dying::Dying;
use crate::clock::Instant;
use crate::limits::READY_AT_ONCE;

/// How long to yield to the host after a wait that found very much ready. A timer's resolution makes it about a millisecond.
const BREATH_NANOS: u64 = 1_000;

/// The result of a wait.
#[derive(Debug, Default)]
pub struct Woken {
    /// The indices of the ready pollables in `others`.
    pub others: Vec<usize>,
    /// Whether there was anything to wait for. If not, waiting again will not help.
    pub waited: bool,
}

/// The wishes and the clock of a network.
#[derive(Default)]
pub(super) struct Reactor {
    /// The number of the current pass.
    pass: Cell<u64>,
    /// Whether the current pass is a probing one.
    probing: Cell<bool>,
    /// Whether the host has caught up in this pass.
    is_caught_up: Cell<bool>,
    /// The time, once it was asked for in this pass.
    now: Cell<Option<Instant>>,
    /// The earliest deadline noted in this pass.
    deadline: Cell<Option<Instant>>,
    /// Weak, so that a wish does not keep a pollable alive beyond its stream.
    wishes: RefCell<Vec<Weak<Source>>>,
    timer: RefCell<Option<Timer>>,
    network: OnceCell<Network>,
    pub(super) dying: Dying,
}

/// A host resource and the pollable made from it, which is made when it is first needed.
///
/// The host traps when a resource is dropped before its pollable. That cannot happen here: the pollable is in `source`, which is
/// dropped first, and has no other owner outside [`Reactor::wait`], which drops nothing else.
pub(super) struct Watched<T> {
    source: Rc<Source>,
    resource: T,
}

/// A pollable, and what is known about it.
#[derive(Default)]
struct Source {
    pollable: OnceCell<Pollable>,
    /// The pass in which it was found to block, or `None` if it is worth trying.
    blocked: Cell<Option<u64>>,
    /// The last pass in which it was wished for.
    wished: Cell<Option<u64>>,
}

/// The pollable of a deadline. Making one costs host calls, so one that fires too early is used for a later deadline too.
struct Timer {
    at: Instant,
    pollable: Pollable,
}

/// Something a pollable can be made from.
pub(super) trait Subscribe {
    /// Makes it.
    fn subscribe(&self) -> Pollable;
}

impl Reactor {
    pub(super) fn begin(&self, probing: bool) {
        self.pass.set(self.pass.get().wrapping_add(1));
        self.probing.set(probing);
        self.is_caught_up.set(false);
        self.now.set(None);
        self.deadline.set(None);
        self.wishes.borrow_mut().clear();
    }

    pub(super) fn wait(&self, others: &[&Pollable], until: Option<Instant>) -> Woken {
        let wished: Vec<Rc<Source>> = self.wishes.borrow().iter().filter_map(Weak::upgrade).collect();
        let earliest = [self.deadline.get(), until].into_iter().flatten().min();
        let timer = earliest.map(|at| self.take_timer(at));
        self.begin(false);

        let mut list: Vec<&Pollable> = others.to_vec();
        list.extend(timer.as_ref().map(|timer| &timer.pollable));
        let (first_timer, first_wished) = (others.len(), list.len());
        list.extend(wished.iter().filter_map(|source| source.pollable.get()));
        // The host traps on an empty list.
        if list.is_empty() {
            return Woken::default();
        }

        let mut woken = Woken { others: Vec::new(), waited: true };
        let mut timer_has_fired = false;
        let ready = poll::poll(&list);
        if ready.len() > READY_AT_ONCE {
            // A wait that is not over at once yields to the host's executor.
            monotonic_clock::subscribe_duration(BREATH_NANOS).block();
        }
        for index in ready {
            let Ok(index) = usize::try_from(index) else {
                continue;
            };
            if index < first_timer {
                woken.others.push(index);
            } else if index < first_wished {
                timer_has_fired = true;
            } else if let Some(source) = index.checked_sub(first_wished).and_then(|index| wished.get(index)) {
                source.blocked.set(None);
            }
        }
        if !timer_has_fired && timer.is_some() {
            self.timer.replace(timer);
        }
        woken
    }

    /// Makes a wait that is over at once, for hosts that learn of arrived bytes only in waits: wasmtime lets tokio look at its
    /// sockets when a duration of zero is waited for.
    #[cold]
    pub(super) fn catch_up(&self) {
        monotonic_clock::subscribe_duration(0).block();
    }

    /// Ensures that a retry in a probing pass is not answered from memory. Returns whether the pass is a probing one.
    #[cold]
    fn is_asked_anew(&self) -> bool {
        if !self.is_caught_up.replace(true) {
            self.catch_up();
        }
        true
    }

    pub(super) fn now(&self) -> Instant {
        let now = self.now.get().unwrap_or_else(|| Instant::from_nanos(monotonic_clock::now()));
        self.now.set(Some(now));
        now
    }

    pub(super) fn poll_until(&self, deadline: Instant) -> Poll<()> {
        if self.now() >= deadline {
            return Poll::Ready(());
        }
        let earliest = self.deadline.get().map_or(deadline, |earliest| earliest.min(deadline));
        self.deadline.set(Some(earliest));
        Poll::Pending
    }

    /// The host's network resource.
    pub(super) fn network(&self) -> &Network {
        self.network.get_or_init(instance_network)
    }

    /// A timer that fires at this time, or earlier.
    fn take_timer(&self, at: Instant) -> Timer {
        let has_passed = |timer: &Timer| self.now.get().is_some_and(|now| now >= timer.at);
        match self.timer.take() {
            Some(timer) if timer.at <= at && !has_passed(&timer) => timer,
            _ => Timer { at, pollable: monotonic_clock::subscribe_instant(at.as_nanos()) },
        }
    }
}

impl<T> Watched<T> {
    pub(super) fn new(resource: T) -> Self {
        Self { source: Rc::default(), resource }
    }

    /// Whether an operation is worth a host call: it is not known to block.
    pub(super) fn is_worth_trying(&self, reactor: &Reactor) -> bool {
        let pass = reactor.pass.get();
        self.source.blocked.get().is_none_or(|since| reactor.probing.get() && since != pass && reactor.is_asked_anew())
    }

    /// Whether an operation was found to block, and no wait has found it ready since.
    pub(super) fn is_blocked(&self) -> bool {
        self.source.blocked.get().is_some()
    }

    /// Notes that an operation would block, until a wait finds it ready.
    pub(super) fn block(&self, reactor: &Reactor) {
        self.source.blocked.set(Some(reactor.pass.get()));
    }

    /// Makes it worth trying again.
    pub(super) fn unblock(&self) {
        self.source.blocked.set(None);
    }

    /// The resource without its pollable.
    pub(super) fn into_inner(self) -> T {
        let Self { source, resource } = self;
        drop(source);
        resource
    }
}

impl<T: Subscribe> Watched<T> {
    /// Notes the wish to be woken when it is ready.
    pub(super) fn wish(&self, reactor: &Reactor) {
        let pass = Some(reactor.pass.get());
        if self.source.wished.replace(pass) != pass {
            self.source.pollable.get_or_init(|| self.resource.subscribe());
            reactor.wishes.borrow_mut().push(Rc::downgrade(&self.source));
        }
    }
}

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.resource
    }
}
