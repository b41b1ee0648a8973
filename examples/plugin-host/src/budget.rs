//! Bounds the memory of one run: that of the plugin, of Xenon and of whatever else is in the component, together.

use wasmtime::{ResourceLimiter, Result};

use crate::log::Limit;

/// wasmtime's own `StoreLimits` bounds each memory by itself, and a component may have thousands.
pub(crate) struct Budget {
    used: usize,
    most: usize,
    is_exceeded: bool,
}

/// The most core instances, memories and tables that a component may be made of; each costs the host something, too.
const PARTS: usize = 200;

/// What an element of a table takes.
const ELEMENT: usize = size_of::<usize>();

impl Budget {
    pub(crate) fn new(most: usize) -> Budget {
        Budget { used: 0, most, is_exceeded: false }
    }

    /// The bound, if the run has wanted more.
    pub(crate) fn exceeded(&self) -> Option<Limit> {
        self.is_exceeded.then_some(Limit::Memory(self.most))
    }

    fn grow(&mut self, current: usize, desired: usize) -> bool {
        let used = self.used.saturating_sub(current).saturating_add(desired);
        if used > self.most {
            self.is_exceeded = true;
            return false;
        }
        self.used = used;
        true
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // Beyond a maximum of its own it does not grow anyway.
        Ok(maximum.is_none_or(|maximum| desired <= maximum) && self.grow(current, desired))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let bytes = |elements: usize| elements.saturating_mul(ELEMENT);
        Ok(maximum.is_none_or(|maximum| desired <= maximum) && self.grow(bytes(current), bytes(desired)))
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_together_are_bounded() {
        let mut budget = Budget::new(1_000);
        assert!(budget.memory_growing(0, 400, None).unwrap());
        assert!(budget.memory_growing(0, 400, None).unwrap());
        // Beyond a maximum of its own: it is refused, and nothing was exceeded.
        assert!(!budget.memory_growing(400, 2_000, Some(500)).unwrap());
        assert_eq!(budget.exceeded(), None);
        assert!(budget.table_growing(0, 10, None).unwrap());
        assert!(!budget.memory_growing(400, 600, None).unwrap());
        assert_eq!(budget.exceeded(), Some(Limit::Memory(1_000)));
        // What was refused was not taken.
        assert!(budget.memory_growing(400, 500, None).unwrap());
        assert!(!budget.table_growing(0, usize::MAX, None).unwrap());
    }
}
