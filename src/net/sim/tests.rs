//! What tests of the session rely on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::buffer::Buffer;
use crate::net::{Dial as _, Lookup as _, Net as _, Receive, Received, Stream as _};

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);
const SECOND: Duration = Duration::from_secs(1);

fn world(scripts: impl IntoIterator<Item = Script>) -> SimNet {
    let net = SimNet::new();
    net.listen(HERE, scripts);
    net
}

async fn connect(net: &SimNet) -> Result<Stream, Fault> {
    let mut dial = net.connect(HERE, None);
    std::future::poll_fn(|context| dial.poll(context)).await
}

async fn send(stream: &mut Stream, mut bytes: &[u8]) -> Result<(), Fault> {
    while !bytes.is_empty() {
        let step = std::future::poll_fn(|context| stream.poll_step(context, bytes, None)).await;
        bytes = &bytes[step.sent?..];
    }
    Ok(())
}

/// The next piece, or how receiving ended.
async fn receive(stream: &mut Stream) -> Result<Vec<u8>, Received> {
    let mut buffer = Buffer::default();
    let step =
        |context: &mut Context<'_>| stream.poll_step(context, &[], Some(Receive { buffer: &mut buffer, max: 1000 }));
    match std::future::poll_fn(step).await.received {
        Received::Bytes => Ok(buffer.take(1000)),
        over => Err(over),
    }
}

/// A look at what should be silent: what came of it, and one byte if there is one.
fn look(stream: &mut Stream) -> (Received, Vec<u8>) {
    let mut buffer = Buffer::default();
    let received = stream.try_receive(Receive { buffer: &mut buffer, max: 1 });
    (received, buffer.take(1))
}

/// All pieces, and how receiving ended.
async fn receive_all(stream: &mut Stream) -> (Vec<Vec<u8>>, Received) {
    let mut pieces = Vec::new();
    loop {
        match receive(stream).await {
            Ok(piece) => pieces.push(piece),
            Err(over) => return (pieces, over),
        }
    }
}

fn panics(action: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(action)).is_err()
}

#[test]
fn a_script_is_performed_and_time_passes_only_in_waits() {
    let net = world([Script::new().expect("ping").delay(SECOND).send("pong").close()]);
    let begin = net.now();
    net.run(async {
        let mut stream = connect(&net).await.unwrap();
        send(&mut stream, b"ping").await.unwrap();
        assert_eq!(net.now(), begin);
        assert_eq!(receive_all(&mut stream).await, (vec![b"pong".to_vec()], Received::End));
        assert_eq!(net.open_connections(), 1);
    });
    assert_eq!(net.now().since(begin), SECOND);
    assert_eq!((net.open_connections(), net.connections()), (0, 1));
    assert_eq!((net.sent(0), net.bytes_sent(), net.bytes_received()), (b"ping".to_vec(), 4, 4));
    net.assert_done();
}

#[test]
fn names_and_addresses_answer_as_they_were_made() {
    let net = SimNet::new();
    net.name("a.test", [HERE.ip(), HERE.ip()]);
    net.name_after("slow.test", Some(SECOND), Err(Fault::ResolverTemporary));
    let begin = net.now();
    net.run(async {
        let lookup = async |name, max| {
            let mut lookup = net.lookup(name);
            std::future::poll_fn(|context| lookup.poll(context, max)).await
        };
        assert_eq!(lookup("a.test", 1).await, Ok(vec![HERE.ip()]));
        assert_eq!(lookup("b.test", 1).await, Err(Fault::NameUnresolvable));
        assert_eq!(lookup("slow.test", 1).await, Err(Fault::ResolverTemporary));
        assert_eq!(net.now().since(begin), SECOND);
        assert_eq!(connect(&net).await.err(), Some(Fault::Refused));
        net.fail_connecting(HERE, Some(SECOND), Fault::Unreachable);
        assert_eq!(connect(&net).await.err(), Some(Fault::Unreachable));
        net.listen_after(HERE, Some(SECOND), [Script::new()]);
        assert!(connect(&net).await.is_ok());
        assert_eq!(connect(&net).await.err(), Some(Fault::Refused), "its scripts have run out");
    });
    assert_eq!(net.now().since(begin), 4 * SECOND);
    assert_eq!(net.lookups(), ["a.test", "b.test", "slow.test"]);
    assert_eq!(net.attempts().len(), 4);
}

