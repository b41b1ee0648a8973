//! The names of codings: `Content-Encoding` read, `Accept-Encoding` written (RFC 9110 sections 8.4.1 and 12.5.3).

use super::Failure;
use crate::http::fields::Fields;
use crate::http::quote;
use crate::limits::CODINGS;

/// A coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip` (RFC 1952), also called `x-gzip`.
    Gzip,
    /// `deflate`: the zlib format (RFC 1950), or DEFLATE without it (RFC 1951), which some servers send.
    Deflate,
    /// `zstd` (RFC 8878), with the window of RFC 9659.
    #[cfg(feature = "zstd")]
    Zstd,
    /// `br` (RFC 7932).
    #[cfg(feature = "br")]
    Br,
}

/// The value of `Accept-Encoding` that lists all codings of this build.
pub const ACCEPT_ENCODING: &str = match (cfg!(feature = "br"), cfg!(feature = "zstd")) {
    (false, false) => "gzip, deflate",
    (false, true) => "gzip, deflate, zstd",
    (true, false) => "gzip, deflate, br",
    (true, true) => "gzip, deflate, br, zstd",
};

/// The codings of content with these fields, in the order in which they were applied. `identity` is no coding.
pub fn codings(fields: &Fields) -> Result<Vec<Coding>, Failure> {
    let mut codings = Vec::new();
    for name in fields.elements("Content-Encoding").filter(|name| !name.eq_ignore_ascii_case(b"identity")) {
        // An unknown coding is reported before their number is.
        let coding = Coding::parse(name).ok_or_else(|| Failure::Unknown(quote(name)))?;
        if codings.len() <= CODINGS {
            codings.push(coding);
        }
    }
    if codings.len() > CODINGS { Err(Failure::TooMany) } else { Ok(codings) }
}

impl Coding {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
            #[cfg(feature = "br")]
            Self::Br => "br",
        }
    }

    /// Recipients consider `x-gzip` to be `gzip` (RFC 9110 section 8.4.1.3).
    fn parse(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("x-gzip") {
            return Some(Self::Gzip);
        }
        Self::ALL.iter().copied().find(|coding| is(coding.name()))
    }

    /// All codings of this build.
    pub const ALL: &[Self] = &[
        Self::Gzip,
        Self::Deflate,
        #[cfg(feature = "zstd")]
        Self::Zstd,
        #[cfg(feature = "br")]
        Self::Br,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[&str]) -> Result<Vec<&'static str>, Failure> {
        let mut fields = Fields::default();
        for line in lines {
            fields.push("content-encoding", *line);
        }
        codings(&fields).map(|codings| codings.into_iter().map(Coding::name).collect())
    }

    #[test]
    fn names_are_read_in_any_case_and_from_several_lines() {
        assert_eq!(parsed(&[]), Ok(vec![]));
        assert_eq!(parsed(&[""]), Ok(vec![]));
        assert_eq!(parsed(&[" , ,"]), Ok(vec![]));
        assert_eq!(parsed(&["identity", "IDENTITY"]), Ok(vec![]));
        assert_eq!(parsed(&["GZip"]), Ok(vec!["gzip"]));
        assert_eq!(parsed(&["x-gzip"]), Ok(vec!["gzip"]));
        assert_eq!(parsed(&["\tdeflate , gzip "]), Ok(vec!["deflate", "gzip"]));
        assert_eq!(parsed(&["deflate", "identity, X-GZIP"]), Ok(vec!["deflate", "gzip"]));
        #[cfg(feature = "zstd")]
        assert_eq!(parsed(&["ZSTD"]), Ok(vec!["zstd"]));
    }

    #[test]
    fn an_unknown_coding_is_named() {
        for (lines, name) in [
            (&["compress"][..], "\"compress\""),
            (&["gzip;q=1"], "\"gzip;q=1\""),
            (&["gzip", "\x07"], "\"\\x07\""),
            (&["gzip, gzip, gzip, dcb"], "\"dcb\""),
            (&["none"], "\"none\""),
            (&["gzipp"], "\"gzipp\""),
            (&["x-deflate"], "\"x-deflate\""),
        ] {
            assert_eq!(parsed(lines), Err(Failure::Unknown(name.into())), "{lines:?}");
        }
    }

    #[test]
    fn there_are_at_most_two() {
        assert_eq!(parsed(&["gzip, gzip"]), Ok(vec!["gzip", "gzip"]));
        assert_eq!(parsed(&["gzip, gzip, gzip"]), Err(Failure::TooMany));
        assert_eq!(parsed(&["gzip"; 1000]), Err(Failure::TooMany));
    }

    #[test]
    fn all_that_is_built_in_is_offered() {
        let offered: Vec<_> = ACCEPT_ENCODING.split(", ").collect();
        assert_eq!(offered.len(), Coding::ALL.len());
        assert!(Coding::ALL.iter().all(|coding| offered.contains(&coding.name())));
    }
}
