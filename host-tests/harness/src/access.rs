//! Whom a server or a proxy serves, and how it asks who it is.

/// What a client must show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access<'a> {
    /// Nothing.
    #[default]
    Open,
    /// This user's password, as RFC 7617 has it.
    Basic(User<'a>),
    /// This user's password, as RFC 7616 has it.
    Digest(User<'a>),
}

/// The one user of a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// What a challenge calls the place.
    pub realm: &'a str,
    /// The user's name, without a colon.
    pub name: &'a str,
    /// The user's password.
    pub password: &'a str,
}

/// The value of this parameter of credentials, as of `nc` in `Digest ..., nc=00000001`, without quotes.
pub fn parameter<'a>(credentials: &'a str, name: &str) -> Option<&'a str> {
    let after = credentials.split([' ', ',']).find_map(|one| one.strip_prefix(name)?.strip_prefix('='))?;
    Some(after.trim_matches('"'))
}
