//! Coded data that is not what its format allows.

use xenon::coding::{Coding, Failure};

use crate::contents::content_of;
use crate::support::{Outcome, decode, decode_whole, stored, stored_gzip, vectors};

/// The end of these bytes, which is the same however they are cut.
fn end(coding: Coding, bytes: &[u8]) -> Result<(), Failure> {
    let whole = decode_whole(&[coding], bytes);
    for length in [1, 2, 3, 5, 11] {
        assert_eq!(decode(&[coding], bytes.chunks(length), 1 << 16), whole);
    }
    whole.end
}

fn assert_corrupt(coding: Coding, bytes: &[u8], words: &str) {
    match end(coding, bytes) {
        Err(Failure::Corrupt(what)) => assert!(what.contains(words), "{what}, not {words}"),
        other => panic!("{other:?}, not {words}"),
    }
}

#[test]
fn what_is_of_another_format() {
    for coding in Coding::ALL {
        for bytes in [&b"hello, this is plain text"[..], &[0xff; 30], b"<!DOCTYPE html><html><head><title>"] {
            assert!(matches!(end(*coding, bytes), Err(Failure::Corrupt(_))), "{coding:?} {bytes:?}");
        }
    }
}

/// A flipped bit is found by a checksum, or is in a part that means nothing.
#[test]
fn flipped_bits() {
    let is_checked = |name: &str| !name.contains("raw") && !name.contains("huffman") && !name.ends_with("br");
    for (name, coding, bytes) in
        vectors().into_iter().filter(|(name, ..)| name.starts_with("short") && is_checked(name))
    {
        let content = content_of(&name);
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let outcome = decode_whole(&[coding], &flipped);
            let is_the_same = outcome.content == content || name.contains("unchecked") || name.contains("frames");
            assert!(outcome.end.is_err() || is_the_same, "{name} {at}");
            assert_eq!(decode(&[coding], flipped.chunks(1), 1), outcome, "{name} {at}");
        }
    }
}

mod gzip {
    use super::*;
    use crate::support::crc32;

    const HEADER_CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;

    /// A member with these flags, and the parts that they announce.
    fn member(flags: u8, content: &[u8], wrong_checksum: bool) -> Vec<u8> {
        let mut bytes = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3];
        if flags & EXTRA != 0 {
            bytes.extend([5, 0, b'e', b'x', 1, 0, b'!']);
        }
        if flags & NAME != 0 {
            bytes.extend(b"name.txt\0");
        }
        if flags & COMMENT != 0 {
            bytes.extend(b"\0");
        }
        if flags & HEADER_CHECKSUM != 0 {
            let checksum = crc32(&bytes) as u16 ^ u16::from(wrong_checksum);
            bytes.extend(checksum.to_le_bytes());
        }
        bytes.extend(&stored_gzip(content)[10..]);
        bytes
    }

    #[test]
    fn all_parts_of_a_header_are_skipped() {
        for flags in 0..32 {
            let two = [member(flags, b"hello", false), member(flags ^ 31, b", world", false)].concat();
            let expected = Outcome { content: b"hello, world".to_vec(), end: Ok(()) };
            assert_eq!(decode_whole(&[Coding::Gzip], &two), expected, "{flags}");
            for at in 0..two.len() {
                let (one, other) = two.split_at(at);
                assert_eq!(decode(&[Coding::Gzip], [one, other], 3), expected, "{flags} {at}");
            }
        }
    }

    #[test]
    fn an_extra_field_without_a_byte() {
        let mut bytes = stored_gzip(b"hello");
        bytes[3] = EXTRA;
        bytes.splice(10..10, [0, 0]);
        assert_eq!(end(Coding::Gzip, &bytes), Ok(()));
    }

    #[test]
    fn the_checksum_of_a_header_is_verified() {
        for flags in (0..32).filter(|flags| flags & HEADER_CHECKSUM != 0) {
            assert_corrupt(Coding::Gzip, &member(flags, b"hello", true), "checksum of a gzip header");
        }
    }

    #[test]
    fn unknown_flags_and_methods() {
        for flag in [32, 64, 128] {
            assert_corrupt(Coding::Gzip, &member(flag, b"", false), "flags");
        }
        let mut bytes = stored_gzip(b"hello");
        bytes[2] = 7;
        assert_corrupt(Coding::Gzip, &bytes, "not gzip");
    }

    #[test]
    fn checksum_and_length_of_the_content_are_verified() {
        let bytes = stored_gzip(b"hello");
        for at in bytes.len() - 8..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 0x10;
            let words = if at < bytes.len() - 4 { "checksum of a gzip member" } else { "length of a gzip member" };
            assert_corrupt(Coding::Gzip, &wrong, words);
            assert_eq!(decode_whole(&[Coding::Gzip], &wrong).content, b"hello", "it comes before the failure");
        }
    }

    #[test]
    fn what_follows_a_member_is_a_member_or_an_error() {
        let member = stored_gzip(b"hello");
        let two = [&member[..], &member[..]].concat();
        assert_eq!(decode_whole(&[Coding::Gzip], &two).content, b"hellohello");
        for end_ in [1, 2, 5, 17] {
            assert_eq!(end(Coding::Gzip, &two[..member.len() + end_]), Err(Failure::Truncated));
        }
        // gzip itself pads with zeros on tapes.
        assert_eq!(end(Coding::Gzip, &[&member[..], &[0; 512]].concat()), Err(Failure::Trailing));
    }
}

