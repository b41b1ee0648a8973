//! A few bytes that decode to a great many, and many that decode to nothing: each call has its bound.

use xenon::buffer::Buffer;
use xenon::coding::{Coding, Decoder, Failure, Step};
use xenon::limits::{DECODED_PIECE, GZIP_TEXT_LENGTH, UNDECODED_LENGTH};

use crate::support::{decode, stored, stored_gzip, zeros_deflated};

/// How many bytes come out, when these bytes are there again and again after their beginning.
fn flood(coding: Coding, begin: &[u8], again: &[u8], times: usize) -> (u64, Result<(), Failure>) {
    let mut decoder = Decoder::new(&[coding]).unwrap().unwrap();
    let mut input = Buffer::default();
    input.push(begin.to_vec());
    let mut made = 0;
    for _ in 0..times {
        input.push(again.to_vec());
        loop {
            let before = input.len();
            match decoder.decode(&mut input, usize::MAX) {
                Ok(Step::Piece(piece)) => {
                    assert!(piece.len() <= DECODED_PIECE);
                    made += piece.len() as u64;
                }
                Ok(Step::Again) => assert!(input.len() < before),
                Ok(Step::NeedMore) => break,
                Err(failure) => return (made, Err(failure)),
            }
        }
    }
    (made, Ok(()))
}

#[test]
fn pieces_are_small_whatever_the_bytes_decode_to() {
    let runs = zeros_deflated(20 << 20);
    assert!(runs.len() < 21_000);
    let (made, end) = flood(Coding::Deflate, &[], &runs, 1);
    assert_eq!((made, end), (20 << 20, Ok(())));
}

#[cfg(feature = "zstd")]
#[test]
fn four_bytes_of_zstd_decode_to_two_pieces() {
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3];
    let run = [0b010, 0, 0x10, b'x'];
    let (made, end) = flood(Coding::Zstd, &header, &run, 100);
    assert_eq!((made, end), (100 * 128 * 1024, Ok(())));
}

#[test]
fn what_decodes_to_nothing_has_an_end() {
    let times = |length: usize| UNDECODED_LENGTH / length + 2;
    let empty_block = [0, 0, 0, 0xff, 0xff].repeat(2000);
    assert_eq!(flood(Coding::Deflate, &[], &empty_block, times(10_000)), (0, Err(Failure::Silent)));
    let empty_members = stored_gzip(b"").repeat(500);
    assert_eq!(flood(Coding::Gzip, &[], &empty_members, times(empty_members.len())), (0, Err(Failure::Silent)));
    let block = [&stored(b"x")[..6], &empty_block].concat();
    let most = UNDECODED_LENGTH / block.len() - 1;
    assert_eq!(flood(Coding::Deflate, &[], &block, 2 * most).1, Ok(()), "now and then a byte");
    #[cfg(feature = "zstd")]
    {
        let header = [0x28, 0xb5, 0x2f, 0xfd, 0, 0];
        assert_eq!(flood(Coding::Zstd, &header, &[0; 9_000], times(9_000)), (0, Err(Failure::Silent)));
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff][..], &[0; 60_000]].concat();
        assert_eq!(flood(Coding::Zstd, &skipped, &[0; 60_000], times(60_000)), (0, Err(Failure::Silent)));
    }
}

#[test]
fn a_name_has_an_end() {
    let mut bytes = stored_gzip(b"hello");
    bytes[3] = 8;
    bytes.splice(10..10, [vec![b'n'; GZIP_TEXT_LENGTH], vec![0]].concat());
    assert_eq!(decode(&[Coding::Gzip], [&bytes[..]], 100).end, Ok(()));
    bytes.insert(10, b'n');
    assert!(matches!(decode(&[Coding::Gzip], [&bytes[..]], 100).end, Err(Failure::Corrupt(_))));
}

/// 4 KiB that decode to 4 MiB, of which the inner coding makes nothing: each call does only a part.
#[cfg(feature = "zstd")]
#[test]
fn a_call_does_not_go_through_all_that_lies_between_two_codings() {
    const LENGTH: usize = 4 << 20;
    // Three zeros are a block without content.
    let mut outer = stored(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0]);
    outer.truncate(outer.len() - 5);
    outer.extend(zeros_deflated(LENGTH));
    assert!(outer.len() < LENGTH / 1000);
    let mut decoder = Decoder::new(&[Coding::Zstd, Coding::Deflate]).unwrap().unwrap();
    let mut input = Buffer::default();
    input.push(outer);
    let mut calls = 0;
    while decoder.decode(&mut input, 1 << 16) != Ok(Step::NeedMore) {
        calls += 1;
    }
    assert!(calls >= LENGTH / DECODED_PIECE - 1, "{calls}");
    assert_eq!(decoder.finish(), Err(Failure::Truncated));
}
