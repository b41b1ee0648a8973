//! Digest with servers that compute every answer themselves.

use std::cell::RefCell;
use std::rc::Rc;

use xenon::auth::Schemes;
use xenon::error::{Code, Phase};
use xenon::net::sim::Segments;
use xenon::session::events::CloseReason;

use crate::checker::*;
use crate::server::*;
use crate::support::*;

const OLD: Schemes = Schemes { digest_without_qop: true, ..DIGEST };

/// Sends so many requests to a server of this manner, and answers how many it saw.
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
fn every_manner_of_it() {
    let md5 = Manner::default;
    let old = || Manner { qop: None, ..md5() };
    let of = |algorithm| Manner { algorithm: Some(algorithm), ..md5() };
    let told = |manner| Manner { info: Info::Head, ..manner };
    // With how many requests, and how many challenges they have.
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
        // A GET comes first, then the others; HEAD's content is only announced, and chunked trailers come with none.
        let seen = requests(manner.clone(), schemes, if manner.info == Info::Trailers { 1 } else { count });
        if manner.info != Info::Trailers {
            assert_eq!(seen.len(), count + challenges, "{manner:?}");
        }
    }
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

/// A server of this manner, and its checker to be asked later.
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
    // Those that are asked at once, with one nonce, and those that go ahead.
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
        // The second time that there are credentials, it goes away without an answer.
        if requests == 3 { String::new() } else { ok("come in") }
    });
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!((get(&net, &session, "/a"), get(&net, &session, "/b")), (200, 200));
    assert_eq!((checker.borrow().counts(1), net.connections()), (vec![1, 2, 3], 2));
    // And so it has when the connection goes between the challenge and the answer to it.
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
fn a_wrong_password_is_tried_once() {
    for stale in ["", ", stale=false"] {
        let server = Server::new({
            let mut nonce = 0;
            move |_| {
                nonce += 1;
                asks(&[&format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\"{stale}"), "Basic realm=\"r\""])
            }
        });
        let (net, session) = world(&server);
        give(&session, ANY);
        assert_eq!(get(&net, &session, "/"), 401);
        let seen = server.take();
        assert_eq!(seen.len(), 2, "and no weaker way with the same password");
        assert!(seen[1].authorization().unwrap().starts_with("Digest "));
        assert_eq!(told(&session), (vec![("Digest", "r".into())], vec![]));
        // The same with the next request: what was refused is not sent ahead.
        assert_eq!(get(&net, &session, "/"), 401);
        let seen = server.take();
        assert_eq!((seen.len(), seen[0].authorization()), (2, None));
    }
}

#[test]
fn who_asks_for_ever_is_answered_eight_times() {
    let always_stale = |number: u32| format!("Digest realm=\"r\", qop=auth, stale=true, nonce=\"{number}\"");
    let always_new = |number: u32| format!("Digest realm=\"{number}\", qop=auth, nonce=\"{number}\"");
    let never_new = |_| "Digest realm=\"r\", qop=auth, stale=true, nonce=\"n\"".to_owned();
    let ways: [fn(u32) -> String; 3] = [always_stale, always_new, never_new];
    for way in ways {
        let mut number = 0;
        let server = Server::new(move |_| {
            number += 1;
            asks(&[&way(number)])
        });
        let (net, session) = world(&server);
        give(&session, DIGEST);
        for _ in 0..3 {
            assert_eq!(get(&net, &session, "/"), 401);
            assert_eq!((server.take().len(), net.connections()), (9, 1));
        }
    }
}

