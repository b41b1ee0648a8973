//! Field lines as bytes, in heads and trailers (RFC 9112 section 5): writes them, and reads them up to the empty line.
//!
//! It does not know what a field means.

use std::borrow::Cow;
use std::fmt;

use crate::http::fields::{Fields, is_token_byte, trim, value_run};
use crate::http::quote;

/// How large a head, or trailers, may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most field lines; a line with folds counts as one.
    pub lines: usize,
    /// The most bytes of one line, folds included, its line end not.
    pub line_length: usize,
    /// The most bytes in total, line ends and empty lines included.
    pub length: usize,
}

/// Why a head, or trailers, are malformed or too large. The text is words for people. It quotes little of the input,
/// escaped, and never a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// The input is not HTTP/1.0 or HTTP/1.1.
    NotHttp(String),
    /// A line is longer than [`Bounds::line_length`].
    LineTooLong,
    /// There are more field lines than [`Bounds::lines`].
    TooManyLines,
    /// It is larger than [`Bounds::length`].
    TooLarge,
    /// It is HTTP, but malformed.
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
/// A line ends with CRLF or a bare LF (RFC 9112 section 2.2). These are errors:
///
/// * a CR elsewhere, NUL, and every control character but HTAB (RFC 9110 section 5.5 lets a recipient keep the others
///   where that is safe, which this code cannot know);
/// * a name that is not a token;
/// * whitespace before the colon (RFC 9112 section 5.1), and before the first line (section 2.2).
///
/// A line that begins with whitespace continues the previous one (obs-fold, section 5.2).
#[derive(Debug)]
pub(super) struct LineReader {
    bounds: Bounds,
    /// The first byte that was not examined.
    at: usize,
    /// Where the current line begins, not counting folds.
    line_start: usize,
    /// Where the name of the current line ends: at its colon.
    name_end: usize,
    /// Where the current line ends so far: at its latest line end.
    line_end: usize,
    is_folded: bool,
    state: State,
    fields: Fields,
    /// How many bytes were examined; a test checks that none is examined twice.
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
    /// A reader of the lines that begin at `start` of the bytes that it will get. The bytes before `start` count for
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

