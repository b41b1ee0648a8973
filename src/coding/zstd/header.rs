//! The header of a frame (RFC 8878 sections 3.1.1.1 and 3.1.2).

use crate::coding::Failure;
use crate::limits::ZSTD_WINDOW;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A frame with content.
    Frame {
        /// How far back its data can refer.
        window: usize,
        /// The length of its content, if given.
        length: Option<u64>,
        /// Whether a checksum of the content follows the last block.
        has_checksum: bool,
    },
    /// A frame to skip, with this many bytes after its header.
    Skippable(u32),
}

/// The magic numbers of frames and of skippable frames. The low half of the latter's first byte is arbitrary.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];

/// Whether a magic number can begin with these bytes.
pub(super) fn is_magic(bytes: &[u8]) -> bool {
    let begins = |magic: [u8; 4], masks: [u8; 4]| {
        bytes.iter().zip(magic.iter().zip(masks)).all(|(byte, (magic, mask))| byte & mask == *magic)
    };
    begins(MAGIC, [0xff; 4]) || begins(SKIPPABLE, [0xf0, 0xff, 0xff, 0xff])
}

/// Reads a header from its bytes so far. `None` if it is incomplete.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Header>, Failure> {
    let mut rest = bytes;
    let Some(magic) = take::<4>(&mut rest) else { return Ok(None) };
    if magic != MAGIC {
        return Ok(take(&mut rest).map(|length| Header::Skippable(u32::from_le_bytes(length))));
    }
    let Some([descriptor]) = take(&mut rest) else { return Ok(None) };
    if descriptor & 0b1000 != 0 {
        return Err(Failure::Corrupt("a zstd frame has an unknown flag"));
    }
    let is_single = descriptor & 0b10_0000 != 0;
    let mut window = 0;
    if !is_single {
        let Some([byte]) = take(&mut rest) else { return Ok(None) };
        window = window_size(byte);
    }
    let dictionary = match descriptor & 0b11 {
        0 => Some(0),
        1 => take(&mut rest).map(|[byte]| u32::from(byte)),
        2 => take(&mut rest).map(|bytes| u32::from(u16::from_le_bytes(bytes))),
        _ => take(&mut rest).map(u32::from_le_bytes),
    };
    let Some(dictionary) = dictionary else { return Ok(None) };
    let length = match descriptor >> 6 {
        0 if !is_single => Some(None),
        0 => take(&mut rest).map(|[byte]| Some(u64::from(byte))),
        1 => take(&mut rest).map(|bytes| Some(u64::from(u16::from_le_bytes(bytes)).saturating_add(256))),
        2 => take(&mut rest).map(|bytes| Some(u64::from(u32::from_le_bytes(bytes)))),
        _ => take(&mut rest).map(|bytes| Some(u64::from_le_bytes(bytes))),
    };
    let Some(length) = length else { return Ok(None) };
    if dictionary != 0 {
        return Err(Failure::Corrupt("a zstd frame needs a dictionary"));
    }
    // The window of a frame with a single segment is its content.
    let window = if is_single { length.unwrap_or_default() } else { window };
    match usize::try_from(window) {
        Ok(window) if window <= ZSTD_WINDOW => {
            Ok(Some(Header::Frame { window, length, has_checksum: descriptor & 0b100 != 0 }))
        }
        _ => Err(Failure::Window),
    }
}

/// RFC 8878 section 3.1.1.1.2.
fn window_size(descriptor: u8) -> u64 {
    let base = 1_u64.wrapping_shl(u32::from(descriptor >> 3).wrapping_add(10));
    base.saturating_add((base >> 3).saturating_mul(u64::from(descriptor & 7)))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rest: &[u8]) -> Result<Option<Header>, Failure> {
        let bytes = [&MAGIC, rest].concat();
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Ok(None), "{rest:?} {end}");
        }
        read(&bytes)
    }

    fn frame(window: usize, length: Option<u64>, has_checksum: bool) -> Result<Option<Header>, Failure> {
        Ok(Some(Header::Frame { window, length, has_checksum }))
    }

    #[test]
    fn every_form_of_header() {
        assert_eq!(of(&[0, 0]), frame(1024, None, false));
        assert_eq!(of(&[0b1_0100, 1]), frame(1024 + 128, None, true));
        assert_eq!(of(&[0, 13 << 3]), frame(8 << 20, None, false));
        assert_eq!(of(&[0b10_0000, 0]), frame(0, Some(0), false));
        assert_eq!(of(&[0b10_0000, 200]), frame(200, Some(200), false));
        assert_eq!(of(&[0b0110_0001, 0, 1, 0]), frame(257, Some(257), false));
        assert_eq!(of(&[0b0100_0010, 7 << 3, 0, 0, 2, 1]), frame(128 << 10, Some(256 + 258), false));
        assert_eq!(of(&[0b1010_0011, 0, 0, 0, 0, 0, 0, 8, 0]), frame(8 << 16, Some(8 << 16), false));
        assert_eq!(of(&[0b1100_0000, 0, 1, 2, 3, 4, 5, 6, 7, 8]), frame(1024, Some(0x0807_0605_0403_0201), false));
    }

    #[test]
    fn the_window_has_a_limit() {
        assert_eq!(of(&[0, (13 << 3) + 1]), Err(Failure::Window));
        assert_eq!(of(&[0, 0xff]), Err(Failure::Window));
        assert_eq!(of(&[0b1010_0000, 0, 0, 0x80, 0]), frame(8 << 20, Some(8 << 20), false));
        assert_eq!(of(&[0b1010_0000, 1, 0, 0x80, 0]), Err(Failure::Window));
        assert_eq!(of(&[0b1110_0000, 0, 0, 0, 0, 0, 0, 0, 0x80]), Err(Failure::Window));
    }

    #[test]
    fn dictionaries_and_unknown_flags_are_refused() {
        assert!(matches!(of(&[0b1000]), Err(Failure::Corrupt(_))));
        assert!(matches!(of(&[0b0000_0001, 0, 1]), Err(Failure::Corrupt(_))));
        assert!(matches!(of(&[0b0000_0011, 0, 0, 0, 0, 1]), Err(Failure::Corrupt(_))));
    }

    #[test]
    fn skippable_frames_have_sixteen_magic_numbers() {
        for first in 0x50..=0x5f {
            let bytes = [first, 0x2a, 0x4d, 0x18, 1, 2, 0, 0];
            assert!((0..=4).all(|end| is_magic(&bytes[..end])));
            assert!((0..8).all(|end| read(&bytes[..end]) == Ok(None)));
            assert_eq!(read(&bytes), Ok(Some(Header::Skippable(513))));
        }
        for bytes in
            [[0x4f, 0x2a, 0x4d, 0x18], [0x60, 0x2a, 0x4d, 0x18], [0x28, 0xb5, 0x2f, 0xfc], [0x27, 0xb5, 0x2f, 0xfd]]
        {
            assert!(!is_magic(&bytes));
        }
    }
}
