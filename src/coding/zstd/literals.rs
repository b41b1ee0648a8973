//! The literals of a block (RFC 8878 section 3.1.1.3.1).

use super::huffman::Tree;
use crate::coding::Failure;

/// How literals are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Raw,
    /// One byte, repeated.
    Run,
    /// A tree and streams.
    Compressed,
    /// Streams, with the tree of an earlier block.
    Treeless,
}

/// The header of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    kind: Kind,
    /// The number of literals.
    count: usize,
    /// The number of coded bytes after the header.
    length: usize,
    /// Whether there are four streams.
    is_split: bool,
    /// The length of the header.
    used: usize,
}

/// Reads the section at the beginning of a block, whose literals are at most `most`. Returns the rest of the block.
pub(super) fn read<'a>(
    block: &'a [u8],
    most: usize,
    tree: &mut Tree,
    literals: &mut Vec<u8>,
) -> Result<&'a [u8], Failure> {
    let header = Header::read(block).ok_or(WRONG)?;
    literals.clear();
    // Nothing larger than a block is allocated, whatever the header says.
    if header.count > most {
        return Err(WRONG);
    }
    let section = block.get(header.used..).unwrap_or_default();
    let (coded, rest) = section.split_at_checked(header.length).ok_or(WRONG)?;
    match header.kind {
        Kind::Raw => literals.extend_from_slice(coded),
        Kind::Run => literals.resize(header.count, coded.first().copied().ok_or(WRONG)?),
        Kind::Compressed => {
            let used = tree.read(coded)?;
            decode(coded.get(used..).unwrap_or_default(), header, tree, literals)?;
        }
        Kind::Treeless if tree.is_empty() => return Err(Failure::Corrupt("zstd literals have no table of codes")),
        Kind::Treeless => decode(coded, header, tree, literals)?,
    }
    Ok(rest)
}

impl Header {
    /// RFC 8878 section 3.1.1.3.1.1. `None` if the block is too short.
    fn read(block: &[u8]) -> Option<Self> {
        let byte = |index| block.get(index).copied().unwrap_or_default();
        let word = u64::from_le_bytes([byte(0), byte(1), byte(2), byte(3), byte(4), 0, 0, 0]);
        let bits = |from: u32, count: u32| {
            let bits = word.wrapping_shr(from) & 1_u64.wrapping_shl(count).wrapping_sub(1);
            usize::try_from(bits).unwrap_or(usize::MAX)
        };
        let format = bits(2, 2);
        let kind = match bits(0, 2) {
            0 => Kind::Raw,
            1 => Kind::Run,
            2 => Kind::Compressed,
            _ => Kind::Treeless,
        };
        let header = match kind {
            Kind::Raw | Kind::Run => {
                let (used, count) = match format {
                    0 | 2 => (1, bits(3, 5)),
                    1 => (2, bits(4, 12)),
                    _ => (3, bits(4, 20)),
                };
                let length = if kind == Kind::Run { 1 } else { count };
                Self { kind, count, length, is_split: false, used }
            }
            Kind::Compressed | Kind::Treeless => {
                let (used, size): (_, u32) = match format {
                    0 | 1 => (3, 10),
                    2 => (4, 14),
                    _ => (5, 18),
                };
                let length = bits(size.wrapping_add(4), size);
                Self { kind, count: bits(4, size), length, is_split: format != 0, used }
            }
        };
        (header.used <= block.len()).then_some(header)
    }
}

/// Decodes one stream, or four that follow each other (RFC 8878 section 3.1.1.3.1.6).
fn decode(coded: &[u8], header: Header, tree: &Tree, literals: &mut Vec<u8>) -> Result<(), Failure> {
    literals.reserve(header.count);
    if !header.is_split {
        return tree.decode(coded, header.count, literals);
    }
    let (lengths, mut streams) = coded.split_first_chunk::<6>().ok_or(WRONG)?;
    let each = header.count.div_ceil(4);
    let last = header.count.checked_sub(each.saturating_mul(3)).ok_or(WRONG)?;
    let (lengths, _) = lengths.as_chunks::<2>();
    for length in lengths {
        let length = usize::from(u16::from_le_bytes(*length));
        let (stream, rest) = streams.split_at_checked(length).ok_or(WRONG)?;
        tree.decode(stream, each, literals)?;
        streams = rest;
    }
    tree.decode(streams, last, literals)
}

/// The error of a malformed section.
const WRONG: Failure = Failure::Corrupt("a section of zstd literals is wrong");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_header() {
        let header = |kind, count, length, is_split, used| Some(Header { kind, count, length, is_split, used });
        assert_eq!(Header::read(&[0b1111_1000]), header(Kind::Raw, 31, 31, false, 1));
        assert_eq!(Header::read(&[0b1111_1101, 0xff]), None);
        assert_eq!(Header::read(&[0b0010_0101, 0x30]), header(Kind::Run, 0x302, 1, false, 2));
        assert_eq!(Header::read(&[0b0010_1100, 0x30, 0x54]), header(Kind::Raw, 0x54302, 0x54302, false, 3));
        assert_eq!(Header::read(&[0b0001_0010, 0x40, 0]), header(Kind::Compressed, 1, 1, false, 3));
        assert_eq!(Header::read(&[0b0001_0111, 0x40, 0]), header(Kind::Treeless, 1, 1, true, 3));
        assert_eq!(Header::read(&[0b0001_1010, 0, 4, 0]), header(Kind::Compressed, 1, 1, true, 4));
        assert_eq!(Header::read(&[0b0001_1110, 0, 0x40, 0, 0]), header(Kind::Compressed, 1, 1, true, 5));
        assert_eq!(Header::read(&[0b0001_1110, 0, 0x40, 0]), None);
        assert_eq!(Header::read(&[]), None);
    }

    #[test]
    fn no_more_than_a_block_is_decoded() {
        let mut literals = Vec::new();
        let run = [0b1111_1101, 0xff, 0xff, b'x', 0];
        assert_eq!(read(&run, 1024, &mut Tree::default(), &mut literals), Err(WRONG));
        assert!(literals.capacity() == 0);
        let rest = read(&run, 1 << 20, &mut Tree::default(), &mut literals).unwrap();
        assert_eq!((rest, literals.len()), (&[0][..], (1 << 20) - 1));
    }
}
