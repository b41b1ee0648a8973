//! A request is sent again only where a kept connection had gone stale, and only where sending it twice does no harm.

use std::time::Duration;

use xenon::error::{Code, Error, Phase};
use xenon::http::fields::Fields;
use xenon::net::Fault;
use xenon::net::sim::{Failure, Script, SimNet, poll_once};

use crate::support::*;

/// A peer that answers once. Then its connection goes stale in a way that only the next request can detect.
fn stale_ways() -> Vec<(&'static str, Script)> {
    vec![
        ("ended after the head", answers(1).expect_head().close()),
        ("reset after the head", answers(1).expect_head().reset()),
        ("ended within the head", answers(1).expect_bytes(5).close()),
        ("reset within the head", answers(1).window(10).expect_bytes(5).reset()),
        ("408", answers(1).expect_head().send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n").close()),
    ]
}

/// A world whose first connection has served one request and is stale. The second has the script `rest`.
fn stale(script: Script, rest: impl IntoIterator<Item = Script>) -> (SimNet, Session) {
    let (net, session) = world([script]);
    net.listen(at(PEER), rest);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    session.take_events();
    (net, session)
}

fn send_with(
    net: &SimNet,
    session: &Session,
    method: &str,
    change: impl FnOnce(&mut Request),
) -> Result<String, Error> {
    let mut request = session.request(method, "/again");
    change(&mut request);
    send(net, &request).map(|whole| text(whole.content))
}

#[test]
fn a_stale_connection_is_replaced_without_a_word() {
    for (way, script) in stale_ways() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            let fresh = Script::new().expect_head().send(if method == "HEAD" { ok("") } else { ok("fresh") });
            let (net, session) = stale(script.clone(), [fresh]);
            let (outcome, took) = timed(&net, || send_with(&net, &session, method, |_| {}));
            assert_eq!(outcome.unwrap(), if method == "HEAD" { "" } else { "fresh" }, "{way}, {method}");
            assert_eq!((took, net.connections(), net.open_connections()), (Duration::ZERO, 2, 1));
            assert!(events(&session).contains(&"2/0 Retrying".into()), "{way}, {method}");
            assert_eq!(net.lookups().len(), 2, "the name is looked up again");
        }
    }
}

#[test]
fn a_write_that_fails_is_a_stale_connection_too() {
    for fault in [Fault::Reset, Fault::Other, Fault::TimedOut] {
        let (net, session) = stale(answers(1).delay(SECOND).close(), [answers(1)]);
        // The check that finds it alive, then the head.
        net.fail_at(net.operations() + 2, Failure::Fault(fault));
        net.fail_at(net.operations() + 3, Failure::End);
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!(net.connections(), 2);
    }
}

#[test]
fn bytes_are_sent_again_whole() {
    let content = vec![b'x'; 200_000];
    let ways = [
        answers(1).expect_head().expect_bytes(1).close(),
        answers(1).expect_head().expect_bytes(100_000).reset(),
        answers(1).expect_head().expect_bytes(200_000).close(),
    ];
    for script in ways {
        let fresh = Script::new().expect_head().expect(&content).send(ok("fresh"));
        let (net, session) = stale(script, [fresh]);
        let outcome = send_with(&net, &session, "PUT", |request| request.set_content(content.clone()));
        assert_eq!(outcome.unwrap(), "fresh");
        assert!(sent(&net, 1).ends_with(&text(content.clone())));
    }
}

#[test]
fn non_idempotent_requests_are_not_retried_but_may_retry_is_set() {
    for (way, script) in stale_ways() {
        if way == "408" {
            continue;
        }
        for method in ["POST", "PATCH", "LOCK", "get"] {
            let (net, session) = stale(script.clone(), [answers(1)]);
            let error = send_with(&net, &session, method, |_| {}).unwrap_err();
            assert_eq!((&error.code, error.may_retry), (&Code::ConnectionTerminated, true), "{way}, {method}");
            assert!(matches!(error.phase, Phase::Send | Phase::Head));
            assert_eq!((net.connections(), net.open_connections()), (1, 0));
        }
        let (net, session) = stale(script.clone(), [answers(1)]);
        let error = send_with(&net, &session, "GET", |request| request.set_idempotent(false)).unwrap_err();
        assert!(error.may_retry);
        let (net, session) = {
            drop((net, session));
            stale(script, [answers(1)])
        };
        let outcome = send_with(&net, &session, "POST", |request| request.set_idempotent(true));
        assert_eq!(outcome.unwrap(), "ok", "{way}");
    }
}

