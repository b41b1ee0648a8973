//! One exchange of HTTP/1.1 on one connection, as a state machine: a request out, interim responses and a final one in.
//!
//! # Theory
//!
//! The machine does no I/O and does not wait. The owner of the connection drives it:
//!
//! * Received bytes go into [`Exchange::receive`], which consumes some from the front of a buffer and returns an [`Event`].
//! * Bytes to send are [`Exchange::outgoing`], and [`Exchange::sent`] notes how many were sent.
//! * The end of the connection is an input too, [`Exchange::receive_end`]. The state decides whether it ends the content or is a
//!   failure.
//! * So is time: [`Exchange::release`] says that the server has had its time to permit the content.
//!
//! An exchange has two directions. Each is a machine of its own, with states named for what they wait for. A direction ends once,
//! and stays ended. A fault of the response is returned again by each call.
//!
//! | sending | on | becomes |
//! |---|---|---|
//! | `Permission` | `100 Continue`; its time is over | `Content` |
//! | | a final head | `Abandoned` |
//! | `Content` | its last byte was pushed, or `finish` | `Nothing` |
//! | | a final head from 300 on; sending failed | `Abandoned` |
//! | `Nothing`, `Abandoned` | | |
//!
//! | receiving | on | becomes |
//! |---|---|---|
//! | `Head` | an interim head | `Head` |
//! | | a final head, as its framing says (RFC 9112 section 6.3) | `Content`, `Chunk`, `End`, `Nothing` |
//! | | a 101 that was asked for, a 2xx to CONNECT | `Switched` |
//! | `Content` | its last byte | `Nothing` |
//! | `Chunk` | the last chunk and the trailers | `Nothing` |
//! | | what is no chunk | `Fault` |
//! | `End` | the end of the connection | `Nothing` |
//! | `Nothing`, `Switched`, `Fault` | | |
//!
//! The directions interact in three places, all of them heads: `100 Continue` releases held content, an early final response ends
//! sending, and a response that switches protocols is an error unless the whole request was sent.
//!
//! `Switched` is where HTTP ends. Bytes after the head stay in the caller's buffer, and belong to the new protocol. No event
//! follows [`Event::Switched`].
//!
//! When the response is complete, [`Exchange::verdict`] says whether the connection can serve another exchange.

use crate::buffer::Buffer;
use crate::error::Error;
use crate::h1::blame::{
    chunk_error, cut_in_chunks, cut_in_content, cut_in_head, framing_error, head_error, switched, too_many_interims,
};
use crate::h1::chunked::Decoder;
use crate::h1::field_lines::Bounds;
use crate::h1::framing::{self, Framing, MethodKind};
use crate::h1::persistence::{self, Close};
use crate::h1::response_head::{HeadReader, ResponseHead};
use crate::h1::sending::Sending;
use crate::http::fields::Fields;
use crate::limits::{HEAD_READ_LENGTH, Limits, READ_LENGTH};

pub use crate::h1::sending::Content;

/// What the machine needs to know about a request in addition to its encoded head.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    /// The method, as far as it decides how the response is framed.
    pub method: MethodKind,
    /// Whether the request asks to switch protocols, so that a 101 is an answer.
    pub wants_upgrade: bool,
    /// Whether the request says `Connection: close`.
    pub closes: bool,
    /// The content that the head announces.
    pub content: Content,
    /// Whether the content is held until the server says `100 Continue`.
    pub expects: bool,
}

/// What the bytes received so far amount to.
#[derive(Debug)]
pub enum Event {
    /// Nothing yet.
    NeedMore,
    /// An interim response.
    Interim(ResponseHead),
    /// The final response's head.
    Head(ResponseHead),
    /// A piece of the response's content. Never empty.
    Content(Vec<u8>),
    /// The response is complete.
    End,
    /// The connection switched protocols. The remaining bytes belong to the new one.
    Switched,
}

/// Why the connection cannot serve another exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The messages say so.
    Said(Close),
    /// Not all of the request's content was sent.
    UnsentContent,
    /// There are bytes after the response.
    StrayBytes,
}

