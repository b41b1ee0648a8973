//! How exchanges of a client end: deadlines, closed connections, dropped clients, unread redirects.

use xenon::error::{Code, Phase};
use xenon::net::Net;
use xenon::net::sim::Script;
use xenon::session::events::CloseReason;

use crate::support::*;

#[test]
fn one_deadline_is_over_all_redirects() {
    let (net, client) = world();
    for _ in 0..40 {
        net.listen(at(A), [Script::new().expect_head().delay(2 * SECOND).send(redirect(302, "/")).close()]);
    }
    let mut options = (*client.options()).clone();
    options.set_deadlines(xenon::session::settings::Deadlines { exchange: 15 * SECOND, ..*options.deadlines() });
    client.set_options(options.into());
    let began = net.now();
    let (_, code) = failure(get(&net, &client, "http://a.test/"));
    assert_eq!((code, net.now().since(began)), (Code::ExchangeTimeout, 15 * SECOND));
}

#[test]
fn long_content_of_a_redirect_is_not_read() {
    let (net, client) = world();
    let head = "HTTP/1.1 302 Found\r\nLocation: http://b.test/\r\nContent-Length: 1000000000\r\n\r\n";
    net.listen(at(A), [Script::new().expect_head().send(head).send_fill(b'x', 1_000_000_000)]);
    origin(&net, B, |_| ok("b"));
    assert_eq!(get(&net, &client, "http://a.test/").unwrap(), "b");
    assert!(net.bytes_received() < 1 << 20, "{}", net.bytes_received());
    assert_eq!(closings(&client), [CloseReason::UnreadContent]);
}

#[test]
fn content_of_a_redirect_is_not_waited_for() {
    let (net, client) = world();
    let head = "HTTP/1.1 302 Found\r\nLocation: http://b.test/\r\nContent-Length: 5\r\n\r\n";
    net.listen(at(A), [Script::new().expect_head().send(head).stall()]);
    origin(&net, B, |_| ok("b"));
    let began = net.now();
    assert_eq!(get(&net, &client, "http://a.test/").unwrap(), "b");
    assert!(net.now().since(began) < SECOND);
    assert_eq!(closings(&client), [CloseReason::UnreadContent]);
}

#[test]
fn a_client_that_is_dropped_ends_its_exchanges() {
    let (net, client) = world();
    net.listen(at(A), [Script::new().expect_head().send(redirect(302, "http://b.test/"))]);
    net.listen(at(B), [Script::new().expect_head().stall()]);
    let request = client.request("GET", "http://a.test/");
    let exchange = request.start(true).unwrap();
    net.run_until(Some(net.now() + SECOND), std::future::poll_fn(|context| exchange.poll_response(context)).boxed());
    drop(client);
    assert_eq!(failure(answer(&net, &exchange)).1, Code::SessionDropped);
    assert_eq!(failure(request.start(true)), (Phase::Setup, Code::SessionDropped));
    assert_eq!(net.open_connections(), 0);
}

trait Boxed: Sized {
    fn boxed(self) -> std::pin::Pin<Box<Self>> {
        Box::pin(self)
    }
}

impl<F: Future> Boxed for F {}

#[test]
fn close_connection_of_a_session_ends_what_redirects_have_led_there() {
    let (net, client) = world();
    net.listen(at(A), [Script::new().expect_head().send(redirect(302, "http://b.test/"))]);
    net.listen(at(B), [Script::new().expect_head().stall()]);
    let exchange = client.request("GET", "http://a.test/").start(true).unwrap();
    net.run_until(Some(net.now() + SECOND), std::future::poll_fn(|context| exchange.poll_response(context)).boxed());
    client.session("http", "a.test", 80).close_connection();
    net.settle();
    exchange.advance();
    assert!(xenon::net::sim::poll_once(|context| exchange.poll_response(context)).is_pending(), "it has left a.test");
    client.session("http", "b.test", 80).close_connection();
    assert_eq!(failure(answer(&net, &exchange)).1, Code::ConnectionClosed);
    client.close_connections();
    assert_eq!(net.open_connections(), 0);
}

#[test]
fn a_failure_on_the_way_is_the_exchanges() {
    let (net, client, [a, _]) = two(|_| redirect(302, "http://unknown.test/"));
    let (phase, _) = failure(get(&net, &client, "http://a.test/"));
    assert_eq!((phase, a.seen().len()), (Phase::Resolve, 1));
    // The connection to the first was kept.
    client.set_redirects(None);
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!(net.connections(), 1);
}
