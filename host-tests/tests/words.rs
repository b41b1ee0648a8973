//! Content in words: the same bytes as without.

use std::time::Duration;

use xenon_harness::component::{ErrorCode, Guest, ReceivedWords, Response, Session, Words};
use xenon_harness::peer::{Peer, Script};

/// The bytes that these words are; what fills the last of them up must be zeros.
fn bytes(Words { words, length }: Words) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(words.len(), (length as usize).div_ceil(8));
    assert!(bytes.split_off(length as usize).iter().all(|byte| *byte == 0), "the last word is filled up with zeros");
    assert!(!bytes.is_empty(), "a piece has at least one byte");
    bytes
}

fn content(length: usize) -> Vec<u8> {
    (1..=length).map(|byte| byte as u8 | 0x80).collect()
}

fn served(contents: &[usize]) -> (Guest, Session, Peer) {
    let script = contents.iter().fold(Script::new(), |script, length| {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
        answer.extend(content(*length));
        script.expect_head_with(&[]).send(answer)
    });
    let peer = Peer::start([script]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    (guest, session, peer)
}

fn read(response: &Response, max: u32) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(words) = response.read_words(max).unwrap() {
        let piece = bytes(words);
        assert!(piece.len() <= max as usize);
        all.extend(piece);
    }
    all
}

fn try_read(guest: &Guest, response: &Response, max: u32) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        match response.try_read_words(max).unwrap() {
            ReceivedWords::Content(words) => all.extend(bytes(words)),
            ReceivedWords::Pending => {
                assert_eq!(guest.wait_any(&[], &[response], &[], Some(Duration::from_secs(10))), [0]);
            }
            ReceivedWords::End => return all,
        }
    }
}

#[test]
fn every_length_comes_whole() {
    let lengths: Vec<usize> = (0..=17).flat_map(|length| [length; 2]).collect();
    let (guest, session, peer) = served(&lengths);
    for length in 0..=17 {
        let response = session.request("GET", "/").send().unwrap();
        assert_eq!(read(&response, 65_536), content(length), "{length}");
        assert!(response.read_words(1).unwrap().is_none(), "the end stays the end");
        assert_eq!(response.trailers(), Some(Vec::new()));
        let response = session.request("GET", "/").send().unwrap();
        assert_eq!(try_read(&guest, &response, 65_536), content(length), "{length}");
        assert!(matches!(response.try_read_words(1).unwrap(), ReceivedWords::End));
    }
    drop(session);
    peer.finish();
}

#[test]
fn max_counts_bytes() {
    let most = [1, 3, 7, 8, 9, 12, 15, 16, 17, 100];
    let (_guest, session, peer) = served(&[40; 10]);
    for max in most {
        let response = session.request("GET", "/").send().unwrap();
        assert_eq!(read(&response, max), content(40), "{max}");
    }
    drop(session);
    peer.finish();
}

#[test]
fn words_and_bytes_may_take_turns() {
    let (_guest, session, peer) = served(&[40]);
    let response = session.request("GET", "/").send().unwrap();
    let mut all = bytes(response.read_words(11).unwrap().unwrap());
    all.extend(response.read(3).unwrap().unwrap());
    all.extend(read(&response, 9));
    assert_eq!(all, content(40));
    drop((response, session));
    peer.finish();
}

#[test]
fn failures_are_those_of_bytes() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel";
    let peer = Peer::start([Script::new().expect_head_with(&[]).send(cut).close()]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    let response = session.request("GET", "/").send().unwrap();
    assert_eq!(response.read_words(0).unwrap_err().code, ErrorCode::ConfigurationError);
    assert_eq!(response.try_read_words(0).unwrap_err().code, ErrorCode::ConfigurationError);
    assert_eq!(bytes(response.read_words(8).unwrap().unwrap()), b"hel");
    assert_eq!(response.read_words(8).unwrap_err().code, ErrorCode::HttpResponseIncomplete);
    assert_eq!(response.try_read_words(8).unwrap_err().code, ErrorCode::HttpResponseIncomplete);
    drop((response, session));
    peer.finish();
}
