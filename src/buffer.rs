//! The bytes that came from a connection and were not yet used.

/// A queue of bytes that gives away what it was given without copying, where it can.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// How many of `bytes` are used up; never more than there are.
    used: usize,
}

impl Buffer {
    /// What is there, oldest first.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }

    /// How many bytes are there.
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.used)
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes; into an empty buffer they move without a copy.
    pub fn push(&mut self, bytes: Vec<u8>) {
        if self.is_empty() {
            self.bytes = bytes;
            self.used = 0;
        } else {
            // What is used up goes first, so that the buffer never holds more than what is there.
            self.bytes.drain(..self.used);
            self.used = 0;
            self.bytes.extend_from_slice(&bytes);
        }
    }

    /// Drops the first `count` bytes, or all if there are fewer.
    pub fn consume(&mut self, count: usize) {
        self.used = self.used.saturating_add(count).min(self.bytes.len());
        if self.is_empty() {
            // Keeps nothing: an idle connection holds no memory.
            *self = Self::default();
        }
    }

    /// Takes the first `max` bytes, or all if there are fewer; all of an untouched buffer move without a copy. What is taken
    /// never keeps much more memory than it has bytes.
    pub fn take(&mut self, max: usize) -> Vec<u8> {
        let count = self.len().min(max);
        if count < self.len() || self.used > count {
            let taken = self.as_slice().get(..count).unwrap_or_default().to_vec();
            self.consume(count);
            return taken;
        }
        let used = std::mem::take(&mut self.used);
        let mut taken = std::mem::take(&mut self.bytes);
        taken.drain(..used);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut buffer = Buffer::default();
        buffer.push(b"abc".to_vec());
        buffer.consume(1);
        buffer.push(b"def".to_vec());
        assert_eq!(buffer.as_slice(), b"bcdef");
        assert_eq!(buffer.take(2), b"bc");
        assert_eq!(buffer.take(9), b"def");
        assert!(buffer.is_empty());
        assert_eq!(buffer.take(9), b"");
    }

    #[test]
    fn consuming_too_much_empties() {
        let mut buffer = Buffer::default();
        buffer.push(b"abc".to_vec());
        buffer.consume(usize::MAX);
        assert_eq!(buffer.len(), 0);
    }

    #[test]
    fn the_rest_of_a_large_piece_is_small() {
        let mut buffer = Buffer::default();
        buffer.push(vec![b'x'; 1000]);
        buffer.consume(990);
        let rest = buffer.take(1000);
        assert_eq!(rest, b"xxxxxxxxxx");
        assert!(rest.capacity() < 100);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_whole_piece_moves_without_a_copy() {
        let mut buffer = Buffer::default();
        let piece = b"abc".to_vec();
        let address = piece.as_ptr();
        buffer.push(piece);
        let taken = buffer.take(3);
        assert_eq!(taken.as_ptr(), address);
    }
}
