//! Servers that stop, or send wrong or malformed messages, at any point of a handshake: each failure has its own error, at its own
//! time, and no HTTP is sent.

use std::time::Duration;

use rustls::CipherSuite;
use xenon::error::{Code, Phase};
use xenon::net::sim::Script;
use xenon::session::events::CloseReason;
use xenon::tls::settings::TlsVersion;

use crate::authority::root;
use crate::server::*;
use crate::support::*;

/// The alerts of RFC 8446 section 6 and their names, `close_notify` and `user_canceled` apart.
const ALERTS: [(u8, &str); 25] = [
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (22, "record_overflow"),
    (40, "handshake_failure"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

/// How a server goes on that says no more.
type End = fn(Peer) -> Peer;

/// Where and how a request fails whose server stops after so many bytes, and how long that takes; none if it does not fail.
fn cut(settings: &Settings, bytes: usize, end: End) -> Option<((Phase, Code), Duration)> {
    // Head and content are records of their own.
    let peer =
        settings.peer().head().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").send("ok").listen().cut(bytes);
    let server = peer.server();
    let (net, session) = world([end(peer)]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    let Err(error) = outcome else {
        return None;
    };
    assert_eq!(net.open_connections(), 0, "after {bytes} bytes");
    assert_eq!(closings(&session), [CloseReason::Failed]);
    assert_eq!(net.connections(), 1, "a fresh connection is not tried again");
    if error.phase == Phase::Handshake {
        assert_eq!(server.plaintext(), "", "after {bytes} bytes");
    }
    Some(((error.phase, error.code), took))
}

/// The server stops after each number of bytes in turn, until it has said enough. How many bytes the handshake has.
fn cut_everywhere(settings: &Settings, end: End, expected: [(Phase, Code); 4], seconds: [u32; 4]) -> usize {
    let (mut at, mut lengths) = (0, [0; 4]);
    for bytes in 0.. {
        let Some((failure, took)) = cut(settings, bytes, end) else {
            break;
        };
        // It goes from one phase to the next, and never back.
        while failure.0 != expected[at].0 {
            at += 1;
            assert!(at < 4, "{failure:?} after {bytes} bytes");
        }
        assert_eq!(failure, expected[at], "after {bytes} bytes");
        assert_eq!(took, SECOND * seconds[at], "after {bytes} bytes");
        lengths[at] += 1;
    }
    assert!(lengths[0] > 500 && lengths[2] > 50 && lengths[3] > 0, "{lengths:?}");
    lengths[0]
}

#[test]
fn handshake_cut_at_any_byte_is_connection_terminated() {
    let phases =
        [Phase::Handshake, Phase::Send, Phase::Head, Phase::Body].map(|phase| (phase, Code::ConnectionTerminated));
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions).forgetful();
        let ended = cut_everywhere(&settings, Peer::close, phases.clone(), [0; 4]);
        let reset = cut_everywhere(&settings, Peer::reset, phases.clone(), [0; 4]);
        assert_eq!(ended, reset);
    }
}

#[test]
fn a_handshake_that_stalls_at_any_byte_has_its_deadline() {
    let timeouts = [
        (Phase::Handshake, Code::TlsHandshakeTimeout),
        (Phase::Send, Code::ConnectionWriteTimeout),
        (Phase::Head, Code::ResponseTimeout),
        (Phase::Body, Code::ConnectionReadTimeout),
    ];
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions).forgetful();
        cut_everywhere(&settings, Peer::stall, timeouts.clone(), [15, 30, 60, 60]);
    }
}

#[test]
fn the_handshake_s_deadline_is_for_all_of_it() {
    for versions in [TLS12, TLS13] {
        let slow =
            |pause| (0..60).fold(settings(&good(), versions).answers(1).cut(0), |peer, _| peer.delay(pause).allow(20));
        let (net, session) = world([slow(SECOND)]);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!(failure(outcome), (Phase::Handshake, Code::TlsHandshakeTimeout));
        assert_eq!(took, 15 * SECOND, "though a little came each second");
        let (net, session) = world([slow(SECOND)]);
        set_deadlines(&session, |deadlines| deadlines.exchange = 7 * SECOND);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Handshake, Code::ExchangeTimeout), 7 * SECOND));
    }
}

#[test]
fn a_server_that_reads_nothing_has_the_handshake_s_deadline() {
    let (net, session) = world([Script::new().stop_reading().stall()]);
    set_deadlines(&session, |deadlines| deadlines.handshake = 3 * SECOND);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Handshake, Code::TlsHandshakeTimeout), 3 * SECOND));
}

#[test]
fn what_is_no_tls_is_said_to_be_none() {
    let (net, session) = world([Script::new().send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").drain()]);
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Handshake, Code::TlsProtocol));
    assert_eq!(error.detail, "the server does not speak TLS at this port");
    assert_eq!(records(&net, 0), [HANDSHAKE, ALERT], "it is told why");
}

