//! Digest with servers that compute every answer themselves: its parameters, nonces and counts, and where it goes ahead.

use std::cell::RefCell;
use std::rc::Rc;

use xenon::auth::Schemes;
use xenon::net::sim::Segments;

use crate::checker::*;
use crate::server::*;
use crate::support::*;

#[test]
fn every_manner_of_it() {
    let md5 = Manner::default;
    let old = || Manner { qop: None, ..md5() };
    let of = |algorithm| Manner { algorithm: Some(algorithm), ..md5() };
    let told = |manner| Manner { info: Info::Head, ..manner };
    // The number of requests, and of the challenges that they meet.
    let manners = [
        (md5(), DIGEST, 1, 1),
        (Manner { algorithm: None, ..md5() }, DIGEST, 1, 1),
        (of("md5"), DIGEST, 1, 1),
        (Manner { opaque: Some("op,aque=="), ..md5() }, DIGEST, 1, 1),
        (Manner { realm: "a \"b\\c\", d=e", ..md5() }, DIGEST, 3, 1),
        (told(md5()), DIGEST, 5, 1),
        (of("MD5-sess"), DIGEST, 6, 1),
        (told(of("MD5-sess")), DIGEST, 6, 1),
        (Manner { next_after: 1, ..told(md5()) }, DIGEST, 20, 1),
        (Manner { next_after: 3, ..told(of("MD5-sess")) }, DIGEST, 20, 1),
        (Manner { qop: Some("auth-int,fish, auth"), ..md5() }, DIGEST, 1, 1),
        (Manner { next_after: 1, info: Info::Trailers, ..md5() }, DIGEST, 20, 1),
        (Manner { stale_after: 2, ..md5() }, DIGEST, 20, 10),
        (Manner { stale_after: 2, ..of("SHA-256-sess") }, DIGEST, 20, 10),
        (Manner { userhash: Some("true"), ..md5() }, DIGEST, 2, 1),
        (Manner { userhash: Some("false"), ..md5() }, DIGEST, 2, 1),
        (old(), OLD, 4, 1),
        (Manner { opaque: Some("o"), algorithm: None, ..old() }, OLD, 4, 1),
        (told(old()), OLD, 4, 1),
        (of("SHA-256"), DIGEST, 1, 1),
        (of("SHA-256-sess"), DIGEST, 8, 1),
        (told(of("SHA-256")), DIGEST, 8, 1),
        (Manner { next_after: 1, ..told(of("SHA-256-sess")) }, DIGEST, 20, 1),
        (of("SHA-512-256"), DIGEST, 1, 1),
        (of("SHA-512-256-sess"), DIGEST, 8, 1),
        (told(of("SHA-512-256")), DIGEST, 8, 1),
        (Manner { userhash: Some("true"), next_after: 2, ..told(of("SHA-512-256-sess")) }, DIGEST, 20, 1),
    ];
    for (manner, schemes, count, challenges) in manners {
        // Trailers come only with content, so with GET, which is the first method, and not with HEAD.
        let seen = requests(manner.clone(), schemes, if manner.info == Info::Trailers { 1 } else { count });
        if manner.info != Info::Trailers {
            assert_eq!(seen.len(), count + challenges, "{manner:?}");
        }
    }
}

/// Sends this many requests to a server of this variant, and returns those that the server received.
fn requests(manner: Manner, schemes: Schemes, count: usize) -> Vec<Seen> {
    let what = format!("{manner:?}");
    let user = manner.user;
    let server = Server::new(Checker::new(manner).rule());
    let (net, session) = world(&server);
    session.change_credentials(|known| known.set_login(None, login(user, PASSWORD), schemes, false)).unwrap();
    for number in 0..count {
        let target = format!("/fish/{number}?a=b,c");
        let whole = fetch(&net, &session, ["GET", "HEAD", "DELETE"][number % 3], &target).unwrap();
        assert_eq!(whole.head.status, 200, "{what}");
    }
    assert_eq!(net.connections(), 1, "{what}");
    server.seen()
}

