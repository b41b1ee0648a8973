//! Servers that send meaningless or malformed records after the handshake: deadlines hold, and what is read is bounded.

use std::time::Duration;

use rustls::ContentType;
use xenon::error::{Code, Phase};
use xenon::session::events::CloseReason;

use crate::forge::Forge;
use crate::server::*;
use crate::support::*;

/// A server that is asked for something, and then says this each second.
fn nags(say: impl Fn(&mut Forge) -> Vec<u8> + Clone + 'static) -> Peer {
    let peer = settings(&good(), TLS13).forgetful().peer().head();
    (0..200).fold(peer, |peer, _| peer.forge(say.clone()).delay(SECOND)).listen()
}

#[test]
fn records_without_content_are_no_answer() {
    type Say = fn(&mut Forge) -> Vec<u8>;
    let says: [(&str, Say); 2] = [
        ("tickets", |forge| forge.ticket(100)),
        // More than 32 of these in a row are an error of their own.
        ("empty content, and tickets", |forge| {
            [forge.record(ContentType::ApplicationData, &[]), forge.ticket(1)].concat()
        }),
    ];
    for (what, say) in says {
        let (net, session) = world([nags(say)]);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Head, Code::ResponseTimeout), 60 * SECOND), "{what}");
        let (net, session) = world([nags(say)]);
        set_deadlines(&session, |deadlines| deadlines.exchange = 10 * SECOND);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Head, Code::ExchangeTimeout), 10 * SECOND), "{what}");
        // Nor are they content.
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let (net, session) = world([nags(move |forge| {
            let head = if forge.is_first() { head } else { "" };
            [forge.record(ContentType::ApplicationData, head.as_bytes()), say(forge)].concat()
        })]);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Body, Code::ConnectionReadTimeout), 60 * SECOND), "{what}");
    }
}

#[test]
fn ticket_flood_is_read_but_closes_an_idle_connection() {
    let flood = |forge: &mut Forge| (0..20).map(|_| forge.ticket(60_000)).collect::<Vec<_>>().concat();
    let settings = settings(&good(), TLS13);
    let answer = |forge: &mut Forge| forge.record(ContentType::ApplicationData, ok("ok").as_bytes());
    let peer = settings.peer().head().forge(flood).forge(answer).forge(flood).listen();
    let (net, session) = world([peer, settings.answers(1)]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let (received, before) = (net.bytes_received(), net.steps());
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!((net.connections(), closings(&session)), (2, vec![CloseReason::StrayBytes]));
    assert!(net.bytes_received() - received < 600 * 1024 && net.steps() - before < 30);
}

#[test]
fn a_message_for_which_there_is_no_room_is_not_waited_for() {
    // The last that are no longer than TLS may have them, but are with the records around them; and one that is longer.
    for length in [65_450, 65_500, u16::MAX] {
        let flood = move |forge: &mut Forge| (0..40).map(|_| forge.ticket(length)).collect::<Vec<_>>().concat();
        let (net, session) = world([settings(&good(), TLS13).peer().head().forge(flood).listen()]);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Head, Code::TlsProtocol), Duration::ZERO), "{length}");
        // What follows is not kept for its sake.
        assert!(net.bytes_received() < 256 * 1024, "{} bytes", net.bytes_received());
        assert_eq!(closings(&session), [CloseReason::Failed]);
    }
}

#[test]
fn empty_handshake_message_before_close_notify() {
    let nothing = |forge: &mut Forge| {
        let farewell = [1, 0];
        [forge.record(ContentType::Handshake, &[]), forge.record(ContentType::Alert, &farewell)].concat()
    };
    let peer = || settings(&good(), TLS13).forgetful().peer().head();
    let says =
        |text: &'static str| move |forge: &mut Forge| forge.record(ContentType::ApplicationData, text.as_bytes());
    let (net, session) = world([peer().forge(nothing).listen()]);
    assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::ConnectionTerminated));
    let (net, session) =
        world([peer().forge(says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")).forge(nothing).listen()]);
    assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::ResponseIncomplete));
    // Content that ends with the connection ends with that `close_notify`.
    let (net, session) = world([peer().forge(says("HTTP/1.1 200 OK\r\n\r\nhello")).forge(nothing).listen()]);
    assert_eq!(get(&net, &session).unwrap(), "hello");
    // An idle connection is merely found closed.
    let answer = says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let (net, session) = world([peer().forge(answer).forge(nothing).listen(), peer().forge(answer).listen()]);
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
    assert_eq!((net.connections(), closings(&session)), (2, vec![CloseReason::PeerClosed]));
}

