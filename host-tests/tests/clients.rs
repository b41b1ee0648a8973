//! Clients of the built component under wasmtime: redirects and cookies with nginx, and what is lowered and lifted on the way.

use std::process::Command;
use std::time::Duration;

use xenon_harness::component::clients::{FieldsAlong, PostKeeping, RedirectPolicy};
use xenon_harness::component::{AuthSchemes, CloseReason, ErrorCode, EventKind, Guest, Phase, Redirect};
use xenon_harness::nginx::{Nginx, USER};
use xenon_harness::peer::{Peer, Script};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn a_redirect_of_nginx_is_followed_with_its_cookie() {
    let Some(nginx) = Nginx::start(&[]) else { return };
    let guest = Guest::new();
    let (client, jar) = (guest.client(), guest.cookie_jar());
    let options = client.options();
    assert!(options.cookie_jar().is_none());
    options.set_cookie_jar(Some(&jar));
    client.set_options(&options);
    let base = format!("http://localhost:{}", nginx.port());
    let request = client.request("GET", &format!("{base}/login#here"));
    let response = request.send().unwrap();
    assert_eq!((response.status(), response.url()), (200, format!("{base}/cookies?way=login#here")));
    assert_eq!(response.read_to_end().unwrap(), b"name=value");
    let way =
        Redirect { url: format!("{base}/login#here"), status: 302, location: format!("{base}/cookies?way=login#here") };
    assert_eq!(response.redirects(), [way]);
    assert_eq!(client.get(&format!("{base}/cookies")).unwrap().content, b"name=value");
    let served = nginx.served();
    assert!(served.len() == 3 && served.iter().all(|one| one.connection == served[0].connection), "{served:?}");
    let exported = String::from_utf8(jar.export_cookies().text).unwrap();
    assert!(exported.ends_with("localhost\tFALSE\t/\tFALSE\t0\tname\tvalue\n"), "{exported}");
}

#[test]
fn the_example_in_rust_fetches_follows_and_keeps_cookies() {
    let Some(nginx) = Nginx::start(&[]) else { return };
    let base = format!("http://localhost:{}", nginx.port());
    let output = Command::new(env!("CARGO_BIN_EXE_xenon"))
        .arg("run")
        .arg(xenon_tested_guests::rust_fetch())
        .args([format!("{base}/cookies"), format!("{base}/login"), format!("{base}/cookies")])
        .env_clear()
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let expected =
        format!("200 {base}/cookies\n\n200 {base}/cookies?way=login\nname=value\n200 {base}/cookies\nname=value\n");
    assert_eq!(told, expected, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn credentials_are_those_of_the_clients_session_of_the_origin() {
    let Some(nginx) = Nginx::start(&[("/basic/secret", 10)]) else { return };
    let (host, url) = ("localhost", format!("http://localhost:{}/basic/secret", nginx.port()));
    let guest = Guest::new();
    let client = guest.client();
    assert_eq!(client.get(&url).unwrap().status, 401);
    let session = client.session_of("http", host, nginx.port());
    session.set_credentials(None, USER.name, USER.password, AuthSchemes::BASIC, false).unwrap();
    drop(session);
    assert_eq!(client.get(&url).unwrap().content.len(), 10);
}

#[test]
fn a_jar_is_imported_asked_and_cleared() {
    let guest = Guest::new();
    let jar = guest.cookie_jar();
    let text = "# Netscape HTTP Cookie File\n\
                a.test\tFALSE\t/\tFALSE\t0\tone\t1\n\
                Set-Cookie: two=2; Max-Age=1000\n\
                nonsense\n";
    let imported = jar.import_cookies(text.as_bytes(), Some("http://a.test/x"));
    assert_eq!((imported.taken, imported.refused, jar.count()), (2, 1, 2));
    let imported = jar.import_cookies(b"Set-Cookie: three=3\n", Some("b.test"));
    assert_eq!((imported.taken, imported.refused), (0, 1));
    assert_eq!(jar.set_public_suffixes(Some(b"no list")).unwrap_err().code, ErrorCode::ConfigurationError);
    jar.set_public_suffixes(None).unwrap();
    jar.clear_session_cookies();
    assert_eq!(jar.count(), 1);
    jar.clear();
    assert_eq!(jar.count(), 0);
}

#[test]
fn the_policy_is_what_was_set() {
    let guest = Guest::new();
    let client = guest.client();
    let default = RedirectPolicy {
        limit: Some(20),
        downgrade: false,
        along: FieldsAlong::Few,
        keep_post: PostKeeping::empty(),
        keep_method: false,
        multiple_choices: false,
    };
    assert_eq!(client.redirects(), Some(default));
    for along in [FieldsAlong::Few, FieldsAlong::Most, FieldsAlong::All] {
        for keep_post in [PostKeeping::MOVED_PERMANENTLY, PostKeeping::FOUND | PostKeeping::SEE_OTHER] {
            let policy = RedirectPolicy {
                limit: None,
                downgrade: true,
                along,
                keep_post,
                keep_method: true,
                multiple_choices: true,
            };
            client.set_redirects(Some(policy));
            assert_eq!(client.redirects(), Some(policy));
        }
    }
    client.set_redirects(None);
    assert_eq!(client.redirects(), None);
}

#[test]
fn a_caller_with_sessions_of_its_own_follows_step_by_step() {
    let Some(nginx) = Nginx::start(&[]) else { return };
    let guest = Guest::new();
    let session = guest.session("http", "localhost", nginx.port());
    let options = session.options();
    let jar = guest.cookie_jar();
    options.set_cookie_jar(Some(&jar));
    session.set_options(&options);
    let policy = guest.client().redirects().unwrap();
    let request = session.request("POST", "/login");
    request.set_content(b"content");
    request.add_field("X-Own", "y").unwrap();
    let response = request.send().unwrap();
    assert_eq!(response.location(), Some(format!("http://localhost:{}/cookies?way=login", nginx.port())));
    let next = guest.follow(&request, &response, policy, 19).unwrap().unwrap();
    assert_eq!((next.scheme(), next.host(), next.port()), ("http".into(), "localhost".into(), nginx.port()));
    assert_eq!((next.method(), next.has_content(), Some(next.url())), ("GET".into(), false, response.location()));
    let elsewhere = guest.session("http", "127.0.0.1", nginx.port());
    assert_eq!(next.request(&elsewhere).send().map(|_| ()).unwrap_err().code, ErrorCode::ConfigurationError);
    let next = next.request(&session);
    let last = next.send().unwrap();
    assert_eq!(last.read_to_end().unwrap(), b"name=value");
    assert!(guest.follow(&next, &last, policy, 0).unwrap().is_none());
    let error = guest.follow(&request, &response, policy, 20).map(|_| ()).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Redirect, ErrorCode::TooManyRedirects));
}

