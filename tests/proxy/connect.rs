//! Tunnels that HTTP proxies open, and refuse.

use xenon::error::{Code, Phase, Refusal};
use xenon::net::sim::{Script, Segments};
use xenon::session::events::Kind;

use crate::peer::peer;
use crate::support::*;

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

#[test]
fn https_through_a_tunnel_is_encrypted() {
    let proxy = peer().expect(connect_head("origin.test:443")).send(OPEN).secure(&origin());
    let proxy = proxy.expect(head("GET /")).send(ok("ok")).head().send(ok("again")).listen();
    let net = world([proxy.clone()]);
    let session = through(&net, "https", "http");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(get(&net, &session).unwrap(), "again");
    assert_eq!((net.connections(), net.lookups()), (1, vec![PROXY.to_owned()]));
    assert_eq!(proxy.text(0).matches("origin.test").count(), 3, "in CONNECT, its Host, and the name that TLS shows");
    assert_eq!(
        events(&session)[..6],
        [
            "Proxy http://proxy.test:1080",
            "Connected 10.0.0.9:1080",
            "TunnelRequest CONNECT origin.test:443 HTTP/1.1",
            "TunnelResponse HTTP/1.1 200 Connection established",
            "Tunnel origin.test:443",
            "Handshake TLSv1.3",
        ]
    );
}

#[test]
fn heads_of_the_proxy_are_told_byte_for_byte() {
    let interim = "HTTP/1.1 102\nA:b  \n\n";
    let answer = "HTTP/1.0 200  OK \r\nX-P:  1\r\n\r\n";
    let script = peer().expect(connect_head("origin.test:80")).send(interim).send(answer);
    let net = world([script.expect(head("GET /")).send(ok("ok"))]);
    let session = through(&net, "http", "http");
    session.change_options(|options| options.proxying.tunnels_all = true);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let heads = session.take_events().into_iter().filter_map(|event| match event.what {
        Kind::TunnelResponse(head) => Some(head.0),
        _ => None,
    });
    assert_eq!(heads.collect::<Vec<_>>(), [interim.as_bytes(), answer.as_bytes()]);
}

