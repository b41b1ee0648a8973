//! Discarding content so that its connection can be kept, and how much of that is worth it.

use crate::h1::exchange::Exchange;
use crate::limits::READ_LENGTH;

/// How many bytes may still be discarded.
#[derive(Clone, Copy, Debug)]
pub struct Budget(u64);

impl Budget {
    /// A budget of this many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Whether it covers the rest of this response, as far as known.
    pub fn covers(self, machine: &Exchange) -> bool {
        machine.remainder().is_none_or(|left| left <= self.0)
    }

    /// How much to read at once. When the budget is used up, one more byte shows that there is more content.
    pub fn piece(self) -> usize {
        usize::try_from(self.0).unwrap_or(READ_LENGTH).clamp(1, READ_LENGTH)
    }

    /// Spends the budget on a piece. False if it does not suffice.
    pub fn spend(&mut self, length: usize) -> bool {
        let left = self.0.checked_sub(length as u64);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pays_for_just_its_bytes() {
        let mut budget = Budget::new(3);
        assert_eq!(budget.piece(), 3);
        assert!(budget.spend(2));
        assert_eq!(budget.piece(), 1);
        assert!(budget.spend(1));
        assert_eq!(budget.piece(), 1, "to see whether there is more");
        assert!(budget.spend(0));
        assert!(!budget.spend(1));
        assert_eq!(Budget::new(u64::MAX).piece(), READ_LENGTH);
    }
}
