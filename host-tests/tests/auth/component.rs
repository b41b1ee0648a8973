//! What of credentials is seen through the WIT.

use xenon_harness::component::{AuthSchemes, ErrorCode, EventKind, Guest};
use xenon_harness::peer::{Peer, Script, refusing_port};

const CHALLENGE: &str =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate ab==, Basic realm=\"r\"\r\nContent-Length: 3\r\n\r\nno\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BASIC: &str = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

fn without_credentials(script: Script) -> Script {
    script.expect_head(|head| match head.to_ascii_lowercase().contains("authorization") {
        true => Err(format!("there are credentials: {head}")),
        false => Ok(()),
    })
}

#[test]
fn a_challenge_is_answered_on_the_same_connection() {
    let first = without_credentials(Script::new()).send(CHALLENGE);
    let script = first.expect_head_with(&[BASIC]).send(OK).expect_head_with(&[BASIC]).send(OK);
    let peer = Peer::start([without_credentials(script).send(CHALLENGE)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_credentials(None, "Aladdin", "open sesame", AuthSchemes::BASIC, false).unwrap();
    assert_eq!(session.get("/").unwrap().content, b"ok");
    assert_eq!(session.get("/").unwrap().content, b"ok");
    session.forget_credentials(None);
    let response = session.request("GET", "/").send().unwrap();
    assert_eq!(response.status(), 401);
    let challenges = response.challenges();
    let found: Vec<_> = challenges.iter().map(|one| (one.scheme.as_str(), one.token68.as_deref())).collect();
    assert_eq!(found, [("negotiate", Some("ab==")), ("basic", None)]);
    assert_eq!(challenges[1].parameters, [("realm".to_owned(), "r".to_owned())]);
    peer.finish();
}

#[test]
fn a_token_goes_ahead() {
    let peer = Peer::start([Script::new().expect_head_with(&["Authorization: Bearer abc.def"]).send(OK)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_bearer_token(None, "abc.def", Some("read"), true).unwrap();
    assert_eq!(session.get("/").unwrap().status, 200);
    peer.finish();
}

#[test]
fn what_cannot_be_set_is_an_error() {
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", refusing_port());
    let all = AuthSchemes::BASIC | AuthSchemes::DIGEST_SHA512256;
    let errors = [
        session.set_credentials(None, "a:b", "c", all, false),
        session.set_credentials(None, "a", "s3cret\n", all, false),
        session.set_credentials(None, "a", "s3cret", AuthSchemes::empty(), false),
        session.set_credentials(Some("r"), "a", "s3cret", all, true),
        session.set_bearer_token(None, "s3cret token", None, false),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert!(matches!(error.code, ErrorCode::ConfigurationError), "{error:?}");
        assert!(!error.detail.contains("s3cret"), "{error:?}");
    }
    session.forget_credentials(Some("nobody knows it"));
}

#[test]
fn why_a_challenge_is_not_answered_is_an_event() {
    let peer = Peer::start([without_credentials(Script::new()).send(CHALLENGE)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_events(true);
    session.set_credentials(None, "Aladdin", "open sesame", AuthSchemes::DIGEST_SHA256, false).unwrap();
    assert_eq!(session.get("/").unwrap().status, 401);
    let told: Vec<_> = session
        .take_events()
        .into_iter()
        .filter_map(|event| match event.what {
            EventKind::Unanswered(challenge) => {
                Some((challenge.scheme, challenge.realm, challenge.reason, challenge.proxy))
            }
            _ => None,
        })
        .collect();
    let expected = [("negotiate", "", "its scheme is not known"), ("basic", "r", "Basic is not allowed")];
    assert_eq!(told, expected.map(|(scheme, realm, reason)| (scheme.into(), realm.into(), reason.into(), false)));
    peer.finish();
}
