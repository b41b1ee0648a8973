//! Work is linear in the bytes: what is accepted costs twice as much when there is twice as much of it.

use std::time::Duration;

use xenon_harness::component::{Guest, Received, Session};
use xenon_harness::peer::Script;

use crate::measure::*;

/// How much dearer a byte may be in the larger half of what is measured. Were the work quadratic, it would be 2.
const DEARER: f64 = 1.25;

/// The most that the component may spend on a call of the host, with all that belongs to it.
const CALL: u64 = 1_500;

/// The most that it may spend on a byte that is framing.
const BYTE: u64 = 500;

/// Does this with `size`, twice as much and four times as much of it.
fn assert_linear(name: &str, size: u64, answer: impl Fn(u64) -> Script, act: impl Fn(&Guest, &Session)) {
    let [one, two, four] =
        [size, 2 * size, 4 * size].map(|size| attack([answer(size)], |guest, session| act(guest, &session)).1);
    let (first, second) = (two.fuel.saturating_sub(one.fuel), four.fuel.saturating_sub(two.fuel) / 2);
    report(name, four, "none");
    let most = DEARER * first as f64;
    assert!(first > 0 && second as f64 <= most, "{name}: {size} cost {first}, and then {second}");
}

/// Does this with what is so cheap, or comes in so small pieces, that calls of the host cost the most. How many there are
/// depends on the machine, so they are counted. Were all bytes looked at again with each read, it would be several times as
/// much.
fn assert_cheap(name: &str, per_byte: u64, answer: Script, act: impl Fn(&Guest, &Session)) {
    let ((), cost) = attack([answer], |guest, session| act(guest, &session));
    report(name, cost, "none");
    let Cost { sent, fuel, calls, .. } = cost;
    let most = calls * CALL + sent * per_byte;
    assert!(fuel <= most, "{name}: {fuel} is more than {most}, with {calls} calls and {sent} bytes");
}

const OK_HEAD: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn get(_: &Guest, session: &Session) {
    assert_eq!(session.get("/").unwrap().status, 200);
}

/// Reads all content and throws it away.
fn read(session: &Session, max: u32) -> u64 {
    let response = session.request("GET", "/").send().unwrap();
    let mut length = 0;
    while let Some(piece) = response.read(max).unwrap() {
        length += piece.len() as u64;
    }
    length
}

#[test]
fn ten_million_tiny_chunks() {
    let answer = |chunks: u64| {
        script().send(CHUNKED).send_repeatedly("1\r\nx\r\n".repeat(10_000), chunks / 10_000).send("0\r\n\r\n")
    };
    assert_linear("10,000,000 chunks of a byte", 2_500_000, answer, |_, session| {
        assert_ne!(read(session, 1 << 16), 0);
    });
}

#[test]
fn chunks_with_extensions() {
    let chunk = format!("1;{}\r\nx\r\n", "e".repeat(1000));
    let answer = |chunks: u64| script().send(CHUNKED).send_repeatedly(chunk.repeat(50), chunks / 50).send("0\r\n\r\n");
    assert_linear("chunks with long extensions", 5_000, answer, |_, session| {
        assert_ne!(read(session, 1 << 16), 0);
    });
}

#[test]
fn content() {
    const LENGTH: u64 = 256 << 20;
    let head = format!("{OK_HEAD}Content-Length: {LENGTH}\r\n\r\n");
    let answer = script().send(head).send_repeatedly(vec![b'x'; 1 << 16], LENGTH >> 16);
    assert_cheap("256 MiB of content", 0, answer, |_, session| assert_eq!(read(session, 1 << 16), LENGTH));
}

#[test]
fn content_read_in_small_pieces() {
    let answer = |bytes: u64| {
        script().send(OK_HEAD).send(format!("Content-Length: {bytes}\r\n\r\n")).send(vec![b'x'; bytes as usize])
    };
    assert_linear("content read 16 bytes a call", 1 << 15, answer, |_, session| assert_ne!(read(session, 16), 0));
    assert_linear("content read 16 bytes a call, polled before", 1 << 13, answer, |guest, session| {
        let response = session.request("GET", "/").send().unwrap();
        loop {
            guest.wait_any(&[], &[&response], &[], None);
            if matches!(response.try_read(16).unwrap(), Received::End) {
                break;
            }
        }
    });
}