#[test]
fn http_goes_through_one_on_request() {
    let net = world([peer().expect(connect_head("origin.test:80")).send(OPEN).expect(head("GET /")).send(ok("ok"))]);
    let session = through(&net, "http", "http");
    session.change_options(|options| options.proxying.tunnels_all = true);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn and_where_another_host_stands_for_the_origin() {
    let net = world([peer().expect(connect_head("other.test:81")).send(OPEN).expect(head("GET /")).send(ok("ok"))]);
    let session = through(&net, "http", "http");
    session.set_connect_to(Some(("other.test".into(), 81))).unwrap();
    // They stand for a lookup, and there is none.
    session.set_addresses(&["10.9.9.9".into()]).unwrap();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn an_address_is_in_brackets_and_a_user_agent_only_if_there_is_one() {
    let net =
        world([peer().expect("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n").send("HTTP/1.1 403\r\n\r\n")]);
    let session = session_with(&net, "https", "::1", &[PROXY]);
    session.change_options(|options| options.set_user_agent(None).unwrap());
    get(&net, &session).unwrap_err();
    net.assert_done();
}

#[test]
fn what_a_request_says_never_reaches_the_proxy() {
    let proxy = peer().expect(connect_head("origin.test:443")).send(OPEN).secure(&origin()).answers(1);
    let net = world([proxy.clone()]);
    let session = through(&net, "https", "http");
    let mut request = session.request("GET", "/secret");
    request.add_field("Authorization", b"Basic c2VjcmV0".to_vec()).unwrap();
    request.add_field("Cookie", b"secret".to_vec()).unwrap();
    net.run(xenon::session::whole::fetch(&request, false)).unwrap();
    assert!(proxy.text(1).contains("c2VjcmV0"), "the origin hears it");
    assert!(!proxy.text(0).contains("c2VjcmV0") && !proxy.text(0).contains("secret"));
}

#[test]
fn a_refusal_can_be_looked_at_and_closes() {
    for body in ["", "Content-Length: 4\r\n\r\nbody", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"] {
        for (status, reason) in
            [(400, "Bad"), (403, "Forbidden"), (407, "Who?"), (500, ""), (502, "x"), (503, "x"), (504, "x")]
        {
            let body = if body.is_empty() { "\r\n" } else { body };
            let answer = format!("HTTP/1.1 {status} {reason}\r\nX-Why: because\r\n{body}");
            let net = world([peer().head().send(answer).listen(), peer().answers(1)]);
            let session = session_with(&net, "https", ORIGIN, &["http://proxy.test", "http://proxy.test"]);
            let error = get(&net, &session).unwrap_err();
            assert_eq!(error.phase, Phase::Proxy);
            let Code::ProxyRefused(refusal) = error.code else { panic!("{error:?}") };
            assert_eq!((refusal.status, refusal.reason.as_str()), (status, reason));
            assert_eq!(refusal.fields[0], ("X-Why".to_owned(), b"because".to_vec()));
            assert!(error.detail.contains(&format!("CONNECT tunnel failed, response {status}")), "{}", error.detail);
            assert!(error.detail.contains("proxy http://proxy.test:1080"), "{}", error.detail);
            // No other proxy is asked, and nothing is left open.
            assert_eq!((net.connections(), net.open_connections()), (1, 0));
        }
    }
}

#[test]
fn the_proxys_words_cannot_drive_a_terminal() {
    let net = world([peer().head().send("HTTP/1.1 403 \x7f\x1b[2J\u{9b}\r\n\r\n")]);
    let error = get(&net, &through(&net, "https", "http")).unwrap_err();
    assert_eq!(error.code, Code::ProxyProtocol, "a reason with control characters is none");
    let net = world([peer().head().send(format!("HTTP/1.1 403 {}\u{9b}\r\n\r\n", "x".repeat(9000)))]);
    let error = get(&net, &through(&net, "https", "http")).unwrap_err();
    assert!(error.detail.len() < 300 && error.detail.chars().all(|c| (' '..='~').contains(&c)), "{}", error.detail);
}

#[test]
fn however_its_answer_is_cut_it_is_the_same() {
    let answers: [(&str, Result<&str, Code>); 4] = [
        ("HTTP/1.1 200 OK\r\n\r\n", Ok("ok")),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n", Ok("ok")),
        ("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 502 No\r\n\r\n", Err(refused(502, "No"))),
        ("HTTP/1.1 200 OK\nbad\n\n", Err(Code::ProxyProtocol)),
    ];
    for (answer, expected) in answers {
        for segments in (1..answer.len() as u64).map(|at| Segments::At(vec![at])).chain([Segments::Bytes]) {
            let net = world([peer().head().send(answer).secure(&origin()).answers(1)]);
            net.set_segments(segments.clone());
            let outcome = get(&net, &through(&net, "https", "http"));
            assert_eq!(outcome.as_deref().map_err(|error| error.code.clone()), expected.clone(), "{segments:?}");
        }
    }
}

fn refused(status: u16, reason: &str) -> Code {
    Code::ProxyRefused(Box::new(Refusal { status, reason: reason.into(), fields: Vec::new() }))
}

#[test]
fn an_answer_that_ends_early_is_none() {
    let answer = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
    for length in 0..answer.len() {
        for end in [Script::close, Script::reset] {
            let net = world([end(Script::new().expect_head().send(&answer[..length]))]);
            let error = get(&net, &through(&net, "https", "http")).unwrap_err();
            assert_eq!((error.phase, error.code), (Phase::Proxy, Code::ProxyProtocol), "{length}");
            assert_eq!((net.connections(), net.open_connections()), (1, 0));
        }
    }
}

#[test]
fn proxy_that_closes_is_not_a_refusal() {
    let net = world([Script::new().close()]);
    assert_eq!(failure(get(&net, &through(&net, "https", "http"))), (Phase::Proxy, Code::ProxyProtocol));
}

#[test]
fn hostile_heads_have_bounds() {
    let long = "x".repeat(100_000);
    for answer in [
        format!("HTTP/1.1 200 {long}"),
        format!("HTTP/1.1 200 OK\r\nX: {long}"),
        format!("HTTP/1.1 200 OK\r\n{}", "a:b\r\n".repeat(1000)),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000),
        "\r\n".repeat(1000),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n".into(),
        "HTTP/2.0 200 OK\r\n\r\n".into(),
        "\x05\x00".repeat(100),
        "\x15\x03\x01\x00\x02\x02\x16".into(),
        "220 mail.test ESMTP\r\n".into(),
    ] {
        let net = world([peer().head().send(&answer).listen()]);
        let outcome = get(&net, &through(&net, "https", "http"));
        assert_eq!(failure(outcome), (Phase::Proxy, Code::ProxyProtocol), "{:.40}", answer);
        assert!(net.bytes_received() <= 100_000);
    }
}

#[test]
fn bytes_after_the_head_are_an_error_before_tls() {
    for stray in ["x", "\x16\x03\x03\x00\x01", "HTTP/1.1 200 OK\r\n\r\n"] {
        let net = world([peer().head().send(format!("{OPEN}{stray}")).secure(&origin()).answers(1)]);
        let outcome = get(&net, &through(&net, "https", "http"));
        assert_eq!(failure(outcome), (Phase::Proxy, Code::ProxyProtocol), "{stray:?}");
        assert_eq!(net.sent(0).len(), connect_head("origin.test:443").len(), "nothing of TLS was sent");
    }
}

#[test]
fn in_a_plain_tunnel_they_are_the_origins() {
    for answer in [format!("{OPEN}{}", ok("ok")), format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", ok("ok"))]
    {
        let net = world([peer().head().send(answer).head().listen()]);
        let session = through(&net, "http", "http");
        session.change_options(|options| options.proxying.tunnels_all = true);
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
}

#[test]
fn an_answer_before_the_whole_of_connect_opens_nothing() {
    let net = world([Script::new().window(30).send(OPEN).drain()]);
    net.set_send_limit(10);
    assert_eq!(failure(get(&net, &through(&net, "https", "http"))), (Phase::Proxy, Code::ProxyProtocol));
}

#[test]
fn failed_origin_handshake_tries_no_other_proxy() {
    let stranger = crate::authority::stranger().leaf(&[ORIGIN], |_| {});
    let net = world([peer().head().send(OPEN).secure(&stranger).listen(), peer().answers(1)]);
    let session = session_with(&net, "https", ORIGIN, &["http://proxy.test", "http://proxy.test"]);
    let (phase, code) = failure(get(&net, &session));
    assert!(matches!((phase, code), (Phase::Handshake, Code::TlsCertificate(_))));
    assert_eq!(net.connections(), 1);
}
