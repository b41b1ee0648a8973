//! Text that nobody should see: passwords, tokens, and what is made of them.
//!
//! It is overwritten when it is dropped, and shows itself to nobody who does not ask for it by name.

use std::fmt;

use zeroize::Zeroizing;

/// A secret. It cannot be printed, nor compared: comparing takes a time that tells how much is alike.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes this text. Text that grew while it was made has left copies of its beginning behind: give it its whole
    /// capacity first.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// What it is, for who sends it or computes with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_to_who_asks_for_it_alone() {
        let secret = Secret::new("open sesame");
        assert_eq!(secret.expose(), "open sesame");
        assert_eq!(secret.clone().expose(), "open sesame");
        assert_eq!(format!("{secret:?} {secret:#?} {:?}", Some(&secret)), "*** *** Some(***)");
    }
}
