//! The order in which several proxies are tried: the one that worked last, then the others as given.

/// The indices of `count` proxies in the order of their trial. `last_good` is the index of the one that worked last.
pub fn order(count: usize, last_good: usize) -> impl Iterator<Item = usize> {
    let first = (last_good < count).then_some(last_good);
    first.into_iter().chain((0..count).filter(move |place| Some(*place) != first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_good_one_comes_first_and_each_once() {
        let ordered = |count, last_good| order(count, last_good).collect::<Vec<_>>();
        assert_eq!(ordered(3, 0), [0, 1, 2]);
        assert_eq!(ordered(3, 1), [1, 0, 2]);
        assert_eq!(ordered(3, 2), [2, 0, 1]);
        assert_eq!(ordered(3, 3), [0, 1, 2]);
        assert_eq!(ordered(1, 0), [0]);
        assert_eq!(ordered(0, 0), [0; 0]);
    }
}
