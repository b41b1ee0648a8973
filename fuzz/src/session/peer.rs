//! Peers: scripts whose every answer bears the peer's tag and its own number, wherever a client could mistake it for another.
//!
//! An *orderly* peer answers each request after it has come, once, and says where the answer ends: what a client gets of it
//! can be told exactly. Of the others only the tag of the peer is sure.

use std::time::Duration;

use xenon::net::sim::{Act, Script, Segments};

/// The peer of one connection.
#[derive(Debug)]
pub(super) struct Peer {
    /// 0 to 14.
    tag: u8,
    /// Which of the two addresses.
    pub(super) address: usize,
    pub(super) is_orderly: bool,
    /// The answers of an orderly peer.
    pub(super) answers: Vec<Shape>,
    acts: Vec<Act>,
    segments: Segments,
    /// Whether it has ended the connection.
    is_over: bool,
}

/// A response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) status: u16,
    pub(super) framing: Framing,
    pub(super) length: usize,
    pub(super) is_old: bool,
    pub(super) closes: bool,
    pub(super) has_trailers: bool,
    pub(super) interim: Option<u16>,
    /// Whether a response follows at once that nobody asked for.
    pub(super) has_extra: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    ToEnd,
}

/// The number of a response that no request must get.
const EXTRA: u8 = 15;

/// Bytes from here on are tags of peers, and no other byte is; those before them, down to `NUMBERS`, are tags of responses.
const TAGS: u8 = 0xf0;
const NUMBERS: u8 = 0xe0;

/// So much content at the most where it comes in small segments.
const SEGMENTED: usize = 1000;

impl Peer {
    pub(super) fn new(tag: u8, address: usize, segments: Segments) -> Self {
        Self { tag, address, is_orderly: true, answers: Vec::new(), acts: Vec::new(), segments, is_over: false }
    }

    pub(super) fn len(&self) -> usize {
        self.acts.len()
    }

    pub(super) fn script(&self) -> Script {
        Script::from(self.acts.clone()).segments(self.segments.clone())
    }

    /// A response after a request.
    pub(super) fn turn(&mut self, shape: Shape) {
        if self.is_orderly && (self.is_over || self.answers.len() >= usize::from(EXTRA)) {
            return;
        }
        let shape = self.fitting(shape);
        let number = self.answers.len() as u8 % EXTRA;
        self.act(Act::ExpectHead);
        let mut bytes = self.response(number, shape);
        if shape.has_extra && shape.framing != Framing::ToEnd {
            bytes.extend(self.response(EXTRA, shape));
        }
        self.act(Act::Send(bytes));
        self.answers.push(shape);
        if shape.framing == Framing::ToEnd {
            self.close();
        }
    }

    /// A response that waits for no request.
    pub(super) fn early(&mut self, shape: Shape) {
        self.is_orderly = false;
        let bytes = self.response(EXTRA, self.fitting(shape));
        self.act(Act::Send(bytes));
    }

    /// A response after a request, with another byte somewhere in it.
    pub(super) fn broken(&mut self, shape: Shape, at: usize, byte: u8) {
        self.is_orderly = false;
        self.act(Act::ExpectHead);
        let mut bytes = self.response(0, self.fitting(shape));
        if let Some(place) = bytes.get_mut(at) {
            *place = untagged(byte);
        }
        self.act(Act::Send(bytes));
    }

    pub(super) fn raw(&mut self, bytes: Vec<u8>) {
        self.is_orderly = false;
        self.act(Act::Send(bytes.into_iter().map(untagged).collect()));
    }

    pub(super) fn fill(&mut self, count: u64) {
        self.is_orderly = false;
        let count = count.min(self.fitting_length(usize::MAX) as u64);
        self.act(Act::SendFill(TAGS | self.tag, count));
    }

    pub(super) fn expect_head(&mut self) {
        self.is_orderly = false;
        self.act(Act::ExpectHead);
    }

    pub(super) fn expect_bytes(&mut self, count: u64) {
        self.is_orderly = false;
        self.act(Act::ExpectBytes(count));
    }

