//! Clocks that jump: the one on the wall decides which certificates are valid and nothing else; the other one, how long is waited.

use std::time::Duration;

use xenon::error::{Checks, Code, Phase};

use crate::authority::{TODAY, days};
use crate::server::*;
use crate::support::*;

/// Where clocks are when nobody has set them, or when they have broken.
const ODD: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(u32::MAX as u64), Duration::from_secs(1 << 60)];

#[test]
fn the_clock_on_the_wall_decides_anew_at_each_handshake() {
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions);
        let (net, session) = world((0..9).map(|_| settings.answers(9)));
        let mut last = None;
        for (now, expected) in [
            (TODAY, Ok("ok")),
            (TODAY + days(3650), Err(Checks { expired: true, ..PASSED })),
            (TODAY - days(3650), Err(Checks { not_yet_valid: true, ..PASSED })),
            (Duration::ZERO, Err(Checks { not_yet_valid: true, ..PASSED })),
            (TODAY, Ok("ok")),
            (Duration::from_secs(1 << 60), Err(Checks { expired: true, ..PASSED })),
            (TODAY, Ok("ok")),
        ] {
            session.close_connection();
            net.set_wall_clock(now);
            let outcome = get(&net, &session);
            match expected {
                Ok(content) => assert_eq!(outcome.as_deref(), Ok(content), "{now:?} after {last:?}"),
                // Though an earlier session could be resumed, which nobody verifies again.
                Err(checks) => assert_eq!(rejection(outcome).checks, checks, "{now:?} after {last:?}"),
            }
            last = Some(now);
        }
    }
}

#[test]
fn a_kept_connection_and_what_goes_on_it_know_no_date() {
    for versions in [TLS12, TLS13] {
        for now in ODD {
            let settings = settings(&good(), versions);
            let slow = |peer: Peer| peer.head().delay(20 * SECOND).send(ok("ok"));
            let (net, session) = world([slow(slow(settings.peer().head().send(ok("ok")))).listen()]);
            assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
            net.set_wall_clock(now);
            assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "{now:?}");
            // While it is waited for the response.
            let exchange = session.request("GET", "/").start(true).unwrap();
            exchange.advance();
            net.set_wall_clock(TODAY + days(10_000));
            let ((), took) = timed(&net, || {
                let response = response(&net, &exchange).unwrap();
                assert_eq!(content(&net, &response).as_deref(), Ok("ok"));
            });
            assert_eq!((took, net.connections()), (20 * SECOND, 1), "{now:?}");
        }
    }
}

#[test]
fn a_jump_within_a_handshake_changes_no_deadline() {
    for versions in [TLS12, TLS13] {
        for now in ODD {
            let (net, session) = world([settings(&good(), versions).peer().cut(100).stall()]);
            let exchange = session.request("GET", "/").start(true).unwrap();
            net.settle();
            exchange.advance();
            net.set_wall_clock(now);
            let (outcome, took) = timed(&net, || response(&net, &exchange).map(|_| ()));
            assert_eq!(failure(outcome), (Phase::Handshake, Code::TlsHandshakeTimeout));
            assert!(took <= 15 * SECOND, "{took:?}");
        }
    }
}

#[test]
fn connections_are_checked_after_the_machine_slept() {
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions);
        // The server gave up meanwhile, or did not.
        for (first, connections) in [
            (settings.peer().head().send(ok("ok")).delay(60 * SECOND).say_farewell().close(), 2),
            (settings.answers(2), 1),
        ] {
            let (net, session) = world([first, settings.answers(1)]);
            assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
            net.advance(days(1000));
            net.set_wall_clock(TODAY);
            let mut request = session.request("POST", "/");
            request.set_content(b"once".to_vec());
            assert_eq!(send(&net, &request).map(|whole| text(whole.content)).as_deref(), Ok("ok"));
            assert_eq!(net.connections(), connections);
        }
        // An exchange that slept is over at once.
        let peer = settings.peer().head().stall();
        let server = peer.server();
        let (net, session) = world([peer]);
        let exchange = session.request("GET", "/").start(true).unwrap();
        exchange.advance();
        while server.plaintext().is_empty() {
            assert!(net.wait(None));
            exchange.advance();
        }
        net.advance(days(1000));
        let (outcome, took) = timed(&net, || response(&net, &exchange).map(|_| ()));
        let (phase, code) = failure(outcome);
        assert!(matches!(code, Code::ExchangeTimeout | Code::ResponseTimeout), "{phase:?} {code:?}");
        assert!(took.is_zero(), "{took:?}");
        assert_eq!(net.open_connections(), 0);
    }
}
