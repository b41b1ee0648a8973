//! The sessions of a client: which are reused, and which connections close to make room.

use std::rc::Rc;

use xenon::error::Code;
use xenon::limits::CLIENT_SESSIONS;
use xenon::session::events::CloseReason;

use crate::support::*;

#[test]
fn requests_to_an_origin_share_a_connection() {
    let (net, client, _) = two(|_| ok("a"));
    for url in ["http://a.test/", "http://A.TEST:80/x", "http://a.test"] {
        get(&net, &client, url).unwrap();
    }
    let session = client.session("http", "a.test", 80);
    send(&net, &session.request("GET", "/")).unwrap();
    drop(session);
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!((net.connections(), closings(&client)), (1, vec![]));
}

#[test]
fn the_least_recently_used_connections_make_room() {
    let (net, client) = world();
    for number in 1..=4 {
        origin(&net, &format!("10.0.0.{number}:80"), |_| ok(""));
    }
    client.set_most_connections(2);
    let fetch = |name: char| get(&net, &client, &format!("http://{name}.test/")).unwrap();
    fetch('a');
    fetch('b');
    fetch('a');
    fetch('c');
    assert_eq!(net.open_connections(), 2);
    fetch('a');
    assert_eq!(net.connections(), 3, "that of b.test was closed");
    assert_eq!(closings(&client), [CloseReason::Evicted]);
}

#[test]
fn connections_in_use_do_not_close() {
    let (net, client) = world();
    for number in 1..=3 {
        origin(&net, &format!("10.0.0.{number}:80"), |_| ok("content"));
    }
    client.set_most_connections(1);
    let held: Vec<_> =
        ["a", "b", "c"].map(|name| open(&net, &client.request("GET", &format!("http://{name}.test/")))).into();
    assert_eq!(net.open_connections(), 3);
    for response in &held {
        assert_eq!(net.run(xenon::session::whole::read_to_end(response)).unwrap(), b"content");
    }
}

#[test]
fn a_client_that_is_led_on_keeps_few_connections() {
    let (net, client) = world();
    // Each port is an origin, and leads to the next.
    for port in 1000..1400_u16 {
        let server = crate::server::Server::new(move |_| redirect(302, &format!("http://a.test:{}/", port + 1)));
        net.listen(at(&format!("10.0.0.1:{port}")), [server.script(), server.script()]);
    }
    origin(&net, "10.0.0.1:1400", |_| ok("end"));
    client.set_redirects(Some(xenon::client::redirect::Policy { limit: None, ..Default::default() }));
    assert_eq!(get(&net, &client, "http://a.test:1000/").unwrap(), "end");
    assert!(net.open_connections() <= xenon::limits::CLIENT_CONNECTIONS, "{}", net.open_connections());
}

#[test]
fn there_is_a_limit_to_sessions_with_settings() {
    let (net, client) = world();
    for port in 1..=CLIENT_SESSIONS as u16 {
        let session = client.session("http", "a.test", port);
        session.set_addresses(&["10.0.0.1".into()]).unwrap();
    }
    let surplus = client.session("http", "b.test", 80);
    assert!(!Rc::ptr_eq(&surplus, &client.session("http", "b.test", 80)), "it is not kept");
    assert!(Rc::ptr_eq(&client.session("http", "a.test", 1), &client.session("http", "a.test", 1)));
    origin(&net, B, |_| ok("b"));
    assert_eq!(text(send(&net, &surplus.request("GET", "/")).unwrap().content), "b");
    assert_eq!(get(&net, &client, "http://b.test/").unwrap(), "b");
}

#[test]
fn the_first_request_of_a_session_reports_an_invalid_origin() {
    let (net, client) = world();
    for (scheme, host, port, code) in [
        ("ftp", "a.test", 1, Code::InvalidScheme),
        ("http", "a b", 1, Code::InvalidHost),
        ("http", "a.test", 0, Code::InvalidPort),
    ] {
        assert_eq!(failure(send(&net, &client.session(scheme, host, port).request("GET", "/"))).1, code);
    }
}

#[test]
fn new_options_reach_sessions_that_are_there() {
    let (net, client, [a, _]) = two(|_| ok(""));
    get(&net, &client, "http://a.test/").unwrap();
    let mut options = (*client.options()).clone();
    options.set_user_agent(Some("other".into())).unwrap();
    client.set_options(options.into());
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!(values(&a, "User-Agent")[1].as_deref(), Some("other"));
    assert_eq!(net.connections(), 1);
}

#[test]
fn addresses_of_a_session_are_used_by_the_client() {
    let (net, client, [_, b]) = two(|_| ok("a"));
    client.session("http", "elsewhere.test", 80).set_addresses(&["10.0.0.2".into()]).unwrap();
    assert_eq!(get(&net, &client, "http://elsewhere.test/").unwrap(), "b");
    assert_eq!(values(&b, "Host"), [Some("elsewhere.test".into())]);
}
