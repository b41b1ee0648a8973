//! Challenges as servers may write them, the answers to those that Digest can answer, and what servers say to the answers.

use std::collections::BTreeSet;

use xenon::auth::Login;
use xenon::auth::challenge::{Challenge, parse};
use xenon::auth::digest::{Digest, Proof};
use xenon::limits::{CHALLENGE_DOMAINS, CHALLENGE_PARAMETERS, CHALLENGES};
use xenon::secret::Secret;

use crate::naive;
use crate::split;

const PASSWORD: &str = "Open Sesame, please";
const USERS: [&str; 4] = ["Aladdin", "J\u{e4}s\u{f8}n Doe", "a\"b\\c, d=e", "\r\n\0"];
const CNONCES: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

/// Input: how it is used, lines of challenges, an empty line, lines of `Authentication-Info`.
pub fn check(input: &[u8]) {
    let ([how], rest) = split(input);
    let mut lines = rest.split(|byte| *byte == b'\n');
    let challenge_lines: Vec<&[u8]> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let information: Vec<&[u8]> = lines.collect();

    let challenges = parse(challenge_lines.iter().copied());
    check_bounds(&challenges);
    let written: Vec<String> = challenges.iter().map(write).collect();
    assert_eq!(parse(written.iter().map(String::as_bytes)), challenges, "a line for each");
    assert_eq!(parse([written.join(", ").as_bytes()].into_iter()), challenges, "all on one line");
    check_other_reader(&challenge_lines, &challenges);
    for challenge in &challenges {
        if let Ok(digest) = Digest::from_challenge(challenge, how & 1 != 0) {
            check_digest(challenge, digest, usize::from(how >> 1), &information);
        }
    }
}

fn check_bounds(challenges: &[Challenge]) {
    assert!(challenges.len() <= CHALLENGES);
    for challenge in challenges {
        assert!(naive::token(challenge.scheme.as_bytes()).is_some() && is_lower(&challenge.scheme));
        assert!(challenge.is(&challenge.scheme.to_ascii_uppercase()));
        assert!(challenge.token68.is_none() || challenge.parameters.is_empty());
        assert!(challenge.parameters.len() <= CHALLENGE_PARAMETERS);
        for (index, (name, value)) in challenge.parameters.iter().enumerate() {
            assert!(naive::token(name.as_bytes()).is_some() && is_lower(name));
            assert!(!value.contains(is_control));
            assert!(challenge.parameters.iter().skip(index + 1).all(|(other, _)| other != name), "{name} twice");
            assert_eq!(challenge.parameter(name), Some(value.as_str()));
        }
    }
}

/// A challenge in the plainest form.
fn write(challenge: &Challenge) -> String {
    let parameters: Vec<_> =
        challenge.parameters.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect();
    match &challenge.token68 {
        Some(token68) => format!("{} {token68}", challenge.scheme),
        None => format!("{} {}", challenge.scheme, parameters.join(", ")),
    }
}

fn quote(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What another reader reads is read here as well, but for what is refused: a name twice, and too much. Over there a quoted
/// string goes on after its line, so it is asked about single lines.
fn check_other_reader(lines: &[&[u8]], challenges: &[Challenge]) {
    let [line] = lines else { return };
    let Ok(text) = std::str::from_utf8(line) else { return };
    let Ok(expected) = http_auth::parse_challenges(text) else { return };
    let mut expected: Vec<_> = expected
        .into_iter()
        .map(|one| Challenge {
            scheme: one.scheme.to_ascii_lowercase(),
            token68: None,
            parameters: one
                .params
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_unescaped()))
                .collect(),
        })
        .filter(|one| {
            let names: BTreeSet<_> = one.parameters.iter().map(|(name, _)| name).collect();
            names.len() == one.parameters.len() && names.len() <= CHALLENGE_PARAMETERS
        })
        .collect();
    expected.truncate(CHALLENGES);
    assert_eq!(challenges, expected);
}

