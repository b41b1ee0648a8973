//! Tasks over a host that ties operations in flight to its own tasks, as WASI 0.3 does; and what happens outside them.
//!
//! A task is all that an export does, or that it spawned to go on after it has returned. It runs in passes, each one poll of its
//! work. The host begins a pass by an event of an operation, within the host's task that the operation is in flight in. Everybody
//! else wakes a sleeping task with its bell, which is an operation too. So a task that sleeps costs the host no call but those of
//! what it waits for, however often it wakes.
//!
//! Code that runs in no task, an export that is not async or a destructor, must not poll or cancel an operation. What it drops is
//! *buried* here, and dropped by the next pass of a task. That task is woken, if one sleeps. If none does, nothing runs in this
//! instance until its next call, and a buried connection stays open until then.

mod operation;
mod registry;
mod task;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) use self::operation::Operation;
pub(crate) use self::task::Call;

use self::registry::Running;
use self::task::Task;
use crate::clock::Instant;
use crate::limits::SPARE_BELLS;

/// What tasks need of a host.
pub(crate) trait Host: 'static {
    type Bell: Bell;

    fn now(&self) -> Instant;

    /// Waits until this time.
    fn wait_until(&self, time: Instant) -> impl Future<Output = ()> + 'static;

    fn new_bell(&self) -> Self::Bell;
}

