//! Tables of finite state entropy (RFC 8878 section 4.1): their descriptions, and the states of a decoder.

use super::bits::{Backward, Forward};
use crate::coding::Failure;

/// A decoding table.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    /// The binary logarithm of the number of entries.
    log: u32,
}

/// The symbol of a state, and how the next state is computed.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    symbol: u8,
    /// The number of bits that are read for the next state, and what is added to them.
    bits: u8,
    base: u16,
}

/// A state of a decoder that uses a [`Table`]. It is an index of that table.
#[derive(Clone, Copy, Debug)]
pub(super) struct State(u16);

impl Table {
    /// Reads a table's description. Returns how many bytes it has.
    pub(super) fn read(&mut self, bytes: &[u8], max_log: u32, max_symbol: u8) -> Result<usize, Failure> {
        let mut bits = Forward::new(bytes);
        let log = bits.peek(4).wrapping_add(5);
        bits.skip(4);
        if log > max_log {
            return Err(WRONG);
        }
        let counts = read_counts(&mut bits, log, max_symbol)?;
        let used = bits.used().ok_or(WRONG)?;
        self.build(&counts, log)?;
        Ok(used)
    }

    /// Builds the table from the number of states of each symbol. A count of -1 means "less than 1", which takes one state.
    pub(super) fn build(&mut self, counts: &[i16], log: u32) -> Result<(), Failure> {
        let size = 1_usize.wrapping_shl(log);
        self.log = log;
        self.entries.clear();
        self.entries.resize(size, Entry::default());
        // The number of each symbol's next state, which starts at its count.
        let mut next = [0_u16; 256];
        let mut high = size;
        for ((symbol, count), next) in (0..=u8::MAX).zip(counts).zip(&mut next) {
            *next = count.unsigned_abs();
            if *count == -1 {
                high = high.wrapping_sub(1);
                self.entries.get_mut(high).ok_or(WRONG)?.symbol = symbol;
            }
        }
        self.spread(counts, high)?;
        for entry in &mut self.entries {
            let next = next.get_mut(usize::from(entry.symbol)).ok_or(WRONG)?;
            let number = *next;
            *next = number.wrapping_add(1);
            let bits = log.wrapping_sub(number.checked_ilog2().ok_or(WRONG)?);
            entry.bits = bits as u8;
            entry.base = number.wrapping_shl(bits).wrapping_sub(size as u16);
        }
        Ok(())
    }

    /// Spreads symbols over the states below `high`.
    fn spread(&mut self, counts: &[i16], high: usize) -> Result<(), Failure> {
        let size = self.entries.len();
        let step = (size >> 1).wrapping_add(size >> 3).wrapping_add(3);
        let mut at: usize = 0;
        for (symbol, count) in (0..=u8::MAX).zip(counts) {
            for _ in 0..*count {
                self.entries.get_mut(at).ok_or(WRONG)?.symbol = symbol;
                loop {
                    at = at.wrapping_add(step) & size.wrapping_sub(1);
                    if at < high {
                        break;
                    }
                }
            }
        }
        // Every state was assigned exactly if the walk has returned to its start.
        if at == 0 { Ok(()) } else { Err(WRONG) }
    }

    /// Builds the table of a single symbol, which takes no bits.
    pub(super) fn build_single(&mut self, symbol: u8) {
        self.log = 0;
        self.entries.clear();
        self.entries.push(Entry { symbol, bits: 0, base: 0 });
    }

    /// Whether no table was built yet.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first state of a stream.
    pub(super) fn start(&self, bits: &mut Backward<'_>) -> State {
        State(bits.read(self.log) as u16)
    }

    /// The symbol of this state.
    pub(super) fn symbol(&self, state: State) -> u8 {
        self.entry(state).symbol
    }

    /// The state that follows this one.
    pub(super) fn next(&self, state: State, bits: &mut Backward<'_>) -> State {
        let Entry { bits: count, base, .. } = self.entry(state);
        State(base.wrapping_add(bits.read(u32::from(count)) as u16))
    }

    /// A state is always below the table's size: the first one has `log` bits, and `base` plus the largest value of the added bits is
    /// below the size.
    fn entry(&self, state: State) -> Entry {
        self.entries.get(usize::from(state.0)).copied().unwrap_or_default()
    }
}

/// Reads the number of states of each symbol (RFC 8878 section 4.1.1).
fn read_counts(bits: &mut Forward<'_>, log: u32, max_symbol: u8) -> Result<Vec<i16>, Failure> {
    let most = usize::from(max_symbol).saturating_add(1);
    let mut counts = Vec::with_capacity(most);
    let mut left = 1_u32.wrapping_shl(log);
    while left > 0 {
        if counts.len() >= most {
            return Err(WRONG);
        }
        // Values from 0 to `left + 1` are possible. The lower ones take one bit less.
        let greatest = left.wrapping_add(1);
        let long = greatest.ilog2().wrapping_add(1);
        let short_ones = 1_u32.wrapping_shl(long).wrapping_sub(1).wrapping_sub(greatest);
        let half = 1_u32.wrapping_shl(long.wrapping_sub(1));
        let value = bits.peek(long);
        let low = value & half.wrapping_sub(1);
        let value = if low < short_ones {
            bits.skip(long.wrapping_sub(1));
            low
        } else {
            bits.skip(long);
            if value >= half { value.wrapping_sub(short_ones) } else { value }
        };
        // The value is the count plus 1, so 0 stands for a count of -1.
        let count = (value as i16).wrapping_sub(1);
        left = left.checked_sub(u32::from(count.unsigned_abs())).ok_or(WRONG)?;
        counts.push(count);
        if count == 0 {
            read_zeros(bits, &mut counts, most)?;
        }
    }
    Ok(counts)
}

/// Reads how many of the following symbols have no state.
fn read_zeros(bits: &mut Forward<'_>, counts: &mut Vec<i16>, most: usize) -> Result<(), Failure> {
    loop {
        let more = bits.peek(2);
        bits.skip(2);
        counts.extend((0..more).map(|_| 0));
        if counts.len() > most {
            return Err(WRONG);
        }
        if more < 3 {
            return Ok(());
        }
    }
}

/// The error of a malformed table.
const WRONG: Failure = Failure::Corrupt("a table of zstd states is wrong");
