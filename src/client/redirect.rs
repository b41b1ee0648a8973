//! Redirects: the next request, with its method, URL, content and fields (RFC 9110 section 15.4).
//!
//! It is pure, and sends nothing. Credentials and cookies are not passed on to another origin, unless the caller trusts all origins.

use std::fmt;

use crate::http::fields::{Field, Fields, trim};
use crate::http::origin::Scheme;
use crate::http::resolve::resolve;
use crate::http::uri;
use crate::http::url::{Part, Url, UrlError};
use crate::limits::REDIRECTS;

/// Which redirects are followed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many redirects in a row are followed. `None` means no limit except the deadline of the exchange.
    pub limit: Option<usize>,
    /// Whether a redirect can lead from `https` to `http`.
    pub may_downgrade: bool,
    /// Whether added fields are passed on to another origin, except credentials and cookies.
    pub keeps_fields: bool,
    /// Whether added fields with credentials and cookies are passed on as well.
    pub trusts_all: bool,
    /// Whether a POST stays a POST after 301, 302 and 303, which otherwise turn it into GET.
    pub keeps_post: [bool; 3],
    /// Whether the method stays the same after every status except 303, even if the content is dropped.
    pub keeps_method: bool,
    /// Whether a 300 with a location is followed.
    pub follows_300: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limit: Some(REDIRECTS),
            may_downgrade: false,
            keeps_fields: false,
            trusts_all: false,
            keeps_post: [false; 3],
            keeps_method: false,
            follows_300: false,
        }
    }
}

impl Policy {
    /// The policy of `curl -L`.
    pub fn curl() -> Self {
        Self { limit: Some(50), may_downgrade: true, keeps_fields: true, follows_300: true, ..Self::default() }
    }
}

/// The request that was redirected.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: Url,
    /// The content.
    pub content: Content,
    /// The fields that its caller and the client added. Those that a session or a cookie jar adds by itself are not among them.
    pub fields: Fields,
}

/// The content of a request, as far as redirects depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// None.
    None,
    /// It can be sent again.
    Kept,
    /// It was streamed, and cannot be sent again.
    Streamed,
}

/// Why a redirect was not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The limit of the policy was reached.
    TooMany(usize),
    /// There are several different locations.
    Locations,
    /// The location is not a valid URL.
    Location(UrlError),
    /// It has another scheme than `http` and `https`.
    Scheme,
    /// It leads from `https` to `http`.
    Downgrade,
    /// The content would have to be sent again, and cannot be.
    Content,
}

/// The request that follows a redirect. `None` if the response is not a redirect. `followed` is the number of redirects before it.
///
/// The fields of the result are complete: a client must not add its default fields again, so that a field that was removed for one
/// origin stays removed.
pub fn follow(
    policy: &Policy,
    followed: usize,
    request: Request,
    status: u16,
    response: &Fields,
) -> Result<Option<Request>, Refused> {
    let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308) || status == 300 && policy.follows_300;
    if !is_redirect || request.method == "CONNECT" {
        return Ok(None);
    }
    let Some(location) = location(response)? else { return Ok(None) };
    if let Some(limit) = policy.limit.filter(|limit| followed >= *limit) {
        return Err(Refused::TooMany(limit));
    }
    let url = target(&request.url, location)?;
    if request.url.origin.scheme == Scheme::Https && url.origin.scheme == Scheme::Http && !policy.may_downgrade {
        return Err(Refused::Downgrade);
    }
    let is_fetched = is_fetched(policy, status, &request.method);
    let content = if is_fetched { Content::None } else { request.content };
    if content == Content::Streamed {
        return Err(Refused::Content);
    }
    let is_same_origin = url.origin == request.url.origin;
    let mut fields = request.fields;
    fields.retain(|Field { name, .. }| {
        (content == Content::Kept || !is_about_content(name)) && (is_same_origin || may_leave(policy, name))
    });
    let keeps_method = !is_fetched || request.method == "HEAD" || policy.keeps_method && status != 303;
    let method = if keeps_method { request.method } else { "GET".into() };
    Ok(Some(Request { method, url, content, fields }))
}

