//! Which of several challenges is answered: the strongest that the caller allows, and after a refusal no weaker one.

use xenon::auth::Schemes;

use crate::server::*;
use crate::support::*;

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
    // Nothing weaker is ever sent, nothing unknown, and Digest without `qop` only if the caller allows it.
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
    // Without Basic, the caller must allow it, and its algorithm.
    assert!(answer_to(old, OLD).is_some() && answer_to(old, Schemes { digest_without_qop: true, ..md5 }).is_some());
    assert_eq!(answer_to(old, md5), None);
    assert_eq!(answer_to(&format!("{old}, algorithm=SHA-256"), Schemes { basic: true, ..md5 }), None);
}

/// The credentials that answer these challenges, which are all on one line.
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
        // The same with the next request: refused credentials do not go ahead.
        assert_eq!(get(&net, &session, "/"), 401);
        let seen = server.take();
        assert_eq!((seen.len(), seen[0].authorization()), (2, None));
    }
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
        // Not even if the nonce is called stale.
        (&[sha, stale], &["SHA-256"]),
        (&[basic, basic], &["Basic"]),
        // By a scheme that is as strong, or stronger, it may be sent.
        (&[basic, md5, sha, sha512, sha512, sha], &["Basic", "MD5", "SHA-256", "SHA-512-256", "SHA-512-256"]),
    ] {
        assert_eq!(
            answers_to_realms(offers, false),
            (401, expected.iter().map(|&text| text.into()).collect()),
            "{offers:?}"
        );
    }
    // The realm that credentials went ahead for has refused them.
    let same = "Digest realm=r0, qop=auth, nonce=m, algorithm=MD5";
    assert_eq!(answers_to_realms(&[sha, same], true), (401, vec!["SHA-256".into()]));
    let both = "Digest realm=r0, qop=auth, nonce=n, algorithm=SHA-256, Basic realm=REALM";
    assert_eq!(answers_to_realms(&[sha, both], true), (401, vec!["SHA-256".into()]));
    // Another realm has not. What that refuses is then sent to no realm by a weaker scheme.
    let expected = vec!["SHA-256".into(), "MD5".into()];
    assert_eq!(answers_to_realms(&[sha, md5, old, basic], true), (401, expected));
}

/// The status, and the schemes and algorithms of a request's answers. Each challenge is for another realm, and comes after all
/// answers before it were refused.
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
    // A challenge that loses to a stronger one is not reported. One that cannot be answered is.
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
