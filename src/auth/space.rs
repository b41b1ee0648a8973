//! Which part of a server one protection space covers: paths, compared by segments (RFC 7617 section 2.2, RFC 7616
//! section 3.3).
//!
//! Nothing here resolves `..`. A path with a segment that some server may read so belongs to no part, because only the
//! server knows where it leads.

use super::dots::may_lead_up;
use crate::http::origin::Origin;
use crate::http::uri::Reference;
use crate::limits::{SPACE_PATH_LENGTH, SPACE_PATHS};

/// A part of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Everything,
    /// Everything at or below one of these paths; the oldest first. A path that ends in `/` is a folder, not a file of
    /// that name.
    Below(Vec<String>),
}

impl Extent {
    /// None of it, yet.
    pub(super) fn nothing() -> Self {
        Self::Below(Vec::new())
    }

    /// What Digest's `domain` names of this origin; without a `domain`, the whole origin (RFC 7616 section 3.3). Other
    /// origins are left out: this one's credentials are not for them.
    pub(super) fn of_domain<'a>(domain: impl Iterator<Item = &'a str>, origin: &Origin) -> Self {
        let mut domain = domain.peekable();
        if domain.peek().is_none() {
            return Self::Everything;
        }
        let mut extent = Self::nothing();
        for path in domain.filter_map(|uri| path_of_uri(origin, uri)) {
            extent.add(path);
        }
        extent
    }

    /// Adds what RFC 7617 section 2.2 lets a client assume: every path at least as deep as this path's last segment.
    pub(super) fn add_folder_of(&mut self, path: &str) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.add(&format!("{folder}/"));
        }
    }

    /// How well this path is covered: the length of the longest path that covers it. `None` if it is not covered.
    pub(super) fn covers(&self, path: &str) -> Option<usize> {
        match self {
            Self::Everything => Some(0),
            Self::Below(_) if may_lead_up(path) => None,
            Self::Below(paths) => paths.iter().filter(|prefix| is_below(prefix, path)).map(String::len).max(),
        }
    }

    fn add(&mut self, path: &str) {
        let Self::Below(paths) = self else {
            return;
        };
        if path.len() > SPACE_PATH_LENGTH || may_lead_up(path) || paths.iter().any(|prefix| is_below(prefix, path)) {
            return;
        }
        paths.retain(|other| !is_below(path, other));
        if paths.len() >= SPACE_PATHS {
            paths.remove(0);
        }
        paths.push(path.to_owned());
    }
}

/// The path of this target, without its query, if the target belongs to this origin. Not for methods that would show
/// credentials to others: the response to TRACE repeats them (RFC 9110 section 9.3.8), and CONNECT is for another host.
pub fn path_at<'a>(origin: &Origin, method: &str, target: &'a str) -> Option<&'a str> {
    match (method, target) {
        ("CONNECT" | "TRACE", _) => None,
        // `*` is the server as a whole.
        (_, "*") => Some("/"),
        (_, path) if path.starts_with('/') => path.split('?').next(),
        (_, uri) => path_of_uri(origin, uri),
    }
}

/// The same of a URI, absolute or only a path.
fn path_of_uri<'a>(origin: &Origin, uri: &'a str) -> Option<&'a str> {
    match Reference::parse(uri) {
        Reference { scheme: None, authority: None, path, .. } => path.starts_with('/').then_some(path),
        Reference { scheme: Some(scheme), authority: Some(authority), path, .. } => {
            origin.is_at(scheme, authority).then_some(if path.is_empty() { "/" } else { path })
        }
        _ => None,
    }
}

