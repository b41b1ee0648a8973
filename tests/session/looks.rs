//! Checks of a kept connection before a request is sent on it, over a host that caches that there was nothing to read.
//!
//! The simulated host answers from its cache once a read has found no more. Time that passes without a wait does not change that.

use xenon::net::sim::{Script, SimNet};
use xenon::session::events::CloseReason;

use crate::support::*;

/// What a peer does on an idle connection.
type Surprise = fn(Script) -> Script;

/// What a peer does a second after its response, and why its connection closes.
const SURPRISES: [(Surprise, CloseReason); 5] = [
    (|script| script.send(ok("stray")), CloseReason::StrayBytes),
    (|script| script.send("x"), CloseReason::StrayBytes),
    (|script| script.send(ok("stray")).close(), CloseReason::StrayBytes),
    (Script::close, CloseReason::PeerClosed),
    (Script::reset, CloseReason::PeerClosed),
];

/// A world with a kept connection whose peer does this after a second, and a peer for what is sent then.
fn kept(surprise: Surprise, fresh: Script) -> (SimNet, Session) {
    let (net, session) = world([surprise(answers(1).delay(SECOND)), fresh]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    session.take_events();
    (net, session)
}

#[track_caller]
fn assert_found_out(net: &SimNet, session: &Session, reason: CloseReason) {
    assert_eq!(closings(session), [reason]);
    assert_eq!((net.connections(), net.open_connections()), (2, 1));
    net.assert_done();
}

#[test]
fn before_a_request_though_nobody_has_waited() {
    for (surprise, reason) in SURPRISES {
        let (net, session) = kept(surprise, Script::new().expect_head().send(ok("fresh")));
        net.advance(SECOND);
        // A request that must not be repeated.
        assert_eq!(text(fetch(&net, &session, "POST", "/").unwrap().content), "fresh");
        assert_found_out(&net, &session, reason);
    }
}

#[test]
fn before_an_exchange_that_only_starts() {
    for (surprise, reason) in SURPRISES {
        let (net, session) = kept(surprise, Script::new().expect_head().send(ok("fresh")));
        net.advance(SECOND);
        let exchange = begin(&net, &session.request("POST", "/"));
        assert_eq!(finish(&net, &exchange).unwrap(), "fresh");
        assert_found_out(&net, &session, reason);
    }
}

#[test]
fn before_content_that_comes_late() {
    type Writing = fn(&SimNet, &Exchange);
    let ways: [Writing; 3] = [
        |net, exchange| write(net, exchange, b"hello").unwrap(),
        |net, exchange| {
            net.settle();
            exchange.try_write(b"hello".to_vec()).unwrap().unwrap();
        },
        // Each call is a pass of its own, and none of them waits.
        |net, exchange| {
            for byte in b"hello" {
                net.settle();
                exchange.try_write(vec![*byte]).unwrap().unwrap();
                exchange.advance();
            }
        },
    ];
    for way in ways {
        for (surprise, reason) in SURPRISES {
            let (net, session) = kept(surprise, Script::new().expect_head().expect("hello").send(ok("fresh")));
            let mut request = session.request("POST", "/");
            request.set_streamed_content(Some(5));
            let exchange = begin(&net, &request);
            // The connection was checked and found alive. Then the caller works.
            assert_eq!(closings(&session), []);
            net.advance(SECOND);
            way(&net, &exchange);
            assert_eq!(finish(&net, &exchange).unwrap(), "fresh");
            assert_found_out(&net, &session, reason);
        }
    }
}

#[test]
fn before_each_of_several_connections() {
    let surprising = || answers(1).delay(SECOND).send(ok("stray"));
    let (net, session) = world([surprising(), surprising(), surprising(), answers(1)]);
    let exchanges = [start(&session), start(&session), start(&session)];
    let responses = exchanges.each_ref().map(|exchange| response(&net, exchange).unwrap());
    for response in &responses {
        content(&net, response).unwrap();
    }
    session.take_events();
    net.advance(SECOND);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(closings(&session), [CloseReason::StrayBytes; 3]);
}

#[test]
fn a_silent_connection_is_used_and_no_time_goes_by() {
    let (net, session) = world([answers(1).expect_head().expect("hello").send(ok("ok")).expect_head().send(ok("ok"))]);
    get(&net, &session).unwrap();
    let mut request = session.request("POST", "/");
    request.set_streamed_content(Some(5));
    let exchange = begin(&net, &request);
    net.advance(SECOND);
    let ((), took) = timed(&net, || {
        write(&net, &exchange, b"hello").unwrap();
        assert_eq!(finish(&net, &exchange).unwrap(), "ok");
        assert_eq!(get(&net, &session).unwrap(), "ok");
    });
    assert_eq!((net.connections(), took), (1, std::time::Duration::ZERO));
    net.assert_done();
}
