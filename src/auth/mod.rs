//! Who is asking: challenges as they are read and credentials as they are written (RFC 9110 section 11).
//!
//! Values in, values out: nothing here sends anything, knows what a session is, or makes a random byte.

pub mod challenge;
pub mod digest;
mod information;

use crate::secret::Secret;

/// A user's name and password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}
