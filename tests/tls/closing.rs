//! How connections end, from either side, and when one that was kept is not used again.

use rustls::ContentType;
use xenon::error::{Code, Phase};
use xenon::net::sim::{Script, Segments};
use xenon::session::events::CloseReason;

use crate::server::*;
use crate::support::*;

#[test]
fn the_client_says_farewell_and_waits_for_none() {
    type End = fn(Session);
    let ends: [(End, CloseReason); 2] =
        [(|session| session.close_connection(), CloseReason::CloseConnection), (drop, CloseReason::SessionDropped)];
    for (end, _) in ends {
        for versions in [TLS12, TLS13] {
            let peer = settings(&good(), versions).answers(1);
            let server = peer.server();
            let (net, session) = world([peer]);
            get(&net, &session).unwrap();
            assert!(!server.has_farewell());
            let ((), took) = timed(&net, || end(session));
            assert!(took.is_zero());
            assert_eq!((net.open_connections(), server.has_farewell(), server.error()), (0, true, None));
        }
    }
}

#[test]
fn a_farewell_that_cannot_go_is_not_waited_for() {
    for versions in [TLS12, TLS13] {
        let peer =
            settings(&good(), versions).peer().head().send(ok("ok")).then(|script| script.stop_reading().stall());
        let (net, session) = world([peer]);
        get(&net, &session).unwrap();
        let ((), took) = timed(&net, || session.close_connection());
        assert!(took.is_zero());
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::CloseConnection]));
    }
}

#[test]
fn a_response_that_closes_is_bidden_farewell() {
    let closes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    for versions in [TLS12, TLS13] {
        let peer = settings(&good(), versions).peer().head().send(closes).listen();
        let server = peer.server();
        let (net, session) = world([peer]);
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::PeerAsked]));
        assert!(server.has_farewell());
    }
}

#[test]
fn whatever_is_cancelled_is_ended_in_good_order() {
    for versions in [TLS12, TLS13] {
        let peer = settings(&good(), versions).peer().head().listen();
        let server = peer.server();
        let (net, session) = world([peer]);
        let exchange = session.request("GET", "/").start(true).unwrap();
        net.settle();
        exchange.advance();
        while server.plaintext().is_empty() {
            assert!(net.wait(None));
            exchange.advance();
        }
        exchange.cancel();
        assert_eq!((net.open_connections(), server.has_farewell()), (0, true));
    }
}

/// How a server ends a connection after a response, and for what reason the client does not use it again; none if that shows
/// only when it is used.
type Ending = (&'static str, fn(Peer) -> Peer, Option<CloseReason>);

const ENDINGS: [Ending; 5] = [
    ("a farewell", Peer::say_farewell, Some(CloseReason::PeerClosed)),
    ("a farewell and the end", |peer| peer.say_farewell().close(), Some(CloseReason::PeerClosed)),
    ("the end alone", Peer::close, Some(CloseReason::PeerClosed)),
    ("a reset", Peer::reset, Some(CloseReason::PeerClosed)),
    ("stray content", |peer| peer.send("stray"), Some(CloseReason::StrayBytes)),
];

#[test]
fn what_was_ended_while_it_was_idle_is_not_used_again() {
    for (what, end, reason) in ENDINGS {
        for versions in [TLS12, TLS13] {
            for segments in [Segments::Whole, Segments::Random(3)] {
                let settings = settings(&good(), versions);
                let first = end(settings.peer().head().send(ok("ok")).delay(SECOND)).listen().segments(segments);
                let second = settings.answers(1);
                let (net, session) = world([first, second]);
                assert_eq!(get(&net, &session).unwrap(), "ok");
                net.advance(2 * SECOND);
                let mut request = session.request("POST", "/");
                request.set_content(b"once".to_vec());
                assert_eq!(send(&net, &request).map(|whole| text(whole.content)).as_deref(), Ok("ok"), "{what}");
                assert_eq!((net.connections(), closings(&session)), (2, reason.into_iter().collect()), "{what}");
            }
        }
    }
}

#[test]
fn stray_content_behind_a_response_is_not_of_the_next() {
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions);
        let stray = format!("{}HTTP/1.1 500 Stray\r\n\r\n", ok("ok"));
        let (net, session) = world([settings.peer().head().send(stray).listen(), settings.answers(1)]);
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!(closings(&session), [CloseReason::StrayBytes]);
        assert_eq!(get(&net, &session).unwrap(), "ok");
        // In a record of its own.
        let first = settings.peer().head().send(ok("ok")).send("HTTP/1.1 500 Stray\r\n\r\n").listen();
        let (net, session) = world([first, settings.answers(1)]);
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!(get(&net, &session).unwrap(), "ok");
        assert_eq!((net.connections(), closings(&session)), (2, vec![CloseReason::StrayBytes]));
    }
}

