//! A proxy that is silent, or slow, at any step: one deadline covers its whole handshake.

use xenon::error::{Code, Phase};
use xenon::net::sim::{Script, Segments};

use crate::peer::peer;
use crate::support::*;

#[test]
fn silence_at_any_step_ends_in_time() {
    let tls = peer().secure(&proxy()).listen();
    let scripts: [(&str, Script); 8] = [
        ("http", Script::new().stall()),
        ("http", Script::new().stop_reading()),
        ("http", Script::new().expect_head().send("HTTP/1.1 200 OK\r\n").stall()),
        ("http", Script::new().expect_head().send("HTTP/1.1 100 Continue\r\n\r\n").stall()),
        ("socks5h", Script::new().send([5, 0]).stall()),
        ("socks4a", Script::new().stall()),
        ("https", Script::new().stall()),
        ("https", tls.into()),
    ];
    for (kind, script) in scripts {
        let net = world([script]);
        let session = through(&net, "https", kind);
        set_deadlines(&session, |deadlines| deadlines.proxy = 7 * SECOND);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Proxy, Code::ProxyTimeout), 7 * SECOND), "{kind}");
        assert_eq!(net.open_connections(), 0);
    }
}

#[test]
fn the_deadline_is_for_all_of_it_and_not_for_each_byte() {
    let slow = |answer: &str| {
        answer.bytes().fold(Script::new().expect_head(), |script, byte| script.delay(SECOND).send([byte])).drain()
    };
    let net = world([slow("HTTP/1.1 200 OK\r\n\r\n")]);
    let session = through(&net, "https", "http");
    set_deadlines(&session, |deadlines| deadlines.proxy = 10 * SECOND);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Proxy, Code::ProxyTimeout), 10 * SECOND));
}

#[test]
fn exchange_timeout_tries_no_other_proxy() {
    let net = world([Script::new().stall(), Script::new().stall()]);
    let session = session_with(&net, "https", ORIGIN, &[PROXY, PROXY]);
    set_deadlines(&session, |deadlines| deadlines.exchange = 3 * SECOND);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Proxy, Code::ExchangeTimeout), 3 * SECOND));
    assert_eq!(net.connections(), 1);
}

#[test]
fn each_proxy_has_its_own() {
    let net = world([
        Script::new().stall(),
        peer().head().send("HTTP/1.1 200 OK\r\n\r\n").secure(&origin()).answers(1).into(),
    ]);
    let session = session_with(&net, "https", ORIGIN, &[PROXY, PROXY]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.unwrap(), took), ("ok".to_owned(), 30 * SECOND));
}

#[test]
fn connecting_to_a_proxy_has_the_deadlines_of_connecting() {
    let net = world([] as [Script; 0]);
    net.listen_after(at(PEER), None, [] as [Script; 0]);
    let (outcome, took) = timed(&net, || get(&net, &through(&net, "http", "http")));
    assert_eq!((failure(outcome), took), ((Phase::Proxy, Code::ConnectionTimeout), 10 * SECOND));
    let net = world([] as [Script; 0]);
    net.name_after(PROXY, None, Ok(Vec::new()));
    let (outcome, took) = timed(&net, || get(&net, &through(&net, "http", "http")));
    assert_eq!((failure(outcome), took), ((Phase::Proxy, Code::LookupTimeout), 10 * SECOND));
}

#[test]
fn interim_responses_without_end_do_not_stop_the_clock() {
    // Each comes as fast as it is read; their number is the bound.
    let net = world([Script::new().expect_head().send("HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000)).drain()]);
    net.set_segments(Segments::Random(7));
    assert_eq!(failure(get(&net, &through(&net, "https", "http"))), (Phase::Proxy, Code::ProxyProtocol));
}
