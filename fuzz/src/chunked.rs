//! The decoder of chunked content: the same however its bytes are cut, and the same as a naive one.

use xenon::h1::chunked::{ChunkError, Decoded, Decoder, encode_end, encode_size};
use xenon::h1::field_lines::Bounds;
use xenon::http::fields::Fields;

use crate::cuts::{Cut, pieces};
use crate::naive::{self, Lines};
use crate::split;

const WIDE: Bounds = Bounds { lines: usize::MAX, line_length: usize::MAX, length: usize::MAX };
const TIGHT: Bounds = Bounds { lines: 2, line_length: 20, length: 60 };

/// What came of some bytes.
#[derive(Debug, PartialEq)]
struct Outcome {
    content: Vec<u8>,
    /// How many bytes were skipped or taken.
    used: usize,
    end: Result<Option<Lines>, ChunkError>,
}

/// Input: bounds and the longest piece; how to cut; the bytes.
pub fn check(input: &[u8]) {
    let ([how, seed], bytes) = split(input);
    let bounds = if how & 1 == 0 { WIDE } else { TIGHT };
    let max = if how & 2 == 0 { usize::MAX } else { usize::from(how >> 2) + 1 };

    let (whole, _) = decode(bounds, bytes, Cut::Whole, max);
    let (one_by_one, length) = decode(bounds, bytes, Cut::Bytes, max);
    let (cut, cut_length) = decode(bounds, bytes, Cut::Random(seed), max);
    assert_eq!(whole, one_by_one);
    assert_eq!(whole, cut);
    assert!(whole.content.len() <= whole.used && whole.used <= bytes.len(), "more came out than went in");

    match (&whole.end, naive::chunked(bytes)) {
        (Ok(Some(trailers)), Some((content, lines, used))) => {
            assert_eq!((&whole.content, trailers, whole.used), (&content, &lines, used));
            assert_eq!(length, used, "the end comes with its last byte");
            check_encoding(&content, trailers);
        }
        (Ok(Some(_)), None) => panic!("it takes what the naive decoder does not"),
        (_, Some(_)) => assert_eq!(bounds, TIGHT, "it does not take what the naive decoder does: {:?}", whole.end),
        (_, None) => {}
    }
    if whole.end.is_err() {
        // The byte that decides it, whatever comes after it, and however it comes.
        assert!(length <= cut_length);
        assert!(decode(bounds, &bytes[..length], Cut::Whole, max).0.end.is_err());
        assert_eq!(decode(bounds, &bytes[..length - 1], Cut::Whole, max).0.end, Ok(None));
    }
}

/// Decodes these pieces as a connection does; also says how many bytes went in.
fn decode(bounds: Bounds, bytes: &[u8], cut: Cut, max: usize) -> (Outcome, usize) {
    const MORE: Decoded = Decoded { skip: 0, take: 0, is_end: false };
    let mut decoder = Decoder::new(bounds);
    let mut buffer: Vec<u8> = Vec::new();
    let mut outcome = Outcome { content: Vec::new(), used: 0, end: Ok(None) };
    let mut length = 0;
    for piece in pieces(bytes, cut) {
        length += piece.len();
        buffer.extend_from_slice(piece);
        loop {
            let decoded = match decoder.decode(&buffer, max) {
                Ok(decoded) => decoded,
                Err(error) => {
                    // How much of the line before the error was used is nobody's business any more.
                    outcome.used = outcome.content.len();
                    outcome.end = Err(error);
                    return (outcome, length);
                }
            };
            assert!(decoded.take <= max);
            buffer.drain(..decoded.skip);
            outcome.content.extend(buffer.drain(..decoded.take));
            outcome.used += decoded.skip + decoded.take;
            if decoded.is_end {
                assert_eq!(decoder.decode(&buffer, max), Ok(Decoded { is_end: true, ..MORE }), "an end stays one");
                outcome.end = Ok(Some(lines(decoder.into_trailers())));
                return (outcome, length);
            }
            if decoded.take == 0 {
                assert_eq!(decoder.decode(&buffer, max), Ok(MORE), "nothing changes without more bytes");
                assert!(buffer.len() <= bounds.length, "{} bytes are kept", buffer.len());
                break;
            }
        }
    }
    (outcome, length)
}

/// What was read can be written, and read again.
fn check_encoding(content: &[u8], trailers: &Lines) {
    let mut bytes = Vec::new();
    for chunk in content.chunks(content.len() / 3 + 1) {
        bytes.extend([&encode_size(chunk.len()), chunk, b"\r\n"].concat());
    }
    let mut fields = Fields::default();
    for (name, value) in trailers {
        fields.push(name, value.as_slice());
    }
    bytes.extend(encode_end(&fields));
    let (again, _) = decode(WIDE, &bytes, Cut::Whole, usize::MAX);
    let expected = Outcome { content: content.to_vec(), used: bytes.len(), end: Ok(Some(trailers.clone())) };
    assert_eq!(again, expected);
}

pub(crate) fn lines(fields: Fields) -> Lines {
    fields.to_vec()
}
