//! Content and authentication: the request's content, which may have to be sent twice, and the challenge's, which is discarded.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use xenon::auth::Schemes;
use xenon::error::{Code, Error, Phase};
use xenon::http::fields::Fields;
use xenon::net::Net;
use xenon::net::sim::{Script, SimNet};
use xenon::session::events::CloseReason;

use crate::checker::{Checker, Manner};
use crate::server::*;
use crate::support::*;

const CHALLENGE: &str = "Basic realm=\"r\"";

fn lets_in() -> Server {
    Server::new(|request| if request.authorization() == Some(BASIC) { ok("come in") } else { asks(&[CHALLENGE]) })
}

/// The same, but it reads all content before it responds.
fn takes_all() -> Server {
    Server::new(|request| match request.authorization() {
        Some(BASIC) => ok("come in"),
        _ if request.is_waiting => ok("go on"),
        _ => asks(&[CHALLENGE]),
    })
}

/// Sends this content, streamed in pieces, chunked or with its length.
fn stream(net: &SimNet, session: &Session, is_chunked: bool, pieces: &[&[u8]]) -> Result<u16, Error> {
    let length = pieces.iter().map(|piece| piece.len() as u64).sum();
    let mut request = session.request("PUT", "/up/x");
    request.set_streamed_content((!is_chunked).then_some(length));
    let exchange = request.start(true)?;
    for piece in pieces {
        let mut piece = Some(piece.to_vec());
        net.run(poll_fn(|context| {
            while let Some(unsent) = piece.take() {
                match exchange.try_write(unsent) {
                    Err(error) => return Poll::Ready(Err(error)),
                    Ok(Ok(())) => return Poll::Ready(Ok(())),
                    Ok(Err(refused)) => piece = Some(refused),
                }
                if exchange.poll_ready(context).is_pending() {
                    return Poll::Pending;
                }
            }
            Poll::Ready(Ok(()))
        }))?;
    }
    if is_chunked {
        exchange.finish(Fields::default())?;
    }
    answer(net, &exchange).map(|response| response.head().status)
}

#[test]
fn bytes_go_again_whole() {
    for length in [0, 1, 100_000] {
        let content = vec![b'x'; length];
        let server = lets_in();
        let (net, session) = world(&server);
        give(&session, ANY);
        for method in ["POST", "PUT"] {
            let mut request = session.request(method, "/up/x");
            request.set_content(content.clone());
            assert_eq!(send(&net, &request).unwrap().head.status, 200);
        }
        let seen = server.seen();
        assert_eq!((seen.len(), net.connections()), (3, 1));
        assert!(seen.iter().all(|seen| seen.content == content && seen.field("Expect").is_none()));
    }
    // With `Expect: 100-continue`, no content is sent in vain.
    let server = lets_in();
    let (net, session) = world(&server);
    give(&session, ANY);
    let mut request = session.request("POST", "/");
    request.set_content(b"content".to_vec());
    request.set_expect_continue(true);
    assert_eq!(send(&net, &request).unwrap().head.status, 200);
    let contents: Vec<_> = server.seen().into_iter().map(|seen| seen.content).collect();
    assert_eq!(contents, [b"".to_vec(), b"content".to_vec()]);
}

#[test]
fn streamed_content_waits_for_a_possible_challenge() {
    for is_chunked in [false, true] {
        let server = lets_in();
        let (net, session) = world(&server);
        give(&session, ANY);
        let pieces: [&[u8]; 3] = [b"a", b"bcd", &[b'e'; 100_000]];
        let began = net.now();
        assert_eq!(stream(&net, &session, is_chunked, &pieces).unwrap(), 200);
        assert_eq!(net.now().since(began), Duration::ZERO, "it waits for nobody");
        let seen = server.take();
        assert_eq!((seen[0].content.len(), seen[1].content.len(), seen.len()), (0, 100_004, 2));
        assert_eq!(told(&session).1, [CloseReason::UnsentContent]);
        // From here on the credentials go ahead.
        assert_eq!(stream(&net, &session, is_chunked, &pieces).unwrap(), 200);
        let seen = server.take();
        assert_eq!((seen.len(), seen[0].field("Expect")), (1, None));
    }
}

