//! Basic, and what holds for every scheme: when credentials are sent, to whom, and how often.

use xenon::auth::Schemes;
use xenon::limits::{LOGINS, REALMS};
use xenon::net::sim::Segments;
use xenon::secret::Secret;

use crate::server::*;
use crate::support::*;

/// A server that accepts requests with this value of `Authorization`, and challenges all others with these challenges.
fn lets_in(credentials: &'static str, challenges: &'static [&'static str]) -> Server {
    Server::new(
        move |request| {
            if request.authorization() == Some(credentials) { ok("come in") } else { asks(challenges) }
        },
    )
}

#[test]
fn a_challenge_is_found_wherever_it_stands() {
    let ways: &[&[&str]] = &[
        &["Basic realm=\"WallyWorld\""],
        &["Basic"],
        &["Noddy, Basic realm=\"WallyWorld\""],
        &["Basic realm=\"WallyWorld\", Noddy"],
        &["  Basic   realm =  \"WallyWorld\"  "],
        &["Negotiate fish, Basic realm=\"WallyWorld\""],
        &["Negotiate fish, bar=boo, Basic realm=\"WallyWorld\""],
        &["Negotiate, Basic realm=\"WallyWorld\""],
        &["Noddy", "Basic realm=\"WallyWorld\""],
        &["Basic realm=\"WallyWorld\"", "Noddy"],
        &["Noddy", "Basic realm=\"WallyWorld\"", "Big, Ears=\"1, 2\""],
        &["Basic realm=\"a , \\\"b\\\", c\" , Noddy realm=x"],
    ];
    for way in ways {
        let server =
            Server::new(move |request| if request.authorization() == Some(BASIC) { ok("come in") } else { asks(way) });
        let (net, session) = world(&server);
        give(&session, ANY);
        assert_eq!(get(&net, &session, "/"), 200, "{way:?}");
        let seen = server.seen();
        assert_eq!((seen.len(), seen[0].authorization(), seen[1].connection), (2, None, 0), "{way:?}");
    }
}

#[test]
fn credentials_go_ahead_within_their_space_and_nowhere_else() {
    let server = lets_in(BASIC, &["Basic realm=\"r\""]);
    let (net, session) = world(&server);
    give(&session, ANY);
    assert_eq!(get(&net, &session, "/a/b/c?d=/e/"), 200);
    assert_eq!(told(&session), (vec![("Basic", "r".into())], vec![]));
    server.take();
    for (target, is_ahead) in [
        ("/a/b/x", true),
        ("/a/b/", true),
        ("/a/b/c/d?e", true),
        ("http://a.test/a/b/x", true),
        ("/a/bc", false),
        ("/a", false),
        ("/", false),
        ("/x/../a/b/", false),
        ("/a/b/../c", false),
        ("/a/b/..;/c", false),
        ("/a/b/%252e%252e/c", false),
        ("/a/b/..%00/c", false),
        ("/a/b/x/..%3b/c", false),
    ] {
        // A session that has seen no other challenge.
        let (net, session) = world(&server);
        give(&session, ANY);
        get(&net, &session, "/a/b/c");
        server.take();
        assert_eq!(get(&net, &session, target), 200);
        assert_eq!(server.take()[0].authorization().is_some(), is_ahead, "{target}");
    }
}

#[test]
fn a_request_tries_anew_what_another_has_tried_in_vain() {
    // The statuses that the server sends, and those that the caller gets.
    let stories: &[(&[u16], &[u16])] = &[
        (&[401, 200], &[200]),
        (&[401, 200, 200, 200], &[200, 200, 200]),
        (&[401, 401, 401, 200], &[401, 200]),
        (&[401, 200, 401, 200], &[200, 401, 200]),
        (&[401, 401, 401, 401], &[401, 401]),
    ];
    for (answers, expected) in stories {
        let mut left = answers.iter();
        let server = Server::new(move |_| match left.next() {
            Some(200) => ok("come in"),
            _ => asks(&["Basic realm=\"r\""]),
        });
        let (net, session) = world(&server);
        give(&session, ANY);
        let got: Vec<_> = expected.iter().map(|_| get(&net, &session, "/")).collect();
        assert_eq!(
            (got.as_slice(), server.seen().len(), net.connections()),
            (*expected, answers.len(), 1),
            "{answers:?}"
        );
    }
}

#[test]
fn what_is_forgotten_is_not_sent() {
    let server = lets_in(BASIC, &["Basic realm=\"r\""]);
    let (net, session) = world(&server);
    session.change_credentials(|known| known.forget(None));
    session.change_credentials(|known| known.forget(Some("r")));
    assert_eq!(get(&net, &session, "/"), 401);
    for forgotten in [None, Some("r")] {
        give_for(&session, Some("r"), PASSWORD, ANY);
        assert_eq!(get(&net, &session, "/"), 200);
        server.take();
        session.change_credentials(|known| known.forget(Some("other")));
        assert_eq!((get(&net, &session, "/"), server.take().len()), (200, 1));
        session.change_credentials(|known| known.forget(forgotten));
        assert_eq!(get(&net, &session, "/"), 401);
        let seen = server.take();
        assert_eq!((seen.len(), seen[0].authorization()), (1, None));
    }
    // Only one realm's credentials are forgotten, so the server challenges again, and those for all realms answer.
    give(&session, ANY);
    assert_eq!(get(&net, &session, "/"), 200);
    session.change_credentials(|known| known.forget(Some("r")));
    server.take();
    assert_eq!((get(&net, &session, "/"), server.take().len()), (200, 2));
    // If the credentials are forgotten between the challenge and the answer, there is no answer.
    let (net, session) = world(&server);
    net.set_segments(Segments::Bytes);
    give(&session, ANY);
    let request = session.request("GET", "/");
    let exchange = request.start(true).unwrap();
    net.settle();
    exchange.advance();
    assert_eq!(server.take().len(), 1);
    session.change_credentials(|known| known.forget(None));
    assert_eq!((answer(&net, &exchange).unwrap().head().status, server.take().len()), (401, 0));
}

#[test]
fn new_credentials_take_the_place_of_the_old() {
    let server = lets_in(BASIC, &["Basic realm=\"r\""]);
    let (net, session) = world(&server);
    give_for(&session, None, "wrong", ANY);
    assert_eq!(get(&net, &session, "/"), 401);
    give(&session, ANY);
    assert_eq!((get(&net, &session, "/"), get(&net, &session, "/")), (200, 200));
    give_for(&session, None, "wrong again", ANY);
    server.take();
    assert_eq!(get(&net, &session, "/"), 401);
    assert_eq!(server.take()[0].authorization(), None, "what was learned with other credentials is forgotten");
    give_for(&session, Some("r"), PASSWORD, ANY);
    assert_eq!(get(&net, &session, "/"), 200, "its own come before those of all");
}

#[test]
fn realms_are_held_side_by_side() {
    let of = |password: &str| {
        let secret = login(USER, password);
        xenon::auth::basic::authorize(&secret).expose().to_owned()
    };
    let (ours, theirs) = (of("ours"), of("theirs"));
    let (one, two) = (ours.clone(), theirs.clone());
    let server = Server::new(move |request| {
        let (realm, expected) = if request.target.starts_with("/a/b/") { ("two", &two) } else { ("one", &one) };
        match request.authorization() {
            Some(sent) if sent == expected => ok(realm),
            _ => asks(&[&format!("Basic realm=\"{realm}\"")]),
        }
    });
    let (net, session) = world(&server);
    give_for(&session, Some("one"), "ours", ANY);
    give_for(&session, Some("two"), "theirs", ANY);
    for target in ["/a/", "/a/b/", "/a/b/c", "/a/c", "/a/b/c/d"] {
        assert_eq!(get(&net, &session, target), 200);
    }
    let sent: Vec<_> = server.seen().iter().map(|seen| seen.authorization().map(str::to_owned)).collect();
    let (ours, theirs) = (Some(ours), Some(theirs));
    // The second space lies in the first, so the first one's credentials went ahead once.
    assert_eq!(sent, [None, ours.clone(), ours.clone(), theirs.clone(), theirs.clone(), ours, theirs]);
}

#[test]
fn nobody_else_s_target_has_credentials_with_it() {
    let server = Server::new(|request| {
        assert_eq!(request.authorization(), None, "{} {}", request.method, request.target);
        asks(&["Basic realm=\"r\""])
    });
    let ahead = |session: &Session| {
        let (given, schemes) = (login(USER, PASSWORD), Schemes { basic: true, ..Schemes::default() });
        session.change_credentials(|known| known.set_login(None, given, schemes, true)).unwrap();
    };
    for (method, target) in [
        ("GET", "http://b.test/"),
        ("GET", "http://a.test:81/"),
        ("GET", "http://sub.a.test/"),
        ("GET", "http://a.test.b.test/"),
        ("GET", "ftp://a.test/"),
        ("TRACE", "/"),
        ("CONNECT", "a.test:80"),
        ("CONNECT", "b.test:443"),
    ] {
        let (net, session) = world(&server);
        ahead(&session);
        let response = fetch(&net, &session, method, target).unwrap();
        assert_eq!((response.head.status, server.take().len()), (401, 1), "{method} {target}");
    }
    // An origin that acts as a proxy gets none either, and its 407 is the response.
    let server = Server::new(|request| {
        assert_eq!(request.field("Proxy-Authorization"), None);
        response("407 Proxy Authentication Required", &["Proxy-Authenticate: Basic realm=\"r\""], "")
    });
    let (net, session) = world(&server);
    give(&session, ANY);
    assert_eq!((get(&net, &session, "/"), server.seen().len()), (407, 1));
}

/// A request with this `Host`.
fn with_host(session: &Session, method: &str, target: &str, host: &str) -> Request {
    let mut request = session.request(method, target);
    request.add_field("Host", host.as_bytes().to_vec()).unwrap();
    request
}

#[test]
fn a_host_of_another_authority_has_no_credentials_with_it() {
    let hosts: &[(&str, bool)] = &[
        ("tenant-b", false),
        ("b.test", false),
        ("sub.a.test", false),
        ("a.test.b.test", false),
        ("a.test:81", false),
        ("a.test:443", false),
        ("", false),
        ("[::1]", false),
        ("10.0.0.1", false),
        ("a.test", true),
        ("A.TEST:80", true),
    ];
    for &(host, is_ours) in hosts {
        let server = lets_in(BASIC, &["Basic realm=\"r\""]);
        let (net, session) = world(&server);
        // In answer to a challenge, and then ahead.
        give(&session, ANY);
        for _ in 0..2 {
            let status = send(&net, &with_host(&session, "GET", "/x", host)).unwrap().head.status;
            assert_eq!(status, if is_ours { 200 } else { 401 }, "{host}");
            assert_eq!(server.take().iter().any(|seen| seen.authorization().is_some()), is_ours, "{host}");
            assert_eq!(get(&net, &session, "/x"), 200);
            server.take();
        }
        // Without a challenge, and with a target that names the origin itself.
        let (given, schemes) = (login(USER, PASSWORD), Schemes { basic: true, ..Schemes::default() });
        session.change_credentials(|known| known.set_login(None, given, schemes, true)).unwrap();
        session.take_events();
        for target in ["/x", "http://a.test/x"] {
            send(&net, &with_host(&session, "GET", target, host)).unwrap();
            let seen = server.take();
            assert_eq!((seen.len(), seen[0].authorization().is_some()), (1, is_ours), "{host} {target}");
        }
        let told = unanswered(&session);
        let expected = "basic r: the request's Host is not the session's authority";
        assert!(told.iter().all(|line| line == expected) && told.len() == if is_ours { 0 } else { 2 }, "{told:?}");
    }
}

/// Methods are case-sensitive (RFC 9110 section 9.1), and the response to an unknown one does not echo the request.
#[test]
fn lower_case_trace_is_no_trace_and_has_credentials() {
    let server = lets_in(BASIC, &["Basic realm=\"r\""]);
    let (net, session) = world(&server);
    give(&session, ANY);
    for (method, status) in [("trace", 200), ("Trace", 200), ("TRACE", 401)] {
        assert_eq!(fetch(&net, &session, method, "/").unwrap().head.status, status, "{method}");
    }
}

#[test]
fn a_caller_s_own_field_is_all_that_is_said() {
    let server = lets_in(BASIC, &["Basic realm=\"r\""]);
    let (net, session) = world(&server);
    give(&session, ANY);
    assert_eq!(get(&net, &session, "/"), 200);
    server.take();
    let mut request = session.request("GET", "/");
    request.add_field("authorization", b"Basic bm9ib2R5Og==".to_vec()).unwrap();
    assert_eq!(send(&net, &request).unwrap().head.status, 401);
    let seen = server.take();
    assert_eq!((seen.len(), seen[0].authorization()), (1, Some("Basic bm9ib2R5Og==")));
}

#[test]
fn basic_goes_ahead_unasked_if_it_shall() {
    let ahead = |session: &Session, schemes| {
        session.change_credentials(|known| known.set_login(None, login(USER, PASSWORD), schemes, true)).unwrap();
    };
    let server = lets_in(BASIC, &["Basic realm=\"r\""]);
    let (net, session) = world(&server);
    ahead(&session, ANY);
    assert_eq!((get(&net, &session, "/a"), get(&net, &session, "/b/c"), server.take().len()), (200, 200, 2));
    // If refused, it is not sent again in answer to the challenge.
    let server = lets_in("Basic other", &["Basic realm=\"r\"", "Basic realm=\"s\""]);
    let (net, session) = world(&server);
    ahead(&session, ANY);
    assert_eq!((get(&net, &session, "/"), server.take().len()), (401, 1));
    // A challenge for a stronger scheme is answered with that.
    let server = Server::new(|request| match request.authorization() {
        Some(sent) if sent.starts_with("Digest ") => ok("come in"),
        _ => asks(&["Digest realm=\"r\", qop=auth, nonce=n", "Basic realm=\"r\""]),
    });
    let (net, session) = world(&server);
    ahead(&session, ANY);
    assert_eq!((get(&net, &session, "/a"), get(&net, &session, "/b")), (200, 200));
    let schemes: Vec<_> = server.take().iter().map(|seen| seen.authorization().unwrap()[..6].to_owned()).collect();
    assert_eq!(schemes, ["Basic ", "Digest", "Digest"]);
}

#[test]
fn a_token_is_for_who_asks_for_it() {
    let give = |session: &Session, scope: Option<&str>, is_ahead| {
        let token = Secret::new("mF_9.B5f-4.1JqM");
        let scope = scope.map(str::to_owned);
        session.change_credentials(|known| known.set_token(None, token, scope, is_ahead)).unwrap();
    };
    let challenges = &["Basic realm=\"r\", Bearer realm=\"r\", scope=\"a b\""];
    for (scope, is_ahead, expected) in [
        (None, false, (200, 2)),
        (None, true, (200, 1)),
        (Some("c b a"), false, (200, 2)),
        (Some("a"), false, (401, 1)),
        // What goes ahead cannot know which scheme the server wants.
        (Some("a"), true, (200, 1)),
    ] {
        let server = lets_in("Bearer mF_9.B5f-4.1JqM", challenges);
        let (net, session) = world(&server);
        give(&session, scope, is_ahead);
        assert_eq!((get(&net, &session, "/x/y"), server.take().len()), expected, "{scope:?} {is_ahead}");
        if expected.0 == 200 {
            assert_eq!((get(&net, &session, "/x/z"), server.take().len()), (200, 1));
        }
    }
    // A refused token is tried once. Other credentials for the realm may still be sent.
    let server = lets_in(BASIC, challenges);
    let (net, session) = world(&server);
    give(&session, None, false);
    assert_eq!((get(&net, &session, "/"), server.take().len()), (401, 2));
    session.change_credentials(|known| known.set_login(None, login(USER, PASSWORD), ANY, false)).unwrap();
    assert_eq!((get(&net, &session, "/"), server.take().len()), (200, 3));
}

#[test]
fn what_stays_can_be_read() {
    let server = Server::new(|_| asks(&["Basic realm=\"a, b\", charset=\"UTF-8\", Negotiate abc==", "Fish"]));
    let (net, session) = world(&server);
    give_for(&session, Some("other"), PASSWORD, ANY);
    let request = session.request("GET", "/");
    let exchange = request.start(true).unwrap();
    let response = answer(&net, &exchange).unwrap();
    let challenges = response.challenges();
    let [basic, negotiate, fish] = challenges.as_slice() else { panic!("{challenges:?}") };
    assert_eq!((basic.realm(), basic.parameter("charset")), (Some("a, b"), Some("UTF-8")));
    assert_eq!((negotiate.scheme.as_str(), negotiate.token68.as_deref()), ("negotiate", Some("abc==")));
    assert!(fish.is("fish") && fish.parameters.is_empty());
    assert_eq!(content(&net, &response).unwrap(), "who is there?");
}

#[test]
fn a_wrong_setting_changes_nothing() {
    let (net, session) = world(&lets_in(BASIC, &["Basic realm=\"r\""]));
    give(&session, ANY);
    let long = "x".repeat(16 * 1024);
    let none = Schemes::default();
    let digest = DIGEST;
    let wrong: Vec<(Option<&str>, &str, &str, Schemes, bool)> = vec![
        (None, "a:b", "", ANY, false),
        (None, "a\n", "", ANY, false),
        (None, "a", "\0", ANY, false),
        (None, "a", "b", none, false),
        (None, "a", "b", digest, true),
        (Some("r"), "a", "b", ANY, true),
        (None, "a", &long, ANY, false),
        (Some(&long), "a", "", ANY, false),
    ];
    for (realm, user, password, schemes, is_ahead) in wrong {
        let realm = realm.map(str::to_owned);
        session
            .change_credentials(|known| known.set_login(realm, login(user, password), schemes, is_ahead))
            .unwrap_err();
    }
    for (token, realm, is_ahead) in
        [("", None, false), ("a b", None, false), (&long, None, false), ("a", Some("r"), true)]
    {
        let (realm, scope) = (realm.map(str::to_owned), Some("s".to_owned()));
        session.change_credentials(|known| known.set_token(realm, Secret::new(token), scope, is_ahead)).unwrap_err();
    }
    assert_eq!(get(&net, &session, "/"), 200);
}

#[test]
fn realms_are_bounded() {
    let (_, session) = world(&lets_in(BASIC, &[]));
    let set = |number: usize| {
        let realm = Some(number.to_string());
        session.change_credentials(|known| known.set_login(realm, login(USER, PASSWORD), ANY, false))
    };
    (0..LOGINS).for_each(|number| set(number).unwrap());
    set(LOGINS).unwrap_err();
    set(0).unwrap();
    session.change_credentials(|known| known.forget(Some("7")));
    set(LOGINS).unwrap();
    // A server with a realm for each path. The realms used last are known, and need no further challenge.
    let server = Server::new(|request| match request.authorization() {
        Some(sent) if sent.contains(&format!("realm=\"{}\"", request.target)) => ok("come in"),
        _ => asks(&[&format!("Digest realm=\"{0}\", domain=\"{0}\", qop=auth, nonce=n", request.target)]),
    });
    let (net, session) = world(&server);
    give(&session, DIGEST);
    for number in 0..100 {
        assert_eq!(get(&net, &session, &format!("/{number}")), 200);
    }
    server.take();
    for number in (100 - REALMS..100).rev() {
        assert_eq!((get(&net, &session, &format!("/{number}")), server.take().len()), (200, 1), "{number}");
    }
    assert_eq!((get(&net, &session, "/0"), server.take().len()), (200, 2));
}
