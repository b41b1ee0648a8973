//! Text that must stay secret: passwords, tokens, and what is derived from them.
//!
//! It is overwritten when dropped, and read only through [`Secret::expose`].

use std::fmt;

use zeroize::Zeroizing;

/// A secret. It cannot be printed. It cannot be compared either: the time that takes would reveal how much is equal.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes this text. Give it its whole capacity first: text that grew while it was made has left copies in memory.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for sending or computing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret that need not be text.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes these bytes, under the same condition as [`Secret::new`].
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for sending.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
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
        let bytes = SecretBytes::new(b"sesame \xff".to_vec());
        assert_eq!((bytes.expose(), format!("{bytes:?}").as_str()), (&b"sesame \xff"[..], "***"));
    }
}
