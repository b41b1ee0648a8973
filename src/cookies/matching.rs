//! Matching of hosts and paths (RFC 6265bis sections 5.1.3 and 5.1.4).

/// Whether a host is this domain or below it. Both are names in lower case.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Whether a path is the cookie's path or below it.
pub(super) fn is_below(path: &[u8], cookie: &[u8]) -> bool {
    match path.strip_prefix(cookie) {
        Some(rest) => rest.is_empty() || cookie.ends_with(b"/") || rest.starts_with(b"/"),
        None => false,
    }
}

/// The path of a cookie without `Path`: the folder of the path that it came from.
pub(super) fn default_path(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, _)) if folder.starts_with('/') => folder,
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_within_domains() {
        for (host, domain, expected) in [
            ("a.test", "a.test", true),
            ("b.a.test", "a.test", true),
            ("c.b.a.test", "a.test", true),
            ("ba.test", "a.test", false),
            ("a.test", "b.a.test", false),
            ("a.test", "test", true),
            ("a.test", "est", false),
            ("a.test", ".test", false),
            ("a.test.", "a.test", false),
            ("a.test", "a.test.", false),
            ("b..test", ".test", true),
        ] {
            assert_eq!(is_within(host, domain), expected, "{host} {domain}");
        }
    }

    #[test]
    fn paths_below_paths() {
        for (path, cookie, expected) in [
            ("/", "/", true),
            ("/a", "/", true),
            ("/a", "/a", true),
            ("/a/", "/a", true),
            ("/a/b", "/a", true),
            ("/a/b", "/a/", true),
            ("/a//b", "/a/", true),
            ("/a", "/a/", false),
            ("/ab", "/a", false),
            ("/", "/a", false),
            ("/A", "/a", false),
            ("/%61", "/a", false),
        ] {
            assert_eq!(is_below(path.as_bytes(), cookie.as_bytes()), expected, "{path} {cookie}");
        }
    }

    #[test]
    fn default_paths_are_folders() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("/a", "/"),
            ("/a/", "/a"),
            ("/a/b", "/a"),
            ("/a/b/c", "/a/b"),
            ("//", "/"),
            ("a/b", "/"),
        ] {
            assert_eq!(default_path(path), expected, "{path}");
        }
    }
}
