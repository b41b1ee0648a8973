//! Content codings against what the reference tools have made, cut and damaged everywhere.

mod bounds;
mod contents;
mod malformed;
mod support;

use contents::content_of;
use support::{Outcome, decode, decode_whole, vectors};
use xenon::coding::{Coding, Failure};

#[test]
fn vectors_decode_to_their_contents() {
    let vectors = vectors();
    assert!(vectors.len() >= 20);
    for (name, coding, bytes) in vectors {
        let expected = Outcome { content: content_of(&name), end: Ok(()) };
        for max in [1 << 16, 4097, 33] {
            assert!(decode(&[coding], [bytes.as_slice()], max) == expected, "{name} {max}");
        }
    }
}

#[test]
fn they_do_so_however_they_are_cut() {
    for (name, coding, bytes) in vectors() {
        let expected = Outcome { content: content_of(&name), end: Ok(()) };
        for length in [1, 3, 100, 4096].into_iter().filter(|length| length * 5000 > bytes.len()) {
            assert!(decode(&[coding], bytes.chunks(length), 1 << 16) == expected, "{name} {length}");
        }
        for at in places(&bytes, &expected.content) {
            let (one, two) = bytes.split_at(at);
            assert!(decode(&[coding], [one, two], 1 << 16) == expected, "{name} {at}");
        }
    }
}

/// What is kept back until the end of the data would never come from a server that waits for an answer.
#[test]
fn content_comes_as_soon_as_it_is_there() {
    let names = ["lines.gzip", "lines-zlib.deflate", "lines-raw.deflate", "lines-blocks.zstd", "lines-window.br"];
    for (name, coding, bytes) in vectors().into_iter().filter(|(name, ..)| names.contains(&name.as_str())) {
        let content = content_of(&name);
        let half = decode_whole(&[coding], &bytes[..bytes.len() / 2]).content;
        assert!(content.starts_with(&half) && half.len() >= content.len() / 3, "{name}: {}", half.len());
    }
}

/// Every place of the coded bytes, or some of them where it is much to decode: at least those near both ends.
fn places(bytes: &[u8], content: &[u8]) -> impl Iterator<Item = usize> {
    let length = bytes.len();
    let step = 1 + length * content.len() / 300_000;
    (0..length).filter(move |at| at % step == 0 || *at < 20 || *at + 12 > length)
}

#[test]
fn truncated_anywhere_is_an_error() {
    for (name, coding, bytes) in vectors() {
        let content = content_of(&name);
        for at in places(&bytes, &content).filter(|at| *at > 0 && !is_between_members(&name, &bytes[*at..])) {
            let outcome = decode_whole(&[coding], &bytes[..at]);
            assert_eq!(outcome.end, Err(Failure::Truncated), "{name} {at}");
            assert!(content.starts_with(&outcome.content), "{name} {at}");
        }
    }
}

/// Whether what was cut off is just as complete as what is left.
fn is_between_members(name: &str, rest: &[u8]) -> bool {
    match name {
        "short-members.gzip" => rest.starts_with(&[0x1f, 0x8b]),
        "short-frames.zstd" => rest.starts_with(&[0x28, 0xb5, 0x2f]) || rest.get(1..4) == Some(&[0x2a, 0x4d, 0x18]),
        _ => false,
    }
}

#[test]
fn content_without_a_byte_is_complete() {
    for coding in Coding::ALL {
        assert_eq!(decode_whole(&[*coding], &[]), Outcome { content: vec![], end: Ok(()) });
        assert_eq!(decode_whole(&[Coding::Gzip, *coding], &[]).end, Ok(()));
    }
}

#[test]
fn bytes_after_the_end_are_an_error() {
    for (name, coding, bytes) in vectors() {
        for rest in [&[0][..], b"\n", b"rubbish", &[0x1f, 0], &[0x28, 0xb5, 0x2e], &[0x50, 0x2a, 0x4d, 0x17]] {
            let all = [&bytes, rest].concat();
            let expected = Outcome { content: content_of(&name), end: Err(Failure::Trailing) };
            assert!(decode_whole(&[coding], &all) == expected, "{name} {rest:?}");
            assert!(decode(&[coding], [&bytes, rest], 1000) == expected, "{name} {rest:?}");
        }
    }
}

#[test]
fn two_codings_are_taken_off() {
    let vectors = vectors();
    let find = |name: &str| vectors.iter().find(|vector| vector.0 == name).unwrap().2.clone();
    // The outer one is made here, of stored blocks.
    for (name, coding, bytes) in &vectors {
        let outer = support::stored_gzip(bytes);
        let expected = Outcome { content: content_of(name), end: Ok(()) };
        assert!(decode_whole(&[*coding, Coding::Gzip], &outer) == expected, "{name}");
        assert!(decode(&[*coding, Coding::Gzip], outer.chunks(61), 100) == expected, "{name}");
        for at in [1, outer.len() / 2, outer.len() - 1] {
            let outcome = decode_whole(&[*coding, Coding::Gzip], &outer[..at]);
            assert_eq!(outcome.end, Err(Failure::Truncated), "{name} {at}");
        }
        let cut = support::stored_gzip(&bytes[..bytes.len() - 1]);
        assert_eq!(decode_whole(&[*coding, Coding::Gzip], &cut).end, Err(Failure::Truncated), "{name}");
        let long = support::stored_gzip(&[bytes, &b"rubbish"[..]].concat());
        assert_eq!(decode_whole(&[*coding, Coding::Gzip], &long).end, Err(Failure::Trailing), "{name}");
    }
    // What the outer one decodes to nothing is no content of the inner one.
    assert_eq!(decode_whole(&[Coding::Deflate, Coding::Gzip], &find("empty.gzip")).end, Err(Failure::Truncated));
}
