//! Cookies on their way: where they are taken from, and which requests have them.

use xenon::session::events::Kind;

use crate::server::{asks, response};
use crate::support::*;

fn cookies(server: &crate::server::Server) -> Vec<String> {
    values(server, "Cookie").into_iter().map(Option::unwrap_or_default).collect()
}

#[test]
fn a_cookie_comes_back() {
    let (net, client, [a, b]) =
        two(|_| response("200 OK", &["Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/x"], ""));
    let jar = jar(&client);
    for target in ["/", "/x/y", "/z"] {
        get(&net, &client, &format!("http://a.test{target}")).unwrap();
    }
    get(&net, &client, "http://b.test/x").unwrap();
    assert_eq!(cookies(&a), ["", "b=2; a=1", "a=1"]);
    assert_eq!((cookies(&b), jar.borrow().len()), (vec![String::new()], 2));
}

#[test]
fn without_a_jar_there_are_none() {
    let (net, client, [a, _]) = two(|_| response("200 OK", &["Set-Cookie: a=1"], ""));
    get(&net, &client, "http://a.test/").unwrap();
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!(cookies(&a), ["", ""]);
}

#[test]
fn a_redirect_sets_them_for_the_next_request_and_not_for_another_origin() {
    let (net, client, [a, b]) = two(|seen| match seen.target.as_str() {
        "/" => response("302 Found", &["Location: /x", "Set-Cookie: a=1"], "moved"),
        _ => response("302 Found", &["Location: http://b.test/", "Set-Cookie: b=2; Domain=test"], ""),
    });
    jar(&client);
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!((cookies(&a), cookies(&b)), (vec![String::new(), "a=1".into()], vec![String::new()]));
}

#[test]
fn interim_responses_and_challenges_set_them() {
    let (net, client, [a, _]) = two(|seen| match seen.authorization() {
        None => {
            let hints = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n";
            hints.to_owned() + &asks(&["Basic realm=\"r\""]).replacen("\r\n", "\r\nSet-Cookie: asked=2\r\n", 1)
        }
        Some(_) => ok("in"),
    });
    jar(&client);
    let login = xenon::auth::Login { user: "a".into(), password: xenon::secret::Secret::new("b") };
    let schemes = xenon::auth::Schemes {
        basic: true,
        digest_md5: false,
        digest_sha256: false,
        digest_sha512_256: false,
        digest_without_qop: false,
    };
    let session = client.session("http", "a.test", 80);
    session.change_credentials(|known| known.set_login(None, login, schemes, false)).unwrap();
    assert_eq!(get(&net, &client, "http://a.test/").unwrap(), "in");
    assert_eq!(cookies(&a), ["", "early=1; asked=2"]);
}

#[test]
fn a_field_of_the_callers_own_stays_and_comes_last() {
    let (net, client, [a, b]) = two(|seen| match seen.target.as_str() {
        "/" => response("302 Found", &["Location: /x", "Set-Cookie: a=1"], ""),
        _ => redirect(302, "http://b.test/"),
    });
    jar(&client);
    let mut request = client.request("GET", "http://a.test/");
    request.add_field("Cookie", b"own=2; a=3".to_vec()).unwrap();
    send(&net, &request).unwrap();
    assert_eq!(cookies(&a), ["own=2; a=3", "a=1; own=2; a=3"]);
    assert_eq!(cookies(&b), [""]);
}

#[test]
fn a_host_of_the_callers_own_names_their_host() {
    let (net, client, [a, _]) = two(|_| response("200 OK", &["Set-Cookie: a=1"], ""));
    let jar = jar(&client);
    for (host, expected) in [("c.test:81", ""), ("c.test", "a=1"), ("a.test", ""), ("not..one", "")] {
        let mut request = client.request("GET", "http://a.test/");
        if request.add_field("Host", host.as_bytes().to_vec()).is_err() {
            continue;
        }
        send(&net, &request).unwrap();
        assert_eq!(cookies(&a).last().unwrap(), expected, "{host}");
    }
    let exported = text(jar.borrow().export(crate::authority::TODAY).text);
    assert!(exported.contains("c.test\tFALSE") && exported.contains("a.test\tFALSE"), "{exported}");
}

#[test]
fn trace_has_none_and_takes_none() {
    let (net, client, [a, _]) = two(|_| response("200 OK", &["Set-Cookie: a=1"], ""));
    let jar = jar(&client);
    get(&net, &client, "http://a.test/").unwrap();
    jar.borrow_mut().clear_session_cookies();
    send(&net, &client.request("TRACE", "http://a.test/")).unwrap();
    assert_eq!((cookies(&a), jar.borrow().len()), (vec![String::new(); 2], 0));
}

#[test]
fn clients_share_a_jar() {
    let (net, client, [a, _]) = two(|_| response("200 OK", &["Set-Cookie: a=1"], ""));
    let jar = jar(&client);
    let other = Client::new(net.clone());
    share(&other, Some(&jar));
    get(&net, &client, "http://a.test/").unwrap();
    get(&net, &other, "http://a.test/").unwrap();
    share(&other, Some(&Default::default()));
    get(&net, &other, "http://a.test/").unwrap();
    assert_eq!(cookies(&a), ["", "a=1", ""]);
}

#[test]
fn sessions_have_them_too() {
    let (net, client, [a, _]) = two(|_| response("200 OK", &["Set-Cookie: a=1"], ""));
    jar(&client);
    get(&net, &client, "http://a.test/").unwrap();
    let session = client.session("http", "a.test", 80);
    send(&net, &session.request("GET", "/")).unwrap();
    let lone = xenon::session::Session::new(net.clone(), "http", "a.test", 80);
    send(&net, &lone.request("GET", "/")).unwrap();
    lone.set_options(client.options());
    send(&net, &lone.request("GET", "/")).unwrap();
    assert_eq!(cookies(&a), ["", "a=1", "", "a=1"]);
}

#[test]
fn events_tell_names_and_no_values() {
    let (net, client, _) = two(|_| {
        response("200 OK", &["Set-Cookie: name=hidden", "Set-Cookie: hidden", "Set-Cookie: s=hidden; Secure"], "")
    });
    jar(&client);
    get(&net, &client, "http://a.test/").unwrap();
    get(&net, &client, "http://a.test/").unwrap();
    let events = client.take_events();
    let notes: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            Kind::Cookie { name, refused } => Some((name.as_str(), refused.as_deref())),
            _ => None,
        })
        .collect();
    let refused = Some("it is Secure, and the connection is not");
    assert_eq!(notes[..3], [("name", None), ("", None), ("s", refused)]);
    let requests: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            Kind::RequestHead(head) => Some(String::from_utf8_lossy(&head.0).into_owned()),
            _ => None,
        })
        .collect();
    assert!(requests[1].contains("Cookie: ***") && !requests.concat().contains("hidden"), "{requests:?}");
}
