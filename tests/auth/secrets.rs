//! Plants a password and a token, and searches for them in everything that a session shows, also while every operation of the
//! network fails in turn.

use xenon::auth::Schemes;
use xenon::error::Error;
use xenon::http::fields::Fields;
use xenon::net::Fault;
use xenon::net::sim::{Failure, SimNet};
use xenon::secret::Secret;

use crate::checker::{Checker, Info, Manner};
use crate::server::*;
use crate::support::*;

const TOKEN: &str = "t0ken.0f-great~worth";

/// What must not be shown: the password, the base64 of name and password (the part that does not depend on its alignment), the
/// token, and the hash that replaces the password in Digest.
fn secrets() -> Vec<String> {
    let key = |text: String| {
        use md5::Digest as _;
        md5::Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let base64 = BASIC.trim_start_matches("Basic ").trim_end_matches('=');
    vec![PASSWORD.into(), base64.into(), TOKEN.into(), key(format!("{USER}:WallyWorld:{PASSWORD}"))]
}

/// Everything that was shown.
#[derive(Default)]
struct Shown(Vec<String>);

impl Shown {
    fn note(&mut self, session: &Session, outcome: Result<u16, Error>) {
        if let Err(error) = outcome {
            self.0.push(format!("{error} {error:?} {error:#?}"));
        }
        self.0.extend(session.take_events().into_iter().map(|event| format!("{event:?} {event:#?}")));
        self.0.push(format!("{:?}", session.options()));
        self.0.push(session.change_credentials(|known| format!("{known:?} {known:#?}")));
    }

    #[track_caller]
    fn assert_clean(&self) {
        for secret in secrets() {
            let found = self.0.iter().find(|text| text.contains(&secret));
            assert!(found.is_none(), "{secret} is in {}", found.unwrap());
        }
    }
}

fn give_all(session: &Session, is_ahead: bool) {
    session.change_credentials(|known| {
        known.set_login(None, login(USER, PASSWORD), ANY, is_ahead).unwrap();
        known.set_token(Some("token".into()), Secret::new(TOKEN), None, false).unwrap();
    });
}

/// Servers that accept, refuse, or misbehave.
fn servers() -> Vec<Server> {
    let digest = |manner| Server::new(Checker::new(manner).rule());
    let plain = |challenge: &'static str, scheme: &'static str| {
        Server::new(move |request| match request.authorization() {
            Some(sent) if sent.starts_with(scheme) => ok("come in"),
            _ => asks(&[challenge]),
        })
    };
    let echo = |status: &'static str| {
        Server::new(move |request| match request.authorization() {
            Some(_) => format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"),
            None => asks(&["Basic realm=\"r\""]),
        })
    };
    vec![
        plain("Basic realm=\"r\"", "Basic"),
        plain("Bearer realm=\"token\"", "Bearer"),
        plain("Basic realm=\"r\"", "nothing"),
        plain("Bearer realm=\"token\"", "nothing"),
        digest(Manner::default()),
        digest(Manner { info: Info::Trailers, next_after: 1, algorithm: Some("MD5-sess"), ..Manner::default() }),
        digest(Manner { user: "another", user_parameter: Some("username=\"Aladdin\""), ..Manner::default() }),
        echo("500 Broken"),
        echo("nonsense"),
        echo("99 nonsense"),
        Server::new(|request| match request.authorization() {
            Some(_) => response("200 OK", &["Authentication-Info: rspauth=\"lie\", nc=00000009"], ""),
            None => asks(&["Digest realm=\"WallyWorld\", qop=auth, nonce=n"]),
        }),
        Server::new(|request| if request.authorization().is_some() { String::new() } else { asks(&["Basic"]) }),
    ]
}

#[test]
fn nothing_of_them_is_to_be_seen() {
    let mut shown = Shown::default();
    for is_ahead in [false, true] {
        for server in servers() {
            let (net, session) = world(&server);
            give_all(&session, is_ahead);
            for target in ["/a/b", "/a/c"] {
                let outcome = fetch(&net, &session, "GET", target).map(|whole| whole.head.status);
                shown.note(&session, outcome);
            }
            // While it is in progress, too.
            let mut request = session.request("PUT", "/up");
            request.set_streamed_content(None);
            let exchange = request.start(true).unwrap();
            exchange.advance();
            shown.note(&session, exchange.finish(Fields::default()).map(|()| 0));
            shown.note(&session, answer(&net, &exchange).map(|response| response.head().status));
        }
    }
    // A value that is refused is not quoted either.
    let (_, session) = world(&servers()[0]);
    let none = Schemes::default();
    let refused = [
        session.change_credentials(|known| known.set_login(None, login(USER, &format!("{PASSWORD}\n")), ANY, false)),
        session.change_credentials(|known| known.set_login(None, login(&format!("{PASSWORD}:"), ""), ANY, false)),
        session.change_credentials(|known| known.set_login(None, login(USER, PASSWORD), none, false)),
        session.change_credentials(|known| known.set_token(None, Secret::new(format!("{TOKEN} ")), None, false)),
    ];
    shown.0.extend(refused.into_iter().map(|refused| refused.unwrap_err().to_owned()));
    assert!(shown.0.len() > 300, "{}", shown.0.len());
    shown.assert_clean();
    // The events show that credentials were sent. Otherwise this test would prove nothing.
    assert!(shown.0.iter().any(|text| text.contains("Authorization: Basic ***")));
    assert!(shown.0.iter().any(|text| text.contains("Authorization: Bearer ***")));
    assert!(shown.0.iter().any(|text| text.contains("Authorization: Digest ***")));
}

/// The requests made under each failure: two, one of them with content.
fn story(net: &SimNet, session: &Session) -> Vec<Result<u16, Error>> {
    let mut post = session.request("POST", "/a/d");
    post.set_content(vec![b'x'; 1000]);
    let mut outcomes = vec![fetch(net, session, "GET", "/a/b").map(|whole| whole.head.status)];
    outcomes.push(send(net, &post).map(|whole| whole.head.status));
    outcomes
}

#[test]
fn each_operation_that_fails_ends_in_an_answer_or_an_error() {
    let manners = [
        Manner::default(),
        Manner { info: Info::Trailers, next_after: 1, algorithm: Some("SHA-256-sess"), ..Manner::default() },
        Manner { stale_after: 1, ..Manner::default() },
    ];
    let ways =
        [Failure::Fault(Fault::Reset), Failure::Fault(Fault::Other), Failure::End, Failure::Short, Failure::Stall];
    let mut shown = Shown::default();
    for manner in manners {
        let operations = {
            let (net, session) = world(&Server::new(Checker::new(manner.clone()).rule()));
            give_all(&session, false);
            assert!(story(&net, &session).into_iter().all(|outcome| outcome == Ok(200)));
            net.operations()
        };
        for way in ways {
            for number in 1..=operations {
                // The checker fails the test if a nonce count is used twice.
                let server = Server::new(Checker::new(manner.clone()).rule());
                let (net, session) = world(&server);
                give_all(&session, false);
                net.fail_at(number, way);
                for outcome in story(&net, &session) {
                    assert!(
                        outcome.is_err() || outcome == Ok(200),
                        "{way:?} at {number}: {outcome:?} {manner:?} {:#?}",
                        server.seen()
                    );
                    shown.note(&session, outcome);
                }
                // Whatever happened, the session goes on.
                assert_eq!(get(&net, &session, "/"), 200, "{way:?} at {number}");
                shown.note(&session, Ok(200));
            }
        }
    }
    shown.assert_clean();
}
