//! Bits in the two orders of zstd: forward in headers (RFC 8878 section 4.1.1), backward in streams (section 4.1).

/// Bits from the first byte on, the low ones of each byte first.
#[derive(Debug)]
pub(super) struct Forward<'a> {
    bytes: &'a [u8],
    /// How many bits were read.
    at: usize,
}

impl<'a> Forward<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits, at most 16, without reading them. Those after the end are 0.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let byte = |index: usize| self.bytes.get((self.at >> 3).saturating_add(index)).copied().unwrap_or_default();
        let word = u32::from_le_bytes([byte(0), byte(1), byte(2), 0]);
        word.wrapping_shr((self.at & 7) as u32) & mask(count) as u32
    }

    pub(super) fn skip(&mut self, count: u32) {
        self.at = self.at.saturating_add(count as usize);
    }

    /// How many bytes were read, the last one in part. `None` if there are not so many.
    pub(super) fn used(&self) -> Option<usize> {
        Some(self.at.div_ceil(8)).filter(|used| *used <= self.bytes.len())
    }
}

/// Bits from the last byte on, the high ones of each byte first. The first 1 bit only marks where the others begin.
#[derive(Debug)]
pub(super) struct Backward<'a> {
    /// The bytes that are not loaded.
    bytes: &'a [u8],
    /// Loaded bits. The low `count` ones were not read yet.
    loaded: u64,
    count: u32,
    /// Whether more bits were read than there are.
    is_overdrawn: bool,
}

impl<'a> Backward<'a> {
    /// `None` if the last byte is missing or 0.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (last, bytes) = bytes.split_last()?;
        let count = last.checked_ilog2()?;
        Some(Self { bytes, loaded: u64::from(*last), count, is_overdrawn: false })
    }

    /// Loads bits until at least 56 are available, or all that are left.
    pub(super) fn load(&mut self) {
        let Some((rest, word)) = self.bytes.split_last_chunk::<8>() else {
            return self.load_last();
        };
        // Whole bytes, and no more than there is room for.
        let bytes = 63_u32.wrapping_sub(self.count) >> 3;
        let word = u64::from_le_bytes(*word);
        if bytes == 0 {
            return;
        }
        let bits = bytes.wrapping_mul(8);
        self.loaded = self.loaded.wrapping_shl(bits) | word.wrapping_shr(64_u32.wrapping_sub(bits));
        self.count = self.count.wrapping_add(bits);
        let left = rest.len().saturating_add(8).saturating_sub(bytes as usize);
        self.bytes = self.bytes.get(..left).unwrap_or_default();
    }

    fn load_last(&mut self) {
        while self.count < 56
            && let Some((byte, rest)) = self.bytes.split_last()
        {
            self.loaded = (self.loaded << 8) | u64::from(*byte);
            self.count = self.count.saturating_add(8);
            self.bytes = rest;
        }
    }

    /// The next bits of those loaded, at most 56, without reading them. Those after the end are 0.
    pub(super) fn peek(&self, count: u32) -> u64 {
        let bits = match self.count.checked_sub(count) {
            Some(after) => self.loaded.wrapping_shr(after),
            None => (self.loaded & mask(self.count)).wrapping_shl(count.wrapping_sub(self.count)),
        };
        bits & mask(count)
    }

    pub(super) fn skip(&mut self, count: u32) {
        match self.count.checked_sub(count) {
            Some(left) => self.count = left,
            None => {
                self.count = 0;
                self.is_overdrawn = true;
            }
        }
    }

    /// Reads bits, at most 56. Those after the end are 0.
    pub(super) fn read(&mut self, count: u32) -> u64 {
        if self.count < count {
            self.load();
        }
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// Whether more bits were read than there are.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.is_overdrawn
    }

    /// Whether exactly all bits were read.
    pub(super) fn is_exhausted(&self) -> bool {
        self.count == 0 && self.bytes.is_empty() && !self.is_overdrawn
    }
}

/// The low `count` bits, at most 63.
fn mask(count: u32) -> u64 {
    1_u64.wrapping_shl(count).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits as text, first bit first.
    fn text(bits: u64, count: u32) -> String {
        (0..count).rev().map(|bit| if bits >> bit & 1 == 1 { '1' } else { '0' }).collect()
    }

    #[test]
    fn forward_bits_are_the_low_ones_first() {
        let mut bits = Forward::new(&[0b1010_0110, 0b0000_0001]);
        assert_eq!((bits.peek(3), bits.peek(16)), (0b110, 0b1_1010_0110));
        bits.skip(3);
        assert_eq!(bits.peek(6), 0b11_0100);
        bits.skip(6);
        assert_eq!((bits.peek(16), bits.used()), (0, Some(2)));
        bits.skip(7);
        assert_eq!(bits.used(), Some(2));
        bits.skip(1);
        assert_eq!(bits.used(), None);
    }

    #[test]
    fn backward_bits_follow_the_first_one() {
        let mut bits = Backward::new(&[0b1000_0001, 0b0001_0110]).unwrap();
        assert_eq!(bits.read(4), 0b0110);
        assert_eq!(bits.read(1), 1);
        assert!(!bits.is_exhausted());
        assert_eq!(bits.read(7), 1);
        assert!(bits.is_exhausted() && !bits.is_overdrawn());
        assert_eq!((bits.peek(5), bits.is_overdrawn()), (0, false));
        assert_eq!((bits.read(1), bits.is_overdrawn(), bits.is_exhausted()), (0, true, false));
        assert!(Backward::new(&[]).is_none() && Backward::new(&[1, 0]).is_none());
        assert!(Backward::new(&[1]).unwrap().is_exhausted());
    }

    #[test]
    fn backward_bits_after_the_end_are_zeros() {
        let mut bits = Backward::new(&[0b101, 1]).unwrap();
        bits.load();
        assert_eq!(bits.peek(11), 0b101_000);
        assert_eq!(bits.read(6), 1);
        assert_eq!(bits.peek(4), 0b0100);
        assert_eq!((bits.read(4), bits.is_overdrawn()), (0b0100, true));
    }

    #[test]
    fn backward_bits_are_the_same_in_reads_of_any_length() {
        let bytes: Vec<u8> = (0..40_u8).map(|index| index.wrapping_mul(37).wrapping_add(1)).collect();
        let all: String = {
            let whole: String = bytes.iter().rev().map(|byte| text(u64::from(*byte), 8)).collect();
            whole.trim_start_matches('0')[1..].to_owned()
        };
        for step in 1..=56 {
            let mut bits = Backward::new(&bytes).unwrap();
            let mut read = String::new();
            while !bits.is_overdrawn() && !bits.is_exhausted() {
                // Lengths of all kinds, this one among them.
                let count = 1 + (step * 7 + read.len() as u32) % step;
                bits.load();
                assert_eq!(bits.peek(count), { Backward { ..bits.clone_for_test() } }.read(count));
                read.push_str(&text(bits.read(count), count));
            }
            assert!(read.starts_with(&all) && read[all.len()..].bytes().all(|bit| bit == b'0'), "{step}");
        }
    }

    impl<'a> Backward<'a> {
        fn clone_for_test(&self) -> Backward<'a> {
            Backward { bytes: self.bytes, loaded: self.loaded, count: self.count, is_overdrawn: self.is_overdrawn }
        }
    }
}