#[test]
fn nonsense_is_an_error_and_never_read_without_end() {
    let record = |kind: u8, length: u16, content: &[u8]| {
        let mut bytes = vec![kind, 3, 3];
        bytes.extend(length.to_be_bytes());
        bytes.extend(content);
        bytes
    };
    let again = |bytes: &[u8]| bytes.repeat(1_000_000 / bytes.len());
    let zeros = vec![0; 70_000];
    // A message of 16 MiB, in records as long as they may be.
    let mut endless = record(HANDSHAKE, 16384, &[2, 255, 255, 255]);
    endless.extend(&zeros[..16380]);
    (0..100).for_each(|_| endless.extend(record(HANDSHAKE, 16384, &zeros[..16384])));
    for (what, bytes) in [
        ("zeros", zeros.clone()),
        ("a banner", b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        ("line feeds", again(b"\n")),
        ("a record of another version", vec![HANDSHAKE, 9, 9, 0, 1, 0]),
        ("an unknown kind of record", again(&record(99, 1, b"x"))),
        ("an oversized record", [record(HANDSHAKE, 65535, &[]), zeros.clone()].concat()),
        ("a record one byte too long", [record(CONTENT, 16384 + 2049, &[]), zeros.clone()].concat()),
        ("empty handshake records", again(&record(HANDSHAKE, 0, &[]))),
        ("empty content", again(&record(CONTENT, 0, &[]))),
        ("content before the handshake", again(&record(CONTENT, 2, b"ok"))),
        ("changes of cipher", again(&record(20, 1, &[1]))),
        ("warnings", again(&record(ALERT, 2, &[1, 90]))),
        ("half alerts", again(&record(ALERT, 1, &[1]))),
        ("requests to begin anew", again(&record(HANDSHAKE, 4, &[0, 0, 0, 0]))),
        ("tickets", again(&record(HANDSHAKE, 5, &[4, 0, 0, 1, 0]))),
        ("an endless message", endless),
        ("a client's hello", record(HANDSHAKE, 6, &[1, 0, 0, 2, 3, 3])),
    ] {
        let length = bytes.len();
        let (net, session) = world([Script::new().send(bytes).drain()]);
        let ((outcome, took), received) = (timed(&net, || get(&net, &session)), net.bytes_received());
        assert_eq!(failure(outcome), (Phase::Handshake, Code::TlsProtocol), "{what}");
        assert!(took.is_zero() && received <= 256 * 1024, "{what}: {received} of {length}, {took:?}");
        assert!(!records(&net, 0).contains(&CONTENT), "{what}");
        assert_eq!(net.open_connections(), 0);
    }
}

#[test]
fn any_byte_of_a_handshake_can_be_wrong() {
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions).forgetful();
        let mut failed = 0;
        for at in (0..900).step_by(3) {
            let (net, session) = world([settings.answers(1).damage(at)]);
            match get(&net, &session) {
                // It was not of the handshake any more, or not looked at: the version of a record.
                Ok(content) => assert_eq!(content, "ok"),
                Err(error) => {
                    failed += 1;
                    let expected = [Phase::Handshake, Phase::Head];
                    assert!(expected.contains(&error.phase), "{at}: {error:?}");
                    // A wrong length makes each wait for the other.
                    let is_fitting = matches!(
                        error.code,
                        Code::TlsProtocol | Code::TlsAlert(_) | Code::TlsCertificate(_) | Code::TlsHandshakeTimeout
                    );
                    assert!(is_fitting || error.phase == Phase::Head, "{at}: {error:?}");
                }
            }
            assert_eq!(net.open_connections(), usize::from(net.open_connections() > 0));
        }
        assert!(failed > 150, "{failed}");
    }
}

#[test]
fn alerts_have_their_names_whenever_they_come() {
    let plain = |description| vec![ALERT, 3, 3, 0, 2, 2, description];
    for (description, name) in ALERTS {
        let alert = |phase| (phase, Code::TlsAlert(name.into()));
        // In place of an answer.
        let (net, session) = world([Script::new().send(plain(description)).drain()]);
        assert_eq!(failure(get(&net, &session)), alert(Phase::Handshake));
        assert!(!records(&net, 0).contains(&CONTENT));
        // In place of its end.
        let peer = settings(&good(), TLS12).peer().flight().then(|script| script.send(plain(description)).drain());
        let server = peer.server();
        let (net, session) = world([peer]);
        assert_eq!(failure(get(&net, &session)), alert(Phase::Handshake));
        assert_eq!(server.plaintext(), "");
        for versions in [TLS12, TLS13] {
            // In place of a response: a server says so what it thinks of the client's certificate.
            let server = settings(&good(), versions);
            let (net, session) = world([server.peer().head().forge(move |forge| forge.alert(description)).close()]);
            assert_eq!(failure(get(&net, &session)), alert(Phase::Handshake));
            // After another response it is of this request.
            let again =
                || server.peer().head().send(ok("ok")).head().forge(move |forge| forge.alert(description)).close();
            let (net, session) = world([again()]);
            get(&net, &session).unwrap();
            assert_eq!(failure(get(&net, &session)), alert(Phase::Head));
            // In the middle of a response.
            let half = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel";
            let (net, session) =
                world([server.peer().head().send(half).forge(move |forge| forge.alert(description)).close()]);
            assert_eq!(failure(get(&net, &session)), alert(Phase::Body));
            assert_eq!(net.connections(), 1);
        }
    }
    let (net, session) = world([Script::new().send(plain(200)).drain()]);
    assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsAlert("200".into())));
}

