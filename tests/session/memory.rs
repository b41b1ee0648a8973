//! Memory does not grow with transfers: the bytes that a session has received and its caller has not read are bounded.

use std::task::Poll;

use xenon::http::fields::Fields;
use xenon::limits::{HEAD_READ_LENGTH, READ_LENGTH};
use xenon::net::sim::{Script, SimNet, poll_once};

use crate::support::*;

const MUCH: u64 = 64 * 1024 * 1024;

/// Reads all of it in pieces of `max`; fails if more than `bound` bytes are ever kept.
fn read_through(net: &SimNet, response: &Response, max: usize, bound: u64) -> u64 {
    let head = net.bytes_received();
    let mut read = 0;
    while let Some(piece) = wait(net, |context| response.poll_read(context, max)).unwrap() {
        assert!((1..=max).contains(&piece.len()));
        read += piece.len() as u64;
        let kept = net.bytes_received().saturating_sub(read);
        assert!(kept <= head + bound, "{kept} bytes are kept");
    }
    read
}

#[test]
fn a_large_response_is_never_kept() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n");
    let (net, session) = world([Script::new().expect_head().send(head).send_fill(b'x', MUCH)]);
    let response = response(&net, &start(&session)).unwrap();
    assert!(net.bytes_received() <= HEAD_READ_LENGTH as u64);
    assert_eq!(response.content_length(), Some(MUCH));
    assert_eq!(read_through(&net, &response, READ_LENGTH, READ_LENGTH as u64), MUCH);
    assert_eq!((net.open_connections(), closings(&session)), (1, vec![]));
}

#[test]
fn nor_is_one_that_is_read_in_small_pieces() {
    const SOME: u64 = 1 << 20;
    let length = Script::new().expect_head().send(format!("HTTP/1.1 200 OK\r\nContent-Length: {SOME}\r\n\r\n"));
    let chunked = Script::new().expect_head().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n");
    let to_end = Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n");
    for script in [
        length.send_fill(b'x', SOME),
        chunked.send_fill(b'x', SOME).send("\r\n0\r\n\r\n"),
        to_end.send_fill(b'x', SOME).close(),
    ] {
        let (net, session) = world([script]);
        let response = response(&net, &start(&session)).unwrap();
        assert_eq!(read_through(&net, &response, 1000, READ_LENGTH as u64), SOME);
    }
}

#[test]
fn readiness_reads_one_piece_ahead() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n");
    let (net, session) = world([Script::new().expect_head().send(head).send_fill(b'x', MUCH)]);
    let response = response(&net, &start(&session)).unwrap();
    for _ in 0..100 {
        assert_eq!(poll(&net, &[], &[&response], None), [0]);
        net.settle();
    }
    assert!(net.bytes_received() <= 2 * READ_LENGTH as u64, "{}", net.bytes_received());
}

#[test]
fn a_small_piece_has_its_own_memory_and_no_more() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n");
    let (net, session) = world([Script::new().expect_head().send(head).send_fill(b'x', MUCH)]);
    let response = response(&net, &start(&session)).unwrap();
    for _ in 0..10_000 {
        assert_eq!(poll(&net, &[], &[&response], None), [0]);
        let piece = wait(&net, |context| response.poll_read(context, 16)).unwrap().unwrap();
        // Cutting it off must not copy the rest either; what is left with the room of all that was there shows that.
        assert!(piece.capacity() <= 16, "{}", piece.capacity());
    }
}

#[test]
fn what_nobody_reads_is_not_received() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n");
    let (net, session) = world([Script::new().expect_head().send(head).send_fill(b'x', MUCH)]);
    let exchange = start(&session);
    for _ in 0..100 {
        assert_eq!(poll(&net, &[&exchange], &[], None), [0]);
        net.settle();
        exchange.advance();
    }
    assert!(net.bytes_received() <= HEAD_READ_LENGTH as u64);
}

#[test]
fn a_large_upload_is_never_kept() {
    const PIECE: usize = 50_000;
    let total = MUCH / 4;
    let (net, session) = world([Script::new().expect_head().delay(SECOND).drain()]);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(Some(total));
    let exchange = request.start(true).unwrap();
    net.settle();
    let mut written: u64 = 0;
    while written < total {
        let length = usize::try_from(total - written).unwrap_or(usize::MAX).min(PIECE);
        match exchange.try_write(vec![b'x'; length]).unwrap() {
            Ok(()) => written += length as u64,
            Err(_) => assert_eq!(poll(&net, &[&exchange], &[], None), [0]),
        }
        let kept = written.saturating_sub(net.bytes_sent());
        assert!(kept <= (PIECE + READ_LENGTH) as u64, "{kept} bytes are kept");
    }
    wait(&net, |context| exchange.poll_flush(context)).unwrap();
    let head = sent(&net, 0).find("\r\n\r\n").unwrap() as u64 + 4;
    assert_eq!(net.bytes_sent(), head + total);
}

#[test]
fn a_caller_that_writes_single_bytes_gathers_no_memory() {
    let (net, session) = world([Script::new().expect_head().stop_reading().stall()]);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(None);
    let exchange = request.start(true).unwrap();
    net.settle();
    let mut accepted = 0;
    while exchange.try_write(b"x".to_vec()).unwrap().is_ok() {
        accepted += 1;
        // Each is a chunk of six bytes.
        assert!(accepted <= READ_LENGTH / 6 + 2);
    }
    exchange.finish(Fields::default()).unwrap();
    assert!(matches!(poll_once(|context| exchange.poll_flush(context)), Poll::Pending));
}