/// What wakes a task that sleeps, from anywhere.
pub(crate) trait Bell: 'static {
    /// Is in flight from now on. Ready once it was rung, and in flight no more.
    fn poll_rung(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Rings. Called once, while it is in flight.
    fn ring(&mut self);

    /// Is in flight no more.
    fn silence(&mut self, context: &mut Context<'_>);
}

/// What is to be dropped in a task.
pub(crate) trait Buried {
    /// Polls once what must at least begin before this is dropped.
    fn poll_once(&mut self, _: &mut Context<'_>) {}
}

/// What the tasks of an instance share. At most one runs at any time.
pub(crate) struct Tasks<H: Host> {
    host: H,
    pass: Cell<Pass>,
    buried: RefCell<Vec<Box<dyn Buried>>>,
    /// The numbers of the tasks that sleep.
    sleeping: RefCell<Vec<u64>>,
    /// What was spawned and has not begun.
    spawned: RefCell<VecDeque<Rc<Task<H>>>>,
    /// Bells in flight, of tasks that have ended in this pass: what they spawned begins next, and need not make its bell listen.
    inherited: RefCell<Vec<Hung<H::Bell>>>,
    /// Bells of nobody, silent, as long as anything is kept.
    spare: RefCell<Vec<H::Bell>>,
    /// How much is kept between tasks.
    kept: Cell<usize>,
}

/// One poll of all that a task does.
#[derive(Clone, Copy, Default)]
struct Pass {
    /// Whether it runs.
    is_running: bool,
    /// The time, once it was asked for.
    now: Option<Instant>,
    /// The earliest time at which the task wants another pass.
    deadline: Option<Instant>,
    /// Whether it wants one after the host's turn.
    wants_turn: bool,
}

/// How long a task that was spawned waits to let the host have its turn.
const TURN: Duration = Duration::from_millis(1);

impl<H: Host> Tasks<H> {
    pub(crate) fn new(host: H) -> Rc<Self> {
        Rc::new(Self {
            host,
            pass: Cell::default(),
            buried: RefCell::default(),
            sleeping: RefCell::default(),
            spawned: RefCell::default(),
            inherited: RefCell::default(),
            spare: RefCell::default(),
            kept: Cell::default(),
        })
    }

    /// Does this as a task, within an export.
    pub(crate) fn call<T: 'static>(self: &Rc<Self>, work: impl Future<Output = T> + 'static) -> Call<H, T> {
        let outcome = Rc::new(Cell::new(None));
        let told = Rc::clone(&outcome);
        // Boxed first, for it is large, and would be moved several times.
        let work = Box::pin(work);
        let task = Task::new(self, Some(Waker::noop().clone()), Box::pin(async move { told.set(Some(work.await)) }));
        Call { task, outcome, has_suspended: false }
    }

    /// Does this as a task, beside the export that calls this or in which the running task is.
    pub(crate) fn spawn(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let task = Task::new(self, None, Box::pin(work));
        self.spawned.borrow_mut().push_back(task);
        self.begin_spawned();
    }

    /// The time of the pass. Outside a pass, that of the host.
    pub(crate) fn now(&self) -> Instant {
        let pass = self.pass.get();
        pass.now.unwrap_or_else(|| {
            let now = self.host.now();
            self.pass.set(Pass { now: Some(now).filter(|_| pass.is_running), ..pass });
            now
        })
    }

    /// Ready once this time has come. If not, the running task has another pass then.
    pub(crate) fn poll_until(&self, deadline: Instant) -> Poll<()> {
        if self.now() >= deadline {
            return Poll::Ready(());
        }
        let pass = self.pass.get();
        let earliest = pass.deadline.map_or(deadline, |earliest| earliest.min(deadline));
        self.pass.set(Pass { deadline: Some(earliest), ..pass });
        Poll::Pending
    }

    /// The running task has another pass, after the host's turn.
    pub(crate) fn want_turn(&self) {
        self.pass.set(Pass { wants_turn: true, ..self.pass.get() });
    }

    /// Whoever has this will begin tasks again. Without it, nothing that tasks share stays with the host.
    pub(crate) fn keep(self: &Rc<Self>) -> Kept<H> {
        self.kept.set(self.kept.get().saturating_add(1));
        Kept(Rc::clone(self))
    }

    /// Drops this in a task: now, if one runs.
    pub(crate) fn bury(&self, thing: impl Buried + 'static) {
        if is_running() {
            return;
        }
        self.buried.borrow_mut().push(Box::new(thing));
        let sleeper = self.sleeping.borrow().last().copied();
        if let Some(task) = sleeper.and_then(registry::find) {
            task.knock();
        }
    }

    /// Begins a pass of this task. Returns what is to be given to `end`.
    fn begin(&self, task: Running) -> (Option<Running>, Pass) {
        let before = (registry::set_running(Some(task)), self.pass.replace(Pass::new(None)));
        // Dropping one may bury nothing more, because a pass runs now.
        for mut thing in self.buried.take() {
            thing.poll_once(&mut Context::from_waker(Waker::noop()));
        }
        before
    }

    fn end(&self, before: (Option<Running>, Pass)) {
        while self.inherited.borrow().len() > self.spawned.borrow().len() {
            let bell = self.inherited.borrow_mut().pop();
            bell.into_iter().for_each(|bell| self.spare(bell));
        }
        registry::set_running(before.0);
        self.pass.set(before.1);
    }

    /// Begins what was spawned, unless a pass runs, which does so at its end.
    fn begin_spawned(&self) {
        while !is_running() {
            let Some(task) = self.spawned.borrow_mut().pop_front() else { break };
            let _ = task.run();
        }
    }

    /// A bell for a task that goes to sleep.
    fn take_bell(&self) -> Hung<H::Bell> {
        let inherited = self.inherited.borrow_mut().pop();
        inherited.unwrap_or_else(|| {
            let spare = self.spare.borrow_mut().pop();
            Hung { bell: spare.unwrap_or_else(|| self.host.new_bell()), is_rung: false }
        })
    }

    fn spare(&self, Hung { mut bell, .. }: Hung<H::Bell>) {
        bell.silence(&mut Context::from_waker(Waker::noop()));
        let mut spare = self.spare.borrow_mut();
        if self.kept.get() > 0 && spare.len() < SPARE_BELLS {
            spare.push(bell);
        }
    }
}

/// Something that is kept between tasks, such as a connection.
pub(crate) struct Kept<H: Host>(Rc<Tasks<H>>);

impl<H: Host> Drop for Kept<H> {
    fn drop(&mut self) {
        let kept = self.0.kept.get().saturating_sub(1);
        self.0.kept.set(kept);
        if kept == 0 {
            self.0.spare.take();
        }
    }
}

impl Pass {
    fn new(now: Option<Instant>) -> Self {
        Self { is_running: true, now, deadline: None, wants_turn: false }
    }
}

/// A bell that may be in flight.
struct Hung<B> {
    bell: B,
    /// Whether it was rung, and the host has yet to tell.
    is_rung: bool,
}

impl<B: Bell> Hung<B> {
    fn listen(&mut self, context: &mut Context<'_>) {
        while self.bell.poll_rung(context).is_ready() {
            self.is_rung = false;
        }
    }

    fn ring(&mut self) {
        if !std::mem::replace(&mut self.is_rung, true) {
            self.bell.ring();
        }
    }
}

/// Whether operations may be polled and cancelled now.
pub(crate) fn is_running() -> bool {
    registry::running().is_some()
}
