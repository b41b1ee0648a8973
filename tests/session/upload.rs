//! Content that the caller writes.

use std::task::Poll;
use std::time::Duration;

use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::limits::READ_LENGTH;
use xenon::net::sim::{Operation, Script, SimNet, poll_once};
use xenon::session::events::CloseReason;

use crate::support::*;

fn trailers(lines: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in lines {
        fields.push(*name, *value);
    }
    fields
}

/// What follows the head on the wire.
fn sent_content(net: &SimNet) -> String {
    sent(net, 0).split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn content_of_known_length_ends_by_itself() {
    let (net, session) = world([Script::new().expect_head().expect("hello world").send(ok("ok"))]);
    let exchange = streamed(&session, Some(11));
    for piece in ["hello", "", " ", "world"] {
        assert!(exchange.waits_for_caller());
        write(&net, &exchange, piece.as_bytes()).unwrap();
    }
    assert!(!exchange.waits_for_caller());
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    assert!(sent(&net, 0).contains("\r\nContent-Length: 11\r\n"));
    net.assert_done();
}

#[test]
fn finish_is_optional_with_a_known_length() {
    let (net, session) = world([Script::new().expect_head().expect("hello").send(ok("ok"))]);
    let exchange = streamed(&session, Some(5));
    write(&net, &exchange, b"hello").unwrap();
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn chunked_uploads_may_have_trailers() {
    let (net, session) =
        world([Script::new().expect_head().expect("5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\nC: d\r\n\r\n").send(ok("ok"))]);
    let exchange = streamed(&session, None);
    for piece in ["hello", "", "!"] {
        write(&net, &exchange, piece.as_bytes()).unwrap();
    }
    assert!(exchange.waits_for_caller());
    exchange.finish(trailers(&[("A", "b"), ("C", "d")])).unwrap();
    assert!(!exchange.waits_for_caller());
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    assert!(sent(&net, 0).contains("\r\nTransfer-Encoding: chunked\r\n"));
    assert_eq!((net.open_connections(), closings(&session)), (1, vec![]));
    net.assert_done();
}

#[test]
fn no_content_at_all_is_content_too() {
    let (net, session) =
        world([Script::new().expect_head().send(ok("ok")).expect_head().expect("0\r\n\r\n").send(ok("ok"))]);
    let exchange = streamed(&session, Some(0));
    assert!(!exchange.waits_for_caller());
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    let exchange = streamed(&session, None);
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn head_and_content_that_are_there_leave_in_one_piece() {
    let (net, session) = world([Script::new().expect_head().expect("hello").send(ok("ok"))]);
    let mut request = session.request("POST", "/");
    request.set_content(b"hello".to_vec());
    let exchange = request.start(true).unwrap();
    net.settle();
    exchange.advance();
    // The lookup, the attempt, one piece sent, one received.
    assert_eq!((sent_content(&net), net.operations()), ("hello".into(), 4));
}

#[test]
fn the_end_of_content_leaves_with_its_last_piece() {
    let content = "5\r\nhello\r\n0\r\n\r\n";
    let (net, session) = world([answers(1).expect_head().expect(content).send(ok("ok"))]);
    get(&net, &session).unwrap();
    let exchange = streamed(&session, None);
    net.settle();
    let before = net.operations();
    exchange.try_write(b"hello".to_vec()).unwrap().unwrap();
    net.settle();
    exchange.finish(Fields::default()).unwrap();
    let sends = (before + 1..=net.operations()).filter(|number| net.operation(*number) == Some(Operation::Send));
    assert_eq!(sends.count(), 1);
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn content_can_be_written_before_there_is_a_connection() {
    let (net, session) = world([Script::new().expect_head().expect("hello").send(ok("ok"))]);
    net.name_after(NAME, Some(SECOND), Ok(vec![at(PEER).ip()]));
    let exchange = streamed(&session, Some(5));
    net.settle();
    assert_eq!(exchange.try_write(b"hell".to_vec()).unwrap(), Ok(()));
    assert_eq!(exchange.try_write(b"o".to_vec()).unwrap(), Err(b"o".to_vec()), "one piece waits, no more");
    assert_eq!(poll(&net, &[&exchange], &[], None), [0]);
    assert_eq!(exchange.try_write(b"o".to_vec()).unwrap(), Ok(()));
    let (outcome, took) = timed(&net, || finish(&net, &exchange));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), Duration::ZERO));
    net.assert_done();
}

#[test]
fn excess_content_is_refused_before_sending() {
    let (net, session) = world([Script::new().expect_head().expect("hello").send(ok("ok"))]);
    let exchange = streamed(&session, Some(5));
    write(&net, &exchange, b"hel").unwrap();
    assert_eq!(failure(exchange.try_write(b"lo!".to_vec())), (Phase::Send, Code::RequestContentLength));
    assert_eq!(sent_content(&net), "hel");
    // The exchange goes on.
    write(&net, &exchange, b"lo").unwrap();
    assert_eq!(failure(exchange.try_write(b"!".to_vec())), (Phase::Send, Code::RequestContentLength));
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn less_than_was_announced_closes_the_connection() {
    let (net, session) = world([Script::new().expect_head().expect("hel").expect_end()]);
    let exchange = streamed(&session, Some(5));
    write(&net, &exchange, b"hel").unwrap();
    let expected = (Phase::Send, Code::RequestContentLength);
    assert_eq!(failure(exchange.finish(Fields::default())), expected);
    assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::UnsentContent]));
    assert_eq!(failure(response(&net, &exchange)), expected);
    assert_eq!(failure(exchange.try_write(b"lo".to_vec())), expected);
    net.assert_done();
}

