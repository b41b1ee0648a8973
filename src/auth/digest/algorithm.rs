//! The hash functions of Digest, what they are called, and which is the stronger (RFC 7616 section 6.1).

use md5::{Digest as _, Md5};
use ring::digest::{self, Context};
use zeroize::Zeroizing;

/// An algorithm of Digest, the weakest first. A `-sess` variant is at least as strong as its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `MD5`, which a challenge without a name means.
    Md5,
    /// `MD5-sess`
    Md5Session,
    /// `SHA-256`
    Sha256,
    /// `SHA-256-sess`
    Sha256Session,
    /// `SHA-512-256`: SHA-512/256 (FIPS 180-4), which is not the first half of SHA-512.
    Sha512256,
    /// `SHA-512-256-sess`
    Sha512256Session,
}

impl Algorithm {
    /// All of them, the weakest first.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Md5Session, Self::Sha256, Self::Sha256Session, Self::Sha512256, Self::Sha512256Session];

    /// Its name in challenges.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Session => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Session => "SHA-256-sess",
            Self::Sha512256 => "SHA-512-256",
            Self::Sha512256Session => "SHA-512-256-sess",
        }
    }

    /// The one of this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Whether the nonces of the first request are part of the key of all requests.
    pub fn is_session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session | Self::Sha512256Session)
    }

    /// The hash of these texts, joined by colons, in hexadecimal. It may be worth as much as a password.
    pub(super) fn hash(self, parts: &[&str]) -> Zeroizing<String> {
        match self {
            Self::Md5 | Self::Md5Session => {
                let mut context = Md5::new();
                join(parts, |bytes| context.update(bytes));
                hex(&context.finalize())
            }
            Self::Sha256 | Self::Sha256Session => with_ring(&digest::SHA256, parts),
            Self::Sha512256 | Self::Sha512256Session => with_ring(&digest::SHA512_256, parts),
        }
    }
}

fn with_ring(algorithm: &'static digest::Algorithm, parts: &[&str]) -> Zeroizing<String> {
    let mut context = Context::new(algorithm);
    join(parts, |bytes| context.update(bytes));
    hex(context.finish().as_ref())
}

fn join(parts: &[&str], mut update: impl FnMut(&[u8])) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            update(b":");
        }
        update(part.as_bytes());
    }
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().saturating_mul(2)));
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
