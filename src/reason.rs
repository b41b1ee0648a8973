//! Why something is refused, in words for people: the error of the pure modules, which know no phases and codes.

/// A reason that quotes nothing of the input.
pub type Reason = &'static str;

/// A reason that may quote a little of the input, escaped, and never a secret.
pub type OwnedReason = String;
