//! Stories over TLS with their first operation failing, then their second, until none is left to fail.
//!
//! However it fails: each exchange ends as it would have or in an error that fits; no time goes by but that of one deadline;
//! nothing that must not be repeated is; no connection is left open; and the session serves the next request.

use std::time::Duration;

use xenon::error::{Code, Error, Phase};
use xenon::net::Fault;
use xenon::net::sim::{Failure, Operation, Script, Segments, SimNet};

use crate::server::*;
use crate::support::*;

type Outcome = Result<String, Error>;

/// Something that is done with a session, and what came of it.
struct Story {
    name: &'static str,
    /// What each connection's server does.
    serve: fn(&Settings) -> Peer,
    run: fn(&SimNet, &Session) -> Vec<Outcome>,
}

/// Where the request goes that follows a story.
const OTHER_PEER: &str = "10.9.9.9:443";

/// The longest that one failure can hold up an exchange.
const LONGEST: Duration = Duration::from_secs(61);

const KINDS: [Failure; 8] = [
    Failure::Fault(Fault::Reset),
    Failure::Fault(Fault::TimedOut),
    Failure::Fault(Fault::Refused),
    Failure::Fault(Fault::Denied),
    Failure::Fault(Fault::Other),
    Failure::End,
    Failure::Short,
    Failure::Stall,
];

const STORIES: [Story; 6] = [
    Story {
        name: "GET, then another",
        serve: |settings| settings.answers(9),
        run: |net, session| vec![get(net, session), get(net, session)],
    },
    Story {
        name: "GET, and after the connection was closed another",
        serve: |settings| settings.answers(9),
        run: |net, session| {
            let first = get(net, session);
            session.close_connection();
            vec![first, get(net, session)]
        },
    },
    Story {
        name: "POST, then another",
        serve: |settings| settings.answers(9),
        run: |net, session| {
            let targets = ["/once-1", "/once-2"];
            let post = |target| {
                let mut request = session.request("POST", target);
                request.set_content(b"hello".to_vec());
                send(net, &request).map(|whole| text(whole.content))
            };
            targets.map(post).into()
        },
    },
    Story {
        name: "PUT of much",
        serve: |settings| {
            let peer = settings.peer().head().bytes(100_000).then(|script| script.window(30_000).delay(SECOND));
            peer.bytes(100_000).send(ok("ok")).listen()
        },
        run: |net, session| {
            let mut request = session.request("PUT", "/");
            request.set_content(vec![b'x'; 200_000]);
            vec![send(net, &request).map(|whole| text(whole.content))]
        },
    },
    Story {
        name: "content in pieces, under new keys",
        serve: |settings| {
            let peer = settings.peer().head().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall").delay(SECOND);
            let peer = if settings.config.send_tls13_tickets == 2 { peer } else { peer.change_keys() };
            peer.send(" of").delay(SECOND).send(" it").listen()
        },
        run: |net, session| vec![get(net, session)],
    },
    Story {
        name: "content to the farewell",
        serve: |settings| {
            settings.peer().head().send("HTTP/1.1 200 OK\r\n\r\nall").send(" of it").say_farewell().close()
        },
        run: |net, session| vec![get(net, session)],
    },
];

/// One run: what came of it, how long it took, what the failure hit.
fn run(
    story: &Story,
    settings: &Settings,
    segments: &Segments,
    failure: Option<(u64, Failure)>,
) -> (Vec<Outcome>, Duration, Option<Operation>) {
    let peers: Vec<Peer> = (0..4).map(|_| (story.serve)(settings)).collect();
    let servers: Vec<Server> = peers.iter().map(Peer::server).collect();
    let (net, session) = world(peers);
    net.listen(at(OTHER_PEER), [settings.answers(9), settings.answers(9)].map(Script::from));
    net.set_segments(segments.clone());
    if let Some((operation, failure)) = failure {
        net.fail_at(operation, failure);
    }
    let (outcomes, took) = timed(&net, || (story.run)(&net, &session));
    let hit = failure.and_then(|(number, _)| net.operation(number));
    let context = || format!("{}: {failure:?} hit {hit:?}", story.name);

    let heard: String = servers.iter().map(Server::plaintext).collect();
    for target in ["/once-1", "/once-2"] {
        assert!(heard.matches(target).count() <= 1, "sent twice; {}", context());
    }
    if failure.is_none() || hit.is_some() {
        session.set_addresses(&["10.9.9.9".into()]).unwrap();
        session.close_connection();
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "the next request; {}", context());
    }
    session.close_connection();
    assert_eq!(net.open_connections(), 0, "{}", context());
    if failure.is_none() {
        assert!(servers.iter().all(|server| server.error().is_none()), "{}", context());
    }
    (outcomes, took, hit)
}

