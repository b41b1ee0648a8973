//! Basic, and what holds for every scheme: when credentials are sent, to whom, and how often.

use xenon::session::events::CloseReason;

use crate::server::*;
use crate::support::*;

/// A server that lets in who has this field, and asks everybody else so.
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
    ] {
        // A session that has learned of nothing else.
        let (net, session) = world(&server);
        give(&session, ANY);
        get(&net, &session, "/a/b/c");
        server.take();
        assert_eq!(get(&net, &session, target), 200);
        assert_eq!(server.take()[0].authorization().is_some(), is_ahead, "{target}");
    }
}
