//! Content over TLS, each way: its end told from a cut, what comes between, whole tunnels, and slow servers.

use std::task::Poll;

use rustls::ContentType;
use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::net::sim::{Segments, SimNet};
use xenon::session::events::CloseReason;

use crate::server::*;
use crate::support::*;

const TO_THE_END: &str = "HTTP/1.1 200 OK\r\n\r\nall of it";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n";
const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall o";

const SEGMENTS: [Segments; 3] = [Segments::Whole, Segments::Bytes, Segments::Random(5)];

/// A connection of either version.
fn peers() -> impl Iterator<Item = Peer> {
    [TLS12, TLS13].into_iter().map(|versions| settings(&good(), versions).forgetful().peer())
}

#[test]
fn content_that_says_its_end_is_whole_without_a_farewell() {
    for segments in SEGMENTS {
        for answer in [ok("all of it"), CHUNKED.into()] {
            for peer in peers() {
                let (net, session) = world([peer.head().send(&answer).close().segments(segments.clone())]);
                assert_eq!(get(&net, &session).as_deref(), Ok("all of it"));
            }
        }
    }
}

#[test]
fn content_that_ends_with_the_connection_needs_the_farewell() {
    for segments in SEGMENTS {
        for peer in peers() {
            let peer = peer.head().send(TO_THE_END).say_farewell().close().segments(segments.clone());
            let (net, session) = world([peer]);
            assert_eq!(get(&net, &session).as_deref(), Ok("all of it"));
            assert_eq!(closings(&session), [CloseReason::ContentToEnd]);
        }
        type End = fn(Peer) -> Peer;
        for end in [Peer::close as End, Peer::reset] {
            for peer in peers() {
                let (net, session) = world([end(peer.head().send(TO_THE_END)).segments(segments.clone())]);
                assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ConnectionTerminated));
                assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::Failed]));
            }
        }
    }
}

#[test]
fn what_came_before_a_cut_can_be_read() {
    for peer in peers() {
        let (net, session) = world([peer.head().send(TO_THE_END).close()]);
        let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
        assert_eq!(
            wait(&net, |context| response.poll_read(context, 99)).unwrap().map(text).as_deref(),
            Some("all of it")
        );
        assert_eq!(
            failure(wait(&net, |context| response.poll_read(context, 99))),
            (Phase::Body, Code::ConnectionTerminated)
        );
    }
}

#[test]
fn truncated_content_is_an_error_despite_close_notify() {
    for segments in SEGMENTS {
        for peer in peers() {
            let (net, session) = world([peer.head().send(HALF).close().segments(segments.clone())]);
            assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ConnectionTerminated));
        }
        for peer in peers() {
            let (net, session) = world([peer.head().send(HALF).say_farewell().close().segments(segments.clone())]);
            assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ResponseIncomplete));
        }
        for peer in peers() {
            let (net, session) = world([peer.head().say_farewell().close().segments(segments.clone())]);
            assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::ConnectionTerminated));
        }
    }
}

#[test]
fn a_response_before_a_broken_record_is_whole() {
    for segments in SEGMENTS {
        let settings = settings(&good(), TLS13).forgetful();
        let answer = |forge: &mut crate::forge::Forge| forge.record(ContentType::ApplicationData, ok("ok").as_bytes());
        let alert = |forge: &mut crate::forge::Forge| forge.alert(80);
        let peer = settings.peer().head().forge(answer).forge(alert).close().segments(segments.clone());
        let (net, session) = world([peer, settings.answers(1)]);
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "{segments:?}");
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "{segments:?}");
        assert_eq!(net.connections(), 2);
    }
}

#[test]
fn tickets_key_updates_and_empty_records_within_content() {
    let content =
        |forge: &mut crate::forge::Forge, bytes: &str| forge.record(ContentType::ApplicationData, bytes.as_bytes());
    for segments in SEGMENTS {
        let settings = settings(&good(), TLS13);
        let peer = settings.peer().head().forge(move |forge| {
            [
                content(forge, "HTTP/1.1 200 OK\r\nContent-Len"),
                forge.ticket(300),
                content(forge, "gth: 9\r\n\r\nal"),
                content(forge, ""),
                forge.ticket(40_000),
                content(forge, "l of "),
                content(forge, ""),
                content(forge, "it"),
                forge.ticket(1),
            ]
            .concat()
        });
        let (net, session) = world([peer.listen().segments(segments)]);
        assert_eq!(get(&net, &session).as_deref(), Ok("all of it"));

        let peer = settings.peer().head().send(HALF).change_keys().send("f ").change_keys().send("it");
        let peer = peer.change_keys().head().change_keys().send(ok("ok")).listen();
        let server = peer.server();
        let (net, session) = world([peer]);
        assert_eq!(get(&net, &session).as_deref(), Ok("all of it"));
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "the client's keys are new, too");
        drop(session);
        assert_eq!((net.connections(), server.error(), server.has_farewell()), (1, None, true));
    }
}