#[test]
fn retries_idempotent_requests_once_on_a_stale_connection() {
    type End = fn(Peer) -> Peer;
    let ends: [(&str, End); 3] =
        [("cut", Peer::close), ("reset", Peer::reset), ("farewell", |peer| peer.say_farewell().close())];
    for (what, end) in ends {
        for versions in [TLS12, TLS13] {
            let settings = settings(&good(), versions);
            let first = || end(settings.peer().head().send(ok("ok")).head());
            let (net, session) = world([first(), settings.answers(1)]);
            assert_eq!(get(&net, &session).unwrap(), "ok");
            assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "{what}");
            assert_eq!(net.connections(), 2);
            // Only once.
            let (net, session) = world([first(), end(settings.peer().head())]);
            assert_eq!(get(&net, &session).unwrap(), "ok");
            assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::ConnectionTerminated), "{what}");
            assert_eq!(net.connections(), 2);
            // Nor at all.
            let (net, session) = world([first(), settings.answers(1)]);
            assert_eq!(get(&net, &session).unwrap(), "ok");
            let mut request = session.request("POST", "/");
            request.set_content(b"once".to_vec());
            let error = send(&net, &request).err().unwrap();
            assert_eq!((error.code, error.may_retry), (Code::ConnectionTerminated, true), "{what}");
            assert_eq!(net.connections(), 1);
        }
    }
}

#[test]
fn a_response_that_has_begun_is_not_asked_for_again() {
    let settings = settings(&good(), TLS13);
    let first = settings.peer().head().send(ok("ok")).head().send("HTTP/1.1 2").close();
    let (net, session) = world([first, settings.answers(1)]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code, error.may_retry), (Phase::Head, Code::ConnectionTerminated, false));
}

#[test]
fn nonsense_on_a_used_connection_is_not_a_stale_one() {
    let settings = settings(&good(), TLS13).forgetful();
    let nonsense = |script: Script| script.send(vec![99; 100]);
    let first = settings.peer().head().send(ok("ok")).head().then(nonsense).listen();
    let (net, session) = world([first, settings.answers(1)]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::TlsProtocol));
    assert_eq!(net.connections(), 1);
}

#[test]
fn check_of_an_idle_connection_is_bounded() {
    let settings = settings(&good(), TLS13);
    let answer = |forge: &mut crate::forge::Forge| forge.record(ContentType::ApplicationData, ok("ok").as_bytes());
    let empties = |forge: &mut crate::forge::Forge| -> Vec<u8> {
        (0..10_000).flat_map(|_| [forge.record(ContentType::ApplicationData, &[]), forge.ticket(1)].concat()).collect()
    };
    let first = settings.peer().head().forge(answer).forge(empties).listen();
    let (net, session) = world([first, settings.answers(1)]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let received = net.bytes_received();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!((net.connections(), closings(&session)), (2, vec![CloseReason::StrayBytes]));
    assert!(net.bytes_received() - received < 600 * 1024, "{}", net.bytes_received() - received);
}
