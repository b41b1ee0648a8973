//! Bytes read as a plan: a world, its peers, and what the client does.
//!
//! A plan is a list of records, each with a byte that says which, so that a byte more or less changes little of what comes
//! after. Every list of bytes is a plan, and a plan is bounded.

use std::net::IpAddr;
use std::time::Duration;

use arbitrary::Unstructured;
use xenon::limits::Limits;
use xenon::net::Fault;
use xenon::net::sim::{Failure, Segments};
use xenon::session::settings::Deadlines;

use super::peer::{Framing, Peer, Shape};

/// A plan.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the lookup of the origin's name gives, after how long; none is never.
    pub(super) lookup: (Option<Duration>, Result<Vec<IpAddr>, Fault>),
    /// How long connecting takes, to either address.
    pub(super) connect_after: [Option<Duration>; 2],
    pub(super) peers: Vec<Peer>,
    pub(super) failures: Vec<(u64, Failure)>,
    pub(super) send_limit: usize,
    pub(super) deadlines: Deadlines,
    pub(super) limits: Limits,
    pub(super) steps: Vec<Step>,
    /// Whether the session is dropped before what is left of its exchanges.
    pub(super) drops_session_first: bool,
}

/// What the client does. Exchanges are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Start(Start),
    /// All of a response, in one call.
    Fetch(&'static str),
    /// Waits for the head.
    Response(u8),
    /// Waits for a piece of content.
    Read(u8, usize),
    /// Waits for the content's end.
    ReadToEnd(u8),
    /// The same with the function that keeps it.
    ReadWhole(u8),
    Write(u8, usize),
    Flush(u8),
    Finish(u8, bool),
    Advance(u8),
    Cancel(u8),
    DropExchange(u8),
    DropResponse(u8),
    /// Waits for any of them, so long at the most.
    Poll(Duration),
    Pass(Duration),
    CloseConnection,
    TakeEvents,
    SetPersistent(bool),
    SetConnections(usize),
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) method: &'static str,
    pub(super) content: Content,
    pub(super) is_idempotent: Option<bool>,
    pub(super) expects: bool,
    pub(super) is_old: bool,
    pub(super) closes: bool,
    pub(super) upgrades: bool,
    pub(super) may_wait: bool,
}

/// A request's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    None,
    Bytes(usize),
    Streamed(Option<u64>),
}

pub(super) const ADDRESSES: [&str; 2] = ["10.0.0.1", "2001:db8::1"];
const PEERS: usize = 15;
const ACTS: usize = 24;
const STEPS: usize = 48;
const FAILURES: usize = 4;
const LENGTHS: [usize; 16] = [0, 1, 2, 9, 10, 100, 300, 1000, 0, 1, 5, 17, 64, 100, 20_000, 70_000];
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"];

impl Plan {
    pub(super) fn read(input: &[u8]) -> Self {
        let mut input = Input(Unstructured::new(input));
        let mut plan = Self {
            lookup: (Some(Duration::ZERO), Ok(vec![address(0)])),
            connect_after: [Some(Duration::ZERO); 2],
            peers: Vec::new(),
            failures: Vec::new(),
            send_limit: usize::MAX,
            deadlines: Deadlines::default(),
            limits: Limits::default(),
            steps: Vec::new(),
            drops_session_first: false,
        };
        while !input.0.is_empty() {
            match input.byte() % 32 {
                kind @ 0..=7 => plan.read_peer(kind, &mut input),
                kind @ 8..=12 => plan.read_world(kind, &mut input),
                kind if plan.steps.len() < STEPS => plan.steps.push(step(kind, &mut input)),
                _ => {}
            }
        }
        plan
    }

    /// How much content is sent where so much is asked for: where it goes byte by byte, less.
    pub(super) fn upload(&self, length: usize) -> usize {
        if self.send_limit < 1000 { length.min(1000) } else { length }
    }

    /// One peer more, or one act more of the last one.
    fn read_peer(&mut self, kind: u8, input: &mut Input) {
        if (kind == 0 || self.peers.is_empty()) && self.peers.len() < PEERS {
            let how = input.byte();
            let segments = [Segments::Whole, Segments::Whole, Segments::Bytes, Segments::Random(how.into())];
            let segments = segments[usize::from(how >> 6)].clone();
            let tag = self.peers.len() as u8;
            self.peers.push(Peer::new(tag, usize::from(how & 1), segments));
            return;
        }
        let Some(peer) = self.peers.last_mut().filter(|peer| peer.len() < ACTS) else {
            return;
        };
        match kind {
            1..=3 => peer.turn(shape(input)),
            4 => peer.early(shape(input)),
            5 => peer.broken(shape(input), input.byte().into(), input.byte()),
            6 => {
                let length = input.byte() % 64;
                peer.raw(input.bytes(length.into()));
            }
            _ => match input.byte() % 12 {
                0 => peer.expect_head(),
                1 => peer.expect_bytes(input.length() as u64),
                2 => peer.drain(),
                3 | 4 => peer.delay(input.time()),
                5 | 6 => peer.window(input.length()),
                7 => peer.end_sending(),
                8 => peer.close(),
                9 => peer.reset(),
                10 => peer.stall(),
                _ => peer.fill(input.length() as u64 * 16),
            },
        }
    }