    /// Reads on. `bytes` are those of the last call, and more. `None` means that more are needed; otherwise returns the
    /// fields, and where the bytes after the empty line begin.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Option<(Fields, usize)>, HeadError> {
        loop {
            let within = self.skip_plain(bytes);
            let Some(&byte) = bytes.get(self.at) else {
                return Ok(None);
            };
            if self.at >= within {
                self.check_bounds(byte)?;
            }
            let next = self.at.wrapping_add(1);
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

    /// Skips to the first byte that changes the state, is malformed, or exceeds a bound. Returns where the bytes end that exceed none.
    fn skip_plain(&mut self, bytes: &[u8]) -> usize {
        let line_bound = self.line_start.saturating_add(self.bounds.line_length);
        let within = line_bound.min(self.bounds.length).min(bytes.len());
        let ahead = || bytes.get(self.at..within).unwrap_or_default();
        let run = match self.state {
            State::Name => run_of(ahead(), is_token_byte),
            State::Value => value_run(ahead()),
            _ => return within,
        };
        self.at = self.at.wrapping_add(run);
        self.count(run);
        within
    }

    /// Whether the next byte, this one, exceeds a bound.
    fn check_bounds(&self, byte: u8) -> Result<(), HeadError> {
        if self.at >= self.bounds.length {
            return Err(HeadError::TooLarge);
        }
        let is_line_end = matches!(byte, b'\r' | b'\n');
        let is_new_line = self.state == State::NextLine && !matches!(byte, b' ' | b'\t');
        let line_start = if is_new_line { self.at } else { self.line_start };
        if !is_line_end && self.at.saturating_sub(line_start) >= self.bounds.line_length {
            return Err(HeadError::LineTooLong);
        }
        Ok(())
    }

    /// Begins the line with this first byte.
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

    /// Keeps the line that has just ended, if there is one. Calling it again does no harm.
    fn end_line(&mut self, bytes: &[u8]) {
        if self.name_end <= self.line_start {
            return;
        }
        let name = bytes.get(self.line_start..self.name_end).unwrap_or_default();
        let value = bytes.get(self.name_end.saturating_add(1)..self.line_end).unwrap_or_default();
        let value = if self.is_folded { Cow::Owned(unfold(value)) } else { Cow::Borrowed(trim(value)) };
        self.fields.push_token(name, &value);
        self.name_end = self.line_start;
        self.is_folded = false;
    }

    /// The error of a name that ends with this byte.
    #[cold]
    fn wrong_name<T>(&self, bytes: &[u8], byte: u8) -> Result<T, HeadError> {
        let name = quote(bytes.get(self.line_start..self.at).unwrap_or_default());
        malformed(&match byte {
            b' ' | b'\t' => format!("there is whitespace before the colon of the field {name}"),
            b'\r' | b'\n' => format!("the field line {name} has no colon"),
            _ => format!("the field's name {name} goes on with {}", quote(&[byte])),
        })
    }

    /// The error of a value with this byte in it.
    #[cold]
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

/// How many bytes at the start satisfy the condition.
fn run_of(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is_such(*byte)).unwrap_or(bytes.len())
}

/// An error with these words.
#[cold]
fn malformed<T>(words: &str) -> Result<T, HeadError> {
    Err(HeadError::Malformed(words.to_owned()))
}

/// The value of a line with folds: each fold, with the whitespace around it, is one space (RFC 9112 section 5.2).
fn unfold(value: &[u8]) -> Vec<u8> {
    let mut unfolded = Vec::with_capacity(value.len());
    // `trim` does not remove the CR of a fold's CRLF, so it goes first. There is no other CR.
    for part in value.split(|byte| *byte == b'\n') {
        let part = trim(part.strip_suffix(b"\r").unwrap_or(part));
        if !part.is_empty() && !unfolded.is_empty() {
            unfolded.push(b' ');
        }
        unfolded.extend_from_slice(part);
    }
    unfolded
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::http::fields::is_value_byte;

    /// Bounds that no sample reaches.
    pub(in crate::h1) const WIDE: Bounds = Bounds { lines: 1000, line_length: 100_000, length: 1_000_000 };

    type Read = Result<Option<(Fields, usize)>, HeadError>;

    fn read(bounds: Bounds, bytes: &[u8]) -> Read {
        LineReader::new(bounds, 0).read(bytes)
    }

    /// What comes of these bytes one by one: the result, and how many bytes it took.
    fn read_one_by_one(bounds: Bounds, bytes: &[u8]) -> (Read, usize) {
        let mut reader = LineReader::new(bounds, 0);
        for length in 0..=bytes.len() {
            match reader.read(&bytes[..length]) {
                Ok(None) => {}
                result => return (result, length),
            }
        }
        (Ok(None), bytes.len())
    }

    fn fields(lines: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    fn assert_good(bounds: Bounds, bytes: &[u8], lines: &[(&str, &str)]) {
        let expected: Read = Ok(Some((fields(lines), bytes.len())));
        assert_eq!(read(bounds, bytes), expected, "{}", quote(bytes));
        assert_eq!(read_one_by_one(bounds, bytes), (expected.clone(), bytes.len()));
        for split in 0..bytes.len() {
            let mut reader = LineReader::new(bounds, 0);
            assert_eq!(reader.read(&bytes[..split]), Ok(None), "{split}");
            assert_eq!(reader.read(bytes), expected, "{split}");
        }
        // What comes after is someone else's.
        let longer = [bytes, b" \r\n:"].concat();
        assert_eq!(read(bounds, &longer), expected);
    }

    /// The error comes with the last of these bytes, whatever may come after it.
    fn assert_bad(bounds: Bounds, bytes: &[u8]) -> HeadError {
        let error = read(bounds, bytes).expect_err(&quote(bytes));
        assert_eq!(read_one_by_one(bounds, bytes), (Err(error.clone()), bytes.len()));
        for after in ["", "\r\n\r\n", "x", ": y\n\n"] {
            let longer = [bytes, after.as_bytes()].concat();
            let mut reader = LineReader::new(bounds, 0);
            assert_eq!(reader.read(&longer), Err(error.clone()));
            assert_eq!(reader.read(&longer), Err(error.clone()), "it stays");
        }
        error
    }

    #[test]
    fn good_lines() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("\r\n", &[]),
            ("\n", &[]),
            ("A: b\r\n\r\n", &[("A", "b")]),
            ("A: b\n\n", &[("A", "b")]),
            ("A: b\r\n\n", &[("A", "b")]),
            ("A: b\n\r\n", &[("A", "b")]),
            ("A:b\r\nC:d\nE:f\r\n\r\n", &[("A", "b"), ("C", "d"), ("E", "f")]),
            ("A:\r\n\r\n", &[("A", "")]),
            ("A: \t \r\n\r\n", &[("A", "")]),
            ("RANDom-HeADEr: \t noddy \t\r\n\r\n", &[("RANDom-HeADEr", "noddy")]),
            ("A: b  c\t d\r\n\r\n", &[("A", "b  c\t d")]),
            ("A: :\r\nB::b:\r\n\r\n", &[("A", ":"), ("B", ":b:")]),
            ("jim: jim\r\nJIM: jab\r\njim: jar\r\n\r\n", &[("jim", "jim"), ("JIM", "jab"), ("jim", "jar")]),
            ("!#$%&'*+-.^_`|~0: x\n\n", &[("!#$%&'*+-.^_`|~0", "x")]),
            ("A: caf\u{e9}\r\n\r\n", &[("A", "caf\u{e9}")]),
        ];
        for (text, lines) in table {
            assert_good(WIDE, text.as_bytes(), lines);
        }
    }

