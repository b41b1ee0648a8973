//! Chunked content (RFC 9112 section 7.1), read and written.
//!
//! It moves no content. It only says which bytes are content.

use std::fmt;

use super::field_lines::{Bounds, HeadError, LineReader, append_line};
use crate::http::fields::Fields;
use crate::http::quote;
use crate::limits::CHUNK_LINE_LENGTH;

/// Why chunked content is malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// A chunk's size is not a hexadecimal number, or does not fit into 64 bits.
    Size(String),
    /// A chunk-size line is longer than [`CHUNK_LINE_LENGTH`].
    LineTooLong,
    /// The trailers are malformed, or too large.
    Trailers(HeadError),
    /// Another byte stands where CRLF must be.
    Terminator(String),
}

/// What the first bytes of a piece of chunked content are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The number of bytes to drop first.
    pub skip: usize,
    /// The number of bytes of content after those. If it is 0 before the end, more bytes are needed.
    pub take: usize,
    /// Whether the content has ended, trailers included. The bytes after `skip` are not part of this message.
    pub is_end: bool,
}

/// Reads chunked content, however its bytes are split.
///
/// It is strict where two recipients could disagree and one of them would take content for a message: a size is
/// hexadecimal digits only, and a line ends with CRLF. A bare LF does not end a line; the permission of RFC 9112
/// section 2.2 is for the start line and fields only. It is lenient where nothing can be misread: whitespace after a
/// size, with which old servers pad it, and extensions, which it ignores (section 7.1.1).
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// The length of the chunk-size line so far.
    line_length: usize,
    /// The chunk's size so far, then the rest of the chunk.
    size: u64,
    lines: LineReader,
    trailers: Fields,
    /// How many bytes were examined; a test checks that none is examined twice.
    #[cfg(test)]
    looked_at: usize,
}

/// What the next byte must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first digit of a size.
    FirstDigit,
    /// Another digit of a size, or what follows the size.
    Digit,
    /// Whitespace after a size, or what follows that.
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
    /// Not part of this message.
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

    /// Examines the front of `bytes`: everything received that was neither skipped nor taken so far.
    ///
    /// Use up `skip` and `take` before the next call. One call gives at most one run of content, of at most `max`
    /// bytes; several calls drain a buffer. The bytes of unfinished trailers stay where they are.
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

    /// The trailers; `None` before the end.
    pub fn into_trailers(self) -> Fields {
        self.trailers
    }

    /// As much of the chunk as has arrived.
    fn take_content(&mut self, available: usize) -> usize {
        // A length beyond usize is beyond what has arrived, too.
        let left = usize::try_from(self.size).unwrap_or(usize::MAX);
        let take = left.min(available);
        self.size = self.size.saturating_sub(take as u64);
        if self.size == 0 {
            self.state = State::ContentReturn;
        }
        take
    }

    /// Takes a byte that belongs to neither content nor trailers, and returns what the next one must be.
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
            // In these states the byte is taken elsewhere.
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

/// The framing of a chunk of less than 64 KiB, with the CRLF after it.
pub const FRAMING_LENGTH: usize = b"ffff\r\n\r\n".len();

/// The line before a chunk of this length, which is not 0, the length of the last chunk. CRLF follows the chunk.
pub fn encode_size(length: usize) -> Vec<u8> {
    format!("{length:x}\r\n").into_bytes()
}

/// The last chunk, these trailers, and the empty line.
pub fn encode_end(trailers: &Fields) -> Vec<u8> {
    let mut end = b"0\r\n".to_vec();
    for field in trailers.iter() {
        append_line(&mut end, field.name, field.value);
    }
    end.extend_from_slice(b"\r\n");
    end
}

/// The error of a size with this byte in it.
#[cold]
fn wrong_size(how: &str, byte: u8) -> ChunkError {
    ChunkError::Size(format!("a chunk's size {how} with {}", quote(&[byte])))
}

/// The error for this byte where CRLF must follow `what`.
#[cold]
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

#[cfg(test)]
mod tests {
    use super::super::field_lines::tests::WIDE;
    use super::*;

    /// Content and trailers, and how many bytes were used; none when the end has not come.
    type Whole = Result<Option<(Vec<u8>, Fields, usize)>, ChunkError>;

    /// A decoder with its buffer, as a connection has them.
    struct Reader {
        decoder: Decoder,
        buffer: Vec<u8>,
        content: Vec<u8>,
        used: usize,
    }

