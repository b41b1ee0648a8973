//! The checksum of a frame's content: XXH64 with the seed 0 (RFC 8878 section 3.1.1).

use std::num::Wrapping;

type Word = Wrapping<u64>;

const PRIME_1: Word = Wrapping(0x9e37_79b1_85eb_ca87);
const PRIME_2: Word = Wrapping(0xc2b2_ae3d_27d4_eb4f);
const PRIME_3: Word = Wrapping(0x1656_67b1_9e37_79f9);
const PRIME_4: Word = Wrapping(0x85eb_ca77_c2b2_ae63);
const PRIME_5: Word = Wrapping(0x27d4_eb2f_1656_67c5);

/// The bytes that are taken at once.
const STRIPE: usize = 32;

/// A checksum of bytes that come in pieces.
#[derive(Debug)]
pub(super) struct Xxh64 {
    lanes: [Word; 4],
    /// The bytes after the last whole stripe.
    held: Vec<u8>,
    length: u64,
}

impl Default for Xxh64 {
    fn default() -> Self {
        let zero = Wrapping(0);
        Self { lanes: [PRIME_1 + PRIME_2, PRIME_2, zero, zero - PRIME_1], held: Vec::with_capacity(STRIPE), length: 0 }
    }
}

impl Xxh64 {
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if !self.held.is_empty() {
            let missing = STRIPE.saturating_sub(self.held.len()).min(bytes.len());
            let (first, rest) = bytes.split_at(missing);
            self.held.extend_from_slice(first);
            bytes = rest;
            if let Ok(stripe) = <[u8; STRIPE]>::try_from(self.held.as_slice()) {
                self.add_stripe(&stripe);
                self.held.clear();
            }
        }
        let (stripes, rest) = bytes.as_chunks::<STRIPE>();
        stripes.iter().for_each(|stripe| self.add_stripe(stripe));
        self.held.extend_from_slice(rest);
    }

    fn add_stripe(&mut self, stripe: &[u8; STRIPE]) {
        let (words, _) = stripe.as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = round(*lane, Wrapping(u64::from_le_bytes(*word)));
        }
    }

    /// The checksum of all bytes so far.
    pub(super) fn value(&self) -> u64 {
        let [a, b, c, d] = self.lanes;
        let mut hash = if self.length < STRIPE as u64 {
            PRIME_5
        } else {
            let sum = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
            self.lanes.iter().fold(sum, |hash, lane| (hash ^ round(Wrapping(0), *lane)) * PRIME_1 + PRIME_4)
        };
        hash += self.length;
        let (words, rest) = self.held.as_chunks::<8>();
        for word in words {
            let word = round(Wrapping(0), Wrapping(u64::from_le_bytes(*word)));
            hash = rotate(hash ^ word, 27) * PRIME_1 + PRIME_4;
        }
        let (halves, rest) = rest.as_chunks::<4>();
        for half in halves {
            let half = Wrapping(u64::from(u32::from_le_bytes(*half)));
            hash = rotate(hash ^ (half * PRIME_1), 23) * PRIME_2 + PRIME_3;
        }
        for byte in rest {
            hash = rotate(hash ^ (Wrapping(u64::from(*byte)) * PRIME_5), 11) * PRIME_1;
        }
        hash ^= hash >> 33;
        hash *= PRIME_2;
        hash ^= hash >> 29;
        hash *= PRIME_3;
        hash ^= hash >> 32;
        hash.0
    }
}

fn round(lane: Word, word: Word) -> Word {
    rotate(lane + word * PRIME_2, 31) * PRIME_1
}

fn rotate(word: Word, bits: u32) -> Word {
    Wrapping(word.0.rotate_left(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> u64 {
        let mut hash = Xxh64::default();
        pieces.iter().for_each(|piece| hash.add(piece));
        hash.value()
    }

    #[test]
    fn known_checksums() {
        assert_eq!(of(&[]), 0xef46_db37_51d8_e999);
        assert_eq!(of(&[b"a"]), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(of(&[b"abc"]), 0x44bc_2cf5_ad77_0999);
        assert_eq!(of(&[b"The quick brown fox jumps over the lazy dog"]), 0x0b24_2d36_1fda_71bc);
    }

    #[test]
    fn it_is_the_same_at_every_split() {
        let bytes: Vec<u8> = (0..=120).collect();
        let whole = of(&[&bytes]);
        for at in 0..bytes.len() {
            let (one, two) = bytes.split_at(at);
            assert_eq!(of(&[one, two]), whole, "{at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(of(&single), whole);
    }
}
