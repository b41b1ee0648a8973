//! What is kept of a server, for how long, and what goes ahead for it. Whole exchanges are in `tests/auth/`.

use super::*;
use crate::auth::challenge;
use crate::limits::CREDENTIALS_LENGTH;

/// Credentials of an origin with one login, `any`, for all realms.
fn credentials() -> Credentials {
    let origin = Origin::parse("http", "a.test", 80).unwrap();
    let mut credentials = Credentials::of_origin(Some(Rc::new(origin)));
    give(&mut credentials, None, "any");
    credentials
}

fn give(credentials: &mut Credentials, realm: Option<&str>, user: &str) {
    let schemes = Schemes { basic: true, digest_md5: true, ..Schemes::default() };
    let login = Login { user: user.into(), password: Secret::new("secret") };
    credentials.set_login(realm.map(str::to_owned), login, schemes, false).unwrap();
}

fn asked(path: &str) -> Asked<'_> {
    Asked { method: "GET", uri: path, path }
}

/// The beginning of what a request has with it, the scheme.
fn authorize(credentials: &mut Credentials, attempts: &mut Attempts, path: &str) -> Option<String> {
    let value = credentials.authorize(attempts, asked(path), || "0123456789abcdef0123456789abcdef".into())?;
    value.expose().split(' ').next().map(str::to_owned)
}

/// What goes ahead with a new request.
fn ahead(credentials: &mut Credentials, path: &str) -> Option<String> {
    authorize(credentials, &mut Attempts::default(), path)
}

fn answer(credentials: &mut Credentials, attempts: &mut Attempts, line: &str) -> Decision {
    credentials.answer(attempts, &challenge::parse([line.as_bytes()].into_iter()), &mut |_, _| {})
}

fn again(scheme: &'static str, realm: &str) -> Decision {
    Decision::Again { scheme, realm: realm.into() }
}

/// A request for this path that is asked who is there, says so, and is let in.
fn let_in(credentials: &mut Credentials, path: &str, line: &str) {
    let mut attempts = Attempts::default();
    assert!(matches!(answer(credentials, &mut attempts, line), Decision::Again { .. }));
    assert!(authorize(credentials, &mut attempts, path).is_some());
    credentials.accept(&attempts, asked(path));
}

/// The same, but what it says is refused.
fn refuse(credentials: &mut Credentials, path: &str, line: &str) {
    let mut attempts = Attempts::default();
    assert!(matches!(answer(credentials, &mut attempts, line), Decision::Again { .. }));
    assert!(authorize(credentials, &mut attempts, path).is_some());
    assert_eq!(answer(credentials, &mut attempts, line), Decision::Stays);
}

#[test]
fn the_length_is_bounded() {
    let mut credentials = credentials();
    for (more, is_taken) in [(0, true), (1, false)] {
        let login = Login { user: "u".repeat(10), password: Secret::new("p".repeat(CREDENTIALS_LENGTH - 15 + more)) };
        let schemes = Schemes { basic: true, ..Schemes::default() };
        assert_eq!(credentials.set_login(Some("realm".into()), login, schemes, false).is_ok(), is_taken);
    }
}

#[test]
fn a_login_for_one_realm_replaces_what_stood_in_for_it() {
    let mut credentials = credentials();
    let_in(&mut credentials, "/a/", "Basic realm=a");
    let_in(&mut credentials, "/b/", "Basic realm=b");
    give(&mut credentials, Some("a"), "one");
    assert_eq!(ahead(&mut credentials, "/a/"), None);
    assert_eq!(ahead(&mut credentials, "/b/").as_deref(), Some("Basic"));
    // A new one for all takes its own places, and no other's.
    let_in(&mut credentials, "/a/", "Basic realm=a");
    give(&mut credentials, None, "another");
    assert_eq!(ahead(&mut credentials, "/a/").as_deref(), Some("Basic"));
    assert_eq!(ahead(&mut credentials, "/b/"), None);
}

#[test]
fn it_is_doubtful_what_a_server_may_ask_for() {
    let mut credentials = credentials();
    assert!(credentials.may_be_challenged(asked("/a/")));
    let_in(&mut credentials, "/a/", "Basic realm=a");
    assert!(!credentials.may_be_challenged(asked("/a/b")) && credentials.may_be_challenged(asked("/b")));
    let_in(&mut credentials, "/d/", "Digest realm=d, nonce=n, qop=auth, domain=\"/d\"");
    assert!(credentials.may_be_challenged(asked("/d/")));
    let login = Login { user: "u".into(), password: Secret::new("p") };
    credentials.set_login(None, login, Schemes { basic: true, ..Schemes::default() }, true).unwrap();
    assert!(!credentials.may_be_challenged(asked("/b")) && !credentials.is_empty());
    credentials.forget(None);
    assert!(credentials.is_empty() && credentials.may_be_challenged(asked("/b")));
}

