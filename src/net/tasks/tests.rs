//! Tasks over a host that is played: what is in flight, which events are told, and how often it is called.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Wake;

use super::*;
use crate::limits::PASS_POLLS;

/// One operation of the host: what a registration is for, and its event.
#[derive(Clone, Default)]
struct InFlight(Rc<RefCell<Flight>>);

#[derive(Default)]
struct Flight {
    /// Whether the host has an event for it.
    has_come: bool,
    /// How often it was polled, each a call into the host.
    polls: usize,
    waker: Option<Waker>,
}

impl InFlight {
    fn operation(&self) -> Operation<()> {
        let flight = self.clone();
        Operation::new(poll_fn(move |context| flight.poll(context)))
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut flight = self.0.borrow_mut();
        flight.polls += 1;
        if std::mem::take(&mut flight.has_come) {
            flight.waker = None;
            return Poll::Ready(());
        }
        flight.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The host tells that it has come.
    fn come(&self) {
        self.0.borrow_mut().has_come = true;
        let waker = self.0.borrow_mut().waker.take();
        waker.expect("it is in flight").wake();
    }

    fn is_in_flight(&self) -> bool {
        self.0.borrow().waker.is_some()
    }

    fn polls(&self) -> usize {
        self.0.borrow().polls
    }
}

/// A bell of the played host.
struct TestBell {
    flight: InFlight,
    operation: Option<Operation<()>>,
    rung: Rc<Cell<usize>>,
}

impl Bell for TestBell {
    fn poll_rung(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let operation = self.operation.get_or_insert_with(|| self.flight.operation());
        let polled = Pin::new(operation).poll(context);
        if polled.is_ready() {
            self.operation = None;
        }
        polled
    }

    fn ring(&mut self) {
        assert!(self.flight.is_in_flight(), "nobody listens");
        self.rung.set(self.rung.get() + 1);
    }

    fn silence(&mut self, context: &mut Context<'_>) {
        assert!(is_running(), "cancelled outside a task");
        if let Some(operation) = &mut self.operation {
            self.flight.0.borrow_mut().has_come = true;
            operation.open();
            assert!(self.poll_rung(context).is_ready());
            self.flight.0.take();
        }
    }
}

#[derive(Clone, Default)]
struct TestHost {
    now: Rc<Cell<u64>>,
    timers: Rc<RefCell<Vec<(Instant, InFlight)>>>,
    bells: Rc<RefCell<Vec<InFlight>>>,
    rung: Rc<Cell<usize>>,
}

impl Host for TestHost {
    type Bell = TestBell;

    fn now(&self) -> Instant {
        Instant::from_nanos(self.now.get())
    }

    fn wait_until(&self, time: Instant) -> impl Future<Output = ()> + 'static {
        let flight = InFlight::default();
        self.timers.borrow_mut().push((time, flight.clone()));
        poll_fn(move |context| flight.poll(context))
    }

    fn new_bell(&self) -> TestBell {
        let flight = InFlight::default();
        self.bells.borrow_mut().push(flight.clone());
        TestBell { flight, operation: None, rung: Rc::clone(&self.rung) }
    }
}

/// The host's side of an export: it polls it when it was woken.
#[derive(Default)]
struct Export(AtomicUsize);

impl Wake for Export {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Run<T> {
    call: Pin<Box<Call<TestHost, T>>>,
    export: Arc<Export>,
}

impl<T: 'static> Run<T> {
    fn new(tasks: &Rc<Tasks<TestHost>>, work: impl Future<Output = T> + 'static) -> Self {
        Self { call: Box::pin(tasks.call(work)), export: Arc::default() }
    }

    fn poll(&mut self) -> Poll<T> {
        self.export.0.store(0, Ordering::Relaxed);
        self.call.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.export))))
    }

    fn is_woken(&self) -> bool {
        self.export.0.load(Ordering::Relaxed) > 0
    }
}

fn played() -> (TestHost, Rc<Tasks<TestHost>>) {
    let host = TestHost::default();
    (host.clone(), Tasks::new(host))
}

/// Lets others wake the task that awaits this.
#[derive(Clone, Default)]
struct Flag(Rc<(Cell<bool>, RefCell<Option<Waker>>)>);

