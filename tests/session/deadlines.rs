//! A silent peer at any step causes the timeout of that step, at exactly its time. No wait is longer than it must be.

use std::time::Duration;

use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::net::sim::{Script, SimNet};
use xenon::session::settings::Deadlines;

use crate::support::*;

/// Deadlines that all differ.
const EACH: Deadlines = Deadlines {
    lookup: Duration::from_secs(2),
    attempt: Duration::from_secs(3),
    connect: Duration::from_secs(5),
    handshake: Duration::from_secs(17),
    proxy: Duration::from_secs(19),
    write: Duration::from_secs(7),
    first_byte: Duration::from_secs(11),
    between_bytes: Duration::from_secs(13),
    expect_continue: Duration::from_secs(1),
    exchange: Duration::from_secs(100),
};

fn world_with(deadlines: Deadlines, scripts: impl IntoIterator<Item = Script>) -> (SimNet, Session) {
    let (net, session) = world(scripts);
    session.change_options(|options| options.set_deadlines(deadlines));
    (net, session)
}

/// The error of `GET /` to a peer with this script, and the time until then.
fn silence(script: Script) -> ((Phase, Code), Duration) {
    let (net, session) = world_with(EACH, [script]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!(net.open_connections(), 0);
    (failure(outcome), took)
}

/// The same for a POST with this many bytes of content.
fn silent_upload(script: Script, length: usize) -> ((Phase, Code), Duration) {
    let (net, session) = world_with(EACH, [script]);
    let mut request = session.request("POST", "/");
    request.set_content(vec![b'x'; length]);
    let (outcome, took) = timed(&net, || send(&net, &request));
    assert_eq!(net.open_connections(), 0);
    (failure(outcome), took)
}

const WRITE: (Phase, Code) = (Phase::Send, Code::ConnectionWriteTimeout);
const FIRST_BYTE: (Phase, Code) = (Phase::Head, Code::ResponseTimeout);
const BETWEEN_BYTES: (Phase, Code) = (Phase::Body, Code::ConnectionReadTimeout);

#[test]
fn lookup() {
    let (net, session) = world_with(EACH, []);
    net.name_after(NAME, None, Ok(vec![]));
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Resolve, Code::LookupTimeout), EACH.lookup));
}

#[test]
fn connecting() {
    let (net, session) = world_with(EACH, []);
    net.listen_after(at(PEER), None, []);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ConnectionTimeout), EACH.attempt));
    let addresses: Vec<_> = (1..=12).map(|number| ip(&format!("10.0.0.{number}"))).collect();
    for address in &addresses {
        net.listen_after((*address, 80).into(), None, []);
    }
    net.name(NAME, addresses);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ConnectionTimeout), EACH.connect));
}

#[test]
fn the_time_to_connect_starts_after_the_lookup() {
    let (net, session) = world_with(EACH, []);
    net.name_after(NAME, Some(SECOND), Ok(vec![at(PEER).ip()]));
    net.listen_after(at(PEER), None, []);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ConnectionTimeout), SECOND + EACH.attempt));
}

#[test]
fn writing() {
    assert_eq!(silence(Script::new().stop_reading().stall()), (WRITE, EACH.write), "not a byte of the head");
    assert_eq!(silence(Script::new().window(10).stall()), (WRITE, EACH.write), "the head but in part");
    let stops = Script::new().expect_head().expect_bytes(1000).stop_reading().stall();
    assert_eq!(silent_upload(stops, 1 << 20), (WRITE, EACH.write), "the content");
}

#[test]
fn each_byte_that_is_taken_gives_writing_new_time() {
    let slow = (0..3).fold(Script::new().window(100).expect_head(), |script, _| {
        script.delay(EACH.write - MILLISECOND).expect_bytes(1)
    });
    let expected = 3 * (EACH.write - MILLISECOND) + EACH.write;
    assert_eq!(silent_upload(slow.stall(), 1 << 20), (WRITE, expected));
}

#[test]
fn the_first_byte() {
    assert_eq!(silence(Script::new().expect_head().stall()), (FIRST_BYTE, EACH.first_byte));
    let partly = Script::new().expect_head().send("HTTP/1.1 200 OK\r\nA: b").stall();
    assert_eq!(silence(partly), (FIRST_BYTE, EACH.first_byte), "a head has to be whole in that time");
    let trickling = (0..40).fold(Script::new().expect_head(), |script, _| script.send("H").delay(SECOND / 2));
    let (outcome, took) = silence(trickling.stall());
    assert_ne!(outcome.1, Code::ConnectionReadTimeout);
    assert!(took <= EACH.first_byte, "{took:?}");
}

#[test]
fn trickled_head_does_not_extend_first_byte_timeout() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let trickling = head.bytes().fold(Script::new().expect_head(), |script, byte| script.send([byte]).delay(SECOND));
    assert_eq!(silence(trickling), (FIRST_BYTE, EACH.first_byte));
}

