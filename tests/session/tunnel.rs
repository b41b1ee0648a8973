//! Connections that become something else: 101 Switching Protocols, and a 2xx to CONNECT.

use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::net::sim::{Script, SimNet};
use xenon::session::events::CloseReason;

use crate::support::*;

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
const TUNNEL: &str = "HTTP/1.1 200 Connected\r\nContent-Length: 3\r\n\r\n";

/// A world whose peer does this after it has switched, the exchange and its response: by 101, or by CONNECT.
fn switched(is_connect: bool, then: impl Fn(Script) -> Script) -> (SimNet, Session, Exchange, Response) {
    let head = if is_connect { TUNNEL } else { SWITCH };
    let (net, session) = world([then(Script::new().expect_head().send(head))]);
    let mut request = if is_connect { session.request("CONNECT", "b.test:443") } else { session.request("GET", "/") };
    if !is_connect {
        request.add_field("Upgrade", b"x".to_vec()).unwrap();
        request.add_field("Connection", b"Upgrade".to_vec()).unwrap();
    }
    let exchange = request.start(true).unwrap();
    let response = response(&net, &exchange).unwrap();
    (net, session, exchange, response)
}

fn read(net: &SimNet, response: &Response) -> String {
    wait(net, |context| response.poll_read(context, 99)).unwrap().map_or_else(|| "(end)".into(), text)
}

#[test]
fn bytes_go_both_ways_as_they_are() {
    for is_connect in [false, true] {
        let (net, session, exchange, response) = switched(is_connect, |script| {
            script.send("welcome").expect("ping").send("pong").expect("bye").expect_end().send("bye").close()
        });
        assert_eq!(response.head().status, if is_connect { 200 } else { 101 });
        assert_eq!(response.content_length(), None);
        assert_eq!(read(&net, &response), "welcome");
        write(&net, &exchange, b"ping").unwrap();
        assert_eq!(read(&net, &response), "pong");
        write(&net, &exchange, b"bye").unwrap();
        exchange.finish(Fields::default()).unwrap();
        assert_eq!(read(&net, &response), "bye", "reading goes on after the end of writing");
        assert_eq!(read(&net, &response), "(end)");
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::Upgraded]));
        net.assert_done();
    }
}

#[test]
fn connect_names_whom_it_asks_for() {
    let (net, ..) = switched(true, Script::stall);
    assert!(sent(&net, 0).starts_with("CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n"), "{}", sent(&net, 0));
}

#[test]
fn a_refused_connect_is_a_response_like_any_other() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let (net, session) = world([Script::new().expect_head().send(refusal).expect_head().send(ok("ok"))]);
    let exchange = session.request("CONNECT", "b.test:443").start(true).unwrap();
    let response = response(&net, &exchange).unwrap();
    assert_eq!((response.head().status, content(&net, &response).unwrap()), (403, "no".into()));
    assert_eq!(failure(exchange.try_write(b"x".to_vec())), (Phase::Setup, Code::InvalidState));
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
}

#[test]
fn declined_upgrade_is_an_ordinary_response() {
    let (net, session) = world([answers(2)]);
    let mut request = session.request("GET", "/");
    request.add_field("Upgrade", b"x".to_vec()).unwrap();
    assert_eq!(text(send(&net, &request).unwrap().content), "ok");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
}

#[test]
fn the_end_of_writing_comes_after_what_was_written() {
    for is_connect in [false, true] {
        let (net, _session, exchange, response) = switched(is_connect, |script| {
            script
                .stop_reading()
                .delay(SECOND)
                .window(1 << 16)
                .expect_bytes(300_000)
                .expect_end()
                .send("got it")
                .close()
        });
        net.settle();
        // More than the machine takes at once, so that some of it waits.
        assert_eq!(exchange.try_write(vec![b'x'; 300_000]).unwrap(), Ok(()));
        exchange.finish(Fields::default()).unwrap();
        assert_eq!(net.bytes_sent(), sent(&net, 0).split_inclusive("\r\n\r\n").next().unwrap().len() as u64);
        assert_eq!(read(&net, &response), "got it");
        assert_eq!(read(&net, &response), "(end)");
        net.assert_done();
    }
}

#[test]
fn nothing_can_be_written_after_the_end_of_writing() {
    let (net, _session, exchange, response) = switched(false, |script| script.expect_end().send("bye").close());
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(failure(exchange.try_write(b"x".to_vec())), (Phase::Setup, Code::InvalidState));
    assert_eq!(failure(exchange.finish(Fields::default())), (Phase::Setup, Code::InvalidState));
    assert_eq!(read(&net, &response), "bye");
    assert_eq!(read(&net, &response), "(end)");
    net.assert_done();
}

