//! A response's head, read from bytes (RFC 9112 sections 4 and 5).
//!
//! It does not know what the response is to, nor where its content ends.

use super::field_lines::{Bounds, HeadError, LineReader, run_of};
use super::version::Version;
use crate::http::fields::{Fields, is_value_byte, trim};
use crate::http::quote;
use crate::limits::LEADING_EMPTY_LINES;

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The version, as far as it is known here: a later HTTP/1.x counts as 1.1 (RFC 9110 section 2.5).
    pub version: Version,
    /// The status code, 100 to 999. One above 599 is not valid, and to be treated as a 5xx (RFC 9110 section 15): as a
    /// final response that brings no good news, which is how it is framed.
    pub status: u16,
    /// The reason phrase, often empty; bytes that are not UTF-8 are replaced.
    pub reason: String,
    /// The fields.
    pub fields: Fields,
}

/// Reads one head, however its bytes are cut.
///
/// Lenient where RFC 9112 is: a line may end with a bare LF (section 2.2), a few empty lines may come first, the reason may
/// be missing, and the space before it too. Strict in all else: one space between the parts, three digits, and field lines
/// as they must be.
#[derive(Debug)]
pub struct HeadReader {
    bounds: Bounds,
    /// The first byte that was not looked at; once the field lines have begun, their reader knows.
    at: usize,
    /// Where the current line begins: the status line, or an empty one before it.
    line_start: usize,
    empty_lines: usize,
    state: State,
    version: Version,
    status: u16,
    /// Where the reason begins, the space before it included.
    reason_start: usize,
    reason: String,
    /// How many bytes were looked at, for the test that none is twice.
    #[cfg(test)]
    looked_at: usize,
}

/// What the next byte is.
#[derive(Debug)]
enum State {
    /// The first byte of a line.
    Line,
    /// The LF after the CR of an empty line.
    EmptyLineFeed,
    /// A byte of version and status, or the first one after them; its place says what it can be.
    Start,
    /// A byte of the reason, or a line end.
    Reason,
    /// The LF after the CR that ends the status line.
    LineFeed,
    /// A byte of the field lines.
    Fields(LineReader),
}