#[test]
fn a_digest_may_be_stale_so_it_is_asked_about_each_time() {
    let server = Server::new(Checker::new(Manner { stale_after: 2, ..Manner::default() }).rule());
    let (net, session) = world(&server);
    give(&session, DIGEST);
    for _ in 0..10 {
        assert_eq!(stream(&net, &session, true, &[b"abc", b"def"]).unwrap(), 200);
    }
}

#[test]
fn streamed_content_refused_by_401_is_an_error_then_sent_signed() {
    for is_chunked in [false, true] {
        let server = takes_all();
        let (net, session) = world(&server);
        give(&session, ANY);
        let error = stream(&net, &session, is_chunked, &[b"abc"]).unwrap_err();
        assert_eq!((error.phase, error.code, error.may_retry), (Phase::Head, Code::ContentNotRepeatable, true));
        assert_eq!((net.connections(), net.open_connections()), (1, 0));
        assert_eq!(stream(&net, &session, is_chunked, &[b"abc"]).unwrap(), 200);
        assert_eq!(server.seen().last().unwrap().field("Expect"), None);
        // Without credentials, the 401 is the response.
        session.change_credentials(|known| known.forget(None));
        assert_eq!(stream(&net, &session, is_chunked, &[b"abc"]).unwrap(), 401);
    }
    // A wrong password is refused the second time, and that is the end.
    let server = takes_all();
    let (net, session) = world(&server);
    give_for(&session, None, "wrong", ANY);
    assert_eq!(stream(&net, &session, true, &[b"abc"]).unwrap_err().code, Code::ContentNotRepeatable);
    assert_eq!(stream(&net, &session, true, &[b"abc"]).unwrap(), 401);
}

#[test]
fn who_knows_no_expectations_is_not_asked_again() {
    let server = Server::new(|request| match (request.field("Expect"), request.authorization()) {
        (Some(_), _) => response("417 Expectation Failed", &[], ""),
        (None, Some(BASIC)) => ok("come in"),
        _ => asks(&[CHALLENGE]),
    });
    let (net, session) = world(&server);
    give(&session, ANY);
    // The server does not know that the request would be repeated, so it refuses it.
    assert_eq!(stream(&net, &session, true, &[b"abc"]).unwrap_err().code, Code::ContentNotRepeatable);
    assert_eq!(stream(&net, &session, true, &[b"abc"]).unwrap(), 200);
}

#[test]
fn what_goes_ahead_asks_nobody() {
    let server = lets_in();
    let (net, session) = world(&server);
    let schemes = Schemes { basic: true, ..Schemes::default() };
    session.change_credentials(|known| known.set_login(None, login(USER, PASSWORD), schemes, true)).unwrap();
    assert_eq!(stream(&net, &session, true, &[b"abc"]).unwrap(), 200);
    assert_eq!((server.seen().len(), server.seen()[0].field("Expect")), (1, None));
}

/// A server whose challenge has this content, and that then does `rest`.
fn challenges_with(content: &str, rest: impl FnOnce(Script) -> Script) -> Script {
    rest(Script::new().expect_head().send(format!("HTTP/1.1 401 No\r\nWWW-Authenticate: {CHALLENGE}\r\n{content}")))
}

fn answers(script: Script) -> Script {
    script.expect_head().send(ok("come in"))
}

fn asked(scripts: impl IntoIterator<Item = Script>) -> (SimNet, Session) {
    let net = crate::again::net();
    net.name(NAME, [peer().ip()]);
    net.listen(peer(), scripts);
    let session = Session::new(net.clone(), "http", NAME, 80);
    session.set_events(true);
    give(&session, ANY);
    (net, session)
}

#[test]
fn content_of_a_challenge_is_drained_to_keep_the_connection() {
    let much = "x".repeat(64 * 1024);
    for content in [
        "Content-Length: 0\r\n\r\n".to_owned(),
        "Content-Length: 5\r\n\r\nhello".to_owned(),
        format!("Content-Length: 65536\r\n\r\n{much}"),
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n".to_owned(),
        "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nbogus".to_owned(),
    ] {
        let (net, session) = asked([challenges_with(&content, answers)]);
        let whole = fetch(&net, &session, "GET", "/").unwrap();
        assert_eq!((whole.head.status, whole.content.as_slice(), net.connections()), (200, b"come in".as_slice(), 1));
        assert!(!whole.head.fields.contains("Content-Encoding"), "nothing of the challenge is in the response");
        net.assert_done();
    }
}

