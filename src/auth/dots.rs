//! Which paths some server may resolve upwards: those with a segment that it reads as `.` or `..`.
//!
//! Only its server knows what a path means, and often several servers read it in turn. Some decode escapes twice. Some
//! cut a segment at `;` or NUL, or trim whitespace at its end. Some read other characters as dots or slashes. A path
//! that any of them could read so counts as doubtful, together with some harmless ones. The cost of a false alarm is
//! only a challenge.

use std::borrow::Cow;

use crate::limits::PATH_ESCAPES;

/// Whether some server may read a segment of this path as `.` or `..`.
pub(super) fn may_lead_up(path: &str) -> bool {
    // Every such reading needs one of these characters.
    if !path.contains(['.', '%']) {
        return false;
    }
    let mut text = Cow::Borrowed(path);
    for _ in 0..PATH_ESCAPES {
        if has_dots(&text) {
            return true;
        }
        match unescaped(&text) {
            Ok(Some(next)) => text = Cow::Owned(next),
            Ok(None) => return false,
            // Servers decode malformed UTF-8 in different ways: to some, `%c0%ae` is a dot.
            Err(NotUtf8) => return true,
        }
    }
    true
}

struct NotUtf8;

/// The text with one level of escapes decoded; `None` if it has no escape.
fn unescaped(text: &str) -> Result<Option<String>, NotUtf8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut is_changed = false;
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let byte = match after {
            [high, low, after @ ..] if *first == b'%' => escape(*high, *low).inspect(|_| rest = after),
            _ => None,
        };
        is_changed |= byte.is_some();
        bytes.push(byte.unwrap_or(*first));
    }
    if !is_changed {
        return Ok(None);
    }
    String::from_utf8(bytes).map(Some).map_err(|_| NotUtf8)
}

/// The byte that these two digits encode.
fn escape(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Whether dots stand alone between characters that a server may cut at or ignore.
fn has_dots(text: &str) -> bool {
    // What came since the last of those characters.
    let mut word = Word::Empty;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        word = match char {
            '.' | '\u{2024}'..='\u{2026}' | '\u{fe19}' | '\u{fe52}' | '\u{ff0e}' => match word {
                Word::Empty | Word::Dots => Word::Dots,
                Word::Other => Word::Other,
            },
            '%' => {
                let mut next = chars.clone();
                match (next.next(), next.next()) {
                    // An escape in Microsoft's form, for any character: `%u002e`.
                    (Some('u' | 'U'), _) => return true,
                    // It is examined when it is decoded.
                    (Some(high), Some(low)) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => Word::Other,
                    _ if word == Word::Dots => return true,
                    _ => Word::Empty,
                }
            }
            char if !may_end(char) => Word::Other,
            _ if word == Word::Dots => return true,
            _ => Word::Empty,
        };
    }
    word == Word::Dots
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Empty,
    Dots,
    Other,
}

/// Whether a server may cut at this character, ignore it, or read it as a slash.
fn may_end(char: char) -> bool {
    match char {
        'a'..='z' | 'A'..='Z' | '0'..='9' => false,
        '-' | '_' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | ',' | '=' | '@' => false,
        // A plus sign may mean a space.
        '\0'..='\u{a0}' => true,
        // The soft hyphen and other characters of no width.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => true,
        // Slashes and backslashes of other scripts, and what some code pages have in place of the backslash.
        '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29f5}' | '\u{29f8}' | '\u{fe68}' | '\u{ff0f}' | '\u{ff3c}' => true,
        '\u{a5}' | '\u{20a9}' => true,
        char => char.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_some_server_reads_as_dots_is_found() {
        for segment in [
            ".",
            "..",
            "...",
            "%2e",
            "%2E%2e",
            ".%2e",
            "%252e%252E",
            "%25252e.",
            "%2525252e.",
            "%25%32%65.",
            // Cut at what follows, escaped or not.
            "..;",
            "..;x=y",
            "..%3b",
            "..%3Bx",
            "..%253b",
            "..%00",
            "..%00.html",
            "..%2500",
            "..%3fx",
            "..%23x",
            "..%3a",
            "..:x",
            // Whitespace and what has no width.
            "..%20",
            "..+",
            "%20..",
            "..%09",
            ".%0d.",
            "..%0a",
            "..%c2%a0",
            "..%e2%80%8b",
            ".%ef%bb%bf.",
            "..%7f",
            // Slashes and backslashes within.
            "x%2f..",
            "..%2fx",
            "..%5cx",
            "..\\x",
            "x%255c..",
            "x%e2%88%95..",
            "..%ef%bc%8fx",
            "..%ef%bc%bcx",
            "..%c2%a5x",
            // Dots of other scripts.
            "%ef%bc%8e%ef%bc%8e",
            "%e2%80%a5",
            "%e2%80%a4.",
            "%ef%b9%92.",
            "%ef%b8%99",
            "%25ef%25bc%258e.",
            // What is no UTF-8, and escapes of Windows's own.
            "%c0%ae%c0%ae",
            "%c0%2e",
            "%e0%80%ae.",
            "x%c0%af..",
            "x%c1%9c..",
            "%f0%80%80%ae.",
            "%u002e%u002e",
            "%U002E.",
            "%25u002e.",
            "%uff0e.",
            "..%",
            "..%zz",
            "..%2",
        ] {
            for path in [
                format!("/private/{segment}"),
                format!("/private/{segment}/x"),
                format!("/{segment}/"),
                format!("//x/{segment}/y?"),
            ] {
                assert!(may_lead_up(&path), "{path}");
            }
        }
    }

    #[test]
    fn other_segments_are_not() {
        for path in [
            "",
            "/",
            "/a/b/",
            "/index.html",
            "/.well-known/x",
            "/..a/.b/c./d../e...f",
            "/a..b",
            "/%2ehtaccess",
            "/..%61",
            "/a%2e",
            "/100%",
            "/100%25",
            "/%E2%82%AC.txt",
            "/%e6%97%a5.%e6%9c%ac",
            "/.%e6%97%a5",
            "/a%20b.c;v=1.2;w",
            "/a;x/b:c",
            "/a+b.c",
            "/(1).txt",
            "/a,.b",
            "/x%25252f",
        ] {
            assert!(!may_lead_up(path), "{path}");
        }
    }

    #[test]
    fn levels_of_escapes_have_a_bound() {
        let nested = |levels: usize| format!("/%{}41", "25".repeat(levels));
        assert!(!may_lead_up(&nested(PATH_ESCAPES - 2)));
        for levels in [PATH_ESCAPES, 100, 10_000] {
            assert!(may_lead_up(&nested(levels)), "{levels}");
        }
    }

    /// Whatever is put around them, or in their place.
    #[test]
    fn every_byte_beside_dots_is_a_part_of_a_name_or_may_end_it() {
        for byte in 0..=u8::MAX {
            let is_part = byte.is_ascii_alphanumeric() || b"-_~!$&'()*,=@".contains(&byte);
            for escaped in [format!("%{byte:02x}"), format!("%25{byte:02X}")] {
                assert_eq!(may_lead_up(&format!("/x/..{escaped}/y")), !is_part, "{escaped}");
                assert_eq!(may_lead_up(&format!("/x/{escaped}../y")), !is_part, "{escaped}");
            }
        }
    }
}
