//! Chunked content (RFC 9112 section 7.1), read and written.
//!
//! It moves no content: it says which bytes are content, and which are not.

use std::fmt;

use super::field_lines::{Bounds, HeadError, LineReader, append_line};
use crate::http::fields::Fields;
use crate::http::quote;
use crate::limits::CHUNK_LINE_LENGTH;

/// Why chunked content cannot be read. The text is words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// A chunk's size is no hexadecimal number, or does not fit 64 bits.
    Size(String),
    /// The line of a chunk's size is longer than [`CHUNK_LINE_LENGTH`].
    LineTooLong,
    /// The trailers are wrong.
    Trailers(HeadError),
    /// There is something else where CRLF must be.
    Terminator(String),
}

/// What is at the front of some bytes of chunked content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// So many bytes are to be dropped first.
    pub skip: usize,
    /// So many bytes after those are content. When there are none, and it is not the end, more bytes are needed.
    pub take: usize,
    /// Whether the content has ended, trailers included. What comes after the skipped bytes belongs to no one.
    pub is_end: bool,
}

/// Reads chunked content, however its bytes are cut.
///
/// Strict: a size is hexadecimal digits alone, and a line ends with CRLF. A bare LF ends no line here (that a recipient may
/// take it for one, RFC 9112 section 2.2, is about the start line and fields), for where two recipients disagree about the
/// line, one of them takes content for a message. Lenient in what cannot be taken for anything else: whitespace after a size
/// (old servers pad it), and extensions, which are not looked at (section 7.1.1).
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// Bytes so far of the line of a chunk's size.
    line_length: usize,
    /// The chunk's size so far, then what is left of the chunk.
    size: u64,
    lines: LineReader,
    trailers: Fields,
    /// How many bytes were looked at, for the test that none is twice.
    #[cfg(test)]
    looked_at: usize,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first digit of a size.
    FirstDigit,
    /// Another digit of a size, or what comes after it.
    Digit,
    /// Whitespace after a size, or what comes after that.
    Whitespace,
    /// A byte of an extension, or the CR after it.
    Extension,
    /// The LF that ends the line of a size.
    LineFeed,
    /// A byte of content.
    Content,
    /// The CR after a chunk's content.
    ContentReturn,
    /// The LF after that.
    ContentLineFeed,
    /// A byte of the trailers.
    Trailers,
    /// Someone else's.
    End,
}