#[test]
fn known_credentials_answer_a_new_nonce_not_called_stale() {
    // It does not say that the nonce is stale, as servers that were started anew do not.
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
    // Where the password has changed meanwhile, that is found out after one try more, and no loop.
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

#[test]
fn the_strongest_is_used_of_those_that_are_allowed() {
    let offers: &[&str] = &["Digest realm=\"r\", qop=auth, nonce=n, algorithm=SHA-512-256, Basic realm=\"r\", \
         Digest realm=\"r\", qop=auth, nonce=n, algorithm=MD5, Digest realm=\"r\", qop=auth, nonce=n, algorithm=SHA-256"];
    let sha512 = Schemes { digest_sha512_256: true, ..Schemes::default() };
    for (schemes, expected) in [
        (ANY, Some("algorithm=SHA-512-256,")),
        (Schemes { digest_sha512_256: false, ..ANY }, Some("algorithm=SHA-256,")),
        (Schemes { basic: true, digest_md5: true, ..Schemes::default() }, Some("algorithm=MD5,")),
        (Schemes { basic: true, ..Schemes::default() }, Some("Basic ")),
        (sha512, Some("algorithm=SHA-512-256,")),
    ] {
        let server = Server::new(move |request| if request.authorization().is_some() { ok("") } else { asks(offers) });
        let (net, session) = world(&server);
        give(&session, schemes);
        get(&net, &session, "/");
        let sent = server.seen().last().and_then(|seen| seen.authorization().map(str::to_owned));
        assert!(sent.as_ref().is_some_and(|sent| sent.contains(expected.unwrap())), "{schemes:?}: {sent:?}");
    }
    // Nothing weaker is ever sent, nor what is not known, nor RFC 2069's way unless it is asked for.
    for (schemes, challenge) in [
        (DIGEST, "Basic realm=\"r\""),
        (sha512, "Digest realm=\"r\", qop=auth, nonce=n"),
        (sha512, "Digest realm=\"r\", qop=auth, nonce=n, algorithm=SHA-256"),
        (ANY, "Digest realm=\"r\", qop=auth, nonce=n, algorithm=SHA-512"),
        (ANY, "Digest realm=\"r\", qop=auth-int, nonce=n"),
        (DIGEST, "Digest realm=\"r\", nonce=n"),
        (Schemes { basic: true, ..Schemes::default() }, "Digest realm=\"r\", nonce=n"),
        (ANY, "Negotiate"),
        (ANY, "Bearer realm=\"r\""),
    ] {
        let server = Server::new(move |_| asks(&[challenge]));
        let (net, session) = world(&server);
        give(&session, schemes);
        assert_eq!(get(&net, &session, "/"), 401);
        assert_eq!(server.seen().len(), 1, "{challenge}");
    }
}

/// What a request says in answer to these challenges, all on one line.
fn answer_to(challenges: &str, schemes: Schemes) -> Option<String> {
    let challenges = challenges.to_owned();
    let server =
        Server::new(move |request| if request.authorization().is_some() { ok("") } else { asks(&[&challenges]) });
    let (net, session) = world(&server);
    give(&session, schemes);
    get(&net, &session, "/");
    server.seen().last().and_then(|seen| seen.authorization().map(str::to_owned))
}

#[test]
fn order_of_schemes_with_and_without_qop() {
    let digest =
        |algorithm: &str, qop: &str| format!("Digest realm=r, nonce=\"{algorithm}{qop}\", algorithm={algorithm}{qop}");
    let (with, without) = (", qop=auth", "");
    // The strongest first.
    let offers = [
        digest("SHA-512-256", with),
        digest("SHA-256", with),
        digest("MD5", with),
        digest("SHA-512-256", without),
        digest("SHA-256", without),
        digest("MD5", without),
        "Basic realm=r".to_owned(),
    ];
    let nonce = |offer: &str| offer.split(", ").find(|part| part.starts_with("nonce=")).map(str::to_owned);
    for (index, best) in offers.iter().enumerate() {
        for weaker in &offers[index + 1..] {
            for line in [format!("{best}, {weaker}"), format!("{weaker}, {best}")] {
                for schemes in [ANY, Schemes { digest_without_qop: true, ..ANY }] {
                    let answer = answer_to(&line, schemes).unwrap();
                    assert!(answer.contains(&nonce(best).unwrap()), "{line}: {answer}");
                    assert_eq!(answer.contains("qop=auth"), best.contains(with), "{line}: {answer}");
                }
            }
        }
    }
}

#[test]
fn basic_is_not_used_when_digest_is_offered() {
    let old = "Digest realm=\"r\", nonce=\"n\"";
    let md5 = Schemes { digest_md5: true, ..Schemes::default() };
    for schemes in [ANY, Schemes { basic: true, ..md5 }, Schemes { digest_without_qop: true, ..ANY }] {
        for line in [format!("{old}, Basic realm=\"r\""), format!("Basic realm=\"r\", {old}"), old.to_owned()] {
            let answer = answer_to(&line, schemes).unwrap();
            assert!(answer.starts_with("Digest ") && !answer.contains("qop"), "{schemes:?} {line}: {answer}");
        }
    }
    // Alone it is for who allows it, with an algorithm.
    assert!(answer_to(old, OLD).is_some() && answer_to(old, Schemes { digest_without_qop: true, ..md5 }).is_some());
    assert_eq!(answer_to(old, md5), None);
    assert_eq!(answer_to(&format!("{old}, algorithm=SHA-256"), Schemes { basic: true, ..md5 }), None);
}

/// The schemes and algorithms of a request's answers, where each names another realm, and the next only when all before it
/// were refused.
fn answers_to_realms(offers: &[&str], is_ahead: bool) -> (u16, Vec<String>) {
    let lines: Vec<_> =
        offers.iter().enumerate().map(|(at, offer)| offer.replace("REALM", &format!("r{at}"))).collect();
    let mut number = 0;
    let server = Server::new(move |request| {
        if number == 0 && is_ahead {
            number = 1;
            return match request.authorization() {
                Some(_) => ok("come in"),
                None => {
                    number = 0;
                    asks(&[&lines[0]])
                }
            };
        }
        let line = &lines[number.min(lines.len() - 1)];
        number += 1;
        asks(&[line])
    });
    let (net, session) = world(&server);
    give(&session, ANY);
    if is_ahead {
        assert_eq!(get(&net, &session, "/"), 200);
        server.take();
    }
    let status = get(&net, &session, "/");
    let told = |seen: Seen| {
        let value = seen.authorization()?;
        let algorithm = value.split(", ").find_map(|part| part.strip_prefix("algorithm="));
        let qop = if value.contains("qop=") || algorithm.is_none() { "" } else { " without qop" };
        Some(format!("{}{qop}", algorithm.unwrap_or("Basic")))
    };
    (status, server.take().into_iter().filter_map(told).collect())
}

#[test]
fn a_refused_login_goes_in_no_weaker_way_whatever_the_realm() {
    let sha = "Digest realm=REALM, qop=auth, nonce=n, algorithm=SHA-256";
    let sha512 = "Digest realm=REALM, qop=auth, nonce=n, algorithm=SHA-512-256";
    let md5 = "Digest realm=REALM, qop=auth, nonce=n, algorithm=MD5";
    let old = "Digest realm=REALM, nonce=n, algorithm=SHA-512-256";
    let stale = "Digest realm=r0, qop=auth, nonce=m, algorithm=MD5, stale=true";
    let basic = "Basic realm=REALM";
    for (offers, expected) in [
        (&[sha, md5, basic] as &[_], &["SHA-256"] as &[_]),
        (&[sha, basic], &["SHA-256"]),
        (&[md5, basic], &["MD5"]),
        (&[md5, old], &["MD5"]),
        (&[old, basic], &["SHA-512-256 without qop"]),
        (&[old, md5, basic, old], &["SHA-512-256 without qop", "MD5"]),
        (&[sha512, sha, sha512, md5], &["SHA-512-256"]),
        // Nor where it is called stale.
        (&[sha, stale], &["SHA-256"]),
        (&[basic, basic], &["Basic"]),
        // In ways that are as strong, or stronger, it may go.
        (&[basic, md5, sha, sha512, sha512, sha], &["Basic", "MD5", "SHA-256", "SHA-512-256", "SHA-512-256"]),
    ] {
        assert_eq!(
            answers_to_realms(offers, false),
            (401, expected.iter().map(|&text| text.into()).collect()),
            "{offers:?}"
        );
    }
    // What went ahead is refused by the realm that it was for.
    let same = "Digest realm=r0, qop=auth, nonce=m, algorithm=MD5";
    assert_eq!(answers_to_realms(&[sha, same], true), (401, vec!["SHA-256".into()]));
    let both = "Digest realm=r0, qop=auth, nonce=n, algorithm=SHA-256, Basic realm=REALM";
    assert_eq!(answers_to_realms(&[sha, both], true), (401, vec!["SHA-256".into()]));
    // Another realm, which asks for its own, has not looked at it; what that refuses goes to nobody in a weaker way.
    let expected = vec!["SHA-256".into(), "MD5".into()];
    assert_eq!(answers_to_realms(&[sha, md5, old, basic], true), (401, expected));
}

#[test]
fn a_challenge_that_is_not_answered_is_told_with_the_reason() {
    let told = |line: &str, schemes: Option<Schemes>| {
        let line = line.to_owned();
        let server = Server::new(move |_| asks(&[&line]));
        let (net, session) = world(&server);
        if let Some(schemes) = schemes {
            give(&session, schemes);
        }
        assert_eq!(get(&net, &session, "/"), 401);
        unanswered(&session).join("; ")
    };
    let md5 = Schemes { digest_md5: true, ..Schemes::default() };
    for (line, schemes, expected) in [
        ("Digest realm=r, nonce=n", md5, "digest r: the Digest challenge has no qop, and none without is allowed"),
        ("Digest realm=r, nonce=n, qop=auth-int", ANY, "digest r: the Digest challenge asks for a qop other than auth"),
        ("Digest nonce=n, qop=auth", ANY, "digest : the Digest challenge has no realm"),
        ("Digest realm=r, nonce=n, qop=auth, algorithm=SHA-256", md5, "digest r: its algorithm is not allowed"),
        ("Basic realm=r", DIGEST, "basic r: Basic is not allowed"),
        ("Bearer realm=\"a b\"", ANY, "bearer a b: no bearer token is set for its realm"),
        ("Negotiate, NTLM", ANY, "negotiate : its scheme is not known; ntlm : its scheme is not known"),
        ("Basic realm=r", ANY, "basic r: the same was refused already"),
        (
            "Basic realm=r, Digest realm=r, nonce=n, qop=auth",
            ANY,
            "basic r: what it asks for was refused already in a stronger way; \
             digest r: its realm has refused the user and password already",
        ),
        (
            "Digest realm=r, nonce=n, qop=auth, stale=true",
            ANY,
            "digest r: the request has answered as many challenges as it may",
        ),
    ] {
        assert_eq!(told(line, Some(schemes)), expected, "{line}");
    }
    assert_eq!(told("Basic realm=r, Fish", None), "basic r: no credentials are set; fish : no credentials are set");
    // One that gives way to another is not told, one that cannot be answered is all the same.
    let server = Server::new(|request| match request.authorization() {
        Some(_) => ok("come in"),
        None => {
            asks(&["Basic realm=r, Digest realm=r, nonce=n, qop=auth, Digest realm=s, nonce=n, qop=auth, algorithm=X"])
        }
    });
    let (net, session) = world(&server);
    give(&session, ANY);
    assert_eq!(get(&net, &session, "/"), 200);
    assert_eq!(unanswered(&session), ["digest s: the Digest challenge asks for an unknown algorithm"]);
}

#[test]
fn a_malformed_proof_is_no_proof() {
    for info in [
        "rspauth",
        "rspauth=\"0123",
        "rspauth=\"0123\"4",
        "rspauth=01\"23",
        "Digest rspauth=0123",
        "qop=auth, RSPAUTH",
        "rspauth ; 0123",
        "nextnonce=\"n, rspauth=\"0123\"",
    ] {
        let line = format!("Authentication-Info: {info}");
        let server = Server::new(move |request| match request.authorization() {
            Some(_) => response("200 OK", &[&line], "come in"),
            None => asks(&["Digest realm=\"r\", qop=auth, nonce=n"]),
        });
        let (net, session) = world(&server);
        give(&session, DIGEST);
        let error = fetch(&net, &session, "GET", "/").unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Head, Code::ServerNotAuthenticated), "{info}");
    }
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
    // Without one it is all of the origin.
    let server = Server::new(Checker::new(Manner::default()).rule());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(get(&net, &session, "/a/b/c"), 200);
    assert_eq!(fetch(&net, &session, "OPTIONS", "*").unwrap().head.status, 200);
    assert_eq!(get(&net, &session, "/x/../y"), 200);
    assert_eq!(server.seen().len(), 4);
    // The server as a whole may be what is asked first.
    let server = Server::new(Checker::new(Manner::default()).rule());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    assert_eq!(fetch(&net, &session, "OPTIONS", "*").unwrap().head.status, 200);
    assert_eq!((get(&net, &session, "/"), server.seen().len()), (200, 3));
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let challenge = "Digest realm=\"r\", qop=auth, nonce=n";
    let lie = "Authentication-Info: rspauth=\"0123456789abcdef0123456789abcdef\"";
    let in_head = response("200 OK", &[lie], "come in");
    let in_trailers = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{lie}\r\n\r\n");
    for (answer, phase) in [(in_head, Phase::Head), (in_trailers, Phase::Body)] {
        let server = Server::new(move |request| match request.authorization() {
            Some(_) => answer.clone(),
            None => asks(&[challenge]),
        });
        let (net, session) = world(&server);
        give(&session, DIGEST);
        let error = fetch(&net, &session, "GET", "/").unwrap_err();
        assert_eq!((error.phase, error.code, error.may_retry), (phase, Code::ServerNotAuthenticated, false));
        assert_eq!(net.open_connections(), 0);
        assert_eq!(told(&session).1, [CloseReason::Failed]);
        // What it says is no matter where nothing was proven to it.
        session.change_credentials(|known| known.forget(None));
        assert_eq!(get(&net, &session, "/"), 401);
    }
}
