//! One simulated connection: the peer that follows its script, and the two queues between it and the client.
//!
//! It knows neither other connections nor what the client will do next.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;

use super::script::{Act, Script, Segments};
use crate::clock::Instant;
use crate::net::{Fault, Received};

/// Bytes that fit between the peer and the client, each way.
pub(super) const WINDOW: usize = 64 * 1024;

/// How many of the client's bytes are kept for tests to inspect.
const RECORDED: usize = 16 * 1024 * 1024;

/// A connection, both ends of it.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) from: Option<IpAddr>,
    /// The bytes that the client sent, up to a bound, and the number of all of them.
    pub(super) record: Vec<u8>,
    pub(super) sent: u64,
    /// The number of bytes that the client has received.
    pub(super) received: u64,
    /// The tasks that wait to send, or to receive.
    pub(super) sender: Option<Waker>,
    pub(super) receiver: Option<Waker>,
    /// The problems, as text.
    pub(super) problems: Vec<String>,
    pub(super) is_dropped: bool,

    script: VecDeque<Act>,
    /// The number of bytes of the current act that are done.
    progress: u64,
    /// The end of the current delay.
    pub(super) wake_at: Option<Instant>,
    /// The last four bytes that `ExpectHead` read.
    last_bytes: [u8; 4],

    /// From the client, not yet read by the peer.
    outbound: VecDeque<u8>,
    window: usize,
    /// From the peer, not yet read by the client.
    inbound: VecDeque<u8>,
    /// Offsets in the client's input at which a step must end.
    cuts: VecDeque<u64>,
    segments: Segments,
    seed: u64,

    /// How the peer's sending direction ended.
    peer_end: Option<Result<(), Fault>>,
    /// Whether the peer has stopped reading: the next piece is lost, and later ones fail.
    is_closed: bool,
    is_close_noticed: bool,
    is_client_done: bool,
    /// Injected failures.
    send_failure: Option<Fault>,
    pub(super) is_send_stalled: bool,
    receive_failure: Option<Result<(), Fault>>,
    pub(super) is_receive_stalled: bool,
    /// Whether the client has received its piece, and must wait for the next.
    pub(super) is_send_paused: bool,
    pub(super) is_receive_paused: bool,
    /// Whether the host assumes that there is nothing to read, because a read found no more and nothing has waited since.
    pub(super) is_thought_silent: bool,
    /// Whether the host asks its system again after a short read.
    is_asked_again: bool,
}

impl Connection {
    pub(super) fn new(
        peer: SocketAddr,
        from: Option<IpAddr>,
        script: Script,
        segments: Segments,
        is_asked_again: bool,
    ) -> Self {
        let segments = script.segments.unwrap_or(segments);
        let (cuts, seed) = match &segments {
            Segments::At(cuts) => (cuts.iter().copied().collect(), 0),
            Segments::Random(seed) => (VecDeque::new(), *seed),
            Segments::Whole | Segments::Bytes => (VecDeque::new(), 0),
        };
        Self {
            peer,
            from,
            record: Vec::new(),
            sent: 0,
            received: 0,
            sender: None,
            receiver: None,
            problems: Vec::new(),
            is_dropped: false,
            script: script.acts.into(),
            progress: 0,
            wake_at: None,
            last_bytes: [0; 4],
            outbound: VecDeque::new(),
            window: WINDOW,
            inbound: VecDeque::new(),
            cuts,
            segments,
            seed,
            peer_end: None,
            is_closed: false,
            is_close_noticed: false,
            is_client_done: false,
            send_failure: None,
            is_send_stalled: false,
            receive_failure: None,
            is_receive_stalled: false,
            is_send_paused: false,
            is_receive_paused: false,
            is_thought_silent: true,
            is_asked_again,
        }
    }

    /// Lets the peer do all that it can do at this time.
    pub(super) fn act(&mut self, now: Instant) {
        while let Some(act) = self.script.pop_front() {
            match self.perform(&act, now) {
                Ok(true) => self.progress = 0,
                Ok(false) => {
                    self.script.push_front(act);
                    return;
                }
                Err(problem) => {
                    self.problems.push(problem);
                    self.script.clear();
                    self.reset();
                }
            }
        }
    }

    /// The steps that were not reached, and the bytes that the peer did not expect.
    pub(super) fn unfinished(&self) -> Option<String> {
        let is_missed = |act: &&Act| match act {
            Act::Expect(_) | Act::ExpectHead | Act::ExpectBytes(_) | Act::ExpectEnd => true,
            Act::Send(_) | Act::SendSegmented(..) | Act::SendFill(..) => !self.is_dropped,
            _ => false,
        };
        let is_active = |act: &&Act| !matches!(act, Act::Stall);
        if let Some(act) = self.script.iter().take_while(is_active).find(is_missed) {
            return Some(format!("still to do, after {} bytes of it: {}", self.progress, excerpt(&format!("{act:?}"))));
        }
        if self.script.is_empty() && !self.outbound.is_empty() {
            let bytes: Vec<u8> = self.outbound.iter().copied().collect();
            return Some(format!("nobody expected {}", quote(&bytes)));
        }
        None
    }

