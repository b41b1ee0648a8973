//! Exact wakers, as over WASI 0.3: a future is polled only when it was woken. A missing wake-up would hang, and fails the test.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use xenon::error::Code;
use xenon::http::fields::Fields;
use xenon::net::Net;
use xenon::net::sim::{Script, SimNet, poll_once};
use xenon::session::whole;

use crate::support::*;

/// Several tasks, each polled only when it was woken.
struct Tasks<'a> {
    net: &'a SimNet,
    all: Vec<Task<'a>>,
}

struct Task<'a> {
    future: Option<Pin<Box<dyn Future<Output = ()> + 'a>>>,
    flag: Arc<Flag>,
    polls: u64,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'a> Tasks<'a> {
    fn new(net: &'a SimNet) -> Self {
        net.set_exact_wakers(true);
        Self { net, all: Vec::new() }
    }

    /// Adds a task. Tasks are numbered in order.
    fn add(&mut self, future: impl Future<Output = ()> + 'a) {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        self.all.push(Task { future: Some(Box::pin(future)), flag, polls: 0 });
    }

    /// Polls the tasks that were woken, until none is.
    fn turn(&mut self) {
        while let Some(task) =
            self.all.iter_mut().find(|task| task.future.is_some() && task.flag.0.load(Ordering::Relaxed))
        {
            task.flag.0.store(false, Ordering::Relaxed);
            task.polls += 1;
            assert!(task.polls < 10_000, "it is woken for ever");
            let waker = Waker::from(Arc::clone(&task.flag));
            if let Some(future) = &mut task.future
                && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
            {
                task.future = None;
            }
        }
    }

    /// Until all have ended.
    fn run(&mut self) {
        self.turn();
        while self.all.iter().any(|task| task.future.is_some()) {
            assert!(self.net.wait(None), "a task that nothing wakes");
            self.turn();
        }
    }

    fn polls(&self) -> Vec<u64> {
        self.all.iter().map(|task| task.polls).collect()
    }
}

#[test]
fn a_task_is_polled_once_for_each_wish_that_comes_true() {
    let (net, session) = world([Script::new().expect_head().delay(SECOND).send(ok("o")).delay(SECOND).close()]);
    let request = session.request("GET", "/");
    let mut tasks = Tasks::new(&net);
    tasks.add(async { drop(whole::fetch(&request, false).await.unwrap()) });
    tasks.run();
    assert_eq!(tasks.polls(), [2], "from the request to the first byte it has nothing to do");
}

#[test]
fn who_waits_for_a_connection_is_woken_in_turn() {
    const ALL: usize = 5;
    let script = (0..ALL).fold(Script::new(), |script, _| script.expect_head().delay(SECOND).send(ok("ok")));
    let (net, session) = world([script]);
    set_limits(&session, |limits| limits.connections = 1);
    let order = RefCell::new(Vec::new());
    let exchanges: Vec<_> = (0..ALL).map(|_| start(&session)).collect();
    let mut tasks = Tasks::new(&net);
    for (number, exchange) in exchanges.iter().enumerate() {
        let order = &order;
        tasks.add(async move {
            let response = poll_fn(|context| exchange.poll_response(context)).await.unwrap();
            assert_eq!(whole::read_to_end(&response).await.unwrap(), b"ok");
            order.borrow_mut().push(number);
        });
    }
    tasks.run();
    assert_eq!(*order.borrow(), (0..ALL).collect::<Vec<_>>());
    assert_eq!(tasks.polls(), [2, 3, 3, 3, 3], "one that waits is woken for its own connection only");
    assert_eq!(net.connections(), 1);
    net.assert_done();
}

#[test]
fn who_leaves_the_queue_lets_the_next_go() {
    let (net, session) = world([answers(2)]);
    set_limits(&session, |limits| limits.connections = 1);
    let first = start(&session);
    let response = response(&net, &first).unwrap();
    let second = Rc::new(RefCell::new(Some(start(&session))));
    let third = start(&session);
    let mut tasks = Tasks::new(&net);
    let of_second = Rc::clone(&second);
    tasks.add(poll_fn(move |context| match &*of_second.borrow() {
        Some(exchange) => exchange.poll_response(context).map(drop),
        None => Poll::Ready(()),
    }));
    tasks.add(async {
        poll_fn(|context| third.poll_response(context)).await.unwrap();
    });
    tasks.turn();
    // The second is woken, and gone before it is polled.
    assert_eq!(content(&net, &response).unwrap(), "ok");
    tasks.all[0].future = None;
    second.take();
    tasks.run();
    assert_eq!(net.connections(), 1);
}

#[test]
fn timeout_in_the_queue_lets_the_next_go() {
    let (net, session) = world([answers(1).stall()]);
    set_limits(&session, |limits| limits.connections = 1);
    set_deadlines(&session, |deadlines| deadlines.exchange = 5 * SECOND);
    let first = start(&session);
    let response = response(&net, &first).unwrap();
    let (begin, second) = (net.now(), start(&session));
    let mut tasks = Tasks::new(&net);
    tasks.add(async {
        let outcome = poll_fn(|context| second.poll_response(context)).await;
        assert_eq!(failure(outcome).1, Code::ExchangeTimeout);
    });
    tasks.run();
    assert_eq!(net.now().since(begin), 5 * SECOND);
    drop(response);
}

