//! What challenges, answers and `Authentication-Info` may say, what they must, and what they must not.
//!
//! Hashes that are no RFC's were made with Python, where A is `md5`, `sha256` or `sha512_256`, and `md5` if nothing is said:
//!
//! ```text
//! def h(*parts): return hashlib.new(A, ":".join(parts).encode()).hexdigest()
//! ```

mod algorithms;
mod examples;

use super::*;
use crate::auth::challenge;

fn digest(value: &str) -> Digest {
    read(value, false).unwrap()
}

fn read(value: &str, legacy: bool) -> Result<Digest, &'static str> {
    let challenges = challenge::parse([value.as_bytes()].into_iter());
    Digest::from_challenge(challenges.first().unwrap(), legacy)
}

fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: Secret::new(password) }
}

fn aladdin() -> Login {
    login("Aladdin", "open sesame")
}

/// The value of this parameter of an answer, with its quotes.
fn value<'a>(answer: &'a Secret, name: &str) -> &'a str {
    let all = answer.expose().strip_prefix("Digest ").unwrap();
    let found: Vec<_> = all.split(", ").filter_map(|one| one.strip_prefix(name)?.strip_prefix('=')).collect();
    let [value] = found.as_slice() else { panic!("{name}: {found:?}") };
    value
}

/// The names of the parameters of an answer.
fn names(answer: &Secret) -> Vec<&str> {
    answer.expose().strip_prefix("Digest ").unwrap().split(", ").map(|one| one.split('=').next().unwrap()).collect()
}

fn verify(digest: &mut Digest, proof: &Proof, line: &str) -> Result<(), &'static str> {
    digest.verify(proof, [line.as_bytes()].into_iter())
}

// What challenges may say.

#[test]
fn a_challenge_is_answered_or_refused() {
    for (parameters, expected) in [
        ("realm=a, nonce=b, qop=auth", Ok(())),
        ("realm=\"\", nonce=\"\", qop=auth", Ok(())),
        ("realm=a, nonce=b, qop=\"auth-int,fish, auth\"", Ok(())),
        ("realm=a, nonce=b, qop=\"AUTH\", algorithm=md5", Ok(())),
        ("realm=a, nonce=b, qop=\"\\auth,\", unknown=c", Ok(())),
        ("nonce=b, qop=auth", Err("the Digest challenge has no realm")),
        ("realm=a, qop=auth", Err("the Digest challenge has no nonce")),
        ("realm=a, nonce=b", Err("the Digest challenge has no qop, and none without is allowed")),
        ("realm=a, nonce=b, qop=\"\"", Err("the Digest challenge asks for a qop other than auth")),
        ("realm=a, nonce=b, qop=auth-int", Err("the Digest challenge asks for a qop other than auth")),
        ("realm=a, nonce=b, qop=\"auth auth-int\"", Err("the Digest challenge asks for a qop other than auth")),
        ("realm=a, nonce=b, qop=auth, algorithm=MD4", Err("the Digest challenge asks for an unknown algorithm")),
        ("realm=a, nonce=b, qop=auth, algorithm=\"\"", Err("the Digest challenge asks for an unknown algorithm")),
        (
            "realm=a, nonce=b, qop=auth, algorithm=\"MD5,SHA-256\"",
            Err("the Digest challenge asks for an unknown algorithm"),
        ),
    ] {
        assert_eq!(read(&format!("Digest {parameters}"), false).map(|_| ()), expected, "{parameters}");
    }
    assert_eq!(read("Basic realm=a, nonce=b, qop=auth", false).unwrap_err(), "the challenge is not for Digest");
    for bytes in [b"Digest realm=\"\xe4\", nonce=b, qop=auth".as_slice(), b"Digest realm=a, nonce=b, qop=auth, x=\xff"]
    {
        let challenges = challenge::parse([bytes].into_iter());
        let error = Digest::from_challenge(challenges.first().unwrap(), false).unwrap_err();
        assert_eq!(error, "the Digest challenge is not UTF-8");
    }
}