#[test]
fn what_is_wrong_is_told() {
    let scripts = [
        Script::new().expect("abc"),
        Script::new().expect("abc").expect("more"),
        Script::new(),
        Script::new().expect_end(),
        Script::new().send("never"),
    ];
    let net = world(scripts);
    net.run(async {
        let mut mismatch = connect(&net).await.unwrap();
        send(&mut mismatch, b"abd").await.unwrap();
        assert_eq!(send(&mut mismatch, b"e").await, Err(Fault::Reset));
        let mut ended = connect(&net).await.unwrap();
        send(&mut ended, b"abcmo").await.unwrap();
        let mut too_much = connect(&net).await.unwrap();
        send(&mut too_much, b"x").await.unwrap();
        let open = connect(&net).await.unwrap();
        let problems = net.problems();
        assert_eq!(problems.len(), 5, "{problems:#?}");
        drop(open);
    });
    let problems = net.problems();
    assert_eq!(problems.len(), 4, "{problems:#?}");
    assert!(problems[0].contains("after 2 bytes of \"abc\" came \"d\""), "{problems:#?}");
    assert!(problems[1].contains("the client ended after 2 bytes of \"more\""), "{problems:#?}");
    assert!(problems[2].contains("nobody expected \"x\""), "{problems:#?}");
    assert!(problems[3].contains("1 connections that nobody made"), "{problems:#?}");
    assert!(panics(|| net.assert_done()));
}

