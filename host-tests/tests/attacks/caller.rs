//! Callers that start without end, take nothing, give too much, and set what cannot be.

use std::time::Duration;

use xenon_harness::component::{Error, ErrorCode, EventKind, Exchange, Phase, Session};
use xenon_harness::peer::{Peer, Script, refusing_port};

use crate::measure::*;

const SOON: Option<Duration> = Some(Duration::from_millis(1));

/// More than anything may have that a caller gives, content apart.
const GIANT: usize = 300 << 10;

#[test]
fn sessions_made_and_dropped() {
    let victim = Victim::new(GROWTH);
    for number in 0..10_000_u16 {
        drop(victim.guest.session("http", "example.test", number));
    }
    report("10,000 sessions made and dropped", victim.cost(), "none");
}

#[test]
fn requests_made_and_dropped() {
    let victim = Victim::new(GROWTH);
    let session = victim.guest.session("http", "127.0.0.1", refusing_port());
    for _ in 0..10_000 {
        drop(session.request("GET", "/"));
    }
    for _ in 0..1_000 {
        drop(session.request("GET", "/").start().unwrap());
    }
    drop(session);
    report("10,000 requests and 1,000 exchanges made and dropped", victim.cost(), "none");
}

#[test]
fn sessions_dropped_before_their_exchanges() {
    let victim = Victim::new(GROWTH);
    let peer = Peer::start((0..100).map(|_| Script::new()));
    for number in 0..100 {
        let session = victim.session(&peer);
        let exchange = session.request("GET", "/").start().unwrap();
        while peer.accepted() <= number {
            victim.guest.wait_any(&[&exchange], &[], &[], SOON);
        }
        drop(session);
        assert_eq!(exchange.response().map(|_| ()).unwrap_err().code, ErrorCode::SessionDropped);
    }
    let cost = victim.cost();
    peer.finish();
    report("100 sessions dropped before their exchanges", cost, "none");
}

#[test]
fn requests_started_without_end() {
    const WAITING: usize = 1_000;
    let victim = Victim::new(GROWTH);
    let peer = Peer::start((0..6).map(|_| Script::new()));
    let session = victim.session(&peer);
    let start = || session.request("GET", "/").start().unwrap();
    let under_way: Vec<Exchange> = (0..6).map(|_| start()).collect();
    while peer.accepted() < 6 {
        victim.guest.wait_any(&under_way.iter().collect::<Vec<_>>(), &[], &[], SOON);
    }
    let waiting: Vec<Exchange> = (0..WAITING).map(|_| start()).collect();
    let mut errors = (0..10_000).map(|_| start().try_response().map(|_| ()).unwrap_err());
    let error = errors.next().unwrap();
    assert_error(&error, Phase::Connect, &ErrorCode::ConnectionLimitReached);
    assert!(errors.all(|other| other == error));
    assert!(waiting.iter().all(|exchange| exchange.try_response().unwrap().is_none()));
    drop((waiting, under_way, session));
    let cost = victim.cost();
    peer.finish();
    report("11,006 requests started on 6 connections", cost, &words(&error));
}

#[test]
fn events_that_nobody_takes() {
    const REQUESTS: usize = 1_000;
    let answer = format!("HTTP/1.1 200 OK\r\nA: {}\r\nContent-Length: 0\r\n\r\n", "b".repeat(1000));
    let serving = (0..REQUESTS).fold(Script::new(), |script, _| script.expect_head_with(&[]).send(&answer));
    let ((), cost) = attack([serving], |_, session| {
        session.set_events(true);
        for _ in 0..REQUESTS {
            session.get("/").unwrap();
        }
        let events = session.take_events();
        assert!(matches!(events.last().unwrap().what, EventKind::Lost(lost) if lost > 1000), "{:?}", events.last());
        assert!(events.len() <= 1024 + 1);
        assert_eq!(session.take_events(), []);
    });
    report("events of 1,000 requests that nobody takes", cost, "none");
}

