//! Every story again with its first operation failing, then its second, until none is left to fail.
//!
//! After any failure: each exchange ends as without it, or with an error that fits it. It takes no longer than one deadline. No
//! request that must not be repeated is repeated. No connection is left open. The session serves the next request.

use std::time::Duration;

use xenon::error::{Code, Error, Phase};
use xenon::net::Fault;
use xenon::net::sim::{Failure, Operation, Segments, SimNet};
use xenon::session::events::Kind;

use crate::stories::{LONGEST, Outcome, Story, stories};
use crate::support::*;

/// The peer of the request that follows a story.
const OTHER_PEER: &str = "10.9.9.9:80";

const KINDS: [Failure; 9] = [
    Failure::Fault(Fault::Reset),
    Failure::Fault(Fault::TimedOut),
    Failure::Fault(Fault::Refused),
    Failure::Fault(Fault::Unreachable),
    Failure::Fault(Fault::Denied),
    Failure::Fault(Fault::Other),
    Failure::End,
    Failure::Short,
    Failure::Stall,
];

/// The record of one run.
struct Run {
    outcomes: Vec<Outcome>,
    took: Duration,
    /// The operation that each requested failure hit, if any.
    hit: Vec<(Option<Operation>, Failure)>,
}

fn run(story: &Story, segments: &Segments, failures: &[(u64, Failure)]) -> Run {
    let net = crate::again::net();
    net.name(NAME, [at(PEER).ip()]);
    net.set_segments(segments.clone());
    (story.arrange)(&net);
    net.listen(at(OTHER_PEER), [answers(9), answers(9), answers(9)]);
    for (operation, failure) in failures {
        net.fail_at(*operation, *failure);
    }
    let session = session_of(&net);
    let (outcomes, took) = timed(&net, || (story.run)(&net, &session));
    let hit: Vec<_> = failures.iter().map(|(number, failure)| (net.operation(*number), *failure)).collect();
    let context = || format!("{}: {failures:?} hit {hit:?}", story.name);

    assert_sent_once(&net, &context());
    if hit.iter().all(|(operation, _)| operation.is_some()) {
        session.set_addresses(&["10.9.9.9".into()]).unwrap();
        if outcomes.iter().any(Result::is_err) {
            // The peer of a kept connection may be at another step of its script than the session.
            session.close_connection();
        }
        let next = get(&net, &session);
        assert!(next.is_ok(), "the next request: {next:?}; {}", context());
    }
    session.close_connection();
    assert_eq!(net.open_connections(), 0, "{}", context());
    assert_events(&session, &outcomes, &context());
    drop(session);
    assert_eq!(net.open_connections(), 0, "{}", context());
    Run { outcomes, took, hit }
}

/// Requests to `/once...` must not arrive twice.
fn assert_sent_once(net: &SimNet, context: &str) {
    let all: String =
        (0..net.connections()).map(|number| String::from_utf8_lossy(&net.sent(number)).into_owned()).collect();
    let mut targets: Vec<&str> = all.split("POST /once").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    let count = targets.len();
    targets.sort_unstable();
    targets.dedup();
    assert_eq!(targets.len(), count, "sent twice; {context}");
}

/// Each connection was closed once, each exchange ended once, and time never went back.
fn assert_events(session: &Session, outcomes: &[Outcome], context: &str) {
    let events = session.take_events();
    let numbers_of = |is_such: fn(&Kind) -> bool, of_connection: bool| {
        let such = events.iter().filter(|event| is_such(&event.what));
        let number = |event: &xenon::session::events::Event| match of_connection {
            true => event.subject.connection,
            false => event.subject.exchange,
        };
        let mut numbers: Vec<u64> = such.map(number).collect();
        numbers.sort_unstable();
        numbers
    };
    let connected = numbers_of(|what| matches!(what, Kind::Connected(_)), true);
    let closed = numbers_of(|what| matches!(what, Kind::Closed(_)), true);
    assert_eq!(connected, closed, "{context}");
    let ended = numbers_of(|what| matches!(what, Kind::Complete | Kind::Failed(_)), false);
    let mut once = ended.clone();
    once.dedup();
    assert_eq!(ended, once, "an exchange ended twice; {context}");
    let failed = numbers_of(|what| matches!(what, Kind::Failed(_)), false).len();
    // Writing can fail while there is a response to read.
    let is_failure = |outcome: &&Outcome| outcome.as_ref().is_err_and(|error| error.phase != Phase::Send);
    assert!(failed >= outcomes.iter().filter(is_failure).count(), "{context}");
    assert!(events.is_sorted_by_key(|event| event.at), "{context}");
}

