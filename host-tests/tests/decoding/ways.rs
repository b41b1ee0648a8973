//! Every way of reading decodes: whole, in pieces of any size, in words, waiting and not.

use std::time::Duration;

use xenon_harness::component::{ErrorCode, Guest, Received, ReceivedWords, Response, Words};
use xenon_harness::peer::{Peer, Script};

use crate::{Which, decoding, guest};

/// 300,000 zeros in gzip, and 19 bytes.
const ZEROS: (&[u8], usize) = (include_bytes!("../../../tests/coding/vectors/zeros.gzip"), 300_000);
const HELLO: &[u8] = include_bytes!("../../../tests/coding/vectors/short.gzip");

type Way = fn(&Guest, &Response) -> Vec<u8>;

const WAYS: [Way; 6] = [
    |_, response| response.read_to_end().unwrap(),
    |_, response| std::iter::from_fn(|| response.read(u32::MAX).unwrap()).flatten().collect(),
    |_, response| std::iter::from_fn(|| response.read(7001).unwrap()).flatten().collect(),
    |_, response| std::iter::from_fn(|| response.read_words(4099).unwrap()).flat_map(bytes).collect(),
    |guest, response| {
        waiting(guest, response, || match response.try_read(1 << 15).unwrap() {
            Received::Content(piece) => Some(piece),
            Received::Pending => None,
            Received::End => Some(Vec::new()),
        })
    },
    |guest, response| {
        waiting(guest, response, || match response.try_read_words(1 << 15).unwrap() {
            ReceivedWords::Content(words) => Some(bytes(words)),
            ReceivedWords::Pending => None,
            ReceivedWords::End => Some(Vec::new()),
        })
    },
];

/// Reads until a piece is empty, and waits where there is none.
fn waiting(guest: &Guest, response: &Response, read: impl Fn() -> Option<Vec<u8>>) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        match read() {
            Some(piece) if piece.is_empty() => return all,
            Some(piece) => all.extend(piece),
            None => assert_eq!(guest.wait_any(&[], &[response], &[], Some(Duration::from_secs(10))), [0]),
        }
    }
}

fn bytes(Words { words, length }: Words) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).take(length as usize).collect()
}

/// In chunks, with a trailer.
fn chunked(content: &[u8]) -> Vec<u8> {
    let mut response = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in content.chunks(10) {
        response.extend(format!("{:x}\r\n", chunk.len()).bytes());
        response.extend(chunk);
        response.extend(b"\r\n");
    }
    response.extend(b"0\r\nChecked: yes\r\n\r\n");
    response
}

#[test]
fn each_way_of_reading_decodes_and_keeps_the_connection() {
    let (zeros, length) = ZEROS;
    let script = WAYS.iter().fold(Script::new(), |script, _| {
        script.expect_head_with(&[]).send(chunked(zeros)).expect_head_with(&[]).send_byte_by_byte(chunked(HELLO))
    });
    let peer = Peer::start([script]);
    let guest = guest(Which::Usual);
    let session = decoding(&guest, &peer);
    for way in WAYS {
        for expected in [vec![0; length], b"hello, hello, hello".to_vec()] {
            let response = session.request("GET", "/").send().unwrap();
            assert_eq!(response.codings(), ["gzip"]);
            assert!(way(&guest, &response) == expected);
            assert_eq!(response.trailers().unwrap(), [("Checked".to_owned(), b"yes".to_vec())]);
        }
    }
    drop(session);
    peer.finish();
}

#[test]
fn whole_responses_are_decoded() {
    let peer = Peer::start([Script::new().expect_head_with(&[]).send(chunked(HELLO))]);
    let guest = guest(Which::Usual);
    let whole = decoding(&guest, &peer).get("/").unwrap();
    assert_eq!((whole.content.as_slice(), whole.trailers.len()), (b"hello, hello, hello".as_slice(), 1));
    peer.finish();
}

/// Content of a server that goes on only after it was read.
#[test]
fn content_comes_before_the_coded_data_is_complete() {
    let events: &[u8] = include_bytes!("../../../tests/coding/vectors/mixed-flushed.gzip");
    let half = events.len() / 2;
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    let peer =
        Peer::start([Script::new().expect_head_with(&[]).send([head.as_bytes(), &events[..half]].concat()).stall()]);
    let guest = guest(Which::Usual);
    let session = decoding(&guest, &peer);
    session.change_options(|options| options.set_between_bytes_timeout(200_000_000));
    let response = session.request("GET", "/").send().unwrap();
    let mut length = 0;
    let error = loop {
        match response.read(u32::MAX) {
            Ok(piece) => length += piece.unwrap().len(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code, ErrorCode::ConnectionReadTimeout);
    assert!(length > half, "{length}");
    drop(session);
    peer.finish();
}