    #[test]
    fn folds_become_one_space() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("A: b\r\n c\r\n\r\n", &[("A", "b c")]),
            ("A: b\n\tc\n\n", &[("A", "b c")]),
            ("A: b \t\r\n \t c\r\n  d \r\n\r\n", &[("A", "b c d")]),
            ("A:\r\n b\r\n\r\n", &[("A", "b")]),
            ("A: b\r\n \r\n\r\n", &[("A", "b")]),
            ("A: b\r\n \r\n\t\n c\r\n\r\n", &[("A", "b c")]),
            ("A:\r\n \r\n\r\n", &[("A", "")]),
            ("A: b\r\n C: d\r\nE: f\r\n\r\n", &[("A", "b C: d"), ("E", "f")]),
            ("A: b\r\nC: d\r\n e\r\nF: g\r\n\r\n", &[("A", "b"), ("C", "d e"), ("F", "g")]),
        ];
        for (text, lines) in table {
            assert_good(WIDE, text.as_bytes(), lines);
        }
    }

    #[test]
    fn values_keep_bytes_that_are_no_text() {
        let (fields, _) = read(WIDE, b"A: \xff\xfe\xa0\r\n\r\n").unwrap().unwrap();
        assert_eq!(fields.first("a"), Some(b"\xff\xfe\xa0".as_slice()));
    }

    #[test]
    fn bad_lines_at_the_byte_that_decides() {
        let table: &[&[u8]] = &[
            b" ",
            b"\t",
            b":",
            b"\0",
            b"\x80",
            b"\rx",
            b"\r\r",
            b"A\r",
            b"A\n",
            b"A ",
            b"A\t",
            b"A\0",
            b"A\x7f",
            b"A\xc3",
            b"A(",
            b"A: b\r\n:",
            b"A: b\r\n\rx",
            b"A: b\r\n\"",
            b"A: b\r\nno ",
            b"A: b\r\nC ",
            b"A: b\0",
            b"A: b\rx",
            b"A: b\r\r",
            b"A: b\r ",
            b"A: \x01",
            b"A: \x7f",
            b"A: \x1b",
            b"A: \x0b",
            b"A:\0",
            b"A: b\r\n \0",
            b"A: b\r\n c\rd",
        ];
        for bytes in table {
            assert!(matches!(assert_bad(WIDE, bytes), HeadError::Malformed(_)));
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            let is_token = is_token_byte(byte);
            let is_good = |before: &[u8]| read(WIDE, &[before, &[byte]].concat()).is_ok();
            let is_line_end = matches!(byte, b'\r' | b'\n');
            let is_blank = matches!(byte, b' ' | b'\t');
            assert_eq!(is_good(b""), is_token || is_line_end, "{byte}");
            assert_eq!(is_good(b"A"), is_token || byte == b':', "{byte}");
            assert_eq!(is_good(b"A:"), is_value_byte(byte) || is_line_end, "{byte}");
            assert_eq!(is_good(b"A: b"), is_value_byte(byte) || is_line_end, "{byte}");
            assert_eq!(is_good(b"A: b\r"), byte == b'\n', "{byte}");
            assert_eq!(is_good(b"A: b\r\n"), is_token || is_line_end || is_blank, "{byte}");
            assert_eq!(is_good(b"A: b\n"), is_token || is_line_end || is_blank, "{byte}");
            assert_eq!(is_good(b"A: b\n "), is_value_byte(byte) || is_line_end, "{byte}");
            assert_eq!(is_good(b"\r"), byte == b'\n', "{byte}");
            assert_eq!(is_good(b"A: b\r\n\r"), byte == b'\n', "{byte}");
        }
    }

    #[test]
    fn a_line_has_its_bound() {
        let bounds = Bounds { line_length: 10, ..WIDE };
        assert_good(bounds, b"A: 4567890\r\nB: 4567890\n\r\n", &[("A", "4567890"), ("B", "4567890")]);
        assert_good(bounds, b"A23456789:\r\n\r\n", &[("A23456789", "")]);
        // Folds count, with the line ends within.
        assert_good(bounds, b"A: 4\r\n 890\r\n\r\n", &[("A", "4 890")]);
        assert_good(bounds, b"A: 4\n 7890\r\n\r\n", &[("A", "4 7890")]);
        for bytes in [
            b"A: 45678901".as_slice(),
            b"A2345678901",
            b"A234567890:",
            b"A: 4567890 ",
            b"A: 4567890\0",
            b"A: b\r\nB: 45678901",
            b"A: 4\r\n 8901",
            b"A: 45678\r\n ",
            b"A: 4567890\r\n ",
            b"A: \n \n \n \n ",
        ] {
            assert_eq!(assert_bad(bounds, bytes), HeadError::LineTooLong, "{}", quote(bytes));
        }
    }

    #[test]
    fn the_number_of_lines_has_its_bound() {
        let bounds = Bounds { lines: 2, ..WIDE };
        assert_good(bounds, b"A: b\r\nA: b\r\n c\r\n d\r\n\r\n", &[("A", "b"), ("A", "b c d")]);
        assert_eq!(assert_bad(bounds, b"A: b\r\nA: b\r\nA"), HeadError::TooManyLines);
    }

    #[test]
    fn the_whole_has_its_bound() {
        let bounds = Bounds { length: 10, ..WIDE };
        assert_good(bounds, b"A: 456\r\n\r\n", &[("A", "456")]);
        assert_good(bounds, b"A: 45678\n\n", &[("A", "45678")]);
        for bytes in [
            b"A: 45678901".as_slice(),
            b"A: 4567\r\n\r\n",
            b"A: 456789\n\n",
            b"A: 45678\n \r",
            b"A2345678901",
            b"A: b\nA: b\nC",
        ] {
            assert_eq!(assert_bad(bounds, bytes), HeadError::TooLarge, "{}", quote(bytes));
        }
    }

    #[test]
    fn what_is_before_the_start_counts_for_the_whole_alone() {
        let bounds = Bounds { length: 20, line_length: 8, lines: 1 };
        let bytes = b"a status line\nA: b\n\n";
        assert_eq!(bytes.len(), 20);
        let expected = Ok(Some((fields(&[("A", "b")]), 20)));
        assert_eq!(LineReader::new(bounds, 14).read(bytes), expected);
        let bounds = Bounds { length: 19, ..bounds };
        assert_eq!(LineReader::new(bounds, 14).read(bytes), Err(HeadError::TooLarge));
    }

    #[test]
    fn no_byte_is_looked_at_twice() {
        let mut bytes = Vec::new();
        for line in 0..500 {
            append_line(&mut bytes, &format!("Name-{line}"), &[b'v'; 90]);
            bytes.extend_from_slice(b" fold\n\t\r\n");
        }
        let mut reader = LineReader::new(WIDE, 0);
        for length in 0..=bytes.len() {
            assert_eq!(reader.read(&bytes[..length]), Ok(None));
            assert_eq!(reader.looked_at, length);
        }
    }

    #[test]
    fn errors_say_which_line_and_show_no_value() {
        let words = |bytes| assert_bad(WIDE, bytes).to_string();
        assert!(words(b"Set-Cookie: secret\0").contains("\"Set-Cookie\" holds \"\\x00\""));
        assert!(words(b"Set-Cookie: secret\rx").contains("\"Set-Cookie\" holds \"\\r\""));
        assert!(!words(b"Set-Cookie: secret\0").contains("secret"));
        assert!(words(b"Foo ").contains("whitespace before the colon of the field \"Foo\""));
        assert!(words(b"Hello\r").contains("\"Hello\" has no colon"));
        let long = [&[b'x'; 10_000][..], b"("].concat();
        assert!(words(&long).len() < 200);
    }

    #[test]
    fn written_lines_are_read_as_they_were() {
        let lines = [("A", "b"), ("Empty", ""), ("a", "c, \"d\" \u{e9}")];
        let mut bytes = Vec::new();
        for (name, value) in lines {
            append_line(&mut bytes, name, value.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        assert_good(WIDE, &bytes, &lines);
    }
}