#[test]
fn no_retry_on_408_of_a_non_idempotent_request() {
    let gives_up = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (net, session) = stale(answers(1).expect_head().send(gives_up).close(), [answers(1)]);
    let whole = fetch(&net, &session, "POST", "/").unwrap();
    assert_eq!((whole.head.status, net.connections()), (408, 1));
    // So it is on a fresh connection.
    let (net, session) = world([Script::new().expect_head().send(gives_up).close(), answers(1)]);
    let whole = fetch(&net, &session, "GET", "/").unwrap();
    assert_eq!((whole.head.status, net.connections()), (408, 1));
    // And where it comes twice.
    let again = Script::new().expect_head().send(gives_up).close();
    let (net, session) = stale(answers(1).expect_head().send(gives_up).close(), [again, answers(1)]);
    let whole = fetch(&net, &session, "GET", "/").unwrap();
    assert_eq!((whole.head.status, net.connections()), (408, 2));
}

#[test]
fn a_fresh_connection_that_fails_is_not_replaced() {
    for (script, phase) in [
        (Script::new().close(), Phase::Head),
        (Script::new().expect_head().close(), Phase::Head),
        (Script::new().expect_head().reset(), Phase::Head),
        (Script::new().reset(), Phase::Send),
    ] {
        let (net, session) = world([script, answers(1)]);
        let error = get(&net, &session).unwrap_err();
        assert_eq!((error.phase, error.code, error.may_retry), (phase, Code::ConnectionTerminated, false));
        assert_eq!(net.connections(), 1);
        assert_eq!(get(&net, &session).unwrap(), "ok", "the session is none the worse");
    }
}

#[test]
fn once_and_no_more() {
    let dies = || Script::new().expect_head().close();
    let (net, session) = stale(answers(1).expect_head().close(), [dies(), dies(), answers(1)]);
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.code, error.may_retry), (Code::ConnectionTerminated, false));
    assert_eq!(net.connections(), 2);
}

#[test]
fn retries_use_a_new_connection() {
    let (net, session) = world([answers(1), answers(1).expect_head().close(), answers(1)]);
    let exchanges = [start(&session), start(&session)];
    let responses = exchanges.each_ref().map(|exchange| response(&net, exchange).unwrap());
    for response in &responses {
        content(&net, response).unwrap();
    }
    let third = response(&net, &start(&session)).unwrap();
    assert_eq!((third.facts().connection, third.facts().is_reused), (3, false), "number 1 is as old as number 2 was");
    assert_eq!(net.open_connections(), 2);
}

#[test]
fn at_the_limit_the_oldest_makes_room() {
    let (net, session) = world([answers(1), answers(1).expect_head().close(), answers(1)]);
    set_limits(&session, |limits| limits.connections = 2);
    let exchanges = [start(&session), start(&session)];
    let responses = exchanges.each_ref().map(|exchange| response(&net, exchange).unwrap());
    for response in &responses {
        content(&net, response).unwrap();
    }
    set_limits(&session, |limits| limits.connections = 1);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!((net.connections(), net.open_connections()), (3, 1));
}

#[test]
fn never_after_a_timeout() {
    let (net, session) = stale(answers(1).expect_head().stall(), [answers(1)]);
    assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::ResponseTimeout));
    let (net, session) = {
        drop((net, session));
        stale(answers(1).stop_reading().stall(), [answers(1)])
    };
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code, error.may_retry), (Phase::Send, Code::ConnectionWriteTimeout, false));
    assert_eq!(net.connections(), 1);
}

#[test]
fn never_after_a_byte() {
    for (bytes, code) in [
        ("H", Code::ConnectionTerminated),
        ("HTTP/1.1 200 OK\r\n", Code::ConnectionTerminated),
        ("HTTP/1.1 100 Continue\r\n\r\n", Code::ConnectionTerminated),
        ("\r\n", Code::ConnectionTerminated),
        ("garbage\r\n\r\n", Code::Protocol),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Code::Protocol),
    ] {
        let (net, session) = stale(answers(1).expect_head().send(bytes).close(), [answers(1)]);
        let error = get(&net, &session).unwrap_err();
        assert_eq!((error.phase, error.code, error.may_retry), (Phase::Head, code, false), "{bytes:?}");
        assert_eq!(net.connections(), 1);
    }
}

#[test]
fn never_within_the_content() {
    let (net, session) =
        stale(answers(1).expect_head().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").close(), [answers(1)]);
    assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ResponseIncomplete));
    let (net, session) =
        stale(answers(1).expect_head().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").reset(), [answers(1)]);
    assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ConnectionTerminated));
    assert_eq!(net.connections(), 1);
}

#[test]
fn failed_reconnect_is_the_error() {
    let (net, session) = stale(answers(1).expect_head().close(), []);
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Connect, Code::ConnectionRefused));
}

/// A PUT with streamed content, on a connection that dies as `script` says.
fn streamed(script: Script, fresh: Script) -> (SimNet, Session, Exchange) {
    let (net, session) = stale(script, [fresh]);
    let mut request = session.request("PUT", "/again");
    request.set_streamed_content(Some(5));
    let exchange = request.start(true).unwrap();
    (net, session, exchange)
}

