//! Huffman coding of literals (RFC 8878 section 4.2): trees, and streams.

use super::bits::Backward;
use super::fse::Table as States;
use crate::coding::Failure;

/// The longest code.
const MAX_BITS: u32 = 11;

/// The binary logarithm of the greatest number of states in the table for weights.
const MAX_WEIGHTS_LOG: u32 = 6;

/// The greatest number of transmitted weights. The last symbol's weight follows from the others.
const MAX_WEIGHTS: usize = 255;

/// A decoding table. Its index is the next `bits` bits of the stream.
#[derive(Debug, Default)]
pub(super) struct Tree {
    entries: Vec<Entry>,
    bits: u32,
}

/// A symbol, and the length of its code.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    symbol: u8,
    bits: u8,
}

impl Tree {
    /// Reads a tree's description. Returns how many bytes it has.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let (first, rest) = bytes.split_first().ok_or(WRONG)?;
        let mut weights = Vec::with_capacity(MAX_WEIGHTS.saturating_add(1));
        let used = match first.checked_sub(127) {
            // Four bits for each.
            Some(count @ 1..) => {
                let used = usize::from(count).div_ceil(2);
                let halves = rest.get(..used).ok_or(WRONG)?.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
                weights.extend(halves.take(usize::from(count)));
                used
            }
            _ => {
                let used = usize::from(*first);
                read_weights(rest.get(..used).ok_or(WRONG)?, &mut weights)?;
                used
            }
        };
        self.build(&mut weights)?;
        Ok(used.saturating_add(1))
    }

    /// Whether no tree was read.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Builds the table. A symbol of weight `w` has 2^(w - 1) entries; one of weight 0 does not occur.
    fn build(&mut self, weights: &mut Vec<u8>) -> Result<(), Failure> {
        let mut sum: u32 = 0;
        for weight in weights.iter() {
            if u32::from(*weight) > MAX_BITS {
                return Err(WRONG);
            }
            sum = sum.saturating_add(share(*weight));
        }
        // The last symbol has the entries that are missing to the next power of two.
        let bits = sum.checked_ilog2().ok_or(WRONG)?.wrapping_add(1);
        let size = 1_u32.wrapping_shl(bits);
        let missing = size.wrapping_sub(sum);
        if bits > MAX_BITS || !missing.is_power_of_two() {
            return Err(WRONG);
        }
        weights.push(missing.ilog2().wrapping_add(1) as u8);
        // As in the reference decoder: in a valid tree at least two codes have the greatest length.
        if weights.iter().filter(|weight| **weight == 1).count() < 2 {
            return Err(WRONG);
        }
        self.entries.clear();
        // The longest codes first.
        for weight in 1..=MAX_BITS as u8 {
            for (symbol, _) in (0..=u8::MAX).zip(weights.iter()).filter(|(_, other)| **other == weight) {
                let entry = Entry { symbol, bits: bits.wrapping_add(1).wrapping_sub(u32::from(weight)) as u8 };
                let length = self.entries.len().saturating_add(share(weight) as usize);
                self.entries.resize(length, entry);
            }
        }
        self.bits = bits;
        Ok(())
    }

    /// Decodes a stream of exactly `count` symbols.
    pub(super) fn decode(&self, stream: &[u8], count: usize, output: &mut Vec<u8>) -> Result<(), Failure> {
        /// The number of codes of the greatest length that can be read after each load.
        const AT_ONCE: usize = 5;
        const { assert!(AT_ONCE as u32 * MAX_BITS <= 56) };
        let mut bits = Backward::new(stream).ok_or(WRONG_STREAM)?;
        let mut left = count;
        while left > 0 {
            bits.load();
            let mut symbols = [0; AT_ONCE];
            let symbols = symbols.get_mut(..left.min(AT_ONCE)).unwrap_or_default();
            for symbol in symbols.iter_mut() {
                let entry = self.entries.get(bits.peek(self.bits) as usize).copied().unwrap_or_default();
                bits.skip(u32::from(entry.bits));
                *symbol = entry.symbol;
            }
            output.extend_from_slice(symbols);
            left = left.saturating_sub(symbols.len());
        }
        if bits.is_exhausted() { Ok(()) } else { Err(WRONG_STREAM) }
    }
}

/// The number of entries of a symbol with this weight.
fn share(weight: u8) -> u32 {
    match weight.checked_sub(1) {
        Some(power) => 1_u32.wrapping_shl(u32::from(power)),
        None => 0,
    }
}

/// Reads weights that are coded with two alternating states (RFC 8878 section 4.2.1.2).
fn read_weights(bytes: &[u8], weights: &mut Vec<u8>) -> Result<(), Failure> {
    let mut table = States::default();
    let used = table.read(bytes, MAX_WEIGHTS_LOG, MAX_BITS as u8)?;
    let mut bits = Backward::new(bytes.get(used..).unwrap_or_default()).ok_or(WRONG)?;
    let (mut one, mut other) = (table.start(&mut bits), table.start(&mut bits));
    if bits.is_overdrawn() {
        return Err(WRONG);
    }
    // The stream ends when a next state would need more bits than are left. The other state then has the last weight.
    while !bits.is_overdrawn() {
        weights.push(table.symbol(one));
        let next = table.next(one, &mut bits);
        (one, other) = (other, next);
        if weights.len() >= MAX_WEIGHTS {
            return Err(WRONG);
        }
    }
    weights.push(table.symbol(one));
    Ok(())
}

/// The error of a malformed tree.
const WRONG: Failure = Failure::Corrupt("a table of zstd codes is wrong");

/// The error of a malformed stream.
const WRONG_STREAM: Failure = Failure::Corrupt("a stream of zstd literals is wrong");