    // The client's end.

    /// The number of bytes that the client can send now. An error if sending is over.
    pub(super) fn can_send(&self, limit: usize) -> Result<usize, Fault> {
        if let Some(fault) = self.send_failure {
            return Err(fault);
        }
        if self.is_send_stalled || self.is_send_paused {
            return Ok(0);
        }
        if self.is_client_done {
            return Err(Fault::Other);
        }
        if matches!(self.peer_end, Some(Err(_))) || self.is_close_noticed {
            return Err(Fault::Reset);
        }
        if self.is_closed {
            return Ok(limit);
        }
        Ok(limit.min(self.window.saturating_sub(self.outbound.len())))
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.sent += bytes.len() as u64;
        let room = RECORDED.saturating_sub(self.record.len());
        self.record.extend(bytes.iter().take(room));
        if self.is_closed {
            self.is_close_noticed = true;
        } else {
            self.outbound.extend(bytes);
        }
    }

    /// The number of bytes that the client can receive now, or how receiving has ended.
    pub(super) fn can_receive(&self) -> Result<usize, Received> {
        if self.is_thought_silent { Ok(0) } else { self.could_receive() }
    }

    /// As [`Connection::can_receive`], for a host that asks its system.
    fn could_receive(&self) -> Result<usize, Received> {
        if self.receive_failure.is_none() && (self.is_receive_stalled || self.is_receive_paused) {
            return Ok(0);
        }
        self.is_here()
    }

    /// As [`Connection::could_receive`], without the wait that the next segment needs.
    fn is_here(&self) -> Result<usize, Received> {
        match (self.receive_failure, self.inbound.len(), self.peer_end) {
            (Some(Ok(())), ..) | (None, 0, Some(Ok(()))) => Err(Received::End),
            (Some(Err(fault)), ..) | (None, 0, Some(Err(fault))) => Err(Received::Failed(fault)),
            (None, there, _) => Ok(there),
        }
    }

    /// Takes a piece of the available bytes.
    pub(super) fn receive(&mut self, max: usize) -> Vec<u8> {
        let piece = match self.segments {
            Segments::Whole | Segments::At(_) => usize::MAX,
            Segments::Bytes => 1,
            Segments::Random(_) => usize::try_from(random(&mut self.seed) % 16 + 1).unwrap_or(1),
        };
        while self.cuts.front().is_some_and(|cut| *cut <= self.received) {
            self.cuts.pop_front();
        }
        let to_cut = self.cuts.front().map_or(u64::MAX, |cut| cut - self.received);
        let count = piece.min(max).min(self.inbound.len()).min(usize::try_from(to_cut).unwrap_or(usize::MAX));
        self.is_receive_paused = count == piece || count as u64 == to_cut;
        self.take(count, max)
    }

    /// Takes what a check finds: all available bytes, however they are segmented.
    pub(super) fn receive_at_once(&mut self, max: usize) -> Vec<u8> {
        self.take(max.min(self.inbound.len()), max)
    }

    fn take(&mut self, count: usize, max: usize) -> Vec<u8> {
        self.received += count as u64;
        // A short read got all there is: tokio does not ask the system again until that reports more.
        self.is_thought_silent |= count < max && !self.is_asked_again;
        self.inbound.drain(..count).collect()
    }

    /// What a check of an idle connection finds. An error if the client can no longer send, too.
    pub(super) fn look(&self) -> Result<usize, Received> {
        match self.send_failure {
            Some(fault) => Err(Received::Failed(fault)),
            None if self.is_client_done => Err(Received::Failed(Fault::Other)),
            None if self.is_thought_silent => Ok(0),
            None => self.is_here(),
        }
    }

    pub(super) fn finish(&mut self) {
        self.is_client_done = true;
    }

    pub(super) fn drop_client(&mut self) {
        self.is_client_done = true;
        self.is_dropped = true;
        self.inbound.clear();
        // No task waits for it any more.
        (self.sender, self.receiver) = (None, None);
    }

    pub(super) fn fail_sending(&mut self, fault: Fault) {
        self.send_failure = Some(fault);
    }

    pub(super) fn fail_receiving(&mut self, how: Result<(), Fault>) {
        self.receive_failure = Some(how);
    }

    /// The wakers whose wishes have come true.
    pub(super) fn take_woken(&mut self) -> impl Iterator<Item = Waker> {
        let can_send = !self.is_send_stalled && (self.is_send_paused || self.can_send(1) != Ok(0));
        let can_receive =
            !self.is_receive_stalled && (self.is_receive_paused_for_more() || self.could_receive() != Ok(0));
        let sender = if can_send { self.sender.take() } else { None };
        let receiver = if can_receive { self.receiver.take() } else { None };
        sender.into_iter().chain(receiver)
    }