mod deflate {
    use super::*;

    #[test]
    fn data_that_repeats_what_was_never_there() {
        // A block of the fixed code: a match of three bytes, one back, before there is a byte.
        assert_corrupt(Coding::Deflate, &[0x03, 0x02, 0x00], "not DEFLATE");
        // The second member of gzip has nothing of the first.
        let mut bytes = stored_gzip(b"hello");
        bytes.extend(&stored_gzip(b"")[..10]);
        bytes.extend([0x03, 0x02, 0x00]);
        assert_corrupt(Coding::Gzip, &bytes, "not DEFLATE");
    }

    #[test]
    fn the_zlib_format_and_none_are_told_apart() {
        let mut zlib = vec![0x78, 0x9c];
        zlib.extend(stored(b"abc"));
        zlib.extend(0x024d_0127_u32.to_be_bytes());
        let expected = Outcome { content: b"abc".to_vec(), end: Ok(()) };
        assert_eq!(decode_whole(&[Coding::Deflate], &zlib), expected);
        assert_eq!(decode_whole(&[Coding::Deflate], &stored(b"abc")), expected);
        let length = zlib.len();
        zlib[length - 1] ^= 1;
        assert_corrupt(Coding::Deflate, &zlib, "checksum");
        // It wants a dictionary.
        assert_corrupt(Coding::Deflate, &[0x78, 0xbb, 1, 2, 3, 4, 5], "not DEFLATE");
        // A window larger than there is, and a sum that is wrong, are not the zlib format, nor DEFLATE.
        assert_corrupt(Coding::Deflate, &[0x88, 0x1c, 1, 2, 3, 4], "not DEFLATE");
        assert_corrupt(Coding::Deflate, &[0x78, 0x9d, 1, 2, 3, 4], "not DEFLATE");
    }
}

#[cfg(feature = "zstd")]
mod zstd {
    use super::*;

    const RAW: u32 = 0;
    const RUN: u32 = 1;
    const COMPRESSED: u32 = 2;