#[test]
fn an_upload_goes_on_under_new_keys() {
    for limit in [usize::MAX, 1000] {
        let peer = settings(&good(), TLS13).peer().head().bytes(100_000).change_keys().bytes(200_000).change_keys();
        let peer = peer.send(ok("ok")).listen();
        let server = peer.server();
        let (net, session) = world([peer]);
        net.set_send_limit(limit);
        let mut request = session.request("PUT", "/");
        request.set_content(vec![b'z'; 300_000]);
        assert_eq!(send(&net, &request).map(|whole| text(whole.content)).as_deref(), Ok("ok"));
        assert_eq!(server.error(), None);
        assert_eq!(server.plaintext().matches('z').count(), 300_000);
    }
}

#[test]
fn much_content_goes_each_way_in_any_segments() {
    let much: String = (0..40_000).map(|number| format!("{number:05}")).collect();
    for (limit, segments) in
        [(usize::MAX, Segments::Whole), (1 << 14, Segments::At((0..40).map(|n| n * 5000).collect()))]
    {
        for peer in peers() {
            let peer = peer.head().bytes(much.len()).send(ok(&much)).listen().segments(segments.clone());
            let server = peer.server();
            let (net, session) = world([peer]);
            net.set_send_limit(limit);
            let mut request = session.request("PUT", "/");
            request.set_content(much.clone().into_bytes());
            assert!(send(&net, &request).unwrap().content == much.as_bytes());
            assert!(server.plaintext().ends_with(&much));
            assert_eq!(server.error(), None);
        }
    }
}

#[test]
fn what_is_kept_of_content_is_bounded() {
    const PIECE: usize = 1 << 20;
    let peer = settings(&good(), TLS13).forgetful().peer().head();
    let peer = peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 8 * PIECE));
    let peer = (0..8).fold(peer, |peer, _| peer.send(vec![b'x'; PIECE])).listen();
    let (net, session) = world([peer]);
    let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
    let (begin, mut read) = (net.bytes_received(), 0);
    while let Some(piece) = wait(&net, |context| response.poll_read(context, 1000)).unwrap() {
        assert!((1..=1000).contains(&piece.len()));
        read += piece.len() as u64;
        let kept = (net.bytes_received() - begin).saturating_sub(read);
        // One read, and what it costs to have it in records.
        assert!(kept <= 70 * 1024, "{kept}");
    }
    assert_eq!(read, 8 * PIECE as u64);
}

#[test]
fn records_do_not_move_faster_than_the_network() {
    let peer = settings(&good(), TLS13).peer().head().then(|script| script.stop_reading().stall());
    let (net, session) = world([peer]);
    let mut request = session.request("PUT", "/");
    request.set_streamed_content(None);
    let exchange = request.start(true).unwrap();
    wait(&net, |_| match exchange.try_write(b"x".to_vec()) {
        Ok(Ok(())) => Poll::Ready(()),
        _ => Poll::Pending,
    });
    net.settle();
    let mut accepted = 0;
    while exchange.try_write(vec![b'x'; 1000]).unwrap().is_ok() {
        accepted += 1000;
        assert!(accepted <= 256 * 1024, "{accepted} bytes are kept of what nobody reads");
    }
}

#[test]
fn write_timeout_spares_slow_readers() {
    let upload = |net: &SimNet, session: &Session| {
        set_deadlines(session, |deadlines| deadlines.write = 5 * SECOND);
        let mut request = session.request("PUT", "/");
        request.set_content(vec![b'x'; 200_000]);
        timed(net, || send(net, &request).map(|whole| text(whole.content)))
    };
    for peer in peers() {
        // 2000 bytes each 4 seconds: a record of 16 KiB takes much longer than the deadline.
        let peer = peer.head().then(|script| script.window(2000));
        let peer = (0..40).fold(peer, |peer, _| peer.delay(4 * SECOND).look());
        let peer = peer.then(|script| script.window(1 << 20)).bytes(200_000).send(ok("ok")).listen();
        let (net, session) = world([peer]);
        let (outcome, took) = upload(&net, &session);
        assert_eq!(outcome.as_deref(), Ok("ok"));
        assert!(took > 60 * SECOND, "{took:?}");
    }
    for peer in peers() {
        let (net, session) = world([peer.head().then(|script| script.stop_reading().stall())]);
        let (outcome, took) = upload(&net, &session);
        assert_eq!(failure(outcome), (Phase::Send, Code::ConnectionWriteTimeout));
        assert_eq!(took, 5 * SECOND);
    }
}

