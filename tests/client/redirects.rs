//! Which redirects are followed, where they lead, and what is told of them.

use xenon::client::redirect::Policy;
use xenon::error::{Code, Phase};
use xenon::session::Redirect;
use xenon::session::events::Kind;

use crate::server::response;
use crate::support::*;

fn path(seen: &crate::server::Seen) -> String {
    ok(&format!("{} {}", seen.method, seen.target))
}

#[test]
fn a_redirect_is_followed_on_the_same_connection() {
    let (net, client, _) = two(|seen| if seen.target == "/" { redirect(302, "/x?y") } else { path(seen) });
    assert_eq!(get(&net, &client, "http://a.test").unwrap(), "GET /x?y");
    assert_eq!(net.connections(), 1);
}

#[test]
fn a_redirect_leads_to_another_origin_and_back() {
    let (net, client, [a, b]) = two(|seen| match seen.target.as_str() {
        "/" => redirect(301, "//b.test/1"),
        _ => path(seen),
    });
    drop(b);
    net.listen(
        at("10.0.0.4:8080"),
        [xenon::net::sim::Script::new().expect_head().send(redirect(307, "http://a.test/2"))],
    );
    let response = open(&net, &client.request("GET", "http://a.test/#f"));
    assert_eq!((response.head().status, response.url().as_str()), (200, "http://b.test/1#f"));
    let last = get(&net, &client, "http://d.test:8080/").unwrap();
    assert_eq!(last, "GET /2");
    assert_eq!(a.seen().len(), 2);
}

#[test]
fn the_way_can_be_read_from_the_response() {
    let (net, client, _) = two(|seen| match seen.target.as_str() {
        "/" => redirect(302, "/1"),
        "/1" => redirect(308, "http://b.test/2#there"),
        _ => path(seen),
    });
    let response = open(&net, &client.request("GET", "http://a.test/#here"));
    let way = |url: &str, status, location: &str| Redirect { url: url.into(), status, location: location.into() };
    assert_eq!(
        response.redirects(),
        [
            way("http://a.test/#here", 302, "http://a.test/1#here"),
            way("http://a.test/1#here", 308, "http://b.test/2#there"),
        ]
    );
    assert_eq!(response.url(), "http://b.test/2#there");
}

#[test]
fn without_a_policy_a_redirect_is_the_response() {
    let (net, client, _) = two(|_| redirect(302, "../x?\u{e4}"));
    client.set_redirects(None);
    let response = open(&net, &client.request("GET", "http://a.test/y/z/"));
    assert_eq!((response.head().status, response.redirects()), (302, vec![]));
    assert_eq!(response.url(), "http://a.test/y/z/");
    assert_eq!(response.location().as_deref(), Some("http://a.test/y/x?%C3%A4"));
}

#[test]
fn a_session_follows_nothing_and_tells_where_it_would_lead() {
    let (net, client, [a, _]) = two(|seen| match seen.target.as_str() {
        "/none" => ok(""),
        "/empty" => response("302 Found", &["Location: "], ""),
        "/two" => response("302 Found", &["Location: /x", "Location: /y"], ""),
        "/same" => response("302 Found", &["Location: /x", "Location: /x"], ""),
        _ => response("201 Created", &["Location: ftp://b.test/x"], ""),
    });
    let session = client.session("http", "a.test", 80);
    for (target, expected) in [
        ("/none", None),
        ("/empty", None),
        ("/two", None),
        ("/same", Some("http://a.test/x")),
        ("/", Some("ftp://b.test/x")),
        ("http://c.test/", Some("ftp://b.test/x")),
    ] {
        let response = open(&net, &session.request("GET", target));
        assert_eq!(response.location().as_deref(), expected, "{target}");
        let url = if target.starts_with('/') { format!("http://a.test{target}") } else { target.to_owned() };
        assert_eq!((response.url(), response.redirects()), (url, vec![]));
    }
    assert_eq!(a.seen().len(), 6);
}