#[test]
fn digest_without_qop_allows_no_session_algorithm() {
    assert!(read("Digest realm=a, nonce=b", true).is_ok());
    assert!(read("Digest realm=a, nonce=b, algorithm=SHA-256", true).is_ok());
    assert!(read("Digest realm=a, nonce=b, qop=auth-int", true).is_err());
    let error = read("Digest realm=a, nonce=b, algorithm=MD5-sess", true).unwrap_err();
    assert_eq!(error, "the Digest challenge has no qop, which its algorithm needs");
    // One who allows it uses qop all the same where it is offered.
    let mut digest = read("Digest realm=a, nonce=b, qop=auth", true).unwrap();
    assert_eq!(value(&digest.authorize(&aladdin(), "GET", "/", "c").0, "qop"), "auth");
}

#[test]
fn a_challenge_says_what_it_covers() {
    let whole = digest("Digest realm=\"a b\", nonce=b, qop=auth");
    assert_eq!((whole.realm(), whole.domain().count()), ("a b", 0));
    let parts = digest("Digest realm=a, nonce=b, qop=auth, domain=\" /a  /b?c\thttp://other.test/ \"");
    assert_eq!(parts.domain().collect::<Vec<_>>(), ["/a", "/b?c", "http://other.test/"]);

    let many: Vec<_> = (0..limits::CHALLENGE_DOMAINS + 1).map(|number| format!("/{number}")).collect();
    let many = digest(&format!("Digest realm=a, nonce=b, qop=auth, domain=\"{}\"", many.join(" ")));
    assert_eq!(many.domain().count(), limits::CHALLENGE_DOMAINS);
    assert_eq!(many.domain().next(), Some("/0"));
}

#[test]
fn values_that_go_back_have_a_bound() {
    let exact = "x".repeat(limits::DIGEST_VALUE_LENGTH);
    for name in ["realm", "nonce", "opaque", "unknown"] {
        let with = |value: &str| {
            let rest = ["realm=a", "nonce=b", "opaque=c", "unknown=d"].into_iter().filter(|one| !one.starts_with(name));
            format!("Digest {name}={value}, qop=auth, {}", rest.collect::<Vec<_>>().join(", "))
        };
        assert!(read(&with(&exact), false).is_ok(), "{name}");
        // What does not go back may be longer.
        assert_eq!(read(&with(&format!("{exact}x")), false).is_ok(), name == "unknown", "{name}");
    }
    let mut digest = digest("Digest realm=a, nonce=b, qop=auth");
    for (nonce, expected) in [(format!("{exact}x"), "\"b\"".to_owned()), (exact.clone(), format!("\"{exact}\""))] {
        let (_, proof) = digest.authorize(&aladdin(), "GET", "/", "c");
        assert_eq!(verify(&mut digest, &proof, &format!("nextnonce={nonce}")), Ok(()));
        assert_eq!(value(&digest.authorize(&aladdin(), "GET", "/", "c").0, "nonce"), expected);
    }
}

// What answers say.

#[test]
fn each_parameter_is_there_once() {
    let all =
        ["username", "realm", "uri", "algorithm", "nonce", "nc", "cnonce", "qop", "response", "opaque", "userhash"];
    let without = |left_out: &[&str]| all.into_iter().filter(|name| !left_out.contains(name)).collect::<Vec<_>>();
    for (challenge, left_out) in [
        ("realm=a, nonce=b, qop=auth, algorithm=MD5, opaque=c, userhash=TRUE, domain=\"/\", stale=true", &[] as &[_]),
        ("realm=a, nonce=b, qop=auth", &["algorithm", "opaque", "userhash"]),
        ("realm=a, nonce=b, opaque=\"\"", &["algorithm", "userhash", "nc", "cnonce", "qop"]),
    ] {
        let mut digest = read(&format!("Digest {challenge}"), true).unwrap();
        assert_eq!(names(&digest.authorize(&aladdin(), "GET", "/", "c").0), without(left_out), "{challenge}");
    }
}

