//! Where a response's content ends (RFC 9112 section 6.3).
//!
//! It decides once, from a complete head. It reads no content.

use std::fmt;

use super::response_head::ResponseHead;
use crate::http::fields::{Fields, trim};
use crate::http::head::Version;
use crate::http::quote;

/// How the end of a response's content is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no content.
    None,
    /// After this many bytes; it may be 0.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    ToEnd,
    /// There is no content: the connection is a tunnel from here on (a 2xx to CONNECT).
    Tunnel,
}

/// Why the end of the content cannot be determined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// `Content-Length` is not a number, or several different ones.
    Length(String),
    /// `Transfer-Encoding` is malformed, or names an unknown coding.
    Coding(String),
}

/// What a head says about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How its end is recognised.
    pub framing: Framing,
    /// Whether `Transfer-Encoding` appears beside `Content-Length`, in an HTTP/1.0 response, or with `identity`. The
    /// connection cannot be kept then, because an intermediary may have framed the message differently (RFC 9112
    /// section 6.1).
    pub is_conflicting: bool,
}

/// What the request's method means for the response's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// HEAD: there is no content, whatever the head says.
    Head,
    /// CONNECT: a 2xx makes a tunnel.
    Connect,
    /// Any other: only the head decides.
    Other,
}

impl MethodKind {
    /// The kind of this method.
    pub fn of(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// How the content of the response with this head ends.
///
/// Where a response has no content, framing fields are ignored: they describe the response to a GET, and a mistake in
/// them does no harm.
///
/// Only `chunked` is decoded here. Any other transfer coding is an error, alone or beside `chunked`, because its coded
/// bytes would pass for content. `identity` alone, which meant "none" in RFC 2616 section 3.6, counts as if it were
/// absent.
pub fn decide(method: MethodKind, head: &ResponseHead) -> Result<Decision, FramingError> {
    let has_coding = head.fields.contains("Transfer-Encoding");
    let mut is_identity = false;
    let framing = match (method, head.status) {
        (MethodKind::Connect, 200..=299) => Framing::Tunnel,
        (MethodKind::Head, _) | (_, 100..=199 | 204 | 304) => Framing::None,
        _ if has_coding && coding(head)? == Coding::Chunked => Framing::Chunked,
        _ => {
            is_identity = has_coding;
            content_length(&head.fields)?.map_or(Framing::ToEnd, Framing::Length)
        }
    };
    let is_odd = || is_identity || head.version < Version::Http11 || head.fields.contains("Content-Length");
    Ok(Decision { framing, is_conflicting: has_coding && is_odd() })
}

/// The value of `Content-Length`, if there is one (RFC 9110 section 8.6): digits only. Several numbers, on several
/// lines or on one, count once if they are equal.
pub fn content_length(fields: &Fields) -> Result<Option<u64>, FramingError> {
    let wrong = |why: &str, value: &[u8]| {
        let words = format!("Content-Length is {why}: {}", quote(value));
        Err(FramingError::Length(words))
    };
    let mut length = None;
    for value in fields.all("Content-Length") {
        // Not parsed as a list field, whose elements may be empty: this field is not one.
        for number in value.split(|byte| *byte == b',').map(trim) {
            if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
                return wrong("no number", value);
            }
            let text = String::from_utf8_lossy(number);
            let Ok(number) = text.parse::<u64>() else {
                return wrong("beyond 64 bits", value);
            };
            if length.is_some_and(|length| length != number) {
                return wrong("there with different numbers", value);
            }
            length = Some(number);
        }
    }
    Ok(length)
}

/// A well-formed `Transfer-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Chunked,
    /// No coding at all.
    Identity,
}