#[test]
fn a_byte_a_segment() {
    let pause = Duration::from_micros(20);
    let slowly = |before: &str, bytes: &str, after: &str| {
        let script = script().send(format!("HTTP/1.1 200 OK\r\n{before}"));
        script.send_byte_by_byte_slowly(bytes, pause).send(after)
    };
    let wide = |guest: &Guest, session: &Session| {
        set_limits(session, |limits| limits.line_length = 1 << 20);
        get(guest, session);
    };
    const LENGTH: usize = 1 << 13;
    let line = "b".repeat(LENGTH);
    let length = format!("Content-Length: {}\r\n\r\n", LENGTH + 1);
    let chunks = "1\r\nx\r\n".repeat(LENGTH / 6);
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";

    let end = "\r\nContent-Length: 0\r\n\r\n";
    assert_cheap("a field line, a byte a segment", BYTE, slowly("A: ", &line, end), wide);
    assert_cheap("folds, a byte a segment", BYTE, slowly("A: b", &"\n c".repeat(LENGTH / 3), end), wide);
    assert_cheap("content, a byte a segment", BYTE, slowly(&length, &line, "x"), get);
    assert_cheap("chunks of a byte, a byte a segment", BYTE, slowly(chunked, &chunks, "0\r\n\r\n"), get);
    assert_cheap("a trailer, a byte a segment", BYTE, slowly(&format!("{chunked}0\r\nA: "), &line, "\r\n\r\n"), wide);
}

#[test]
fn field_lines() {
    let lines = |line: &'static str| {
        move |count: u64| script().send(OK_HEAD.to_owned() + &line.repeat(count as usize) + "Content-Length: 0\r\n\r\n")
    };
    let raised = |guest: &Guest, session: &Session| {
        set_limits(session, |limits| (limits.field_lines, limits.head_length) = (1 << 20, 1 << 20));
        get(guest, session);
    };
    assert_linear("tiny field lines", 1 << 10, lines("A:\n"), raised);
    assert_linear("field lines", 1 << 10, lines("Field-Name: some value\r\n"), raised);
    let folds = |count: u64| {
        script().send(format!("{OK_HEAD}A: b\r\n{}Content-Length: 0\r\n\r\n", " c\r\n".repeat(count as usize)))
    };
    assert_linear("folds", 1 << 13, folds, |guest, session| {
        set_limits(session, |limits| (limits.line_length, limits.head_length) = (1 << 20, 1 << 20));
        get(guest, session);
    });
    let lengths =
        |count: u64| script().send(format!("{OK_HEAD}{}\r\n", "Content-Length: 0\r\n".repeat(count as usize)));
    assert_linear("the same Content-Length again and again", 1 << 10, lengths, raised);
    let codings = |count: u64| {
        script().send(format!("{OK_HEAD}Connection: {}close\r\nContent-Length: 0\r\n\r\n", "a,".repeat(count as usize)))
    };
    assert_linear("a long list of connection options", 1 << 13, codings, |guest, session| {
        set_limits(session, |limits| (limits.line_length, limits.head_length) = (1 << 20, 1 << 20));
        get(guest, session);
    });
}

#[test]
fn trailers() {
    let answer = |count: u64| {
        script().send(format!("{CHUNKED}0\r\n{}\r\n", "Field-Name: some value\r\n".repeat(count as usize)))
    };
    assert_linear("trailers", 1 << 10, answer, |guest, session| {
        set_limits(session, |limits| (limits.field_lines, limits.head_length) = (1 << 20, 1 << 20));
        get(guest, session);
    });
}

#[test]
fn interim_responses() {
    let answer = |count: u64| script().send("HTTP/1.1 103\r\nA: b\r\n\r\n".repeat(count as usize) + OK);
    assert_linear("interim responses", 1 << 8, answer, |guest, session| {
        set_limits(session, |limits| {
            (limits.interim_responses, limits.head_length, limits.field_lines) = (1 << 20, 1 << 20, 1 << 20);
        });
        get(guest, session);
    });
}
