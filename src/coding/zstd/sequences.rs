//! The sequences of a block, executed (RFC 8878 sections 3.1.1.3.2 and 3.1.1.4): each appends literals, then repeats earlier bytes.

use super::bits::Backward;
use super::fse::Table;
use super::window::Window;
use crate::coding::Failure;

/// The state that the blocks of a frame pass on to later ones.
#[derive(Debug)]
pub(super) struct Sequences {
    /// The table of the lengths of literals.
    runs: Table,
    /// The table of offsets.
    offsets: Table,
    /// The table of the lengths of matches.
    matches: Table,
    /// The last three offsets.
    recent: [usize; 3],
}

impl Default for Sequences {
    fn default() -> Self {
        Self { runs: Table::default(), offsets: Table::default(), matches: Table::default(), recent: [1, 4, 8] }
    }
}

impl Sequences {
    /// Executes the section, which is the rest of a block. Appends at most `most` bytes.
    pub(super) fn execute(
        &mut self,
        section: &[u8],
        mut literals: &[u8],
        window: &mut Window,
        most: usize,
    ) -> Result<(), Failure> {
        let (count, rest) = read_count(section).ok_or(WRONG)?;
        let mut left = most;
        if count > 0 {
            let rest = self.read_tables(rest)?;
            let mut bits = Backward::new(rest).ok_or(WRONG)?;
            let mut run_state = self.runs.start(&mut bits);
            let mut offset_state = self.offsets.start(&mut bits);
            let mut match_state = self.matches.start(&mut bits);
            for number in 1..=count {
                // The values are read in this order, and the states in another.
                let offset = offset(self.offsets.symbol(offset_state), &mut bits);
                let length = value(&MATCHES, self.matches.symbol(match_state), &mut bits)?;
                let run = value(&RUNS, self.runs.symbol(run_state), &mut bits)?;
                if number < count {
                    run_state = self.runs.next(run_state, &mut bits);
                    match_state = self.matches.next(match_state, &mut bits);
                    offset_state = self.offsets.next(offset_state, &mut bits);
                }
                let (first, after) = literals.split_at_checked(run).ok_or(WRONG)?;
                left = left.checked_sub(run).and_then(|left| left.checked_sub(length)).ok_or(WRONG)?;
                window.push(first);
                window.repeat(self.actual(offset, run == 0), length)?;
                literals = after;
            }
            if !bits.is_exhausted() {
                return Err(WRONG);
            }
        } else if !rest.is_empty() {
            return Err(WRONG);
        }
        if literals.len() > left {
            return Err(WRONG);
        }
        window.push(literals);
        Ok(())
    }

    /// Reads the tables at the beginning of `bytes`. Returns the rest.
    fn read_tables<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Failure> {
        let (modes, rest) = bytes.split_first().ok_or(WRONG)?;
        if modes & 0b11 != 0 {
            return Err(WRONG);
        }
        let rest = read_table(&mut self.runs, modes >> 6, rest, &KINDS[0])?;
        let rest = read_table(&mut self.offsets, modes >> 4, rest, &KINDS[1])?;
        read_table(&mut self.matches, modes >> 2, rest, &KINDS[2])
    }

    /// The offset that this value means (RFC 8878 section 3.1.1.5).
    fn actual(&mut self, value: usize, has_no_literals: bool) -> usize {
        let [first, second, third] = self.recent;
        // Without literals, the last offset would continue the last match. The values then mean the other offsets.
        let (actual, recent) = match value.saturating_add(usize::from(has_no_literals)) {
            _ if value > 3 => (value.saturating_sub(3), [0, first, second]),
            1 => (first, [0, second, third]),
            2 => (second, [0, first, third]),
            3 => (third, [0, first, second]),
            _ => (first.saturating_sub(1), [0, first, second]),
        };
        let [_, second, third] = recent;
        self.recent = [actual, second, third];
        actual
    }
}

/// The number of sequences (RFC 8878 section 3.1.1.3.2.1), and the bytes after it.
fn read_count(section: &[u8]) -> Option<(usize, &[u8])> {
    let (count, rest) = match section {
        [0, rest @ ..] => (0, rest),
        [count @ 1..128, rest @ ..] => (usize::from(*count), rest),
        [255, low, high, rest @ ..] => (usize::from(u16::from_le_bytes([*low, *high])).saturating_add(0x7f00), rest),
        [high @ 128..=254, low, rest @ ..] => (usize::from(u16::from_be_bytes([high.saturating_sub(128), *low])), rest),
        _ => return None,
    };
    Some((count, rest))
}