/// In Python: `h(h(user, "WallyWorld", "open sesame"), "n", "00000001", "c", "auth", h("GET", "/"))`.
#[test]
fn names_are_written_so_that_they_are_read() {
    let (slavic, nordic) = ("A\u{142}\u{e2}dd\u{ed}n", "J\u{e4}s\u{f8}n Doe");
    let (of_slavic, of_nordic) = ("e7f59c534e3b002776d83a8a43e11c72", "28967fb187fcebd522e1a333b93cc1a9");
    for (user, charset, written, response) in [
        ("Aladdin", "", "username=\"Aladdin\"", "5b94e155fc2b4d5985fda74b93b932af"),
        ("Aladdin", ", charset=UTF-8", "username=\"Aladdin\"", "5b94e155fc2b4d5985fda74b93b932af"),
        ("a@b", "", "username=\"a@b\"", "5caf6d18956c2c130b7006d63a7df05f"),
        ("foo bar", "", "username=\"foo bar\"", "dbc7f607de35481dd4418768cf382a2a"),
        ("foo\"bar", "", r#"username="foo\"bar""#, "d6658632c4b9f163f65cff35ebf72f35"),
        ("foo\"bar", ", charset=UTF-8", r#"username="foo\"bar""#, "d6658632c4b9f163f65cff35ebf72f35"),
        // Names beyond ASCII: as they are, but where the server is known to read the other form.
        (slavic, "", "username=\"A\u{142}\u{e2}dd\u{ed}n\"", of_slavic),
        (slavic, ", charset=latin1", "username=\"A\u{142}\u{e2}dd\u{ed}n\"", of_slavic),
        (slavic, ", charset=utf-8", "username*=UTF-8''A%C5%82%C3%A2dd%C3%ADn", of_slavic),
        (nordic, "", "username=\"J\u{e4}s\u{f8}n Doe\"", of_nordic),
        (nordic, ", charset=\"UTF-8\"", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe", of_nordic),
    ] {
        let mut digest = self::digest(&format!("Digest realm=WallyWorld, nonce=n, qop=auth, userhash=false{charset}"));
        let (answer, _) = digest.authorize(&login(user, "open sesame"), "GET", "/", "c");
        assert!(answer.expose().starts_with(&format!("Digest {written}, realm=")), "{}", answer.expose());
        assert_eq!(value(&answer, "response"), format!("\"{response}\""), "{user}");
    }
    // Every character that needs an escape has one, and none else.
    let mut digest = self::digest("Digest realm=a, nonce=n, qop=auth");
    let (answer, _) = digest.authorize(&login(r#"\a"b\\"#, "open sesame"), "GET", r#"/\"x"#, "c");
    assert_eq!(value(&answer, "username"), r#""\\a\"b\\\\""#);
    assert_eq!(value(&answer, "uri"), r#""/\\\"x""#);
    // All that RFC 8187 lets stand, and all that it does not.
    let plain = "aZ09!#$&+-.^_`|~";
    for (user, written) in [
        (format!("\u{e4}{plain}"), format!("%C3%A4{plain}")),
        (
            "\\*'%()/:;<=>?@[]{}, \r\n\0\u{7f}".into(),
            "%5C%2A%27%25%28%29%2F%3A%3B%3C%3D%3E%3F%40%5B%5D%7B%7D%2C%20%0D%0A%00%7F".into(),
        ),
    ] {
        let mut digest = self::digest("Digest realm=a, nonce=n, qop=auth, charset=UTF-8");
        let (answer, _) = digest.authorize(&login(&user, "open sesame"), "GET", "/", "c");
        assert_eq!(value(&answer, "username*"), format!("UTF-8''{written}"));
    }
    let mut digest = self::digest("Digest realm=a, nonce=n, qop=auth");
    let (answer, _) = digest.authorize(&login("~ !'()*%:;<>", "open sesame"), "GET", "/", "c");
    assert_eq!(value(&answer, "username"), "\"~ !'()*%:;<>\"");
}

/// In Python: `h(h("Aladdin", 'a"b\\c', "open sesame"), 'n"\\', "00000001", "c", "auth", h("GET", "/"))`.
#[test]
fn escapes_are_for_the_wire_alone() {
    let mut digest = digest(r#"Digest realm="a\"b\\c", nonce="n\"\\", opaque="\o\"", qop=auth"#);
    assert_eq!(digest.realm(), r#"a"b\c"#);
    let (answer, _) = digest.authorize(&aladdin(), "GET", "/", "c");
    assert_eq!(value(&answer, "realm"), r#""a\"b\\c""#);
    assert_eq!(value(&answer, "nonce"), r#""n\"\\""#);
    assert_eq!(value(&answer, "opaque"), r#""o\"""#);
    assert_eq!(value(&answer, "response"), "\"13c348241b16617ada9311c4951cb487\"");
}

/// In Python: `a1 = h("Aladdin", "WallyWorld", "open sesame")` and `h(a1, "n", "00000001", "c", "auth", h(method, target))`.
#[test]
fn the_uri_is_the_target_as_it_is_sent() {
    for (method, target, response) in [
        ("OPTIONS", "*", "1e31c2475b4efa2aa68892892096a27e"),
        ("GET", "http://a.test/x", "f78f0926c7d0b181a7a05ac6d16d0618"),
    ] {
        let mut digest = digest("Digest realm=WallyWorld, nonce=n, qop=auth");
        let (answer, _) = digest.authorize(&aladdin(), method, target, "c");
        assert_eq!(value(&answer, "uri"), format!("\"{target}\""));
        assert_eq!(value(&answer, "response"), format!("\"{response}\""));
    }
}

/// A target is checked long before; this is for the day when that is forgotten.
#[test]
fn nothing_ends_the_line() {
    let mut digest = digest("Digest realm=\"\ta\u{e4}\", nonce=n, qop=auth");
    let (answer, _) = digest.authorize(&login("a\r\nb", "c\r\nd"), "GET", "/\r\nA: b\0\u{7f}\u{80}\u{142}", "c\n");
    assert!(!answer.expose().contains(|char: char| char.is_ascii_control() && char != '\t'), "{:?}", answer.expose());
    assert_eq!(value(&answer, "uri"), "\"/A: b\u{80}\u{142}\"");
    assert_eq!(value(&answer, "realm"), "\"\ta\u{e4}\"");
}

#[test]
fn each_request_has_its_own_count() {
    let mut digest = digest("Digest realm=a, nonce=n, qop=auth");
    for count in 1..=300_u32 {
        let (answer, _) = digest.authorize(&aladdin(), "GET", "/", "c");
        assert_eq!(value(&answer, "nc"), format!("{count:08x}"));
    }
    digest.count = u32::MAX - 1;
    for _ in 0..2 {
        assert_eq!(value(&digest.authorize(&aladdin(), "GET", "/", "c").0, "nc"), "ffffffff");
    }
}

#[test]
fn secrets_are_not_shown() {
    let mut digest = digest("Digest realm=a, nonce=n, qop=auth, algorithm=MD5-sess");
    let (answer, proof) = digest.authorize(&aladdin(), "GET", "/", "c");
    let shown = format!("{digest:?} {answer:?} {proof:?} {:?}", aladdin());
    assert!(shown.contains("***") && shown.contains("Aladdin"));
    for secret in ["sesame", value(&answer, "response").trim_matches('"'), proof.rspauth.expose()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

// What responses say.

#[test]
fn what_the_server_says_must_be_true() {
    const WRONG: &str = "the server's Digest is wrong: it does not know the password";
    let mut digest = digest("Digest realm=a, nonce=n, qop=auth");
    let (_, proof) = digest.authorize(&aladdin(), "GET", "/", "c");
    let right = proof.rspauth.expose().to_owned();
    let changed = right.replace(|char: char| char == right.chars().next().unwrap(), "g");
    let (_, other) = digest.authorize(&aladdin(), "GET", "/", "c");
    for (info, expected) in [
        (String::new(), Ok(())),
        ("unknown=x, nothing".into(), Ok(())),
        (format!("rspauth={right}"), Ok(())),
        (format!("qop=\"AUTH\", cnonce=c, nc=00000001, rspauth=\"{right}\""), Ok(())),
        ("qop=auth, cnonce=\"c\", nc=1".into(), Ok(())),
        ("qop=auth-int".into(), Err("the server's Digest has a qop other than the request's")),
        (format!("qop=\"\", rspauth={right}"), Err("the server's Digest has a qop other than the request's")),
        ("cnonce=C".into(), Err("the server's Digest has a client nonce other than the request's")),
        (
            format!("cnonce=\"\", rspauth={right}"),
            Err("the server's Digest has a client nonce other than the request's"),
        ),
        ("nc=00000002".into(), Err("the server's Digest has a nonce count other than the request's")),
        ("nc=zztop".into(), Err("the server's Digest has a nonce count other than the request's")),
        (format!("nc=\"\", rspauth={right}"), Err("the server's Digest has a nonce count other than the request's")),
        ("rspauth=\"\"".into(), Err(WRONG)),
        ("rspauth=fish".into(), Err(WRONG)),
        (format!("rspauth={changed}"), Err(WRONG)),
        (format!("rspauth={right}0"), Err(WRONG)),
        (format!("rspauth=\" {right}\""), Err(WRONG)),
        (format!("rspauth={}", &right[1..]), Err(WRONG)),
        (format!("rspauth={}", other.rspauth.expose()), Err(WRONG)),
        (
            format!("rspauth={right}, rspauth={right}"),
            Err("the server's authentication information has a parameter twice"),
        ),
    ] {
        assert_eq!(verify(&mut digest, &proof, &info), expected, "{info}");
    }
}

#[test]
fn the_next_nonce_is_taken_once() {
    let mut digest = digest("Digest realm=a, nonce=n1, qop=auth");
    let send = |digest: &mut Digest| {
        let (answer, proof) = digest.authorize(&aladdin(), "GET", "/", "c");
        (format!("{} {}", value(&answer, "nonce"), value(&answer, "nc")), proof)
    };
    let (said, one) = send(&mut digest);
    assert_eq!(said, "\"n1\" 00000001");
    let (said, two) = send(&mut digest);
    assert_eq!(said, "\"n1\" 00000002");
    // The same nonce: its count goes on.
    assert_eq!(verify(&mut digest, &one, "nextnonce=n1"), Ok(()));
    let (said, _) = send(&mut digest);
    assert_eq!(said, "\"n1\" 00000003");
    // One that comes with something wrong, or that could not be sent back, is not taken.
    assert!(verify(&mut digest, &one, "nextnonce=n2, rspauth=fish").is_err());
    assert_eq!(digest.verify(&one, [b"nextnonce=\"\xe4\"".as_slice()].into_iter()), Ok(()));
    let (said, _) = send(&mut digest);
    assert_eq!(said, "\"n1\" 00000004");
    // Another.
    assert_eq!(verify(&mut digest, &one, "nextnonce=\"n \\\"2\""), Ok(()));
    let (said, three) = send(&mut digest);
    assert_eq!(said, "\"n \\\"2\" 00000001");
    // Said again, or said otherwise, with the response to a request of before.
    assert_eq!(verify(&mut digest, &two, "nextnonce=\"n \\\"2\""), Ok(()));
    assert_eq!(verify(&mut digest, &two, "nextnonce=n1"), Ok(()));
    let (said, _) = send(&mut digest);
    assert_eq!(said, "\"n \\\"2\" 00000002");
    assert_eq!(verify(&mut digest, &three, "nextnonce=n3"), Ok(()));
    assert_eq!(send(&mut digest).0, "\"n3\" 00000001");
}
