//! What must hold once all is over: which answer each exchange got, what was sent how often, and what the events tell.

use std::collections::BTreeMap;

use xenon::net::sim::{Operation, SimNet};
use xenon::session::events::{Event, Kind};

use super::client::Record;
use super::peer::{Framing, Peer, TAG};
use super::plan::{Content, Plan};
use crate::request;

/// What the client said on each connection, and to whom.
pub(super) struct Traffic<'a> {
    plan: &'a Plan,
    /// The peer of each connection.
    peers: Vec<&'a Peer>,
    /// Where each request begins in what was sent: its place, and whose it is, in the order of places.
    requests: Vec<Vec<(usize, usize)>>,
    sent: Vec<Vec<u8>>,
    /// Whether the network was made to say that a connection with bytes in it is silent.
    is_deceived: bool,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(plan: &'a Plan, net: &SimNet, records: &[Record]) -> Self {
        let mut peers = Vec::new();
        let mut sent = Vec::new();
        let mut taken = [0; 2];
        for connection in 0..net.connections() {
            let address = usize::from(net.peer(connection).is_some_and(|peer| peer.is_ipv6()));
            let mut of_address = plan.peers.iter().filter(|peer| peer.address == address);
            peers.push(of_address.nth(taken[address]).expect("a peer has one connection"));
            taken[address] += 1;
            sent.push(net.sent(connection));
        }
        let begins = |sent: &Vec<u8>| {
            let mut places: Vec<_> = records
                .iter()
                .enumerate()
                .flat_map(|(subject, record)| {
                    find_all(sent, record.line.as_bytes()).into_iter().map(move |place| (place, subject))
                })
                .collect();
            places.sort_unstable();
            places
        };
        let requests = sent.iter().map(begins).collect();
        let is_deceived = plan.failures.iter().any(|(number, _)| net.operation(*number) == Some(Operation::Check));
        Self { plan, peers, requests, sent, is_deceived }
    }

    /// What goes out is one whole request after another, and none more often than it may.
    pub(super) fn check_requests(&self, records: &[Record]) {
        for (sent, requests) in self.sent.iter().zip(&self.requests) {
            assert!(requests.first().is_none_or(|(place, _)| *place == 0));
            for two in requests.windows(2) {
                let [(begin, subject), (end, _)] = two else { unreachable!("windows of two") };
                let is_whole = request::read(&sent[*begin..*end]).is_some();
                assert!(is_whole, "{} is not whole, and another follows it", records[*subject].line);
            }
        }
        for (subject, record) in records.iter().enumerate() {
            let mut times = Vec::new();
            for (connection, requests) in self.requests.iter().enumerate() {
                let mine = requests.iter().enumerate().filter(|(_, (_, other))| *other == subject);
                times.extend(mine.map(|(index, (place, _))| (connection, index, *place)));
            }
            if !record.start.expects {
                self.check_times(record, &times);
                continue;
            }
            // A 417 has the request sent once more, without asking first, for nobody has carried it out; both ways are as any
            // request then. What is not even a whole head cannot be told from the other way, nor be carried out.
            let head = |(connection, _, place): &(usize, usize, usize)| {
                let rest = &self.sent[*connection][*place..];
                rest.windows(4).position(|four| four == b"\r\n\r\n").map(|end| rest[..end].to_ascii_lowercase())
            };
            let asks = |head: Vec<u8>| head.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"expect:"));
            times.retain(|time| head(time).is_some());
            let (asking, others) = times.into_iter().partition::<Vec<_>, _>(|time| head(time).is_some_and(asks));
            assert!(asking.is_empty() || others.is_empty() || matches!(record.start.content, Content::Bytes(_)));
            self.check_times(record, &asking);
            self.check_times(record, &others);
        }
    }

    /// These times, each a connection, the number of the request there and its place, are no more than may be.
    fn check_times(&self, record: &Record, times: &[(usize, usize, usize)]) {
        let may_repeat = record.start.is_idempotent.unwrap_or(is_idempotent(record.start.method));
        assert!(times.len() <= 1 + usize::from(may_repeat), "{} was sent {} times", record.line, times.len());
        if let [(first, index, place), (second, second_index, _)] = *times {
            assert!(index > 0 && second_index == 0 && first < second, "repeated, but not for a stale connection");
            if matches!(record.start.content, Content::Streamed(_)) {
                let content = self.sent[first][place..].windows(4).position(|four| four == b"\r\n\r\n");
                let is_held = content.map(|end| place + end + 4) == Some(self.sent[first].len());
                assert!(is_held, "it was not replayable");
            }
        }
    }

    /// No byte of one response is in another.
    pub(super) fn check_answers(&self, records: &[Record]) {
        for (subject, record) in records.iter().enumerate() {
            let Some(head) = &record.head else {
                assert!(record.content.is_empty() && record.trailers.is_none());
                continue;
            };
            // Not known where the event was lost that says it.
            let Some(connection) = record.connection else { continue };
            let peer = self.peers[connection];
            assert!(peer.owns(&record.content), "{}: content from elsewhere", record.line);
            for field in head.fields.iter().chain(record.trailers.iter().flat_map(|trailers| trailers.iter())) {
                assert!(peer.owns(field.value), "{}: a field from elsewhere", record.line);
            }

            let is_raw = head.status == 101 || record.start.method == "CONNECT";
            if !peer.is_orderly || self.is_deceived || is_raw {
                continue;
            }
            let requests = &self.requests[connection];
            let number = requests.iter().position(|(_, other)| *other == subject).expect("it was asked");
            // A peer that reads to an empty line takes the end of chunks for another request's.
            let is_confusing = |(_, other): &(usize, usize)| records[*other].start.content == Content::Streamed(None);
            if requests[..number].iter().any(is_confusing) {
                continue;
            }
            assert!(number < peer.answers.len(), "{}: answered by nobody", record.line);
            assert!(head.fields.first(TAG).is_some_and(|tag| peer.is_tag(tag, number)), "another's head");
            let whole = peer.content(number);
            assert!(whole.starts_with(&record.content), "{}: another's content", record.line);
            let ends_with_connection = peer.answers[number].framing == Framing::ToEnd;
            if record.trailers.is_some() && record.start.method != "HEAD" && !ends_with_connection {
                assert_eq!(record.content.len(), whole.len(), "{} has an end too early", record.line);
            }
        }
    }

    /// Events come in order, and tell one story for each exchange and each connection.
    pub(super) fn check_events(&self, records: &[Record], events: &[Event]) {
        assert!(events.is_sorted_by_key(|event| event.at), "events go back in time");
        if events.iter().any(|event| matches!(event.what, Kind::Lost(_))) {
            return;
        }
        let mut exchanges: BTreeMap<u64, Story> = BTreeMap::new();
        let mut connections: BTreeMap<u64, State> = BTreeMap::new();
        for event in events {
            if event.subject.exchange > 0 {
                exchanges.entry(event.subject.exchange).or_default().go_on(&event.what);
            }
            if event.subject.connection > 0 {
                let state = connections.entry(event.subject.connection).or_insert(State::Unknown);
                *state = match (*state, &event.what) {
                    (State::Unknown, Kind::Connected(_)) => State::Busy,
                    (State::Busy, Kind::Kept) => State::Idle,
                    (State::Idle, Kind::Reused) => State::Busy,
                    (State::Busy | State::Idle, Kind::Closed(_)) => State::Closed,
                    (State::Busy, _) => State::Busy,
                    // The connection may go first.
                    (State::Closed, Kind::Failed(_)) => State::Closed,
                    (state, what) => panic!("{what:?} while {state:?}"),
                };
            }
        }
        for (number, Story { heads, .. }) in exchanges {
            let record = usize::try_from(number - 1).ok().and_then(|index| records.get(index)).expect("it was started");
            let may_repeat = record.start.is_idempotent.unwrap_or(is_idempotent(record.start.method));
            // As a request that asks, and, where that was refused, as one that does not.
            let ways = 1 + usize::from(record.start.expects);
            let most = ways * (1 + usize::from(may_repeat));
            assert!(heads <= most, "{} was begun {heads} times", record.line);
        }
        let is_open = |state: &&State| **state != State::Closed;
        if !self.plan.drops_session_first {
            assert_eq!(connections.values().find(is_open), None, "every connection is closed, and an event says so");
            assert_eq!(connections.len(), self.peers.len());
        }
    }
}