    pub(super) fn drain(&mut self) {
        self.is_orderly = false;
        self.act(Act::Drain);
    }

    pub(super) fn delay(&mut self, delay: Duration) {
        self.act(Act::Delay(delay));
    }

    pub(super) fn window(&mut self, bytes: usize) {
        self.act(Act::Window(bytes));
    }

    pub(super) fn end_sending(&mut self) {
        self.act(Act::EndSending);
        self.is_over = true;
    }

    pub(super) fn close(&mut self) {
        self.act(Act::Close);
        self.is_over = true;
    }

    pub(super) fn reset(&mut self) {
        self.act(Act::Reset);
        self.is_over = true;
    }

    pub(super) fn stall(&mut self) {
        self.act(Act::Stall);
        self.is_over = true;
    }

    /// The content of its answer of this number.
    pub(super) fn content(&self, number: usize) -> Vec<u8> {
        let shape = self.answers[number];
        let length = if has_content(shape.status) { shape.length } else { 0 };
        tags(self.tag, number as u8).into_iter().cycle().take(length).collect()
    }

    /// Whether this has its tags, or none.
    pub(super) fn owns(&self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| *byte < TAGS || *byte == TAGS | self.tag)
    }

    /// Whether this is the tag of its answer of this number.
    pub(super) fn is_tag(&self, bytes: &[u8], number: usize) -> bool {
        bytes == tags(self.tag, number as u8)
    }

    fn act(&mut self, act: Act) {
        if !self.is_over {
            self.acts.push(act);
        }
    }

    fn fitting(&self, shape: Shape) -> Shape {
        Shape { length: self.fitting_length(shape.length), ..shape }
    }

    fn fitting_length(&self, length: usize) -> usize {
        if self.segments == Segments::Whole { length } else { length.min(SEGMENTED) }
    }

    fn response(&self, number: u8, shape: Shape) -> Vec<u8> {
        let tag = tags(self.tag, number);
        let mut bytes = Vec::new();
        if let Some(status) = shape.interim {
            bytes.extend(format!("HTTP/1.1 {status} Wait\r\n").bytes());
            bytes.extend([TAG.as_bytes(), b": ", &tag, b"\r\n\r\n"].concat());
        }
        let framing = if shape.is_old && shape.framing == Framing::Chunked { Framing::Length } else { shape.framing };
        let version = if shape.is_old { "1.0" } else { "1.1" };
        bytes.extend(format!("HTTP/{version} {} Tagged\r\n", shape.status).bytes());
        bytes.extend([TAG.as_bytes(), b": ", &tag, b"\r\n"].concat());
        if shape.closes {
            bytes.extend(b"Connection: close\r\n");
        } else if shape.is_old {
            bytes.extend(b"Connection: keep-alive\r\n");
        }
        let has_content = has_content(shape.status);
        let content: Vec<u8> = tag.into_iter().cycle().take(if has_content { shape.length } else { 0 }).collect();
        match framing {
            _ if !has_content => bytes.extend(b"\r\n"),
            Framing::ToEnd => bytes.extend([b"\r\n", content.as_slice()].concat()),
            Framing::Length => {
                bytes.extend(format!("Content-Length: {}\r\n\r\n", content.len()).bytes());
                bytes.extend(content);
            }
            Framing::Chunked => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in content.chunks(content.len() / 3 + 1) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    bytes.extend([chunk, b"\r\n"].concat());
                }
                bytes.extend(b"0\r\n");
                if shape.has_trailers {
                    bytes.extend([TAG.as_bytes(), b": ", &tag, b"\r\n"].concat());
                }
                bytes.extend(b"\r\n");
            }
        }
        bytes
    }
}

/// The field that bears the tag.
pub(super) const TAG: &str = "Tag";

/// Whether a response of this status has content, if it is not to HEAD.
fn has_content(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 304)
}

/// What the content of this peer's answer of this number is made of.
fn tags(peer: u8, number: u8) -> [u8; 2] {
    [TAGS | peer, NUMBERS | number]
}

/// A byte that is no tag.
fn untagged(byte: u8) -> u8 {
    if byte >= NUMBERS { byte - 0x60 } else { byte }
}
