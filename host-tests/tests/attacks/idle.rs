//! What comes on a connection between two requests belongs to neither.

use xenon_harness::component::{CloseReason, EventKind, Session};
use xenon_harness::peer::{Gate, Script};

use crate::measure::*;

const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

fn closings(session: &Session) -> Vec<CloseReason> {
    let events = session.take_events().into_iter();
    events.filter_map(|event| if let EventKind::Closed(why) = event.what { Some(why) } else { None }).collect()
}

/// Has a peer do this with a connection that a session keeps, and the session send a request that it may send but once.
fn between_requests(between: impl Fn(Script) -> Script) -> (Vec<CloseReason>, Cost) {
    let (answered, done) = (Gate::new(), Gate::new());
    let first = between(script().send(OK).wait(&answered)).open(&done);
    attack([first, script().read(1).send(OK)], |_, session| {
        session.set_events(true);
        session.get("/").unwrap();
        answered.open();
        assert!(done.wait());
        assert_eq!(session.post("/", "text/plain", b"x").unwrap().content, b"hello");
        closings(&session)
    })
}

#[test]
fn a_response_that_nobody_asked_for() {
    let (closings, cost) = between_requests(|script| script.send(EVIL));
    assert_eq!(closings, [CloseReason::StrayBytes]);
    report("a response before the request", cost, "none");
}

#[test]
fn a_connection_that_the_peer_has_closed() {
    let (closings, cost) = between_requests(Script::end_sending);
    assert_eq!(closings, [CloseReason::PeerClosed]);
    report("a kept connection that the peer closes", cost, "none");
}

#[test]
fn a_flood_on_idle_connections() {
    const TIMES: usize = 20;
    let (answered, begun, flood) = (Gate::new(), Gate::new(), EVIL.repeat(1000));
    let flooding = || script().send(OK).wait(&answered).send(EVIL).open(&begun).send_until_closed(&flood);
    let (closings, cost) = attack((0..TIMES).map(|_| flooding()), |_, session| {
        session.set_events(true);
        for _ in 0..TIMES {
            assert_eq!(session.get("/").unwrap().content, b"hello");
            answered.open();
            assert!(begun.wait());
            answered.close();
            begun.close();
        }
        closings(&session)
    });
    assert_eq!(closings, [CloseReason::StrayBytes; TIMES - 1]);
    report("a flood on 20 idle connections", cost, "none");
}
