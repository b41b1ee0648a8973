//! Servers that respond before they have received all of the content, and content that waits for `100 Continue`.

use std::time::Duration;

use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::net::sim::Script;
use xenon::session::events::CloseReason;

use crate::support::*;

/// The response refuses the content, so the rest of it is not sent.
const REFUSAL: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge";

#[test]
fn early_refusal_survives_a_failed_write() {
    let reads_on = Script::new().expect_head().expect_bytes(1000).send(REFUSAL).drain();
    let stops = Script::new().expect_head().expect_bytes(1000).stop_reading().send(REFUSAL).stall();
    let closes = Script::new().expect_head().expect_bytes(1000).send(REFUSAL).close();
    let resets = Script::new().expect_head().expect_bytes(1000).send(REFUSAL).reset();
    let late_reset = Script::new().expect_head().expect_bytes(1000).send(REFUSAL).delay(SECOND).reset();
    let slow = Script::new().expect_head().expect_bytes(1000).reset();
    for (script, is_delivered) in
        [(reads_on, true), (stops, true), (closes, true), (resets, true), (late_reset, true), (slow, false)]
    {
        let (net, session) = world([script]);
        // What was said meanwhile is heard where the client has to wait, as it has to when a system holds enough.
        net.set_send_limit(1 << 16);
        let mut request = session.request("PUT", "/");
        request.set_content(vec![b'x'; 1 << 20]);
        let (outcome, took) = timed(&net, || send(&net, &request));
        assert_eq!((took, net.open_connections()), (Duration::ZERO, 0));
        if is_delivered {
            let whole = outcome.unwrap();
            assert_eq!((whole.head.status, text(whole.content)), (413, "large".into()));
            assert_eq!(closings(&session), [CloseReason::UnsentContent]);
        } else {
            assert_eq!(failure(outcome), (Phase::Send, Code::ConnectionTerminated));
        }
        assert!(net.bytes_sent() < 1 << 18, "{}", net.bytes_sent());
    }
}

#[test]
fn a_caller_that_writes_is_told_of_an_early_refusal() {
    for ending in [Script::stall as fn(Script) -> Script, Script::reset, Script::close] {
        let (net, session) = world([ending(Script::new().expect_head().expect("hello").send(REFUSAL))]);
        let exchange = streamed(&session, Some(100));
        net.settle();
        let early = (Phase::Send, Code::EarlyResponse);
        let outcome = write(&net, &exchange, b"hello");
        if outcome.is_ok() {
            net.settle();
            exchange.advance();
        } else {
            assert_eq!(failure(outcome), early);
        }
        assert_eq!(failure(exchange.try_write(b"more".to_vec())), early);
        assert_eq!(failure(wait(&net, |context| exchange.poll_flush(context))), early);
        assert_eq!(failure(exchange.finish(Fields::default())), early);
        assert_eq!(poll(&net, &[&exchange], &[], None), [0]);
        let response = response(&net, &exchange).unwrap();
        assert_eq!((response.head().status, content(&net, &response).unwrap()), (413, "large".into()));
        assert_eq!(failure(exchange.try_write(b"more".to_vec())), early);
        assert_eq!(net.open_connections(), 0);
    }
}

#[test]
fn early_refusal_wakes_a_caller_waiting_for_room() {
    let (net, session) = world([Script::new().expect_head().stop_reading().delay(SECOND).send(REFUSAL).stall()]);
    let exchange = streamed(&session, None);
    net.settle();
    while exchange.try_write(vec![b'x'; 50_000]).unwrap().is_ok() {}
    let (ready, took) = timed(&net, || poll(&net, &[&exchange], &[], None));
    assert_eq!((ready, took), (vec![0], SECOND));
    assert_eq!(response(&net, &exchange).unwrap().head().status, 413);
}

