//! Making a session does nothing. An error in its arguments, or in those of a request, is reported by the request.

use xenon::error::{Code, Phase};
use xenon::http::head::Version;
use xenon::net::sim::{Script, SimNet};

use crate::support::*;

/// Fails if the network was touched.
fn assert_untouched(net: &SimNet) {
    assert_eq!((net.operations(), net.steps(), net.connections()), (0, 0, 0));
    assert_eq!(net.lookups(), [""; 0]);
    assert_eq!(net.attempts(), []);
}

#[test]
fn making_is_not_connecting() {
    let (net, session) = world([answers(1)]);
    let mut request = session.request("GET", "/");
    request.add_field("A", b"b".to_vec()).unwrap();
    let exchange = request.start(true).unwrap();
    session.close_connection();
    drop(exchange);
    let exchange = request.start(true).unwrap();
    assert_eq!(exchange.interim_responses().len(), 0);
    assert_untouched(&net);
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    assert_eq!((net.lookups().len(), net.attempts().len(), net.connections()), (1, 1, 1));
    net.assert_done();
}

/// The head is made when it is sent, also for the second time, and is that of the request that was started.
#[test]
fn changes_after_start_are_for_the_next_start() {
    let stale = answers(1).expect_head().close();
    let (net, session) = world([stale, answers(1).expect_head().expect_bytes(5).send(ok("ok"))]);
    get(&net, &session).unwrap();
    session.change_options(|settings| settings.set_user_agent(Some("before".into()))).unwrap();
    let mut request = session.request("PUT", "/");
    request.add_field("A", b"1".to_vec()).unwrap();
    let exchange = request.start(true).unwrap();
    request.add_field("B", b"2".to_vec()).unwrap();
    request.set_content(b"hello".to_vec());
    request.set_version(Version::Http10);
    session.change_options(|settings| settings.set_user_agent(Some("after".into()))).unwrap();
    finish(&net, &exchange).unwrap();
    finish(&net, &request.start(true).unwrap()).unwrap();
    let first = "PUT / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: before\r\nA: 1\r\nContent-Length: 0\r\n\r\n";
    let second =
        "PUT / HTTP/1.0\r\nHost: a.test\r\nUser-Agent: after\r\nA: 1\r\nB: 2\r\nContent-Length: 5\r\n\r\nhello";
    assert!(sent(&net, 0).ends_with(first), "{}", sent(&net, 0));
    assert_eq!(sent(&net, 1), format!("{first}{second}"));
}

#[test]
fn a_session_that_is_never_used_ends_without_a_trace() {
    let (net, session) = world([]);
    session.close_connection();
    session.close_connection();
    assert_eq!(events(&session), [""; 0]);
    drop(session);
    assert_untouched(&net);
}

#[test]
fn a_wrong_origin_is_said_by_each_request() {
    let table = [
        ("", "a.test", 80, Code::InvalidScheme),
        ("ftp", "a.test", 80, Code::InvalidScheme),
        ("http:", "a.test", 80, Code::InvalidScheme),
        ("ht\r\ntp", "a.test", 80, Code::InvalidScheme),
        // Not in this build.
        ("http", "", 80, Code::InvalidHost),
        ("http", "a b", 80, Code::InvalidHost),
        ("http", "x\r\ny", 80, Code::InvalidHost),
        ("http", "x\0", 80, Code::InvalidHost),
        ("http", "a.test/path", 80, Code::InvalidHost),
        ("http", "user@a.test", 80, Code::InvalidHost),
        ("http", "a.test:80", 80, Code::InvalidHost),
        ("http", "[::1", 80, Code::InvalidHost),
        ("http", "::1%1", 80, Code::InvalidHost),
        ("http", "256.0.0.1", 80, Code::InvalidHost),
        ("http", "a.test", 0, Code::InvalidPort),
    ];
    for (scheme, host, port, code) in table {
        let net = crate::again::net();
        let session = Session::new(net.clone(), scheme, host, port);
        for _ in 0..2 {
            let error = fetch(&net, &session, "GET", "/").unwrap_err();
            assert_eq!((error.phase, &error.code, error.may_retry), (Phase::Setup, &code, false), "{host:?}");
            assert!(!error.detail.is_empty() && !error.detail.contains(char::is_control), "{:?}", error.detail);
            session.close_connection();
        }
        assert_untouched(&net);
    }
}

#[test]
fn a_scheme_may_be_in_any_case() {
    let (net, _) = world([answers(1)]);
    let session = Session::new(net.clone(), "HtTp", "A.TEST", 80);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.lookups(), [NAME]);
    assert!(sent(&net, 0).contains("\r\nHost: a.test\r\n"), "{}", sent(&net, 0));
}