fn check_digest(challenge: &Challenge, mut digest: Digest, user: usize, information: &[&[u8]]) {
    assert_eq!(Some(digest.realm()), challenge.realm());
    assert!(digest.domain().count() <= CHALLENGE_DOMAINS);
    let login = Login { user: USERS[user % USERS.len()].into(), password: Secret::new(PASSWORD) };
    let mut twin = digest.clone();
    let one = answer(&mut digest, &login, "GET", CNONCES[0]);
    let two = answer(&mut digest, &login, "GET", CNONCES[1]);
    assert_eq!(two.count, one.count.map(|count| count + 1));

    // A server proves itself by the response to a request without a method, and by nothing else.
    let right = answer(&mut twin, &login, "", CNONCES[0]).response;
    let verify = |digest: &mut Digest, rspauth: &str| {
        digest.verify(&one.proof, [format!("rspauth=\"{rspauth}\"").as_bytes()].into_iter()).is_ok()
    };
    assert!(verify(&mut digest, &right));
    assert!(!verify(&mut digest, &one.response) && !verify(&mut digest, &right[1..]) && !verify(&mut digest, ""));

    let before = format!("{digest:?}");
    let verified = digest.verify(&one.proof, information.iter().copied());
    if has_parameter(information, "rspauth") {
        assert!(verified.is_err(), "a proof was made up");
    }
    if information.iter().any(|line| begins_with_proof(line)) {
        assert!(verified.is_err(), "a proof that cannot be read counts as none");
    }
    let three = answer(&mut digest, &login, "GET", CNONCES[0]);
    if three.nonce == one.nonce {
        assert_eq!(three.count, one.count.map(|count| count + 2));
    } else {
        assert!(verified.is_ok() && three.count.is_none_or(|count| count == 1), "{before}");
    }
    let shown = format!("{digest:?} {login:?} {:?} {verified:?}", three.proof);
    assert!(!shown.contains(PASSWORD) && !shown.contains(&right));
}

/// Whether the first thing on this line is a proof, well-formed or not.
fn begins_with_proof(line: &[u8]) -> bool {
    const NAME: &[u8] = b"rspauth";
    let is_token_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    line.split_at_checked(NAME.len())
        .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(NAME) && !rest.first().is_some_and(is_token_byte))
}

/// Whether these lines have the parameter, as far as they are read like those of a challenge.
fn has_parameter(lines: &[&[u8]], name: &str) -> bool {
    const SCHEME: &str = "the-lines-themselves";
    let of_scheme = |line: &[u8]| line.to_ascii_lowercase().windows(SCHEME.len()).any(|part| part == SCHEME.as_bytes());
    let challenges = parse([SCHEME.as_bytes()].into_iter().chain(lines.iter().copied()));
    let read = challenges.first().filter(|first| first.is(SCHEME) && !lines.iter().any(|line| of_scheme(line)));
    read.is_some_and(|read| read.parameter(name).is_some())
}

/// One answer, taken apart.
struct Answer {
    nonce: String,
    response: String,
    count: Option<u32>,
    proof: Proof,
}

fn answer(digest: &mut Digest, login: &Login, method: &str, cnonce: &str) -> Answer {
    let (value, proof) = digest.authorize(login, method, "/a,b?c=\"d\"", cnonce);
    let value = value.expose();
    assert!(!value.contains(is_control) && !value.contains(PASSWORD), "{value:?}");
    // It has the form of a challenge, and a reader of those sees each parameter once, for it refuses others.
    let read = parse([value.as_bytes()].into_iter());
    let [read] = read.as_slice() else { panic!("{value:?} reads as {read:?}") };
    let text = |name: &str| read.parameter(name).map(str::to_owned);
    assert!(read.is("digest") && text("username").is_some() != text("username*").is_some(), "{value:?}");
    if text("userhash").is_none() {
        assert!(text("username").is_none_or(|user| user == login.user), "{value:?}");
    }
    assert_eq!(text("realm").as_deref(), Some(digest.realm()));
    assert_eq!(text("uri").as_deref(), Some("/a,b?c=\"d\""));
    let response = text("response").unwrap_or_default();
    assert!(
        matches!(response.len(), 32 | 64) && response.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    );
    let count = text("nc").map(|count| {
        assert_eq!(count.len(), 8);
        u32::from_str_radix(&count, 16).unwrap_or_default()
    });
    assert_eq!((text("qop").is_some(), text("cnonce").is_some()), (count.is_some(), count.is_some()));
    Answer { nonce: text("nonce").unwrap_or_default(), response, count, proof }
}

fn is_lower(text: &str) -> bool {
    !text.contains(|char: char| char.is_ascii_uppercase())
}

fn is_control(char: char) -> bool {
    char.is_ascii_control() && char != '\t'
}
