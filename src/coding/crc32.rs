//! The checksum of gzip (RFC 1952 section 8).

use std::sync::LazyLock;

/// A checksum of bytes that come in pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32 {
    /// Adds bytes, eight at a time: each goes through a table of its own, so that none waits for the one before it.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let tables: &Tables = &TABLES;
        let entry = |table: usize, byte: u8| {
            tables.get(table).and_then(|table| table.get(usize::from(byte))).copied().unwrap_or_default()
        };
        let (words, rest) = bytes.as_chunks::<8>();
        let mut crc = self.0;
        for [a, b, c, d, e, f, g, h] in words {
            let [i, j, k, l] = (crc ^ u32::from_le_bytes([*a, *b, *c, *d])).to_le_bytes();
            crc = entry(7, i) ^ entry(6, j) ^ entry(5, k) ^ entry(4, l);
            crc ^= entry(3, *e) ^ entry(2, *f) ^ entry(1, *g) ^ entry(0, *h);
        }
        for byte in rest {
            let [low, ..] = crc.to_le_bytes();
            crc = (crc >> 8) ^ entry(0, low ^ byte);
        }
        self.0 = crc;
    }

    /// The checksum of all bytes so far.
    pub(super) fn value(self) -> u32 {
        !self.0
    }
}

/// Table `n` has what a byte comes to when `n` zeros follow it.
type Tables = [[u32; 256]; 8];

/// Made when they are first needed: in the component they would be 8 KiB of it.
static TABLES: LazyLock<Box<Tables>> = LazyLock::new(|| {
    let mut tables = Box::new([[0; 256]; 8]);
    let mut table = [0_u32; 256];
    for (entry, byte) in table.iter_mut().zip(0..) {
        *entry = (0..8).fold(byte, |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xedb8_8320 });
    }
    let first = table;
    for next in tables.iter_mut() {
        *next = table;
        for entry in &mut table {
            let [low, ..] = entry.to_le_bytes();
            *entry = (*entry >> 8) ^ first.get(usize::from(low)).copied().unwrap_or_default();
        }
    }
    tables
});

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> u32 {
        let mut crc = Crc32::default();
        pieces.iter().for_each(|piece| crc.add(piece));
        crc.value()
    }

    #[test]
    fn known_checksums() {
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[b"123456789"]), 0xcbf4_3926);
        assert_eq!(of(&[b"The quick brown fox jumps over the lazy dog"]), 0x414f_a339);
        assert_eq!(of(&[&[0; 32]]), 0x190a_55ad);
    }

    #[test]
    fn it_is_the_same_at_every_split() {
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = of(&[&bytes]);
        for at in 0..bytes.len() {
            let (one, two) = bytes.split_at(at);
            assert_eq!(of(&[one, two]), whole);
        }
    }
}
