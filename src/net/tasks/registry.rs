//! The tasks of this thread by number, and which of them runs. A waker may be sent to another thread and a task may not, so wakers
//! know numbers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// A task, for those who wake it.
pub(super) trait Wakes {
    /// Somebody wakes it, from anywhere: its own pass, another task, or no task at all.
    fn knock(&self);

    /// An operation of it has come. Nothing else happens before [`go_on`](Self::go_on).
    fn note_event(&self);

    /// It goes on. Called where its operations may be polled.
    fn go_on(self: Rc<Self>);
}

thread_local! {
    static TASKS: RefCell<BTreeMap<u64, Rc<dyn Wakes>>> = const { RefCell::new(BTreeMap::new()) };
    static BEGUN: Cell<u64> = const { Cell::new(0) };
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// The task whose pass runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) number: u64,
    /// The number of the task that began the host's task which this one is in.
    pub(super) home: u64,
}

/// A number for a task, and its waker for everybody.
pub(super) fn number() -> (u64, Waker) {
    let number = BEGUN.get();
    BEGUN.set(number.wrapping_add(1));
    (number, Waker::from(Arc::new(Knock(number))))
}

/// Makes a task known, until it is [forgotten](forget).
pub(super) fn add(number: u64, task: Rc<dyn Wakes>) {
    TASKS.with_borrow_mut(|tasks| tasks.insert(number, task));
}

/// Its wakers wake nothing any more.
pub(super) fn forget(number: u64) -> Option<Rc<dyn Wakes>> {
    TASKS.with_borrow_mut(|tasks| tasks.remove(&number))
}

pub(super) fn find(number: u64) -> Option<Rc<dyn Wakes>> {
    TASKS.with_borrow(|tasks| tasks.get(&number).cloned())
}

/// The task whose pass runs.
pub(super) fn running() -> Option<Running> {
    RUNNING.get()
}

/// Sets whose pass runs, and returns whose did.
pub(super) fn set_running(running: Option<Running>) -> Option<Running> {
    RUNNING.replace(running)
}

/// Wakes the task with this number.
struct Knock(u64);

impl Wake for Knock {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(task) = find(self.0) {
            task.knock();
        }
    }
}
