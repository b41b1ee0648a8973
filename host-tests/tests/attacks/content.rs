//! Content, its framing and its trailers, without end.

use xenon_harness::component::{ErrorCode, Phase};

use crate::head::Endless;
use crate::measure::*;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const CODING: (Phase, ErrorCode) = (Phase::Body, ErrorCode::HttpResponseTransferCoding);
const TRAILERS: (Phase, ErrorCode) = (Phase::Body, ErrorCode::HttpResponseTrailerSectionSize);
const TOO_MUCH: (Phase, ErrorCode) = (Phase::Body, ErrorCode::HttpResponseBodySize);
const SILENT: (Phase, ErrorCode) = (Phase::Body, ErrorCode::ConnectionReadTimeout);

#[test]
fn endless_lines_of_a_chunk_size() {
    for (name, begin, again) in [
        ("an endless chunk extension", "1;", "x"),
        ("endless chunk extensions", "1", ";a=b"),
        ("endless whitespace after a chunk's size", "1", " \t"),
        ("endless zeros of a chunk's size", "0", "0"),
    ] {
        let before = &format!("{CHUNKED}{begin}");
        Endless { name, before, again, enough: 1024 + 1 - begin.len(), error: CODING }.run();
    }
}

#[test]
fn an_endless_chunk_size() {
    let before = CHUNKED;
    Endless { name: "an endless chunk size", before, again: "f", enough: 17, error: CODING }.run();
}

#[test]
fn endless_trailers() {
    let before = &format!("{CHUNKED}1\r\na\r\n0\r\n");
    let line = (Phase::Body, ErrorCode::HttpResponseHeaderSize);
    let large = &format!("A: {}\r\n", "b".repeat(4096));
    let all = [
        ("endless trailers", "A: b\r\n", 512 * 6 + 1, TRAILERS),
        ("endless large trailers", large, (256 << 10) + 1, TRAILERS),
        ("one endless trailer", "b", (64 << 10) + 1, line),
    ];
    for (name, again, enough, error) in all {
        Endless { name, before, again, enough, error }.run();
    }
}

#[test]
fn endless_content_to_one_that_keeps_it() {
    const KEPT: usize = 256 << 10;
    let one_chunk = format!("{CHUNKED}ffffffffffffffff\r\n");
    let length = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    let all = [
        ("endless content for `get`, with its length", length.as_str(), "x", KEPT + 1),
        ("endless content for `get`, to the connection's end", "HTTP/1.1 200 OK\r\n\r\n", "x", KEPT + 1),
        ("endless content for `get`, in one chunk", &one_chunk, "x", KEPT + 1),
        ("endless content for `get`, in tiny chunks", CHUNKED, "1\r\nx\r\n", (KEPT + 1) * 6),
    ];
    for (name, before, again, enough) in all {
        let attack = Endless { name, before, again, enough, error: TOO_MUCH };
        attack.run_with(|session| set_limits(session, |limits| limits.whole_content = KEPT as u64));
    }
}

#[test]
fn huge_sizes_with_nothing_behind_them() {
    let sizes = [
        ("a chunk of 2^63 bytes that are not there", format!("{CHUNKED}8000000000000000\r\n")),
        ("a chunk of 2^64 - 1 bytes, one is there", format!("{CHUNKED}ffffffffffffffff\r\nx")),
        (
            "content of 2^64 - 1 bytes that are not there",
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX),
        ),
    ];
    for (name, answer) in sizes {
        let (error, _) = attack([script().send(&answer).close()], |_, session| session.get("/").unwrap_err());
        assert_error(&error, Phase::Body, &ErrorCode::HttpResponseIncomplete);
        let (error, cost) = attack([script().send(&answer).stall()], |_, session| {
            set_deadlines(&session, |deadlines| deadlines.between_bytes = 100 * MILLISECOND);
            session.get("/").unwrap_err()
        });
        assert_error(&error, SILENT.0, &SILENT.1);
        report(name, cost, &words(&error));
    }
}

#[test]
fn a_response_that_nobody_reads() {
    let flood = || script().send(CHUNKED).send_until_closed("1\r\nx\r\n".repeat(10_000));
    let ((), cost) = attack([flood(), flood(), flood()], |_, session| {
        for _ in 0..3 {
            drop(session.request("GET", "/").send().unwrap());
        }
    });
    report("endless tiny chunks that nobody reads, three times", cost, "none");
}