#[test]
fn when_the_peer_has_ended_there_is_nobody_to_write_to() {
    for is_connect in [false, true] {
        let (net, session, exchange, response) = switched(is_connect, |script| script.send("bye").close());
        assert_eq!(read(&net, &response), "bye");
        assert_eq!(read(&net, &response), "(end)");
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::Upgraded]));
        assert_eq!(failure(exchange.try_write(b"x".to_vec())), (Phase::Send, Code::ConnectionTerminated));
        assert_eq!(
            failure(wait(&net, |context| exchange.poll_flush(context))),
            (Phase::Send, Code::ConnectionTerminated)
        );
        assert_eq!(failure(exchange.finish(Fields::default())), (Phase::Send, Code::ConnectionTerminated));
    }
}

#[test]
fn a_peer_that_breaks_off_is_an_error_both_ways() {
    let (net, session, exchange, response) = switched(false, |script| script.send("hell").reset());
    assert_eq!(failure(write(&net, &exchange, b"x")), (Phase::Send, Code::ConnectionTerminated));
    assert_eq!(read(&net, &response), "hell", "what it said before is still there");
    assert_eq!(
        failure(wait(&net, |context| response.poll_read(context, 99))),
        (Phase::Body, Code::ConnectionTerminated)
    );
    assert_eq!(net.open_connections(), 0);
    assert_eq!(closings(&session), [CloseReason::Failed]);
}

#[test]
fn no_protocol_begins_within_a_request() {
    for (length, content) in [(Some(5), "hel"), (None, "3\r\nhel\r\n"), (Some(5), "")] {
        let (net, session) = world([Script::new().expect_head().expect(content).send(SWITCH).expect_end()]);
        let mut request = session.request("POST", "/");
        request.set_streamed_content(length);
        request.add_field("Upgrade", b"x".to_vec()).unwrap();
        request.set_expect_continue(content.is_empty());
        let exchange = request.start(true).unwrap();
        net.settle();
        let early = (Phase::Head, Code::UpgradeFailed);
        match exchange.try_write(b"hel".to_vec()) {
            Ok(taken) => taken.unwrap(),
            Err(error) => assert_eq!((error.phase, error.code), early),
        }
        assert_eq!(failure(response(&net, &exchange)), early, "{content:?}");
        assert_eq!(net.open_connections(), 0);
        assert!(
            sent(&net, 0).ends_with(&format!("\r\n\r\n{content}")),
            "nothing follows in the old protocol or the new"
        );
        net.assert_done();
    }
    let (net, session) =
        world([Script::new().expect_head().expect("hello").send(SWITCH).expect("raw").send("raw").close()]);
    let mut request = session.request("POST", "/");
    request.set_content(b"hello".to_vec());
    request.add_field("Upgrade", b"x".to_vec()).unwrap();
    let exchange = request.start(true).unwrap();
    let response = response(&net, &exchange).unwrap();
    write(&net, &exchange, b"raw").unwrap();
    assert_eq!(read(&net, &response), "raw");
    net.assert_done();
}

#[test]
fn trailers_have_no_place_in_a_tunnel() {
    let (net, _session, exchange, response) = switched(false, |script| script.expect_end().send("bye").close());
    let mut trailers = Fields::default();
    trailers.push("A", "b");
    assert_eq!(failure(exchange.finish(trailers)), (Phase::Send, Code::RequestFieldInvalid(String::new())));
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(read(&net, &response), "bye");
}

#[test]
fn a_switched_connection_never_serves_another_request() {
    let (net, session, exchange, response) = switched(false, |script| script.stall());
    net.listen(at(PEER), [answers(1)]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 2, "it is busy");
    drop((exchange, response));
    assert_eq!(net.open_connections(), 1);
    assert_eq!(closings(&session), [CloseReason::UnreadContent]);
}

#[test]
fn much_goes_both_ways_at_once() {
    const MUCH: usize = 1_000_000;
    let (net, _session, exchange, response) = switched(true, |script| {
        script.stop_reading().send_fill(b'y', MUCH as u64).window(1 << 16).expect_bytes(MUCH as u64).close()
    });
    net.settle();
    let mut unsent = Some(vec![b'x'; MUCH]);
    let mut read = 0;
    loop {
        if let Some(piece) = unsent.take() {
            unsent = exchange.try_write(piece).unwrap().err();
        }
        poll(&net, &[&exchange], &[&response], None);
        match wait(&net, |context| response.poll_read(context, 1 << 16)).unwrap() {
            Some(piece) => read += piece.len(),
            None => break,
        }
    }
    assert_eq!((read, unsent), (MUCH, None));
    net.assert_done();
}
