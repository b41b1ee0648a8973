//! Peers that are as slow as the deadlines let them be, or faster than anybody can wait; and those that do not read.
//!
//! The pauses are the attack. What is asserted is which deadline ends it, not when.

use std::time::Duration;

use xenon_harness::component::{Error, ErrorCode, Phase, Session};
use xenon_harness::peer::{Gate, Script};

use crate::measure::*;

const PAUSE: Duration = Duration::from_millis(25);
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What a trickle has to be ended by: with these deadlines no step is ever late, but all together are.
fn set_patience(session: &Session) {
    set_deadlines(session, |deadlines| {
        deadlines.between_bytes = 500 * MILLISECOND;
        deadlines.write = 500 * MILLISECOND;
        deadlines.exchange = 1000 * MILLISECOND;
    });
    // So that it is the time that ends it.
    set_limits(session, |limits| {
        limits.interim_responses = 1 << 20;
        limits.head_length = 1 << 20;
    });
}

fn trickle(name: &str, before: &str, again: &str, phase: Phase) {
    let (error, cost) = attack([script().send(before).trickle(again, PAUSE)], |_, session| {
        set_patience(&session);
        session.get("/").map(|response| response.status).unwrap_err()
    });
    assert_error(&error, phase, &ErrorCode::ExchangeTimeout);
    report(name, cost, &words(&error));
}

#[test]
fn a_trickling_head() {
    trickle("a trickling head", "HTTP/1.1 200 OK\r\nA: ", "b", Phase::Head);
}

#[test]
fn trickling_interim_responses() {
    trickle("trickling interim responses", "", "HTTP/1.1 100 \r\n\r\n", Phase::Head);
}

#[test]
fn trickling_content() {
    trickle("trickling content", "HTTP/1.1 200 OK\r\n\r\n", "b", Phase::Body);
}

#[test]
fn trickling_chunks() {
    trickle("trickling chunks", CHUNKED, "1\r\nb\r\n", Phase::Body);
}

#[test]
fn a_trickling_chunk_extension() {
    trickle("a trickling chunk extension", &format!("{CHUNKED}1;"), "b", Phase::Body);
}

#[test]
fn trickling_trailers() {
    trickle("trickling trailers", &format!("{CHUNKED}0\r\nA: "), "b", Phase::Body);
}

#[test]
fn a_trickle_before_the_head_does_not_renew_its_deadline() {
    for (name, before, again) in [
        ("a trickling head, until the first byte is due", "HTTP/1.1 200 OK\r\nA: ", "b"),
        ("trickling interim responses, until the final one is due", "", "HTTP/1.1 100 \r\n\r\n"),
    ] {
        let (error, cost) = attack([script().send(before).trickle(again, PAUSE)], |_, session| {
            set_patience(&session);
            set_deadlines(&session, |deadlines| {
                deadlines.first_byte = 500 * MILLISECOND;
                deadlines.exchange = 60_000 * MILLISECOND;
            });
            session.get("/").map(|response| response.status).unwrap_err()
        });
        assert_error(&error, Phase::Head, &ErrorCode::HttpResponseTimeout);
        report(name, cost, &words(&error));
    }
}

/// Content that never ends and is always there, so that nobody ever waits, is over when the exchange has to be.
#[test]
fn a_flood_that_the_caller_reads() {
    for (name, before, again) in [
        ("endless content that the caller reads", "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(1 << 16)),
        ("endless tiny chunks that the caller reads", CHUNKED, "1\r\nx\r\n".repeat(1 << 14)),
    ] {
        let (error, cost) = attack([script().send(before).send_until_closed(again)], |_, session| {
            set_patience(&session);
            let response = session.request("GET", "/").send().unwrap();
            std::iter::repeat_with(|| response.read(1 << 16)).find_map(Result::err).unwrap()
        });
        assert_error(&error, Phase::Body, &ErrorCode::ExchangeTimeout);
        report(name, cost, &words(&error));
    }
}

/// Writes pieces until it fails, of a content that would be a gibibyte.
fn upload(session: &Session, length: Option<u64>) -> Error {
    let request = session.request("PUT", "/");
    request.set_streamed_content(length);
    let exchange = request.start().unwrap();
    let piece = vec![b'x'; 1 << 16];
    (0..1 << 14).find_map(|_| exchange.write(&piece).err()).expect("the upload does not go through")
}

#[test]
fn a_peer_that_never_reads_an_upload() {
    for (name, length) in
        [("a peer that never reads 1 GiB", Some(1 << 30)), ("a peer that never reads 1 GiB in chunks", None)]
    {
        let gate = Gate::new();
        let (error, cost) = attack([script().wait(&gate).reset()], |_, session| {
            set_patience(&session);
            set_deadlines(&session, |deadlines| deadlines.exchange = 60_000 * MILLISECOND);
            let error = upload(&session, length);
            gate.open();
            error
        });
        assert_error(&error, Phase::Send, &ErrorCode::ConnectionWriteTimeout);
        report(name, cost, &words(&error));
    }
}

#[test]
fn a_peer_that_reads_an_upload_slowly() {
    let (error, cost) = attack([script().read_slowly(PAUSE)], |_, session| {
        set_patience(&session);
        upload(&session, Some(1 << 30))
    });
    assert_error(&error, Phase::Send, &ErrorCode::ExchangeTimeout);
    report("a peer that reads 1 GiB slowly", cost, &words(&error));
}

/// An upload that goes through at full speed for longer than the exchange may take.
#[test]
fn a_peer_that_reads_without_end() {
    let (error, cost) = attack([script().stall()], |_, session| {
        set_deadlines(&session, |deadlines| deadlines.exchange = 300 * MILLISECOND);
        let request = session.request("PUT", "/");
        request.set_streamed_content(None);
        let exchange = request.start().unwrap();
        let piece = vec![b'x'; 1 << 16];
        std::iter::repeat_with(|| exchange.write(&piece)).find_map(Result::err).unwrap()
    });
    assert_error(&error, Phase::Send, &ErrorCode::ExchangeTimeout);
    report("a peer that takes endless content", cost, &words(&error));
}

/// Connections that the peer does not let die are bounded, and it ends when it lets them.
#[test]
fn peers_that_never_read_again_and_again() {
    const TIMES: usize = 70;
    let gate = Gate::new();
    let scripts = (0..64).map(|_| Script::new().narrow().expect_head_with(&[]).wait(&gate).reset());
    let ((), cost) = attack(scripts, |_, session| {
        set_deadlines(&session, |deadlines| deadlines.write = MILLISECOND);
        let errors: Vec<ErrorCode> = (0..TIMES).map(|_| upload(&session, Some(1 << 30)).code).collect();
        assert_eq!(errors.iter().filter(|code| **code == ErrorCode::ConnectionWriteTimeout).count(), 64, "{errors:?}");
        assert_ne!(errors[64], ErrorCode::ConnectionWriteTimeout);
        gate.open();
    });
    report("70 uploads to peers that never read", cost, "64 times Send: ConnectionWriteTimeout");
}