/// One exchange.
#[derive(Debug)]
pub struct Exchange {
    outline: Outline,
    limits: Limits,
    sending: Sending,
    receiving: Receiving,
    interims: usize,
    /// Bytes of the interim heads so far. They share the bound of the final head.
    interim_length: usize,
    /// How many field lines they have.
    interim_lines: usize,
    trailers: Fields,
    /// What the heads decided about the connection.
    persistence: Result<(), Close>,
    /// Whether the peer is a proxy that forwards.
    is_forwarded: bool,
    /// Whether the bytes of heads are kept.
    keeps_heads: bool,
    /// The bytes of the last head.
    last_head: Box<[u8]>,
}

/// The receiving direction, named for what it waits for.
#[derive(Debug)]
enum Receiving {
    /// A head.
    Head(HeadReader),
    /// This many more bytes of content.
    Content(u64),
    /// A chunk, or the trailers.
    Chunk(Box<Decoder>),
    /// The end of the connection.
    End,
    /// Nothing: the response is complete.
    Nothing,
    /// Nothing: the connection switched protocols.
    Switched,
    /// Nothing: the response is malformed.
    Fault(Error),
}

impl Exchange {
    /// The exchange of a request with this encoded head.
    pub fn new(outline: Outline, head: Vec<u8>, limits: Limits) -> Self {
        Self {
            outline,
            limits,
            sending: Sending::new(head, outline.content, outline.expects),
            receiving: Receiving::Head(HeadReader::new(head_bounds(&limits, 0, 0))),
            interims: 0,
            interim_length: 0,
            interim_lines: 0,
            trailers: Fields::default(),
            persistence: Ok(()),
            is_forwarded: false,
            keeps_heads: false,
            last_head: Box::default(),
        }
    }

    /// The same, with a forwarding proxy as the peer.
    pub fn forwarded(self) -> Self {
        Self { is_forwarded: true, ..self }
    }

    /// The same, keeping the bytes of each head for events.
    pub fn keeping_heads(self) -> Self {
        Self { keeps_heads: true, ..self }
    }

