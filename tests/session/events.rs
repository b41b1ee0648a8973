//! The events of a session: which, in which order, and of which exchange and connection.

use xenon::limits::{EVENT_TEXT, Limits};
use xenon::net::Net;
use xenon::net::sim::Script;
use xenon::session::events::{Event, Kind, Subject};

use crate::support::*;

/// Fails unless these are the events since the last call.
fn assert_events(session: &Session, expected: &[&str]) {
    let events = events(session);
    assert_eq!(events, expected, "{events:#?}");
}

#[test]
fn two_requests_on_one_connection() {
    let (net, session) = world([answers(2)]);
    get(&net, &session).unwrap();
    assert_events(
        &session,
        &[
            "1/0 Lookup a.test",
            "1/0 Addresses 10.0.0.1",
            "1/0 Connecting 10.0.0.1:80",
            "1/1 Connected 10.0.0.1:80",
            "1/1 RequestHead GET / HTTP/1.1",
            "1/1 RequestSent",
            "1/1 FirstByte",
            "1/1 ResponseHead HTTP/1.1 200 OK",
            "1/1 Receiving 2 of 2",
            "1/1 Complete",
            "0/1 Kept",
        ],
    );
    get(&net, &session).unwrap();
    assert_events(
        &session,
        &[
            "2/1 Reused",
            "2/1 RequestHead GET / HTTP/1.1",
            "2/1 RequestSent",
            "2/1 FirstByte",
            "2/1 ResponseHead HTTP/1.1 200 OK",
            "2/1 Receiving 2 of 2",
            "2/1 Complete",
            "0/1 Kept",
        ],
    );
    session.close_connection();
    assert_events(&session, &["0/1 Closed CloseConnection"]);
    assert_events(&session, &[]);
}

#[test]
fn a_retry() {
    let (net, session) = world([answers(1).expect_head().close(), answers(1)]);
    get(&net, &session).unwrap();
    session.take_events();
    get(&net, &session).unwrap();
    assert_events(
        &session,
        &[
            "2/1 Reused",
            "2/1 RequestHead GET / HTTP/1.1",
            "2/1 RequestSent",
            "0/1 Closed Failed",
            "2/0 Retrying",
            "2/0 Lookup a.test",
            "2/0 Addresses 10.0.0.1",
            "2/0 Connecting 10.0.0.1:80",
            "2/2 Connected 10.0.0.1:80",
            "2/2 RequestHead GET / HTTP/1.1",
            "2/2 RequestSent",
            "2/2 FirstByte",
            "2/2 ResponseHead HTTP/1.1 200 OK",
            "2/2 Receiving 2 of 2",
            "2/2 Complete",
            "0/2 Kept",
        ],
    );
}

#[test]
fn a_connection_found_dead() {
    let (net, session) = world([answers(1).close(), answers(1)]);
    get(&net, &session).unwrap();
    session.take_events();
    get(&net, &session).unwrap();
    let events = events(&session);
    assert_eq!(events[..2], ["0/1 Closed PeerClosed", "2/0 Lookup a.test"]);
}

#[test]
fn failures_at_every_step() {
    let (net, session) = world([]);
    let unknown = Session::new(net.clone(), "http", "b.test", 80);
    unknown.set_events(true);
    get(&net, &unknown).unwrap_err();
    assert_events(&unknown, &["1/0 Lookup b.test", "1/0 Failed Resolve Lookup(NameUnresolvable)"]);

    net.name(NAME, [ip("10.0.0.1"), ip("10.0.0.2")]);
    get(&net, &session).unwrap_err();
    assert_events(
        &session,
        &[
            "1/0 Lookup a.test",
            "1/0 Addresses 10.0.0.1 10.0.0.2",
            "1/0 Connecting 10.0.0.1:80",
            "1/0 AttemptFailed 10.0.0.1:80 connection refused",
            "1/0 Connecting 10.0.0.2:80",
            "1/0 AttemptFailed 10.0.0.2:80 connection refused",
            "1/0 Failed Connect ConnectionRefused",
        ],
    );

    let within_content = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
    net.listen(
        at(PEER),
        [Script::new().expect_head().close(), Script::new().expect_head().send(within_content).close()],
    );
    get(&net, &session).unwrap_err();
    let events_of_head = events(&session);
    assert_eq!(
        events_of_head[4..],
        [
            "2/1 RequestHead GET / HTTP/1.1",
            "2/1 RequestSent",
            "0/1 Closed Failed",
            "2/1 Failed Head ConnectionTerminated"
        ]
    );
    get(&net, &session).unwrap_err();
    let events_of_content = events(&session);
    assert_eq!(
        events_of_content[7..],
        [
            "3/2 ResponseHead HTTP/1.1 200 OK",
            "3/2 Receiving 4 of 5",
            "3/2 Failed Body ResponseIncomplete",
            "0/2 Closed Failed"
        ]
    );
}