#[test]
fn a_wrong_request_is_its_own_error_and_sends_nothing() {
    let (net, session) = world([answers(1)]);
    let method = Code::RequestMethodInvalid;
    let target = Code::RequestTargetInvalid;
    let table = [
        ("", "/", &method),
        ("G ET", "/", &method),
        ("GET\r\nX: y\r\n\r\n", "/", &method),
        ("GE\0T", "/", &method),
        ("M\u{e4}", "/", &method),
        ("GET", "", &target),
        ("GET", "x", &target),
        ("GET", "*", &target),
        ("GET", "/ HTTP/1.1\r\nX: y", &target),
        ("GET", "/\0", &target),
        ("GET", "/#fragment", &target),
        ("CONNECT", "/", &target),
        ("CONNECT", "a.test", &target),
    ];
    for (method, target, code) in table {
        let error = fetch(&net, &session, method, target).unwrap_err();
        assert_eq!((error.phase, &error.code), (Phase::Setup, code), "{method:?} {target:?}");
        assert!(!error.detail.contains(char::is_control), "{:?}", error.detail);
    }
    let mut connect = session.request("CONNECT", "b.test:443");
    connect.set_content(b"x".to_vec());
    assert_eq!(failure(connect.start(true)), (Phase::Setup, Code::Configuration));
    let mut old = session.request("POST", "/");
    old.set_version(Version::Http10);
    old.set_streamed_content(None);
    assert_eq!(failure(old.start(true)), (Phase::Setup, Code::Configuration));

    assert_untouched(&net);
    assert_eq!(events(&session), [""; 0]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    net.assert_done();
}

#[test]
fn invalid_fields_leave_the_request_unchanged() {
    let (net, session) = world([answers(1)]);
    let mut request = session.request("GET", "/");
    let table: &[(&str, &[u8])] = &[
        ("", b"x"),
        ("a b", b"x"),
        ("a:", b"x"),
        ("a\r\nb", b"x"),
        ("a", b"x\r\ny: z"),
        ("a", b"x\ny"),
        ("a", b"x\0"),
        ("Content-Length", b"1"),
        ("transfer-encoding", b"chunked"),
        ("Host", b"a b"),
        ("host", b"x, y"),
        ("Host", b"a/../@c"),
        ("Host", b"user@a.test"),
        ("Host", b"http://a.test"),
        ("Host", b"a.test:80:80"),
        ("Host", b"::1"),
        ("Host", b"\xc3\xa9.test"),
    ];
    for (name, value) in table {
        let expected = (Phase::Setup, Code::RequestFieldInvalid((*name).into()));
        assert_eq!(failure(request.add_field(name, value.to_vec())), expected, "{name:?}");
    }
    request.add_field("Host", b"b.test".to_vec()).unwrap();
    assert!(request.add_field("host", b"c.test".to_vec()).is_err(), "two hosts are a smuggled request");
    request.add_field("a", b"\xff".to_vec()).unwrap();
    assert_untouched(&net);

    send(&net, &request).unwrap();
    let head = net.sent(0);
    assert!(head.starts_with(b"GET / HTTP/1.1\r\nHost: b.test\r\nUser-Agent: xenon/"), "{head:?}");
    assert!(head.ends_with(b"\r\na: \xff\r\n\r\n"), "{head:?}");
}

#[test]
fn a_wrong_setting_is_refused_where_it_is_set() {
    let (net, session) = world([answers(1)]);
    assert_eq!(failure(session.set_addresses(&["nowhere".into()])), (Phase::Setup, Code::Configuration));
    assert_eq!(failure(session.set_connect_to(Some(("a b".into(), 80)))), (Phase::Setup, Code::InvalidHost));
    assert_eq!(failure(session.set_connect_to(Some(("b.test".into(), 0)))), (Phase::Setup, Code::InvalidPort));
    session.change_options(|options| {
        assert_eq!(failure(options.set_local_address(Some("eth0"))), (Phase::Setup, Code::Configuration));
        let field = Code::RequestFieldInvalid("user-agent".into());
        assert_eq!(failure(options.set_user_agent(Some("a\nb".into()))), (Phase::Setup, field));
    });
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.peer(0), Some(at(PEER)));
}

#[test]
fn what_is_too_large_is_refused() {
    use xenon::limits::{FIXED_ADDRESSES, METHOD_LENGTH, REQUEST_FIELD_COST, REQUEST_FIELDS_LENGTH};

    let (net, session) = world([answers(1)]);
    let longest = "X".repeat(METHOD_LENGTH);
    assert_eq!(
        failure(send(&net, &session.request(&(longest.clone() + "X"), "/"))),
        (Phase::Setup, Code::RequestMethodInvalid)
    );
    let most = REQUEST_FIELDS_LENGTH - REQUEST_FIELD_COST;
    assert!(session.set_addresses(&vec!["192.0.2.1".into(); FIXED_ADDRESSES + 1]).is_err());
    session.change_options(|options| {
        assert!(options.set_user_agent(Some("x".repeat(REQUEST_FIELDS_LENGTH + 1))).is_err());
    });

    // Together, and each line for itself.
    let mut request = session.request(&longest, "/");
    let error = request.add_field(&"x".repeat(most), b"x".to_vec()).unwrap_err();
    assert_eq!(error.code, Code::RequestFieldInvalid("x".repeat(256)));
    request.add_field("x", vec![b'x'; most - 1 - 5 * (1 + REQUEST_FIELD_COST)]).unwrap();
    for _ in 0..5 {
        request.add_field("x", vec![]).unwrap();
    }
    let error = request.add_field("y", vec![]).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Setup, Code::RequestFieldInvalid("y".into())));
    assert_eq!(text(send(&net, &request).unwrap().content), "ok");
    assert!(sent(&net, 0).starts_with(&format!("{longest} / HTTP/1.1\r\n")));
}

#[test]
fn a_request_can_be_sent_again_and_again() {
    let (net, session) =
        world([(0..3).fold(Script::new(), |script, _| script.expect_head().expect("content").send(ok("ok")))]);
    let mut request = session.request("PUT", "/x");
    request.set_content(b"content".to_vec());
    for _ in 0..3 {
        assert_eq!(text(send(&net, &request).unwrap().content), "ok");
    }
    assert_eq!(net.connections(), 1);
    net.assert_done();
}

#[test]
fn a_changed_request_does_not_change_what_was_started() {
    let (net, session) = world([answers(1)]);
    let mut request = session.request("GET", "/");
    let exchange = request.start(true).unwrap();
    request.add_field("Late", b"x".to_vec()).unwrap();
    drop(request);
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
    assert!(!sent(&net, 0).contains("Late"));
}
