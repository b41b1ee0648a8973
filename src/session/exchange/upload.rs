//! The content that a caller writes to an exchange, on its way into the exchange's machine.

use crate::error::{Code, Error, Phase};
use crate::h1::exchange::Exchange;
use crate::http::fields::{self, Field, Fields};
use crate::http::quote;
use crate::limits::REQUEST_FIELDS_LENGTH;
use crate::session::request::Content;

/// Content on its way, at most one piece of the caller's at a time. It outlives a connection, so that a request whose
/// connection had gone stale can be sent again while nothing of its content has left.
#[derive(Debug)]
pub(crate) struct Upload {
    content: Content,
    /// The caller's piece, of which `used` bytes are in the machine.
    piece: Vec<u8>,
    used: usize,
    /// Bytes that were accepted from the caller.
    accepted: u64,
    /// Bytes that went into a machine.
    moved: u64,
    /// The trailers, once the caller has ended the content.
    end: Option<Fields>,
    /// Whether a piece was refused, and the caller waits for room.
    is_room_wanted: bool,
    /// Bytes in the machine that have not gone yet, framing included.
    in_machine: usize,
    /// Whether what the caller wrote stays although an answer has come: it may be sent again.
    is_kept: bool,
    /// Whether the caller waits for something, be it an answer: what is here goes without more of it.
    is_awaited: bool,
}

impl Upload {
    pub(crate) fn new(content: Content) -> Self {
        Self {
            content,
            piece: Vec::new(),
            used: 0,
            accepted: 0,
            moved: 0,
            end: None,
            is_room_wanted: false,
            in_machine: 0,
            is_kept: false,
            is_awaited: false,
        }
    }

    /// The caller waits for something.
    pub(crate) fn note_waiting(&mut self) {
        self.is_awaited = true;
    }

    /// Whether the head had better go with content that the caller is about to write. Alone it would be a short segment, and a
    /// system that has not been told otherwise keeps the next short one until the peer has acknowledged it (RFC 9293 section
    /// 3.7.4), which it may put off for 40 ms and more, for it has nothing to answer yet.
    pub(crate) fn holds_head(&self) -> bool {
        let is_streamed = matches!(self.content, Content::Streamed(length) if length != Some(0));
        is_streamed && self.accepted == 0 && self.end.is_none() && !self.is_awaited
    }