/// The meaning of a `Transfer-Encoding` that is present (RFC 9112 sections 6.1 and 7).
fn coding(head: &ResponseHead) -> Result<Coding, FramingError> {
    let wrong = |words: String| Err(FramingError::Coding(words));
    let mut codings = head.fields.elements("Transfer-Encoding");
    let (first, mut rest) = (codings.next(), codings);
    let second = rest.next();
    let is = |coding: &[u8], name: &[u8]| coding.eq_ignore_ascii_case(name);
    match (first, second) {
        (Some(coding), None) if is(coding, b"identity") => Ok(Coding::Identity),
        // RFC 9112 section 6.1: the framing is faulty; the sender may not know what it means.
        _ if head.version < Version::Http11 => wrong("an HTTP/1.0 response has Transfer-Encoding".into()),
        (None, _) => wrong("Transfer-Encoding names no coding".into()),
        (Some(coding), None) if is(coding, b"chunked") => Ok(Coding::Chunked),
        // RFC 9112 section 7: `chunked` occurs once, and last.
        (Some(one), Some(two)) if is(one, b"chunked") && is(two, b"chunked") => {
            let is_on_two_lines = head.fields.all("Transfer-Encoding").nth(1).is_some();
            wrong(if is_on_two_lines { "chunked is there on two lines" } else { "chunked is there twice" }.into())
        }
        (Some(one), Some(two)) if is(one, b"chunked") => wrong(format!("{} comes after chunked", quote(two))),
        (Some(coding), _) => {
            wrong(format!("the transfer coding {} is not known here, and its bytes are not the content", quote(coding)))
        }
    }
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Length(words) | Self::Coding(words)) = self;
        f.write_str(words)
    }
}

impl std::error::Error for FramingError {}

#[cfg(test)]
mod tests {
    use super::*;
    use MethodKind::{Connect, Head, Other};

    fn head(version: Version, status: u16, lines: &[(&str, &str)]) -> ResponseHead {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        ResponseHead { version, status, reason: String::new(), fields }
    }

    fn framing(lines: &[(&str, &str)]) -> Result<Framing, FramingError> {
        decide(Other, &head(Version::Http11, 200, lines)).map(|decision| decision.framing)
    }

    fn lengths(values: &[&str]) -> Result<Framing, FramingError> {
        let lines: Vec<_> = values.iter().map(|value| ("content-LENGTH", *value)).collect();
        framing(&lines)
    }

    fn codings(values: &[&str]) -> Result<Framing, FramingError> {
        let lines: Vec<_> = values.iter().map(|value| ("transfer-ENCODING", *value)).collect();
        framing(&lines)
    }

    #[test]
    fn method_and_status_come_first() {
        let lines: &[&[(&str, &str)]] = &[
            &[],
            &[("Content-Length", "5")],
            &[("Content-Length", "nonsense")],
            &[("Content-Length", "5"), ("Content-Length", "6")],
            &[("Transfer-Encoding", "chunked")],
            &[("Transfer-Encoding", "chunked, nonsense, \0")],
        ];
        let table = [
            (Head, 200, Framing::None),
            (Head, 404, Framing::None),
            (Head, 999, Framing::None),
            (Other, 100, Framing::None),
            (Other, 101, Framing::None),
            (Other, 103, Framing::None),
            (Other, 199, Framing::None),
            (Other, 204, Framing::None),
            (Other, 304, Framing::None),
            (Connect, 100, Framing::None),
            (Connect, 304, Framing::None),
            (Connect, 200, Framing::Tunnel),
            (Connect, 204, Framing::Tunnel),
            (Connect, 299, Framing::Tunnel),
        ];
        for lines in lines {
            for version in [Version::Http10, Version::Http11] {
                for (method, status, framing) in table {
                    let decision = decide(method, &head(version, status, lines)).unwrap();
                    assert_eq!(decision.framing, framing, "{method:?} {status} {lines:?}");
                    // A coding that HTTP/1.0 does not know.
                    let is_odd =
                        version == Version::Http10 && lines.iter().any(|(name, _)| *name == "Transfer-Encoding");
                    assert_eq!(decision.is_conflicting, is_odd);
                }
            }
        }
    }