#[test]
fn an_upload_with_interim_responses() {
    let script = Script::new().expect_head().send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    let (net, session) = world([script.expect("hello").send("HTTP/1.1 204 No Content\r\n\r\n")]);
    let mut request = session.request("PUT", "/");
    request.set_content(b"hello".to_vec());
    request.set_expect_continue(true);
    send(&net, &request).unwrap();
    assert_eq!(
        events(&session)[4..],
        [
            "1/1 RequestHead PUT / HTTP/1.1",
            "1/1 FirstByte",
            "1/1 InterimHead HTTP/1.1 103 Early Hints",
            "1/1 InterimHead HTTP/1.1 100 Continue",
            "1/1 Sending 5 of 5",
            "1/1 RequestSent",
            "1/1 ResponseHead HTTP/1.1 204 No Content",
            "1/1 Complete",
            "0/1 Kept",
        ]
    );
}

#[test]
fn progress_counts_content_and_nothing_else() {
    let answer = Script::new().expect_head().expect_bytes(1000).send(ok("ok"));
    let (net, session) = world([answer]);
    net.set_send_limit(150);
    let mut request = session.request("PUT", "/");
    request.set_content(vec![b'x'; 1000]);
    let exchange = request.start(true).unwrap();
    let mut seen = Vec::new();
    wait(&net, |context| {
        let answer = exchange.poll_response(context).map(Result::unwrap);
        for event in session.take_events() {
            if let Kind::Sending { done, total } = event.what {
                assert_eq!(total, Some(1000));
                seen.push(done);
            }
        }
        answer
    });
    assert!(seen.len() > 3 && seen.is_sorted() && seen.last() == Some(&1000), "{seen:?}");
    let head = net.sent(0).len() as u64 - 1000;
    for step in 0..seen.len() - 1 {
        assert_eq!((seen[step] + head) % 150, 0, "{seen:?}");
    }
}

#[test]
fn progress_of_a_long_transfer_fills_no_queue() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let bytes = Script::new().expect_head().send(head).send_fill(b'x', 1000).segments(xenon::net::sim::Segments::Bytes);
    let (net, session) = world([bytes]);
    set_limits(&session, |limits| limits.events = 20);
    get(&net, &session).unwrap();
    let events = events(&session);
    assert_eq!(
        events[7..],
        ["1/1 ResponseHead HTTP/1.1 200 OK", "1/1 Receiving 1000 of 1000", "1/1 Complete", "0/1 Kept"]
    );
}

#[test]
fn what_nobody_takes_is_counted_and_lost() {
    let (net, session) = world([answers(4)]);
    set_limits(&session, |limits| limits.events = 5);
    get(&net, &session).unwrap();
    let first = events(&session);
    assert_eq!(
        (first.len(), first[4].as_str(), first[5].as_str()),
        (6, "1/1 RequestHead GET / HTTP/1.1", "0/0 Lost(6)")
    );
    get(&net, &session).unwrap();
    assert_eq!(events(&session).last().unwrap(), "0/0 Lost(3)", "counted anew");
}

#[test]
fn text_that_nobody_takes_is_bounded_too() {
    let field = format!("A: {}\r\n", "x".repeat(16_000)).repeat(3);
    let script = (0..40)
        .fold(Script::new(), |script, _| script.expect_head().send(format!("HTTP/1.1 204 No Content\r\n{field}\r\n")));
    let (net, session) = world([script]);
    for _ in 0..40 {
        get(&net, &session).unwrap();
    }
    let events = session.take_events();
    let length = |event: &Event| match &event.what {
        Kind::ResponseHead(head) | Kind::RequestHead(head) => head.0.len(),
        _ => 0,
    };
    assert!(events.iter().map(length).sum::<usize>() <= EVENT_TEXT + Limits::default().head_length);
    assert!(matches!(events.last(), Some(Event { what: Kind::Lost(10..), .. })));
}

