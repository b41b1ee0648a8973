//! How many writes of the host's an upload takes. One too many costs more than its call: a short segment waits for the
//! acknowledgement of another short one, which a peer with nothing to say puts off for 40 ms.

use xenon_harness::component::{Guest, Setup};
use xenon_harness::peer::{Peer, Script};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Uploads to this peer, and counts.
fn writes(script: Script, upload: impl FnOnce(&xenon_harness::component::Session)) -> u64 {
    let peer = Peer::start([script.send(OK)]);
    let guest = Guest::with(Setup { call_names: true, ..Setup::default() });
    upload(&guest.session("http", "127.0.0.1", peer.port()));
    peer.finish();
    let is_write = |name: &str| name.ends_with("output-stream.write");
    guest.host_calls_by_name().iter().filter(|(name, _)| is_write(name)).map(|(_, count)| count).sum()
}

fn script() -> Script {
    Script::new().expect_head_with(&[])
}

#[test]
fn a_head_goes_with_the_content_that_follows() {
    let count = writes(script().read(3), |session| {
        let request = session.request("PUT", "/");
        request.set_streamed_content(Some(3));
        let exchange = request.start().unwrap();
        exchange.write(b"abc").unwrap();
        assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    });
    assert_eq!(count, 1);
}

#[test]
fn the_end_of_chunked_content_goes_with_what_try_write_took() {
    let count = writes(script().read_chunked(), |session| {
        let request = session.request("PUT", "/");
        request.set_streamed_content(None);
        let exchange = request.start().unwrap();
        assert!(exchange.try_write(b"abc").unwrap());
        exchange.finish(&Vec::new()).unwrap();
        assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    });
    assert_eq!(count, 1);
}

#[test]
fn a_head_goes_alone_when_an_answer_is_waited_for() {
    let early = Script::new().expect_head_with(&[]).send("HTTP/1.1 103 Early Hints\r\n\r\n").read(3);
    let count = writes(early, |session| {
        let request = session.request("PUT", "/");
        request.set_streamed_content(Some(3));
        let exchange = request.start().unwrap();
        while exchange.interim_responses().is_empty() {
            assert!(exchange.try_response().unwrap().is_none());
        }
        exchange.write(b"abc").unwrap();
        assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    });
    assert_eq!(count, 2);
}

#[test]
fn what_is_more_than_a_write_goes_in_as_few_as_can_be() {
    for (length, expected) in [(65_000, 1), (65_536, 2), (131_072, 3), (200_000, 4), (1_000_000, 16)] {
        let content = vec![b'x'; length];
        let count = writes(script().read(length as u64), |session| {
            assert_eq!(session.put("/", "text/plain", &content).unwrap().content, b"hello");
        });
        assert_eq!(count, expected, "{length} bytes");
    }
}
