//! The sending direction of one exchange: the head, framed content, and what is held back. The table in `exchange` lists its
//! states.

use crate::h1::chunked;
use crate::http::fields::Fields;

/// How a request's content is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// There is none.
    None,
    /// This many bytes.
    Length(u64),
    /// Chunks and trailers.
    Chunked,
}

/// The sending direction.
#[derive(Debug)]
pub(super) struct Sending {
    content: Content,
    state: State,
    /// Bytes to send next, of which `gone` were sent.
    outgoing: Vec<u8>,
    gone: usize,
    /// Whether `outgoing` is as long as it should be, although there is more content.
    is_full: bool,
}

/// States are named for what they wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `100 Continue`, or the end of the time allowed for it.
    Permission,
    /// More content, of this length if known.
    Content(Option<u64>),
    /// Nothing: everything is in `outgoing`, or was sent.
    Nothing,
    /// Nothing: no more will be sent.
    Abandoned,
}

impl Sending {
    /// A request with this head. Its content is held if it `expects` permission.
    pub(super) fn new(head: Vec<u8>, content: Content, expects: bool) -> Self {
        let state = match content {
            Content::None | Content::Length(0) => State::Nothing,
            _ if expects => State::Permission,
            _ => State::of(content),
        };
        Self { content, state, outgoing: head, gone: 0, is_full: false }
    }

    pub(super) fn outgoing(&self) -> &[u8] {
        self.outgoing.get(self.gone..).unwrap_or_default()
    }

    pub(super) fn sent(&mut self, count: usize) {
        self.gone = self.gone.saturating_add(count).min(self.outgoing.len());
        if self.gone == self.outgoing.len() {
            self.outgoing.clear();
            self.gone = 0;
            self.is_full = false;
            if self.state == State::Nothing {
                self.outgoing = Vec::new();
            }
        }
    }

    /// How many bytes of `length` to take now, where the connection sends `most` at once. `outgoing` must not grow without bound.
    /// If several writes are needed, the last is as long as possible, and a short one comes first: see `Upload::holds_head`.
    fn room(&mut self, length: usize, most: usize) -> usize {
        let (framing, length) = match self.state {
            State::Content(Some(left)) => (0, usize::try_from(left).unwrap_or(usize::MAX).min(length)),
            State::Content(None) => (chunked::FRAMING_LENGTH, length),
            State::Permission | State::Nothing | State::Abandoned => return 0,
        };
        if self.is_full {
            return 0;
        }
        let full = most.saturating_sub(framing).max(1);
        let free = full.saturating_sub(self.outgoing.len());
        let short = length.checked_rem(full).unwrap_or_default();
        self.is_full = length > free;
        if !self.is_full {
            length
        } else if short <= free && (short > 0 || !self.outgoing.is_empty()) {
            short
        } else {
            free.min(length.div_ceil(2))
        }
    }

    /// Takes content to send, and frames it. Returns how many bytes it took.
    pub(super) fn push(&mut self, content: &[u8], most: usize) -> usize {
        let room = self.room(content.len(), most);
        let taken = content.get(..room).unwrap_or(content);
        if taken.is_empty() {
            return 0;
        }
        let length = taken.len();
        match &mut self.state {
            State::Content(Some(left)) => {
                self.outgoing.extend_from_slice(taken);
                *left = left.saturating_sub(length as u64);
                if *left == 0 {
                    self.state = State::Nothing;
                }
            }
            State::Content(None) => {
                self.outgoing.extend_from_slice(&chunked::encode_size(length));
                self.outgoing.extend_from_slice(taken);
                self.outgoing.extend_from_slice(b"\r\n");
            }
            State::Permission | State::Nothing | State::Abandoned => return 0,
        }
        length
    }

    /// Takes a whole piece of content without a copy, if it needs no framing and nothing is before it. Otherwise gives it back.
    pub(super) fn push_whole(&mut self, piece: Vec<u8>, most: usize) -> Result<(), Vec<u8>> {
        let length = piece.len();
        match &mut self.state {
            State::Content(Some(left))
                if (1..=most).contains(&length) && length as u64 <= *left && self.outgoing.is_empty() =>
            {
                *left = left.saturating_sub(length as u64);
                if *left == 0 {
                    self.state = State::Nothing;
                }
                self.outgoing = piece;
                Ok(())
            }
            _ => Err(piece),
        }
    }

    /// Ends chunked content. Content of a known length ends by itself.
    pub(super) fn finish(&mut self, trailers: &Fields) {
        if self.state == State::Content(None) {
            self.outgoing.extend_from_slice(&chunked::encode_end(trailers));
            self.state = State::Nothing;
        }
    }

    /// Releases held content: the server wants it, or has had its time to say so.
    pub(super) fn release(&mut self) {
        if self.state == State::Permission {
            self.state = State::of(self.content);
        }
    }

    /// Sends nothing more: sending failed, or is not wanted.
    pub(super) fn abandon(&mut self) {
        if !self.is_sent() {
            self.state = State::Abandoned;
            self.outgoing = Vec::new();
            self.gone = 0;
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.state == State::Permission && self.outgoing().is_empty()
    }

    /// Whether the server has yet to permit the content.
    pub(super) fn lacks_permission(&self) -> bool {
        self.state == State::Permission
    }

    pub(super) fn is_sent(&self) -> bool {
        self.state == State::Nothing && self.outgoing().is_empty()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.state == State::Abandoned
    }
}

impl State {
    /// The state for content that may be sent.
    fn of(content: Content) -> Self {
        match content {
            Content::None => Self::Nothing,
            Content::Length(length) => Self::Content(Some(length)),
            Content::Chunked => Self::Content(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SEND_LENGTH;

    #[test]
    fn nothing_is_kept_for_what_has_gone() {
        let mut sending = Sending::new(b"HEAD".to_vec(), Content::Length(3), false);
        sending.push(b"ab", SEND_LENGTH);
        sending.sent(6);
        assert!(sending.outgoing.capacity() > 0, "there is more to come");
        sending.push(b"c", SEND_LENGTH);
        sending.sent(1);
        assert!(sending.is_sent());
        assert_eq!(sending.outgoing.capacity(), 0);
    }
}
