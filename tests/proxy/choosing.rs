//! Several proxies: which is tried, which gives way to the next, which is remembered.

use xenon::error::{Code, LookupFailure, Phase};
use xenon::net::Fault;
use xenon::net::sim::{Script, SimNet};

use crate::peer::peer;
use crate::support::*;

const DEAD: &str = "10.0.0.8:1080";

/// A world in which `dead.test` is at [`DEAD`], where nobody listens.
fn with_dead(scripts: impl IntoIterator<Item = Script>) -> SimNet {
    let net = world(scripts);
    net.name("dead.test", [at(DEAD).ip()]);
    net
}

fn attempts(net: &SimNet, to: &str) -> usize {
    net.attempts().iter().filter(|attempt| attempt.to == at(to)).count()
}

#[test]
fn a_dead_one_costs_one_failed_connect_once() {
    let net = with_dead((0..3).map(|_| peer().answers(1).into()));
    let session = session_with(&net, "http", ORIGIN, &["dead.test", PROXY]);
    for _ in 0..3 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
        session.close_connection();
    }
    assert_eq!((attempts(&net, DEAD), attempts(&net, PEER)), (1, 3));
    assert_eq!(
        events(&session)[..4],
        [
            "Proxy http://dead.test:1080",
            "ProxyFailed http://dead.test:1080 could not connect: 10.0.0.8:1080: connection refused",
            "Proxy http://proxy.test:1080",
            "Connected 10.0.0.9:1080",
        ]
    );
    assert_eq!(net.lookups(), ["dead.test", PROXY, PROXY, PROXY]);
}

#[test]
fn the_good_one_that_dies_gives_way_to_the_first_again() {
    let net = with_dead([peer().answers(1).into()]);
    let session = session_with(&net, "http", ORIGIN, &["dead.test", PROXY]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    session.close_connection();
    net.listen(at(DEAD), [peer().answers(1).into(), peer().answers(1).into()]);
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
        session.close_connection();
    }
    assert_eq!((attempts(&net, DEAD), attempts(&net, PEER)), (3, 2));
}

#[test]
fn whatever_makes_a_proxy_dead_the_next_is_asked() {
    type Make = fn(&SimNet);
    let table: [(&str, Make); 9] = [
        ("http://unknown.test", |_| {}),
        ("http://dead.test", |net| net.name("dead.test", [])),
        ("http://dead.test", |_| {}),
        ("http://dead.test", |net| net.fail_connecting(at(DEAD), None, Fault::TimedOut)),
        ("http://dead.test", |net| net.listen(at(DEAD), [Script::new().expect_head().close()])),
        ("http://dead.test", |net| net.listen(at(DEAD), [Script::new().expect_head().send("garbage\r\n").drain()])),
        ("http://dead.test", |net| net.listen(at(DEAD), [Script::new().expect_head().stall()])),
        ("https://dead.test:1080", |net| net.listen(at(DEAD), [Script::new().send("HTTP/1.1 400\r\n\r\n").drain()])),
        ("socks5h://dead.test", |net| net.listen(at(DEAD), [Script::new().send("HTTP/1.1 400\r\n\r\n").drain()])),
    ];
    for (url, make) in table {
        let good = peer().head().send("HTTP/1.1 200 OK\r\n\r\n").secure(&origin()).answers(1);
        let net = with_dead([good.into()]);
        make(&net);
        let session = session_with(&net, "https", ORIGIN, &[url, PROXY]);
        assert_eq!(get(&net, &session).unwrap(), "ok", "{url}");
        assert_eq!(net.open_connections(), 1);
        assert_eq!(events(&session).iter().filter(|event| event.starts_with("ProxyFailed")).count(), 1);
    }
}

#[test]
fn a_certificate_that_is_not_accepted_gives_way_too() {
    let stranger = crate::authority::stranger().leaf(&["dead.test"], |_| {});
    let net = with_dead([peer().answers(1).into()]);
    net.listen(at(DEAD), [peer().secure(&stranger).listen().into()]);
    let session = session_with(&net, "http", ORIGIN, &["https://dead.test:1080", PROXY]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
}

#[test]
fn when_all_are_dead_the_error_is_the_lasts_and_names_all() {
    let net = with_dead([] as [Script; 0]);
    let session = session_with(&net, "http", ORIGIN, &["socks5h://dead.test", "http://u:secret@unknown.test:3128"]);
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Proxy, Code::Lookup(LookupFailure::NameUnresolvable)));
    assert!(error.detail.contains("proxy socks5h://dead.test:1080: could not connect"), "{}", error.detail);
    assert!(error.detail.contains("proxy http://unknown.test:3128: could not look up"), "{}", error.detail);
    assert!(!error.detail.contains("secret"));
    // They are all tried again the next time.
    get(&net, &session).unwrap_err();
    assert_eq!(attempts(&net, DEAD), 2);
}

#[test]
fn unreachable_proxy_is_not_an_unreachable_origin() {
    let net = crate::again::net();
    let outcome = get(&net, &through(&net, "http", "http"));
    assert_eq!(failure(outcome), (Phase::Proxy, Code::Lookup(LookupFailure::NameUnresolvable)));
    let net = world([] as [Script; 0]);
    let outcome = get(&net, &through(&net, "http", "http"));
    assert_eq!(failure(outcome), (Phase::Proxy, Code::ConnectionRefused));
}

#[test]
fn the_right_to_connect_is_not_lost_on_the_way() {
    let net = with_dead([peer().answers(1).into()]);
    net.listen(at(DEAD), [Script::new().close()]);
    let session = session_with(&net, "http", ORIGIN, &["socks5h://dead.test", PROXY]);
    session.change_options(|options| {
        let limits = xenon::limits::Limits { connections: 1, ..*options.limits() };
        options.set_limits(limits);
    });
    assert_eq!(get(&net, &session).unwrap(), "ok");
    session.close_connection();
    // It came back each time, whether or not there was a connection.
    for _ in 0..3 {
        get(&net, &session).unwrap_err();
    }
}

#[test]
fn the_address_of_a_proxy_that_was_good_is_tried_first() {
    let net = world([peer().answers(1), peer().answers(1)]);
    net.name(PROXY, [at(DEAD).ip(), at(PEER).ip()]);
    let session = through(&net, "http", "http");
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
        session.close_connection();
    }
    assert_eq!((attempts(&net, DEAD), attempts(&net, PEER)), (1, 2));
}
