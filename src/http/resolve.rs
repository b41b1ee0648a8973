//! Resolution of relative references (RFC 3986 section 5.2).

use super::uri::Reference;

/// Resolves a reference against an absolute base URI. A reference with a scheme is never relative, even if it has the base's scheme.
pub fn resolve(base: &str, reference: &str) -> String {
    let (base, mut target) = (Reference::parse(base), Reference::parse(reference));
    let path;
    if target.scheme.is_none() {
        target.scheme = base.scheme;
        if target.authority.is_none() {
            target.authority = base.authority;
            if target.path.is_empty() {
                target.path = base.path;
                target.query = target.query.or(base.query);
                return target.to_string();
            }
            if !target.path.starts_with('/') {
                path = without_dots(&merged(base, target.path));
                target.path = &path;
                return target.to_string();
            }
        }
    }
    path = without_dots(target.path);
    target.path = &path;
    target.to_string()
}

/// Merges a relative path with the base's path: it replaces the last segment (RFC 3986 section 5.2.3).
fn merged(base: Reference<'_>, path: &str) -> String {
    match base.path.rsplit_once('/') {
        Some((folder, _)) => [folder, "/", path].concat(),
        None if base.authority.is_some() => ["/", path].concat(),
        None => path.to_owned(),
    }
}

/// Removes the segments `.` and `..` (RFC 3986 section 5.2.4). No `..` leads above the root.
fn without_dots(path: &str) -> String {
    let (mut root, relative) = match path.strip_prefix('/') {
        Some(relative) => ("/", relative),
        None => ("", path),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = relative.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                // The slash after the first segment of a path without a root stays.
                if segment == ".." && kept.pop().is_some() && kept.is_empty() {
                    root = "/";
                }
                // The result is a folder.
                if is_last && !(kept.is_empty() && root.is_empty()) {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    [root, &kept.join("/")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3986 section 5.4.
    #[test]
    fn the_examples_of_the_rfc() {
        const NORMAL: &[(&str, &str)] = &[
            ("g:h", "g:h"),
            ("g:h/..", "g:/"),
            ("g:h/../i", "g:/i"),
            ("g:h/i/../j", "g:h/j"),
            ("g:h/i/../../j", "g:/j"),
            ("g:../h/.", "g:h/"),
            ("g:./..", "g:"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
        ];
        const ABNORMAL: &[(&str, &str)] = &[
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/./x", "http://a/b/c/g#s/./x"),
            ("g#s/../x", "http://a/b/c/g#s/../x"),
            ("http:g", "http:g"),
        ];
        for (reference, expected) in NORMAL.iter().chain(ABNORMAL) {
            assert_eq!(resolve("http://a/b/c/d;p?q", reference), *expected, "{reference:?}");
        }
    }

    #[test]
    fn from_bases_of_all_kinds() {
        for (base, reference, expected) in [
            ("http://a", "", "http://a"),
            ("http://a", "b", "http://a/b"),
            ("http://a", "../b", "http://a/b"),
            ("http://a?q", "b", "http://a/b"),
            ("http://a?q", "#f", "http://a?q#f"),
            ("http://a?q", "?", "http://a?"),
            ("http://a/b#f", "c", "http://a/c"),
            ("http://a/b#f", "", "http://a/b"),
            ("http://a/b//c", "d", "http://a/b//d"),
            ("http://a/b//c", "..", "http://a/b/"),
            ("http://a/b/", "..", "http://a/"),
            ("http://a/b", "//c:80/d", "http://c:80/d"),
            ("http://a/b", "//", "http://"),
            ("http://u@a:1/b", "/c", "http://u@a:1/c"),
            ("https://a/b", "http://c/../d/./", "http://c/d/"),
            ("http://a/b", "/c:d", "http://a/c:d"),
            ("http://a/b", "./c:d", "http://a/c:d"),
            ("http://a/b", "c:d", "c:d"),
            ("urn:x", "y", "urn:y"),
        ] {
            assert_eq!(resolve(base, reference), expected, "{base} {reference:?}");
        }
    }

    #[test]
    fn what_is_resolved_refers_to_itself() {
        const TEXT: &str = "../.././a/..//b/.?c/../d#e/../f";
        for start in 0..TEXT.len() {
            for end in start..=TEXT.len() {
                let whole = resolve("http://h/x/y/z?q", &TEXT[start..end]);
                assert!(whole.starts_with("http://") && !Reference::parse(&whole).path.contains("/./"));
                assert!(Reference::parse(&whole).path.split('/').all(|segment| segment != ".."), "{whole}");
                assert_eq!(resolve("http://other/", &whole), whole);
            }
        }
    }

    #[test]
    fn a_long_path_costs_no_more_than_its_bytes() {
        let path = "/a/..".repeat(200_000);
        assert_eq!(resolve("http://h/", &path), "http://h/");
    }
}