#[test]
fn too_many_trailers_are_refused() {
    let (net, session) = world([Script::new().expect_head().expect("0\r\n\r\n").send(ok("ok"))]);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(None);
    let exchange = request.start(true).unwrap();
    let mut trailers = Fields::default();
    for _ in 0..xenon::limits::REQUEST_FIELDS_LENGTH / xenon::limits::REQUEST_FIELD_COST {
        trailers.push("x", "");
    }
    let error = exchange.finish(trailers).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Send, Code::RequestFieldInvalid(String::new())));
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
}

#[test]
fn wrong_uses_are_errors_and_change_nothing() {
    let misuse = (Phase::Setup, Code::InvalidState);
    for content in ["", "hello"] {
        let (net, session) = world([Script::new().expect_head().expect(content).send(ok("ok"))]);
        let mut request = session.request("PUT", "/");
        if !content.is_empty() {
            request.set_content(content.into());
        }
        let exchange = request.start(true).unwrap();
        assert_eq!(failure(exchange.try_write(b"x".to_vec())), misuse);
        assert_eq!(failure(exchange.finish(Fields::default())), misuse);
        assert_eq!(finish(&net, &exchange).unwrap(), "ok");
        net.assert_done();
    }

    let (net, session) = world([Script::new().expect_head().expect("1\r\nx\r\n0\r\n\r\n").send(ok("ok"))]);
    let exchange = streamed(&session, None);
    write(&net, &exchange, b"x").unwrap();
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(failure(exchange.try_write(b"y".to_vec())), misuse);
    assert_eq!(failure(exchange.finish(Fields::default())), misuse);
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    assert_eq!(failure(response(&net, &exchange)), misuse, "it was taken");
    net.assert_done();
}

#[test]
fn invalid_trailers_are_refused() {
    let (net, session) = world([Script::new().expect_head().expect("0\r\nGood: yes\r\n\r\n").send(ok("ok"))]);
    let exchange = streamed(&session, None);
    for name in ["", "a b", "a:", "Content-Length", "transfer-encoding", "Host", "Trailer", "Authorization"] {
        let expected = (Phase::Send, Code::RequestFieldInvalid(name.into()));
        assert_eq!(failure(exchange.finish(trailers(&[("Good", "yes"), (name, "x")]))), expected, "{name:?}");
    }
    for value in ["x\r\ny: z", "x\0", "\n"] {
        let expected = (Phase::Send, Code::RequestFieldInvalid("a".into()));
        assert_eq!(failure(exchange.finish(trailers(&[("a", value)]))), expected, "{value:?}");
    }
    exchange.finish(trailers(&[("Good", "yes")])).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();

    let (net, session) = world([Script::new().expect_head().expect("x").send(ok("ok"))]);
    let exchange = streamed(&session, Some(1));
    write(&net, &exchange, b"x").unwrap();
    let error = failure(exchange.finish(trailers(&[("A", "b")])));
    assert_eq!(error, (Phase::Send, Code::RequestFieldInvalid(String::new())), "only chunked content has trailers");
    exchange.finish(Fields::default()).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
}

