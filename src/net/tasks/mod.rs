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
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) use self::operation::Operation;

use self::registry::{Running, Wakes};
use crate::clock::Instant;
use crate::limits::{PASS_POLLS, SPARE_BELLS};

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

type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Task<H: Host> {
    tasks: Rc<Tasks<H>>,
    id: Running,
    /// Wakes it from anywhere.
    knock: Waker,
    /// The waker of the export that it is; none if it was spawned.
    export: RefCell<Option<Waker>>,
    /// `None` once it has ended.
    work: RefCell<Option<Work>>,
    timer: RefCell<Option<(Instant, Operation<()>)>>,
    bell: RefCell<Option<Hung<H::Bell>>>,
    state: Cell<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A pass comes.
    Awake,
    /// In a pass.
    Running,
    /// In a pass, and woken meanwhile.
    Again,
    /// Until an operation of it comes, or its bell.
    Asleep,
}

impl<H: Host> Task<H> {
    fn new(tasks: &Rc<Tasks<H>>, export: Option<Waker>, work: Work) -> Rc<Self> {
        let (number, knock) = registry::number();
        // What is spawned begins in the host's task that the running one is in.
        let home = registry::running().filter(|_| export.is_none()).map_or(number, |running| running.home);
        let task = Rc::new(Self {
            tasks: Rc::clone(tasks),
            id: Running { number, home },
            knock,
            export: RefCell::new(export),
            work: RefCell::new(Some(work)),
            timer: RefCell::default(),
            bell: RefCell::default(),
            state: Cell::new(State::Awake),
        });
        registry::add(number, Rc::<Self>::clone(&task));
        task
    }

    /// A pass, and the first passes of what it spawned.
    fn run(&self) -> Poll<()> {
        let before = self.tasks.begin(self.id);
        let polled = self.pass();
        self.tasks.end(before);
        self.tasks.begin_spawned();
        polled
    }

    fn pass(&self) -> Poll<()> {
        let mut context = Context::from_waker(&self.knock);
        let mut polls = 0_usize;
        self.drop_timer_that_has_come(&mut context);
        loop {
            self.state.set(State::Running);
            self.tasks.pass.set(Pass::new(self.tasks.pass.get().now));
            let polled = self.work.borrow_mut().as_mut().map(|work| work.as_mut().poll(&mut context));
            if !matches!(polled, Some(Poll::Pending)) {
                self.end();
                return Poll::Ready(());
            }
            polls = polls.saturating_add(1);
            if self.state.get() == State::Again {
                if polls < PASS_POLLS {
                    continue;
                }
                self.tasks.want_turn();
            }
            if self.tasks.pass.get().wants_turn && self.ask_for_turn().is_ready() {
                return Poll::Pending;
            }
            if self.poll_timer(&mut context).is_pending() {
                self.sleep(&mut context);
                return Poll::Pending;
            }
            // It may have come.
            self.tasks.pass.set(Pass::new(None));
        }
    }

    /// Ready if there will be a pass. If not, there will be one at the deadline.
    fn ask_for_turn(&self) -> Poll<()> {
        if let Some(export) = &*self.export.borrow() {
            self.state.set(State::Awake);
            export.wake_by_ref();
            return Poll::Ready(());
        }
        self.tasks.poll_until(self.tasks.host.now() + TURN)
    }

    /// Ready when the earliest deadline of the pass may have come. A timer that is too early is kept: setting another costs more
    /// than a pass for nothing.
    fn poll_timer(&self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.tasks.pass.get().deadline else { return Poll::Pending };
        let mut slot = self.timer.borrow_mut();
        let (_, timer) = match &mut *slot {
            Some(timer) if timer.0 <= deadline => timer,
            slot => slot.insert((deadline, Operation::new(self.tasks.host.wait_until(deadline)))),
        };
        let polled = Pin::new(timer).poll(context);
        if polled.is_ready() {
            *slot = None;
        }
        polled
    }

    fn drop_timer_that_has_come(&self, context: &mut Context<'_>) {
        let mut slot = self.timer.borrow_mut();
        if slot.as_mut().is_some_and(|(_, timer)| Pin::new(timer).poll(context).is_ready()) {
            *slot = None;
        }
    }

    fn sleep(&self, context: &mut Context<'_>) {
        let mut bell = self.bell.borrow_mut();
        bell.get_or_insert_with(|| self.tasks.take_bell()).listen(context);
        self.state.set(State::Asleep);
        self.tasks.sleeping.borrow_mut().push(self.id.number);
    }

    /// It sleeps no more. Returns whether it did.
    fn wake_up(&self) -> bool {
        let was_asleep = self.state.get() == State::Asleep;
        match self.state.get() {
            State::Asleep => self.state.set(State::Awake),
            State::Running => self.state.set(State::Again),
            State::Awake | State::Again => {}
        }
        if was_asleep {
            let mut sleeping = self.tasks.sleeping.borrow_mut();
            if let Some(place) = sleeping.iter().position(|number| *number == self.id.number) {
                sleeping.swap_remove(place);
            }
        }
        was_asleep
    }

    /// In a pass, where what is in flight may be dropped.
    fn end(&self) {
        self.wake_up();
        self.work.take();
        self.timer.take();
        self.tasks.inherited.borrow_mut().extend(self.bell.take());
        registry::forget(self.id.number);
    }
}

impl<H: Host> Wakes for Task<H> {
    fn knock(&self) {
        if self.wake_up()
            && let Some(bell) = &mut *self.bell.borrow_mut()
        {
            bell.ring();
        }
    }

    fn note_event(&self) {
        self.wake_up();
    }

    fn go_on(self: Rc<Self>) {
        if let Some(export) = &*self.export.borrow() {
            export.wake_by_ref();
        } else if self.state.get() == State::Awake {
            self.tasks.spawned.borrow_mut().push_back(Rc::clone(&self));
            self.tasks.begin_spawned();
        }
    }
}

/// A task within an export. Dropping it drops what is in flight with it.
///
/// It is not ready when it is polled first. In wasmtime 48 and 50, an async call between components that returns without having
/// suspended leaves an entry in the host's table, and the millionth traps.
pub(crate) struct Call<H: Host, T> {
    task: Rc<Task<H>>,
    outcome: Rc<Cell<Option<T>>>,
    has_suspended: bool,
}

impl<H: Host, T> Future for Call<H, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Self { task, outcome, has_suspended } = self.get_mut();
        if let Some(export) = &mut *task.export.borrow_mut() {
            export.clone_from(context.waker());
        }
        task.wake_up();
        let has_ended = task.work.borrow().is_none();
        if !has_ended && task.run().is_pending() {
            *has_suspended = true;
        } else if !std::mem::replace(has_suspended, true) {
            context.waker().wake_by_ref();
        } else if let Some(outcome) = outcome.take() {
            return Poll::Ready(outcome);
        }
        Poll::Pending
    }
}

impl<H: Host, T> Drop for Call<H, T> {
    fn drop(&mut self) {
        if self.task.work.borrow().is_some() {
            let before = self.task.tasks.begin(self.task.id);
            self.task.end();
            self.task.tasks.end(before);
            self.task.tasks.begin_spawned();
        }
    }
}