#[test]
fn what_was_refused_does_not_go_ahead_and_all_else_does() {
    let mut credentials = credentials();
    let_in(&mut credentials, "/a/", "Basic realm=a");
    refuse(&mut credentials, "/b/", "Basic realm=b");
    assert_eq!(ahead(&mut credentials, "/b/"), None);
    assert_eq!(ahead(&mut credentials, "/a/").as_deref(), Some("Basic"));
    // A nonce that was stale at once: the space is the one that is tried next.
    let mut attempts = Attempts::default();
    let line = |nonce: &str| format!("Digest realm=d, nonce={nonce}, qop=auth, domain=\"/d\", stale=true");
    assert_eq!(answer(&mut credentials, &mut attempts, &line("n1")), again("Digest", "d"));
    assert_eq!(authorize(&mut credentials, &mut attempts, "/d/").as_deref(), Some("Digest"));
    assert_eq!(answer(&mut credentials, &mut attempts, &line("n2")), again("Digest", "d"));
    assert_eq!(authorize(&mut credentials, &mut attempts, "/d/").as_deref(), Some("Digest"));
    credentials.accept(&attempts, asked("/d/"));
    assert_eq!(ahead(&mut credentials, "/d/e").as_deref(), Some("Digest"));
    // What was good once still is when it is refused.
    refuse(&mut credentials, "/a/", "Basic realm=a");
    assert_eq!(ahead(&mut credentials, "/a/").as_deref(), Some("Basic"));
}

#[test]
fn what_had_no_chance_is_presumed_good_once() {
    let mut credentials = credentials();
    let mut attempts = Attempts::default();
    assert_eq!(answer(&mut credentials, &mut attempts, "Basic realm=a"), again("Basic", "a"));
    assert_eq!(ahead(&mut credentials, "/a/"), None);
    credentials.presume(&attempts, asked("/a/b"));
    let mut next = Attempts::default();
    assert_eq!(authorize(&mut credentials, &mut next, "/a/c").as_deref(), Some("Basic"));
    assert_eq!(ahead(&mut credentials, "/b"), None);
    // Refused: it was not.
    assert_eq!(answer(&mut credentials, &mut next, "Basic realm=a"), Decision::Stays);
    assert_eq!(ahead(&mut credentials, "/a/c"), None);
    // What the server has let in stays that.
    let_in(&mut credentials, "/d/", "Basic realm=d");
    let mut attempts = Attempts::default();
    assert_eq!(answer(&mut credentials, &mut attempts, "Basic realm=d"), again("Basic", "d"));
    credentials.presume(&attempts, asked("/d/"));
    assert!(credentials.spaces.iter().any(|space| space.borrow().standing == Standing::Accepted));
}

#[test]
fn the_realm_used_last_is_forgotten_last() {
    let mut credentials = credentials();
    let visit = |credentials: &mut Credentials, number: usize| {
        let_in(credentials, &format!("/{number}/"), &format!("Basic realm=\"{number}\""));
    };
    (0..REALMS).for_each(|number| visit(&mut credentials, number));
    // The oldest is used again, and so the second is the oldest now.
    assert!(ahead(&mut credentials, "/0/").is_some());
    visit(&mut credentials, REALMS);
    assert_eq!(credentials.spaces.len(), REALMS);
    assert_eq!(ahead(&mut credentials, "/1/"), None);
    for number in [0, 2, REALMS] {
        assert!(ahead(&mut credentials, &format!("/{number}/")).is_some(), "{number}");
    }
}

/// `stale` speaks of the request that was sent last, and so of the realm that it was for.
#[test]
fn a_stale_nonce_excuses_its_own_realm_alone() {
    let mut credentials = credentials();
    let mut attempts = Attempts::default();
    for (realm, nonce) in [("b", "n1"), ("a", "n2")] {
        let line = format!("Digest realm={realm}, nonce={nonce}, qop=auth");
        assert_eq!(answer(&mut credentials, &mut attempts, &line), again("Digest", realm));
        assert_eq!(authorize(&mut credentials, &mut attempts, "/").as_deref(), Some("Digest"));
    }
    let line = "Digest realm=b, nonce=n3, qop=auth, stale=true";
    assert_eq!(answer(&mut credentials, &mut attempts, line), Decision::Stays);
}

/// Another request may have been asked for something weaker meanwhile, in the same realm.
#[test]
fn how_strong_it_was_is_known_of_what_was_sent() {
    let mut credentials = credentials();
    let schemes = Schemes { basic: true, digest_md5: true, digest_sha256: true, ..Schemes::default() };
    let login = Login { user: "any".into(), password: Secret::new("secret") };
    credentials.set_login(None, login, schemes, false).unwrap();
    let (mut first, mut second) = (Attempts::default(), Attempts::default());
    let line = |realm: &str, algorithm: &str| {
        format!("Digest realm={realm}, nonce={algorithm}, qop=auth, algorithm={algorithm}")
    };
    assert_eq!(answer(&mut credentials, &mut first, &line("a", "SHA-256")), again("Digest", "a"));
    assert!(authorize(&mut credentials, &mut first, "/").is_some());
    assert_eq!(answer(&mut credentials, &mut second, &line("a", "MD5")), again("Digest", "a"));
    for weaker in [&line("b", "MD5"), "Basic realm=b"] {
        assert_eq!(answer(&mut credentials, &mut first, weaker), Decision::Stays);
    }
}

/// A nonce that is given out with and without `qop` is answered as it was asked for last.
#[test]
fn a_challenge_that_has_got_a_qop_is_answered_with_it() {
    let mut credentials = credentials();
    let mut sent = |line: &str| {
        let mut attempts = Attempts::default();
        assert_eq!(answer(&mut credentials, &mut attempts, line), again("Digest", "a"));
        let value = credentials.authorize(&mut attempts, asked("/"), || "0123456789abcdef0123456789abcdef".into());
        value.unwrap().expose().to_owned()
    };
    assert!(!sent("Digest realm=a, nonce=n").contains("qop"));
    assert!(sent("Digest realm=a, nonce=n, qop=auth").contains("qop=auth"));
}
