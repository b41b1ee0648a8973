//! Streamed content, which cannot be sent again.

use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::net::Net;
use xenon::net::sim::Script;

use crate::support::*;

#[test]
fn a_303_is_followed_without_it() {
    let (net, client, [a, _]) = two(|seen| if seen.target == "/" { redirect(303, "/x") } else { ok("done") });
    let mut request = client.request("POST", "http://a.test/");
    request.set_streamed_content(None);
    let exchange = request.start(false).unwrap();
    net.run(exchange.write(b"content")).unwrap();
    exchange.finish(Fields::default()).unwrap();
    let response = answer(&net, &exchange).unwrap();
    assert_eq!(net.run(xenon::session::whole::read_to_end(&response)).unwrap(), b"done");
    let seen = a.seen();
    assert_eq!(
        (seen[0].content.as_slice(), seen[1].method.as_str(), seen[1].content.len()),
        (&b"content"[..], "GET", 0)
    );
}

#[test]
fn a_307_cannot_be_followed() {
    let (net, client, [a, _]) = two(|_| redirect(307, "/x"));
    let mut request = client.request("POST", "http://a.test/");
    request.set_streamed_content(Some(7));
    let exchange = request.start(false).unwrap();
    net.run(exchange.write(b"content")).unwrap();
    assert_eq!(failure(answer(&net, &exchange)), (Phase::Redirect, Code::ContentNotRepeatable));
    assert_eq!(a.seen().len(), 1);
}

#[test]
fn who_writes_on_after_a_redirect_is_told_to_take_the_response() {
    let (net, client) = world();
    net.listen(at(A), [Script::new().expect_head().send(redirect(303, "http://b.test/")).drain()]);
    origin(&net, B, |_| ok("b"));
    let mut request = client.request("POST", "http://a.test/");
    request.set_streamed_content(Some(1_000_000));
    let exchange = request.start(false).unwrap();
    let error = loop {
        match net.run(exchange.write(&[b'x'; 1000])) {
            Ok(()) => drop(net.wait(Some(net.now() + SECOND))),
            Err(error) => break error,
        }
    };
    assert_eq!((error.phase, error.code), (Phase::Send, Code::EarlyResponse));
    assert_eq!(exchange.finish(Fields::default()).unwrap_err().code, Code::EarlyResponse);
    let response = answer(&net, &exchange).unwrap();
    assert_eq!(net.run(xenon::session::whole::read_to_end(&response)).unwrap(), b"b");
}