    #[test]
    fn all_other_responses_have_content() {
        for (method, status) in [
            (Other, 200),
            (Other, 203),
            (Other, 205),
            (Other, 206),
            (Other, 303),
            (Other, 305),
            (Other, 404),
            (Other, 600),
            (Other, 999),
            (Connect, 300),
            (Connect, 407),
            (Connect, 502),
        ] {
            let table: [(&[(&str, &str)], _); 3] = [
                (&[], Framing::ToEnd),
                (&[("Content-Length", "5")], Framing::Length(5)),
                (&[("Transfer-Encoding", "chunked")], Framing::Chunked),
            ];
            for (lines, framing) in table {
                let decision = decide(method, &head(Version::Http11, status, lines)).unwrap();
                assert_eq!(decision.framing, framing, "{method:?} {status}");
            }
        }
    }

    #[test]
    fn kinds_of_methods() {
        assert_eq!(MethodKind::of("HEAD"), Head);
        assert_eq!(MethodKind::of("CONNECT"), Connect);
        for method in ["GET", "head", "Connect", "HEADS", ""] {
            assert_eq!(MethodKind::of(method), Other);
        }
    }

    #[test]
    fn good_lengths() {
        let table: &[(&[&str], u64)] = &[
            (&["0"], 0),
            (&["5"], 5),
            (&["00000000000000000000000005"], 5),
            (&["5", "5"], 5),
            (&["5, 5"], 5),
            (&["5,5\t, 5", "05"], 5),
            (&["0", "00"], 0),
            (&["4294967295"], 4_294_967_295),
            (&["4294967296"], 4_294_967_296),
            (&["9223372036854775808"], 9_223_372_036_854_775_808),
            (&["18446744073709551615"], u64::MAX),
        ];
        for (values, length) in table {
            assert_eq!(lengths(values), Ok(Framing::Length(*length)), "{values:?}");
        }
    }

    #[test]
    fn bad_lengths() {
        let table: &[&[&str]] = &[
            &[""],
            &["+5"],
            &["-5"],
            &["-0"],
            &["5 5"],
            &["5;5"],
            &["0x5"],
            &["5h"],
            &["1e3"],
            &["1_000"],
            &["1.0"],
            &["\"5\""],
            &["5\0"],
            &["\x0b5"],
            &["٥"],
            &["５"],
            &["²"],
            &[","],
            &["5,"],
            &[",5"],
            &["5,,5"],
            &["5, x"],
            &["5", ""],
            &["5", "6"],
            &["5, 6"],
            &["5", "5, 6"],
            &["5, 5", "5", "50"],
            &["0", "5"],
            &["18446744073709551616"],
            &["18446744073709551615, 18446744073709551616"],
            &["99999999999999999999999999999999999999999"],
        ];
        for values in table {
            assert!(matches!(lengths(values), Err(FramingError::Length(_))), "{values:?}");
        }
    }

    #[test]
    fn every_byte_of_a_length() {
        for byte in 0..=u8::MAX {
            let mut fields = Fields::default();
            fields.push("Content-Length", [b'1', byte, b'1']);
            let is_good = byte.is_ascii_digit() || byte == b',';
            assert_eq!(content_length(&fields).is_ok(), is_good, "{byte}");
        }
    }

    #[test]
    fn good_codings() {
        let table: &[&[&str]] = &[&["chunked"], &["CHUNKED"], &["\tchunked "], &[", chunked,,"], &["", "chunked"]];
        for values in table {
            assert_eq!(codings(values), Ok(Framing::Chunked), "{values:?}");
        }
    }

    #[test]
    fn identity_alone_is_no_coding() {
        for version in [Version::Http10, Version::Http11] {
            for identity in ["identity", "Identity", " identity\t", ",identity,"] {
                for (length, framing) in [(None, Framing::ToEnd), (Some("5"), Framing::Length(5))] {
                    let mut lines = vec![("Transfer-Encoding", identity)];
                    lines.extend(length.map(|length| ("Content-Length", length)));
                    let decision = decide(Other, &head(version, 200, &lines));
                    assert_eq!(decision, Ok(Decision { framing, is_conflicting: true }), "{lines:?}");
                }
                let lines = [("Transfer-Encoding", identity), ("Content-Length", "+5")];
                assert!(matches!(decide(Other, &head(version, 200, &lines)), Err(FramingError::Length(_))));
            }
        }
    }

