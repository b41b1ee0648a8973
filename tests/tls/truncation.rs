//! Responses of each framing that are cut at each byte, below TLS and by TLS's own end: what is missing is never taken for an end.

use xenon::error::{Code, Phase};
use xenon::net::sim::Segments;
use xenon::session::events::CloseReason;

use crate::server::*;
use crate::support::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\n";

/// A framing: the last lines of the head and its empty line, the content as it is sent, and what it is.
struct Framing {
    name: &'static str,
    end_of_head: &'static str,
    content: &'static str,
    is: &'static str,
    /// Whether only the connection's end is its end.
    is_to_end: bool,
}

const FRAMINGS: [Framing; 5] = [
    Framing {
        name: "a length",
        end_of_head: "Content-Length: 9\r\n\r\n",
        content: "all of it",
        is: "all of it",
        is_to_end: false,
    },
    Framing {
        name: "chunks",
        end_of_head: "Transfer-Encoding: chunked\r\n\r\n",
        content: "4\r\nall \r\n5;x=y\r\nof it\r\n0\r\nT: u\r\n\r\n",
        is: "all of it",
        is_to_end: false,
    },
    Framing { name: "to the end", end_of_head: "\r\n", content: "all of it", is: "all of it", is_to_end: true },
    Framing { name: "nothing", end_of_head: "Content-Length: 0\r\n\r\n", content: "", is: "", is_to_end: false },
    Framing {
        name: "identity",
        end_of_head: "Transfer-Encoding: identity\r\n\r\n",
        content: "all of it",
        is: "all of it",
        is_to_end: true,
    },
];

/// How the connection ends, and whether TLS says that it does.
type End = (&'static str, fn(Peer) -> Peer, bool);

const ENDS: [End; 3] = [
    ("without a farewell", Peer::close, false),
    ("by a reset", Peer::reset, false),
    ("with a farewell", |peer| peer.say_farewell().close(), true),
];

#[test]
fn each_framing_is_cut_at_each_byte() {
    let identity = good();
    for versions in [TLS12, TLS13] {
        for Framing { name, end_of_head, content, is, is_to_end } in FRAMINGS {
            let head = format!("{HEAD}{end_of_head}");
            let answer = format!("{head}{content}");
            for (end, make_end, is_told) in ENDS {
                for length in 0..=answer.len() {
                    let peer = settings(&identity, versions).forgetful().peer().head();
                    // In two records, where there is enough for two.
                    let (first, second) = answer[..length].split_at(length / 2);
                    let (net, session) = world([make_end(peer.send(first).send(second))]);
                    let outcome = get(&net, &session);
                    let what = format!("{name}, {length} bytes, {end}");
                    if length < head.len() {
                        assert_eq!(failure(outcome), (Phase::Head, Code::ConnectionTerminated), "{what}");
                    } else if is_to_end {
                        match is_told {
                            true => assert_eq!(outcome.as_deref(), Ok(&is[..length - head.len()]), "{what}"),
                            false => assert_eq!(failure(outcome), (Phase::Body, Code::ConnectionTerminated), "{what}"),
                        }
                    } else if length == answer.len() {
                        assert_eq!(outcome.as_deref(), Ok(is), "{what}");
                    } else {
                        let code = if is_told { Code::ResponseIncomplete } else { Code::ConnectionTerminated };
                        assert_eq!(failure(outcome), (Phase::Body, code), "{what}");
                    }
                    // Nothing of it is asked for again, and nothing is kept that has ended.
                    assert_eq!((net.connections(), net.attempts().len()), (1, 1), "{what}");
                    if length < answer.len() {
                        assert_eq!(net.open_connections(), 0, "{what}");
                        let reason = if is_to_end && is_told && length >= head.len() {
                            if name == "identity" { CloseReason::ConflictingFraming } else { CloseReason::ContentToEnd }
                        } else {
                            CloseReason::Failed
                        };
                        assert_eq!(closings(&session), [reason], "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn each_framing_is_cut_within_its_records() {
    let identity = good();
    for versions in [TLS12, TLS13] {
        for Framing { name, end_of_head, content, is, is_to_end } in FRAMINGS {
            let answer = || {
                let peer = settings(&identity, versions).forgetful().peer().head();
                let peer = peer.send(format!("{HEAD}{end_of_head}"));
                if content.is_empty() { peer } else { peer.send(content) }
            };
            // All that is said, its farewell too.
            let (net, session) = world([answer().say_farewell().close()]);
            assert_eq!(get(&net, &session).as_deref(), Ok(is), "{name}");
            let all = usize::try_from(net.bytes_received()).unwrap();
            let (net, session) = world([answer().close()]);
            assert_eq!(get(&net, &session).is_ok(), !is_to_end, "{name}");
            let said = usize::try_from(net.bytes_received()).unwrap();
            for bytes in said - 60..all {
                let segments = if bytes % 2 == 0 { Segments::Whole } else { Segments::Random(bytes as u64) };
                let (net, session) = world([answer().say_farewell().cut(bytes).close().segments(segments)]);
                let outcome = get(&net, &session);
                // Of the farewell a part is none.
                let is_whole = !is_to_end && bytes >= said;
                let what = format!("{name}, {bytes} of {said} and {all} bytes: {outcome:?}");
                assert_eq!(outcome.is_ok(), is_whole, "{what}");
                if let Err(error) = outcome {
                    assert_eq!(error.code, Code::ConnectionTerminated, "{what}");
                    assert_eq!(net.open_connections(), 0);
                }
            }
        }
    }
}