#[test]
fn each_segment_takes_a_wait() {
    let pieces_with = |segments: Segments| {
        let net = world([Script::new().send("abc").send("def").close().segments(segments)]);
        let pieces = net.run(async { receive_all(&mut connect(&net).await.unwrap()).await.0 });
        pieces.into_iter().map(|piece| String::from_utf8(piece).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(pieces_with(Segments::Whole), ["abcdef"]);
    assert_eq!(pieces_with(Segments::Bytes), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(pieces_with(Segments::At(vec![0, 2, 3, 6, 9])), ["ab", "c", "def"]);
    assert_eq!(pieces_with(Segments::Random(7)).concat(), "abcdef");

    let net = world([Script::new().send_segmented("abcdef", &[1, 2]).end_sending().drain()]);
    net.run(async {
        let mut stream = connect(&net).await.unwrap();
        assert_eq!(receive(&mut stream).await, Ok(b"a".to_vec()));
        let mut buffer = Buffer::default();
        assert!(
            stream
                .poll_step(&mut Context::from_waker(Waker::noop()), &[], Some(Receive { buffer: &mut buffer, max: 9 }))
                .is_pending(),
            "it was not waited for"
        );
        assert_eq!(receive_all(&mut stream).await, (vec![b"bc".to_vec(), b"def".to_vec()], Received::End));
    });
    net.assert_done();
}

#[test]
fn backpressure_works_both_ways() {
    let net = world([Script::new().send_fill(b'x', 1 << 20).window(3).delay(SECOND).expect("abcde").drain()]);
    net.set_send_limit(2);
    net.run(async {
        let mut stream = connect(&net).await.unwrap();
        assert_eq!(receive(&mut stream).await.map(|piece| piece.len()), Ok(1000));
        let begin = net.now();
        // The window is open until the peer has sent all it wants to send.
        for _ in 0..(1 << 20) / 1000 {
            receive(&mut stream).await.unwrap();
        }
        assert_eq!(net.bytes_received(), 1 << 20);
        send(&mut stream, b"abc").await.unwrap();
        assert_eq!(net.now(), begin);
        send(&mut stream, b"de").await.unwrap();
        assert_eq!(net.now().since(begin), SECOND);
    });
    net.assert_done();
}

#[test]
fn what_was_said_before_the_connection_ended_can_be_read() {
    let net = world([Script::new().send("abc").reset(), Script::new().send("abc").close(), Script::new().stall()]);
    net.run(async {
        let mut stream = connect(&net).await.unwrap();
        assert_eq!(send(&mut stream, b"x").await, Err(Fault::Reset));
        assert_eq!(receive_all(&mut stream).await, (vec![b"abc".to_vec()], Received::Failed(Fault::Reset)));

        let mut stream = connect(&net).await.unwrap();
        net.catch_up().await;
        assert_eq!(look(&mut stream), (Received::Bytes, b"a".to_vec()));
        assert_eq!(send(&mut stream, b"lost").await, Ok(()));
        assert_eq!(send(&mut stream, b"x").await, Err(Fault::Reset));
        assert_eq!(receive_all(&mut stream).await, (vec![b"bc".to_vec()], Received::End));
        assert_eq!(look(&mut stream).0, Received::End);

        let mut stream = connect(&net).await.unwrap();
        assert_eq!(look(&mut stream).0, Received::Nothing);
    });
    net.assert_done();
}

#[test]
fn bytes_after_an_empty_read_are_unseen_until_a_wait() {
    let net = world([Script::new().send("abc").delay(SECOND).send("d").delay(SECOND).close()]);
    let mut stream = net.run(connect(&net)).unwrap();
    // Less than was asked for: the host does not ask the system again by itself.
    assert_eq!(net.run(receive(&mut stream)), Ok(b"abc".to_vec()));
    net.advance(SECOND);
    assert_eq!(look(&mut stream).0, Received::Nothing);
    net.run(net.catch_up());
    assert_eq!(look(&mut stream), (Received::Bytes, b"d".to_vec()));
    net.run(net.catch_up());
    assert_eq!(look(&mut stream).0, Received::Nothing, "this time it is true");
    net.advance(SECOND);
    assert_eq!(look(&mut stream).0, Received::Nothing, "this time it is not");
    // Whatever is waited for.
    assert!(net.wait(Some(net.now())));
    assert_eq!(look(&mut stream).0, Received::End);
}

#[test]
fn failures_come_where_they_are_asked_for_and_nowhere_else() {
    let talk = |failure: Option<(u64, Failure)>| {
        let net = world([Script::new().expect("ping").send("pong").close()]);
        net.name("a.test", [HERE.ip()]);
        if let Some((operation, failure)) = failure {
            net.fail_at(operation, failure);
        }
        let deadline = net.now() + SECOND;
        let result = net.run(async {
            let mut lookup = net.lookup("a.test");
            let mut talk = Box::pin(async {
                std::future::poll_fn(|context| lookup.poll(context, 9)).await?;
                let mut stream = connect(&net).await?;
                if look(&mut stream).0 != Received::Nothing {
                    return Err(Fault::Other);
                }
                send(&mut stream, b"ping").await?;
                let (pieces, over) = receive_all(&mut stream).await;
                if over == Received::End { Ok(pieces.concat()) } else { Err(Fault::Reset) }
            });
            std::future::poll_fn(|context| match net.poll_until(context, deadline) {
                Poll::Ready(()) => Poll::Ready(Err(Fault::TimedOut)),
                Poll::Pending => talk.as_mut().poll(context),
            })
            .await
        });
        assert_eq!(net.open_connections(), 0);
        (result, net.operations(), net.has_unused_failures())
    };

    let whole = || Ok(b"pong".to_vec());
    assert_eq!(talk(None), (whole(), 6, false));
    for operation in 1..=6 {
        let (result, ..) = talk(Some((operation, Failure::Fault(Fault::Denied))));
        assert!(result.is_err(), "{operation}: {result:?}");
        let (result, ..) = talk(Some((operation, Failure::Stall)));
        assert_eq!(result, Err(Fault::TimedOut), "{operation}");
        let (result, ..) = talk(Some((operation, Failure::Short)));
        assert_eq!(result, if operation == 3 { Err(Fault::Other) } else { whole() }, "{operation}");
    }
    assert_eq!(talk(Some((5, Failure::End))).0, Ok(vec![]), "an end that comes too early");
    assert_eq!(talk(Some((7, Failure::End))), (whole(), 6, true));
}

#[test]
fn hanging_and_spinning_fail_the_test() {
    let net = world([Script::new().send("abc").delay(SECOND).stall()]);
    let mut stream = net.run(connect(&net)).unwrap();
    assert!(panics(|| net.run(std::future::pending())), "nothing is wished for");
    assert!(
        panics(|| net.run(async {
            receive_all(&mut stream).await;
        })),
        "nothing will come"
    );
    let past = net.now();
    assert!(panics(|| while net.wait(Some(past)) {}), "it never moves");
}

#[test]
fn a_client_that_does_not_wait_can_let_time_pass() {
    let net = world([Script::new().delay(SECOND).send("abc").delay(SECOND).close()]);
    let mut stream = net.run(connect(&net)).unwrap();
    let mut step = || {
        let mut buffer = Buffer::default();
        stream
            .poll_step(&mut Context::from_waker(Waker::noop()), &[], Some(Receive { buffer: &mut buffer, max: 9 }))
            .map(|step| step.received)
    };
    assert!(step().is_pending());
    net.advance(SECOND / 2);
    assert!(step().is_pending());
    net.advance(SECOND);
    assert!(matches!(step(), Poll::Ready(Received::Bytes)));
    assert!(step().is_pending());
    assert!(net.wait(Some(net.now() + 10 * SECOND)), "the peer's end, long before");
    assert!(matches!(step(), Poll::Ready(Received::End)));
    assert_eq!(net.now().as_nanos(), 3_000_000_000);
}

#[test]
fn exactly_those_are_woken_whose_wish_came_true() {
    let net = world([Script::new().delay(SECOND).send("first"), Script::new().delay(2 * SECOND).send("second")]);
    net.set_exact_wakers(true);
    let (mut first, mut second) = net.run(async { (connect(&net).await.unwrap(), connect(&net).await.unwrap()) });
    let tasks = [(); 3].map(|()| Arc::new(Task { is_woken: AtomicBool::new(false) }));
    let [of_first, of_second, of_timer] = tasks.clone().map(Waker::from);
    let is_pending = |stream: &mut Stream, waker: &Waker| {
        let receive = Receive { buffer: &mut Buffer::default(), max: 9 };
        stream.poll_step(&mut Context::from_waker(waker), &[], Some(receive)).is_pending()
    };
    assert!(is_pending(&mut first, &of_first) && is_pending(&mut second, &of_second));
    assert!(net.poll_until(&mut Context::from_waker(&of_timer), net.now() + 3 * SECOND).is_pending());
    for expected in [[true, false, false], [false, true, false], [false, false, true]] {
        assert!(net.wait(None));
        assert_eq!(tasks.each_ref().map(|task| task.is_woken.swap(false, Ordering::Relaxed)), expected);
    }
    assert!(!net.wait(None), "each wish comes true once");
}

#[test]
fn the_last_to_wait_is_woken() {
    let net = world([Script::new().delay(SECOND).send("x")]);
    net.set_exact_wakers(true);
    let mut stream = net.run(connect(&net)).unwrap();
    let tasks = [(); 2].map(|()| Arc::new(Task { is_woken: AtomicBool::new(false) }));
    for waker in tasks.clone().map(Waker::from) {
        let receive = Receive { buffer: &mut Buffer::default(), max: 9 };
        assert!(stream.poll_step(&mut Context::from_waker(&waker), &[], Some(receive)).is_pending());
    }
    assert!(net.wait(None));
    assert_eq!(tasks.map(|task| task.is_woken.load(Ordering::Relaxed)), [false, true]);
}

#[test]
fn what_nothing_wakes_is_not_polled_and_fails() {
    for is_exact in [false, true] {
        let net = SimNet::new();
        net.set_exact_wakers(is_exact);
        let later = net.now() + SECOND;
        // It looks at the clock, and notes its wish for nobody.
        let forgetful = |_: &mut Context<'_>| net.poll_until(&mut Context::from_waker(Waker::noop()), later);
        assert_eq!(panics(|| net.run(std::future::poll_fn(forgetful))), is_exact);
        assert_eq!(net.polls(), if is_exact { 1 } else { 2 });
    }
}

#[test]
fn a_task_forgets_its_times_when_it_is_polled_again() {
    let net = SimNet::new();
    net.set_exact_wakers(true);
    let (begin, mut polls) = (net.now(), 0);
    net.run(std::future::poll_fn(|context| {
        polls += 1;
        // Each time it waits for less.
        match polls {
            1 => net.poll_until(context, begin + SECOND).map(|()| assert!(net.now() == begin)),
            2 => net.poll_until(context, begin + 3 * SECOND),
            _ => Poll::Ready(()),
        }
    }));
    assert_eq!((net.now().since(begin), net.polls()), (3 * SECOND, 3));
    assert!(!net.wait(None), "no time is left that anything waits for");
}