    impl Reader {
        fn new(bounds: Bounds) -> Self {
            Self { decoder: Decoder::new(bounds), buffer: Vec::new(), content: Vec::new(), used: 0 }
        }

        /// Takes more bytes, and says whether the end has come.
        fn push(&mut self, bytes: &[u8]) -> Result<bool, ChunkError> {
            self.buffer.extend_from_slice(bytes);
            loop {
                let decoded = self.decoder.decode(&self.buffer, usize::MAX)?;
                self.used += decoded.skip + decoded.take;
                self.buffer.drain(..decoded.skip);
                self.content.extend(self.buffer.drain(..decoded.take));
                if decoded.is_end {
                    assert_eq!(decoded.take, 0);
                    return Ok(true);
                }
                if decoded.take == 0 {
                    // And nothing changes until there are more bytes.
                    let more = Decoded { skip: 0, take: 0, is_end: false };
                    assert_eq!(self.decoder.decode(&self.buffer, usize::MAX), Ok(more));
                    return Ok(false);
                }
            }
        }

        /// Takes these pieces, and says how many bytes went in.
        fn read<'a>(mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Whole, usize) {
            let mut length = 0;
            for piece in pieces {
                length += piece.len();
                match self.push(piece) {
                    Ok(false) => {}
                    Ok(true) => {
                        let trailers = self.decoder.into_trailers();
                        return (Ok(Some((self.content, trailers, self.used))), length);
                    }
                    Err(error) => return (Err(error), length),
                }
            }
            (Ok(None), length)
        }
    }

    fn read(bounds: Bounds, bytes: &[u8]) -> Whole {
        Reader::new(bounds).read([bytes]).0
    }

    fn read_one_by_one(bounds: Bounds, bytes: &[u8]) -> (Whole, usize) {
        Reader::new(bounds).read(bytes.chunks(1))
    }

    fn assert_good(bounds: Bounds, bytes: &[u8], content: &[u8], lines: &[(&str, &str)]) {
        let mut trailers = Fields::default();
        for (name, value) in lines {
            trailers.push(*name, *value);
        }
        let expected: Whole = Ok(Some((content.to_vec(), trailers, bytes.len())));
        assert_eq!(read(bounds, bytes), expected, "{}", quote(bytes));
        assert_eq!(read_one_by_one(bounds, bytes), (expected.clone(), bytes.len()));
        for split in 0..bytes.len() {
            let (begin, end) = bytes.split_at(split);
            assert_eq!(read(bounds, begin), Ok(None), "{split}");
            assert_eq!(Reader::new(bounds).read([begin, end]), (expected.clone(), bytes.len()));
        }
        // What comes after is someone else's.
        let longer = [bytes, b"0\r\n\r\n"].concat();
        assert_eq!(read(bounds, &longer), expected);
    }

    /// The error comes with the last of these bytes, whatever may come after it.
    fn assert_bad(bounds: Bounds, bytes: &[u8]) -> ChunkError {
        let error = read(bounds, bytes).expect_err(&quote(bytes));
        assert_eq!(read_one_by_one(bounds, bytes), (Err(error.clone()), bytes.len()));
        let longer = [bytes, b"\r\n0\r\n\r\n"].concat();
        assert_eq!(read(bounds, &longer), Err(error.clone()));
        error
    }

    #[test]
    fn good_content() {
        let table: &[(&str, &str)] = &[
            ("0\r\n\r\n", ""),
            ("000\r\n\r\n", ""),
            ("1\r\na\r\n0\r\n\r\n", "a"),
            ("1\r\na\r\n1\r\nb\r\n3\r\ncde\r\n0\r\n\r\n", "abcde"),
            ("000000005\r\nabcde\r\n0\r\n\r\n", "abcde"),
            ("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a"),
            // Content that looks like framing.
            ("5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"),
            // Whitespace after a size, and extensions.
            ("1 \t \r\na\r\n0 \r\n\r\n", "a"),
            ("1; foo=bar; norm=fish\r\na\r\n0;x\r\n\r\n", "a"),
            ("1 \t ;foo\r\na\r\n0\t;\r\n\r\n", "a"),
            ("1;a=\"b;c\\\"\td\"\r\na\r\n0;\"\r\n\r\n", "a"),
            ("1;5;;==\u{e9}\r\na\r\n0\r\n\r\n", "a"),
        ];
        for (text, content) in table {
            assert_good(WIDE, text.as_bytes(), content.as_bytes(), &[]);
        }
    }

    #[test]
    fn trailers_are_kept() {
        let lines = [("A", "b"), ("a", "c d"), ("E", "")];
        assert_good(WIDE, b"1\r\nx\r\n0\r\nA: b\r\na:c\r\n d\r\nE:\r\n\r\n", b"x", &lines);
        assert_good(WIDE, b"0\r\nA: b\na: c d\nE: \n\n", b"", &lines);
        assert_good(WIDE, b"0\r\n\n", b"", &[]);
    }

    #[test]
    fn bad_sizes() {
        let table: &[&[u8]] = &[
            b"\r",
            b"\n",
            b" ",
            b"\t",
            b";",
            b"+",
            b"-",
            b"Z",
            b"g",
            b"\0",
            b"\"",
            b"_",
            b"\xd9",
            b"\xef",
            b"0x",
            b"0X",
            b"5h",
            b"5+",
            b"5-",
            b"5_",
            b"5.",
            b"5,",
            b"5=",
            b"5\0",
            b"5\x0b",
            b"5\xb2",
            b"5 5",
            b"5\t5",
            b"5 x",
            b"1\r\na\r\n\r",
            b"1\r\na\r\n ",
            b"1\r\na\r\n\n",
            b"1\r\na\r\n-",
        ];
        for bytes in table {
            assert!(matches!(assert_bad(WIDE, bytes), ChunkError::Size(_)));
        }
    }

    #[test]
    fn bad_line_ends() {
        let table: &[&[u8]] = &[
            b"5\n",
            b"5 \n",
            b"5;x\n",
            b"5;\"\n",
            b"0\n",
            b"5\rx",
            b"5\r\r",
            b"5\r;",
            b"5;x\rx",
            b"5;\"\r\"",
            b"1\r\nab",
            b"1\r\na0",
            b"1\r\na\n",
            b"1\r\na ",
            b"1\r\na\r\r",
            b"1\r\na\r0",
        ];
        for bytes in table {
            assert!(matches!(assert_bad(WIDE, bytes), ChunkError::Terminator(_)));
        }
    }

    #[test]
    fn every_byte_of_a_size_and_after_it() {
        for byte in 0..=u8::MAX {
            let is_good = |before: &str| read(WIDE, &[before.as_bytes(), &[byte]].concat()).is_ok();
            let is_digit = byte.is_ascii_hexdigit();
            let is_blank = matches!(byte, b' ' | b'\t');
            let is_end = matches!(byte, b';' | b'\r');
            assert_eq!(is_good(""), is_digit, "{byte}");
            assert_eq!(is_good("5"), is_digit || is_blank || is_end, "{byte}");
            assert_eq!(is_good("5 "), is_blank || is_end, "{byte}");
            assert_eq!(is_good("5;"), byte != b'\n', "{byte}");
            assert_eq!(is_good("5;a=\""), byte != b'\n', "{byte}");
            assert_eq!(is_good("5;\r"), byte == b'\n', "{byte}");
            assert_eq!(is_good("5\r"), byte == b'\n', "{byte}");
            assert_eq!(is_good("1\r\na"), byte == b'\r', "{byte}");
            assert_eq!(is_good("1\r\na\r"), byte == b'\n', "{byte}");
            assert_eq!(is_good("1\r\na\r\n"), is_digit, "{byte}");
        }
    }

    #[test]
    fn sizes_up_to_64_bits() {
        let table = [
            ("ffffffff", u64::from(u32::MAX)),
            ("100000000", 1 << 32),
            ("7fffffffffffffff", u64::MAX >> 1),
            ("8000000000000000", 1 << 63),
            ("ffffffffffffffff", u64::MAX),
            ("0000000000FFFFFFFFFFFFFFFF", u64::MAX),
        ];
        for (digits, size) in table {
            let mut decoder = Decoder::new(WIDE);
            let line = format!("{digits}\r\nabc");
            let skip = digits.len() + 2;
            let decoded = Decoded { skip, take: 3, is_end: false };
            assert_eq!(decoder.decode(line.as_bytes(), usize::MAX), Ok(decoded));
            assert_eq!(decoder.size, size - 3, "{digits}");
        }
        for digits in ["10000000000000000", "1ffffffffffffffff", "00fffffffffffffffff"] {
            let error = assert_bad(WIDE, digits.as_bytes());
            assert!(matches!(error, ChunkError::Size(_)), "{digits}");
        }
    }

    #[test]
    fn a_chunk_beyond_4_gib_is_taken_piece_by_piece() {
        let piece = vec![0; 1 << 24];
        let mut decoder = Decoder::new(WIDE);
        let decoded = decoder.decode(b"100000005\r\n", usize::MAX).unwrap();
        assert_eq!(decoded, Decoded { skip: 11, take: 0, is_end: false });
        for _ in 0..256 {
            let decoded = decoder.decode(&piece, usize::MAX).unwrap();
            assert_eq!(decoded, Decoded { skip: 0, take: piece.len(), is_end: false });
        }
        let end = b"abcde\r\n0\r\n\r\n";
        assert_eq!(decoder.decode(end, usize::MAX), Ok(Decoded { skip: 0, take: 5, is_end: false }));
        assert_eq!(decoder.decode(&end[5..], usize::MAX), Ok(Decoded { skip: 7, take: 0, is_end: true }));
    }

    #[test]
    fn the_line_of_a_size_has_its_bound() {
        let rest = "\r\na\r\n0\r\n\r\n";
        let zeros = "0".repeat(CHUNK_LINE_LENGTH - 1);
        let longest = [
            format!("{zeros}1"),
            format!("1{}", " ".repeat(CHUNK_LINE_LENGTH - 1)),
            format!("1;{}", "x".repeat(CHUNK_LINE_LENGTH - 2)),
        ];
        for line in longest {
            let bytes = format!("{line}{rest}");
            let expected = Ok(Some((b"a".to_vec(), Fields::default(), bytes.len())));
            assert_eq!(read(WIDE, bytes.as_bytes()), expected);
            assert_eq!(read_one_by_one(WIDE, bytes.as_bytes()).0, expected);
            // Each line has the bound to itself.
            let twice = format!("{line}\r\na\r\n{line}{rest}");
            let (content, ..) = read(WIDE, twice.as_bytes()).unwrap().unwrap();
            assert_eq!(content, b"aa");
            let longer = if line.ends_with('1') { "0" } else { " " };
            let error = assert_bad(WIDE, format!("{line}{longer}").as_bytes());
            assert_eq!(error, ChunkError::LineTooLong);
        }
    }

    #[test]
    fn trailers_have_their_bounds() {
        let bounds = Bounds { lines: 2, line_length: 10, length: 20 };
        // The bytes before the trailers do not count.
        let before = b"19; an extension of some length\r\na content of some length.\r\n0\r\n";
        let content = b"a content of some length.";
        let good = [&before[..], b"A: 456789\r\nB: 4\r\n\n"].concat();
        assert_good(bounds, &good, content, &[("A", "456789"), ("B", "4")]);
        let table: &[(&[u8], HeadError)] = &[
            (b"A: 45678901", HeadError::LineTooLong),
            (b"A: b\nA: b\nA", HeadError::TooManyLines),
            (b"A: 456789\nA: 456789\n\n", HeadError::TooLarge),
        ];
        for (lines, error) in table {
            let bytes = [&before[..], lines].concat();
            assert_eq!(assert_bad(bounds, &bytes), ChunkError::Trailers(error.clone()));
        }
    }

    #[test]
    fn malformed_trailers_are_errors() {
        for lines in ["A\r", "A ", ":", " ", "A: \0", "A: b\rx", "\rx", "A: b\r\n\rx"] {
            let error = assert_bad(WIDE, format!("0\r\n{lines}").as_bytes());
            assert!(matches!(error, ChunkError::Trailers(HeadError::Malformed(_))), "{lines:?}");
        }
    }

    #[test]
    fn one_call_gives_one_run() {
        let mut decoder = Decoder::new(WIDE);
        let bytes = b"2\r\nab\r\n1;x\r\nc\r\n0\r\nA: b\r\n\r\nHTTP";
        assert_eq!(decoder.decode(bytes, usize::MAX), Ok(Decoded { skip: 3, take: 2, is_end: false }));
        assert_eq!(decoder.decode(&bytes[5..], usize::MAX), Ok(Decoded { skip: 7, take: 1, is_end: false }));
        assert_eq!(decoder.decode(&bytes[13..], usize::MAX), Ok(Decoded { skip: 13, take: 0, is_end: true }));
        assert_eq!(decoder.decode(&bytes[26..], usize::MAX), Ok(Decoded { skip: 0, take: 0, is_end: true }));
        assert_eq!(decoder.into_trailers().first("a"), Some(b"b".as_slice()));
    }

    #[test]
    fn unfinished_trailers_stay_where_they_are() {
        let mut decoder = Decoder::new(WIDE);
        let bytes = b"0\r\nA: b\r\n\r\n";
        assert_eq!(decoder.decode(&bytes[..5], usize::MAX), Ok(Decoded { skip: 3, take: 0, is_end: false }));
        assert_eq!(decoder.decode(&bytes[3..9], usize::MAX), Ok(Decoded { skip: 0, take: 0, is_end: false }));
        assert_eq!(decoder.decode(&bytes[3..], usize::MAX), Ok(Decoded { skip: 8, take: 0, is_end: true }));
    }

    #[test]
    fn no_byte_is_looked_at_twice() {
        let chunk = format!("3{};{}\r\nabc\r\n", " ".repeat(300), "x".repeat(300));
        let mut bytes = chunk.repeat(100).into_bytes();
        bytes.extend_from_slice(b"0\r\n");
        bytes.extend_from_slice(b"A: some value\r\n".repeat(900).as_slice());
        let mut reader = Reader::new(WIDE);
        for (count, byte) in bytes.iter().enumerate() {
            assert_eq!(reader.push(&[*byte]), Ok(false));
            let looked_at = reader.decoder.looked_at + reader.decoder.lines.looked_at;
            assert_eq!(looked_at + reader.content.len(), count + 1);
        }
    }

    #[test]
    fn what_is_written() {
        for (length, line) in [(1, "1"), (10, "a"), (0x10000, "10000"), (u32::MAX as usize, "ffffffff")] {
            assert_eq!(encode_size(length), format!("{line}\r\n").into_bytes());
        }
        assert_eq!(encode_end(&Fields::default()), b"0\r\n\r\n");
        let mut trailers = Fields::default();
        trailers.push("A", "b");
        trailers.push("A", b"\xff".as_slice());
        assert_eq!(encode_end(&trailers), b"0\r\nA: b\r\nA: \xff\r\n\r\n");
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let mut trailers = Fields::default();
        trailers.push("A", "b");
        let mut bytes = Vec::new();
        let mut content = Vec::new();
        for length in [1, 9, 10, 15, 16, 17, 255, 256, 4096] {
            let piece = vec![b'\n'; length];
            bytes.extend(encode_size(length));
            bytes.extend_from_slice(&piece);
            bytes.extend_from_slice(b"\r\n");
            content.extend(piece);
        }
        bytes.extend(encode_end(&trailers));
        let expected = Ok(Some((content, trailers, bytes.len())));
        assert_eq!(read(WIDE, &bytes), expected);
        assert_eq!(read_one_by_one(WIDE, &bytes).0, expected);
    }

    #[test]
    fn words_cannot_drive_a_terminal() {
        for bytes in [b"\x1b[2J".as_slice(), b"5\x1b", b"1\r\na\x1b", b"0\r\n\x1b", b"0\r\nA: \x1b"] {
            let words = read(WIDE, bytes).unwrap_err().to_string();
            assert!(words.contains("\\x1b"), "{words}");
            assert!(words.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{words}");
        }
    }

    /// Mutations of good content: whatever comes, it comes the same way byte by byte.
    #[test]
    fn cutting_never_matters() {
        let seeds = ["3;x\r\nabc\r\na \r\n0123456789\r\n0\r\nA: b\r\n c\r\n\r\nrest", "1\r\na\r\n0\r\n\r\n"];
        let alphabet = b"\r\n\t ;:0019afg+\0\xff";
        // A linear congruential generator: the same numbers each time.
        let mut number: u32 = 1;
        let mut random = |below: usize| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) as usize % below
        };
        let bounds = Bounds { lines: 1, line_length: 10, length: 16 };
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
            assert_eq!(cut, whole, "{}", quote(&bytes));
            if let Ok(Some((.., used))) = whole {
                assert_eq!(used, length);
                good += 1;
            }
        }
        assert!((10_000..39_000).contains(&good), "{good} of them good");
    }
}