/// Whether an exchange may end in this error when this operation fails so.
fn fits(operation: Operation, failure: Failure, error: &Error) -> bool {
    let Error { phase, code, .. } = error;
    let on_the_way = matches!(phase, Phase::Handshake | Phase::Send | Phase::Head | Phase::Body);
    match (operation, failure) {
        // A byte that is none of a record.
        (Operation::Check, Failure::Short) => (*phase, code) == (Phase::Head, &Code::TlsProtocol),
        (_, Failure::Short) => false,
        (Operation::Lookup, _) => *phase == Phase::Resolve,
        (Operation::Connect, Failure::End) => (*phase, code) == (Phase::Handshake, &Code::ConnectionTerminated),
        (Operation::Connect, _) => *phase == Phase::Connect,
        (Operation::Check, Failure::Fault(_) | Failure::End) => false,
        (Operation::Send | Operation::Receive | Operation::Check, Failure::Stall) => match phase {
            Phase::Handshake => *code == Code::TlsHandshakeTimeout,
            Phase::Send => *code == Code::ConnectionWriteTimeout,
            Phase::Head => *code == Code::ResponseTimeout,
            Phase::Body => *code == Code::ConnectionReadTimeout,
            _ => false,
        },
        // Sending has failed; the server, who knows nothing of it, may go on waiting.
        (Operation::Send, _) => match phase {
            Phase::Head => matches!(code, Code::ConnectionTerminated | Code::ResponseTimeout),
            _ => on_the_way && *code == Code::ConnectionTerminated,
        },
        (Operation::Receive, _) => on_the_way && *code == Code::ConnectionTerminated,
    }
}

fn fail_each(settings: &Settings, segments: &Segments) {
    for story in &STORIES {
        let (clean, usual, _) = run(story, settings, segments, None);
        assert!(clean.iter().all(Result::is_ok), "{}: {clean:?}", story.name);
        for kind in KINDS {
            for number in 1.. {
                let (outcomes, took, hit) = run(story, settings, segments, Some((number, kind)));
                let Some(operation) = hit else {
                    assert!(number > 5, "{} has no operations", story.name);
                    break;
                };
                let context = || format!("{}: {operation:?} {number} {kind:?}", story.name);
                for (outcome, expected) in outcomes.iter().zip(&clean) {
                    match outcome {
                        Ok(_) => assert_eq!(outcome, expected, "nothing is cut unnoticed; {}", context()),
                        Err(error) => assert!(fits(operation, kind, error), "{error:?}; {}", context()),
                    }
                }
                assert_eq!(outcomes.len(), clean.len(), "{}", context());
                assert!(outcomes.iter().filter(|outcome| outcome.is_err()).count() <= 1, "{}", context());
                assert!(took <= usual + LONGEST, "it took {took:?}; {}", context());
            }
        }
    }
}

#[test]
fn each_operation_of_each_story() {
    fail_each(&settings(&good(), TLS12), &Segments::Whole);
    fail_each(&settings(&good(), TLS13).with(|config| config.send_tls13_tickets = 1), &Segments::Whole);
}

#[test]
fn each_operation_where_bytes_come_in_dribs() {
    fail_each(
        &settings(&good(), TLS13).with(|config| config.send_tls13_tickets = 1),
        &Segments::At((1..9).map(|n| n * 150).collect()),
    );
}
