//! Proxies that forward: the target in absolute form, and a connection that is the proxy's.

use xenon::error::{Code, Phase};

use crate::peer::peer;
use crate::support::*;

#[test]
fn the_target_is_absolute_and_the_rest_as_ever() {
    let proxy =
        peer().expect(head("GET http://origin.test/")).send(ok("ok")).expect(head("GET http://origin.test/a?b"));
    let net = world([proxy.send(ok("again"))]);
    let session = through(&net, "http", "http");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(fetch(&net, &session, "GET", "/a?b").unwrap().content, b"again");
    assert_eq!((net.connections(), net.lookups()), (1, vec![PROXY.to_owned()]));
    net.assert_done();
}

#[test]
fn asterisk_and_absolute_targets_in_absolute_form() {
    let net = world([peer()
        .expect(head("OPTIONS http://origin.test"))
        .send(ok("ok"))
        .expect("GET http://other.test/x HTTP/1.1\r\nHost: other.test\r\n")
        .head()
        .send(ok("ok"))]);
    let session = through(&net, "http", "http");
    fetch(&net, &session, "OPTIONS", "*").unwrap();
    fetch(&net, &session, "GET", "http://other.test/x").unwrap();
    net.assert_done();
}

#[test]
fn the_port_of_the_origin_is_in_the_target() {
    let net = world([peer().head().send(ok("ok"))]);
    let session = session_with(&net, "http", "[2001:db8::1]", &["proxy.test"]);
    get(&net, &session).unwrap();
    assert!(sent(&net, 0).starts_with("GET http://[2001:db8::1]/ HTTP/1.1\r\nHost: [2001:db8::1]\r\n"));
    let net = world([peer().head().send(ok("ok"))]);
    let session = Session::new(net.clone(), "http", ORIGIN, 8080);
    session.change_options(|options| options.proxying.set_proxies(&[PROXY]).unwrap());
    get(&net, &session).unwrap();
    assert!(sent(&net, 0).starts_with("GET http://origin.test:8080/ HTTP/1.1\r\nHost: origin.test:8080\r\n"));
}

#[test]
fn http10_proxy_keeps_with_proxy_connection() {
    let answer = |field: &str| format!("HTTP/1.0 200 OK\r\n{field}Content-Length: 2\r\n\r\nok");
    let table = [
        (answer("Proxy-Connection: keep-alive\r\n"), 1),
        (answer("Connection: keep-alive\r\n"), 1),
        (answer(""), 2),
        (answer("Proxy-Connection: keep-alive\r\nConnection: close\r\n"), 2),
        (ok("ok").replace("Content", "Proxy-Connection: close\r\nContent"), 2),
        (ok("ok"), 1),
    ];
    for (answer, connections) in table {
        let serve = || peer().head().send(&answer).head().send(&answer).listen();
        let net = world([serve(), serve()]);
        let session = through(&net, "http", "http");
        for _ in 0..2 {
            assert_eq!(get(&net, &session).unwrap(), "ok");
        }
        assert_eq!(net.connections(), connections, "{answer}");
    }
}

#[test]
fn in_a_tunnel_that_field_is_nobodys() {
    let answer = "HTTP/1.0 200 OK\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    let serve = || peer().head().send("HTTP/1.1 200 OK\r\n\r\n").head().send(answer).listen();
    let net = world([serve(), serve()]);
    let session = through(&net, "http", "http");
    session.change_options(|options| options.proxying.tunnels_all = true);
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
    assert_eq!(net.connections(), 2);
}

#[test]
fn a_stale_connection_to_the_proxy_is_found_out() {
    let first = peer().answers_then_over(1).script().close();
    let net = world([first, peer().expect(head("GET http://origin.test/")).send(ok("ok")).into()]);
    let session = through(&net, "http", "http");
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
    assert_eq!(net.connections(), 2);
    net.assert_done();
}

#[test]
fn connect_is_not_forwarded() {
    let net = world([peer().listen()]);
    let session = through(&net, "http", "http");
    assert_eq!(failure(fetch(&net, &session, "CONNECT", "evil.test:25")), (Phase::Setup, Code::Configuration));
    assert_eq!(net.bytes_sent(), 0);
}

#[test]
fn without_the_proxy_the_next_request_goes_straight() {
    let net = world([peer().answers(1)]);
    net.name(ORIGIN, [at("10.0.0.1:80").ip()]);
    net.listen(at("10.0.0.1:80"), [peer().expect(head("GET /")).send(ok("direct")).script()]);
    let session = through(&net, "http", "http");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    session.change_options(|options| options.proxying.set_proxies::<&str>(&[]).unwrap());
    assert_eq!(get(&net, &session).unwrap(), "direct");
    assert!(events(&session).contains(&"Closed SettingsChanged".into()));
}

#[test]
fn events_tell_it() {
    let net = world([peer().answers(1)]);
    let session = session_with(&net, "http", ORIGIN, &["http://me:secret@proxy.test:1080"]);
    get(&net, &session).unwrap();
    assert_eq!(
        events(&session),
        ["Proxy http://proxy.test:1080", "Connected 10.0.0.9:1080", "RequestHead GET http://origin.test/ HTTP/1.1"]
    );
}