#[test]
fn a_farewell_within_the_handshake_is_no_end_in_good_order() {
    let farewell = [ALERT, 3, 3, 0, 2, 1, 0];
    let (net, session) = world([Script::new().send(farewell).close()]);
    assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::ConnectionTerminated));
    let (net, session) = world([Script::new().send(farewell).stall()]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Handshake, Code::TlsHandshakeTimeout), 15 * SECOND));
}

#[test]
fn only_versions_within_the_range_are_spoken() {
    use TlsVersion::{Tls12, Tls13};
    let alert = || (Phase::Handshake, Code::TlsAlert("protocol_version".into()));
    for (oldest, newest, versions, spoken) in [
        (Tls12, Tls12, TLS12, Some("TLSv1.2")),
        (Tls12, Tls12, BOTH, Some("TLSv1.2")),
        (Tls12, Tls12, TLS13, None),
        (Tls13, Tls13, TLS13, Some("TLSv1.3")),
        (Tls13, Tls13, BOTH, Some("TLSv1.3")),
        (Tls13, Tls13, TLS12, None),
        (Tls12, Tls13, BOTH, Some("TLSv1.3")),
    ] {
        let peer = settings(&good(), versions).answers(1);
        let server = peer.server();
        let (net, session) = world([peer]);
        session.change_options(|options| options.tls_mut().set_versions(oldest, newest)).unwrap();
        match (open(&net, &session.request("GET", "/")), spoken) {
            (Ok((_, response)), Some(spoken)) => assert_eq!(response.facts().tls.clone().unwrap().version, spoken),
            (outcome, None) => {
                assert_eq!(failure(outcome), alert());
                assert_eq!(server.plaintext(), "");
            }
            (outcome, _) => panic!("{:?}", outcome.err()),
        }
    }
    let (_, session) = world([] as [Script; 0]);
    assert!(session.change_options(|options| options.tls_mut().set_versions(Tls13, Tls12)).is_err());
}

#[test]
fn a_version_that_was_not_offered_is_not_spoken() {
    // A ServerHello of TLS 1.2, 1.1 and 1.0, which has no extensions.
    for (minor, detail) in [(3, "chose a version"), (2, "neither"), (1, "neither")] {
        let mut hello = vec![2, 0, 0, 38, 3, minor];
        hello.extend([7; 32]);
        hello.extend([0, 0xcc, 0xa9, 0]);
        let mut bytes = vec![HANDSHAKE, 3, 3, 0, 42];
        bytes.extend(hello);
        let (net, session) = world([Script::new().send(bytes).drain()]);
        session.change_options(|options| options.tls_mut().set_versions(TlsVersion::Tls13, TlsVersion::Tls13)).unwrap();
        let error = get(&net, &session).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Handshake, Code::TlsProtocol));
        assert!(error.detail.contains(detail), "{}", error.detail);
    }
}

#[test]
fn without_common_ground_there_is_no_connection() {
    let for_rsa = |suite: CipherSuite| format!("{suite:?}").contains("RSA");
    let peer = settings_with(&good(), TLS12, None, for_rsa).answers(1);
    let (net, session) = world([peer]);
    assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsAlert("handshake_failure".into())));

    let settings = settings(&good(), TLS13).with(|config| config.alpn_protocols = vec![b"h2".to_vec()]);
    let (net, session) = world([settings.answers(1)]);
    assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsAlert("no_application_protocol".into())));

    let settings = settings.with(|config| config.alpn_protocols.clear());
    let (net, session) = world([settings.answers(1)]);
    let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
    assert_eq!(response.facts().tls.clone().unwrap().alpn, None, "a server need not know of ALPN");
}

#[test]
fn a_chain_without_end_is_not_read() {
    let mut identity = good();
    let filler = root().certificate.clone();
    identity.chain.extend(std::iter::repeat_n(filler, 500));
    for versions in [TLS12, TLS13] {
        let (net, session) = world([settings(&identity, versions).answers(1)]);
        let outcome = get(&net, &session);
        assert_eq!(failure(outcome), (Phase::Handshake, Code::TlsProtocol));
        assert!(net.bytes_received() <= 128 * 1024, "{}", net.bytes_received());
    }
}