#[test]
fn an_early_answer_ends_an_upload() {
    let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";
    for peer in peers() {
        let peer = peer.head().then(|script| script.window(1000).delay(SECOND)).send(refusal).listen();
        let (net, session) = world([peer]);
        let mut request = session.request("PUT", "/");
        request.set_content(vec![b'x'; 10_000_000]);
        let whole = send(&net, &request).unwrap();
        assert_eq!((whole.head.status, text(whole.content)), (413, "no".into()));
        assert!(net.bytes_sent() < 300 * 1024, "{}", net.bytes_sent());
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::UnsentContent]));
    }
    // One whose content goes on while the answer comes, and a caller that goes on writing.
    for peer in peers() {
        let (net, session) = world([peer.head().send(refusal).listen()]);
        let mut request = session.request("PUT", "/");
        request.set_streamed_content(Some(1_000_000));
        let exchange = request.start(true).unwrap();
        let response = response(&net, &exchange).unwrap();
        assert_eq!(response.head().status, 413);
        assert_eq!(failure(write(&net, &exchange, &[b'x'; 1000])), (Phase::Send, Code::EarlyResponse));
        assert_eq!(content(&net, &response).unwrap(), "no");
    }
}

#[test]
fn permission_is_asked_and_given() {
    for peer in peers() {
        let peer = peer.head().send("HTTP/1.1 100 Continue\r\n\r\n").bytes(5).send(ok("ok")).listen();
        let (net, session) = world([peer]);
        let mut request = session.request("PUT", "/");
        request.set_content(b"hello".to_vec());
        request.set_expect_continue(true);
        let (outcome, took) = timed(&net, || send(&net, &request).map(|whole| text(whole.content)));
        assert_eq!((outcome.as_deref(), took.as_secs()), (Ok("ok"), 0));
    }
}

/// A connection that has become something else, by 101.
fn switched(peer: Peer) -> (SimNet, Session, Server, Exchange, Response) {
    switched_by(SWITCH, peer)
}

/// The same, by this head.
fn switched_by(head: &str, peer: Peer) -> (SimNet, Session, Server, Exchange, Response) {
    let server = peer.server();
    let (net, session) = world([peer]);
    let mut request =
        if head == TUNNEL { session.request("CONNECT", "b.test:443") } else { session.request("GET", "/") };
    if head == SWITCH {
        request.add_field("Upgrade", b"x".to_vec()).unwrap();
    }
    let (exchange, response) = open(&net, &request).unwrap();
    assert_eq!(response.head().status, if head == TUNNEL { 200 } else { 101 });
    (net, session, server, exchange, response)
}

const TUNNEL: &str = "HTTP/1.1 200 Connected\r\n\r\n";

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";

#[test]
fn a_connection_can_become_something_else() {
    for (segments, head) in SEGMENTS.into_iter().flat_map(|segments| [(segments.clone(), SWITCH), (segments, TUNNEL)]) {
        for peer in peers() {
            let peer = peer.head().send(head).send("welcome").bytes(4).send("pong").farewell().send("bye");
            let peer = peer.say_farewell().close().segments(segments.clone());
            let (net, session, server, exchange, response) = switched_by(head, peer);
            let read = |count: usize| {
                let mut all = String::new();
                while all.len() < count {
                    all.push_str(
                        &wait(&net, |context| response.poll_read(context, 99)).unwrap().map_or("(end)".into(), text),
                    );
                }
                all
            };
            assert_eq!(read(7), "welcome");
            write(&net, &exchange, b"ping").unwrap();
            assert_eq!(read(4), "pong");
            exchange.finish(Fields::default()).unwrap();
            assert_eq!(read(3), "bye", "the client's farewell ends its direction alone");
            assert_eq!(read(5), "(end)");
            assert!(server.has_farewell() && server.plaintext().ends_with("\r\n\r\nping"));
            assert_eq!(closings(&session), [CloseReason::Upgraded]);
        }
    }
}

#[test]
fn finish_follows_everything_written() {
    for peer in peers() {
        let peer = peer.head().send(SWITCH).then(|script| script.window(0).delay(SECOND).window(5000));
        let peer = peer.farewell().send("got it").say_farewell().close();
        let (net, _session, server, exchange, response) = switched(peer);
        net.settle();
        assert_eq!(exchange.try_write(vec![b'z'; 300_000]).unwrap(), Ok(()));
        exchange.finish(Fields::default()).unwrap();
        assert_eq!(content(&net, &response).unwrap(), "got it");
        assert_eq!((server.plaintext().matches('z').count(), server.error()), (300_000, None));
    }
}

#[test]
fn the_end_of_writing_goes_though_nobody_reads() {
    for peer in peers() {
        let peer = peer.head().send(SWITCH).then(|script| script.window(0).delay(SECOND).window(5000)).listen();
        let (net, _session, server, exchange, _response) = switched(peer);
        net.settle();
        exchange.finish(Fields::default()).unwrap();
        net.advance(2 * SECOND);
        exchange.advance();
        assert!(server.has_farewell());
    }
}

#[test]
fn a_tunnel_that_is_cut_is_an_error() {
    for peer in peers() {
        let (net, _session, _, _exchange, response) = switched(peer.head().send(SWITCH).send("hell").close());
        assert_eq!(wait(&net, |context| response.poll_read(context, 99)).unwrap().map(text).as_deref(), Some("hell"));
        assert_eq!(
            failure(wait(&net, |context| response.poll_read(context, 99))),
            (Phase::Body, Code::ConnectionTerminated)
        );
    }
}