/// Below `/other` are `/other` and `/other/x`, but not `/others`.
fn is_below(prefix: &str, path: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(scheme: &str, host: &str, port: u16) -> Origin {
        Origin::parse(scheme, host, port).unwrap()
    }

    fn below(paths: &[&str]) -> Extent {
        Extent::Below(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn a_path_covers_by_segments() {
        for (prefix, path, is_covered) in [
            ("/other", "/other", true),
            ("/other", "/other/x/y", true),
            ("/other", "/other/", true),
            ("/other", "/others", false),
            ("/other", "/oth", false),
            ("/other/", "/other", false),
            ("/other/", "/other/x", true),
            ("/", "/", true),
            ("/", "/x", true),
            ("/a/", "/a/../b", false),
            ("/a/", "/a/%2E%2e/b", false),
            ("/a/", "/a/..%2fb", false),
            ("/a/", "/a/..\\b", false),
            ("/a/", "/a/./b", false),
            ("/a/", "/a/..;/b", false),
            ("/a/", "/a/%252e%252e/b", false),
            ("/a/", "/a/..%00/b", false),
            ("/a/", "/a/b/..%3b/c", false),
            ("/a/", "/a/..b/.c./%2ed", true),
        ] {
            assert_eq!(below(&[prefix]).covers(path).is_some(), is_covered, "{prefix} {path}");
        }
        assert_eq!(below(&["/", "/a/", "/a/b"]).covers("/a/b/c"), Some(4));
        assert_eq!(below(&[]).covers("/"), None);
        assert_eq!(Extent::Everything.covers("/a/../b"), Some(0));
    }

    #[test]
    fn the_folder_of_what_was_asked_for_is_covered() {
        // The example of RFC 7617 section 2.2.
        let mut extent = Extent::nothing();
        extent.add_folder_of("/docs/index.html");
        assert!(["/docs/", "/docs/test.doc", "/docs/x/y"].iter().all(|path| extent.covers(path).is_some()));
        assert!(["/other/", "/docs", "/", "/docsx/"].iter().all(|path| extent.covers(path).is_none()));
        extent.add_folder_of("/docs/deep/er");
        assert_eq!(extent, below(&["/docs/"]), "what is covered already adds nothing");
        extent.add_folder_of("/x");
        assert_eq!(extent, below(&["/"]), "and what covers others takes their place");
        let mut extent = Extent::nothing();
        for path in ["/a/../b", "/a/..;/b", "/a/%252e%252e/b", "/a/..%00/b"] {
            extent.add_folder_of(path);
            assert_eq!(extent, Extent::nothing(), "{path}");
        }
    }

    #[test]
    fn paths_are_bounded() {
        let mut extent = Extent::nothing();
        for number in 0..1000 {
            extent.add_folder_of(&format!("/{number}/x"));
        }
        let Extent::Below(paths) = &extent else { panic!() };
        assert_eq!(paths.len(), SPACE_PATHS);
        assert!(extent.covers("/999/").is_some() && extent.covers("/0/").is_none());
        let mut extent = Extent::nothing();
        let longest = format!("/{}/", "a".repeat(SPACE_PATH_LENGTH - 2));
        extent.add_folder_of(&format!("{longest}x"));
        extent.add_folder_of(&format!("/b{longest}x"));
        assert_eq!(extent, below(&[&longest]), "one that is longer is left out");
    }

    #[test]
    fn a_domain_is_of_one_origin() {
        let origin = origin("http", "a.test", 80);
        let extent = |domain: &[&str]| Extent::of_domain(domain.iter().copied(), &origin);
        assert_eq!(extent(&[]), Extent::Everything);
        assert_eq!(extent(&["/other", "http://A.test:80/x?y"]), below(&["/other", "/x"]));
        assert_eq!(extent(&["http://a.test"]), below(&["/"]));
        let others = [
            "http://b.test/",
            "https://a.test/",
            "http://a.test:81/",
            "//a.test/",
            "relative",
            "http://a.test:+80/",
            "/a/..;/b",
            "/a/%252e%252e/b",
            "http://a.test/a/..%00/b",
            "/a/x/..%3b/",
        ];
        assert_eq!(extent(&others), Extent::nothing());
    }

    #[test]
    fn targets_have_a_path_at_their_own_origin_alone() {
        let plain = origin("http", "a.test", 8080);
        let at = |method, target| path_at(&plain, method, target);
        assert_eq!(at("GET", "/a/b?c=/d"), Some("/a/b"));
        assert_eq!(at("GET", "//x/y"), Some("//x/y"));
        assert_eq!(at("OPTIONS", "*"), Some("/"));
        assert_eq!(at("GET", "http://a.test:8080/a?b"), Some("/a"));
        assert_eq!(at("GET", "HTTP://A.TEST:8080?b"), Some("/"));
        for other in
            ["http://a.test/", "http://a.test:80/", "http://b.test:8080/", "ftp://a.test:8080/", "http://[::1]/"]
        {
            assert_eq!(at("GET", other), None, "{other}");
        }
        assert_eq!(at("TRACE", "/"), None);
        assert_eq!(at("CONNECT", "a.test:8080"), None);
        let six = origin("https", "::1", 443);
        assert_eq!(path_at(&six, "GET", "https://[::1]/x"), Some("/x"));
        assert_eq!(path_at(&six, "GET", "https://[0:0::1]:443/x"), Some("/x"));
        assert_eq!(path_at(&six, "GET", "https://[::2]/x"), None);
    }
}
