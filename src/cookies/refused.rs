//! Why cookies are refused.

/// Why a cookie was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has neither a name nor a value.
    Empty,
    /// Name and value are too long together.
    TooLong,
    /// It has a control character.
    Control,
    /// Its host is not within its `Domain`.
    Domain,
    /// Its `Domain` is a public suffix.
    PublicSuffix,
    /// It has `Secure`, and came over an insecure connection.
    Insecure,
    /// It came over an insecure connection, and would overlay a secure cookie.
    Overlay,
    /// It lacks what the prefix of its name requires.
    Prefix,
}

impl Refused {
    /// Why, in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "it has neither a name nor a value",
            Self::TooLong => "its name and value are too long",
            Self::Control => "it has a control character",
            Self::Domain => "its Domain does not include its host",
            Self::PublicSuffix => "its Domain is a public suffix",
            Self::Insecure => "it is Secure, and the connection is not",
            Self::Overlay => "the connection is not secure, and it would overlay a secure cookie",
            Self::Prefix => "it lacks what the prefix of its name requires",
        }
    }
}
