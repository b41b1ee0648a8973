//! Where a response's content ends (RFC 9112 section 6.3).
//!
//! It decides once, from a whole head; it reads no content.

use std::fmt;

use super::response_head::ResponseHead;
use super::version::Version;
use crate::http::fields::{Fields, check_name, trim};
use crate::http::quote;

/// How the end of a response's content is found.
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

/// Why the end of the content cannot be known. The text is words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// `Content-Length` is no number, or two.
    Length(String),
    /// `Transfer-Encoding` is wrong, or asks for what is not known here.
    Coding(String),
}

/// What a head says about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How the end is found.
    pub framing: Framing,
    /// Whether both `Transfer-Encoding` and `Content-Length` are there. The former wins, and the connection cannot be kept:
    /// someone on the way may have believed the latter (RFC 9112 section 6.1).
    pub is_conflicting: bool,
}

/// What the request's method means for the content of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// HEAD: there is none, whatever the head says.
    Head,
    /// CONNECT: a 2xx makes a tunnel.
    Connect,
    /// Any other: the head says it all.
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
/// Where there is no content, the fields that would frame it are not looked at: what they say is about another response
/// (that to a GET), and a mistake in them does no harm.
///
/// Transfer codings other than `chunked` are not decoded here. One before `chunked` is an error. One alone leaves the content
/// to end with the connection (RFC 9112 section 6.3), still coded, as the caller sees in `Transfer-Encoding`.
pub fn decide(method: MethodKind, head: &ResponseHead) -> Result<Decision, FramingError> {
    let has_coding = head.fields.contains("Transfer-Encoding");
    let framing = match (method, head.status) {
        (MethodKind::Connect, 200..=299) => Framing::Tunnel,
        (MethodKind::Head, _) | (_, 100..=199 | 204 | 304) => Framing::None,
        _ if has_coding => coding(head)?,
        _ => content_length(&head.fields)?.map_or(Framing::ToEnd, Framing::Length),
    };
    Ok(Decision { framing, is_conflicting: has_coding && head.fields.contains("Content-Length") })
}

/// What `Content-Length` says, if it is there (RFC 9110 section 8.6): digits alone; several numbers, on several lines or on
/// one, count once if they are equal.
pub fn content_length(fields: &Fields) -> Result<Option<u64>, FramingError> {
    let wrong = |why: &str, value: &[u8]| {
        let words = format!("Content-Length is {why}: {}", quote(value));
        Err(FramingError::Length(words))
    };
    let mut length = None;
    for value in fields.all("Content-Length") {
        // Not as a list, in which an element may be empty: this field is none.
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

/// What `Transfer-Encoding`, which is there, says (RFC 9112 sections 6.1 and 7).
fn coding(head: &ResponseHead) -> Result<Framing, FramingError> {
    let wrong = |words: String| Err(FramingError::Coding(words));
    // RFC 9112 section 6.1: the framing is faulty; whoever sent it may not know what it means.
    if head.version < Version::Http11 {
        return wrong("an HTTP/1.0 response has Transfer-Encoding".into());
    }
    let mut codings = head.fields.elements("Transfer-Encoding").peekable();
    if codings.peek().is_none() {
        return wrong("Transfer-Encoding names no coding".into());
    }
    let mut is_other = false;
    let mut is_chunked = false;
    for coding in codings {
        // RFC 9112 section 7: `chunked` is the last, and there once.
        if is_chunked {
            return wrong(format!("{} comes after chunked", quote(coding)));
        }
        if coding.eq_ignore_ascii_case(b"chunked") {
            is_chunked = true;
        } else if is_coding(coding) {
            is_other = true;
        } else {
            return wrong(format!("{} is no transfer coding", quote(coding)));
        }
    }
    match (is_chunked, is_other) {
        (true, true) => wrong("a coding besides chunked is not known here".into()),
        (true, false) => Ok(Framing::Chunked),
        (false, _) => Ok(Framing::ToEnd),
    }
}

/// Whether this is a transfer coding other than `chunked`, which can have no parameters (RFC 9112 section 7.1).
fn is_coding(coding: &[u8]) -> bool {
    let name = coding.split(|byte| *byte == b';').next().unwrap_or_default();
    let name = String::from_utf8_lossy(trim(name));
    check_name(&name).is_ok() && !name.eq_ignore_ascii_case("chunked")
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Length(words) | Self::Coding(words)) = self;
        f.write_str(words)
    }
}

impl std::error::Error for FramingError {}
