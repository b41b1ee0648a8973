//! Proxies that speak HTTP over TLS, and TLS within it.

use xenon::error::{Code, Phase};
use xenon::net::sim::{Script, Segments};

use crate::authority::{Identity, root, stranger};
use crate::peer::{Peer, peer};
use crate::support::*;

const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// A proxy whose tunnel leads to an origin that answers so many requests.
fn tunnelling(count: usize) -> Peer {
    let proxy = peer().secure(&proxy()).expect(connect_head("origin.test:443")).send(OPEN);
    proxy.secure(&origin()).answers(count)
}

#[test]
fn it_forwards_what_is_in_the_clear_for_it() {
    let peer = peer()
        .secure(&proxy())
        .expect(head("GET http://origin.test/"))
        .send(ok("ok"))
        .head()
        .send(ok("again"))
        .listen();
    let net = world([peer.clone()]);
    let session = through(&net, "http", "https");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(get(&net, &session).unwrap(), "again");
    assert_eq!(net.connections(), 1);
    assert!(!peer.text(0).contains("origin.test"));
    assert_eq!(
        events(&session)[..4],
        [
            "Proxy https://proxy.test:1080",
            "Connected 10.0.0.9:1080",
            "ProxyHandshake TLSv1.3",
            "RequestHead GET http://origin.test/ HTTP/1.1",
        ]
    );
}

#[test]
fn a_plain_origin_has_no_facts_of_tls() {
    for tunnels in [false, true] {
        let proxy = peer().secure(&proxy());
        let proxy = if tunnels { proxy.head().send(OPEN) } else { proxy };
        let net = world([proxy.answers(2)]);
        let session = through(&net, "http", "https");
        session.change_options(|options| options.proxying.tunnels_all = tunnels);
        for _ in 0..2 {
            let exchange = session.request("GET", "/").start(true).unwrap();
            let response = net.run(std::future::poll_fn(|context| exchange.poll_response(context))).unwrap();
            assert!(response.facts().tls.is_none(), "those of the proxy are none of the origin's");
            assert_eq!(net.run(xenon::session::whole::read_to_end(&response)).unwrap(), b"ok");
        }
        let told = events(&session);
        assert!(told.contains(&"ProxyHandshake TLSv1.3".into()), "{told:?}");
        assert!(!told.iter().any(|event| event.starts_with("Handshake")), "{told:?}");
    }
    // One that has TLS has its own.
    let own = origin();
    let net = world([peer().secure(&proxy()).head().send(OPEN).secure(&own).answers(1)]);
    let session = through(&net, "https", "https");
    let exchange = session.request("GET", "/").start(true).unwrap();
    let response = net.run(std::future::poll_fn(|context| exchange.poll_response(context))).unwrap();
    assert_eq!(response.facts().tls.as_ref().unwrap().chain, [own.certificate().to_vec()]);
}

#[test]
fn its_tunnel_has_tls_in_tls() {
    let peer = tunnelling(2);
    let net = world([peer.clone()]);
    let session = through(&net, "https", "https");
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
    assert_eq!(net.connections(), 1);
    assert!(peer.text(2).contains("GET / HTTP/1.1\r\n"));
    assert!(!peer.text(1).contains("GET"), "the proxy cannot look into it");
    assert!(!peer.text(0).contains("CONNECT"), "and nobody into what is said to the proxy");
    let told = events(&session);
    assert!(told.contains(&"ProxyHandshake TLSv1.3".into()) && told.contains(&"Handshake TLSv1.3".into()), "{told:?}");
}

#[test]
fn however_it_is_cut_and_however_little_goes_at_once() {
    for segments in [Segments::Bytes, Segments::Random(1), Segments::Random(2)] {
        for limit in [1, 7, usize::MAX] {
            let net = world([tunnelling(1)]);
            net.set_segments(segments.clone());
            net.set_send_limit(limit);
            assert_eq!(get(&net, &through(&net, "https", "https")).unwrap(), "ok");
        }
    }
}

#[test]
fn much_goes_through_it_both_ways() {
    let content = vec![b'x'; 1_000_000];
    let proxy = peer().secure(&proxy()).head().send(OPEN).secure(&origin()).head().expect(&content);
    let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", &content[..]].concat();
    let net = world([proxy.send(answer).listen()]);
    let session = through(&net, "https", "https");
    let mut request = session.request("PUT", "/");
    request.set_content(content.clone());
    let whole = net.run(xenon::session::whole::fetch(&request, false)).unwrap();
    assert!(whole.content == content);
}