    /// Takes the bytes of the last head as received, if they are kept.
    pub fn take_head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.last_head).into_vec()
    }

    // ---- sending ----------------------------------------------------------------------------------------------------

    /// The bytes to send next.
    pub fn outgoing(&self) -> &[u8] {
        self.sending.outgoing()
    }

    /// Notes that this many of them were sent.
    pub fn sent(&mut self, count: usize) {
        self.sending.sent(count);
    }

    /// Takes content to send, and frames it. `most` is what the connection can send at once. Returns how many bytes it took.
    pub fn push(&mut self, content: &[u8], most: usize) -> usize {
        self.sending.push(content, most)
    }

    /// Takes a whole piece of content without a copy, where that is possible. Otherwise gives it back, for [`push`](Self::push).
    pub fn push_whole(&mut self, piece: Vec<u8>, most: usize) -> Result<(), Vec<u8>> {
        self.sending.push_whole(piece, most)
    }

    /// Ends chunked content, with these trailers. Content of a known length ends by itself.
    pub fn finish(&mut self, trailers: &Fields) {
        self.sending.finish(trailers);
    }

    /// Releases held content.
    pub fn release(&mut self) {
        self.sending.release();
    }

    /// Sends nothing more: sending failed, or is not wanted.
    pub fn abandon(&mut self) {
        self.sending.abandon();
    }

    /// Whether the content waits for `100 Continue`, with everything before it sent.
    pub fn is_held(&self) -> bool {
        self.sending.is_held()
    }

    /// Whether the whole request was sent.
    pub fn is_sent(&self) -> bool {
        self.sending.is_sent()
    }

    /// Whether sending ended before the whole request was sent.
    pub fn is_abandoned(&self) -> bool {
        self.sending.is_abandoned()
    }

    // ---- receiving --------------------------------------------------------------------------------------------------

    /// How many bytes to ask of the network.
    pub fn appetite(&self) -> usize {
        match &self.receiving {
            Receiving::Content(left) => usize::try_from(*left).unwrap_or(READ_LENGTH).clamp(1, READ_LENGTH),
            Receiving::Head(_) => HEAD_READ_LENGTH,
            _ => READ_LENGTH,
        }
    }

    /// How many bytes of content are left, if known.
    pub fn remainder(&self) -> Option<u64> {
        match &self.receiving {
            Receiving::Content(left) => Some(*left),
            Receiving::Nothing => Some(0),
            _ => None,
        }
    }

    /// Whether the response is complete.
    pub fn is_complete(&self) -> bool {
        matches!(self.receiving, Receiving::Nothing)
    }

    /// Whether the connection switched protocols.
    pub fn is_switched(&self) -> bool {
        matches!(self.receiving, Receiving::Switched)
    }

    /// Consumes bytes from the front of `buffer`. A piece of content has at most `max` bytes.
    pub fn receive(&mut self, buffer: &mut Buffer, max: usize) -> Result<Event, Error> {
        match &mut self.receiving {
            Receiving::Head(reader) => {
                let Some((head, used)) = reader.read(buffer.as_slice()).map_err(head_error)? else {
                    return Ok(Event::NeedMore);
                };
                if self.keeps_heads {
                    self.keep_head(buffer.as_slice(), used);
                }
                buffer.consume(used);
                self.receive_head(head, used)
            }
            Receiving::Content(left) => {
                let max = usize::try_from(*left).unwrap_or(usize::MAX).min(max);
                let piece = buffer.take(max);
                *left = left.saturating_sub(piece.len() as u64);
                if piece.is_empty() {
                    return Ok(Event::NeedMore);
                }
                if *left == 0 {
                    self.receiving = Receiving::Nothing;
                }
                Ok(Event::Content(piece))
            }
            Receiving::Chunk(_) => self.receive_chunks(buffer, max),
            Receiving::End if buffer.is_empty() => Ok(Event::NeedMore),
            Receiving::End => Ok(Event::Content(buffer.take(max))),
            Receiving::Nothing => Ok(Event::End),
            Receiving::Switched => Ok(Event::Switched),
            Receiving::Fault(error) => Err(error.clone()),
        }
    }

    /// The peer ended the connection, after all received bytes.
    pub fn receive_end(&mut self) -> Result<Event, Error> {
        match &self.receiving {
            Receiving::Head(_) => Err(cut_in_head()),
            Receiving::Content(left) => Err(cut_in_content(*left)),
            Receiving::Chunk(_) => Err(cut_in_chunks()),
            Receiving::Fault(error) => Err(error.clone()),
            Receiving::Switched => Ok(Event::Switched),
            Receiving::End | Receiving::Nothing => {
                self.receiving = Receiving::Nothing;
                Ok(Event::End)
            }
        }
    }

    /// The trailers. Empty until the response is complete.
    pub fn trailers(&self) -> &Fields {
        &self.trailers
    }

    /// Whether the connection can serve another exchange. To be called when the response is complete. `rest` is what was received
    /// after it.
    pub fn verdict(&self, rest: &Buffer) -> Result<(), Unusable> {
        if !self.is_sent() {
            return Err(Unusable::UnsentContent);
        }
        self.persistence.map_err(Unusable::Said)?;
        if rest.is_empty() { Ok(()) } else { Err(Unusable::StrayBytes) }
    }

    /// Keeps the bytes of a head, without the empty lines before it.
    #[cold]
    fn keep_head(&mut self, bytes: &[u8], length: usize) {
        let head = bytes.get(..length).unwrap_or_default();
        let start = head.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(length);
        self.last_head = head.get(start..).unwrap_or_default().into();
    }

    fn receive_head(&mut self, head: ResponseHead, length: usize) -> Result<Event, Error> {
        if head.status == 101 && !self.outline.wants_upgrade {
            return Err(switched("the server switched protocols (101) without being asked"));
        }
        if head.status < 200 && head.status != 101 {
            return self.receive_interim(head, length);
        }
        let decision = framing::decide(self.outline.method, &head).map_err(framing_error)?;
        let decide = if self.is_forwarded { persistence::decide_forwarded } else { persistence::decide };
        self.persistence = self.persistence.and(decide(self.outline.closes, &head, &decision));
        let switches = head.status == 101 || decision.framing == Framing::Tunnel;
        if switches && !self.is_sent() {
            // Another protocol cannot begin within a request (RFC 9110 section 7.8).
            return Err(switched("the server switched protocols before it had the whole request"));
        }
        self.receiving = match decision.framing {
            _ if switches => Receiving::Switched,
            Framing::None | Framing::Length(0) => Receiving::Nothing,
            Framing::Length(length) => Receiving::Content(length),
            Framing::Chunked => Receiving::Chunk(Box::new(Decoder::new(head_bounds(&self.limits, 0, 0)))),
            Framing::ToEnd | Framing::Tunnel => Receiving::End,
        };
        if switches {
            self.persistence = Err(Close::Upgraded);
        } else if !self.is_sent() && (head.status >= 300 || self.sending.lacks_permission()) {
            // The server decided without the rest of the content, so the client stops (RFC 9112 sections 9.3 and 9.5). After a
            // success it goes on: some servers respond while they read.
            self.abandon();
        }
        Ok(Event::Head(head))
    }

    fn receive_interim(&mut self, head: ResponseHead, length: usize) -> Result<Event, Error> {
        self.interims = self.interims.saturating_add(1);
        self.interim_length = self.interim_length.saturating_add(length);
        self.interim_lines = self.interim_lines.saturating_add(head.fields.len());
        if self.interims > self.limits.interim_responses {
            return Err(too_many_interims(self.limits.interim_responses));
        }
        let bounds = head_bounds(&self.limits, self.interim_length, self.interim_lines);
        self.receiving = Receiving::Head(HeadReader::new(bounds));
        if head.fields.has_element("Connection", "close") {
            // RFC 9112 section 9.6: after an interim response with `close`, the final response is the last, whatever it says.
            self.persistence = Err(Close::PeerAsked);
        }
        if head.status == 100 {
            self.release();
        }
        Ok(Event::Interim(head))
    }

    fn receive_chunks(&mut self, buffer: &mut Buffer, max: usize) -> Result<Event, Error> {
        let Receiving::Chunk(decoder) = &mut self.receiving else {
            return Ok(Event::NeedMore);
        };
        // Chunks may be tiny. All that was received is gathered into one piece, so that a piece costs the caller one call. A
        // chunk that fills the piece is moved without a copy.
        let mut piece = Vec::new();
        let next = loop {
            let wanted = max.saturating_sub(piece.len());
            if wanted == 0 {
                return Ok(Event::Content(piece));
            }
            let decoded = match decoder.decode(buffer.as_slice(), wanted) {
                Ok(decoded) => decoded,
                Err(error) => break Receiving::Fault(chunk_error(error)),
            };
            buffer.consume(decoded.skip);
            if decoded.is_end {
                break Receiving::Nothing;
            }
            if decoded.take == 0 {
                return Ok(if piece.is_empty() { Event::NeedMore } else { Event::Content(piece) });
            }
            let taken = buffer.take(decoded.take);
            if piece.is_empty() {
                piece = taken;
            } else {
                piece.extend_from_slice(&taken);
            }
        };
        if let Receiving::Chunk(decoder) = std::mem::replace(&mut self.receiving, next)
            && self.is_complete()
        {
            self.trailers = decoder.into_trailers();
        }
        // Content before a fault is returned first. The fault follows with the next call.
        if piece.is_empty() { self.receive(buffer, max) } else { Ok(Event::Content(piece)) }
    }
}

