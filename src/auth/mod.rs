//! HTTP authentication: parses challenges, writes credentials (RFC 9110 section 11).
//!
//! Values in, values out: it sends nothing, knows no sessions, and makes no random bytes.

mod answer;
mod attempts;
pub mod basic;
pub mod bearer;
pub mod cache;
pub mod challenge;
mod configured;
pub mod digest;
mod dots;
mod information;
mod realm;
pub mod space;

use crate::auth::digest::algorithm::Algorithm;
use crate::secret::Secret;

/// A user's name and password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Which server issues the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The origin.
    Origin,
    /// A proxy.
    Proxy,
}

impl Server {
    /// The status of its challenges.
    pub const fn status(self) -> u16 {
        match self {
            Self::Origin => 401,
            Self::Proxy => 407,
        }
    }

    /// The field of its challenges.
    pub const fn challenge_field(self) -> &'static str {
        match self {
            Self::Origin => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    /// The field of the credentials for it.
    pub const fn credentials_field(self) -> &'static str {
        match self {
            Self::Origin => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }

    /// The field in which it proves its own identity.
    pub const fn information_field(self) -> &'static str {
        match self {
            Self::Origin => "Authentication-Info",
            Self::Proxy => "Proxy-Authentication-Info",
        }
    }
}

/// The schemes that a login may be used with. Each algorithm includes its `-sess` variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the WIT documents each")]
pub struct Schemes {
    pub basic: bool,
    pub digest_md5: bool,
    pub digest_sha256: bool,
    pub digest_sha512_256: bool,
    /// Digest as in RFC 2069: without `qop`, and so without a client nonce. It applies to the allowed algorithms, and
    /// is implied by Basic.
    pub digest_without_qop: bool,
}

impl Schemes {
    /// Whether Digest may have this algorithm.
    fn allow(self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Md5 | Algorithm::Md5Session => self.digest_md5,
            Algorithm::Sha256 | Algorithm::Sha256Session => self.digest_sha256,
            Algorithm::Sha512256 | Algorithm::Sha512256Session => self.digest_sha512_256,
        }
    }

    /// Whether Digest may be used without `qop`. Where Basic is allowed it may, because Basic would show the password
    /// itself.
    fn allow_legacy(self) -> bool {
        self.digest_without_qop || self.basic
    }

    /// Whether any scheme is allowed at all.
    fn allow_any(self) -> bool {
        self.basic || self.digest_md5 || self.digest_sha256 || self.digest_sha512_256
    }
}

/// A request, as far as authentication depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its target, exactly as the request line has it: Digest hashes it.
    pub uri: &'a str,
    /// The path at the origin, without its query: see [`space::path_at`]. A proxy ignores it.
    pub path: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_is_allowed_by_itself() {
        let none = Schemes { digest_without_qop: true, ..Schemes::default() };
        assert!(!none.allow_any() && Algorithm::ALL.into_iter().all(|algorithm| !none.allow(algorithm)));
        let of = |schemes: Schemes| {
            assert!(schemes.allow_any());
            Algorithm::ALL
                .into_iter()
                .filter(|algorithm| schemes.allow(*algorithm))
                .map(Algorithm::name)
                .collect::<Vec<_>>()
        };
        assert!(of(Schemes { basic: true, ..none }).is_empty());
        assert_eq!(of(Schemes { digest_md5: true, ..none }), ["MD5", "MD5-sess"]);
        assert_eq!(of(Schemes { digest_sha256: true, ..none }), ["SHA-256", "SHA-256-sess"]);
        assert_eq!(of(Schemes { digest_sha512_256: true, ..none }), ["SHA-512-256", "SHA-512-256-sess"]);
    }
}
