//! A response's head, read from bytes (RFC 9112 sections 4 and 5).
//!
//! It does not know which request the response is for, nor where its content ends.

use super::field_lines::{Bounds, HeadError, LineReader};
use crate::http::fields::{Fields, trim, value_run};
use crate::http::head::Version;
use crate::http::quote;
use crate::limits::LEADING_EMPTY_LINES;

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The version, as far as it is known here. A later HTTP/1.x counts as 1.1 (RFC 9110 section 2.5).
    pub version: Version,
    /// The status code, 100 to 999. RFC 9110 section 15 treats an invalid one, above 599, as a 5xx, so it is framed as
    /// a final response.
    pub status: u16,
    /// The reason phrase, often empty; bytes that are not UTF-8 are replaced.
    pub reason: String,
    /// The fields.
    pub fields: Fields,
}

/// Reads one head, however its bytes are split.
///
/// It is lenient where RFC 9112 is: a line may end with a bare LF (section 2.2), a few empty lines may come first, and
/// the reason may be missing, with the space before it. It is strict in everything else: one space between the parts,
/// three digits, well-formed field lines.
#[derive(Debug)]
pub struct HeadReader {
    bounds: Bounds,
    /// The first byte that was not examined. Once the field lines have begun, their reader keeps count.
    at: usize,
    /// Where the current line begins: the status line, or an empty line before it.
    line_start: usize,
    empty_lines: usize,
    state: State,
    version: Version,
    status: u16,
    /// Where the reason begins, with the space before it.
    reason_start: usize,
    reason: String,
    /// Reads the field lines once they have begun. It is beside the state, not in it, because a state is moved with
    /// every byte.
    lines: Option<LineReader>,
    /// How many bytes were examined; a test checks that none is examined twice.
    #[cfg(test)]
    looked_at: usize,
}

/// What every head begins with.
const NAME: &[u8] = b"HTTP/1.";