#[test]
fn both_sides_of_an_exchange_are_woken() {
    const PIECES: usize = 20;
    const LENGTH: usize = 30_000;
    // The server answers while it reads, and each side waits for the other now and then.
    let script = Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n");
    let script = (0..PIECES).fold(script, |script, _| script.expect_bytes(LENGTH as u64).delay(SECOND).send("x"));
    for reads_first in [false, true] {
        let (net, session) = world([script.clone().close()]);
        let exchange = streamed(&session, Some((PIECES * LENGTH) as u64));
        exchange.try_write(vec![b'x'; LENGTH]).unwrap().unwrap();
        let response = response(&net, &exchange).unwrap();
        let received = Cell::new(0);
        let mut tasks = Tasks::new(&net);
        let read = async {
            while let Some(piece) = poll_fn(|context| response.poll_read(context, 99)).await.unwrap() {
                received.set(received.get() + piece.len());
            }
        };
        let write = async {
            for _ in 1..PIECES {
                let mut piece = Some(vec![b'x'; LENGTH]);
                while let Some(unsent) = piece.take() {
                    piece = exchange.try_write(unsent).unwrap().err();
                    if piece.is_some() {
                        poll_fn(|context| exchange.poll_ready(context)).await;
                    }
                }
            }
            poll_fn(|context| exchange.poll_flush(context)).await.unwrap();
        };
        if reads_first {
            tasks.add(read);
            tasks.add(write);
        } else {
            tasks.add(write);
            tasks.add(read);
        }
        tasks.run();
        drop(tasks);
        assert_eq!(received.get(), PIECES);
        net.assert_done();
    }
}

#[test]
fn a_reader_sends_what_a_writer_has_left_behind() {
    const LENGTH: usize = 100_000;
    let script = Script::new().expect_head().stop_reading().send("HTTP/1.1 200 OK\r\n\r\n").delay(SECOND);
    let (net, session) = world([script.window(1 << 16).expect_bytes(LENGTH as u64).send("x").close()]);
    let exchange = streamed(&session, Some(LENGTH as u64));
    let response = response(&net, &exchange).unwrap();
    let mut tasks = Tasks::new(&net);
    tasks.add(async {
        assert_eq!(whole::read_to_end(&response).await.unwrap(), b"x");
    });
    tasks.turn();
    tasks.add(poll_fn(|context| {
        exchange.try_write(vec![b'x'; LENGTH]).unwrap().unwrap();
        assert!(exchange.poll_flush(context).is_pending());
        Poll::Ready(())
    }));
    let begin = net.now();
    tasks.run();
    assert_eq!(net.now().since(begin), SECOND);
    net.assert_done();
}

#[test]
fn what_is_written_wakes_who_waits_for_the_answer() {
    let (net, session) = world([Script::new().expect_head().expect("5\r\nhello\r\n0\r\n\r\n").send(ok("ok"))]);
    let exchange = streamed(&session, None);
    let mut tasks = Tasks::new(&net);
    tasks.add(async {
        let response = poll_fn(|context| exchange.poll_response(context)).await.unwrap();
        assert_eq!(response.head().status, 200);
    });
    tasks.turn();
    exchange.try_write(b"hello".to_vec()).unwrap().unwrap();
    tasks.turn();
    assert!(sent(&net, 0).ends_with("5\r\nhello\r\n"), "{}", sent(&net, 0));
    exchange.finish(Fields::default()).unwrap();
    tasks.run();
    net.assert_done();
}

#[test]
fn who_is_ended_by_another_is_woken() {
    for ending in 0..3 {
        let (net, session) = world([Script::new().expect_head().stall()]);
        let exchange = start(&session);
        let code = Cell::new(None);
        let mut tasks = Tasks::new(&net);
        tasks.add(async {
            let outcome = poll_fn(|context| exchange.poll_response(context)).await;
            code.set(outcome.err().map(|error| error.code));
        });
        tasks.turn();
        let session = match ending {
            0 => {
                session.close_connection();
                Some(session)
            }
            1 => {
                exchange.cancel();
                Some(session)
            }
            _ => {
                drop(session);
                None
            }
        };
        tasks.turn();
        drop(tasks);
        let expected = [Code::ConnectionClosed, Code::Cancelled, Code::SessionDropped];
        assert_eq!(code.take(), Some(expected[ending].clone()));
        drop(session);
    }
}

#[test]
fn a_wish_is_that_of_whoever_was_polled_last() {
    let (net, session) = world([Script::new().expect_head().delay(SECOND).send(ok("ok"))]);
    let exchange = start(&session);
    let mut tasks = Tasks::new(&net);
    // The first looks once, and leaves; the second waits.
    tasks.add(poll_fn(|context| {
        assert!(exchange.poll_response(context).is_pending());
        Poll::Ready(())
    }));
    tasks.add(async {
        poll_fn(|context| exchange.poll_response(context)).await.unwrap();
    });
    tasks.run();
    assert_eq!(tasks.polls(), [1, 2]);
    assert!(poll_once(|context| exchange.poll_ready(context)).is_pending(), "the answer was taken");
}