impl Flag {
    async fn raised(self) {
        poll_fn(|context| {
            self.0.1.replace(Some(context.waker().clone()));
            if self.0.0.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn wake(&self) {
        self.0.1.borrow().as_ref().expect("somebody waits").wake_by_ref();
    }

    fn raise(&self) {
        self.0.0.set(true);
        self.wake();
    }
}

#[test]
fn an_operation_is_polled_when_it_has_come_and_not_before() {
    let (host, tasks) = played();
    let (first, second) = (InFlight::default(), InFlight::default());
    let (one, other) = (first.operation(), second.operation());
    let mut run = Run::new(&tasks, async move {
        one.await;
        other.await;
    });
    assert!(run.poll().is_pending());
    assert!(run.poll().is_pending());
    assert_eq!((first.polls(), second.polls()), (1, 0));
    assert_eq!(host.bells.borrow()[0].polls(), 1);
    first.come();
    assert!(run.is_woken());
    assert!(run.poll().is_pending());
    assert_eq!((first.polls(), second.polls()), (2, 1));
    second.come();
    assert!(run.poll().is_ready());
    // Nobody rang, and what the bell had in flight was cancelled.
    assert_eq!(host.rung.get(), 0);
    assert!(!host.bells.borrow()[0].is_in_flight());
}

#[test]
fn a_call_does_not_return_at_once() {
    let (host, tasks) = played();
    let mut run = Run::new(&tasks, async { 1 });
    assert!(run.poll().is_pending());
    assert!(run.is_woken());
    assert_eq!(run.poll(), Poll::Ready(1));
    assert!(host.bells.borrow().is_empty());
}

#[test]
fn outside_a_task_an_operation_stays_as_it_is() {
    let flight = InFlight::default();
    let mut operation = flight.operation();
    assert!(Pin::new(&mut operation).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(flight.polls(), 0);
}

#[test]
fn a_sleeping_task_is_woken_by_its_bell_and_the_host_tells_it() {
    let (host, tasks) = played();
    let flag = Flag::default();
    let mut run = Run::new(&tasks, flag.clone().raised());
    assert!(run.poll().is_pending());
    flag.raise();
    assert_eq!(host.rung.get(), 1);
    assert!(!run.is_woken(), "only the host may go on with the export");
    let bell = host.bells.borrow()[0].clone();
    bell.come();
    assert!(run.is_woken());
    assert!(run.poll().is_ready());
}

#[test]
fn a_bell_is_not_rung_again_before_the_host_has_told() {
    let (host, tasks) = played();
    let (flag, flight) = (Flag::default(), InFlight::default());
    let (raised, mut operation) = (flag.clone().raised(), flight.operation());
    let mut run = Run::new(&tasks, async move {
        let mut raised = Box::pin(raised);
        poll_fn(|context| {
            let _ = Pin::new(&mut operation).poll(context);
            raised.as_mut().poll(context)
        })
        .await;
    });
    assert!(run.poll().is_pending());
    flag.wake();
    flag.wake();
    // The event of another operation comes first.
    flight.come();
    let _ = run.poll();
    flag.raise();
    assert_eq!(host.rung.get(), 1);
    let bell = host.bells.borrow()[0].clone();
    bell.come();
    assert!(run.poll().is_ready());
}

#[test]
fn a_bell_that_was_rung_rings_again_once_its_task_has_slept_again() {
    let (host, tasks) = played();
    let flag = Flag::default();
    let mut run = Run::new(&tasks, flag.clone().raised());
    for times in 1..4 {
        assert!(run.poll().is_pending());
        flag.wake();
        assert_eq!(host.rung.get(), times);
        let bell = host.bells.borrow()[0].clone();
        bell.come();
    }
    assert_eq!(host.bells.borrow().len(), 1);
}

#[test]
fn what_is_spawned_goes_on_after_the_export_has_returned_and_inherits_its_bell() {
    let (host, tasks) = played();
    let (head, content) = (InFlight::default(), InFlight::default());
    let (operation, mut shared) = (head.operation(), content.operation());
    let is_over = Rc::new(Cell::new(false));
    let (within, told) = (Rc::clone(&tasks), Rc::clone(&is_over));
    let mut run = Run::new(&tasks, async move {
        let mut operation = operation;
        poll_fn(|context| {
            let _ = Pin::new(&mut shared).poll(context);
            Pin::new(&mut operation).poll(context)
        })
        .await;
        within.spawn(async move {
            shared.await;
            told.set(true);
        });
    });
    assert!(run.poll().is_pending());
    head.come();
    assert!(run.poll().is_ready());
    drop(run);
    let bell = host.bells.borrow()[0].clone();
    assert!(bell.is_in_flight());
    // They are in the same task of the host, so nothing was registered anew.
    assert_eq!((bell.polls(), content.polls()), (1, 1));
    content.come();
    assert!(is_over.get());
    assert!(!bell.is_in_flight());
    assert_eq!(host.bells.borrow().len(), 1);
}

#[test]
fn a_spawned_task_that_sleeps_is_woken_by_its_bell() {
    let (host, tasks) = played();
    let flag = Flag::default();
    let is_over = Rc::new(Cell::new(false));
    let (raised, told) = (flag.clone().raised(), Rc::clone(&is_over));
    tasks.spawn(async move {
        raised.await;
        told.set(true);
    });
    flag.raise();
    assert!(!is_over.get(), "its operations belong to a task of the host, which does not run");
    let bell = host.bells.borrow()[0].clone();
    bell.come();
    assert!(is_over.get());
}

#[test]
fn an_inherited_bell_that_nobody_needs_falls_silent() {
    let (host, tasks) = played();
    let flight = InFlight::default();
    let (operation, within) = (flight.operation(), Rc::clone(&tasks));
    let mut run = Run::new(&tasks, async move {
        operation.await;
        within.spawn(async {});
    });
    assert!(run.poll().is_pending());
    flight.come();
    assert!(run.poll().is_ready());
    assert!(!host.bells.borrow()[0].is_in_flight());
}

#[test]
fn silent_bells_are_kept_for_the_next_tasks_and_not_more_than_so_many() {
    let (host, tasks) = played();
    let kept = tasks.keep();
    for _ in 0..2 {
        let flights: Vec<_> = (0..SPARE_BELLS + 3).map(|_| InFlight::default()).collect();
        let mut runs: Vec<_> = flights.iter().map(|flight| Run::new(&tasks, flight.operation())).collect();
        runs.iter_mut().for_each(|run| assert!(run.poll().is_pending()));
        flights.iter().for_each(InFlight::come);
        runs.iter_mut().for_each(|run| assert!(run.poll().is_ready()));
        assert_eq!(tasks.spare.borrow().len(), SPARE_BELLS);
    }
    assert_eq!(host.bells.borrow().len(), SPARE_BELLS + 3 + 3);
    drop(kept);
    assert!(tasks.spare.borrow().is_empty());
}

#[test]
fn no_bell_is_kept_when_nothing_else_is() {
    let (_, tasks) = played();
    let flight = InFlight::default();
    let mut run = Run::new(&tasks, flight.operation());
    assert!(run.poll().is_pending());
    flight.come();
    assert!(run.poll().is_ready());
    assert!(tasks.spare.borrow().is_empty());
}

#[test]
fn the_host_has_its_turn_before_a_task_that_wants_that_is_polled_again() {
    let (host, tasks) = played();
    let within = Rc::clone(&tasks);
    let mut turns = 0;
    let mut run = Run::new(
        &tasks,
        poll_fn(move |_| {
            turns += 1;
            if turns > 2 {
                return Poll::Ready(());
            }
            within.want_turn();
            Poll::Pending
        }),
    );
    for _ in 0..2 {
        assert!(run.poll().is_pending());
        assert!(run.is_woken());
    }
    assert!(run.poll().is_ready());
    // It never slept.
    assert!(host.bells.borrow().is_empty());
}

#[test]
fn a_spawned_task_has_its_turn_by_a_timer() {
    let (host, tasks) = played();
    let (within, turns) = (Rc::clone(&tasks), Rc::new(Cell::new(0)));
    let counted = Rc::clone(&turns);
    tasks.spawn(poll_fn(move |_| {
        counted.set(counted.get() + 1);
        within.want_turn();
        Poll::Pending
    }));
    assert_eq!(turns.get(), 1);
    host.now.set(1_000_000);
    let (time, timer) = host.timers.borrow()[0].clone();
    assert_eq!(time, Instant::from_nanos(1_000_000));
    timer.come();
    assert_eq!(turns.get(), 2);
}

#[test]
fn a_task_that_wakes_itself_goes_on_at_once_but_not_without_end() {
    let (host, tasks) = played();
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let mut run = Run::new(
        &tasks,
        poll_fn(move |context| {
            counted.set(counted.get() + 1);
            context.waker().wake_by_ref();
            if counted.get() < PASS_POLLS * 2 { Poll::Pending } else { Poll::Ready(()) }
        }),
    );
    assert!(run.poll().is_pending());
    assert_eq!(polls.get(), PASS_POLLS);
    assert!(run.is_woken());
    assert!(run.poll().is_ready());
    assert_eq!(host.rung.get(), 0);
}

#[test]
fn a_timer_that_is_early_enough_is_kept() {
    let (host, tasks) = played();
    let within = Rc::clone(&tasks);
    let (flag, deadline) = (Flag::default(), Rc::new(Cell::new(100)));
    let (raised, wanted) = (flag.clone().raised(), Rc::clone(&deadline));
    let mut run = Run::new(&tasks, async move {
        let mut raised = Box::pin(raised);
        poll_fn(|context| {
            let _ = raised.as_mut().poll(context);
            within.poll_until(Instant::from_nanos(wanted.get()))
        })
        .await;
    });
    let timers = || host.timers.borrow().iter().map(|(time, _)| time.as_nanos()).collect::<Vec<_>>();
    assert!(run.poll().is_pending());
    // Later is no reason to set another one.
    deadline.set(300);
    assert!(run.poll().is_pending());
    assert_eq!(timers(), [100]);
    // It was too early.
    host.now.set(100);
    let timer = host.timers.borrow()[0].1.clone();
    timer.come();
    assert!(run.poll().is_pending());
    assert_eq!(timers(), [100, 300]);
    deadline.set(200);
    assert!(run.poll().is_pending());
    assert_eq!(timers(), [100, 300, 200]);
    host.now.set(200);
    let timer = host.timers.borrow()[2].1.clone();
    timer.come();
    assert!(run.poll().is_ready());
}

/// Tells when it is dropped, and whether that was in a task.
struct Thing(Rc<Cell<Option<bool>>>);

impl Buried for Thing {}

impl Drop for Thing {
    fn drop(&mut self) {
        self.0.set(Some(is_running()));
    }
}

#[test]
fn what_is_buried_outside_a_task_wakes_one_that_drops_it() {
    let (host, tasks) = played();
    let (flag, fate) = (Flag::default(), Rc::default());
    let mut run = Run::new(&tasks, flag.raised());
    assert!(run.poll().is_pending());
    tasks.bury(Thing(Rc::clone(&fate)));
    assert_eq!((host.rung.get(), fate.get()), (1, None));
    let bell = host.bells.borrow()[0].clone();
    bell.come();
    assert!(run.poll().is_pending());
    assert_eq!(fate.get(), Some(true));
}

#[test]
fn what_is_buried_in_a_task_is_dropped_at_once() {
    let (_, tasks) = played();
    let fate = Rc::default();
    let (within, thing) = (Rc::clone(&tasks), Thing(Rc::clone(&fate)));
    let mut run = Run::new(&tasks, async move { within.bury(thing) });
    let _ = run.poll();
    assert_eq!(fate.get(), Some(true));
}

#[test]
fn a_call_that_is_dropped_drops_its_work_as_in_a_task() {
    let (host, tasks) = played();
    let (flag, fate) = (Flag::default(), Rc::default());
    let (raised, thing) = (flag.clone().raised(), Thing(Rc::clone(&fate)));
    let mut run = Run::new(&tasks, async move {
        raised.await;
        drop(thing);
    });
    assert!(run.poll().is_pending());
    drop(run);
    assert_eq!(fate.get(), Some(true));
    assert!(!host.bells.borrow()[0].is_in_flight());
    // Its waker is somewhere still.
    flag.wake();
    assert_eq!(host.rung.get(), 0);
}

#[test]
fn futures_between_the_task_and_an_operation_are_woken_too() {
    /// Polls its future only when woken, as those do that hold many.
    struct Lazy(Mutex<Option<Waker>>, AtomicUsize);

    impl Wake for Lazy {
        fn wake(self: Arc<Self>) {
            self.1.store(1, Ordering::Relaxed);
            self.0.lock().expect("nobody panicked").take().expect("it was polled").wake();
        }
    }

    let (host, tasks) = played();
    let flight = InFlight::default();
    let mut operation = flight.operation();
    let lazy = Arc::new(Lazy(Mutex::default(), AtomicUsize::new(1)));
    let mut run = Run::new(
        &tasks,
        poll_fn(move |context| {
            *lazy.0.lock().expect("nobody panicked") = Some(context.waker().clone());
            if lazy.1.swap(0, Ordering::Relaxed) == 0 {
                return Poll::Pending;
            }
            Pin::new(&mut operation).poll(&mut Context::from_waker(&Waker::from(Arc::clone(&lazy))))
        }),
    );
    assert!(run.poll().is_pending());
    flight.come();
    assert!(run.poll().is_ready());
    assert_eq!(host.rung.get(), 0);
}

#[test]
fn a_task_within_a_task_leaves_the_outer_one_as_it_was() {
    let (_, tasks) = played();
    let (inner, outer) = (InFlight::default(), InFlight::default());
    let (within, first, second) = (Rc::clone(&tasks), inner.operation(), outer.operation());
    let mut run = Run::new(&tasks, async move {
        within.call(first).await;
        second.await;
    });
    assert!(run.poll().is_pending());
    inner.come();
    let _ = run.poll();
    assert_eq!(outer.polls(), 1);
    outer.come();
    assert!(run.poll().is_ready());
}
