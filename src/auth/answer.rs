//! The ways to answer a challenge, and how strong each is.

use std::rc::Rc;

use super::configured::Configured;
use super::digest::Digest;
use super::digest::algorithm::Algorithm;

/// How a challenge is answered.
#[derive(Debug)]
pub(super) enum Answer {
    Basic,
    Bearer,
    Digest(Digest),
}

/// How strong an answer is, the weakest first.
///
/// Basic shows the password to everyone who can read the message. A token is worth less to them, because it expires and
/// opens no other door. Digest shows neither. Without `qop` the server chooses everything that is hashed with the
/// password, so any algorithm with `qop` is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    Basic,
    Bearer,
    Digest { has_qop: bool, algorithm: Algorithm },
}

/// A challenge that could be answered, and how.
pub(super) struct Candidate {
    pub(super) configured: Rc<Configured>,
    pub(super) realm: String,
    pub(super) answer: Answer,
    pub(super) is_stale: bool,
}

impl Answer {
    /// The scheme, as people write it.
    pub(super) fn scheme(&self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
            Self::Digest(_) => "Digest",
        }
    }

    pub(super) fn strength(&self) -> Strength {
        match self {
            Self::Basic => Strength::Basic,
            Self::Bearer => Strength::Bearer,
            Self::Digest(digest) => {
                let (has_qop, algorithm) = digest.strength();
                Strength::Digest { has_qop, algorithm }
            }
        }
    }
}

impl Strength {
    /// Whether the same bytes are sent whatever the realm.
    pub(super) fn is_plain(self) -> bool {
        !matches!(self, Self::Digest { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qop_comes_before_the_algorithm_and_basic_is_last() {
        let digest = |has_qop| Algorithm::ALL.map(|algorithm| Strength::Digest { has_qop, algorithm });
        let order: Vec<_> =
            [Strength::Basic, Strength::Bearer].into_iter().chain(digest(false)).chain(digest(true)).collect();
        assert!(order.is_sorted_by(|one, next| one < next), "{order:?}");
    }
}
