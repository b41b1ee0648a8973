//! What these tests share: a world of origins that record requests, and functions that drive clients. It asserts nothing of its own.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use xenon::client;
use xenon::cookies::SharedJar;
use xenon::error::{Code, Error, Phase};
use xenon::net::sim::SimNet;
use xenon::session::events::Kind;
use xenon::session::whole::{self, Whole};
use xenon::session::{self, events};

use crate::server::{Seen, Server, response};

pub(crate) use crate::server::ok;

pub(crate) type Client = client::Client<SimNet>;
pub(crate) type Request = session::Request<SimNet>;
pub(crate) type Exchange = session::Exchange<SimNet>;
pub(crate) type Response = session::Response<SimNet>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// A world in which `a.test` to `f.test` are at 10.0.0.1 to 10.0.0.6, and a client, its events recorded.
pub(crate) fn world() -> (SimNet, Client) {
    let net = crate::again::net();
    net.set_wall_clock(crate::authority::TODAY);
    for (name, address) in ('a'..='f').zip(1..) {
        net.name(&format!("{name}.test"), [at(&format!("10.0.0.{address}:80")).ip()]);
    }
    let client = Client::new(net.clone());
    client.set_events(true);
    (net, client)
}

/// An origin at this address, which accepts many connections.
pub(crate) fn origin(net: &SimNet, address: &str, rule: impl FnMut(&Seen) -> String + 'static) -> Server {
    let server = Server::new(rule);
    net.listen(at(address), (0..300).map(|_| server.script()));
    server
}

/// A world with `a.test`, which does this, and `b.test`, which responds with its name.
pub(crate) fn two(rule: impl FnMut(&Seen) -> String + 'static) -> (SimNet, Client, [Server; 2]) {
    let (net, client) = world();
    let servers = [origin(&net, A, rule), origin(&net, B, |_| ok("b"))];
    (net, client, servers)
}

pub(crate) const A: &str = "10.0.0.1:80";
pub(crate) const B: &str = "10.0.0.2:80";
pub(crate) const C: &str = "10.0.0.3:80";

/// A redirect with short content.
pub(crate) fn redirect(status: u16, location: &str) -> String {
    response(&format!("{status} Elsewhere"), &[&format!("Location: {location}")], "moved")
}

/// A client's jar.
pub(crate) fn jar(client: &Client) -> SharedJar {
    let jar = SharedJar::default();
    share(client, Some(&jar));
    jar
}

/// Gives the client this jar.
pub(crate) fn share(client: &Client, jar: Option<&SharedJar>) {
    let mut options = (*client.options()).clone();
    options.jar = jar.cloned();
    client.set_options(options.into());
}

/// The content of the response to `GET url`, as text.
pub(crate) fn get(net: &SimNet, client: &Client, url: &str) -> Result<String, Error> {
    send(net, &client.request("GET", url)).map(|whole| text(whole.content))
}

pub(crate) fn send(net: &SimNet, request: &Request) -> Result<Whole, Error> {
    net.run(whole::fetch(request, false))
}

/// Waits for the response's head.
pub(crate) fn answer(net: &SimNet, exchange: &Exchange) -> Result<Response, Error> {
    net.run(poll_fn(|context| exchange.poll_response(context)))
}

/// Starts this request and waits for the response's head.
pub(crate) fn open(net: &SimNet, request: &Request) -> Response {
    answer(net, &request.start(false).unwrap()).unwrap()
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Where and how it failed.
pub(crate) fn failure<T>(outcome: Result<T, Error>) -> (Phase, Code) {
    match outcome {
        Ok(_) => panic!("it did not fail"),
        Err(error) => (error.phase, error.code),
    }
}

/// The fields that none but this name has, of the requests so far.
pub(crate) fn values(server: &Server, name: &str) -> Vec<Option<String>> {
    server.seen().iter().map(|seen| seen.field(name).map(str::to_owned)).collect()
}

/// Why connections were closed, of the events since the last call.
pub(crate) fn closings(client: &Client) -> Vec<events::CloseReason> {
    let reason = |event: events::Event| match event.what {
        Kind::Closed(reason) => Some(reason),
        _ => None,
    };
    client.take_events().into_iter().filter_map(reason).collect()
}