#[test]
fn content_is_sent_again_where_the_method_stays() {
    for (status, expected) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST content"), (308, "POST content")] {
        let (net, client, [a, _]) = two(move |seen| match seen.target.as_str() {
            "/" => redirect(status, "/x"),
            _ => ok(format!("{} {}", seen.method, String::from_utf8_lossy(&seen.content)).trim()),
        });
        let mut request = client.request("POST", "http://a.test/");
        request.set_content(b"content".to_vec());
        request.add_field("Content-Type", b"text/plain".to_vec()).unwrap();
        assert_eq!(text(send(&net, &request).unwrap().content), expected, "{status}");
        let is_kept = expected != "GET";
        assert_eq!(values(&a, "Content-Type")[1].is_some(), is_kept);
        assert_eq!(values(&a, "Content-Length")[1].is_some(), is_kept);
    }
}

#[test]
fn the_limit_of_the_policy_is_held() {
    let (net, client, [a, _]) = two(|_| redirect(302, "/"));
    assert_eq!(failure(get(&net, &client, "http://a.test/")), (Phase::Redirect, Code::TooManyRedirects));
    assert_eq!(a.take().len(), 21);
    client.set_redirects(Some(Policy { limit: Some(2), ..Policy::default() }));
    assert_eq!(failure(get(&net, &client, "http://a.test/")), (Phase::Redirect, Code::TooManyRedirects));
    assert_eq!(a.take().len(), 3);
}

#[test]
fn what_is_not_followed_is_an_error_of_its_own() {
    for (lines, code) in [
        (&["Location: ftp://b.test/"][..], Code::InvalidScheme),
        (&["Location: javascript:alert(1)"], Code::InvalidScheme),
        (&["Location: http://b.test:99999/"], Code::InvalidUrl),
        (&["Location: http:///x"], Code::InvalidUrl),
        (&["Location: /x", "Location: /y"], Code::Protocol),
    ] {
        let (net, client, [a, b]) = two(move |_| response("302 Found", lines, ""));
        assert_eq!(failure(get(&net, &client, "http://a.test/")), (Phase::Redirect, code), "{lines:?}");
        assert_eq!((a.seen().len(), b.seen().len()), (1, 0));
    }
}

#[test]
fn an_invalid_url_is_reported_when_the_request_is_sent() {
    let (net, client, _) = two(path);
    for url in ["", "a.test", "ftp://a.test/", "http://a.test/ x", "http://joe:sesame@a.test/", "http://joe@a.test/"] {
        let error = get(&net, &client, url).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Setup, Code::InvalidUrl), "{url}");
        assert!(!error.detail.contains("sesame"), "{}", error.detail);
    }
    let connect = send(&net, &client.request("CONNECT", "http://a.test/"));
    assert_eq!(failure(connect), (Phase::Setup, Code::RequestMethodInvalid));
    assert_eq!(net.connections(), 0);
}

#[test]
fn events_are_numbered_across_the_sessions_of_a_client() {
    let (net, client, _) = two(|_| redirect(302, "http://b.test/x"));
    get(&net, &client, "http://a.test/").unwrap();
    get(&net, &client, "http://b.test/").unwrap();
    let told: Vec<_> = client
        .take_events()
        .into_iter()
        .filter_map(|event| {
            let what = match event.what {
                Kind::Connected(peer) => format!("connected {peer}"),
                Kind::Redirecting(url) => format!("redirecting {url}"),
                Kind::Reused => "reused".into(),
                Kind::Complete => "complete".into(),
                _ => return None,
            };
            Some(format!("{}/{} {what}", event.subject.exchange, event.subject.connection))
        })
        .collect();
    assert_eq!(
        told,
        [
            "1/1 connected 10.0.0.1:80",
            "1/1 redirecting http://b.test/x",
            "1/2 connected 10.0.0.2:80",
            "1/2 complete",
            "2/2 reused",
            "2/2 complete",
        ]
    );
}

#[test]
fn interim_responses_are_those_of_the_last_request() {
    let early = |name: &str| format!("HTTP/1.1 103 Early Hints\r\nX: {name}\r\n\r\n");
    let (net, client, _) = two(move |seen| match seen.target.as_str() {
        "/" => early("first") + &redirect(302, "/x"),
        _ => early("second") + &ok(""),
    });
    let response = open(&net, &client.request("GET", "http://a.test/"));
    let values: Vec<_> = response.interim_responses().iter().map(|head| head.fields.first("x").unwrap()).collect();
    assert_eq!(values, [b"second"]);
}