#[test]
fn errors_say_what_was_wrong_with_a_redirect() {
    let redirect = |location: &str| format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    for (location, code) in [
        ("ftp://a.test/", ErrorCode::InvalidScheme),
        ("http://a b/", ErrorCode::InvalidUrl),
        ("/again", ErrorCode::TooManyRedirects),
    ] {
        let peer = Peer::start([Script::new().expect_head_with(&[]).send(redirect(location))]);
        let guest = Guest::new();
        let client = guest.client();
        client.set_redirects(client.redirects().map(|policy| RedirectPolicy { limit: Some(0), ..policy }));
        if code != ErrorCode::TooManyRedirects {
            client.set_redirects(client.redirects().map(|policy| RedirectPolicy { limit: Some(1), ..policy }));
        }
        let error = client.get(&format!("http://{}/", peer.authority())).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Redirect, code), "{location}");
        drop(client);
        peer.finish();
    }
}

#[test]
fn events_of_all_sessions_come_in_one_list() {
    let end = Peer::start([Script::new().expect_head_with(&[]).send(OK).expect_head_with(&[]).send(OK)]);
    let location = format!("http://{}/", end.authority());
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let begin = Peer::start([Script::new().expect_head_with(&[]).send(redirect)]);
    let guest = Guest::new();
    let client = guest.client();
    client.set_events(true);
    client.set_max_open(1);
    assert_eq!(client.get(&format!("http://{}/", begin.authority())).unwrap().content, b"hello");
    let events = client.take_events();
    assert!(events.iter().all(|event| event.exchange <= 1));
    assert!(events.iter().any(|event| event.what == EventKind::Redirecting(location.clone())));
    // The next request makes room.
    assert_eq!(client.get(&location).unwrap().content, b"hello");
    let evicted = EventKind::Closed(CloseReason::Evicted);
    assert!(client.take_events().iter().any(|event| event.what == evicted && event.connection == 1));
    drop(client);
    begin.finish();
    end.finish();
}

#[test]
fn get_has_the_fields_that_it_is_given() {
    let peer = Peer::start([Script::new().expect_head_with(&["X-Own: y"]).send(OK)]);
    let guest = Guest::new();
    let client = guest.client();
    let field = vec![("X-Own".to_owned(), b"y".to_vec())];
    assert_eq!(client.get_with(&format!("http://{}/", peer.authority()), &field).unwrap().content, b"hello");
    drop(client);
    peer.finish();
}

#[test]
fn urls_are_escaped_and_resolved() {
    let guest = Guest::new();
    assert_eq!(guest.escape("/caf\u{e9} x?%41"), "/caf%C3%A9%20x?%41");
    assert_eq!(guest.resolve("http://a.test/b/c?d", "../e?f"), "http://a.test/e?f");
}

#[test]
fn what_is_left_of_a_dropped_client_answers_with_an_error() {
    let peer = Peer::start([Script::new().expect_head_with(&[]).stall()]);
    let guest = Guest::new();
    let client = guest.client();
    let request = client.request("GET", &format!("http://{}/", peer.authority()));
    client.set_events(true);
    let exchange = request.start().unwrap();
    while !client.take_events().iter().any(|event| event.what == EventKind::RequestSent) {
        guest.wait_any(&[&exchange], &[], &[], Some(Duration::from_millis(1)));
    }
    drop(client);
    assert_eq!(exchange.response().map(|_| ()).unwrap_err().code, ErrorCode::SessionDropped);
    assert_eq!(request.send().map(|_| ()).unwrap_err().code, ErrorCode::SessionDropped);
    drop((exchange, request));
    peer.finish();
}
