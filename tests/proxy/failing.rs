//! Ways through proxies with their first operation failing, then their second, until none is left to fail.
//!
//! However it fails: the exchange ends as it would have or in an error; no time goes by but that of one deadline; no
//! connection is left open that is of no use; and the session serves the next request.

use xenon::error::Phase;
use xenon::net::Fault;
use xenon::net::sim::{Failure, SimNet};

use crate::peer::{Peer, peer};
use crate::support::*;

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

const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\n";
const GRANTED: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// What a proxy speaks, the origin's scheme, and what the proxy does.
type Story = (&'static str, &'static str, fn() -> Peer);

const STORIES: [Story; 6] = [
    ("http", "http", || peer().answers(9)),
    ("http", "https", || peer().head().send(OPEN).secure(&origin()).answers(9)),
    ("https", "http", || peer().secure(&proxy()).answers(9)),
    ("https", "https", || peer().secure(&proxy()).head().send(OPEN).secure(&origin()).answers(9)),
    ("socks5h", "http", || peer().bytes(3).send([5, 0]).bytes(18).send(GRANTED).answers(9)),
    ("socks4a", "https", || peer().bytes(21).send([0, 90, 0, 0, 0, 0, 0, 0]).secure(&origin()).answers(9)),
];

fn run((kind, scheme, serve): &Story, failure: Option<(u64, Failure)>) -> SimNet {
    let net = world((0..6).map(|_| serve()));
    if let Some((operation, failure)) = failure {
        net.fail_at(operation, failure);
    }
    let session = through(&net, scheme, kind);
    let (outcomes, took) = timed(&net, || [get(&net, &session), get(&net, &session)]);
    let context = || format!("{kind} {scheme}: {failure:?}");
    for outcome in outcomes {
        match outcome {
            Ok(content) => assert_eq!(content, "ok", "{}", context()),
            Err(error) => {
                assert!(failure.is_some(), "{}: {error:?}", context());
                assert_ne!(error.phase, Phase::Setup, "{}: {error:?}", context());
                let words = &error.detail;
                assert!(error.phase != Phase::Proxy || words.starts_with(&format!("proxy {kind}://proxy.test:1080: ")));
            }
        }
    }
    assert!(took <= 61 * SECOND, "{}: {took:?}", context());
    assert!(net.open_connections() <= 1, "{}", context());
    if net.has_unused_failures() {
        return net;
    }
    // A connection that hangs goes on hanging.
    session.close_connection();
    assert_eq!(get(&net, &session).expect("the next request is served"), "ok", "{}", context());
    drop(session);
    assert_eq!(net.open_connections(), 0, "{}", context());
    net
}

#[test]
fn the_session_survives_every_failure_of_every_operation() {
    for story in &STORIES {
        let operations = run(story, None).operations();
        for failure in KINDS {
            let mut number = 1;
            // A failure may make a run longer, and never is one without an end.
            while number < 4 * operations {
                let net = run(story, Some((number, failure)));
                if net.has_unused_failures() {
                    break;
                }
                number += 1;
            }
            assert!(number > operations / 2, "{} {}: {failure:?} {number} {operations}", story.0, story.1);
        }
    }
}
