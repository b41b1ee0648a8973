//! Which connection a request takes, which are kept, and how many can be open.

use std::time::Duration;

use xenon::error::{Code, Phase};
use xenon::limits::READ_LENGTH;
use xenon::net::sim::{Script, SimNet, poll_once};
use xenon::session::events::CloseReason;

use crate::support::*;

#[test]
fn requests_one_after_another_share_a_connection() {
    let (net, session) = world([answers(5)]);
    for turn in 0..5 {
        let response = response(&net, &start(&session)).unwrap();
        assert_eq!((response.facts().connection, response.facts().is_reused), (1, turn > 0));
        assert_eq!(content(&net, &response).unwrap(), "ok");
    }
    assert_eq!((net.connections(), net.open_connections()), (1, 1));
    net.assert_done();
}

#[test]
fn a_connection_is_free_with_the_contents_last_byte() {
    let (net, session) = world([answers(2)]);
    let first = response(&net, &start(&session)).unwrap();
    assert_eq!(wait(&net, |context| first.poll_read(context, 99)).unwrap(), Some(b"ok".to_vec()));
    // The first response was neither read to its end nor dropped.
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
    assert_eq!(wait(&net, |context| first.poll_read(context, 99)).unwrap(), None);
}

#[test]
fn the_connection_used_last_is_taken_first() {
    let (net, session) = world([answers(1), answers(2), answers(2)]);
    let exchanges = [start(&session), start(&session), start(&session)];
    let responses = exchanges.each_ref().map(|exchange| response(&net, exchange).unwrap());
    for number in [0, 2, 1] {
        content(&net, &responses[number]).unwrap();
    }
    // Number 2, counted from 1, was read last; then there is number 3.
    let second = response(&net, &start(&session)).unwrap();
    assert_eq!(second.facts().connection, 2);
    let third = response(&net, &start(&session));
    assert_eq!(third.unwrap().facts().connection, 3);
}

#[test]
fn at_reuse_a_connection_is_looked_at() {
    let closed = answers(1).close();
    let reset = answers(1).reset();
    let stray = answers(1).delay(SECOND).send("x").stall();
    for (script, reason) in
        [(closed, CloseReason::PeerClosed), (reset, CloseReason::PeerClosed), (stray, CloseReason::StrayBytes)]
    {
        let (net, session) = world([script, answers(1)]);
        get(&net, &session).unwrap();
        net.advance(SECOND);
        session.take_events();
        // Not even a request that must not be repeated is harmed.
        assert_eq!(text(fetch(&net, &session, "POST", "/").unwrap().content), "ok");
        assert_eq!(closings(&session), [reason]);
        assert_eq!((net.connections(), net.open_connections()), (2, 1));
        assert!(!sent(&net, 0).contains("POST"));
    }
}

#[test]
fn all_that_are_found_dead_are_closed() {
    let (net, session) = world([answers(1).delay(SECOND).close(), answers(2), answers(1).delay(SECOND).close()]);
    let exchanges = [start(&session), start(&session), start(&session)];
    let responses = exchanges.each_ref().map(|exchange| response(&net, exchange).unwrap());
    for response in &responses {
        content(&net, response).unwrap();
    }
    net.advance(SECOND);
    net.listen(at(PEER), [answers(1)]);
    session.take_events();
    let fourth = response(&net, &start(&session)).unwrap();
    assert_eq!(fourth.facts().connection, 2, "the newest was dead, this one is alive, the oldest was not asked");
    assert_eq!(closings(&session), [CloseReason::PeerClosed]);
}

#[test]
fn bytes_beyond_a_response_never_become_the_next_one() {
    let smuggled = format!("{}{}", ok("ok"), ok("smuggled"));
    for script in [
        Script::new().expect_head().send(&smuggled).stall(),
        Script::new().expect_head().send(&smuggled).segments(xenon::net::sim::Segments::Bytes).stall(),
        Script::new().expect_head().send(format!("HTTP/1.1 204 No Content\r\n\r\n{}", ok("smuggled"))).stall(),
    ] {
        let (net, session) = world([script, answers(1)]);
        get(&net, &session).unwrap();
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!(closings(&session), [CloseReason::StrayBytes]);
        assert_eq!(net.connections(), 2);
    }
}