/// What events have told of an exchange.
#[derive(Debug, Default)]
struct Story {
    has_ended: bool,
    /// How often its head went out.
    heads: usize,
    /// Whether any of a response has come since, and whether it was that of a server that had given up, or does not want to be
    /// asked.
    is_answered: bool,
    is_given_up: bool,
}

impl Story {
    fn go_on(&mut self, what: &Kind) {
        assert!(!self.has_ended, "after its end: {what:?}");
        match what {
            Kind::RequestHead(_) => (self.heads, self.is_answered) = (self.heads + 1, false),
            Kind::FirstByte => self.is_answered = true,
            Kind::ResponseHead(head) => self.is_given_up = matches!(head.0.get(9..12), Some(b"408" | b"417")),
            Kind::Retrying(_) => assert!(!self.is_answered || self.is_given_up, "repeated in spite of an answer"),
            Kind::Complete | Kind::Failed(_) => self.has_ended = true,
            _ => {}
        }
    }
}

/// What events have told of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Busy,
    Idle,
    Closed,
}

/// RFC 9110 section 9.2.2.
fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

fn find_all(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    // Most bytes are content; what is looked for begins with a capital letter.
    for (place, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_uppercase() && bytes[place..].starts_with(what) {
            found.push(place);
        }
    }
    found
}