/// One of the three kinds of tables: its limits, and its predefined counts.
struct TableKind {
    max_log: u32,
    max_symbol: u8,
    predefined: &'static [i16],
    predefined_log: u32,
}

/// For lengths of literals, offsets, and lengths of matches (RFC 8878 sections 3.1.1.3.2.1.1 and 3.1.1.3.2.2).
static KINDS: [TableKind; 3] = [
    TableKind {
        max_log: 9,
        max_symbol: 35,
        predefined: &[
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1,
            -1,
        ],
        predefined_log: 6,
    },
    TableKind {
        max_log: 8,
        max_symbol: 31,
        predefined: &[1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
        predefined_log: 5,
    },
    TableKind {
        max_log: 9,
        max_symbol: 52,
        predefined: &[
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
        ],
        predefined_log: 6,
    },
];

/// Builds a table according to the low bits of `mode`. Returns the bytes after its description.
fn read_table<'a>(table: &mut Table, mode: u8, bytes: &'a [u8], kind: &TableKind) -> Result<&'a [u8], Failure> {
    match mode & 0b11 {
        0 => {
            table.build(kind.predefined, kind.predefined_log)?;
            Ok(bytes)
        }
        1 => {
            let (symbol, rest) = bytes.split_first().filter(|(symbol, _)| **symbol <= kind.max_symbol).ok_or(WRONG)?;
            table.build_single(*symbol);
            Ok(rest)
        }
        2 => {
            let used = table.read(bytes, kind.max_log, kind.max_symbol)?;
            Ok(bytes.get(used..).unwrap_or_default())
        }
        _ if table.is_empty() => Err(WRONG),
        _ => Ok(bytes),
    }
}

/// The value of an offset's code.
fn offset(code: u8, bits: &mut Backward<'_>) -> usize {
    let code = u32::from(code);
    let value = 1_u64.wrapping_shl(code).wrapping_add(bits.read(code));
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The least value of a code, and the number of bits that are added to it.
type Range = (u32, u8);

/// The value of a length's code.
fn value(ranges: &[Range], code: u8, bits: &mut Backward<'_>) -> Result<usize, Failure> {
    let (least, count) = ranges.get(usize::from(code)).ok_or(WRONG)?;
    let value = u64::from(*least).wrapping_add(bits.read(u32::from(*count)));
    Ok(usize::try_from(value).unwrap_or(usize::MAX))
}

/// The lengths of literals (RFC 8878 section 3.1.1.3.2.1.1).
const RUNS: [Range; 36] = ranges(
    0,
    [
        (16, 0),
        (4, 1),
        (2, 2),
        (2, 3),
        (1, 4),
        (1, 6),
        (1, 7),
        (1, 8),
        (1, 9),
        (1, 10),
        (1, 11),
        (1, 12),
        (1, 13),
        (1, 14),
        (1, 15),
        (1, 16),
    ],
);

/// The lengths of matches.
const MATCHES: [Range; 53] = ranges(
    3,
    [
        (32, 0),
        (4, 1),
        (2, 2),
        (2, 3),
        (2, 4),
        (1, 5),
        (1, 7),
        (1, 8),
        (1, 9),
        (1, 10),
        (1, 11),
        (1, 12),
        (1, 13),
        (1, 14),
        (1, 15),
        (1, 16),
    ],
);

/// The ranges of codes, which follow each other without a gap. Each run is a number of codes with the same number of bits.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated while compiling")]
const fn ranges<const N: usize, const M: usize>(first: u32, runs: [(usize, u8); M]) -> [Range; N] {
    let mut ranges = [(0, 0); N];
    let (mut at, mut least, mut run) = (0, first, 0);
    while run < M {
        let mut code = 0;
        while code < runs[run].0 {
            ranges[at] = (least, runs[run].1);
            least += 1 << runs[run].1;
            at += 1;
            code += 1;
        }
        run += 1;
    }
    assert!(at == N);
    ranges
}

/// The error of a malformed section.
const WRONG: Failure = Failure::Corrupt("a section of zstd sequences is wrong");