impl Decoder {
    /// A decoder of content whose trailers stay within these bounds.
    pub fn new(trailers: Bounds) -> Self {
        Self {
            state: State::FirstDigit,
            line_length: 0,
            size: 0,
            lines: LineReader::new(trailers, 0),
            trailers: Fields::default(),
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Looks at the front of `bytes`, which are all that came and were neither skipped nor taken so far.
    ///
    /// Of what it says, `skip` and `take` must be used up before the next call. One call gives one run of content at most, of `max` bytes;
    /// several drain a buffer. The bytes of unfinished trailers are left where they are.
    pub fn decode(&mut self, bytes: &[u8], max: usize) -> Result<Decoded, ChunkError> {
        let mut skip: usize = 0;
        loop {
            let ahead = bytes.get(skip..).unwrap_or_default();
            match self.state {
                State::End => {
                    return Ok(Decoded { skip, take: 0, is_end: true });
                }
                State::Content => {
                    let take = self.take_content(ahead.len().min(max));
                    return Ok(Decoded { skip, take, is_end: false });
                }
                State::Trailers => {
                    let read = self.lines.read(ahead).map_err(ChunkError::Trailers)?;
                    let Some((trailers, used)) = read else {
                        return Ok(Decoded { skip, take: 0, is_end: false });
                    };
                    self.trailers = trailers;
                    self.state = State::End;
                    skip = skip.saturating_add(used);
                }
                _ => {
                    let Some(&byte) = ahead.first() else {
                        return Ok(Decoded { skip, take: 0, is_end: false });
                    };
                    self.state = self.step(byte)?;
                    skip = skip.saturating_add(1);
                    self.count();
                }
            }
        }
    }

    /// The trailers; none before the end.
    pub fn into_trailers(self) -> Fields {
        self.trailers
    }

    /// As much of the chunk as there is.
    fn take_content(&mut self, available: usize) -> usize {
        // What does not fit a usize is more than is there.
        let left = usize::try_from(self.size).unwrap_or(usize::MAX);
        let take = left.min(available);
        self.size = self.size.saturating_sub(take as u64);
        if self.size == 0 {
            self.state = State::ContentReturn;
        }
        take
    }

    /// Takes a byte that is neither content nor trailers, and says what comes after it.
    fn step(&mut self, byte: u8) -> Result<State, ChunkError> {
        let is_in_line = matches!(self.state, State::FirstDigit | State::Digit | State::Whitespace | State::Extension);
        if is_in_line && !matches!(byte, b'\r' | b'\n') {
            if self.line_length >= CHUNK_LINE_LENGTH {
                return Err(ChunkError::LineTooLong);
            }
            self.line_length = self.line_length.saturating_add(1);
        }
        match (self.state, byte) {
            (State::FirstDigit | State::Digit, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.add_digit(byte)?;
                Ok(State::Digit)
            }
            (State::FirstDigit, _) => Err(wrong_size("begins", byte)),
            (State::Digit | State::Whitespace, b' ' | b'\t') => Ok(State::Whitespace),
            (State::Digit | State::Whitespace, b';') => Ok(State::Extension),
            (State::Digit | State::Whitespace | State::Extension, b'\r') => Ok(State::LineFeed),
            (State::Digit | State::Whitespace | State::Extension, b'\n') => {
                Err(wrong_end("the line of a chunk's size", byte))
            }
            (State::Digit | State::Whitespace, _) => Err(wrong_size("goes on", byte)),
            (State::Extension, _) => Ok(State::Extension),
            (State::LineFeed, b'\n') if self.size == 0 => Ok(State::Trailers),
            (State::LineFeed, b'\n') => Ok(State::Content),
            (State::LineFeed, _) => Err(wrong_end("the line of a chunk's size", byte)),
            (State::ContentReturn, b'\r') => Ok(State::ContentLineFeed),
            (State::ContentLineFeed, b'\n') => {
                self.line_length = 0;
                Ok(State::FirstDigit)
            }
            (State::ContentReturn | State::ContentLineFeed, _) => Err(wrong_end("a chunk's content", byte)),
            // These take no byte here.
            (State::Content | State::Trailers | State::End, _) => Ok(self.state),
        }
    }

    /// Adds a hexadecimal digit to the size.
    fn add_digit(&mut self, digit: u8) -> Result<(), ChunkError> {
        let value = char::from(digit).to_digit(16).map(u64::from);
        let size = self.size.checked_mul(16).zip(value).and_then(|(size, value)| size.checked_add(value));
        self.size = size.ok_or_else(|| ChunkError::Size("a chunk's size is beyond 64 bits".into()))?;
        Ok(())
    }

    #[cfg(test)]
    fn count(&mut self) {
        self.looked_at += 1;
    }

    #[cfg(not(test))]
    fn count(&mut self) {}
}

/// The line before a chunk of this length, which is not 0: that would be the last chunk. CRLF follows the chunk.
pub fn encode_size(length: usize) -> Vec<u8> {
    format!("{length:x}\r\n").into_bytes()
}

/// The last chunk, these trailers, and the empty line.
pub fn encode_end(trailers: &Fields) -> Vec<u8> {
    let mut end = b"0\r\n".to_vec();
    for field in trailers.iter() {
        append_line(&mut end, &field.name, &field.value);
    }
    end.extend_from_slice(b"\r\n");
    end
}

/// The error of a size with this byte in it.
fn wrong_size(how: &str, byte: u8) -> ChunkError {
    ChunkError::Size(format!("a chunk's size {how} with {}", quote(&[byte])))
}

/// The error of this, which is followed by this byte where CRLF must be.
fn wrong_end(what: &str, byte: u8) -> ChunkError {
    ChunkError::Terminator(format!("{what} does not end with CRLF, but {}", quote(&[byte])))
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(words) | Self::Terminator(words) => f.write_str(words),
            Self::LineTooLong => f.write_str("the line of a chunk's size is too long"),
            Self::Trailers(error) => write!(f, "in the trailers: {error}"),
        }
    }
}

impl std::error::Error for ChunkError {}