#[test]
fn backpressure_refuses_pieces_until_there_is_room() {
    let slow = Script::new().expect_head().delay(SECOND).expect_bytes(200_000).send(ok("ok"));
    let (net, session) = world([slow]);
    let exchange = streamed(&session, Some(200_000));
    net.settle();
    let mut accepted = 0;
    let refused = loop {
        match exchange.try_write(vec![b'x'; 10_000]).unwrap() {
            Ok(()) => accepted += 10_000,
            Err(piece) => break piece,
        }
    };
    assert_eq!(refused.len(), 10_000);
    // What is on its way to the peer, what waits in the machine, and one piece.
    assert!(accepted <= WINDOW + READ_LENGTH + 10_000, "{accepted}");
    assert!(poll_once(|context| exchange.poll_flush(context)).is_pending());
    assert_eq!(poll(&net, &[&exchange], &[], Some(SECOND - MILLISECOND)), [0; 0], "there is no room yet");
    let (ready, took) = timed(&net, || poll(&net, &[&exchange], &[], None));
    assert_eq!((ready, took), (vec![0], MILLISECOND));
    assert_eq!(exchange.try_write(refused).unwrap(), Ok(()));
    assert_eq!(poll(&net, &[&exchange], &[], Some(SECOND)), [0; 0], "nobody waits for room now");
    accepted += 10_000;
    write(&net, &exchange, &vec![b'x'; 200_000 - accepted]).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn an_exchange_is_not_ready_for_room_that_nobody_asked_for() {
    let (net, session) = world([Script::new().expect_head().stall()]);
    let exchange = streamed(&session, None);
    assert_eq!(poll(&net, &[&exchange], &[], Some(SECOND)), [0; 0]);
    assert_eq!(exchange.try_write(b"x".to_vec()).unwrap(), Ok(()));
    assert_eq!(poll(&net, &[&exchange], &[], Some(SECOND)), [0; 0]);
}

#[test]
fn flushing_waits_until_the_connection_has_taken_all() {
    let (net, session) =
        world([Script::new().window(100).expect_head().delay(SECOND).expect_bytes(1000).send(ok("ok"))]);
    let exchange = streamed(&session, Some(1000));
    let (outcome, took) = timed(&net, || write(&net, &exchange, &[b'x'; 1000]));
    assert_eq!((outcome.unwrap(), took), ((), SECOND));
    assert!(poll_once(|context| exchange.poll_flush(context)).is_ready());
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
}

#[test]
fn a_large_piece_is_taken_whole_and_sent_bit_by_bit() {
    let content: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let (net, session) = world([Script::new().expect_head().expect(&content).send(ok("ok"))]);
    net.set_send_limit(1000);
    let exchange = streamed(&session, Some(1_000_000));
    write(&net, &exchange, &content).unwrap();
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn waiting_for_room_ends_when_sending_ends() {
    type End = fn(&Session, &Exchange);
    let waits: End = |_, _| {};
    let closes: End = |session, _| session.close_connection();
    let cancels: End = |_, exchange| exchange.cancel();
    for (end, code) in
        [(waits, Code::ConnectionWriteTimeout), (closes, Code::ConnectionClosed), (cancels, Code::Cancelled)]
    {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (net, session) = world([Script::new().expect_head().stop_reading().send(answer).stall()]);
        let exchange = streamed(&session, None);
        let response = response(&net, &exchange).unwrap();
        net.settle();
        while exchange.try_write(vec![b'x'; 50_000]).unwrap().is_ok() {}
        end(&session, &exchange);
        assert_eq!(poll(&net, &[&exchange], &[], None), [0]);
        assert_eq!(failure(exchange.try_write(b"x".to_vec())).1, code);
        assert_eq!(failure(content(&net, &response)).1, code);
    }
}

#[test]
fn both_directions_can_be_full_at_once() {
    // The peer reads nothing before all but the end of what it says is read, and there is much of both.
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n";
    let script = Script::new().expect_head().stop_reading().send(answer).send_fill(b'y', 1_000_000);
    let (net, session) = world([script.window(WINDOW).expect_bytes(1_000_000).send("!")]);
    let exchange = streamed(&session, Some(1_000_000));
    let response = response(&net, &exchange).unwrap();
    let (mut written, mut read) = (0, 0);
    loop {
        while written < 1_000_000 && exchange.try_write(vec![b'x'; 10_000]).unwrap().is_ok() {
            written += 10_000;
        }
        poll(&net, &[&exchange], &[&response], None);
        if let Poll::Ready(piece) = poll_once(|context| response.poll_read(context, READ_LENGTH)) {
            match piece.unwrap() {
                Some(piece) => read += piece.len(),
                None => break,
            }
        }
    }
    assert_eq!((written, read), (1_000_000, 1_000_001));
    net.assert_done();
    assert_eq!((net.open_connections(), closings(&session)), (1, vec![]));
}