impl HeadReader {
    /// A reader of a head within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            at: 0,
            line_start: 0,
            empty_lines: 0,
            state: State::Line,
            version: Version::Http11,
            status: 0,
            reason_start: 0,
            reason: String::new(),
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Reads on. `bytes` are all that came since the head began and were not used: those of the last call, and more. None:
    /// they do not suffice. Otherwise the head, and how many bytes it has; the reader is as new then.
    ///
    /// An error comes with the first byte that decides it, and again with every later call.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Option<(ResponseHead, usize)>, HeadError> {
        loop {
            if let State::Fields(lines) = &mut self.state {
                let Some((fields, used)) = lines.read(bytes)? else {
                    return Ok(None);
                };
                let done = std::mem::replace(self, Self::new(self.bounds));
                let head = ResponseHead { version: done.version, status: done.status, reason: done.reason, fields };
                return Ok(Some((head, used)));
            }
            self.skip_reason(bytes);
            let Some(&byte) = bytes.get(self.at) else {
                return Ok(None);
            };
            self.state = self.step(bytes, byte)?;
            self.at = self.at.saturating_add(1);
            self.count(1);
        }
    }

    /// Takes this byte, the next one, and says what comes after it.
    fn step(&mut self, bytes: &[u8], byte: u8) -> Result<State, HeadError> {
        if matches!(self.state, State::Line) {
            self.line_start = self.at;
        }
        self.check_bounds(byte)?;
        match (&self.state, byte) {
            (State::Line, b'\r' | b'\n') if self.empty_lines >= LEADING_EMPTY_LINES => {
                Err(HeadError::NotHttp("there are too many empty lines, and no response".into()))
            }
            (State::Line, b'\r') => Ok(State::EmptyLineFeed),
            (State::Line | State::EmptyLineFeed, b'\n') => {
                self.empty_lines = self.empty_lines.saturating_add(1);
                Ok(State::Line)
            }
            (State::Line | State::Start, _) => self.step_start(bytes, byte),
            (State::Reason, b'\r' | b'\n') => {
                let reason = bytes.get(self.reason_start..self.at).unwrap_or_default();
                self.reason = String::from_utf8_lossy(trim(reason)).into_owned();
                Ok(self.end_line(byte))
            }
            (State::LineFeed, b'\n') => Ok(self.end_line(byte)),
            (State::EmptyLineFeed, _) => Err(self.not_http(bytes)),
            (State::Reason, _) => Err(wrong_reason(byte)),
            (State::LineFeed | State::Fields(_), _) => Err(wrong_reason(b'\r')),
        }
    }

    /// Takes a byte of `HTTP/1.x nnn`, or the first one after it: a space, or a line end.
    fn step_start(&mut self, bytes: &[u8], byte: u8) -> Result<State, HeadError> {
        const NAME: &[u8] = b"HTTP/1.";
        let place = self.at.saturating_sub(self.line_start);
        match (place, byte) {
            (7, b'0') => self.version = Version::Http10,
            (7, b'1'..=b'9') => self.version = Version::Http11,
            (8, b' ') => self.status = 0,
            (9, b'1'..=b'9') | (10 | 11, b'0'..=b'9') => {
                let digit = byte.saturating_sub(b'0');
                self.status = self.status.saturating_mul(10).saturating_add(digit.into());
            }
            (12, b' ') => {
                self.reason_start = self.at;
                return Ok(State::Reason);
            }
            (12, b'\r' | b'\n') => return Ok(self.end_line(byte)),
            (0..7, _) if NAME.get(place) == Some(&byte) => {}
            (0..8, _) => return Err(self.not_http(bytes)),
            _ => {
                let line = bytes.get(self.line_start..).unwrap_or_default();
                let words = format!("the status line is malformed: {}", quote(line));
                return Err(HeadError::Malformed(words));
            }
        }
        Ok(State::Start)
    }

    /// What comes after the CR or LF that ends the status line.
    fn end_line(&self, byte: u8) -> State {
        match byte {
            b'\r' => State::LineFeed,
            _ => State::Fields(LineReader::new(self.bounds, self.at.saturating_add(1))),
        }
    }

    /// Whether this byte, the next one, is one too many.
    fn check_bounds(&self, byte: u8) -> Result<(), HeadError> {
        if self.at >= self.bounds.length {
            return Err(HeadError::TooLarge);
        }
        let is_line_end = matches!(byte, b'\r' | b'\n');
        let length = self.at.saturating_sub(self.line_start);
        if !is_line_end && length >= self.bounds.line_length {
            return Err(HeadError::LineTooLong);
        }
        Ok(())
    }

    /// Goes to the first byte that is no more of the reason, or that is one too many.
    fn skip_reason(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Reason) {
            return;
        }
        let line_bound = self.line_start.saturating_add(self.bounds.line_length);
        let end = line_bound.min(self.bounds.length).min(bytes.len());
        let run = run_of(bytes.get(self.at..end).unwrap_or_default(), is_value_byte);
        self.at = self.at.saturating_add(run);
        self.count(run);
    }

    /// The error of a line that does not begin as a status line does.
    fn not_http(&self, bytes: &[u8]) -> HeadError {
        let line = bytes.get(self.line_start..).unwrap_or_default();
        // The content types of an alert and of a handshake (RFC 8446 section 5.1).
        let hint = match line.first() {
            Some(21 | 22) => ", perhaps TLS",
            _ => "",
        };
        HeadError::NotHttp(format!("the peer does not speak HTTP/1{hint}: it sent {}", quote(line)))
    }

    #[cfg(test)]
    fn count(&mut self, bytes: usize) {
        self.looked_at += bytes;
    }

    #[cfg(not(test))]
    fn count(&mut self, _bytes: usize) {}
}

/// The error of a reason with this byte in it.
fn wrong_reason(byte: u8) -> HeadError {
    HeadError::Malformed(format!("the status line's reason holds {}", quote(&[byte])))
}