/// What the next byte is.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The first byte of a line.
    Line,
    /// The LF after the CR of an empty line.
    EmptyLineFeed,
    /// A byte of version and status, or the first one after them. Its position says what it may be.
    Start,
    /// A byte of the reason, or a line end.
    Reason,
    /// The LF after the CR that ends the status line.
    LineFeed,
    /// A byte of the field lines.
    Fields,
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
            lines: None,
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Reads on. `bytes` are all unused bytes since the head began: those of the last call, and more. `None` means that
    /// more are needed. Otherwise returns the head and its length in bytes, and the reader is ready for the next head.
    ///
    /// An error is returned with the first byte that decides it, and again by every later call.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Option<(ResponseHead, usize)>, HeadError> {
        loop {
            if let Some(lines) = &mut self.lines {
                let Some((fields, used)) = lines.read(bytes)? else {
                    return Ok(None);
                };
                let done = std::mem::replace(self, Self::new(self.bounds));
                let head = ResponseHead { version: done.version, status: done.status, reason: done.reason, fields };
                return Ok(Some((head, used)));
            }
            self.skip_plain(bytes);
            let Some(&byte) = bytes.get(self.at) else {
                return Ok(None);
            };
            self.state = self.step(bytes, byte)?;
            self.at = self.at.saturating_add(1);
            self.count(1);
        }
    }

    /// Takes the next byte, this one, and returns what must follow it.
    fn step(&mut self, bytes: &[u8], byte: u8) -> Result<State, HeadError> {
        if matches!(self.state, State::Line) {
            self.line_start = self.at;
        }
        self.check_bounds(byte)?;
        match (self.state, byte) {
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
            (State::LineFeed | State::Fields, _) => Err(wrong_reason(b'\r')),
        }
    }

    /// Takes a byte of `HTTP/1.x nnn`, or the first one after it: a space, or a line end.
    fn step_start(&mut self, bytes: &[u8], byte: u8) -> Result<State, HeadError> {
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

    /// The state after the CR or LF that ends the status line.
    fn end_line(&mut self, byte: u8) -> State {
        if byte == b'\r' {
            return State::LineFeed;
        }
        self.lines = Some(LineReader::new(self.bounds, self.at.saturating_add(1)));
        State::Fields
    }

    /// Whether the next byte, this one, exceeds a bound.
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

    /// Skips the name of the protocol, or to the first byte that ends the reason or exceeds a bound.
    fn skip_plain(&mut self, bytes: &[u8]) {
        let line_start = if matches!(self.state, State::Line) { self.at } else { self.line_start };
        let end = line_start.saturating_add(self.bounds.line_length).min(self.bounds.length).min(bytes.len());
        let ahead = bytes.get(self.at..end).unwrap_or_default();
        let run = match self.state {
            State::Reason => value_run(ahead),
            State::Line if ahead.starts_with(NAME) => {
                self.line_start = line_start;
                self.state = State::Start;
                NAME.len()
            }
            _ => return,
        };
        self.at = self.at.saturating_add(run);
        self.count(run);
    }

    /// The error for a line that does not begin like a status line.
    #[cold]
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
#[cold]
fn wrong_reason(byte: u8) -> HeadError {
    HeadError::Malformed(format!("the status line's reason holds {}", quote(&[byte])))
}

#[cfg(test)]
mod tests {
    use super::super::field_lines::tests::WIDE;
    use super::*;

    type Read = Result<Option<(ResponseHead, usize)>, HeadError>;

    fn read(bounds: Bounds, bytes: &[u8]) -> Read {
        HeadReader::new(bounds).read(bytes)
    }

    /// What comes of these bytes one by one: the result, and how many bytes it took.
    fn read_one_by_one(bounds: Bounds, bytes: &[u8]) -> (Read, usize) {
        let mut reader = HeadReader::new(bounds);
        for length in 0..=bytes.len() {
            match reader.read(&bytes[..length]) {
                Ok(None) => {}
                result => return (result, length),
            }
        }
        (Ok(None), bytes.len())
    }

    fn head(version: Version, status: u16, reason: &str, lines: &[(&str, &str)]) -> ResponseHead {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        ResponseHead { version, status, reason: reason.into(), fields }
    }

    fn assert_good(bounds: Bounds, bytes: &[u8], head: ResponseHead) {
        let expected: Read = Ok(Some((head, bytes.len())));
        assert_eq!(read(bounds, bytes), expected, "{}", quote(bytes));
        assert_eq!(read_one_by_one(bounds, bytes), (expected.clone(), bytes.len()));
        for split in 0..bytes.len() {
            let mut reader = HeadReader::new(bounds);
            assert_eq!(reader.read(&bytes[..split]), Ok(None), "{split}");
            assert_eq!(reader.read(bytes), expected, "{split}");
        }
        // What comes after is someone else's.
        let longer = [bytes, b"\r\nHTTP/1.1 \0"].concat();
        assert_eq!(read(bounds, &longer), expected);
    }

    /// The error comes with the last of these bytes, whatever may come after it.
    fn assert_bad(bounds: Bounds, bytes: &[u8]) -> HeadError {
        let error = read(bounds, bytes).expect_err(&quote(bytes));
        assert_eq!(read_one_by_one(bounds, bytes), (Err(error.clone()), bytes.len()));
        for after in ["\r\n\r\n", "x", " 200 OK\n\n"] {
            let longer = [bytes, after.as_bytes()].concat();
            let mut reader = HeadReader::new(bounds);
            let again = reader.read(&longer).expect_err("an error");
            // The words may quote more of what came.
            assert_eq!(std::mem::discriminant(&again), std::mem::discriminant(&error));
            assert_eq!(reader.read(&longer), Err(again), "it stays");
        }
        error
    }

    #[test]
    fn good_heads() {
        use Version::{Http10, Http11};
        let table = [
            ("HTTP/1.1 200 OK\r\n\r\n", head(Http11, 200, "OK", &[])),
            ("HTTP/1.0 404 Not Found\r\n\r\n", head(Http10, 404, "Not Found", &[])),
            ("HTTP/1.1 200 OK\n\n", head(Http11, 200, "OK", &[])),
            ("HTTP/1.1 200 OK\n\r\n", head(Http11, 200, "OK", &[])),
            // No reason, and no space before it.
            ("HTTP/1.1 200 \r\n\r\n", head(Http11, 200, "", &[])),
            ("HTTP/1.1 200\r\n\r\n", head(Http11, 200, "", &[])),
            ("HTTP/1.1 200\n\n", head(Http11, 200, "", &[])),
            // Later versions (RFC 9110 section 2.5).
            ("HTTP/1.2 200 OK\r\n\r\n", head(Http11, 200, "OK", &[])),
            ("HTTP/1.9 200 OK\r\n\r\n", head(Http11, 200, "OK", &[])),
            // Empty lines first.
            ("\r\nHTTP/1.1 200 OK\r\n\r\n", head(Http11, 200, "OK", &[])),
            ("\n\r\n\n\r\nHTTP/1.1 200 OK\r\n\r\n", head(Http11, 200, "OK", &[])),
            // Every status of three digits that is not below 100.
            ("HTTP/1.1 100 Continue\r\n\r\n", head(Http11, 100, "Continue", &[])),
            ("HTTP/1.1 599\r\n\r\n", head(Http11, 599, "", &[])),
            ("HTTP/1.1 600 What\r\n\r\n", head(Http11, 600, "What", &[])),
            ("HTTP/1.1 999\r\n\r\n", head(Http11, 999, "", &[])),
            // Reasons.
            ("HTTP/1.1 200  \t x  y\t \r\n\r\n", head(Http11, 200, "x  y", &[])),
            ("HTTP/1.1 200 caf\u{e9}: <b>\r\n\r\n", head(Http11, 200, "caf\u{e9}: <b>", &[])),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\r\n b\r\nx:c\n\r\n",
                head(Http11, 200, "OK", &[("Content-Length", "5"), ("X", "a b"), ("x", "c")]),
            ),
        ];
        for (text, head) in table {
            assert_good(WIDE, text.as_bytes(), head);
        }
    }

    #[test]
    fn a_reason_that_is_no_text_is_replaced() {
        let (head, _) = read(WIDE, b"HTTP/1.1 200 a\xff\xc3b\r\n\r\n").unwrap().unwrap();
        assert_eq!(head.reason, "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn what_is_not_http_is_known_by_its_first_wrong_byte() {
        let table: &[&[u8]] = &[
            b"hTTP/1.1 200 OK",
            b"http/1.1 200 OK",
            b"SSH-2.0-OpenSSH_9.2p1\r\n",
            b"ICY 200 OK\r\n",
            b"220 mail.example ESMTP\r\n",
            b"+OK\r\n",
            b"<html>",
            b"\x15\x03\x03\x00\x02\x02\x28",
            b"\x16\x03\x03\x00\x40",
            b"\x00\x00\x12\x04",
            b" HTTP/1.1 200 OK",
            b"\xef\xbb\xbfHTTP/1.1 200 OK",
            b"\0",
            b"\t",
        ];
        for bytes in table {
            assert!(matches!(assert_bad(WIDE, &bytes[..1]), HeadError::NotHttp(_)));
            assert!(matches!(read(WIDE, bytes), Err(HeadError::NotHttp(_))));
        }
        let table: &[&[u8]] = &[
            b"He",
            b"HX",
            b"HTTQ",
            b"HTTP1",
            b"HTTP ",
            b"HTTP\r",
            b"HTTP/\r",
            b"HTTP/2",
            b"HTTP/0",
            b"HTTP/3",
            b"HTTP/ ",
            b"HTTP/+",
            b"HTTP/10",
            b"HTTP/1 ",
            b"HTTP/1,",
            b"HTTP/1..",
            b"HTTP/1.x",
            b"HTTP/1. ",
            b"HTTP/1.-",
            b"HTTP/1.\xd9",
            b"\r\nX",
            b"\rH",
            b"\r\r",
            b"\n\n\rH",
            b"\n\n ",
            b"\n\n\n\n\n",
            b"\r\n\r\n\r\n\r\n\r",
        ];
        for bytes in table {
            assert!(matches!(assert_bad(WIDE, bytes), HeadError::NotHttp(_)));
        }
    }

    #[test]
    fn malformed_heads_at_the_byte_that_decides() {
        let table: &[&[u8]] = &[
            b"HTTP/1.1\r",
            b"HTTP/1.1\n",
            b"HTTP/1.1\t",
            b"HTTP/1.10",
            b"HTTP/1.1  ",
            b"HTTP/1.1 \t",
            b"HTTP/1.1 \r",
            b"HTTP/1.1 0",
            b"HTTP/1.1 +",
            b"HTTP/1.1 -",
            b"HTTP/1.1 x",
            b"HTTP/1.1 \xd9",
            b"HTTP/1.1 2\r",
            b"HTTP/1.1 20\r",
            b"HTTP/1.1 20 ",
            b"HTTP/1.1 20x",
            b"HTTP/1.1 2_",
            b"HTTP/1.1 2000",
            b"HTTP/1.1 200\t",
            b"HTTP/1.1 200O",
            b"HTTP/1.1 200\0",
            b"HTTP/1.1 200\rx",
            b"HTTP/1.1 200\r\r",
            b"HTTP/1.1 200 \0",
            b"HTTP/1.1 200 O\0",
            b"HTTP/1.1 200 O\x1b",
            b"HTTP/1.1 200 O\x7f",
            b"HTTP/1.1 200 OK\rx",
            b"HTTP/1.1 200 OK\r\r",
            b"HTTP/1.1 200 OK\r\n ",
            b"HTTP/1.1 200 OK\r\n\t",
            b"HTTP/1.1 200 OK\r\n:",
            b"HTTP/1.1 200 OK\r\nA ",
            b"HTTP/1.1 200 OK\r\nA\r",
            b"HTTP/1.1 200 OK\r\nA: b\0",
            b"HTTP/1.1 200 OK\n\rx",
        ];
        for bytes in table {
            assert!(matches!(assert_bad(WIDE, bytes), HeadError::Malformed(_)));
        }
    }

    #[test]
    fn every_byte_in_every_place_of_the_status_line() {
        let line = b"HTTP/1.1 234 ";
        for byte in 0..=u8::MAX {
            for place in 0..line.len() {
                let bytes = [&line[..place], &[byte]].concat();
                let is_good = match place {
                    0 => matches!(byte, b'H' | b'\r' | b'\n'),
                    7 | 10 | 11 => byte.is_ascii_digit(),
                    9 => byte.is_ascii_digit() && byte != b'0',
                    12 => matches!(byte, b' ' | b'\r' | b'\n'),
                    _ => byte == line[place],
                };
                assert_eq!(read(WIDE, &bytes).is_ok(), is_good, "{byte} at {place}");
            }
            let bytes = [line, b"x".as_slice(), &[byte]].concat();
            let is_good = crate::http::fields::is_value_byte(byte) || matches!(byte, b'\r' | b'\n');
            assert_eq!(read(WIDE, &bytes).is_ok(), is_good, "{byte}");
        }
    }

    #[test]
    fn every_status() {
        for status in 0..=999 {
            let text = format!("HTTP/1.1 {status:03}\r\n\r\n");
            match read(WIDE, text.as_bytes()) {
                Ok(Some((head, _))) => assert_eq!(head.status, status),
                Err(HeadError::Malformed(_)) if status < 100 => {}
                other => panic!("{status}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_status_line_has_its_bound() {
        let bounds = Bounds { line_length: 15, ..WIDE };
        let good = head(Version::Http11, 200, "OK", &[]);
        assert_good(bounds, b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", good.clone());
        assert_good(bounds, b"HTTP/1.1 200 OK\n\n", good);
        assert_eq!(assert_bad(bounds, b"HTTP/1.1 200 OKx"), HeadError::LineTooLong);
        assert_eq!(assert_bad(bounds, b"\n\nHTTP/1.1 200 OK "), HeadError::LineTooLong);
        let bounds = Bounds { line_length: 4, ..WIDE };
        assert_eq!(assert_bad(bounds, b"HTTP/"), HeadError::LineTooLong);
    }

    #[test]
    fn lines_and_whole_have_their_bounds() {
        let bytes = b"\r\nHTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n";
        let good = head(Version::Http11, 200, "OK", &[("A", "b"), ("C", "d")]);
        let bounds = Bounds { lines: 2, line_length: 15, length: bytes.len() };
        assert_good(bounds, bytes, good);
        let fewer = Bounds { lines: 1, ..bounds };
        assert_eq!(assert_bad(fewer, &bytes[..bytes.len() - 7]), HeadError::TooManyLines);
        for length in 0..bytes.len() {
            let smaller = Bounds { length, ..bounds };
            assert_eq!(assert_bad(smaller, &bytes[..length + 1]), HeadError::TooLarge);
        }
    }

    #[test]
    fn endless_peers_are_stopped() {
        let bounds = Bounds { lines: 128, line_length: 16 * 1024, length: 64 * 1024 };
        let begin = b"HTTP/1.1 200 OK\r\n".as_slice();
        let table: &[(&[u8], &[u8], HeadError)] = &[
            (b"HTTP/1.1 200 ", b"x", HeadError::LineTooLong),
            (begin, b"x", HeadError::LineTooLong),
            (begin, b"A: b\r\n", HeadError::TooManyLines),
            (b"HTTP/1.1 200 OK\r\nA: b\r\n", b" \r\n", HeadError::LineTooLong),
            (b"HTTP/1.1 200 OK\r\nA: b", b"\t", HeadError::LineTooLong),
        ];
        for (begin, more, error) in table {
            let bytes = [begin, more.repeat(100_000).as_slice()].concat();
            assert_eq!(read(bounds, &bytes), Err(error.clone()));
            let (result, length) = read_one_by_one(bounds, &bytes);
            assert_eq!(result, Err(error.clone()));
            assert!(length <= bounds.line_length + 100, "{length}");
        }
        let line = [b"A: ", [b'x'; 1000].as_slice(), b"\r\n"].concat();
        let bytes = [begin, &line.repeat(100)].concat();
        let (result, length) = read_one_by_one(bounds, &bytes);
        assert_eq!((result, length), (Err(HeadError::TooLarge), bounds.length + 1));
    }

    #[test]
    fn a_reader_that_has_read_a_head_is_as_new() {
        let mut reader = HeadReader::new(WIDE);
        let mut bytes = b"\r\nHTTP/1.0 100\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".as_slice();
        let (first, used) = reader.read(bytes).unwrap().unwrap();
        assert_eq!(first, head(Version::Http10, 100, "", &[("A", "b")]));
        bytes = &bytes[used..];
        let (second, used) = reader.read(bytes).unwrap().unwrap();
        assert_eq!(second, head(Version::Http11, 200, "OK", &[]));
        assert_eq!(used, bytes.len());
    }

    #[test]
    fn no_byte_is_looked_at_twice() {
        let line = [b"A: ", [b'x'; 90].as_slice(), b"\r\n"].concat();
        let reason = "r".repeat(5000);
        let bytes = [format!("\r\nHTTP/1.1 200 {reason}\r\n").as_bytes(), &line.repeat(500)].concat();
        let mut reader = HeadReader::new(WIDE);
        for length in 0..=bytes.len() {
            assert_eq!(reader.read(&bytes[..length]), Ok(None));
            let looked_at_lines = reader.lines.as_ref().map_or(0, |lines| lines.looked_at);
            assert_eq!(reader.looked_at + looked_at_lines, length);
        }
    }

    #[test]
    fn words_help_and_cannot_drive_a_terminal() {
        let words = |bytes: &[u8]| read(WIDE, bytes).unwrap_err().to_string();
        assert!(words(b"Hello Mum.\n").contains("\"Hello Mum.\\n\""));
        assert!(words(b"\x15\x03\x01\x00").contains("perhaps TLS"));
        assert!(!words(b"ICY 200 OK\r\n").contains("TLS"));
        assert!(words(b"HTTP/2 200\r\n").contains("HTTP/2 200"));
        assert!(words(b"HTTP/1.1 2x0 OK\r\n").contains("2x0"));
        for error in [words(&[0x1b; 10_000]), words(&[b"HTTP/1.1 2", [7; 10_000].as_slice()].concat())] {
            assert!(error.len() < 300);
            assert!(error.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{error}");
        }
    }

    /// Mutations of good heads: whatever comes, it comes the same way byte by byte.
    #[test]
    fn cutting_never_matters() {
        let seeds =
            ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\r\n b\r\n\r\nabcde", "\r\nHTTP/1.0 301\nA:b\nC:\n\nrest"];
        let alphabet = b"\r\n\t :,\0\x7f\xffHTP/1.20Ab";
        // A linear congruential generator: the same numbers each time.
        let mut number: u32 = 1;
        let mut random = |below: usize| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) as usize % below
        };
        let bounds = Bounds { lines: 2, line_length: 20, length: 60 };
        let mut good = 0;
        for round in 0..40_000 {
            let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
            for _ in 0..random(4) {
                let place = random(bytes.len());
                let byte = alphabet[random(alphabet.len())];
                match random(3) {
                    0 => bytes[place] = byte,
                    1 => bytes.insert(place, byte),
                    _ => drop(bytes.remove(place)),
                }
            }
            let whole = read(bounds, &bytes);
            let (cut, length) = read_one_by_one(bounds, &bytes);
            match (&whole, &cut) {
                (Ok(Some((_, used))), _) => {
                    assert_eq!(cut, whole, "{}", quote(&bytes));
                    assert_eq!(*used, length);
                    good += 1;
                }
                (Ok(None), _) => assert_eq!(cut, whole),
                (Err(error), Err(other)) => {
                    assert_eq!(std::mem::discriminant(error), std::mem::discriminant(other));
                }
                (Err(_), Ok(_)) => panic!("{}", quote(&bytes)),
            }
        }
        assert!((10_000..39_000).contains(&good), "{good} of them good");
    }
}