    /// A frame with a window of 1 KiB, without length and checksum.
    fn frame(blocks: &[(u32, u32, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0];
        for (number, (kind, size, content)) in blocks.iter().enumerate() {
            let is_last = u32::from(number + 1 == blocks.len());
            bytes.extend(&(is_last | kind << 1 | size << 3).to_le_bytes()[..3]);
            bytes.extend(*content);
        }
        bytes
    }

    fn compressed(content: &[u8]) -> (u32, u32, &[u8]) {
        (COMPRESSED, content.len() as u32, content)
    }

    #[test]
    fn blocks_of_each_kind() {
        let literals = [5 << 3, b'a', b'b', b'c', b'd', b'e', 0];
        let bytes = frame(&[(RAW, 3, b"xyz"), (RUN, 4, b"-"), (RAW, 0, b""), compressed(&literals), (RUN, 0, b"?")]);
        let expected = Outcome { content: b"xyz----abcde".to_vec(), end: Ok(()) };
        assert_eq!(decode_whole(&[Coding::Zstd], &bytes), expected);
        for length in 1..bytes.len() {
            assert_eq!(decode(&[Coding::Zstd], bytes.chunks(length), 2), expected, "{length}");
        }
    }

    #[test]
    fn blocks_have_a_limit() {
        assert_eq!(end(Coding::Zstd, &frame(&[(RUN, 1024, b"x")])), Ok(()));
        assert_corrupt(Coding::Zstd, &frame(&[(RUN, 1025, b"x")]), "too large");
        assert_corrupt(Coding::Zstd, &frame(&[(RAW, 1025, b"x")]), "too large");
        assert_corrupt(Coding::Zstd, &frame(&[(COMPRESSED, 1025, b"x")]), "too large");
        assert_corrupt(Coding::Zstd, &frame(&[(3, 1, b"x")]), "type");
        assert_corrupt(Coding::Zstd, &frame(&[(COMPRESSED, 0, b"")]), "empty");
        // 1 MiB of literals in five bytes.
        assert_corrupt(Coding::Zstd, &frame(&[compressed(&[0xfd, 0xff, 0xff, b'x', 0])]), "literals");
        // A match that is longer than the block may be: one literal, then 65539 bytes or more from one back.
        let long = [1 << 3, b'x', 1, 0b0101_0100, 1, 0, 52, 0b1000_0000, 0, 0];
        assert_corrupt(Coding::Zstd, &frame(&[compressed(&long)]), "sequences");
    }

    #[test]
    fn the_window_has_a_limit() {
        let header = |rest: &[u8]| [&[0x28, 0xb5, 0x2f, 0xfd], rest].concat();
        assert_eq!(end(Coding::Zstd, &header(&[0, 13 << 3, 1, 0, 0])), Ok(()));
        assert_eq!(end(Coding::Zstd, &header(&[0, (13 << 3) + 1])), Err(Failure::Window));
        assert_eq!(end(Coding::Zstd, &header(&[0, 0xff])), Err(Failure::Window));
        assert_eq!(end(Coding::Zstd, &header(&[0b1110_0000, 0, 0, 0, 0, 1, 0, 0, 0])), Err(Failure::Window));
    }

    #[test]
    fn what_was_never_there() {
        // Of a first block: literals with the tree of an earlier one, sequences with the table of an earlier one.
        assert_corrupt(Coding::Zstd, &frame(&[compressed(&[0b0001_0011, 0x40, 0, 1, 0])]), "no table of codes");
        assert_corrupt(Coding::Zstd, &frame(&[compressed(&[1 << 3, b'x', 1, 0b1111_1100, 1])]), "sequences");
        // A match before there is a byte: a literal fewer than the offset.
        let back = [1 << 3, b'x', 1, 0b0101_0100, 1, 3, 0, 0b10_000];
        assert_corrupt(Coding::Zstd, &frame(&[compressed(&back)]), "before its beginning");
    }

    #[test]
    fn a_match_of_three() {
        // One literal, an offset of 1 (a new one, of the code 2: 4 - 3), three bytes.
        let three = [1 << 3, b'x', 1, 0b0101_0100, 1, 2, 0, 0b100];
        let outcome = decode_whole(&[Coding::Zstd], &frame(&[compressed(&three)]));
        assert_eq!(outcome, Outcome { content: b"xxxx".to_vec(), end: Ok(()) });
    }

    #[test]
    fn checksum_and_length_of_a_frame_are_verified() {
        let vectors = vectors();
        let (_, coding, bytes) = vectors.iter().find(|(name, ..)| name == "short.zstd").unwrap();
        // It has its length after magic number and descriptor, and its checksum last.
        for (at, words) in [(5, "length of a zstd frame"), (bytes.len() - 1, "checksum of a zstd frame")] {
            let mut wrong = bytes.clone();
            wrong[at] += 1;
            assert_corrupt(*coding, &wrong, words);
        }
        let mut wrong = bytes.clone();
        wrong[5] -= 1;
        assert!(matches!(end(*coding, &wrong), Err(Failure::Corrupt(_))));
    }

    #[test]
    fn frames_that_are_skipped() {
        let skipped = [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let outcome = decode_whole(&[Coding::Zstd], &skipped);
        assert_eq!(outcome, Outcome { content: vec![], end: Ok(()) });
        for at in 1..skipped.len() {
            assert_eq!(end(Coding::Zstd, &skipped[..at]), Err(Failure::Truncated));
        }
    }

    #[test]
    fn a_dictionary_is_not_there() {
        assert_corrupt(Coding::Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7], "dictionary");
    }
}
