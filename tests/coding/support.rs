//! A decoder fed as a connection feeds it.

use std::fs;
use std::path::Path;

use xenon::buffer::Buffer;
use xenon::coding::{Coding, Decoder, Failure, Step};

/// What came of coded bytes.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) content: Vec<u8>,
    pub(crate) end: Result<(), Failure>,
}

/// Decodes these pieces, and takes at most `max` bytes at once.
pub(crate) fn decode<'a>(codings: &[Coding], pieces: impl IntoIterator<Item = &'a [u8]>, max: usize) -> Outcome {
    let mut decoder = Decoder::new(codings).unwrap().unwrap();
    let mut content = Vec::new();
    let mut input = Buffer::default();
    for piece in pieces {
        input.push(piece.to_vec());
        if let Err(failure) = drain(&mut decoder, &mut input, max, &mut content) {
            assert_eq!(decoder.decode(&mut input, max), Err(failure.clone()), "a failure stays");
            assert_eq!(decoder.finish(), Err(failure.clone()));
            return Outcome { content, end: Err(failure) };
        }
    }
    let end = decoder.finish();
    assert_eq!(decoder.finish(), end);
    Outcome { content, end }
}

/// Decodes until more bytes are needed.
pub(crate) fn drain(
    decoder: &mut Decoder,
    input: &mut Buffer,
    max: usize,
    content: &mut Vec<u8>,
) -> Result<(), Failure> {
    loop {
        let before = input.len();
        match decoder.decode(input, max)? {
            Step::Piece(piece) => {
                assert!((1..=max).contains(&piece.len()));
                content.extend(piece);
            }
            Step::Again => assert!(input.len() < before, "it goes on"),
            Step::NeedMore => {
                assert!(input.is_empty());
                return Ok(());
            }
        }
    }
}

/// Decodes bytes that are there at once.
pub(crate) fn decode_whole(codings: &[Coding], bytes: &[u8]) -> Outcome {
    decode(codings, [bytes], 1 << 16)
}

/// The files that the reference tools have made, of codings that are built in: name, coding, bytes.
pub(crate) fn vectors() -> Vec<(String, Coding, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/coding/vectors");
    let mut vectors = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().unwrap().to_str().unwrap();
        if let Some(coding) = Coding::ALL.iter().find(|coding| coding.name() == extension) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            vectors.push((name, *coding, fs::read(&path).unwrap()));
        }
    }
    vectors.sort_by(|one, other| one.0.cmp(&other.0));
    vectors
}

/// These bytes in gzip, in blocks that are not compressed.
pub(crate) fn stored_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut coded = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    coded.extend(stored(bytes));
    coded.extend(crc32(bytes).to_le_bytes());
    coded.extend((bytes.len() as u32).to_le_bytes());
    coded
}

/// These bytes in DEFLATE, in blocks that are not compressed.
pub(crate) fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for block in bytes.chunks(0xffff) {
        let length = block.len() as u16;
        coded.push(0);
        coded.extend(length.to_le_bytes());
        coded.extend((!length).to_le_bytes());
        coded.extend(block);
    }
    coded.extend([1, 0, 0, 0xff, 0xff]);
    coded
}

/// As RFC 1952 section 8 defines it, bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xedb8_8320 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// So many zeros in DEFLATE, as small as they get: 258 in two bits (RFC 1951 section 3.2.7).
pub(crate) fn zeros_deflated(count: usize) -> Vec<u8> {
    let mut bits = Vec::new();
    // Numbers have their low bit first.
    let mut put = |value: usize, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
    // The last block, with codes of its own: of 286 literals and lengths, 1 distance, 18 lengths of codes.
    for (value, count) in [(1, 1), (2, 2), (286 - 257, 5), (0, 5), (18 - 4, 4)] {
        put(value, count);
    }
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
        put([1, 2, 2].into_iter().zip([1, 2, 18]).find(|code| code.1 == symbol).map_or(0, |code| code.0), 3);
    }
    // By that, 1 is 0, 2 is 10, and 18 is 11: 11 to 138 symbols do not occur. Codes have their first bit first.
    const ONE: (usize, u32) = (0, 1);
    const TWO: (usize, u32) = (0b01, 2);
    const SKIP: (usize, u32) = (0b11, 2);
    // The literal 0 and the end of the block have two bits, the length 258 has one, and the distance 1 has one.
    for (value, count) in [TWO, SKIP, (138 - 11, 7), SKIP, (117 - 11, 7), TWO, SKIP, (28 - 11, 7), ONE, ONE] {
        put(value, count);
    }
    // So 258 is 0, the literal is 10, and the end is 11.
    const LITERAL: (usize, u32) = (0b01, 2);
    const END: (usize, u32) = (0b11, 2);
    put(LITERAL.0, LITERAL.1);
    (0..(count - 1) / 258).for_each(|_| put(0, 2));
    (0..(count - 1) % 258).for_each(|_| put(LITERAL.0, LITERAL.1));
    put(END.0, END.1);
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    bits.chunks(8).map(byte).collect()
}