    /// Keeps what the caller writes, or ends that: an answer may have the request be sent once more.
    pub(crate) fn keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }

    /// Whether it is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether all of it can be sent once more. True of bytes; of streamed content only before any of it has left.
    pub(crate) fn is_replayable(&self) -> bool {
        !matches!(self.content, Content::Streamed(_)) || self.moved == 0
    }

    /// Begins anew, for another connection. Only for what is replayable.
    pub(crate) fn rewind(&mut self) {
        self.moved = 0;
        self.in_machine = 0;
    }

    /// How many bytes there are in all, if that is known; none where there is no content.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.content {
            Content::None => None,
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Streamed(length) => *length,
        }
    }

    /// Bytes of content that have gone.
    pub(crate) fn gone(&self) -> u64 {
        self.moved.saturating_sub(self.in_machine as u64)
    }

    /// Notes how many bytes the machine still holds.
    pub(crate) fn note_in_machine(&mut self, count: usize) {
        self.in_machine = count;
    }

    /// Whether all that the caller wrote has gone.
    pub(crate) fn is_flushed(&self) -> bool {
        self.piece.is_empty() && self.in_machine == 0
    }

    /// Whether the caller has still to write, or to end the content.
    pub(crate) fn is_unfinished(&self) -> bool {
        match &self.content {
            Content::None | Content::Bytes(_) => false,
            Content::Streamed(Some(length)) => self.accepted < *length,
            Content::Streamed(None) => self.end.is_none(),
        }
    }

    /// Whether a piece could be taken now.
    pub(crate) fn has_room(&self) -> bool {
        self.piece.is_empty()
    }

    /// Whether a refused caller can be served now.
    pub(crate) fn can_serve(&self) -> bool {
        self.is_room_wanted && self.has_room()
    }

    /// Notes whether a piece was refused.
    pub(crate) fn want_room(&mut self, is_wanted: bool) {
        self.is_room_wanted = is_wanted;
    }

    /// Takes a piece of the caller's. Only where there is room.
    pub(crate) fn accept(&mut self, piece: Vec<u8>) -> Result<(), Error> {
        let accepted = self.accepted.saturating_add(piece.len() as u64);
        match &self.content {
            Content::Streamed(Some(length)) if accepted > *length => {
                return Err(Error::new(
                    Phase::Send,
                    Code::RequestContentLength,
                    format!("{accepted} bytes of content were written where {length} were announced"),
                ));
            }
            Content::Streamed(_) if self.end.is_none() => {}
            Content::Streamed(_) => {
                return Err(misuse("the content was ended before: nothing more can be written"));
            }
            Content::None | Content::Bytes(_) => {
                return Err(misuse("this request's content is not streamed: nothing can be written"));
            }
        }
        self.accepted = accepted;
        self.piece = piece;
        self.used = 0;
        Ok(())
    }

    /// Ends the content.
    pub(crate) fn finish(&mut self, trailers: Fields) -> Result<(), Error> {
        match &self.content {
            Content::None | Content::Bytes(_) => Err(misuse("this request's content is not streamed")),
            Content::Streamed(Some(length)) if self.accepted < *length => Err(Error::new(
                Phase::Send,
                Code::RequestContentLength,
                format!("{} bytes of content were written where {length} were announced", self.accepted),
            )),
            Content::Streamed(Some(_)) if !trailers.is_empty() => {
                Err(wrong_trailer("", "only chunked content has trailers"))
            }
            Content::Streamed(_) if self.end.is_some() => Err(misuse("the content was ended before")),
            Content::Streamed(_) => {
                let cost = |field: &Field| fields::cost(&field.name, &field.value);
                if trailers.iter().map(cost).fold(0, usize::saturating_add) > REQUEST_FIELDS_LENGTH {
                    return Err(wrong_trailer("", "the trailers are too large"));
                }
                for field in trailers.iter() {
                    fields::check_name(&field.name)
                        .and_then(|()| fields::check_trailer_name(&field.name))
                        .and_then(|()| fields::check_value(&field.value))
                        .map_err(|what| wrong_trailer(&field.name, what))?;
                }
                self.end = Some(trailers);
                Ok(())
            }
        }
    }

    /// Moves what there is room for into the machine, which is to send `most` bytes at once.
    pub(crate) fn fill(&mut self, machine: &mut Exchange, most: usize) {
        if let Content::Bytes(bytes) = &self.content {
            let from = usize::try_from(self.moved).unwrap_or(usize::MAX);
            let count = machine.push(bytes.get(from..).unwrap_or_default(), most);
            self.moved = self.moved.saturating_add(count as u64);
        }
        while !self.piece.is_empty() {
            let count = machine.push(self.piece.get(self.used..).unwrap_or_default(), most);
            if count == 0 {
                break;
            }
            self.used = self.used.saturating_add(count);
            self.moved = self.moved.saturating_add(count as u64);
            if self.used >= self.piece.len() {
                self.piece = Vec::new();
            }
        }
        if let (Some(trailers), true) = (&self.end, self.piece.is_empty()) {
            machine.finish(trailers);
        }
    }

    /// Drops what the caller wrote: it will not be sent.
    pub(crate) fn discard(&mut self) {
        self.piece = Vec::new();
        self.in_machine = 0;
    }
}

pub(crate) fn misuse(detail: &str) -> Error {
    Error::new(Phase::Setup, Code::InvalidState, detail)
}

pub(crate) fn wrong_trailer(name: &str, what: &str) -> Error {
    let detail = format!("the trailer {} cannot be sent: {what}", quote(name.as_bytes()));
    Error::new(Phase::Send, Code::request_field(name), detail)
}