#[test]
fn connection_closes_after_401_if_it_cannot_be_kept() {
    let endless = |script: Script| script.send_fill(b'x', u64::MAX);
    let fresh = || answers(Script::new());
    let much = format!("Transfer-Encoding: chunked\r\n\r\n{}", "4000\r\n".to_owned() + &"x".repeat(0x4000) + "\r\n");
    let many = format!("{much}{}", ("4000\r\n".to_owned() + &"x".repeat(0x4000) + "\r\n").repeat(5));
    let ways: Vec<(Script, CloseReason)> = vec![
        (challenges_with("Connection: close\r\nContent-Length: 5\r\n\r\n", |script| script), CloseReason::PeerAsked),
        (challenges_with("\r\n", endless), CloseReason::ContentToEnd),
        (challenges_with("Content-Length: 65537\r\n\r\n", endless), CloseReason::UnreadContent),
        (challenges_with(&many, |script| script), CloseReason::UnreadContent),
        (challenges_with("Content-Length: 2\r\n\r\nabc", |script| script), CloseReason::StrayBytes),
        (challenges_with("Content-Length: 5\r\n\r\nab", Script::close), CloseReason::Failed),
        (challenges_with("Content-Length: 5\r\n\r\nab", Script::reset), CloseReason::Failed),
        (challenges_with("Transfer-Encoding: chunked\r\n\r\nfish\r\n", |script| script), CloseReason::Failed),
    ];
    for (script, reason) in ways {
        let (net, session) = asked([script, fresh()]);
        let whole = fetch(&net, &session, "GET", "/").unwrap();
        assert_eq!((whole.head.status, net.connections(), net.open_connections()), (200, 2, 1), "{reason:?}");
        assert_eq!(told(&session), (vec![("Basic", "r".into())], vec![reason]));
    }
    // A request with `Connection: close`.
    let (net, session) = asked([challenges_with("Content-Length: 0\r\n\r\n", |script| script), fresh()]);
    session.change_options(|options| options.is_persistent = false);
    assert_eq!((get(&net, &session, "/"), net.connections()), (200, 2));
}

#[test]
fn draining_a_challenge_has_a_deadline() {
    let (net, session) = asked([challenges_with("Content-Length: 5\r\n\r\nab", Script::stall), answers(Script::new())]);
    let began = net.now();
    let between = session.options().deadlines().between_bytes;
    assert_eq!(get(&net, &session, "/"), 200);
    assert_eq!(net.now().since(began), between);
    // A trickle ends at the deadline of the exchange.
    let trickle =
        |script: Script| (0..1000).fold(script, |script, _| script.delay(Duration::from_secs(30)).send("1\r\nx\r\n"));
    let (net, session) =
        asked([challenges_with("Transfer-Encoding: chunked\r\n\r\n", trickle), answers(Script::new())]);
    let end = session.options().deadlines().exchange;
    let began = net.now();
    let error = fetch(&net, &session, "GET", "/").unwrap_err();
    assert_eq!((error.code, net.now().since(began)), (Code::ExchangeTimeout, end));
}

#[test]
fn non_idempotent_requests_are_signed_after_a_401() {
    // A refused request was not carried out.
    let server = lets_in();
    let (net, session) = world(&server);
    give(&session, ANY);
    assert_eq!(fetch(&net, &session, "POST", "/").unwrap().head.status, 200);
    // It is not sent a third time, if the connection breaks during the second.
    let mut number = 0;
    let server = Server::new(move |_| {
        number += 1;
        if number == 1 { asks(&[CHALLENGE]) } else { String::new() }
    });
    let (net, session) = world(&server);
    give(&session, ANY);
    let error = fetch(&net, &session, "POST", "/").unwrap_err();
    assert_eq!((error.code, error.may_retry, server.seen().len()), (Code::ConnectionTerminated, true, 2));
}