#[test]
fn held_content_that_is_not_wanted_is_not_sent() {
    for status in ["417 Expectation Failed", "401 Unauthorized", "200 OK"] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let (net, session) = world([Script::new().expect_head().send(head).expect_end()]);
        let mut request = session.request("PUT", "/");
        request.set_streamed_content(Some(5));
        request.set_expect_continue(true);
        let exchange = request.start(true).unwrap();
        net.settle();
        let early = (Phase::Send, Code::EarlyResponse);
        assert_eq!(exchange.try_write(b"hello".to_vec()).map_err(|error| (error.phase, error.code)).err(), Some(early));
        let (outcome, took) = timed(&net, || finish(&net, &exchange));
        assert_eq!((outcome.unwrap(), took), (String::new(), Duration::ZERO));
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::UnsentContent]));
        net.assert_done();
    }
}

#[test]
fn held_content_goes_once_however_often_it_is_permitted() {
    let permits = "HTTP/1.1 100 Continue\r\n\r\n".repeat(2);
    let (net, session) =
        world([Script::new().expect_head().delay(SECOND / 2).send(permits).expect("hello").send(ok("ok"))]);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(Some(5));
    request.set_expect_continue(true);
    let exchange = request.start(true).unwrap();
    let (outcome, took) = timed(&net, || write(&net, &exchange, b"hello"));
    assert_eq!((outcome.unwrap(), took), ((), SECOND / 2));
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    assert_eq!(net.open_connections(), 1);
    net.assert_done();
}

#[test]
fn an_early_success_does_not_end_the_upload() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let echo = Script::new().expect_head().send(head);
    let echo = echo.expect("hello").send("5\r\nhello\r\n").expect("world").send("5\r\nworld\r\n0\r\n\r\n");
    let (net, session) = world([echo]);
    let exchange = streamed(&session, Some(10));
    let response = response(&net, &exchange).unwrap();
    for piece in ["hello", "world"] {
        write(&net, &exchange, piece.as_bytes()).unwrap();
        assert_eq!(wait(&net, |context| response.poll_read(context, 99)).unwrap(), Some(piece.into()));
    }
    assert_eq!(content(&net, &response).unwrap(), "");
    assert_eq!((net.open_connections(), closings(&session)), (1, vec![]));
    net.assert_done();
}

#[test]
fn early_success_lets_the_upload_finish() {
    let length = 3 * WINDOW as u64;
    let early = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let slow = Script::new().expect_head().delay(SECOND).send(early).delay(SECOND).expect_bytes(length).send("ok");
    let (net, session) = world([slow]);
    let exchange = streamed(&session, Some(length));
    write(&net, &exchange, &vec![b'x'; 3 * WINDOW]).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn a_success_that_is_complete_ends_the_upload() {
    let early = (Phase::Send, Code::EarlyResponse);
    for answer in
        [ok(""), ok("thanks"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n".into()]
    {
        let script = || Script::new().expect_head().stop_reading().delay(SECOND).send(&answer).stall();
        let (net, session) = world([script(), script()]);
        let mut request = session.request("PUT", "/");
        request.set_content(vec![b'x'; 200_000]);
        assert_eq!(send(&net, &request).unwrap().head.status, 200);
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::UnsentContent]));

        // All of it was written, but not all has gone: whoever flushes is not told that it has.
        request.set_streamed_content(Some(200_000));
        let exchange = request.start(true).unwrap();
        net.settle();
        exchange.try_write(vec![b'x'; 200_000]).unwrap().unwrap();
        let response = response(&net, &exchange).unwrap();
        content(&net, &response).unwrap();
        assert!(response.trailers().is_some());
        assert_eq!(failure(wait(&net, |context| exchange.poll_flush(context))), early);
        assert_eq!(failure(exchange.finish(Fields::default())), early);
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::UnsentContent]));
    }
}

#[test]
fn asking_for_the_response_sends_the_head() {
    let (net, session) = world([Script::new().expect_head().send(REFUSAL).drain()]);
    let exchange = streamed(&session, Some(5));
    exchange.advance();
    net.settle();
    assert!(sent(&net, 0).is_empty(), "the head waits for content");
    // A caller that asks again and again: as soon as there is an answer it is not told to write any more.
    while exchange.waits_for_caller() {
        assert!(net.wait(None));
    }
    assert_eq!(response(&net, &exchange).unwrap().head().status, 413);
}