#[test]
fn the_next_nonce_may_come_in_trailers() {
    let manner = Manner { next_after: 1, info: Info::Trailers, ..Manner::default() };
    let server = Server::new(Checker::new(manner).rule());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    for _ in 0..20 {
        assert_eq!(get(&net, &session, "/"), 200);
    }
    assert_eq!((server.seen().len(), net.connections()), (21, 1));
}

#[test]
fn names_are_written_so_that_every_server_reads_the_same() {
    let utf8 = Some("UTF-8");
    for (user, charset, parameter) in [
        ("Aladdin", None, "username=\"Aladdin\""),
        ("a@b", None, "username=\"a@b\""),
        ("foo bar", utf8, "username=\"foo bar\""),
        ("A\u{142}\u{e2}dd\u{ee}n", None, "username=\"A\u{142}\u{e2}dd\u{ee}n\""),
        ("A\u{142}\u{e2}dd\u{ee}n", utf8, "username*=UTF-8''A%C5%82%C3%A2dd%C3%AEn"),
        ("J\u{e4}s\u{f8}n Doe", None, "username=\"J\u{e4}s\u{f8}n Doe\""),
        ("J\u{e4}s\u{f8}n Doe", utf8, "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"),
        ("foo\"bar", None, r#"username="foo\"bar""#),
        ("foo\"bar", utf8, r#"username="foo\"bar""#),
        (r"foo\bar", None, r#"username="foo\\bar""#),
    ] {
        let user_parameter = Some(parameter);
        requests(Manner { user, user_parameter, charset, userhash: Some("false"), ..Manner::default() }, DIGEST, 2);
    }
}

#[test]
fn hundreds_of_requests_have_one_nonce() {
    let (server, checker) = watched(Manner { algorithm: Some("SHA-256"), ..Manner::default() });
    let (net, session) = world(&server);
    give(&session, ANY);
    for number in 0..500 {
        assert_eq!(get(&net, &session, &format!("/{number}")), 200);
    }
    assert_eq!((server.seen().len(), net.connections()), (501, 1));
    assert_eq!(checker.borrow().counts(1), (1..=500).collect::<Vec<_>>());
}

#[test]
fn exchanges_at_once_never_have_one_count() {
    let (server, checker) = watched(Manner::default());
    let (net, session) = world(&server);
    // No response comes without a wait.
    net.set_segments(Segments::Random(7));
    give(&session, DIGEST);
    // First the six exchanges are challenged at once. In later rounds, credentials go ahead.
    for round in 1..=3 {
        let requests: Vec<_> = (0..6).map(|number| session.request("GET", format!("/{number}"))).collect();
        let exchanges: Vec<_> = requests.iter().map(|request| request.start(true).unwrap()).collect();
        net.settle();
        exchanges.iter().for_each(Exchange::advance);
        for exchange in &exchanges {
            let response = answer(&net, exchange).unwrap();
            assert_eq!((response.head().status, content(&net, &response).unwrap().as_str()), (200, "come in"));
        }
        assert_eq!(checker.borrow().counts(1), (1..=6 * round).collect::<Vec<_>>());
    }
    assert_eq!(server.seen().iter().filter(|seen| seen.authorization().is_none()).count(), 6);
}

#[test]
fn nonce_count_increases_on_retry() {
    let checker = Rc::new(RefCell::new(Checker::new(Manner::default())));
    let shared = Rc::clone(&checker);
    let mut requests = 0;
    let server = Server::new(move |request| {
        requests += 1;
        let mut checker = shared.borrow_mut();
        let Some(value) = request.authorization() else { return asks(&[&checker.challenge(false)]) };
        assert!(matches!(checker.check(request, value), Checked::Good(_)));
        // The second request with credentials gets no response: the connection closes.
        if requests == 3 { String::new() } else { ok("come in") }
    });
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!((get(&net, &session, "/a"), get(&net, &session, "/b")), (200, 200));
    assert_eq!((checker.borrow().counts(1), net.connections()), (vec![1, 2, 3], 2));
    // The same if the connection closes between the challenge and the response to the answer.
    let mut requests = 0;
    let checker = Rc::new(RefCell::new(Checker::new(Manner::default())));
    let shared = Rc::clone(&checker);
    let server = Server::new(move |request| {
        requests += 1;
        let mut checker = shared.borrow_mut();
        let Some(value) = request.authorization() else { return asks(&[&checker.challenge(false)]) };
        assert!(matches!(checker.check(request, value), Checked::Good(_)));
        if requests == 2 { String::new() } else { ok("come in") }
    });
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(get(&net, &session, "/a"), 200);
    assert_eq!((checker.borrow().counts(1), net.connections()), (vec![1, 2], 2));
}

#[test]
fn known_credentials_answer_a_new_nonce_not_called_stale() {
    // The server does not call the nonce stale, as a restarted server does not.
    let (server, checker) = watched(Manner::default());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(get(&net, &session, "/a"), 200);
    *checker.borrow_mut() = Checker::new(Manner { realm: "WallyWorld", ..Manner::default() });
    checker.borrow_mut().forget_until(2);
    let before = server.take().len();
    assert_eq!((before, get(&net, &session, "/b")), (2, 200));
    let seen = server.take();
    assert_eq!(seen.len(), 2);
    // If the password has changed meanwhile, one more attempt is refused, and there is no loop.
    let mut nonce = 100;
    let server = Server::new(move |request| {
        nonce += 1;
        if nonce == 102 {
            return ok("come in");
        }
        let _ = request;
        asks(&[&format!("Digest realm=\"r\", qop=auth, nonce=\"{nonce}\"")])
    });
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(get(&net, &session, "/"), 200);
    server.take();
    assert_eq!((get(&net, &session, "/"), server.take().len()), (401, 2));
}

/// A server of this variant, and its checker for later inspection.
fn watched(manner: Manner) -> (Server, Rc<RefCell<Checker>>) {
    let checker = Rc::new(RefCell::new(Checker::new(manner)));
    let shared = Rc::clone(&checker);
    let server = Server::new(move |request| {
        let mut checker = shared.borrow_mut();
        match request.authorization() {
            None => asks(&[&checker.challenge(false)]),
            Some(value) => match checker.check(request, value) {
                Checked::Good(_) => ok("come in"),
                Checked::Stale => asks(&[&checker.challenge(true)]),
                Checked::Wrong => asks(&[&checker.challenge(false)]),
            },
        }
    });
    (server, checker)
}

#[test]
fn a_domain_is_where_credentials_go_ahead() {
    let domain = Some("/other http://a.test/third/ http://b.test/fourth /fifth/..");
    for (target, is_ahead) in [
        ("/other", true),
        ("/other?x", true),
        ("/other/x", true),
        ("http://a.test:80/other/x", true),
        ("/others", false),
        ("/third/x", true),
        ("/third", false),
        ("/fourth", false),
        ("/fifth", false),
        ("/", false),
        ("/other/../x", false),
        ("/other/..;/x", false),
        ("/other/%252e%252e/x", false),
        ("/other/..%00/x", false),
        ("/other/x/..%3b/y", false),
    ] {
        let server = Server::new(Checker::new(Manner { domain, ..Manner::default() }).rule());
        let (net, session) = world(&server);
        give(&session, DIGEST);
        assert_eq!(get(&net, &session, "/other/first"), 200);
        server.take();
        assert_eq!(get(&net, &session, target), 200);
        assert_eq!(server.take()[0].authorization().is_some(), is_ahead, "{target}");
    }
    // Without a `domain` it is the whole origin.
    let server = Server::new(Checker::new(Manner::default()).rule());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(get(&net, &session, "/a/b/c"), 200);
    assert_eq!(fetch(&net, &session, "OPTIONS", "*").unwrap().head.status, 200);
    assert_eq!(get(&net, &session, "/x/../y"), 200);
    assert_eq!(server.seen().len(), 4);
    // `OPTIONS *` can be the first request.
    let server = Server::new(Checker::new(Manner::default()).rule());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(fetch(&net, &session, "OPTIONS", "*").unwrap().head.status, 200);
    assert_eq!((get(&net, &session, "/"), server.seen().len()), (200, 3));
}