/// The rule: whether an exchange may end with this error when this operation fails in this way.
fn fits(operation: Operation, failure: Failure, error: &Error) -> bool {
    let Error { phase, code, .. } = error;
    let is_terminated = *code == Code::ConnectionTerminated;
    let of_stream = matches!(phase, Phase::Send | Phase::Head | Phase::Body);
    match (operation, failure) {
        // Some addresses are missing, and the others may not accept. Everything else just takes more steps.
        (Operation::Lookup, Failure::Short) => *phase == Phase::Connect,
        (_, Failure::Short) => false,
        (Operation::Lookup, Failure::Stall) => (*phase, code) == (Phase::Resolve, &Code::LookupTimeout),
        (Operation::Lookup, _) => *phase == Phase::Resolve && matches!(code, Code::Lookup(_)),
        // If there is another address, that may be the last to fail.
        (Operation::Connect, Failure::Fault(fault)) => {
            let others = [Code::ConnectionRefused, Code::ConnectionTimeout];
            *phase == Phase::Connect && (*code == connecting(fault) || others.contains(code))
        }
        (Operation::Connect, Failure::Stall) => (*phase, code) == (Phase::Connect, &Code::ConnectionTimeout),
        // Sending has failed. The peer does not know that, and may have responded, or may still be waiting.
        (Operation::Send, Failure::Fault(_) | Failure::End) => match phase {
            Phase::Send => is_terminated,
            Phase::Head => is_terminated || *code == Code::ResponseTimeout,
            Phase::Body => *code == Code::ConnectionReadTimeout,
            _ => false,
        },
        (Operation::Send, Failure::Stall) => (*phase, code) == (Phase::Send, &Code::ConnectionWriteTimeout),
        (Operation::Receive, Failure::Fault(_)) => of_stream && is_terminated,
        // The same for a connection that ended as soon as it was made.
        (Operation::Receive | Operation::Connect, Failure::End) => match phase {
            Phase::Body => *code == Code::ResponseIncomplete,
            _ => of_stream && is_terminated,
        },
        // A caller that waits for the response before it has written all content has only the deadline of the exchange.
        (Operation::Receive, Failure::Stall) => matches!(
            (phase, code),
            (Phase::Head, Code::ResponseTimeout)
                | (Phase::Body, Code::ConnectionReadTimeout)
                | (Phase::Send | Phase::Head, Code::ExchangeTimeout)
        ),
        // It was found alive, and nothing could be sent.
        (Operation::Check, Failure::Stall) => (*phase, code) == (Phase::Send, &Code::ConnectionWriteTimeout),
        // A connection that is found dead is replaced.
        (Operation::Check, _) => false,
    }
}

fn connecting(fault: Fault) -> Code {
    match fault {
        Fault::Refused => Code::ConnectionRefused,
        Fault::TimedOut => Code::ConnectionTimeout,
        Fault::Unreachable => Code::DestinationUnroutable,
        Fault::Denied => Code::DestinationProhibited,
        Fault::Reset => Code::ConnectionTerminated,
        _ => Code::Other(None),
    }
}

fn assert_fits(story: &Story, run: &Run, clean: &Run) {
    let context = || format!("{}: {:?}", story.name, run.hit);
    assert_eq!(run.outcomes.len(), clean.outcomes.len(), "{}", context());
    for (outcome, expected) in run.outcomes.iter().zip(&clean.outcomes) {
        let expected = expected.as_ref().unwrap();
        match outcome {
            // Content that ends with the connection is short if the connection ends early, and nothing shows that.
            Ok(got) => {
                let is_cut = story.name.contains("to the end") && expected.starts_with(got);
                assert!(got == expected || is_cut, "{got:?} is not {expected:?}; {}", context());
            }
            Err(error) => {
                let fits = run
                    .hit
                    .iter()
                    .any(|(operation, failure)| operation.is_some_and(|operation| fits(operation, *failure, error)));
                assert!(fits, "{error:?} does not fit; {}", context());
                assert!(!error.detail.is_empty() && !error.detail.contains(char::is_control), "{error:?}");
                assert!(!error.may_retry || error.code == Code::ConnectionTerminated, "{error:?}; {}", context());
            }
        }
    }
    let failed = run.outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(failed <= run.hit.len(), "{failed} exchanges failed of it; {}", context());
    let most = clean.took + u32::try_from(run.hit.len()).unwrap() * LONGEST;
    assert!(run.took <= most, "it took {:?}; {}", run.took, context());
}

/// The run without failures, and the number of its operations.
fn clean(story: &Story, segments: &Segments) -> Run {
    let clean = run(story, segments, &[]);
    for outcome in &clean.outcomes {
        assert!(outcome.is_ok(), "{}: {outcome:?}", story.name);
    }
    clean
}

/// Fails each operation of the story in turn, in each way. Returns the number of runs.
fn fail_each(story: &Story, segments: &Segments) -> u64 {
    let clean = clean(story, segments);
    let mut runs = 0;
    for kind in KINDS {
        for number in 1.. {
            let run = run(story, segments, &[(number, kind)]);
            if run.hit[0].0.is_none() {
                assert!(number > 2, "{} has no operations", story.name);
                break;
            }
            assert_fits(story, &run, &clean);
            runs += 1;
        }
    }
    runs
}

#[test]
fn each_operation_of_each_story() {
    let runs: u64 = stories().map(|story| fail_each(story, &Segments::Whole)).sum();
    count(stories().count() as u64, "stories of a session");
    count(runs, "runs of them, each with another operation failing in another way");
}

#[test]
fn each_operation_where_bytes_come_in_dribs() {
    let runs: u64 = stories().map(|story| fail_each(story, &Segments::Random(1))).sum();
    count(runs, "runs of them with one failure, bytes coming in dribs");
}

#[test]
fn two_operations_of_each_story() {
    const PAIRS: [(Failure, Failure); 4] = [
        (Failure::Fault(Fault::Reset), Failure::Fault(Fault::Reset)),
        (Failure::End, Failure::Stall),
        (Failure::Stall, Failure::End),
        (Failure::Short, Failure::Fault(Fault::Other)),
    ];
    let mut runs = 0;
    for story in stories() {
        let clean = clean(story, &Segments::Whole);
        for (first, second) in PAIRS {
            'numbers: for number in 1.. {
                for distance in 1.. {
                    let run = run(story, &Segments::Whole, &[(number, first), (number + distance, second)]);
                    if run.hit[0].0.is_none() {
                        break 'numbers;
                    }
                    if run.hit[1].0.is_none() {
                        break;
                    }
                    assert_fits(story, &run, &clean);
                    runs += 1;
                }
            }
        }
    }
    count(runs, "runs of them with two failures");
}
