//! Why something is refused: the error type of the pure modules, which know no phases and codes. It is text for people.

/// A reason that quotes nothing of the input.
pub type Reason = &'static str;

/// A reason that may quote a little of the input, escaped, and never a secret.
pub type OwnedReason = String;