/// The bounds of a head, less the bytes and lines used by interim heads.
fn head_bounds(limits: &Limits, used: usize, used_lines: usize) -> Bounds {
    Bounds {
        lines: limits.field_lines.saturating_sub(used_lines),
        line_length: limits.line_length,
        length: limits.head_length.saturating_sub(used),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SEND_LENGTH;

    const GET: Outline = Outline {
        method: MethodKind::Other,
        wants_upgrade: false,
        closes: false,
        content: Content::None,
        expects: false,
    };

    /// An exchange whose request was sent, as far as the machine sends it by itself.
    fn sent(outline: Outline) -> Exchange {
        let mut exchange = Exchange::new(outline, b"HEAD".to_vec(), Limits::default());
        assert_eq!(exchange.outgoing(), b"HEAD");
        exchange.sent(4);
        exchange
    }

    /// All that comes of these bytes, in words; then of the end of the connection, if `ends`.
    fn receive(exchange: &mut Exchange, pieces: &[&[u8]], ends: bool) -> Vec<String> {
        let mut buffer = Buffer::default();
        let mut told = Vec::new();
        let mut content = Vec::new();
        let mut tell = |event: Result<Event, Error>, told: &mut Vec<String>| {
            let text = match event {
                Ok(Event::NeedMore) => return false,
                Ok(Event::Content(piece)) => {
                    assert!(!piece.is_empty());
                    content.extend_from_slice(&piece);
                    return true;
                }
                Ok(Event::Interim(head)) => format!("interim {}", head.status),
                Ok(Event::Head(head)) => format!("head {}", head.status),
                Ok(Event::Switched) => "switched".into(),
                Ok(Event::End) => format!("end {:?}", String::from_utf8_lossy(&content)),
                Err(error) => format!("{:?} {:?}", error.phase, error.code),
            };
            let is_last =
                text.starts_with("end") || text == "switched" || !text.contains("head") && !text.contains("interim");
            told.push(text);
            !is_last
        };
        'pieces: for piece in pieces {
            buffer.push(piece.to_vec());
            loop {
                let event = exchange.receive(&mut buffer, 3);
                let is_last = matches!(event, Ok(Event::End | Event::Switched) | Err(_));
                if !tell(event, &mut told) {
                    if is_last {
                        break 'pieces;
                    }
                    break;
                }
            }
        }
        if ends {
            tell(exchange.receive_end(), &mut told);
        }
        told
    }

    /// The same, whole, byte by byte and cut in two everywhere: always the same story.
    fn story(outline: Outline, bytes: &[u8], ends: bool) -> Vec<String> {
        let whole = receive(&mut sent(outline), &[bytes], ends);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(receive(&mut sent(outline), &single, ends), whole, "byte by byte");
        for cut in 1..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(receive(&mut sent(outline), &[first, second], ends), whole, "cut at {cut}");
        }
        whole
    }

    #[test]
    fn content_ends_where_its_framing_says() {
        let told = story(GET, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false);
        assert_eq!(told, ["head 200", "end \"hello\""]);
        let told =
            story(GET, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", false);
        assert_eq!(told, ["head 200", "end \"hello\""]);
        let told = story(GET, b"HTTP/1.1 200 OK\r\n\r\nhello", true);
        assert_eq!(told, ["head 200", "end \"hello\""]);
        let told = story(GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false);
        assert_eq!(told, ["head 204", "end \"\""]);
        let head = Outline { method: MethodKind::Head, ..GET };
        let told = story(head, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false);
        assert_eq!(told, ["head 200", "end \"\""]);
    }

    #[test]
    fn an_early_end_is_told_from_a_good_one() {
        assert_eq!(story(GET, b"", true), ["Head ConnectionTerminated"]);
        assert_eq!(story(GET, b"HTTP/1.1 200 OK\r\n", true), ["Head ConnectionTerminated"]);
        let told = story(GET, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true);
        assert_eq!(told, ["head 200", "Body ResponseIncomplete"]);
        let told = story(GET, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", true);
        assert_eq!(told, ["head 200", "Body ResponseIncomplete"]);
    }

    #[test]
    fn what_was_good_before_a_fault_is_delivered() {
        let told = story(GET, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n+5\r\n", false);
        assert_eq!(told, ["head 200", "Body ResponseTransferCoding"]);
        let mut exchange = sent(GET);
        let mut buffer = Buffer::default();
        buffer.push(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx".to_vec());
        assert!(matches!(exchange.receive(&mut buffer, 64), Ok(Event::Head(_))));
        assert!(matches!(exchange.receive(&mut buffer, 64), Ok(Event::Content(piece)) if piece == b"hello"));
        assert!(exchange.receive(&mut buffer, 64).is_err());
        assert!(exchange.receive(&mut buffer, 64).is_err(), "a fault stays");
    }

    #[test]
    fn the_words_say_once_that_it_is_not_http() {
        let mut buffer = Buffer::default();
        buffer.push(b"Hello Mum.\n".to_vec());
        let error = sent(GET).receive(&mut buffer, 64).unwrap_err();
        assert_eq!(error.detail, r#"the peer does not speak HTTP/1: it sent "Hello Mum.\n""#);
    }

    #[test]
    fn interim_responses_are_counted() {
        let told = story(GET, b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 OK\r\n\r\n", false);
        assert_eq!(told, ["interim 103", "head 204", "end \"\""]);
        let many = b"HTTP/1.1 100 C\r\n\r\n".repeat(33);
        let told = receive(&mut sent(GET), &[&many], false);
        assert_eq!(told.last().unwrap(), "Head InterimResponseLimit");
        assert_eq!(told.len(), 33);
    }

    #[test]
    fn interim_heads_share_the_final_heads_bound() {
        let big = format!("HTTP/1.1 103 Early\r\nA: {}\r\n\r\n", "x".repeat(60_000));
        let told = receive(&mut sent(GET), &[big.repeat(8).as_bytes()], false);
        assert_eq!(told.last().unwrap(), "Head ResponseHeadTooLarge");
        assert_eq!(told.len(), 5);
    }

    #[test]
    fn interim_heads_share_the_final_heads_lines() {
        let interim = format!("HTTP/1.1 103 Early\r\n{}\r\n", "A: b\r\n".repeat(100));
        let end = |lines: usize| format!("HTTP/1.1 204 OK\r\n{}\r\n", "A: b\r\n".repeat(lines));
        let told = receive(&mut sent(GET), &[(interim.repeat(5) + &end(12)).as_bytes()], false);
        assert_eq!(told.len(), 5 + 2, "{told:?}");
        let told = receive(&mut sent(GET), &[(interim.repeat(5) + &end(13)).as_bytes()], false);
        assert_eq!(told.last().unwrap(), "Head ResponseHeadTooLarge");
        assert_eq!(told.len(), 5 + 1);
    }

    #[test]
    fn a_switch_that_nobody_asked_for_is_an_error() {
        assert_eq!(story(GET, b"HTTP/1.1 101 Switching\r\n\r\n", false), ["Head UpgradeFailed"]);
        let asked = Outline { wants_upgrade: true, ..GET };
        let told = story(asked, b"HTTP/1.1 101 Switching\r\n\r\nraw", false);
        assert_eq!(told, ["head 101", "switched"]);
    }

    #[test]
    fn http_ends_where_it_switches() {
        let mut exchange = sent(Outline { method: MethodKind::Connect, ..GET });
        let mut buffer = Buffer::default();
        buffer.push(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nraw".to_vec());
        assert!(matches!(exchange.receive(&mut buffer, 64), Ok(Event::Head(_))));
        assert!(exchange.is_switched() && !exchange.is_complete());
        assert!(matches!(exchange.receive(&mut buffer, 64), Ok(Event::Switched)));
        assert!(matches!(exchange.receive_end(), Ok(Event::Switched)));
        assert_eq!(buffer.as_slice(), b"raw");
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 0);
        assert_eq!(exchange.verdict(&Buffer::default()), Err(Unusable::Said(Close::Upgraded)));
    }

    #[test]
    fn content_is_framed_as_announced() {
        let mut exchange = sent(Outline { content: Content::Length(5), ..GET });
        assert_eq!(exchange.push(b"hello world", SEND_LENGTH), 5);
        assert_eq!(exchange.outgoing(), b"hello");
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 0);
        assert!(!exchange.is_sent());
        exchange.sent(5);
        assert!(exchange.is_sent());

        let mut exchange = sent(Outline { content: Content::Chunked, ..GET });
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 5);
        assert_eq!(exchange.push(b"", SEND_LENGTH), 0, "an empty chunk would end the content");
        assert_eq!(exchange.push_whole(b"hello".to_vec(), SEND_LENGTH), Err(b"hello".to_vec()), "it needs framing");
        let mut trailers = Fields::default();
        trailers.push("A", "b");
        exchange.finish(&trailers);
        assert_eq!(exchange.outgoing(), b"5\r\nhello\r\n0\r\nA: b\r\n\r\n");
        exchange.sent(usize::MAX);
        assert!(exchange.is_sent());
    }

    #[test]
    fn outgoing_bytes_are_bounded_however_much_is_pushed() {
        let mut exchange = sent(Outline { content: Content::Chunked, ..GET });
        let content = vec![0; 10 * READ_LENGTH];
        let mut pushed = 0;
        while exchange.push(&content, SEND_LENGTH) > 0 {
            pushed += 1;
            assert!(pushed < 10);
        }
        assert!(exchange.outgoing().len() <= SEND_LENGTH);
    }

    #[test]
    fn a_whole_piece_is_moved_where_nothing_is_before_it_and_it_fits() {
        let length = SEND_LENGTH as u64 + 5;
        let mut exchange =
            Exchange::new(Outline { content: Content::Length(length), ..GET }, vec![b'x'], Limits::default());
        let piece = vec![b'y'; SEND_LENGTH];
        let place = piece.as_ptr();
        let piece = exchange.push_whole(piece, SEND_LENGTH).unwrap_err();
        exchange.sent(1);
        let piece = exchange.push_whole(piece, SEND_LENGTH - 1).unwrap_err();
        assert_eq!(exchange.push_whole(Vec::new(), SEND_LENGTH), Err(Vec::new()));
        assert_eq!(exchange.push_whole(piece, SEND_LENGTH), Ok(()));
        assert_eq!((exchange.outgoing().len(), exchange.outgoing().as_ptr()), (SEND_LENGTH, place));
        exchange.sent(SEND_LENGTH);
        assert_eq!(exchange.push_whole(vec![0; 6], SEND_LENGTH), Err(vec![0; 6]), "more than is left");
        assert_eq!(exchange.push_whole(vec![0; 5], SEND_LENGTH), Ok(()));
        exchange.sent(5);
        assert!(exchange.is_sent());
    }

    #[test]
    fn of_several_writes_the_last_is_no_short_one() {
        let full = SEND_LENGTH;
        for framed in [Content::Length(u64::MAX), Content::Chunked] {
            for head in [0, 1, 200, 4000] {
                for length in
                    [1, 100, full - 300, full - 200, full - 8, full, full + 1, 2 * full - 100, 3 * full, 200_000]
                {
                    let mut exchange =
                        Exchange::new(Outline { content: framed, ..GET }, vec![b'x'; head], Limits::default());
                    let content = vec![b'x'; length];
                    let (mut pushed, mut writes) = (0, Vec::new());
                    while pushed < length {
                        loop {
                            match exchange.push(&content[pushed..], full) {
                                0 => break,
                                count => pushed += count,
                            }
                        }
                        writes.push(exchange.outgoing().len());
                        exchange.sent(exchange.outgoing().len());
                    }
                    assert!(writes.iter().all(|write| (1..=full).contains(write)), "{head} {length}: {writes:?}");
                    let bytes: usize = writes.iter().sum();
                    assert!(bytes >= head + length && bytes <= head + length + writes.len() * 9, "{head} {length}");
                    let most = if bytes <= full { 1 } else { bytes.div_ceil(full) + 1 };
                    assert!(writes.len() <= most, "{head} {length}: {writes:?}");
                    // Where the short one has room beside the head the last is full, and else no shorter than about a half.
                    let least = if head < full - length % full { full } else { full * 2 / 5 };
                    let last = writes.last().unwrap();
                    assert!(writes.len() == 1 || *last >= least, "{head} {length}: {writes:?}");
                }
            }
        }
    }

    #[test]
    fn held_content_is_sent_after_100_or_timeout() {
        let expecting = Outline { content: Content::Length(5), expects: true, ..GET };
        let mut exchange = sent(expecting);
        assert!(exchange.is_held());
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 0);
        let told = receive(&mut exchange, &[b"HTTP/1.1 100 Continue\r\n\r\n"], false);
        assert_eq!(told, ["interim 100"]);
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 5);

        let mut exchange = sent(expecting);
        exchange.release();
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 5);
    }

    #[test]
    fn final_response_instead_of_100_ends_upload_and_connection() {
        let mut exchange = sent(Outline { content: Content::Length(5), expects: true, ..GET });
        let told = receive(&mut exchange, &[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], false);
        assert_eq!(told, ["head 200", "end \"\""]);
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 0);
        assert_eq!(exchange.verdict(&Buffer::default()), Err(Unusable::UnsentContent));
    }

    #[test]
    fn early_refusal_ends_upload_but_early_success_does_not() {
        let uploading = Outline { content: Content::Length(5), ..GET };
        let mut exchange = sent(uploading);
        receive(&mut exchange, &[b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"], false);
        assert!(exchange.is_abandoned());
        let mut exchange = sent(uploading);
        receive(&mut exchange, &[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], false);
        assert_eq!(exchange.push(b"hello", SEND_LENGTH), 5);
        exchange.sent(5);
        assert_eq!(exchange.verdict(&Buffer::default()), Ok(()));
    }

    #[test]
    fn bytes_beyond_the_response_spend_the_connection() {
        let mut exchange = sent(GET);
        let mut buffer = Buffer::default();
        buffer.push(b"HTTP/1.1 204 OK\r\n\r\nHTTP/1.1 200 OK\r\n".to_vec());
        assert!(matches!(exchange.receive(&mut buffer, 64), Ok(Event::Head(_))));
        assert!(matches!(exchange.receive(&mut buffer, 64), Ok(Event::End)));
        assert_eq!(exchange.verdict(&buffer), Err(Unusable::StrayBytes));
    }

    #[test]
    fn the_message_that_says_close_spends_the_connection() {
        let verdict = |outline, bytes: &[u8]| {
            let mut exchange = sent(outline);
            receive(&mut exchange, &[bytes], true);
            exchange.verdict(&Buffer::default())
        };
        let said = |close| Err(Unusable::Said(close));
        assert_eq!(verdict(GET, b"HTTP/1.1 204 OK\r\n\r\n"), Ok(()));
        assert_eq!(verdict(Outline { closes: true, ..GET }, b"HTTP/1.1 204 OK\r\n\r\n"), said(Close::CallerAsked));
        let close = b"HTTP/1.1 204 OK\r\nConnection: close, keep-alive\r\n\r\n";
        assert_eq!(verdict(GET, close), said(Close::PeerAsked));
        let early = b"HTTP/1.1 103 Early\r\nConnection: close\r\n\r\nHTTP/1.1 204 OK\r\n\r\n";
        assert_eq!(verdict(GET, early), said(Close::PeerAsked));
        assert_eq!(verdict(GET, b"HTTP/1.0 204 OK\r\n\r\n"), said(Close::OldVersion));
        assert_eq!(verdict(GET, b"HTTP/1.0 204 OK\r\nConnection: keep-alive\r\n\r\n"), Ok(()));
        assert_eq!(verdict(GET, b"HTTP/1.1 200 OK\r\n\r\nx"), said(Close::ContentToEnd));
        let both = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert_eq!(verdict(GET, both), said(Close::ConflictingFraming));
    }
}