    #[test]
    fn bad_codings() {
        let table: &[&[&str]] = &[
            &[""],
            &[" , "],
            &["", ""],
            &["chunked, gzip"],
            &["chunked", "gzip"],
            &["chunked, chunked"],
            &["chunked", "chunked"],
            &["chunked, identity"],
            &["chunked, gzip, chunked"],
            &["gzip, chunked, gzip"],
            &["gzip, chunked"],
            &["gzip", "chunked"],
            &["identity, chunked"],
            &["chunked;a=b"],
            &["chunked ; a"],
            &["chunked;"],
            &["gzip, Chunked;q=1"],
            // Codings that are not known here: their bytes are not the content.
            &["gzip"],
            &["x-gzip"],
            &["deflate"],
            &["gzip, deflate"],
            &["gzip", "br"],
            &["x; a=b; c=\"d, chunked\""],
            &["xchunked"],
            &["chunkedx"],
            &["identityx"],
            &["xidentity"],
            &["identity;q=1"],
            &["identity, identity"],
            &["identity", "identity"],
            &["identity, gzip"],
            &["trailers"],
            // Codings that have no parameters (RFC 9112 section 7.2).
            &["gzip;q=1"],
            &["X-Gzip ; a"],
            &["deflate;"],
            &["x, compress;a=b"],
            &["x-compress;a"],
            &["chunked gzip"],
            &["chun ked"],
            &["\"chunked\""],
            &["chunked\0"],
            &["\x0bchunked"],
            &["chunked\x0c"],
            &["chunked\u{a0}"],
            &["[chunked]"],
            &["(chunked)"],
            &["chunked:"],
            &["ｃhunked"],
            // K as KELVIN SIGN.
            &["chun\u{212a}ed"],
            &[";"],
            &["\"gzip, chunked"],
        ];
        for values in table {
            assert!(matches!(codings(values), Err(FramingError::Coding(_))), "{values:?}");
        }
    }

    #[test]
    fn old_responses_have_no_coding() {
        for coding in ["chunked", "gzip", "identityx", "identity, chunked", ""] {
            let head = head(Version::Http10, 200, &[("Transfer-Encoding", coding), ("Content-Length", "5")]);
            assert!(matches!(decide(Other, &head), Err(FramingError::Coding(_))), "{coding}");
        }
    }

    #[test]
    fn a_coding_wins_over_a_length() {
        let table = [
            ("chunked", "5", Framing::Chunked),
            ("chunked", "0", Framing::Chunked),
            ("chunked", "+5, nonsense", Framing::Chunked),
        ];
        for (coding, length, framing) in table {
            let mut lines = [("Content-Length", length), ("Transfer-Encoding", coding)];
            for _ in 0..2 {
                let decision = decide(Other, &head(Version::Http11, 200, &lines)).unwrap();
                assert_eq!(decision, Decision { framing, is_conflicting: true });
                lines.reverse();
            }
            assert!(decide(Other, &head(Version::Http11, 200, &[lines[1], ("Transfer-Encoding", "gzip")])).is_err());
            // Where there is no content, someone may have believed that there is.
            let none = decide(Head, &head(Version::Http11, 200, &lines)).unwrap();
            assert_eq!(none, Decision { framing: Framing::None, is_conflicting: true });
        }
    }

    #[test]
    fn words_say_what_is_wrong() {
        let words = |lines: &[(&str, &str)]| framing(lines).unwrap_err().to_string();
        assert_eq!(words(&[("Content-Length", "+2")]), "Content-Length is no number: \"+2\"");
        assert_eq!(words(&[("Transfer-Encoding", "chunked, gzip")]), "\"gzip\" comes after chunked");
        assert_eq!(words(&[("Content-Length", "")]), "Content-Length is no number: \"\"");
        let twice = [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")];
        assert_eq!(words(&twice), "chunked is there on two lines");
        assert_eq!(words(&[("Transfer-Encoding", "chunked,chunked")]), "chunked is there twice");
        assert!(words(&[("Transfer-Encoding", "gzip")]).contains("\"gzip\" is not known here"));
        let long = "5".repeat(10_000);
        assert!(words(&[("Content-Length", &long)]).len() < 200);
    }
}
