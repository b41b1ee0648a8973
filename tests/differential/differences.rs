//! The differences that are known, each with its argument.
//!
//! What is listed is narrow: who differs, in what, because of which bytes or for which of our reasons. Where we accept more
//! than another client, RFC 9110 or RFC 9112 says that a recipient must, should or may.

use super::answer::{Accepted, Answer, Part};
use super::cases::{Case, Method};

use Oracle::{Hyper, Ureq};
use Part::{Content, TheyKeep, TheyRefuse, WeKeep, WeRefuse};

/// Whom we are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oracle {
    Hyper,
    Ureq,
}

/// A difference that is known.
pub(crate) struct Difference {
    /// Who is different; each of them must be so in some case.
    pub(crate) oracles: &'static [Oracle],
    pub(crate) parts: &'static [Part],
    pub(crate) name: &'static str,
    /// What we do, why, and where the rule stands.
    pub(crate) why: &'static str,
    /// Whether this case shows it, if one of these parts differs.
    shows: fn(&Seen<'_>) -> bool,
}

/// A case and what was made of it.
pub(crate) struct Seen<'a> {
    pub(crate) case: &'a Case,
    pub(crate) ours: &'a Answer,
    pub(crate) theirs: &'a Answer,
}

pub(crate) const LISTED: &[Difference] = &[
    // ---- we accept, they refuse --------------------------------------------------------------------------------------
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyRefuse],
        name: "a folded line of a head",
        why: "read with a space for the fold, as a user agent MUST (RFC 9112 section 5.2)",
        shows: |seen| {
            let words = ["invalid HTTP header parsed", "http parse fail: invalid header name"];
            words.iter().any(|words| seen.they_say(words)) && seen.has_fold()
        },
    },
    Difference {
        oracles: &[Hyper],
        parts: &[TheyRefuse],
        name: "a folded line of trailers",
        why: "read as in a head: trailers are field lines too (RFC 9112 sections 5.2 and 7.1.2)",
        shows: |seen| seen.they_say("reading a body from connection: invalid header name") && seen.has_fold(),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyRefuse],
        name: "a minor version above 1",
        why: "counts as HTTP/1.1: minor versions are compatible (RFC 9110 section 2.5)",
        shows: |seen| seen.they_say("invalid HTTP version") && seen.has_later_version(),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyRefuse],
        name: "trailers whose lines end with a bare LF",
        why: "read as in a head, where a recipient MAY (RFC 9112 section 2.2); within chunks a bare LF is an error",
        shows: |seen| {
            let words = ["unexpected EOF during chunk size line", "too many headers", "it waits on"];
            words.iter().any(|words| seen.they_say(words)) && seen.is_chunked() && seen.has_bare_line_feed()
        },
    },
    Difference {
        oracles: &[Hyper],
        parts: &[TheyRefuse],
        name: "more than 100 field lines",
        why: "our bound is 512, and can be set (src/limits.rs)",
        shows: |seen| seen.they_say("message head is too large") && seen.ours().fields.lines() > 100,
    },
    Difference {
        oracles: &[Ureq],
        parts: &[TheyRefuse],
        name: "more than 128 field lines",
        why: "our bound is 512, and can be set (src/limits.rs)",
        shows: |seen| seen.they_say("too many headers") && seen.ours().fields.lines() > 128,
    },
    Difference {
        oracles: &[Hyper],
        parts: &[TheyRefuse],
        name: "more than 99 lines of trailers",
        why: "our bound is 512, and can be set (src/limits.rs)",
        shows: |seen| {
            let lines = seen.ours().trailers.as_ref().map_or(0, |trailers| trailers.lines());
            seen.they_say("trailers count overflow") && lines > 99
        },
    },
    Difference {
        oracles: &[Ureq],
        parts: &[TheyRefuse],
        name: "a wrong Content-Length where there is no content",
        why: "not looked at: method and status decide first (RFC 9112 section 6.3, rules 1 and 2)",
        shows: |seen| seen.they_say("content-length") && seen.has_no_content(),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[TheyRefuse],
        name: "a wrong Content-Length beside Transfer-Encoding",
        why: "not looked at: Transfer-Encoding overrides it (RFC 9112 section 6.3, rule 3); the connection closes",
        shows: |seen| {
            let is_closed = seen.ours().is_reusable == Some(false);
            seen.they_say("content-length") && seen.ours().fields.has("transfer-encoding") && is_closed
        },
    },
    Difference {
        oracles: &[Ureq],
        parts: &[TheyRefuse],
        name: "100 Continue with fields",
        why: "read and reported: an interim response is a status line and fields (RFC 9110 section 15.2)",
        shows: |seen| seen.they_say("received headers with 100-continue"),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[TheyRefuse],
        name: "a chunk-size line above 20 bytes",
        why: "read up to 1024 bytes: large numerals MUST be anticipated, extensions ignored (RFC 9112 sections 7.1, 7.1.1)",
        shows: |seen| seen.they_say("chunk expected crlf") && seen.is_chunked(),
    },
    // ---- we refuse, they accept --------------------------------------------------------------------------------------
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "101 that nobody asked for",
        why: "refused: a server MUST NOT switch to what the client has not named (RFC 9110 section 7.8)",
        shows: |seen| seen.we_say("switched protocols (101) without being asked") && seen.theirs().status == 101,
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "more than 32 interim responses",
        why: "refused: our bound, which can be set (src/limits.rs); without one a server holds its client for ever",
        shows: |seen| seen.we_say("the server sent more than 32 interim responses"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "more than 4 empty lines before a head",
        why: "refused: RFC 9112 section 2.2 asks only servers to skip one (src/limits.rs)",
        shows: |seen| seen.we_say("there are too many empty lines"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "a line of a head above 64 KiB",
        why: "refused: our bound, which can be set (src/limits.rs)",
        shows: |seen| seen.we_say("a line of the response's head is longer") && seen.case.bytes.len() > 64 * 1024,
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "a head above 256 KiB",
        why: "refused: our bound, which can be set (src/limits.rs)",
        shows: |seen| seen.we_say("the response's head is larger") && seen.case.bytes.len() > 256 * 1024,
    },
    Difference {
        oracles: &[Hyper],
        parts: &[WeRefuse],
        name: "a chunk-size line above 1 KiB",
        why: "refused: the length of extensions ought to be limited (RFC 9112 section 7.1.1; src/limits.rs)",
        shows: |seen| seen.we_say("a chunk's size line is longer") && seen.case.bytes.len() > 1024,
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "a coding after chunked",
        why: "refused: without TE only chunked is acceptable (RFC 9110 section 10.1.4), once and last (RFC 9112 section \
              6.1). hyper reads to the end, as section 6.3 has it, and delivers what is still coded; ureq-proto decodes \
              `chunked, gzip` as chunked",
        shows: |seen| seen.we_say("comes after chunked") && seen.theirs().fields.has("transfer-encoding"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "chunked twice",
        why: "refused: chunked MUST NOT be applied more than once (RFC 9112 section 6.1)",
        shows: |seen| seen.we_say("chunked is there twice") || seen.we_say("chunked is there on two lines"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "a coding that is not known",
        why: "refused: without TE only chunked is acceptable (RFC 9110 section 10.1.4). Both deliver what is still coded as \
              if it were the content; and `chunked;x`, `\"chunked\"` or `chunked` with other whitespace is chunked to some \
              on the way and not to others (RFC 9112 section 7)",
        shows: |seen| seen.we_say("is not known here, and its bytes are not the content"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[WeRefuse],
        name: "Transfer-Encoding without a coding",
        why: "refused: Content-Length no longer counts (RFC 9112 section 6.3), and nothing says what does. hyper reads to \
              the end, ureq-proto by Content-Length",
        shows: |seen| seen.we_say("Transfer-Encoding names no coding"),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "Transfer-Encoding in HTTP/1.0",
        why: "refused: MUST be treated as if the framing is faulty (RFC 9112 section 6.1)",
        shows: |seen| seen.we_say("an HTTP/1.0 response has Transfer-Encoding"),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "a chunk's size with a sign",
        why: "refused: chunk-size is hexadecimal digits (RFC 9112 section 7.1)",
        shows: |seen| seen.we_say("a chunk's size begins with \"+\""),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "whitespace before a chunk's size",
        why: "refused: chunk-size comes first in its line (RFC 9112 section 7.1)",
        shows: |seen| {
            seen.we_say("a chunk's size begins with \" \"") | seen.we_say("a chunk's size begins with \"\\t\"")
        },
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "other whitespace after a chunk's size",
        why: "refused: VT, FF and Unicode's spaces are no whitespace here (RFC 9110 section 5.6.3)",
        shows: |seen| {
            let bytes = ["\\x0b", "\\x0c", "\\xc2", "\\xe2"];
            bytes.iter().any(|byte| seen.we_say(&format!("a chunk's size goes on with \"{byte}\"")))
        },
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "LF within a chunk-size line",
        why: "refused: whoever takes it for the line's end reads other chunks (RFC 9112 section 7.1)",
        shows: |seen| seen.we_say("the line of a chunk's size does not end with CRLF, but \"\\n\""),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "trailers that are none",
        why: "refused: trailers are field lines (RFC 9112 section 7.1.2). ureq-proto skips them unread",
        shows: |seen| seen.we_say("the response's trailers are malformed"),
    },
    Difference {
        oracles: &[Ureq],
        parts: &[WeRefuse],
        name: "trailers without end",
        why: "refused: our bounds are those of a head (src/limits.rs). ureq-proto skips them unread, for ever",
        shows: |seen| seen.we_say("the response's trailers are larger"),
    },
    // ---- both accept -------------------------------------------------------------------------------------------------
    Difference {
        oracles: &[Hyper],
        parts: &[Content, WeKeep, WeRefuse],
        name: "an empty element after chunked",
        why: "chunked: empty elements of a list MUST be ignored (RFC 9110 section 5.6.1.2). hyper reads to the end",
        shows: |seen| seen.theirs().fields.last("transfer-encoding").is_some_and(is_last_element_empty),
    },
    Difference {
        oracles: &[Hyper],
        parts: &[TheyRefuse],
        name: "identity in HTTP/1.0",
        why: "read as if it were not there, for old servers say it, and nothing is decoded by it; the connection closes",
        shows: |seen| seen.they_say("unexpected transfer-encoding parsed") && seen.has_identity(),
    },
    Difference {
        oracles: &[Hyper],
        parts: &[WeRefuse],
        name: "a wrong Content-Length beside identity, or content shorter than it",
        why: "refused: identity alone is no coding (RFC 2616 section 3.6), so the length counts",
        shows: |seen| {
            let coding = seen.theirs().fields.last("transfer-encoding");
            let is_length_s = seen.we_say("Content-Length is wrong") || seen.we_say("before the content's end");
            is_length_s && coding.is_some_and(|coding| coding == b"identity")
        },
    },
    Difference {
        oracles: &[Hyper],
        parts: &[Content],
        name: "Content-Length beside identity",
        why: "identity alone is no coding (RFC 2616 section 3.6), so the length counts, and the connection closes. hyper \
              reads to the end",
        shows: |seen| seen.has_identity() && seen.ours().fields.has("content-length"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyKeep],
        name: "Transfer-Encoding beside Content-Length",
        why: "closed after it: it might be response splitting and ought to be handled as an error (RFC 9112 section 6.3, \
              rule 3); a server has to close too (section 6.1)",
        shows: |seen| seen.has_both_framings(),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyKeep],
        name: "close beside bytes that are not ASCII",
        why: "closed after it: `close` is there, and what else is there changes nothing (RFC 9112 section 9.3)",
        shows: |seen| seen.ours().fields.last("connection").is_some_and(|value| !value.is_ascii()),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyKeep],
        name: "Transfer-Encoding in HTTP/1.0 without content",
        why: "closed after it: the framing is faulty even where there is no content (RFC 9112 section 6.1)",
        shows: |seen| seen.has(b"HTTP/1.0 ") && seen.has_no_content() && seen.ours().fields.has("transfer-encoding"),
    },
    Difference {
        oracles: &[Hyper, Ureq],
        parts: &[TheyKeep],
        name: "close in an interim response",
        why: "closed after the final one: whoever says close has said it, in whichever head (RFC 9112 section 9.6)",
        shows: |seen| seen.has(b"HTTP/1.1 1") && seen.has(b"close") && !seen.ours().fields.has("connection"),
    },
];

/// Which listed difference explains that this part differs.
pub(crate) fn explain(oracle: Oracle, part: Part, seen: &Seen<'_>) -> Option<usize> {
    let is_this = |listed: &Difference| listed.oracles.contains(&oracle) && listed.parts.contains(&part);
    LISTED.iter().position(|listed| is_this(listed) && (listed.shows)(seen))
}

impl Oracle {
    pub(crate) const ALL: [Self; 2] = [Hyper, Ureq];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Hyper => "hyper",
            Ureq => "ureq-proto",
        }
    }
}