#[test]
fn what_the_messages_say_about_the_connection_is_done() {
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
    let table = [
        (head("Connection: close\r\n"), CloseReason::PeerAsked),
        (head("Connection: close, keep-alive\r\n"), CloseReason::PeerAsked),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n".into(), CloseReason::OldVersion),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            CloseReason::ConflictingFraming,
        ),
    ];
    for (response, reason) in table {
        let (net, session) = world([Script::new().expect_head().send(&response).stall(), answers(1)]);
        assert_eq!(get(&net, &session).unwrap(), "");
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![reason]), "{response:?}");
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
    let (net, session) = world([Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nok").close()]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::ContentToEnd]));
}

#[test]
fn a_session_can_keep_no_connections() {
    let (net, session) = world([answers(1), answers(1), answers(2)]);
    session.change_options(|options| options.is_persistent = false);
    for connection in 0..2 {
        get(&net, &session).unwrap();
        assert!(sent(&net, connection).contains("\r\nConnection: close\r\n"));
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::CallerAsked]));
    }
    session.change_options(|options| options.is_persistent = true);
    get(&net, &session).unwrap();
    get(&net, &session).unwrap();
    assert_eq!(net.connections(), 3);
}

/// A world with one connection, which a response keeps busy; its content is `rest` and its end.
fn busy(rest: Script) -> (SimNet, Session, Response) {
    let (net, session) = world([rest]);
    set_limits(&session, |limits| limits.connections = 1);
    let busy = response(&net, &start(&session)).unwrap();
    (net, session, busy)
}

#[test]
fn a_call_that_would_wait_for_its_own_caller_is_an_error() {
    let (net, session, busy) = busy(answers(2));
    for _ in 0..2 {
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ConnectionLimitReached), Duration::ZERO));
    }
    content(&net, &busy).unwrap();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
}

#[test]
fn an_exchange_waits_for_a_free_connection() {
    let (net, session, busy) = busy(answers(2));
    let waiting = begin(&net, &session.request("GET", "/second"));
    assert!(poll_once(|context| waiting.poll_ready(context)).is_pending());
    // Reading frees it, and the waiting exchange takes it in the same poll: no time passes.
    let (ready, took) = timed(&net, || {
        assert_eq!(poll(&net, &[&waiting], &[&busy], None), [1]);
        content(&net, &busy).unwrap();
        poll(&net, &[&waiting], &[], None)
    });
    assert_eq!((ready, took), (vec![0], Duration::ZERO));
    assert_eq!(finish(&net, &waiting).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
    net.assert_done();
}

#[test]
fn a_connection_that_is_closed_makes_room_for_who_waits() {
    let (net, session, busy) = busy(Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nmuch").stall());
    net.listen(at(PEER), [answers(1), answers(1)]);
    let waiting = begin(&net, &session.request("GET", "/second"));
    drop(busy);
    let (outcome, took) = timed(&net, || finish(&net, &waiting));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), Duration::ZERO));
}

#[test]
fn ended_exchange_lets_the_next_take_its_connection() {
    // Six connections, twenty exchanges: each connection serves as many as it must, and no time is lost between them.
    let (net, session) = world((0..6).map(|_| {
        (0..4).fold(Script::new(), |script, _| {
            script.expect_head().delay(SECOND).send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        })
    }));
    let exchanges: Vec<_> = (0..20).map(|_| start(&session)).collect();
    let mut left: Vec<&Exchange> = exchanges.iter().collect();
    let ((), took) = timed(&net, || {
        while !left.is_empty() {
            for index in poll(&net, &left, &[], None).into_iter().rev() {
                let exchange = left.remove(index);
                assert_eq!(response(&net, exchange).unwrap().head().status, 200);
            }
        }
    });
    assert_eq!((net.connections(), took), (6, 4 * SECOND));
}

#[test]
fn a_connection_that_breaks_lets_the_next_go_at_once() {
    // This makes nothing ready that is polled: the response was taken, and no upload waits for room.
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (net, session) = world([Script::new().expect_head().stop_reading().send(head).stall(), answers(1)]);
    set_limits(&session, |limits| limits.connections = 1);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(None);
    let uploading = request.start(true).unwrap();
    let _response = response(&net, &uploading).unwrap();
    uploading.try_write(b"hello".to_vec()).unwrap().unwrap();
    let waiting = start(&session);
    let (ready, took) = timed(&net, || poll(&net, &[&waiting, &uploading], &[], None));
    assert_eq!((ready, took), (vec![0], 30 * SECOND), "the time that writing has, and no more");
    assert_eq!(finish(&net, &waiting).unwrap(), "ok");
}

#[test]
fn no_more_connections_are_open_than_the_limit() {
    let (net, session) = world((0..10).map(|_| answers(10)));
    set_limits(&session, |limits| limits.connections = 3);
    let exchanges: Vec<_> = (0..10).map(|_| begin(&net, &session.request("GET", "/"))).collect();
    assert_eq!(net.connections(), 3);
    for exchange in &exchanges {
        assert_eq!(finish(&net, exchange).unwrap(), "ok");
        assert!(net.open_connections() <= 3);
    }
}

