//! One task: its passes, its timer and its bell.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::operation::Operation;
use super::registry::{self, Running, Wakes};
use super::{Host, Hung, Pass, TURN, Tasks};
use crate::clock::Instant;
use crate::limits::PASS_POLLS;

type Work = Pin<Box<dyn Future<Output = ()>>>;

pub(super) struct Task<H: Host> {
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
    pub(super) fn new(tasks: &Rc<Tasks<H>>, export: Option<Waker>, work: Work) -> Rc<Self> {
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
    pub(super) fn run(&self) -> Poll<()> {
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
    pub(super) task: Rc<Task<H>>,
    pub(super) outcome: Rc<Cell<Option<T>>>,
    pub(super) has_suspended: bool,
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