impl<'a> Seen<'a> {
    fn we_say(&self, words: &str) -> bool {
        self.ours.why().contains(words)
    }

    fn they_say(&self, words: &str) -> bool {
        self.theirs.why().contains(words)
    }

    /// For where we accept.
    fn ours(&self) -> &'a Accepted {
        self.ours.accepted().expect("this part differs only if we accept")
    }

    /// For where they accept.
    fn theirs(&self) -> &'a Accepted {
        self.theirs.accepted().expect("this part differs only if they accept")
    }

    fn has(&self, bytes: &[u8]) -> bool {
        self.case.bytes.windows(bytes.len()).any(|window| window == bytes)
    }

    fn has_fold(&self) -> bool {
        self.has(b"\n ") || self.has(b"\n\t")
    }

    fn has_bare_line_feed(&self) -> bool {
        self.case.bytes.windows(2).any(|pair| pair[0] != b'\r' && pair[1] == b'\n')
    }

    fn has_later_version(&self) -> bool {
        self.case.bytes.windows(9).any(|window| window.starts_with(b"HTTP/1.") && matches!(window[7], b'2'..=b'9'))
    }

    /// Whether we have read content in chunks.
    fn is_chunked(&self) -> bool {
        let values = self.ours().fields.all("transfer-encoding");
        values.iter().any(|value| value.to_ascii_lowercase().windows(7).any(|window| window == b"chunked"))
    }

    /// Whether the coding is none.
    fn has_identity(&self) -> bool {
        self.ours().fields.all("transfer-encoding").iter().any(|value| value.eq_ignore_ascii_case(b"identity"))
    }

    fn has_both_framings(&self) -> bool {
        self.ours().fields.has("transfer-encoding") && self.ours().fields.has("content-length")
    }

    fn has_no_content(&self) -> bool {
        match (self.case.method, self.ours().status) {
            (Method::Head, _) | (_, 101 | 204 | 304) | (Method::Connect, 200..=299) => true,
            // The wrong field may be an interim response's.
            _ => self.has(b"HTTP/1.1 102") || self.has(b"HTTP/1.1 103"),
        }
    }
}

fn is_last_element_empty(value: &[u8]) -> bool {
    value.is_empty() || value.ends_with(b",")
}
