//! Clients behind proxies: what is the proxy's, and what is the origin's.

use xenon::net::sim::Script;

use crate::server::response;
use crate::support::*;

const PROXY: &str = "10.0.0.9:3128";

fn through_proxy(client: &Client, url: &str) {
    let mut options = (*client.options()).clone();
    options.proxying.set_proxies(&[url]).unwrap();
    client.set_options(options.into());
}

#[test]
fn a_proxys_own_responses_set_no_cookies() {
    let (net, client) = world();
    let proxy = origin(&net, PROXY, |seen| match seen.field("Proxy-Authorization") {
        None => response("407 Who", &["Proxy-Authenticate: Basic realm=\"p\"", "Set-Cookie: proxy=1"], ""),
        Some(_) => response("200 OK", &["Set-Cookie: origin=2"], ""),
    });
    through_proxy(&client, "http://joe:sesame@10.0.0.9:3128");
    let jar = jar(&client);
    get(&net, &client, "http://a.test/").unwrap();
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!((proxy.seen().len(), jar.borrow().len()), (3, 1));
    assert_eq!(values(&proxy, "Cookie")[2].as_deref(), Some("origin=2"));
}

#[test]
fn the_response_to_connect_sets_none() {
    let (net, client) = world();
    let opened = "HTTP/1.1 200 OK\r\nSet-Cookie: proxy=1\r\n\r\n";
    net.listen(at(PROXY), [Script::new().expect_head().send(opened).expect_head().send(ok("ok"))]);
    let mut options = (*client.options()).clone();
    options.proxying.set_proxies(&["http://10.0.0.9:3128"]).unwrap();
    options.proxying.tunnels_all = true;
    client.set_options(options.into());
    let jar = jar(&client);
    assert_eq!(get(&net, &client, "http://a.test/").unwrap(), "ok");
    assert_eq!(jar.borrow().len(), 0);
}

#[test]
fn redirects_go_through_the_proxy_which_has_its_credentials_for_each_origin() {
    let (net, client) = world();
    let proxy = origin(&net, PROXY, |seen| match seen.field("Proxy-Authorization") {
        None => response("407 Who", &["Proxy-Authenticate: Basic realm=\"p\""], ""),
        Some(_) if seen.target == "http://a.test/" => redirect(302, "http://b.test/x"),
        Some(_) => ok(&seen.target),
    });
    through_proxy(&client, "http://joe:sesame@10.0.0.9:3128");
    assert_eq!(get(&net, &client, "http://a.test/").unwrap(), "http://b.test/x");
    assert!(net.lookups().is_empty());
    assert!(values(&proxy, "Authorization").iter().all(Option::is_none));
}
