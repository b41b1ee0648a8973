//! URLs and references: what is parsed is the text again, what is resolved is as the RFC's own algorithm has it.

use xenon::http::resolve::resolve;
use xenon::http::target;
use xenon::http::uri::{self, Reference};
use xenon::http::url::Url;

/// Input: two lines, a base and a reference.
pub fn check(input: &[u8]) {
    let (base, reference) = match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (&b"http://a/b/c/d;p?q"[..], input),
    };
    check_escape(reference);
    let (base, reference) = (String::from_utf8_lossy(base), String::from_utf8_lossy(reference));
    assert_eq!(Reference::parse(&reference).to_string(), reference);
    check_url(&base);
    if let Ok(base) = Url::parse(&base) {
        let escaped = uri::escape(reference.as_bytes());
        let whole = resolve(&base.to_string(), &escaped);
        assert_eq!(whole, naive(&base.to_string(), &escaped));
        // A reference without a path leaves the dots of the base's.
        assert_eq!(resolve("http://another/", &whole), naive("http://another/", &whole));
        check_url(&whole);
    }
}

/// It changes nothing but what cannot stand there, and nothing twice.
fn check_escape(bytes: &[u8]) {
    let escaped = uri::escape(bytes);
    assert!(escaped.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(uri::escape(escaped.as_bytes()), escaped);
    if !bytes.contains(&b'%') {
        assert_eq!(uri::decode(&escaped).as_deref(), Some(bytes));
    }
}

fn check_url(text: &str) {
    match Url::parse(text) {
        Ok(url) => {
            assert_eq!(target::check(url.origin.scheme, "GET", &url.target), Ok(()));
            let shown = url.to_string();
            let again = Url::parse(&shown).expect("the same without its userinfo");
            assert_eq!((again.to_string(), &again.origin, &again.target), (shown, &url.origin, &url.target));
            assert!(!again.has_userinfo);
            // But for a slash where there is no path.
            assert!(url.target.starts_with('/') && text.contains(url.target.trim_start_matches('/')));
        }
        Err(error) => {
            let words = error.to_string();
            assert!(words.len() < 300 && !words.contains(|c: char| c.is_control()), "{words:?}");
        }
    }
}

/// RFC 3986 section 5.2.2, line by line.
fn naive(base: &str, reference: &str) -> String {
    let (base, r) = (Reference::parse(base), Reference::parse(reference));
    let (scheme, authority, path, query);
    if r.scheme.is_some() {
        (scheme, authority, path, query) = (r.scheme, r.authority, remove_dot_segments(r.path), r.query);
    } else if r.authority.is_some() {
        (scheme, authority, path, query) = (base.scheme, r.authority, remove_dot_segments(r.path), r.query);
    } else {
        (scheme, authority) = (base.scheme, base.authority);
        if r.path.is_empty() {
            (path, query) = (base.path.to_owned(), if r.query.is_some() { r.query } else { base.query });
        } else if r.path.starts_with('/') {
            (path, query) = (remove_dot_segments(r.path), r.query);
        } else {
            let merged = if base.authority.is_some() && base.path.is_empty() {
                format!("/{}", r.path)
            } else {
                let folder = base.path.rfind('/').map_or("", |at| &base.path[..=at]);
                format!("{folder}{}", r.path)
            };
            (path, query) = (remove_dot_segments(&merged), r.query);
        }
    }
    Reference { scheme, authority, path: &path, query, fragment: r.fragment }.to_string()
}

/// RFC 3986 section 5.2.4, line by line.
fn remove_dot_segments(path: &str) -> String {
    let (mut input, mut output) = (path.to_owned(), String::new());
    while !input.is_empty() {
        if input.starts_with("../") {
            input = input[3..].into();
        } else if input.starts_with("./") || input.starts_with("/./") {
            input = input[2..].into();
        } else if input == "/." {
            input = "/".into();
        } else if input.starts_with("/../") || input == "/.." {
            input = format!("/{}", &input[input.len().min(4)..]);
            output.truncate(output.rfind('/').unwrap_or_default());
        } else if input == "." || input == ".." {
            input.clear();
        } else {
            let start = usize::from(input.starts_with('/'));
            let end = input[start..].find('/').map_or(input.len(), |at| at + start);
            output.push_str(&input[..end]);
            input = input[end..].into();
        }
    }
    output
}