#[test]
fn first_byte_timeout_starts_after_the_request() {
    let slow = Script::new().stop_reading().delay(5 * SECOND).window(1 << 16).expect_head().stall();
    assert_eq!(silence(slow), (FIRST_BYTE, 5 * SECOND + EACH.first_byte));
    let slow = Script::new().window(100).expect_head().delay(5 * SECOND).expect_bytes(1000).stall();
    assert_eq!(silent_upload(slow, 1000), (FIRST_BYTE, 5 * SECOND + EACH.first_byte));
}

#[test]
fn interim_responses_do_not_extend_it() {
    let flood = (0..30)
        .fold(Script::new().expect_head(), |script, _| script.delay(SECOND).send("HTTP/1.1 102 Processing\r\n\r\n"));
    assert_eq!(silence(flood), (FIRST_BYTE, EACH.first_byte));
}

#[test]
fn between_bytes() {
    let stops = |head: &str| Script::new().expect_head().delay(SECOND).send(head).stall();
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
        "HTTP/1.1 200 OK\r\n\r\nto the end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: x\r\n",
    ] {
        assert_eq!(silence(stops(head)), (BETWEEN_BYTES, SECOND + EACH.between_bytes), "{head:?}");
    }
}

#[test]
fn each_byte_that_comes_gives_reading_new_time() {
    let patient = EACH.between_bytes - MILLISECOND;
    let trickling = (0..3)
        .fold(Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n"), |script, _| script.delay(patient).send("x"));
    assert_eq!(silence(trickling.stall()), (BETWEEN_BYTES, 3 * patient + EACH.between_bytes));
}

#[test]
fn the_time_between_bytes_runs_only_while_somebody_waits() {
    let (net, session) = world_with(EACH, [Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nx").stall()]);
    let response = response(&net, &start(&session)).unwrap();
    assert_eq!(wait(&net, |context| response.poll_read(context, 9)).unwrap(), Some(b"x".to_vec()));
    net.advance(2 * EACH.between_bytes);
    let (outcome, took) = timed(&net, || wait(&net, |context| response.poll_read(context, 9)));
    assert_eq!((failure(outcome), took), (BETWEEN_BYTES, EACH.between_bytes));
}

#[test]
fn content_that_waits_for_permission_goes_without_it() {
    let script = Script::new().expect_head().expect("content").send(ok("ok"));
    let (net, session) = world_with(EACH, [script]);
    let mut request = session.request("POST", "/");
    request.set_content(b"content".to_vec());
    request.set_expect_continue(true);
    let (outcome, took) = timed(&net, || send(&net, &request));
    assert_eq!((text(outcome.unwrap().content), took), ("ok".into(), EACH.expect_continue));
    net.assert_done();
}

#[test]
fn the_time_for_permission_starts_when_the_head_has_gone() {
    let script = Script::new().stop_reading().delay(3 * SECOND).window(1 << 16).expect_head().expect("content").stall();
    let (net, session) = world_with(EACH, [script]);
    let mut request = session.request("POST", "/");
    request.set_content(b"content".to_vec());
    request.set_expect_continue(true);
    let (outcome, took) = timed(&net, || send(&net, &request));
    let expected = 3 * SECOND + EACH.expect_continue + EACH.first_byte;
    assert_eq!((failure(outcome), took), (FIRST_BYTE, expected));
}

#[test]
fn the_whole_exchange_in_each_phase() {
    let short = Deadlines { exchange: SECOND, ..EACH };
    let timeout = |phase| ((phase, Code::ExchangeTimeout), SECOND);
    let run = |arrange: &dyn Fn(&SimNet), script: Option<Script>, content: usize| {
        let (net, session) = world_with(short, script);
        arrange(&net);
        let mut request = session.request("POST", "/");
        request.set_content(vec![b'x'; content]);
        let (outcome, took) = timed(&net, || send(&net, &request));
        assert_eq!(net.open_connections(), 0);
        (failure(outcome), took)
    };
    assert_eq!(run(&|net| net.name_after(NAME, None, Ok(vec![])), None, 0), timeout(Phase::Resolve));
    assert_eq!(run(&|net| net.listen_after(at(PEER), None, []), None, 0), timeout(Phase::Connect));
    assert_eq!(run(&|_| {}, Some(Script::new().stop_reading().stall()), 0), timeout(Phase::Send));
    assert_eq!(run(&|_| {}, Some(Script::new().expect_head().stall()), 1 << 20), timeout(Phase::Send));
    assert_eq!(run(&|_| {}, Some(Script::new().expect_head().stall()), 0), timeout(Phase::Head));
    let body = Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nx").stall();
    assert_eq!(run(&|_| {}, Some(body), 0), timeout(Phase::Body));
}

#[test]
fn trickle_ends_with_exchange_timeout() {
    let trickling = (0..50).fold(Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n"), |script, _| {
        script.delay(EACH.between_bytes - SECOND).send("x")
    });
    assert_eq!(silence(trickling), ((Phase::Body, Code::ExchangeTimeout), EACH.exchange));
    let (net, session) = world_with(EACH, {
        let script = Script::new().window(1).expect_head();
        [(0..50).fold(script, |script, _| script.delay(EACH.write - SECOND).expect_bytes(1)).stall()]
    });
    let mut request = session.request("POST", "/");
    request.set_content(vec![b'x'; 1000]);
    let (outcome, took) = timed(&net, || send(&net, &request));
    assert_eq!((failure(outcome), took), ((Phase::Send, Code::ExchangeTimeout), EACH.exchange));
}

#[test]
fn waiting_for_a_connection_ends_with_the_exchange() {
    let (net, session) = world_with(EACH, [Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n").stall()]);
    set_limits(&session, |limits| limits.connections = 1);
    let busy = response(&net, &start(&session)).unwrap();
    let (outcome, took) = timed(&net, || response(&net, &start(&session)));
    assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ExchangeTimeout), EACH.exchange));
    drop(busy);
}

#[test]
fn a_caller_that_writes_nothing_ends_with_the_exchange() {
    let (net, session) = world_with(EACH, [Script::new().expect_head().stall()]);
    let mut request = session.request("POST", "/");
    request.set_streamed_content(Some(5));
    let exchange = request.start(true).unwrap();
    let (outcome, took) = timed(&net, || response(&net, &exchange));
    assert_eq!((failure(outcome), took), ((Phase::Send, Code::ExchangeTimeout), EACH.exchange));
    assert_eq!(failure(exchange.try_write(b"x".to_vec())), (Phase::Send, Code::ExchangeTimeout));
    assert_eq!(failure(exchange.finish(Fields::default())), (Phase::Send, Code::ExchangeTimeout));
}

#[test]
fn deadlines_are_those_of_the_start() {
    let (net, session) = world_with(EACH, [Script::new().expect_head().stall()]);
    let exchange = start(&session);
    set_deadlines(&session, |deadlines| deadlines.first_byte = SECOND);
    let (outcome, took) = timed(&net, || response(&net, &exchange));
    assert_eq!((failure(outcome), took), (FIRST_BYTE, EACH.first_byte));
}

#[test]
fn what_comes_at_the_deadline_is_in_time() {
    let script =
        Script::new().expect_head().delay(EACH.first_byte).send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    let (net, session) = world_with(EACH, [script.delay(EACH.between_bytes).send("ok")]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), EACH.first_byte + EACH.between_bytes));
}

