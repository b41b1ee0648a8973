//! The choices of a walk: the same numbers each time.

/// A linear congruential generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn number(&mut self) -> u32 {
        self.one(&[0, 1, 2, 100, 10_000, 1 << 20, u32::MAX])
    }
}

/// Some one of these handles.
pub(crate) fn pick<'a, T>(handles: &'a [T], random: &mut Random) -> Option<&'a T> {
    handles.get(random.below(handles.len()))
}

/// The same, taken out.
pub(crate) fn take<T>(handles: &mut Vec<T>, random: &mut Random) -> Option<T> {
    if handles.is_empty() { None } else { Some(handles.swap_remove(random.below(handles.len()))) }
}