#[test]
fn unsent_streamed_content_is_repeatable() {
    let fresh = || Script::new().expect_head().expect("hello").send(ok("fresh"));
    let (net, _session, exchange) = streamed(answers(1).expect_head().close(), fresh());
    // Asking for the response sends the head alone, which finds the connection closed.
    assert!(poll_once(|context| exchange.poll_response(context)).is_pending());
    net.settle();
    exchange.advance();
    write(&net, &exchange, b"hello").unwrap();
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "fresh");
    net.assert_done();

    let (net, _session, exchange) = streamed(answers(1).expect_head().expect("hel").close(), fresh());
    let error = write(&net, &exchange, b"hel").and_then(|()| finish(&net, &exchange)).unwrap_err();
    assert_eq!((error.code, error.may_retry), (Code::ConnectionTerminated, true));
    assert_eq!(net.connections(), 1);
}

#[test]
fn stale_connection_is_noticed_before_streamed_content() {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for (script, reason) in [
        (answers(1).delay(SECOND).close(), "PeerClosed"),
        (answers(1).delay(SECOND).reset(), "PeerClosed"),
        (answers(1).delay(SECOND).send(evil), "StrayBytes"),
    ] {
        let fresh = Script::new().expect_head().expect("hello").send(ok("fresh"));
        // Even a request that must not be repeated: nothing of it was sent.
        let (net, session) = stale(script, [fresh]);
        let mut request = session.request("POST", "/again");
        request.set_streamed_content(Some(5));
        let exchange = request.start(true).unwrap();
        exchange.advance();
        net.advance(SECOND * 2);
        exchange.advance();
        write(&net, &exchange, b"hello").unwrap();
        assert_eq!(finish(&net, &exchange).unwrap(), "fresh");
        let events = events(&session);
        assert!(events.contains(&format!("0/1 Closed {reason}")), "{events:?}");
        net.assert_done();
    }
}

#[test]
fn content_held_for_100_continue_is_repeatable() {
    // The peer ends, resets, or does not even read the head. What the caller has written meanwhile must not be lost.
    for script in [
        answers(1).expect_head().delay(SECOND / 2).close(),
        answers(1).expect_head().delay(SECOND / 2).reset(),
        answers(1).window(10).delay(SECOND / 2).reset(),
    ] {
        let fresh = Script::new().expect_head().send("HTTP/1.1 100 Continue\r\n\r\n").expect("hello").send(ok("fresh"));
        let (net, session) = stale(script, [fresh]);
        let mut request = session.request("PUT", "/again");
        request.set_streamed_content(Some(5));
        request.set_expect_continue(true);
        let exchange = request.start(true).unwrap();
        net.settle();
        assert_eq!(exchange.try_write(b"hello".to_vec()).unwrap(), Ok(()));
        let (outcome, took) = timed(&net, || finish(&net, &exchange));
        assert_eq!((outcome.unwrap(), took), ("fresh".into(), SECOND / 2));
        net.assert_done();
    }
}

#[test]
fn retries_hide_a_server_that_closes_regularly() {
    for each in 1..=9 {
        // With and without saying so in time: the connection is closed with the response, or on the next request.
        for is_silent in [false, true] {
            let script = || {
                let script = answers(each);
                if is_silent { script.expect_bytes(1).close() } else { script.close() }
            };
            let (net, session) = world((0..30).map(|_| script()));
            for _ in 0..20 {
                assert_eq!(get(&net, &session).unwrap(), "ok");
            }
            assert_eq!(net.connections(), 20_usize.div_ceil(each), "{each}");
            assert!(net.open_connections() <= 1);
        }
    }
}

#[test]
fn a_server_that_only_ever_closes_ends_a_request_once() {
    let (net, session) = world((0..200).map(|_| Script::new().close()));
    for turn in 1..=3 {
        let mut request = session.request("PUT", "/");
        request.set_content(vec![b'x'; 5000]);
        let error = send(&net, &request).unwrap_err();
        assert_eq!((error.code, error.may_retry), (Code::ConnectionTerminated, false));
        assert_eq!(net.connections(), turn);
    }
}

#[test]
fn interim_responses_of_the_first_time_are_forgotten() {
    // These are bytes of a response, so only a 408 is followed by a second attempt.
    let first = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    let second = format!("HTTP/1.1 102 Processing\r\n\r\n{}", ok("fresh"));
    let (net, session) =
        stale(answers(1).expect_head().send(first).close(), [Script::new().expect_head().send(second)]);
    let response = response(&net, &start(&session)).unwrap();
    let interims: Vec<_> = response.interim_responses().iter().map(|head| head.status).collect();
    assert_eq!(interims, [102]);
}