#[test]
fn the_trust_of_one_is_not_the_trust_of_the_other() {
    let strange_proxy = stranger().leaf(&[PROXY], |_| {});
    let strange_origin = stranger().leaf(&[ORIGIN], |_| {});
    let wrong_proxy = root().leaf(&["other.test"], |_| {});
    let trust_stranger = |session: &Session, of_proxy: bool| {
        session.change_options(|options| {
            let tls = if of_proxy { &mut options.proxying.tls_mut() } else { &mut options.tls_mut() };
            tls.add_roots(&stranger().certificate).unwrap();
        });
    };
    let run = |proxy: &Identity, origin: &Identity, of_proxy| {
        let net = world([peer().secure(proxy).head().send(OPEN).secure(origin).answers(1)]);
        let session = through(&net, "https", "https");
        trust_stranger(&session, of_proxy);
        let outcome = get(&net, &session);
        assert_eq!(net.open_connections(), usize::from(outcome.is_ok()));
        outcome.map_err(|error| (error.phase, matches!(error.code, Code::TlsCertificate(_))))
    };
    assert_eq!(run(&strange_proxy, &origin(), true), Ok("ok".into()));
    assert_eq!(run(&strange_proxy, &origin(), false), Err((Phase::Proxy, true)));
    assert_eq!(run(&proxy(), &strange_origin, false), Ok("ok".into()));
    assert_eq!(run(&proxy(), &strange_origin, true), Err((Phase::Handshake, true)));
    assert_eq!(run(&wrong_proxy, &origin(), true), Err((Phase::Proxy, true)));
}

#[test]
fn proxy_certificate_error_has_the_proxys_chain() {
    let identity = stranger().leaf(&[PROXY], |_| {});
    let net = world([peer().secure(&identity).listen()]);
    let error = get(&net, &through(&net, "http", "https")).unwrap_err();
    assert!(error.detail.starts_with("proxy https://proxy.test:1080: "), "{}", error.detail);
    let Code::TlsCertificate(rejected) = error.code else { panic!("{error:?}") };
    assert!(rejected.checks.untrusted_issuer);
    // It is accepted when its owner says so.
    let net = world([peer().secure(&identity).answers(1)]);
    let session = through(&net, "http", "https");
    session.change_options(|options| options.proxying.tls_mut().add_leaves(&rejected.chain[0]).unwrap());
    assert_eq!(get(&net, &session).unwrap(), "ok");
}

#[test]
fn a_refused_tunnel_is_refused_in_tls_too() {
    let net = world([peer().secure(&proxy()).head().send("HTTP/1.1 403 No\r\n\r\n").listen()]);
    let (phase, code) = failure(get(&net, &through(&net, "https", "https")));
    assert!(matches!((phase, code), (Phase::Proxy, Code::ProxyRefused(refusal)) if refusal.status == 403));
}

#[test]
fn only_the_origins_own_farewell_ends_its_content() {
    let to_the_end = "HTTP/1.1 200 OK\r\n\r\nok";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let farewells: [&[usize]; 4] = [&[], &[0], &[1], &[1, 0]];
    let run = |answer: &str, farewells: &[usize], segments: Segments| {
        let proxy = peer().secure(&proxy()).head().send(OPEN).secure(&origin()).head().send(answer);
        let proxy = farewells.iter().fold(proxy, |proxy, depth| proxy.farewell(*depth));
        let net = world([proxy.script().close().segments(segments)]);
        let outcome = get(&net, &through(&net, "https", "https"));
        assert_eq!(net.open_connections(), 0);
        outcome.map_err(|error| (error.phase, error.code))
    };
    for segments in [Segments::Whole, Segments::Random(1)] {
        for said in farewells {
            for whole in [ok("ok").as_str(), chunked] {
                assert_eq!(run(whole, said, segments.clone()), Ok("ok".into()), "{said:?}");
                // A farewell of either ends no content that is not whole.
                let cut = run(&whole[..whole.len() - 1], said, segments.clone());
                let code = if said.contains(&1) { Code::ResponseIncomplete } else { Code::ConnectionTerminated };
                assert_eq!(cut, Err((Phase::Body, code)), "{said:?}");
            }
            // The proxy cannot end it in the origin's place.
            let expected =
                if said.contains(&1) { Ok("ok".into()) } else { Err((Phase::Body, Code::ConnectionTerminated)) };
            assert_eq!(run(to_the_end, said, segments.clone()), expected, "{said:?}");
        }
    }
}

#[test]
fn a_handshake_with_the_proxy_that_comes_to_nothing() {
    for script in [
        Script::new().close(),
        Script::new().reset(),
        Script::new().send("HTTP/1.1 400 Bad\r\n\r\n").drain(),
        Script::new().send([21, 3, 3, 0, 2, 2, 40]).drain(),
    ] {
        let net = world([script]);
        let error = get(&net, &through(&net, "http", "https")).unwrap_err();
        assert_eq!(error.phase, Phase::Proxy, "{error:?}");
        let expected = [Code::ConnectionTerminated, Code::TlsProtocol, Code::TlsAlert("handshake_failure".into())];
        assert!(expected.contains(&error.code), "{error:?}");
        assert_eq!(net.open_connections(), 0);
    }
}

#[test]
fn stray_bytes_on_an_idle_connection_are_found_through_both_layers() {
    let proxy = peer().secure(&proxy()).head().send(OPEN).secure(&origin()).head().send(ok("ok") + "stray").listen();
    let net = world([proxy, tunnelling(1)]);
    let session = through(&net, "https", "https");
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
    assert_eq!(net.connections(), 2);
    assert!(events(&session).contains(&"Closed StrayBytes".into()));
}
