//! Coded content: the same however it is cut, within its bounds, and as other decoders have it.

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;
use xenon::buffer::Buffer;
use xenon::coding::{Coding, Decoder, Failure, Step};
use xenon::limits::{DECODED_PIECE, UNDECODED_LENGTH};

use crate::cuts::{Cut, pieces};
use crate::naive_inflate::{self, MOST};
use crate::split;

const CODINGS: [&[Coding]; 10] = [
    &[Coding::Gzip],
    &[Coding::Deflate],
    &[Coding::Zstd],
    &[Coding::Gzip, Coding::Gzip],
    &[Coding::Zstd, Coding::Gzip],
    &[Coding::Deflate, Coding::Zstd],
    &[Coding::Zstd, Coding::Deflate],
    &[Coding::Br],
    &[Coding::Gzip, Coding::Br],
    &[Coding::Br, Coding::Deflate],
];

/// What came of coded bytes.
#[derive(Debug, PartialEq)]
struct Outcome {
    content: Vec<u8>,
    /// How it ended, if it was followed to the end.
    end: Option<Result<(), Failure>>,
}

/// Input: which codings and the largest piece; how to cut; the bytes.
pub fn check(input: &[u8]) {
    let ([how, seed], bytes) = split(input);
    let codings = CODINGS[usize::from(how & 15) % CODINGS.len()];
    let max = match how >> 4 {
        0..8 => DECODED_PIECE,
        size => 1 + usize::from(size) * 67,
    };
    let whole = decode(codings, bytes, Cut::Whole, max);
    let Some(end) = &whole.end else { return };
    // How much that decoder hands out before a failure depends on when it has to wait.
    let may_hold_back = codings.contains(&Coding::Br) && end.is_err();
    for cut in [Cut::Bytes, Cut::Random(seed)] {
        let again = decode(codings, bytes, cut, max);
        if may_hold_back {
            // Or so much came before the failure that it was not followed that far.
            assert!(again.end.is_none_or(|end| end.is_err()));
            let is_begun = again.content.starts_with(&whole.content) || whole.content.starts_with(&again.content);
            assert!(is_begun);
        } else {
            assert_eq!(again, whole, "{cut:?}");
        }
    }

    // As when nothing was cut off, up to there.
    let cut = bytes.len() * usize::from(seed) / 256;
    let begun = decode(codings, &bytes[..cut], Cut::Whole, max);
    if begun.end == Some(Err(Failure::Truncated)) && !may_hold_back {
        assert!(whole.content.starts_with(&begun.content));
    }
    // Content without a byte is complete, and no other decoder's matter.
    if bytes.is_empty() {
        assert_eq!(whole, Outcome { content: Vec::new(), end: Some(Ok(())) });
        return;
    }
    match codings {
        [Coding::Gzip] => assert_eq!(whole_of(&whole), naive_inflate::gzip(bytes)),
        [Coding::Deflate] => assert_eq!(whole_of(&whole), naive_inflate::deflate(bytes)),
        [Coding::Zstd] => check_zstd(bytes, &whole.content, end),
        _ => {}
    }
}

fn whole_of(outcome: &Outcome) -> Option<Vec<u8>> {
    outcome.end.as_ref()?.is_ok().then(|| outcome.content.clone())
}

/// Decodes these pieces as an exchange does, up to [`MOST`] bytes.
fn decode(codings: &[Coding], bytes: &[u8], cut: Cut, max: usize) -> Outcome {
    let mut decoder = Decoder::new(codings).expect("not too many").expect("at least one");
    let mut input = Buffer::default();
    let mut content = Vec::new();
    for piece in pieces(bytes, cut) {
        input.push(piece.to_vec());
        loop {
            let before = input.len();
            match decoder.decode(&mut input, max) {
                Ok(Step::Piece(piece)) => {
                    assert!((1..=max.min(DECODED_PIECE)).contains(&piece.len()) && piece.capacity() == piece.len());
                    content.extend(piece);
                    if content.len() > MOST {
                        return Outcome { content: Vec::new(), end: None };
                    }
                }
                Ok(Step::Again) => assert!(codings.len() > 1 || input.len() < before),
                Ok(Step::NeedMore) => {
                    assert!(input.is_empty());
                    break;
                }
                Err(failure) => {
                    assert_ne!(failure, Failure::Truncated, "nothing has said that it ends");
                    assert!(failure != Failure::Silent || bytes.len() > UNDECODED_LENGTH || codings.len() > 1);
                    assert_eq!(decoder.decode(&mut input, max), Err(failure.clone()));
                    assert_eq!(decoder.finish(), Err(failure.clone()));
                    return Outcome { content, end: Some(Err(failure)) };
                }
            }
        }
    }
    Outcome { content, end: Some(decoder.finish()) }
}

/// Another decoder decodes to the same. It does not see what does not harm it: a wrong length, blocks that are too large. Of several
/// frames it decodes the first.
fn check_zstd(bytes: &[u8], content: &[u8], end: &Result<(), Failure>) {
    let Ok(mut other) = StreamingDecoder::new(bytes) else {
        // A frame to be skipped is an error there, and so is a window without a byte that is not of a single segment.
        let is_skipped = bytes.get(1..4) == Some(&[0x2a, 0x4d, 0x18]);
        assert!(is_skipped || end.is_err(), "the other takes nothing");
        return;
    };
    let mut theirs = Vec::new();
    let is_theirs = other.by_ref().take(MOST as u64).read_to_end(&mut theirs).is_ok() && theirs.len() < MOST;
    match end {
        Ok(()) => assert!(is_theirs && content.starts_with(&theirs)),
        Err(_) if !is_theirs => {}
        Err(Failure::Truncated | Failure::Trailing | Failure::Window) => {}
        Err(Failure::Corrupt(what)) => {
            let is_stricter = ["length", "too large", "flag", "checksum", "empty", "wrong", "dictionary"]
                .iter()
                .any(|word| what.contains(word));
            assert!(is_stricter, "the other takes it: {what}");
        }
        Err(failure) => panic!("the other takes it: {failure}"),
    }
}
