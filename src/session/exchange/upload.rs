//! The content that a caller writes, on its way into the machine of the exchange.

use crate::error::{Code, Error, Phase};
use crate::h1::exchange::Exchange;
use crate::http::fields::{self, Field, Fields};
use crate::http::quote;
use crate::limits::REQUEST_FIELDS_LENGTH;
use crate::session::request::Content;

/// Content on its way, at most one piece of the caller's at a time. It outlives a connection: if the connection was stale and
/// none of the content was sent, the request is sent again on another.
#[derive(Debug)]
pub(crate) struct Upload {
    content: Content,
    /// The caller's piece, of which `used` bytes are in the machine.
    piece: Vec<u8>,
    used: usize,
    /// Bytes accepted from the caller.
    accepted: u64,
    /// Bytes passed to a machine.
    moved: u64,
    /// The trailers, once the caller has ended the content.
    end: Option<Fields>,
    /// Whether a piece was refused, and the caller waits for room.
    is_room_wanted: bool,
    /// Bytes in the machine that were not sent yet, framing included.
    in_machine: usize,
    /// Whether the caller's piece is kept after a response, because it may be sent again.
    is_kept: bool,
    /// Whether a redirect was followed without the content, so that the caller's is of no use any more.
    is_refused: bool,
    /// Whether the caller waits for something, such as the response. Then what was written is sent without waiting for more.
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
            is_refused: false,
            is_awaited: false,
        }
    }

    /// The request is followed by another with this content.
    pub(crate) fn replace(&mut self, content: Content) {
        let is_refused = matches!(self.content, Content::Streamed(_)) || self.is_refused;
        *self = Self { is_refused, is_kept: self.is_kept, is_awaited: self.is_awaited, ..Self::new(content) };
    }

    /// Notes that the caller waits for something.
    pub(crate) fn note_waiting(&mut self) {
        self.is_awaited = true;
    }

    /// Whether to hold the head back until the caller writes content, so that both are sent together. Sent alone, the head is a
    /// short segment. Nagle's algorithm then holds the next short segment until the peer has acknowledged the head (RFC 9293
    /// section 3.7.4). A peer with nothing to respond yet may delay that by 40 ms and more.
    pub(crate) fn holds_head(&self) -> bool {
        let is_streamed = matches!(self.content, Content::Streamed(length) if length != Some(0));
        is_streamed && self.accepted == 0 && self.end.is_none() && !self.is_awaited
    }

    /// Sets whether the caller's piece is kept, because a response may make the exchange send the request again.
    pub(crate) fn keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }

    /// Whether it is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether all of it can be sent again. True for bytes; for streamed content, only before any of it was sent.
    pub(crate) fn is_replayable(&self) -> bool {
        !matches!(self.content, Content::Streamed(_)) || self.moved == 0
    }

    /// Starts over, for another connection. Only for replayable content.
    pub(crate) fn rewind(&mut self) {
        self.moved = 0;
        self.in_machine = 0;
    }

    /// The length of the content, if known. `None` also where there is no content.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.content {
            Content::None => None,
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Streamed(length) => *length,
        }
    }

    /// Bytes of content that were sent.
    pub(crate) fn gone(&self) -> u64 {
        self.moved.saturating_sub(self.in_machine as u64)
    }

    /// Notes how many bytes the machine has not sent yet.
    pub(crate) fn note_in_machine(&mut self, count: usize) {
        self.in_machine = count;
    }

    /// Whether everything that the caller wrote was sent.
    pub(crate) fn is_flushed(&self) -> bool {
        self.piece.is_empty() && self.in_machine == 0
    }

    /// Whether the caller has yet to write, or to end the content.
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

    /// Whether there is now room for a caller whose piece was refused.
    pub(crate) fn can_serve(&self) -> bool {
        self.is_room_wanted && self.has_room()
    }

    /// Notes whether a piece was refused.
    pub(crate) fn want_room(&mut self, is_wanted: bool) {
        self.is_room_wanted = is_wanted;
    }

    /// Takes a piece from the caller. Only if there is room.
    pub(crate) fn accept(&mut self, piece: Vec<u8>) -> Result<(), Error> {
        if self.is_refused {
            return Err(early_response());
        }
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
            _ if self.is_refused => Err(early_response()),
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
                let cost = |field: Field<'_>| fields::cost(field.name, field.value);
                if trailers.iter().map(cost).fold(0, usize::saturating_add) > REQUEST_FIELDS_LENGTH {
                    return Err(wrong_trailer("", "the trailers are too large"));
                }
                for field in trailers.iter() {
                    fields::check_name(field.name)
                        .and_then(|()| fields::check_trailer_name(field.name))
                        .and_then(|()| fields::check_value(field.value))
                        .map_err(|what| wrong_trailer(field.name, what))?;
                }
                self.end = Some(trailers);
                Ok(())
            }
        }
    }

    /// Moves as much into the machine as it has room for. `most` is what the connection can send at once.
    pub(crate) fn fill(&mut self, machine: &mut Exchange, most: usize) {
        if let Content::Bytes(bytes) = &self.content {
            let from = usize::try_from(self.moved).unwrap_or(usize::MAX);
            let count = machine.push(bytes.get(from..).unwrap_or_default(), most);
            self.moved = self.moved.saturating_add(count as u64);
        }
        if self.used == 0 && !self.piece.is_empty() {
            let length = self.piece.len();
            match machine.push_whole(std::mem::take(&mut self.piece), most) {
                Ok(()) => self.moved = self.moved.saturating_add(length as u64),
                Err(piece) => self.piece = piece,
            }
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

    /// Drops the caller's piece, which will not be sent.
    pub(crate) fn discard(&mut self) {
        self.piece = Vec::new();
        self.in_machine = 0;
    }
}

pub(crate) fn early_response() -> Error {
    Error::new(
        Phase::Send,
        Code::EarlyResponse,
        "the server has answered and does not want the rest of the content: take the response",
    )
}

pub(crate) fn misuse(detail: &str) -> Error {
    Error::new(Phase::Setup, Code::InvalidState, detail)
}

pub(crate) fn wrong_trailer(name: &str, what: &str) -> Error {
    let detail = format!("the trailer {} cannot be sent: {what}", quote(name.as_bytes()));
    Error::new(Phase::Send, Code::request_field(name), detail)
}