#[test]
fn ticket_flood_does_not_stop_the_clock() {
    let peer = || settings(&good(), TLS13).forgetful().peer().head();
    let instant = Duration::from_nanos(100);
    let (net, session) = world([peer().flood(|forge| forge.ticket(100))]);
    net.set_asks_again(true);
    set_deadlines(&session, |deadlines| deadlines.first_byte = instant);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Head, Code::ResponseTimeout), instant));

    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel";
    let (net, session) = world([peer().send(head).flood(|forge| forge.ticket(100))]);
    net.set_asks_again(true);
    set_deadlines(&session, |deadlines| deadlines.between_bytes = instant);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Body, Code::ConnectionReadTimeout), instant));

    // Dropping the response does not wait.
    let (net, session) = world([peer().send(head).flood(|forge| forge.ticket(100))]);
    net.set_asks_again(true);
    let ((), took) = timed(&net, || drop(open(&net, &session.request("GET", "/")).unwrap()));
    assert!(took.is_zero());
    assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::UnreadContent]));
}

#[test]
fn a_few_tickets_between_responses_are_none_of_the_next() {
    let answer = |forge: &mut Forge| forge.record(ContentType::ApplicationData, ok("ok").as_bytes());
    let tickets = |forge: &mut Forge| [forge.ticket(500), forge.ticket(60_000)].concat();
    let peer = settings(&good(), TLS13).peer().head().forge(answer).forge(tickets).delay(SECOND).forge(answer).listen();
    let (net, session) = world([peer]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.connections(), 1);
}

#[test]
fn changes_of_keys_without_end_end_the_connection() {
    let settings = settings(&good(), TLS13);
    let peer = (0..100).fold(settings.peer().head(), |peer, _| peer.change_keys()).listen();
    let (net, session) = world([peer]);
    assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::TlsProtocol));
    let peer = (0..30).fold(settings.peer().head(), |peer, _| peer.change_keys());
    let (net, session) = world([peer.send(ok("ok")).listen()]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
}

#[test]
fn records_after_the_farewell_are_not_read() {
    let settings = settings(&good(), TLS13).forgetful();
    let record = |forge: &mut Forge| {
        [
            forge.record(ContentType::ApplicationData, b"HTTP/1.1 200 OK\r\n\r\nall"),
            forge.record(ContentType::Alert, &[1, 0]),
            forge.record(ContentType::ApplicationData, b" of it"),
            vec![99; 1000],
        ]
        .concat()
    };
    let (net, session) = world([settings.peer().head().forge(record).listen()]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.as_deref(), took), (Ok("all"), Duration::ZERO));
    assert_eq!(net.open_connections(), 0);
}

#[test]
fn a_broken_record_ends_the_connection_and_says_so() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel";
    for broken in [vec![CONTENT, 3, 3, 0, 40, 1], vec![CONTENT, 3, 3, 255, 255], vec![99; 100]] {
        let mut bytes = broken.clone();
        bytes.resize(70_000, 7);
        let settings = settings(&good(), TLS13).forgetful();
        let peer = settings.peer().head().send(half).then(|script| script.send(&bytes)).listen();
        let server = peer.server();
        let (net, session) = world([peer]);
        assert_eq!(failure(get(&net, &session)), (Phase::Body, Code::TlsProtocol), "{broken:?}");
        assert!(matches!(server.error(), Some(rustls::Error::AlertReceived(_))), "{:?}", server.error());
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::Failed]));
    }
}

#[test]
fn tls_12_has_a_few_things_to_say_of_no_account_and_no_more() {
    let answer = |forge: &mut Forge| forge.record(ContentType::ApplicationData, ok("ok").as_bytes());
    type Say = fn(&mut Forge) -> Vec<u8>;
    let says: [(&str, Say, usize); 3] = [
        ("a request to begin anew", |forge| forge.record(ContentType::Handshake, &[0, 0, 0, 0]), 1),
        ("a warning", |forge| forge.record(ContentType::Alert, &[1, 90]), 4),
        ("empty content", |forge| forge.record(ContentType::ApplicationData, &[]), 32),
    ];
    for (what, say, most) in says {
        for (count, is_good) in [(most, true), (100, false)] {
            let peer = settings(&good(), TLS12).peer().head();
            let peer = (0..count).fold(peer, |peer, _| peer.forge(say)).forge(answer).listen();
            let (net, session) = world([peer]);
            let outcome = get(&net, &session);
            if is_good {
                assert_eq!(outcome.as_deref(), Ok("ok"), "{count} times {what}");
            } else {
                assert_eq!(failure(outcome), (Phase::Head, Code::TlsProtocol), "{count} times {what}");
            }
        }
    }
    // It is never begun anew.
    let peer = settings(&good(), TLS12).peer().head().forge(says[0].1).forge(answer).listen();
    let (net, session) = world([peer]);
    get(&net, &session).unwrap();
    drop(session);
    assert_eq!(records(&net, 0)[4..], [CONTENT, ALERT, ALERT], "a refusal, and the farewell");
}
