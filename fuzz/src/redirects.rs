//! Redirects: what is followed can be asked for, and nothing goes along that is for another.

use xenon::client::redirect::{Content, Policy, Refused, Request, follow};
use xenon::http::fields::{Field, Fields};
use xenon::http::method;
use xenon::http::target;
use xenon::http::uri::Reference;
use xenon::http::url::Url;

use crate::split;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "post", "CONNECT"];
const BASES: [&str; 4] =
    ["http://a.test/b/c?d#e", "https://a.test/", "http://joe:sesame@a.test:8080/x/", "https://[::1]/?q"];
const SECRETS: [&str; 4] = ["authorization", "Cookie", "HOST", "Proxy-Authorization"];
const OTHERS: [&str; 8] =
    ["Accept", "accept-language", "User-Agent", "Range", "X-Key", "Content-Type", "Digest", "Accepted"];

/// Input: the policy, the request, the status and how many came before; locations, one on each line.
pub fn check(input: &[u8]) {
    let ([how, what, status, before], rest) = split(input);
    let policy = Policy {
        may_downgrade: how & 1 != 0,
        keeps_fields: how & 2 != 0,
        trusts_all: how & 4 != 0,
        keeps_post: [how & 8 != 0, how & 16 != 0, how & 32 != 0],
        keeps_method: how & 64 != 0,
        ..if how & 128 == 0 { Policy::default() } else { Policy::curl() }
    };
    let content = [Content::None, Content::Kept, Content::Streamed][usize::from(what >> 5) % 3];
    let field = |name: &&'static str| Field { name, value: b"v" };
    let request = Request {
        method: METHODS[usize::from(what & 7)].into(),
        url: Url::parse(BASES[usize::from(what >> 3 & 3)]).expect("a URL"),
        content,
        fields: SECRETS.iter().chain(&OTHERS).map(field).collect(),
    };
    let mut response = Fields::default();
    for location in rest.split(|byte| *byte == b'\n').take(4) {
        response.push("Location", location);
    }
    let status = 290 + u16::from(status) % 30;
    let outcome = follow(&policy, usize::from(before), request.clone(), status, &response);
    let next = match outcome {
        Ok(Some(next)) => next,
        Ok(None) => return,
        Err(refused) => {
            let words = refused.to_string();
            assert!(words.len() < 400 && !words.contains(|c: char| c.is_control()), "{words:?}");
            let is_limit = policy.limit.is_some_and(|limit| usize::from(before) >= limit);
            assert!(is_limit == matches!(refused, Refused::TooMany(_)) || refused == Refused::Locations);
            return;
        }
    };
    assert!((300..400).contains(&status) && policy.limit.is_none_or(|limit| usize::from(before) < limit));
    check_url(&policy, &request.url, &next.url);
    // Unless the location itself has the word.
    assert!(
        !next.url.to_string().contains("sesame") || rest.windows(6).any(|part| part.eq_ignore_ascii_case(b"sesame"))
    );
    check_content(&policy, &request, &next, status);
    check_fields(&policy, &request, &next);
}

fn check_url(policy: &Policy, before: &Url, url: &Url) {
    let text = url.to_string();
    let again = Url::parse(&text).expect("what it is without its userinfo");
    assert_eq!((again.to_string(), again.origin), (text.clone(), url.origin.clone()));
    assert!(!url.has_userinfo);
    assert_eq!(target::check(url.origin.scheme, "GET", &url.target), Ok(()));
    let path = Reference::parse(&text).path.to_owned();
    assert!(path.split('/').all(|segment| !matches!(segment, "." | "..")), "{text}");
    let is_downgrade = before.origin.scheme.as_str() == "https" && url.origin.scheme.as_str() == "http";
    assert!(policy.may_downgrade || !is_downgrade);
    assert!(before.fragment.is_none() || url.fragment.is_some());
}

fn check_content(policy: &Policy, request: &Request, next: &Request, status: u16) {
    assert_eq!(method::check(&next.method), Ok(()));
    assert!(next.method == request.method || next.method == "GET");
    assert!(next.content == request.content || next.content == Content::None);
    assert_ne!(next.content, Content::Streamed);
    match status {
        307 | 308 => assert_eq!((&next.method, next.content), (&request.method, request.content)),
        303 if request.method != "POST" => {
            assert_eq!(next.content, Content::None);
            assert!(matches!(next.method.as_str(), "GET" | "HEAD"));
        }
        301 | 302 if request.method != "POST" => assert_eq!(next.method, request.method),
        301 | 302 if policy.keeps_post == [false; 3] => assert_eq!(next.content, Content::None),
        _ => {}
    }
}

fn check_fields(policy: &Policy, request: &Request, next: &Request) {
    let is_same = next.url.origin == request.url.origin;
    // The same fields in the same order, without some.
    let mut all = request.fields.iter();
    assert!(next.fields.iter().all(|field| all.any(|other| other == field)));
    let has = |name: &str| next.fields.iter().any(|field| field.name == name);
    for (index, name) in SECRETS.iter().enumerate() {
        assert_eq!(has(name), is_same || policy.trusts_all && index < 2, "{name}");
    }
    let keeps_all = is_same || policy.keeps_fields || policy.trusts_all;
    for name in ["Accept", "accept-language", "User-Agent", "Range"] {
        assert!(has(name), "{name}");
    }
    assert_eq!((has("X-Key"), has("Accepted")), (keeps_all, keeps_all));
    let is_kept = next.content == Content::Kept;
    assert_eq!((has("Content-Type"), has("Digest")), (is_kept, is_kept));
}
