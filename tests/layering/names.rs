//! The names in source text: paths that begin with `crate::` or `super::`, and the crates of the outside world. Comments, strings
//! and tests at the foot of a file are not looked at.

use std::collections::BTreeSet;

/// The crates of the outside world.
pub(crate) const OUTSIDE: &[&str] = &[
    "brotli_decompressor",
    "md5",
    "miniz_oxide",
    "rustls",
    "subtle",
    "wasi",
    "webpki",
    "webpki_roots",
    "wit_bindgen",
    "zeroize",
];

/// The paths from the crate's root, and the external crates, that the text of the module `within` names.
pub(crate) fn names(text: &str, within: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let code = code(text);
    for path in paths(&code) {
        let mut parts = path.split("::").peekable();
        let mut base = match parts.peek() {
            Some(&"crate") => {
                parts.next();
                Vec::new()
            }
            Some(&"super") => within.to_vec(),
            Some(first) if OUTSIDE.contains(first) => {
                names.insert((*first).to_owned());
                continue;
            }
            _ => continue,
        };
        while parts.next_if_eq(&"super").is_some() {
            base.pop();
        }
        base.extend(parts.filter(|part| *part != "self").map(str::to_owned));
        if !base.is_empty() {
            names.insert(base.join("::"));
        }
    }
    names
}

/// The paths of `use` lines, one by one.
pub(crate) fn flat_uses(code: &str) -> Vec<String> {
    paths(code).into_iter().filter(|path| path.starts_with("std::")).collect()
}

/// All paths of at least two parts, groups in braces taken apart.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(start) = rest.find(is_name) {
        let word_end = rest[start..].find(|c| !is_name(c)).map_or(rest.len(), |end| start + end);
        if rest[word_end..].starts_with("::") {
            let end = path(&rest[start..], "", &mut found);
            rest = &rest[start + end..];
        } else {
            rest = &rest[word_end..];
        }
    }
    found
}

/// Takes one path, or a tree of them, from the front. Returns its length.
fn path(text: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut whole = prefix.to_owned();
    let mut at = 0;
    loop {
        let name_end = text[at..].find(|c| !is_name(c)).map_or(text.len(), |end| at + end);
        if name_end == at {
            break;
        }
        whole =
            if whole.is_empty() { text[at..name_end].to_owned() } else { format!("{whole}::{}", &text[at..name_end]) };
        at = name_end;
        let Some(after) = text[at..].strip_prefix("::") else { break };
        if let Some(inside) = after.strip_prefix('{') {
            return at + 3 + group(inside, &whole, found);
        }
        if !after.starts_with(is_name) {
            break;
        }
        at += 2;
    }
    found.push(whole);
    at.max(1)
}

/// Takes the inside of braces, and the closing one.
fn group(text: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let mut at = 0;
    while let Some(next) = text[at..].find(|c: char| c == '}' || c.is_alphanumeric() || c == '_') {
        at += next;
        if text[at..].starts_with('}') {
            return at + 1;
        }
        at += path(&text[at..], prefix, found);
        // `as` and the other name.
        at += text[at..].find([',', '}']).unwrap_or(text.len() - at);
    }
    text.len()
}

/// The text without comments, strings, and tests at its foot.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    if let Some(end) = text.find("mod tests {") {
        rest = &text[..end];
    }
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if rest.starts_with("'\"'") {
            3
        } else if c == '"' {
            string_length(rest)
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    code
}

fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[test]
fn names_are_found_wherever_they_stand() {
    let text = r#"
        //! Not crate::doc.
        use crate::a::b;
        use crate::{c, d::{self, e}, f as g};
        use super::h;
        use super::super::i::j;
        use self::k;
        /* nor crate::comment */
        fn f(x: crate::l::M) -> wasi::N { "crate::text \" crate::more"; '"'; crate::o!(); super::super::p() }
        #[cfg(test)]
        use crate::q;
        #[cfg(test)]
        mod tests { use crate::test; }
    "#;
    let within = ["x".to_owned(), "y".to_owned()];
    let names: Vec<_> = names(text, &within).into_iter().collect();
    assert_eq!(names, ["a::b", "c", "d", "d::e", "f", "i::j", "l::M", "o", "p", "q", "wasi", "x::h"]);
    let forbidden = flat_uses("use std::{net::{IpAddr, TcpStream}, time::Instant};");
    assert_eq!(forbidden, ["std::net::IpAddr", "std::net::TcpStream", "std::time::Instant"]);
}
