//! Settings of proxies that change while connections are kept: those that the new settings would not have made close.

use xenon::session::events::{CloseReason, Kind};
use xenon::tls::settings::TlsSettings;

use crate::authority::{root, stranger};
use crate::peer::peer;
use crate::support::*;

const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// The reasons of which events have told since the last call.
fn closings(session: &Session) -> Vec<CloseReason> {
    let reason = |event: xenon::session::events::Event| match event.what {
        Kind::Closed(reason) => Some(reason),
        _ => None,
    };
    session.take_events().into_iter().filter_map(reason).collect()
}

/// One change of the settings, and whether a kept connection outlives it.
type Change = (&'static str, fn(&Session), bool);

/// Makes each of these changes of a session as `make` has it, between two requests.
fn assert_changes(make: impl Fn() -> (xenon::net::sim::SimNet, Session), changes: &[Change]) {
    for (what, change, is_kept) in changes {
        let (net, session) = make();
        get(&net, &session).unwrap();
        change(&session);
        let reasons = if *is_kept { vec![] } else { vec![CloseReason::SettingsChanged] };
        assert_eq!((net.open_connections(), closings(&session)), (usize::from(*is_kept), reasons), "{what}");
        // Also that of a response which is read to its end only now.
        let (net, session) = make();
        let exchange = session.request("GET", "/").start(true).unwrap();
        let response = net.run(std::future::poll_fn(|context| exchange.poll_response(context))).unwrap();
        change(&session);
        assert_eq!(net.run(xenon::session::whole::read_to_end(&response)).unwrap(), b"ok", "{what}");
        assert_eq!(net.open_connections(), usize::from(*is_kept), "{what}");
    }
}

fn set(session: &Session, proxies: &[&str]) {
    session.change_options(|options| options.proxying.set_proxies(proxies).unwrap());
}

fn exempt(session: &Session, hosts: &[&str]) {
    session.change_options(|options| options.proxying.set_exemptions(hosts).unwrap());
}

/// `ok` in two pieces, so that the head is here before the content is.
const SLOW: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no";

#[test]
fn a_proxy_that_is_taken_away_or_changed_is_used_no_more() {
    let make = || {
        let net = world([peer().head().send(SLOW).send("k").answers(2)]);
        let session = session_with(&net, "http", ORIGIN, &["http://u:p@proxy.test:1080"]);
        (net, session)
    };
    let changes: [Change; 10] = [
        ("none", |session| set(session, &[]), false),
        ("another", |session| set(session, &["other.test"]), false),
        ("another user", |session| set(session, &["http://v:p@proxy.test:1080"]), false),
        ("another password", |session| set(session, &["http://u:q@proxy.test:1080"]), false),
        ("another kind", |session| set(session, &["socks5h://u:p@proxy.test:1080"]), false),
        ("exempt", |session| exempt(session, &["origin.test"]), false),
        ("tunnels", |session| session.change_options(|options| options.proxying.tunnels_all = true), false),
        ("the same", |session| set(session, &["u:p@PROXY.test:1080/"]), true),
        ("one more", |session| set(session, &["first.test", "u:p@proxy.test"]), true),
        ("another is exempt", |session| exempt(session, &["other.test"]), true),
    ];
    assert_changes(make, &changes);
}

#[test]
fn a_tunnel_ends_with_its_proxy_too() {
    for kind in ["http", "socks5h"] {
        let make = || {
            let proxy = match kind {
                "http" => peer().head().send(OPEN),
                _ => peer().bytes(3).send([5, 0]).bytes(18).send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
            };
            let net = world([proxy.secure(&origin()).head().send(SLOW).send("k").answers(2)]);
            let session = through(&net, "https", kind);
            (net, session)
        };
        let changes: [Change; 4] = [
            ("none", |session| set(session, &[]), false),
            ("another", |session| set(session, &["other.test"]), false),
            ("exempt", |session| exempt(session, &["*"]), false),
            (
                "trust in proxies that have no TLS",
                |session| session.change_options(|options| options.proxying.tls_mut().set_default_roots(false)),
                true,
            ),
        ];
        assert_changes(make, &changes);
    }
}

#[test]
fn a_straight_connection_ends_where_a_proxy_is_set() {
    let make = || {
        let net = world([] as [xenon::net::sim::Script; 0]);
        net.name(ORIGIN, [at("10.0.0.1:80").ip()]);
        net.listen(at("10.0.0.1:80"), [peer().head().send(SLOW).send("k").answers(2).script()]);
        let session = session_with(&net, "http", ORIGIN, &[]);
        exempt(&session, &["other.test"]);
        session.take_events();
        (net, session)
    };
    let changes: [Change; 3] = [
        ("a proxy", |session| set(session, &["p.test"]), false),
        ("tunnels of no proxy", |session| session.change_options(|options| options.proxying.tunnels_all = true), true),
        ("none, as before", |session| set(session, &[]), true),
    ];
    assert_changes(make, &changes);
}

#[test]
fn a_proxy_that_is_trusted_no_more_is_used_no_more() {
    // Whom the origin trusts is another matter.
    for (scheme, tunnel) in [("http", false), ("http", true), ("https", true)] {
        let make = || {
            let proxy = peer().secure(&proxy());
            let proxy = if tunnel { proxy.head().send(OPEN) } else { proxy };
            let proxy = if scheme == "https" { proxy.secure(&origin()) } else { proxy };
            let net = world([proxy.head().send(SLOW).send("k").answers(2)]);
            let session = through(&net, scheme, "https");
            session.change_options(|options| {
                options.proxying.tunnels_all = tunnel;
                options.proxying.tls_mut().set_default_roots(true);
            });
            (net, session)
        };
        let changes: [Change; 3] = [
            // It is one of the root's, which is trusted still.
            (
                "default roots",
                |session| session.change_options(|options| options.proxying.tls_mut().set_default_roots(false)),
                true,
            ),
            (
                "all roots",
                |session| {
                    session.change_options(|options| {
                        *options.proxying.tls_mut() = TlsSettings::default();
                        options.proxying.tls_mut().set_default_roots(false);
                    });
                },
                false,
            ),
            (
                "more roots",
                |session| {
                    session.change_options(|options| {
                        options.proxying.tls_mut().add_roots(&stranger().certificate).unwrap();
                        options.tls_mut().add_roots(&root().certificate).unwrap();
                    });
                },
                true,
            ),
        ];
        assert_changes(make, &changes);
    }
}