#[test]
fn giant_parts_of_a_request() {
    let giant = "a".repeat(GIANT);
    let target = format!("/{giant}");
    let field = |name: &str| ErrorCode::HttpRequestHeaderInvalid(name.into());
    type Give<'a> = Box<dyn Fn(&Session) -> Error + 'a>;
    let send = |session: &Session, method: &str, target: &str| session.request(method, target).send().map(|_| ());
    let attacks: [(&str, ErrorCode, Give<'_>); 10] = [
        ("a giant method", ErrorCode::HttpRequestMethodInvalid, {
            Box::new(|session| send(session, &giant, "/").unwrap_err())
        }),
        ("a giant method of control characters", ErrorCode::HttpRequestMethodInvalid, {
            Box::new(|session| send(session, &"\u{1}".repeat(GIANT), "/").unwrap_err())
        }),
        ("a giant target", ErrorCode::HttpRequestUriInvalid, {
            Box::new(|session| send(session, "GET", &target).unwrap_err())
        }),
        ("a giant target of control characters", ErrorCode::HttpRequestUriInvalid, {
            Box::new(|session| send(session, "GET", &"\u{1}".repeat(GIANT)).unwrap_err())
        }),
        ("a giant field name", field(&giant[..256]), {
            Box::new(|session| session.request("GET", "/").add_field(&giant, "").unwrap_err())
        }),
        ("a giant field value", field("a"), {
            Box::new(|session| session.request("GET", "/").add_field("a", &giant).unwrap_err())
        }),
        ("fields without end", field("a"), {
            Box::new(|session| {
                let request = session.request("GET", "/");
                std::iter::repeat_with(|| request.add_field("a", "")).take(1 << 20).find_map(Result::err).unwrap()
            })
        }),
        ("a giant content type", field("Content-Type"), {
            Box::new(|session| session.post("/", &giant, b"").unwrap_err())
        }),
        ("giant default fields", field("a"), {
            Box::new(|session| {
                let fields = vec![("a".to_owned(), giant.clone().into_bytes())];
                session.change_options(|options| options.set_default_fields(&fields)).unwrap_err()
            })
        }),
        ("a giant user agent", field("user-agent"), {
            Box::new(|session| session.change_options(|options| options.set_user_agent(Some(&giant))).unwrap_err())
        }),
    ];
    for (name, code, give) in attacks {
        let victim = Victim::new(GROWTH);
        let session = victim.guest.session("http", "127.0.0.1", refusing_port());
        // Again and again, so that nothing of it can be kept.
        let errors: Vec<Error> = (0..10).map(|_| give(&session)).collect();
        for error in &errors {
            assert_error(error, Phase::Setup, &code);
            assert!(error.detail.len() <= 512);
        }
        drop(session);
        report(&format!("{name}, 10 times"), victim.cost(), &words(&errors[0]));
    }
}

#[test]
fn giant_origins_and_settings() {
    let giant = "a".repeat(GIANT);
    let victim = Victim::new(GROWTH);
    for (scheme, host, code) in
        [(giant.as_str(), "a", ErrorCode::InvalidScheme), ("http", giant.as_str(), ErrorCode::InvalidHost)]
    {
        let error = victim.guest.session(scheme, host, 80).get("/").unwrap_err();
        assert_error(&error, Phase::Setup, &code);
    }
    let session = victim.guest.session("http", "127.0.0.1", refusing_port());
    let error = session.set_connect_to(Some((&giant, 1))).unwrap_err();
    assert_error(&error, Phase::Setup, &ErrorCode::InvalidHost);
    for error in [
        session.set_addresses(&vec!["192.0.2.1".to_owned(); 10_000]).unwrap_err(),
        session.set_addresses(std::slice::from_ref(&giant)).unwrap_err(),
        session.change_options(|options| options.set_local_address(Some(&giant))).unwrap_err(),
    ] {
        assert_error(&error, Phase::Setup, &ErrorCode::ConfigurationError);
        assert!(error.detail.len() <= 512);
    }
    drop(session);
    report("giant origins and settings", victim.cost(), "Setup: InvalidScheme, InvalidHost, ConfigurationError");
}

#[test]
fn settings_as_large_as_numbers_are() {
    const MOST: u64 = u64::MAX;
    let ((), cost) = attack([script().send(OK)], |_, session| {
        set_deadlines(&session, |deadlines| {
            (deadlines.lookup, deadlines.attempt, deadlines.connect, deadlines.write) = (MOST, MOST, MOST, MOST);
            (deadlines.first_byte, deadlines.between_bytes, deadlines.exchange) = (MOST, MOST, MOST);
            (deadlines.handshake, deadlines.proxy, deadlines.expect_continue) = (MOST, MOST, MOST);
        });
        set_limits(&session, |limits| {
            let most = u32::MAX;
            (limits.connections, limits.field_lines, limits.line_length, limits.head_length) = (most, most, most, most);
            (limits.interim_responses, limits.drained, limits.addresses, limits.events) = (most, most, most, most);
            limits.whole_content = MOST;
        });
        session.set_events(true);
        assert_eq!(session.get("/").unwrap().content, b"hello");
    });
    report("deadlines and limits as large as numbers are", cost, "none");
}

/// Content is the caller's own, and may be as large as it likes; it is there once.
#[test]
fn giant_content() {
    const LENGTH: usize = 3 << 19;
    let content = vec![b'x'; LENGTH];
    let (answer, cost) = attack([script().read(LENGTH as u64).send(OK)], |_, session| {
        session.post("/", "text/plain", &content).unwrap().content
    });
    assert_eq!(answer, b"hello");
    report("1.5 MiB of content, given at once", cost, "none");
}
