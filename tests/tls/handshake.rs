//! Handshakes that come to their end, and what each side has of them.

use rustls::CipherSuite;
use xenon::net::sim::{Operation, Segments, SimNet};
use xenon::session::events::Kind;

use crate::authority::root;
use crate::server::*;
use crate::support::*;

#[test]
fn a_request_is_answered_in_either_version() {
    for (versions, version, suite) in [
        (TLS12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        (TLS13, "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ] {
        let identity = good();
        let settings = settings(&identity, versions);
        let peer = settings.answers(1);
        let server = peer.server();
        let (net, session) = world([peer]);
        let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
        let tls = response.facts().tls.clone().unwrap();
        assert_eq!((tls.version, tls.suite.as_str(), tls.is_resumed), (version, suite, false));
        assert_eq!(tls.alpn.as_deref(), Some("http/1.1"));
        assert_eq!(tls.chain, [identity.certificate().to_vec()]);
        assert_eq!(content(&net, &response).unwrap(), "ok");
        assert!(server.plaintext().starts_with("GET / HTTP/1.1\r\nHost: a.test\r\n"), "{}", server.plaintext());
        assert_eq!(server.plaintext().matches("\r\n\r\n").count(), 1);
        let handshakes = session.take_events().into_iter().filter(|event| matches!(event.what, Kind::Handshake(_)));
        assert_eq!(handshakes.count(), 1);
    }
}

#[test]
fn the_newest_version_that_both_have_is_spoken() {
    let (net, session) = world([settings(&good(), BOTH).answers(1)]);
    let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
    assert_eq!(response.facts().tls.clone().unwrap().version, "TLSv1.3");
}

#[test]
fn chacha_is_offered_first_and_http_11_alone() {
    let settings = settings(&good(), BOTH);
    let (net, session) = world([settings.answers(1)]);
    get(&net, &session).unwrap();
    let hello = settings.hello();
    assert_eq!(hello.protocols, ["http/1.1"]);
    let is_chacha = |suite: &CipherSuite| format!("{suite:?}").contains("CHACHA20");
    let real = hello.suites.iter().filter(|suite| **suite != CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    let order: Vec<bool> = real.map(is_chacha).collect();
    assert_eq!(order.iter().filter(|is_chacha| **is_chacha).count(), 3);
    assert!(order.is_sorted_by_key(|is_chacha| !is_chacha), "{:?}", hello.suites);
}

#[test]
fn each_suite_serves() {
    let names: Vec<CipherSuite> =
        rustls::crypto::ring::DEFAULT_CIPHER_SUITES.iter().map(|suite| suite.suite()).collect();
    let mut served = 0;
    macro_rules! only {
        ($($suite:ident),*) => {$(
            assert!(names.contains(&CipherSuite::$suite));
            let settings = settings_with(&good(), BOTH, None, |suite| suite == CipherSuite::$suite);
            let (net, session) = world([settings.answers(1)]);
            let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
            assert_eq!(content(&net, &response).unwrap(), "ok");
            let name = stringify!($suite).replacen("TLS13_", "TLS_", 1);
            assert_eq!(response.facts().tls.clone().unwrap().suite, name);
            served += 1;
        )*};
    }
    only!(TLS13_AES_256_GCM_SHA384, TLS13_AES_128_GCM_SHA256, TLS13_CHACHA20_POLY1305_SHA256);
    only!(TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    only!(TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    assert_eq!(served, 6, "those for RSA keys are tried with real servers");
}

#[test]
fn names_are_sent_and_addresses_are_not() {
    for (host, sent) in [
        ("a.test", Some("a.test")),
        ("A.Test", Some("a.test")),
        ("a.test.", Some("a.test")),
        ("10.0.0.1", None),
        ("[::1]", None),
    ] {
        let settings = settings(&root().leaf(&["a.test", "10.0.0.1", "::1"], |_| {}), BOTH);
        let (net, _) = world([] as [xenon::net::sim::Script; 0]);
        net.name("a.test.", [at(PEER).ip()]);
        net.listen(at(PEER), [settings.answers(1).into()]);
        net.listen(at("[::1]:443"), [settings.answers(1).into()]);
        let session = session_of(&net, host);
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "{host}");
        assert_eq!(settings.hello().name.as_deref(), sent, "{host}");
    }
}

#[test]
fn where_it_connects_to_says_nothing_of_whom_it_trusts() {
    let settings = settings(&good(), BOTH);
    let (net, session) = world([settings.answers(1)]);
    net.listen(at("10.0.0.9:8443"), [settings.answers(1).into()]);
    session.set_connect_to(Some(("10.0.0.9".into(), 8443))).unwrap();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!((settings.hello().name.as_deref(), net.peer(0)), (Some(NAME), Some(at("10.0.0.9:8443"))));
}

#[test]
fn several_requests_go_over_one_connection() {
    for versions in [TLS12, TLS13] {
        let peer = settings(&good(), versions).answers(5);
        let server = peer.server();
        let (net, session) = world([peer]);
        for _ in 0..5 {
            assert_eq!(get(&net, &session).unwrap(), "ok");
        }
        assert_eq!((net.connections(), server.plaintext().matches("GET / HTTP/1.1\r\n").count()), (1, 5));
    }
}

/// How many pieces the client sent before the one with this number, counted from 1, was received.
fn sends(net: &SimNet) -> usize {
    (1..=net.operations()).filter(|number| net.operation(*number) == Some(Operation::Send)).count()
}

#[test]
fn the_handshake_s_end_and_the_request_leave_together() {
    // TLS 1.3: hello, and all else. TLS 1.2 has one turn more, before which the client cannot speak.
    for (versions, expected) in [(TLS13, 2), (TLS12, 3)] {
        let peer = settings(&good(), versions).answers(2);
        let (net, session) = world([peer]);
        let mut request = session.request("POST", "/");
        request.set_content(b"hello".to_vec());
        send(&net, &request).unwrap();
        assert_eq!(sends(&net), expected);
        let content = records(&net, 0).into_iter().filter(|kind| *kind == CONTENT).count();
        // In TLS 1.3 the client's Finished looks like content.
        assert_eq!(content, if expected == 2 { 2 } else { 1 }, "head and content are in one record");
        send(&net, &request).unwrap();
        assert_eq!(sends(&net), expected + 1);
    }
}

#[test]
fn any_segmentation_of_server_bytes() {
    let cuts = [5, 6, 100, 127, 128, 129, 500, 600, 700, 800];
    let segmentings = [Segments::Bytes, Segments::At(cuts.into())].into_iter();
    for segments in segmentings.chain((0..20).map(Segments::Random)) {
        for versions in [TLS12, TLS13] {
            let peer = settings(&good(), versions).answers(3);
            let server = peer.server();
            let (net, session) = world([peer.segments(segments.clone())]);
            for _ in 0..3 {
                assert_eq!(get(&net, &session).unwrap(), "ok", "{segments:?}");
            }
            assert_eq!((net.connections(), server.error()), (1, None), "{segments:?}");
        }
    }
}

#[test]
fn any_send_limit() {
    for limit in [1, 2, 7, 100] {
        for versions in [TLS12, TLS13] {
            let peer = settings(&good(), versions).answers(2);
            let server = peer.server();
            let (net, session) = world([peer]);
            net.set_send_limit(limit);
            for _ in 0..2 {
                assert_eq!(get(&net, &session).unwrap(), "ok", "{limit}");
            }
            assert_eq!((net.connections(), server.error()), (1, None));
        }
    }
}