#[test]
fn nothing_waits_where_nobody_is_silent() {
    let permits = Script::new().expect_head().send("HTTP/1.1 100 Continue\r\n\r\n").expect("content").send(ok("ok"));
    let refuses = Script::new().expect_head().send("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno");
    let closes = Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\nok").close();
    let breaks = Script::new().expect_head().reset();
    let ends = Script::new().expect_head().close();
    let breaks_off = Script::new().expect_head().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok").reset();
    for script in [permits, refuses, closes, breaks, ends, breaks_off] {
        let (net, session) = world_with(EACH, [script]);
        let mut request = session.request("POST", "/");
        request.set_content(b"content".to_vec());
        request.set_expect_continue(true);
        let (_, took) = timed(&net, || send(&net, &request));
        assert_eq!(took, Duration::ZERO);
        let (_, took) = timed(&net, || drop(session));
        assert_eq!((took, net.open_connections()), (Duration::ZERO, 0));
    }
}

#[test]
fn nobody_has_to_wait_for_an_exchange_to_be_late() {
    // Content that is always available, and a slow caller: no step ever waits.
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let (net, session) = world_with(EACH, [Script::new().expect_head().send(head).send_fill(b'x', 1 << 30)]);
    let response = response(&net, &start(&session)).unwrap();
    let mut seconds = 0;
    let error = loop {
        match wait(&net, |context| response.poll_read(context, 1 << 16)) {
            Ok(piece) => assert_ne!(piece, None),
            Err(error) => break error,
        }
        net.advance(SECOND);
        seconds += 1;
        assert!(seconds <= 102);
    };
    assert_eq!((error.phase, error.code), (Phase::Body, Code::ExchangeTimeout));
    assert!(seconds >= 100, "{seconds}");
    assert_eq!(net.open_connections(), 0);

    // And a peer that takes all at once of content that never ends.
    let (net, session) = world_with(EACH, [Script::new().expect_head().drain()]);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(None);
    let exchange = request.start(true).unwrap();
    let mut seconds = 0;
    let error = loop {
        if let Err(error) = exchange.try_write(vec![b'x'; 1000]) {
            break error;
        }
        exchange.advance();
        net.advance(SECOND);
        seconds += 1;
        assert!(seconds <= 102);
    };
    assert_eq!((error.phase, error.code), (Phase::Send, Code::ExchangeTimeout));
    assert!(seconds >= 100, "{seconds}");
}
