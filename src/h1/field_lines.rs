//! Field lines as bytes, as a head and trailers have them (RFC 9112 section 5): written, and read up to the empty line.
//!
//! What a field means is not known here.

use std::fmt;

use crate::http::fields::{Fields, is_token_byte, is_value_byte, trim};
use crate::http::quote;

/// How large a head, or trailers, may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Field lines; one with folds counts as one.
    pub lines: usize,
    /// Bytes of one line, folds included, its line end not.
    pub line_length: usize,
    /// Bytes altogether, line ends and empty lines included.
    pub length: usize,
}

/// Why a head, or trailers, cannot be read. The text is words for people; it quotes little of what came, escaped, and no
/// field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// What came is not HTTP/1.0 or HTTP/1.1.
    NotHttp(String),
    /// A line is longer than [`Bounds::line_length`].
    LineTooLong,
    /// There are more field lines than [`Bounds::lines`].
    TooManyLines,
    /// It is larger than [`Bounds::length`].
    TooLarge,
    /// It is HTTP, but wrong.
    Malformed(String),
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttp(words) | Self::Malformed(words) => f.write_str(words),
            Self::LineTooLong => f.write_str("a line is too long"),
            Self::TooManyLines => f.write_str("there are too many field lines"),
            Self::TooLarge => f.write_str("there are too many bytes of field lines"),
        }
    }
}

impl std::error::Error for HeadError {}

/// Writes one line.
pub(super) fn append_line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// Reads field lines up to and including the empty line after them.
///
/// A line ends with CRLF or a bare LF (RFC 9112 section 2.2). A CR elsewhere, NUL, and every other control character but
/// HTAB are errors (RFC 9110 section 5.5 lets a recipient keep the others where that is safe; nobody here knows whether it
/// is). So are a name that is no token, whitespace before the colon (RFC 9112 section 5.1), and whitespace before the first
/// line (section 2.2). A line that begins with whitespace continues the one before (obs-fold, section 5.2).
#[derive(Debug)]
pub(super) struct LineReader {
    bounds: Bounds,
    /// The first byte that was not looked at.
    at: usize,
    /// Where the current line begins, folds not counted.
    line_start: usize,
    /// Where the name of the current line ends: at its colon.
    name_end: usize,
    /// Where the current line ends so far: at its line end.
    line_end: usize,
    is_folded: bool,
    state: State,
    fields: Fields,
    /// How many bytes were looked at, for the test that none is twice.
    #[cfg(test)]
    pub(super) looked_at: usize,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first byte of the first line.
    FirstLine,
    /// The first byte after a line: of the next one, or of a fold.
    NextLine,
    /// A byte of a name, or the colon after it.
    Name,
    /// A byte of a value, or a line end.
    Value,
    /// The LF after a CR that ends a line.
    LineFeed,
    /// The LF after the CR of the empty line.
    LastLineFeed,
}