/// The value of `Location`, if any. Lines with the same value count as one.
fn location(response: &Fields) -> Result<Option<&[u8]>, Refused> {
    let mut locations = response.all("Location").map(trim);
    let first = locations.next();
    if locations.any(|other| Some(other) != first) {
        return Err(Refused::Locations);
    }
    // An empty location would refer to the URL itself.
    Ok(first.filter(|location| !location.is_empty()))
}

/// The URL of a location, without userinfo. It inherits the fragment of the current URL if it has none (RFC 9110 section 10.2.2).
fn target(base: &Url, location: &[u8]) -> Result<Url, Refused> {
    let text = resolve(&Url { fragment: None, ..base.clone() }.to_string(), &uri::escape(location));
    match Url::parse(&text) {
        Ok(url) => Ok(Url { fragment: url.fragment.or_else(|| base.fragment.clone()), has_userinfo: false, ..url }),
        Err(UrlError { part: Part::Scheme, .. }) => Err(Refused::Scheme),
        Err(error) => Err(Refused::Location(error)),
    }
}

/// Whether the next request is a GET or HEAD without content.
fn is_fetched(policy: &Policy, status: u16, method: &str) -> bool {
    let [keeps_301, keeps_302, keeps_303] = policy.keeps_post;
    match (status, method) {
        (301, "POST") => !keeps_301,
        (302, "POST") => !keeps_302,
        (303, "POST") => !keeps_303,
        (303, _) => true,
        _ => false,
    }
}

/// Whether a field is about the content, and is removed with it (RFC 9110 section 15.4).
fn is_about_content(name: &str) -> bool {
    begins_with(name, "content-")
        || is_any(name, &["digest", "expect", "last-modified", "repr-digest", "trailer", "transfer-encoding"])
}

