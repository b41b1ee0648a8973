//! Content codings: memory and limits. What is sent and received is in `tests/transcripts/decoding`.

#![cfg_attr(not(feature = "zstd"), allow(dead_code, unused_imports, reason = "much of it is about zstd"))]

use xenon::error::{Code, Phase};
use xenon::limits::{DECODED_PIECE, Limits, READ_LENGTH};
use xenon::net::sim::{Script, SimNet};
use xenon::session::events::Kind;

use crate::stories::HELLO_GZIP;
use crate::support::*;

/// A run of 128 KiB in zstd, in four bytes, as often as this.
fn runs(count: usize) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3], [0b010, 0, 0x10, b'x'].repeat(count).as_slice(), &[1, 0, 0]].concat()
}

fn coded(coding: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", content.len());
    [head.as_bytes(), content].concat()
}

/// A world whose peer sends this content, and a session that decodes it.
fn decoding(coding: &str, content: &[u8]) -> (SimNet, Session) {
    let (net, session) = world([Script::new().expect_head().send(coded(coding, content)).expect_head()]);
    session.change_options(|options| options.is_decoding = true);
    (net, session)
}

#[cfg(feature = "zstd")]
#[test]
fn a_small_response_that_decodes_to_much_comes_in_pieces() {
    const COUNT: usize = 500;
    let (net, session) = decoding("zstd", &runs(COUNT));
    let response = response(&net, &start(&session)).unwrap();
    assert_eq!(response.codings(), ["zstd"]);
    let mut decoded = 0;
    while let Some(piece) = wait(&net, |context| response.poll_read(context, usize::MAX)).unwrap() {
        assert!((1..=DECODED_PIECE).contains(&piece.len()) && piece.iter().all(|byte| *byte == b'x'));
        decoded += piece.len();
    }
    assert_eq!(decoded, COUNT * 128 * 1024);
    assert!(net.bytes_received() < 4096);
    assert_eq!((net.open_connections(), closings(&session)), (1, vec![]));
}

#[cfg(feature = "zstd")]
#[test]
fn decoded_content_is_not_received_before_it_is_read() {
    let (net, session) = decoding("zstd", &runs(100_000));
    let response = response(&net, &start(&session)).unwrap();
    for _ in 0..10 {
        assert_eq!(poll(&net, &[], &[&response], None), [0]);
        wait(&net, |context| response.poll_read(context, 100)).unwrap().unwrap();
        net.settle();
    }
    assert!(net.bytes_received() <= 2 * READ_LENGTH as u64, "{}", net.bytes_received());
}

#[test]
fn whole_content_is_limited_after_decoding() {
    for (limit, expected) in [(19, true), (18, false)] {
        let (net, session) = decoding("gzip", HELLO_GZIP);
        session.change_options(|options| options.set_limits(Limits { whole_content: limit, ..Limits::default() }));
        match (get(&net, &session), expected) {
            (Ok(whole), true) => assert!(whole.contains("hello, hello, hello"), "{whole}"),
            (Err(error), false) => {
                assert_eq!((error.phase, error.code), (Phase::Body, Code::ResponseContentTooLarge));
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_zero_is_the_default_limit_of_decoded_content() {
    let (_, session) = world([]);
    session.change_options(|options| options.set_limits(Limits { decoded_content: 0, ..Limits::default() }));
    assert_eq!(session.options().limits().decoded_content, Limits::default().decoded_content);
}

#[test]
fn events_count_received_bytes_and_name_the_codings() {
    let (net, session) = decoding("gzip", HELLO_GZIP);
    get(&net, &session).unwrap();
    let events: Vec<Kind> = session.take_events().into_iter().map(|event| event.what).collect();
    let place = |is: &dyn Fn(&Kind) -> bool| events.iter().position(is).unwrap();
    let length = HELLO_GZIP.len() as u64;
    let head = place(&|kind| matches!(kind, Kind::ResponseHead(_)));
    let named = place(&|kind| *kind == Kind::Decoding(vec!["gzip"]));
    let received = place(&|kind| *kind == Kind::Receiving { done: length, total: Some(length) });
    let complete = place(&|kind| *kind == Kind::Complete);
    assert!(head < named && named < received && received < complete, "{events:?}");
}

/// A failure of the coding is the exchange's only end, and stays.
#[test]
fn a_failure_is_told_once_and_stays() {
    let (net, session) = decoding("gzip", &HELLO_GZIP[..HELLO_GZIP.len() - 1]);
    let response = response(&net, &start(&session)).unwrap();
    assert!(wait(&net, |context| response.poll_read(context, 100)).unwrap().is_some());
    for _ in 0..3 {
        let error = wait(&net, |context| response.poll_read(context, 100)).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Body, Code::ContentCoding));
    }
    let ends = session.take_events().into_iter().filter(|event| matches!(event.what, Kind::Complete | Kind::Failed(_)));
    assert_eq!((ends.count(), net.open_connections()), (1, 0));
}