    fn is_receive_paused_for_more(&self) -> bool {
        self.is_receive_paused && (!self.inbound.is_empty() || self.peer_end.is_some())
    }

    // The peer's end.

    /// Whether this act is done. An error says what the client did wrong.
    fn perform(&mut self, act: &Act, now: Instant) -> Result<bool, String> {
        match act {
            Act::Expect(bytes) => return self.expect(bytes),
            Act::ExpectHead => {
                while self.last_bytes != *b"\r\n\r\n" {
                    let Some(byte) = self.outbound.pop_front() else {
                        return self.more("a head");
                    };
                    let [_, b, c, d] = self.last_bytes;
                    self.last_bytes = [b, c, d, byte];
                    self.progress += 1;
                }
                self.last_bytes = [0; 4];
            }
            Act::ExpectBytes(count) => {
                let left = usize::try_from(count - self.progress).unwrap_or(usize::MAX);
                let there = left.min(self.outbound.len());
                self.outbound.drain(..there);
                self.progress += there as u64;
                if self.progress < *count {
                    return self.more("more bytes");
                }
            }
            Act::ExpectEnd if !self.outbound.is_empty() => return Err(self.unexpected("the end")),
            Act::ExpectEnd => return Ok(self.is_client_done),
            Act::Drain => {
                self.outbound.clear();
                return Ok(self.is_client_done);
            }
            Act::Send(bytes) => {
                return Ok(self.push(bytes.len() as u64, |at| bytes.get(at).copied()));
            }
            Act::SendSegmented(bytes, lengths) => {
                if self.inbound.len() >= WINDOW {
                    return Ok(false);
                }
                if self.progress == 0 {
                    let mut at = self.received + self.inbound.len() as u64;
                    for length in lengths {
                        at += *length as u64;
                        self.cuts.push_back(at);
                    }
                }
                return Ok(self.push(bytes.len() as u64, |at| bytes.get(at).copied()));
            }
            Act::SendFill(byte, count) => return Ok(self.push(*count, |_| Some(*byte))),
            Act::Delay(delay) => {
                let over = *self.wake_at.get_or_insert(now + *delay);
                if now < over && !self.is_dropped {
                    return Ok(false);
                }
                self.wake_at = None;
            }
            Act::Window(bytes) => self.window = *bytes,
            Act::EndSending => self.peer_end = Some(Ok(())),
            Act::Close => {
                self.peer_end = Some(Ok(()));
                self.is_closed = true;
            }
            Act::Reset => self.reset(),
            Act::Stall => return Ok(false),
            Act::Talk(talk) => {
                let heard: Vec<u8> = self.outbound.drain(..).collect();
                let said = (talk.0.borrow_mut())(&heard);
                self.inbound.extend(said.bytes);
                return Ok(said.is_over);
            }
        }
        Ok(true)
    }

    fn expect(&mut self, bytes: &[u8]) -> Result<bool, String> {
        while let Some(expected) = bytes.get(usize::try_from(self.progress).unwrap_or(usize::MAX)) {
            match self.outbound.front() {
                Some(byte) if byte == expected => {}
                Some(_) => return Err(self.unexpected(&quote(bytes))),
                // Only a failure is formatted. Otherwise a long piece that arrives byte by byte would be quoted for each byte.
                None if !self.is_client_done => return Ok(false),
                None => return self.more(&quote(bytes)),
            }
            self.outbound.pop_front();
            self.progress += 1;
        }
        Ok(true)
    }

    /// Not done yet. An error if the client has ended, because the rest cannot arrive.
    fn more(&self, expected: &str) -> Result<bool, String> {
        if !self.is_client_done {
            return Ok(false);
        }
        Err(format!("the client ended after {} bytes of {expected}", self.progress))
    }

    fn unexpected(&self, expected: &str) -> String {
        let bytes: Vec<u8> = self.outbound.iter().copied().collect();
        format!("after {} bytes of {expected} came {}", self.progress, quote(&bytes))
    }

    /// Sends as much as fits. Returns whether that was all.
    fn push(&mut self, total: u64, byte_at: impl Fn(usize) -> Option<u8>) -> bool {
        while self.progress < total {
            if self.is_dropped {
                return true;
            }
            if self.inbound.len() >= WINDOW {
                return false;
            }
            let at = usize::try_from(self.progress).unwrap_or(usize::MAX);
            self.inbound.extend(byte_at(at));
            self.progress += 1;
        }
        true
    }

    fn reset(&mut self) {
        self.peer_end = Some(Err(Fault::Reset));
        self.outbound.clear();
    }
}

fn quote(bytes: &[u8]) -> String {
    format!("{:?}", excerpt(&String::from_utf8_lossy(bytes)))
}

fn excerpt(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The next number of a pseudorandom sequence (SplitMix64).
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