/// Whether a field is passed on to another origin.
fn may_leave(policy: &Policy, name: &str) -> bool {
    if is_any(name, &["host", "proxy-authorization"]) {
        return false;
    }
    if is_any(name, &["authorization", "cookie", "cookie2"]) {
        return policy.trusts_all;
    }
    policy.keeps_fields
        || policy.trusts_all
        || is_any(name, &["accept", "user-agent", "range"])
        || begins_with(name, "accept-")
        || is_about_content(name)
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(limit) => write!(f, "the server redirects again after {limit} redirects"),
            Self::Locations => f.write_str("a redirect has several different locations"),
            Self::Location(error) => write!(f, "the location of a redirect is not valid: {error}"),
            Self::Scheme => f.write_str("a redirect leads to another scheme than http and https"),
            Self::Downgrade => f.write_str("a redirect leads from https to http"),
            Self::Content => f.write_str("a redirect needs the content again, which was streamed"),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: fn() -> Policy = Policy::default;

    fn request(method: &str, url: &str, content: Content, fields: &[&str]) -> Request {
        let fields = fields.iter().map(|name| Field { name, value: b"v" }).collect();
        Request { method: method.into(), url: Url::parse(url).unwrap(), content, fields }
    }

    fn locations(locations: &[&str]) -> Fields {
        let mut fields = Fields::default();
        fields.push("Server", "x");
        for location in locations {
            fields.push("location", *location);
        }
        fields
    }

    fn get(url: &str) -> Request {
        request("GET", url, Content::None, &[])
    }

    fn follow_from(url: &str, location: &str) -> Result<String, Refused> {
        follow(&STRICT(), 0, get(url), 302, &locations(&[location])).map(|next| next.unwrap().url.to_string())
    }

    fn names(request: &Request) -> Vec<&str> {
        request.fields.iter().map(|field| field.name).collect()
    }

    #[test]
    fn only_some_statuses_redirect_and_only_with_a_location() {
        let is_followed = |policy: &Policy, status, lines: &[&str]| {
            follow(policy, 0, get("http://a.test/"), status, &locations(lines)).unwrap().is_some()
        };
        for status in 100..1000 {
            let expected = [301, 302, 303, 307, 308].contains(&status);
            assert_eq!(is_followed(&STRICT(), status, &["/x"]), expected, "{status}");
            assert_eq!(is_followed(&Policy::curl(), status, &["/x"]), expected || status == 300, "{status}");
            assert!(!is_followed(&STRICT(), status, &[]) && !is_followed(&STRICT(), status, &["", " "]));
        }
        let connect = request("CONNECT", "http://a.test/", Content::None, &[]);
        assert!(follow(&STRICT(), 0, connect, 302, &locations(&["/x"])).unwrap().is_none());
    }

    #[test]
    fn a_location_is_resolved() {
        for (base, location, expected) in [
            ("http://a.test/foo/bar", "http://b.test/x?y", "http://b.test/x?y"),
            ("http://a.test/foo/bar", "/x", "http://a.test/x"),
            ("http://a.test/foo/bar", "norman", "http://a.test/foo/norman"),
            ("http://a.test/foo/bar/", "norman", "http://a.test/foo/bar/norman"),
            ("http://a.test/foo/bar?q", "?r", "http://a.test/foo/bar?r"),
            ("http://a.test/foo/bar", "../x", "http://a.test/x"),
            ("http://a.test/", "//b.test:8080/x", "http://b.test:8080/x"),
            ("https://a.test/", "//b.test/x", "https://b.test/x"),
            ("http://a.test/", " \t/x\t ", "http://a.test/x"),
            ("http://a.test/", "http://joe:sesame@b.test/", "http://b.test/"),
            ("http://joe:sesame@a.test/", "/x", "http://a.test/x"),
            (
                "http://a.test/",
                "/caf\u{e9} ol\u{e9}?\u{fc} \"<>#\u{e4}",
                "http://a.test/caf%C3%A9%20ol%C3%A9?%C3%BC%20%22%3C%3E#%C3%A4",
            ),
            ("http://a.test:80/", "HTTP://A.TEST:80", "http://a.test/"),
            // A fragment is inherited.
            ("http://a.test/x#here", "/y", "http://a.test/y#here"),
            ("http://a.test/x#here", "/y#there", "http://a.test/y#there"),
            ("http://a.test/x#here", "/y#", "http://a.test/y#"),
            ("http://a.test/x#here", "#there", "http://a.test/x#there"),
            ("http://a.test/x?q#here", "http://b.test", "http://b.test/#here"),
        ] {
            assert_eq!(follow_from(base, location).as_deref(), Ok(expected), "{base} {location}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped_as_they_are() {
        let mut fields = Fields::default();
        fields.push("Location", b"/caf\xe9");
        let next = follow(&STRICT(), 0, get("http://a.test/"), 302, &fields).unwrap().unwrap();
        assert_eq!(next.url.to_string(), "http://a.test/caf%E9");
    }

    #[test]
    fn other_schemes_and_no_urls_are_refused() {
        for location in
            ["ftp://a.test/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "mailto:a@b", "a.test:80/x"]
        {
            assert_eq!(follow_from("http://a.test/", location), Err(Refused::Scheme), "{location}");
        }
        for (location, part) in [
            ("http:///x", Part::Host),
            ("http:x", Part::Host),
            ("//", Part::Host),
            ("http://a b/", Part::Host),
            ("http://b\u{fc}.test/", Part::Host),
            ("http://127.1/", Part::Host),
            ("http://b.test:0/", Part::Port),
            ("http://b.test:x/", Part::Port),
            ("http://x@y@b.test/", Part::Userinfo),
        ] {
            match follow_from("http://a.test/", location) {
                Err(Refused::Location(error)) => assert_eq!(error.part, part, "{location}"),
                other => panic!("{location}: {other:?}"),
            }
        }
        let long = "x".repeat(crate::limits::URL_LENGTH);
        assert!(matches!(follow_from("http://a.test/", &long), Err(Refused::Location(_))));
    }

    #[test]
    fn several_locations_must_be_the_same() {
        let of = |lines: &[&str]| follow(&STRICT(), 0, get("http://a.test/"), 302, &locations(lines));
        assert_eq!(of(&["/x", " /x"]).unwrap().unwrap().url.target, "/x");
        assert_eq!(of(&["/x", "/y"]).unwrap_err(), Refused::Locations);
        assert_eq!(of(&["/x", ""]).unwrap_err(), Refused::Locations);
        // They mean nothing where none is followed.
        let other = follow(&STRICT(), 0, get("http://a.test/"), 201, &locations(&["/x", "/y"]));
        assert!(other.unwrap().is_none());
    }

    #[test]
    fn the_limit_is_how_many_are_followed() {
        let after = |policy: &Policy, followed| {
            follow(policy, followed, get("http://a.test/"), 302, &locations(&["/x"])).map(|next| next.is_some())
        };
        assert_eq!(after(&STRICT(), REDIRECTS - 1), Ok(true));
        assert_eq!(after(&STRICT(), REDIRECTS), Err(Refused::TooMany(REDIRECTS)));
        assert_eq!(after(&Policy::curl(), 49), Ok(true));
        assert_eq!(after(&Policy::curl(), 50), Err(Refused::TooMany(50)));
        let none = Policy { limit: Some(0), ..STRICT() };
        assert_eq!(after(&none, 0), Err(Refused::TooMany(0)));
        let all = Policy { limit: None, ..STRICT() };
        assert_eq!(after(&all, usize::MAX), Ok(true));
        // What is no redirect is not one too many.
        assert!(follow(&none, 0, get("http://a.test/"), 200, &locations(&["/x"])).unwrap().is_none());
    }

    #[test]
    fn from_https_to_http_only_if_the_policy_says_so() {
        assert_eq!(follow_from("https://a.test/", "http://a.test/"), Err(Refused::Downgrade));
        assert_eq!(follow_from("http://a.test/", "https://a.test/").as_deref(), Ok("https://a.test/"));
        assert_eq!(follow_from("https://a.test/", "/x").as_deref(), Ok("https://a.test/x"));
        let next = follow(&Policy::curl(), 0, get("https://a.test/"), 302, &locations(&["http://a.test/"]));
        assert_eq!(next.unwrap().unwrap().url.to_string(), "http://a.test/");
    }

    #[test]
    fn methods_and_content_after_each_status() {
        const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
        let table = |policy: &Policy, method: &str| {
            STATUSES.map(|status| {
                let request =
                    request(method, "http://a.test/", Content::Kept, &["Content-Type", "Digest", "Expect", "X"]);
                let next = follow(policy, 0, request, status, &locations(&["/x"])).unwrap().unwrap();
                let has_content = next.content == Content::Kept;
                let expected: &[&str] = if has_content { &["Content-Type", "Digest", "Expect", "X"] } else { &["X"] };
                assert_eq!(names(&next), expected, "{method} {status}");
                format!("{}{}", next.method, if has_content { "+" } else { "" })
            })
        };
        assert_eq!(table(&STRICT(), "GET"), ["GET+", "GET+", "GET", "GET+", "GET+"]);
        assert_eq!(table(&STRICT(), "HEAD"), ["HEAD+", "HEAD+", "HEAD", "HEAD+", "HEAD+"]);
        assert_eq!(table(&STRICT(), "POST"), ["GET", "GET", "GET", "POST+", "POST+"]);
        assert_eq!(table(&STRICT(), "PUT"), ["PUT+", "PUT+", "GET", "PUT+", "PUT+"]);
        assert_eq!(table(&STRICT(), "DELETE"), ["DELETE+", "DELETE+", "GET", "DELETE+", "DELETE+"]);
        assert_eq!(table(&STRICT(), "post"), ["post+", "post+", "GET", "post+", "post+"]);
        let keeping = |keeps_post| Policy { keeps_post, ..Policy::curl() };
        assert_eq!(table(&keeping([true, false, false]), "POST"), ["POST+", "GET", "GET", "POST+", "POST+"]);
        assert_eq!(table(&keeping([false, true, false]), "POST"), ["GET", "POST+", "GET", "POST+", "POST+"]);
        assert_eq!(table(&keeping([false, false, true]), "POST"), ["GET", "GET", "POST+", "POST+", "POST+"]);
        assert_eq!(table(&keeping([true; 3]), "PUT"), ["PUT+", "PUT+", "GET", "PUT+", "PUT+"]);
        let fixed = Policy { keeps_method: true, ..Policy::curl() };
        assert_eq!(table(&fixed, "POST"), ["POST", "POST", "GET", "POST+", "POST+"]);
        assert_eq!(table(&fixed, "PATCH"), ["PATCH+", "PATCH+", "GET", "PATCH+", "PATCH+"]);
    }

    #[test]
    fn streamed_content_is_not_sent_again() {
        let of = |method, status| {
            let request = request(method, "http://a.test/", Content::Streamed, &[]);
            follow(&STRICT(), 0, request, status, &locations(&["/x"])).map(|next| next.unwrap().method)
        };
        assert_eq!(of("POST", 303).as_deref(), Ok("GET"));
        assert_eq!(of("POST", 302).as_deref(), Ok("GET"));
        assert_eq!(of("PUT", 303).as_deref(), Ok("GET"));
        for (method, status) in [("POST", 307), ("POST", 308), ("PUT", 301), ("PUT", 302), ("PUT", 307)] {
            assert_eq!(of(method, status), Err(Refused::Content), "{method} {status}");
        }
    }

    const FIELDS: &[&str] = &[
        "Accept",
        "Authorization",
        "accept-language",
        "Cookie",
        "User-Agent",
        "Host",
        "Range",
        "X-Api-Key",
        "Referer",
        "Content-Type",
        "Proxy-Authorization",
        "Accepted",
        "If-Match",
        "content-digest",
    ];

    fn kept(policy: &Policy, content: Content, base: &str, location: &str) -> Vec<String> {
        let request = request("PUT", base, content, FIELDS);
        let next = follow(policy, 0, request, 307, &locations(&[location])).unwrap().unwrap();
        names(&next).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn to_the_same_origin_all_fields_go_along() {
        for location in ["/x", "http://A.test:80/", "//a.test"] {
            assert_eq!(kept(&STRICT(), Content::Kept, "http://a.test/", location), FIELDS, "{location}");
        }
        let without: Vec<_> = FIELDS.iter().copied().filter(|name| !begins_with(name, "content-")).collect();
        assert_eq!(kept(&STRICT(), Content::None, "http://a.test/", "/x"), without);
    }

    #[test]
    fn to_another_origin_a_short_list_does() {
        let others =
            ["http://b.test/", "http://a.test:81/", "https://a.test/", "http://www.a.test/", "http://a.test./"];
        for location in others {
            let kept = |content| kept(&STRICT(), content, "http://a.test/", location);
            let plain = ["Accept", "accept-language", "User-Agent", "Range"];
            assert_eq!(kept(Content::None), plain, "{location}");
            assert_eq!(kept(Content::Kept), [&plain[..], &["Content-Type", "content-digest"]].concat(), "{location}");
        }
    }

    #[test]
    fn curl_keeps_all_but_credentials_and_cookies() {
        let kept = |policy: &Policy| kept(policy, Content::Kept, "http://a.test/", "http://b.test/");
        let without = |names: &[&str]| FIELDS.iter().copied().filter(|name| !names.contains(name)).collect::<Vec<_>>();
        assert_eq!(kept(&Policy::curl()), without(&["Authorization", "Cookie", "Host", "Proxy-Authorization"]));
        let trusting = Policy { trusts_all: true, ..Policy::curl() };
        assert_eq!(kept(&trusting), without(&["Host", "Proxy-Authorization"]));
    }

    #[test]
    fn what_was_removed_stays_removed() {
        let first = request("GET", "http://a.test/", Content::None, &["Authorization", "Accept"]);
        let away = follow(&STRICT(), 0, first, 302, &locations(&["http://b.test/"])).unwrap().unwrap();
        let back = follow(&STRICT(), 1, away, 302, &locations(&["http://a.test/"])).unwrap().unwrap();
        assert_eq!((names(&back), back.url.to_string().as_str()), (vec!["Accept"], "http://a.test/"));
    }
}