impl LineReader {
    /// A reader of the lines that begin at `start` of the bytes it will be given; those before count for
    /// [`Bounds::length`].
    pub(super) fn new(bounds: Bounds, start: usize) -> Self {
        Self {
            bounds,
            at: start,
            line_start: start,
            name_end: start,
            line_end: start,
            is_folded: false,
            state: State::FirstLine,
            fields: Fields::default(),
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Reads on. `bytes` are those of the last call, and more. None: they do not suffice. Otherwise the fields, and where
    /// the bytes after the empty line begin.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Option<(Fields, usize)>, HeadError> {
        loop {
            self.skip_plain(bytes);
            let Some(&byte) = bytes.get(self.at) else {
                return Ok(None);
            };
            self.check_bounds(byte)?;
            let next = self.at.saturating_add(1);
            self.state = match (self.state, byte) {
                (State::NextLine, b' ' | b'\t') => {
                    self.is_folded = true;
                    State::Value
                }
                (State::FirstLine, b' ' | b'\t') => {
                    return malformed("there is whitespace before the first field line");
                }
                (State::FirstLine | State::NextLine, b'\r') => {
                    self.end_line(bytes);
                    State::LastLineFeed
                }
                (State::FirstLine | State::NextLine, b'\n') => {
                    self.end_line(bytes);
                    return Ok(Some((std::mem::take(&mut self.fields), next)));
                }
                (State::FirstLine | State::NextLine, _) => {
                    self.end_line(bytes);
                    self.begin_line(byte)?;
                    State::Name
                }
                (State::Name, b':') => {
                    self.name_end = self.at;
                    State::Value
                }
                (State::Name, _) => return self.wrong_name(bytes, byte),
                (State::Value, b'\n') => {
                    self.line_end = self.at;
                    State::NextLine
                }
                (State::Value, b'\r') => {
                    self.line_end = self.at;
                    State::LineFeed
                }
                (State::Value, _) => return self.wrong_value(bytes, byte),
                (State::LineFeed, b'\n') => State::NextLine,
                (State::LineFeed, _) => return self.wrong_value(bytes, b'\r'),
                (State::LastLineFeed, b'\n') => {
                    return Ok(Some((std::mem::take(&mut self.fields), next)));
                }
                (State::LastLineFeed, _) => {
                    return malformed("there is a CR without LF after the field lines");
                }
            };
            self.at = next;
            self.count(1);
        }
    }

    /// Goes to the first byte that is not plain: that changes the state, that is wrong, or that is one too many.
    fn skip_plain(&mut self, bytes: &[u8]) {
        let line_bound = self.line_start.saturating_add(self.bounds.line_length);
        let end = line_bound.min(self.bounds.length).min(bytes.len());
        let ahead = bytes.get(self.at..end).unwrap_or_default();
        let run = match self.state {
            State::Name => run_of(ahead, is_token_byte),
            State::Value => run_of(ahead, is_value_byte),
            _ => return,
        };
        self.at = self.at.saturating_add(run);
        self.count(run);
    }

    /// Whether this byte, the next one, is one too many.
    fn check_bounds(&self, byte: u8) -> Result<(), HeadError> {
        if self.at >= self.bounds.length {
            return Err(HeadError::TooLarge);
        }
        let is_line_end = matches!(byte, b'\r' | b'\n');
        let is_new_line = match self.state {
            State::FirstLine => true,
            State::NextLine => !matches!(byte, b' ' | b'\t'),
            _ => false,
        };
        let line_start = if is_new_line { self.at } else { self.line_start };
        if !is_line_end && self.at.saturating_sub(line_start) >= self.bounds.line_length {
            return Err(HeadError::LineTooLong);
        }
        Ok(())
    }

    /// Begins the line whose first byte is this one.
    fn begin_line(&mut self, byte: u8) -> Result<(), HeadError> {
        if self.fields.len() >= self.bounds.lines {
            return Err(HeadError::TooManyLines);
        }
        if byte == b':' {
            return malformed("a field line has no name");
        }
        if !is_token_byte(byte) {
            return malformed(&format!("a field's name begins with {}", quote(&[byte])));
        }
        self.line_start = self.at;
        Ok(())
    }

    /// Keeps the line that has just ended, if there is one. Once more does no harm: then there is none.
    fn end_line(&mut self, bytes: &[u8]) {
        if self.name_end <= self.line_start {
            return;
        }
        let name = bytes.get(self.line_start..self.name_end).unwrap_or_default();
        let value = bytes.get(self.name_end.saturating_add(1)..self.line_end).unwrap_or_default();
        let value = if self.is_folded { unfold(value) } else { trim(value).to_vec() };
        // A name is a token, and so ASCII.
        self.fields.push(String::from_utf8_lossy(name), value);
        self.name_end = self.line_start;
        self.is_folded = false;
    }

    /// The error of a name that ends with this byte.
    fn wrong_name<T>(&self, bytes: &[u8], byte: u8) -> Result<T, HeadError> {
        let name = quote(bytes.get(self.line_start..self.at).unwrap_or_default());
        malformed(&match byte {
            b' ' | b'\t' => format!("there is whitespace before the colon of the field {name}"),
            b'\r' | b'\n' => format!("the field line {name} has no colon"),
            _ => format!("the field's name {name} goes on with {}", quote(&[byte])),
        })
    }

    /// The error of a value with this byte in it.
    fn wrong_value<T>(&self, bytes: &[u8], byte: u8) -> Result<T, HeadError> {
        let name = quote(bytes.get(self.line_start..self.name_end).unwrap_or_default());
        malformed(&format!("the value of the field {name} holds {}", quote(&[byte])))
    }

    #[cfg(test)]
    fn count(&mut self, bytes: usize) {
        self.looked_at += bytes;
    }

    #[cfg(not(test))]
    fn count(&mut self, _bytes: usize) {}
}

/// How many of the first bytes are such.
pub(super) fn run_of(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is_such(*byte)).unwrap_or(bytes.len())
}

/// An error in these words.
fn malformed<T>(words: &str) -> Result<T, HeadError> {
    Err(HeadError::Malformed(words.to_owned()))
}

/// The value of a line with folds: each fold, with the whitespace around it, is one space (RFC 9112 section 5.2).
fn unfold(value: &[u8]) -> Vec<u8> {
    let mut unfolded = Vec::with_capacity(value.len());
    // A CR stands only before an LF, and `trim` takes it for what it is not; so it goes first.
    for part in value.split(|byte| *byte == b'\n') {
        let part = trim(part.strip_suffix(b"\r").unwrap_or(part));
        if !part.is_empty() && !unfolded.is_empty() {
            unfolded.push(b' ');
        }
        unfolded.extend_from_slice(part);
    }
    unfolded
}