#[test]
fn nothing_is_recorded_that_nobody_asked_for() {
    let (net, session) = world([answers(4)]);
    session.set_events(false);
    get(&net, &session).unwrap();
    assert_events(&session, &[]);
    session.set_events(true);
    get(&net, &session).unwrap();
    session.set_events(false);
    session.set_events(true);
    assert_events(&session, &[]);
    get(&net, &session).unwrap();
    assert_eq!(events(&session)[0], "3/1 Reused", "numbers go on meanwhile");
}

#[test]
fn recording_changes_nothing_else() {
    let run = |is_recorded| {
        let (net, session) = world([answers(1).expect_head().close(), answers(2)]);
        session.set_events(is_recorded);
        for _ in 0..3 {
            get(&net, &session).unwrap();
        }
        (net.operations(), net.steps(), net.bytes_sent(), net.bytes_received(), net.now())
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn times_are_those_of_the_clock() {
    let (net, session) = world([]);
    net.name_after(NAME, Some(SECOND), Ok(vec![at(PEER).ip()]));
    let script = Script::new().expect_head().delay(3 * SECOND).send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    net.listen_after(at(PEER), Some(2 * SECOND), [script.delay(4 * SECOND).send("ok")]);
    let begin = net.now();
    get(&net, &session).unwrap();
    let events = session.take_events();
    let seconds: Vec<u64> = events.iter().map(|event| event.at.since(begin).as_secs()).collect();
    assert_eq!(seconds, [0, 1, 1, 3, 3, 3, 6, 6, 10, 10, 10]);
    assert!(events.is_sorted_by_key(|event| event.at));
}

#[test]
fn exchanges_at_once_are_told_apart() {
    let slow = Script::new().expect_head().delay(SECOND).send(ok("slow"));
    let (net, session) = world([slow, answers(1)]);
    let (first, second) = (begin(&net, &session.request("GET", "/1")), begin(&net, &session.request("GET", "/2")));
    finish(&net, &second).unwrap();
    finish(&net, &first).unwrap();
    for event in session.take_events() {
        let Subject { exchange, connection } = event.subject;
        match &event.what {
            Kind::RequestHead(head) => assert!(head.0.starts_with(format!("GET /{exchange} ").as_bytes()), "{head:?}"),
            Kind::Kept => assert_eq!(exchange, 0),
            _ => assert_ne!(exchange, 0),
        }
        // The first exchange began first, and so did its connection.
        assert!(exchange == 0 || connection == 0 || exchange == connection, "{event:?}");
    }
}

#[test]
fn the_response_knows_the_numbers_of_its_events() {
    let (net, session) = world([answers(2)]);
    for is_reused in [false, true] {
        let response = response(&net, &start(&session)).unwrap();
        assert_eq!((response.facts().connection, response.facts().is_reused), (1, is_reused));
        content(&net, &response).unwrap();
    }
}

#[test]
fn heads_are_told_byte_for_byte() {
    let interim = b"HTTP/1.0 103  Early \r\nL:x\r\n\r\n".to_vec();
    for head in [
        &b"HTTP/1.1 204 No\r\nA: b\r\nA: \xe4\r\n\r\n"[..],
        b"HTTP/1.1 204\nA:b  \nB: \xff\n\tfolded\n\n",
        b"HTTP/1.1 204 \xff\r\nA:\r\n\r\n",
        b"HTTP/1.9 204\r\n\r\n",
    ] {
        // Empty lines before a head are no part of it.
        let all = [&interim, &b"\r\n\n"[..], head].concat();
        let (net, session) = world([Script::new().expect_head().send(all)]);
        get(&net, &session).unwrap();
        let heads = session.take_events().into_iter().filter_map(|event| match event.what {
            Kind::RequestHead(head) | Kind::InterimHead(head) | Kind::ResponseHead(head) => Some(head.0),
            _ => None,
        });
        assert_eq!(heads.collect::<Vec<_>>(), [sent(&net, 0).into_bytes(), interim.clone(), head.to_vec()]);
    }
}

#[test]
fn an_exchange_ends_once() {
    let (net, session) = world([Script::new().expect_head().stall()]);
    let exchange = begin(&net, &session.request("GET", "/"));
    session.take_events();
    exchange.cancel();
    session.close_connection();
    drop(exchange);
    drop(start(&session));
    assert_events(&session, &["1/1 Failed Head Cancelled", "0/1 Closed Cancelled", "2/0 Failed Connect Cancelled"]);
    assert_eq!(net.open_connections(), 0);
}