    fn read_world(&mut self, kind: u8, input: &mut Input) {
        const FAULTS: [Fault; 8] = [
            Fault::NameUnresolvable,
            Fault::ResolverTemporary,
            Fault::Denied,
            Fault::Refused,
            Fault::Unreachable,
            Fault::TimedOut,
            Fault::Reset,
            Fault::Other,
        ];
        let choice = input.byte();
        let fault = FAULTS[usize::from(choice >> 2) % FAULTS.len()];
        match kind {
            8 => {
                let found = match choice & 3 {
                    0 => Ok(vec![address(0), address(1)]),
                    1 => Ok(vec![address(1), address(0)]),
                    2 => Ok(vec![address(0); 20]),
                    _ => Err(fault),
                };
                self.lookup = (input.time_or_never(), found);
            }
            9 => self.connect_after[usize::from(choice & 1)] = input.time_or_never(),
            10 if self.failures.len() < FAILURES => {
                let failure = [Failure::Fault(fault), Failure::End, Failure::Short, Failure::Stall];
                self.failures.push((1 + u64::from(input.byte() % 64), failure[usize::from(choice & 3)]));
            }
            11 => self.send_limit = [1, 7, 100, 20_000][usize::from(choice & 3)],
            _ => self.read_settings(choice, input),
        }
    }

    fn read_settings(&mut self, choice: u8, input: &mut Input) {
        let small = usize::from(choice >> 4);
        match choice & 15 {
            0 => self.limits.connections = 1 + small % 3,
            1 => self.limits.field_lines = 1 + small,
            2 => self.limits.line_length = 16 + 4 * small,
            3 => self.limits.head_length = 40 + 20 * small,
            4 => self.limits.interim_responses = 1 + small,
            5 => self.limits.drained = 1 + small as u64 * 50,
            6 => self.limits.addresses = 1 + small,
            7 => self.limits.whole_content = 1 + small as u64 * 30,
            8 => self.limits.events = 1 + small * 4,
            9 => self.deadlines.lookup = input.deadline(),
            10 => (self.deadlines.attempt, self.deadlines.connect) = (input.deadline(), input.deadline()),
            11 => self.deadlines.write = input.deadline(),
            12 => self.deadlines.first_byte = input.deadline(),
            13 => self.deadlines.between_bytes = input.deadline(),
            14 => self.deadlines.expect_continue = input.deadline(),
            _ => {
                self.deadlines.exchange = input.deadline();
                self.drops_session_first = small & 1 == 1;
            }
        }
    }
}

fn step(kind: u8, input: &mut Input) -> Step {
    match kind {
        13..=16 => {
            let (method, choices) = (input.byte(), input.byte());
            Step::Start(Start {
                method: METHODS[usize::from(method & 7)],
                content: match method >> 3 & 3 {
                    0 | 1 => Content::None,
                    2 => Content::Bytes(input.length()),
                    _ if method & 32 == 0 => Content::Streamed(None),
                    _ => Content::Streamed(Some(input.length() as u64)),
                },
                is_idempotent: [None, None, Some(true), Some(false)][usize::from(choices & 3)],
                expects: choices & 4 != 0,
                is_old: choices & 24 == 24,
                closes: choices & 96 == 96,
                upgrades: method & 192 == 192,
                may_wait: choices & 128 == 0,
            })
        }
        17 => Step::Fetch(["GET", "HEAD", "POST", "DELETE"][usize::from(input.byte() & 3)]),
        18 => Step::Response(input.byte()),
        19 => Step::Read(input.byte(), 1 + input.length()),
        20 => Step::ReadToEnd(input.byte()),
        21 => Step::ReadWhole(input.byte()),
        22 => Step::Write(input.byte(), input.length()),
        23 => Step::Flush(input.byte()),
        24 => Step::Finish(input.byte(), input.byte() & 1 == 1),
        25 => Step::Advance(input.byte()),
        26 => Step::Cancel(input.byte()),
        27 => Step::DropExchange(input.byte()),
        28 => Step::DropResponse(input.byte()),
        29 => Step::Poll(input.time()),
        30 => Step::Pass(input.time()),
        _ => match input.byte() % 8 {
            0..=2 => Step::CloseConnection,
            3 | 4 => Step::TakeEvents,
            5 => Step::SetPersistent(false),
            6 => Step::SetPersistent(true),
            _ => Step::SetConnections(1 + usize::from(input.byte() % 4)),
        },
    }
}

fn shape(input: &mut Input) -> Shape {
    let (choices, more) = (input.byte(), input.byte());
    Shape {
        status: [200, 200, 417, 404, 408, 204, 304, 101][usize::from(choices & 7)],
        framing: [Framing::Length, Framing::Length, Framing::Chunked, Framing::Chunked, Framing::ToEnd]
            [usize::from(choices >> 3 & 7) % 5],
        length: LENGTHS[usize::from(more & 15)],
        is_old: choices & 192 == 192,
        closes: choices >> 3 & 7 == 6,
        has_trailers: more & 16 != 0,
        interim: [None, None, Some(100), Some(103)][usize::from(more >> 5 & 3)],
        has_extra: more & 128 != 0,
    }
}

fn address(number: usize) -> IpAddr {
    ADDRESSES[number].parse().expect("an address")
}

/// The bytes that are left. Where there are none, zeros.
struct Input<'a>(Unstructured<'a>);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = most.min(self.0.len());
        self.0.bytes(length).unwrap_or_default().to_vec()
    }

    fn length(&mut self) -> usize {
        LENGTHS[usize::from(self.byte() & 15)]
    }

    fn time(&mut self) -> Duration {
        Duration::from_millis([0, 1, 100, 250, 1000, 1500, 30_000, 120_000][usize::from(self.byte() & 7)])
    }

    fn time_or_never(&mut self) -> Option<Duration> {
        let time = self.time();
        (time != Duration::from_secs(120)).then_some(time)
    }

    /// Not zero.
    fn deadline(&mut self) -> Duration {
        Duration::from_millis(1 + u64::from(self.byte()) * 20)
    }
}