#[test]
fn a_limit_that_is_lowered_closes_what_is_too_much() {
    let (net, session) = world((0..3).map(|_| answers(1)));
    let exchanges = [start(&session), start(&session), start(&session)];
    let responses = exchanges.each_ref().map(|exchange| response(&net, exchange).unwrap());
    set_limits(&session, |limits| limits.connections = 1);
    session.take_events();
    for response in &responses {
        content(&net, response).unwrap();
    }
    assert_eq!(net.open_connections(), 1);
    assert_eq!(closings(&session), [CloseReason::Surplus, CloseReason::Surplus]);
}

#[test]
fn connecting_counts_as_a_connection() {
    let (net, session) = world([]);
    set_limits(&session, |limits| limits.connections = 1);
    net.listen_after(at(PEER), None, []);
    let connecting = begin(&net, &session.request("GET", "/"));
    assert_eq!(failure(get(&net, &session)).1, Code::ConnectionLimitReached);
    // When it ends, so does its claim to a connection.
    drop(connecting);
    net.listen_after(at(PEER), Some(Duration::ZERO), [answers(1)]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
}

#[test]
fn exchanges_that_wait_are_bounded() {
    let (net, session, busy) = busy(answers(1));
    let most = xenon::limits::WAITING_REQUESTS;
    net.settle();
    let request = session.request("GET", "/");
    let exchanges: Vec<_> = (0..most)
        .map(|_| {
            let exchange = request.start(true).unwrap();
            exchange.advance();
            exchange
        })
        .collect();
    let one_more = request.start(true).unwrap();
    assert_eq!(failure(response(&net, &one_more)), (Phase::Connect, Code::ConnectionLimitReached));
    assert!(
        exchanges.iter().all(|exchange| poll_once(|context| exchange.poll_ready(context)).is_pending()),
        "the others go on waiting"
    );
    drop(exchanges);
    let again = request.start(true).unwrap();
    assert!(poll_once(|context| again.poll_ready(context)).is_pending());
    drop(busy);
}

#[test]
fn short_received_rest_is_drained() {
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
    ];
    for (head, rest) in table {
        let (net, session) = world([Script::new().expect_head().send(head).send(rest).expect_head().send(ok("ok"))]);
        let first = response(&net, &start(&session)).unwrap();
        let ((), took) = timed(&net, || drop(first));
        assert_eq!((net.open_connections(), took), (1, Duration::ZERO));
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!((net.connections(), closings(&session)), (1, vec![]));
        net.assert_done();
    }
}

#[test]
fn what_is_left_of_half_read_content_is_drained_too() {
    let (net, session) = world([Script::new().expect_head().send(ok("hello")).expect_head().send(ok("ok"))]);
    let first = response(&net, &start(&session)).unwrap();
    assert_eq!(wait(&net, |context| first.poll_read(context, 2)).unwrap(), Some(b"he".to_vec()));
    assert!(poll_once(|context| first.poll_ready(context)).is_ready(), "a piece is read ahead");
    drop(first);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
}

#[test]
fn what_is_large_or_late_is_not() {
    let large =
        Script::new().expect_head().send("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n").send_fill(b'x', 65537);
    let chunked = Script::new().expect_head().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunked = chunked.send("20000\r\n").send_fill(b'x', 0x20000).send("\r\n0\r\n\r\n");
    let late =
        Script::new().expect_head().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell").delay(SECOND).send("o");
    let endless = Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nhello").stall();
    for (script, most) in [(large, 0), (chunked, 2 * READ_LENGTH as u64), (late, 200), (endless, 200)] {
        let (net, session) = world([script]);
        let first = response(&net, &start(&session)).unwrap();
        let before = net.bytes_received();
        let ((), took) = timed(&net, || drop(first));
        assert_eq!((net.open_connections(), took), (0, Duration::ZERO));
        assert_eq!(closings(&session), [CloseReason::UnreadContent]);
        assert!(net.bytes_received() - before <= most, "{} bytes were drained", net.bytes_received() - before);
    }
}

#[test]
fn how_much_is_drained_can_be_set() {
    let (net, session) = world([Script::new().expect_head().send(ok("hello")).stall()]);
    set_limits(&session, |limits| limits.drained = 4);
    drop(response(&net, &start(&session)).unwrap());
    assert_eq!(net.open_connections(), 0);
}

#[test]
fn content_that_is_too_large_to_keep_is_an_error_and_closes() {
    let (net, session) = world([Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nhello").stall()]);
    set_limits(&session, |limits| limits.whole_content = 4);
    assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ResponseContentTooLarge));
    assert_eq!(net.open_connections(), 0);
}
