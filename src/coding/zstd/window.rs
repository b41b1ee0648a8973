//! The decoded bytes of a frame: those that later data can refer to, and those that were not handed out yet.

use crate::coding::Failure;

/// A ring buffer of the size of the frame's window. Its memory grows with the decoded bytes.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// The most bytes.
    size: usize,
    /// Where the next byte goes.
    at: usize,
    /// How many bytes were not handed out.
    unread: usize,
    /// How many bytes the frame has decoded to.
    total: u64,
}

impl Window {
    /// Begins another frame.
    pub(super) fn reset(&mut self, size: usize) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        *self = Self { bytes, size, ..Self::default() };
    }

    /// How many bytes the frame has decoded to.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The bytes that were not handed out, oldest first, up to the end of the ring.
    pub(super) fn unread(&self) -> &[u8] {
        match self.at.checked_sub(self.unread) {
            Some(start) => self.bytes.get(start..self.at),
            None => self.bytes.get(self.size.saturating_add(self.at).saturating_sub(self.unread)..),
        }
        .unwrap_or_default()
    }

    /// Notes that the first of them were handed out.
    pub(super) fn consume(&mut self, count: usize) {
        self.unread = self.unread.saturating_sub(count);
    }

    /// Makes room for a block of at most `most` bytes, which is no more than the window. All bytes before it were handed out, so no
    /// unread byte is overwritten.
    pub(super) fn prepare(&mut self, most: usize) {
        let length = self.at.saturating_add(most).min(self.size);
        if length > self.bytes.len() {
            // By quarters of the size: the buffers before the last one, which may all be lost to it, are less than half of it.
            let mut capacity = self.size;
            while capacity >> 2 >= length {
                capacity >>= 2;
            }
            self.bytes.reserve_exact(capacity.saturating_sub(self.bytes.len()));
            self.bytes.resize(length, 0);
        }
    }

    /// Appends bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(self.size.saturating_sub(self.at)));
        self.write(first);
        if !rest.is_empty() {
            self.write(rest);
        }
    }

    /// Appends this byte so many times.
    pub(super) fn fill(&mut self, byte: u8, count: usize) {
        const RUN: usize = 1024;
        let mut left = count;
        while left > 0 {
            let run = left.min(RUN);
            self.push([byte; RUN].get(..run).unwrap_or_default());
            left = left.saturating_sub(run);
        }
    }

    /// Appends a copy of `length` bytes that begin `offset` bytes back. The copy can overlap its source.
    pub(super) fn repeat(&mut self, offset: usize, length: usize) -> Result<(), Failure> {
        if offset == 0 || offset > self.size || offset as u64 > self.total {
            return Err(Failure::Corrupt("zstd data refers to bytes before its beginning"));
        }
        let mut left = length;
        // The appended bytes repeat with a period of `offset`, so copies can begin at any multiple of it.
        let mut back = offset;
        while left > 0 {
            let start = match self.at.checked_sub(back) {
                Some(start) => start,
                None => self.at.saturating_add(self.size).saturating_sub(back),
            };
            let count = left.min(back).min(self.size.saturating_sub(self.at.max(start)));
            self.bytes.copy_within(start..start.saturating_add(count), self.at);
            self.advance(count);
            left = left.saturating_sub(count);
            if left > 0 && count == back && back <= self.size >> 1 {
                back = back.saturating_mul(2);
            }
        }
        Ok(())
    }

    /// Appends bytes that fit before the end of the ring.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.at..self.at.saturating_add(bytes.len())) {
            room.copy_from_slice(bytes);
        }
        self.advance(bytes.len());
    }

    /// How many bytes it has memory for.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    fn advance(&mut self, count: usize) {
        self.unread = self.unread.saturating_add(count);
        self.total = self.total.saturating_add(count as u64);
        self.at = self.at.saturating_add(count);
        if self.at >= self.size {
            self.at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(window: &mut Window) -> Vec<u8> {
        let mut taken = Vec::new();
        while !window.unread().is_empty() {
            taken.extend_from_slice(window.unread());
            window.consume(window.unread().len());
        }
        taken
    }

    #[test]
    fn it_is_as_a_list_of_all_bytes() {
        for size in 1..40 {
            let mut window = Window::default();
            window.reset(size);
            let mut all = Vec::new();
            let mut number = 7_usize;
            for _ in 0..500 {
                number = number.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
                let length = (number >> 8) % (size + 1);
                let offset = (number >> 16) % (size + 3);
                let before = all.len();
                window.prepare(length);
                match number >> 4 & 3 {
                    0 => {
                        let bytes: Vec<u8> = (0..length).map(|index| (number + index * index) as u8).collect();
                        window.push(&bytes);
                        all.extend(bytes);
                    }
                    1 if length > 0 => {
                        window.fill(number as u8, length);
                        all.resize(all.len() + length, number as u8);
                    }
                    _ => {
                        let can = offset > 0 && offset <= size.min(all.len());
                        assert_eq!(window.repeat(offset, length).is_ok(), can, "{size} {offset} {length}");
                        for _ in 0..if can { length } else { 0 } {
                            all.push(all[all.len() - offset]);
                        }
                    }
                }
                assert_eq!(take(&mut window), all[before..], "{size} {offset} {length}");
                assert!(window.bytes.capacity() <= size);
            }
            assert_eq!(window.total(), all.len() as u64);
        }
    }

    #[test]
    fn an_empty_window_has_nothing_to_repeat() {
        let mut window = Window::default();
        window.reset(0);
        window.prepare(0);
        window.push(&[]);
        assert!(window.repeat(1, 1).is_err());
        assert_eq!(take(&mut window), []);
    }

    #[test]
    fn another_frame_sees_nothing_of_the_last() {
        let mut window = Window::default();
        window.reset(8);
        window.prepare(8);
        window.push(b"abcdefgh");
        window.reset(16);
        assert!(window.repeat(1, 1).is_err() && window.total() == 0);
        window.prepare(5);
        window.push(b"xy");
        window.repeat(2, 3).unwrap();
        assert_eq!(take(&mut window), b"xyxyx");
    }
}
