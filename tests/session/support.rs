//! What these tests share: a world with one peer, and functions that drive exchanges. It asserts nothing of its own.

use std::future::poll_fn;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use xenon::error::{Code, Error, Phase};
use xenon::limits::Limits;
use xenon::net::Net;
use xenon::net::sim::{Script, SimNet};
use xenon::session::settings::Deadlines;
use xenon::session::whole::{self, Whole};
use xenon::session::{self, events};

pub(crate) type Session = session::Session<SimNet>;
pub(crate) type Request = session::Request<SimNet>;
pub(crate) type Exchange = session::Exchange<SimNet>;
pub(crate) type Response = session::Response<SimNet>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// The name of the one peer of most worlds, and where it is.
pub(crate) const NAME: &str = "a.test";
pub(crate) const PEER: &str = "10.0.0.1:80";

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub(crate) fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// A world in which [`NAME`] is at [`PEER`], which has these scripts; and a session with it, its events recorded.
pub(crate) fn world(scripts: impl IntoIterator<Item = Script>) -> (SimNet, Session) {
    let net = crate::again::net();
    net.name(NAME, [at(PEER).ip()]);
    net.listen(at(PEER), scripts);
    let session = session_of(&net);
    (net, session)
}

/// A session with [`NAME`], its events recorded.
pub(crate) fn session_of(net: &SimNet) -> Session {
    let session = Session::new(net.clone(), "http", NAME, 80);
    session.set_events(true);
    session
}

/// A response with this content.
pub(crate) fn ok(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len())
}

/// A peer that answers this many requests with `ok`, and then waits for another.
pub(crate) fn answers(count: usize) -> Script {
    (0..count).fold(Script::new(), |script, _| script.expect_head().send(ok("ok")))
}

/// What a peer lets a session send before it reads.
pub(crate) const WINDOW: usize = 64 * 1024;

/// A POST whose content is written to the exchange.
pub(crate) fn streamed(session: &Session, length: Option<u64>) -> Exchange {
    let mut request = session.request("POST", "/up");
    request.set_streamed_content(length);
    request.start(true).unwrap()
}

pub(crate) fn set_deadlines(session: &Session, change: impl FnOnce(&mut Deadlines)) {
    session.change_options(|options| {
        let mut deadlines = *options.deadlines();
        change(&mut deadlines);
        options.set_deadlines(deadlines);
    });
}

pub(crate) fn set_limits(session: &Session, change: impl FnOnce(&mut Limits)) {
    session.change_options(|options| {
        let mut limits = *options.limits();
        change(&mut limits);
        options.set_limits(limits);
    });
}

/// Waits until this is ready.
pub(crate) fn wait<T>(net: &SimNet, poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    net.run(poll_fn(poll))
}

/// The result of this, and the time it took.
pub(crate) fn timed<T>(net: &SimNet, run: impl FnOnce() -> T) -> (T, Duration) {
    let begin = net.now();
    let made = run();
    (made, net.now().since(begin))
}

/// Sends a request without content, and returns the whole response.
pub(crate) fn fetch(net: &SimNet, session: &Session, method: &str, target: &str) -> Result<Whole, Error> {
    send(net, &session.request(method, target))
}

/// `GET /`: the content, as text.
pub(crate) fn get(net: &SimNet, session: &Session) -> Result<String, Error> {
    fetch(net, session, "GET", "/").map(|whole| text(whole.content))
}

/// Sends this request, and returns the whole response.
pub(crate) fn send(net: &SimNet, request: &Request) -> Result<Whole, Error> {
    net.run(whole::fetch(request, false))
}

/// Starts `GET /`, which has not moved yet.
pub(crate) fn start(session: &Session) -> Exchange {
    session.request("GET", "/").start(true).unwrap()
}

/// Starts this request, and lets it make progress without waiting.
pub(crate) fn begin(net: &SimNet, request: &Request) -> Exchange {
    let exchange = request.start(true).unwrap();
    net.settle();
    exchange.advance();
    exchange
}

/// Waits for the response's head.
pub(crate) fn response(net: &SimNet, exchange: &Exchange) -> Result<Response, Error> {
    wait(net, |context| exchange.poll_response(context))
}

/// Waits for the response's content.
pub(crate) fn content(net: &SimNet, response: &Response) -> Result<String, Error> {
    net.run(whole::read_to_end(response)).map(text)
}

/// Waits for the response and its content.
pub(crate) fn finish(net: &SimNet, exchange: &Exchange) -> Result<String, Error> {
    content(net, &response(net, exchange)?)
}

/// Writes all of it, waiting for room if there is none, and until it has been sent.
pub(crate) fn write(net: &SimNet, exchange: &Exchange, piece: &[u8]) -> Result<(), Error> {
    net.run(exchange.write(piece))
}

/// As the WIT's `wait-any`: the exchanges, then the responses, that can make progress. Empty when the time is over.
pub(crate) fn poll(
    net: &SimNet,
    exchanges: &[&Exchange],
    responses: &[&Response],
    timeout: Option<Duration>,
) -> Vec<usize> {
    let until = timeout.map(|timeout| net.now() + timeout);
    let ready = poll_fn(|context| {
        let mut ready: Vec<bool> = Vec::new();
        ready.extend(exchanges.iter().map(|exchange| exchange.poll_ready(context).is_ready()));
        ready.extend(responses.iter().map(|response| response.poll_ready(context).is_ready()));
        let ready: Vec<usize> = (0..ready.len()).filter(|index| ready[*index]).collect();
        if ready.is_empty() { Poll::Pending } else { Poll::Ready(ready) }
    });
    net.run_until(until, ready).unwrap_or_default()
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// What the client sent on this connection, counted from 0.
pub(crate) fn sent(net: &SimNet, connection: usize) -> String {
    text(net.sent(connection))
}

/// Where and how it failed.
pub(crate) fn failure<T>(outcome: Result<T, Error>) -> (Phase, Code) {
    match outcome {
        Ok(_) => panic!("it did not fail"),
        Err(error) => (error.phase, error.code),
    }
}

/// The events since the last call, each with its exchange and its connection.
pub(crate) fn events(session: &Session) -> Vec<String> {
    let tell = |event: events::Event| {
        let what = match event.what {
            events::Kind::RequestHead(head) => format!("RequestHead {}", first_line(&head)),
            events::Kind::InterimHead(head) => format!("InterimHead {}", first_line(&head)),
            events::Kind::ResponseHead(head) => format!("ResponseHead {}", first_line(&head)),
            events::Kind::Failed(error) => format!("Failed {:?} {:?}", error.phase, error.code),
            events::Kind::Sending { done, total } => format!("Sending {}", progress(done, total)),
            events::Kind::Receiving { done, total } => format!("Receiving {}", progress(done, total)),
            events::Kind::AttemptFailed { address, reason } => format!("AttemptFailed {address} {reason}"),
            events::Kind::Addresses(addresses) => format!("Addresses {}", addresses.join(" ")),
            events::Kind::Retrying(_) => "Retrying".into(),
            events::Kind::Lookup(what) => format!("Lookup {what}"),
            events::Kind::Connecting(what) => format!("Connecting {what}"),
            events::Kind::Connected(what) => format!("Connected {what}"),
            events::Kind::Closed(why) => format!("Closed {why:?}"),
            other => format!("{other:?}"),
        };
        format!("{}/{} {what}", event.subject.exchange, event.subject.connection)
    };
    session.take_events().into_iter().map(tell).collect()
}

/// Why connections were closed, of the events since the last call.
pub(crate) fn closings(session: &Session) -> Vec<events::CloseReason> {
    let reason = |event: events::Event| match event.what {
        events::Kind::Closed(reason) => Some(reason),
        _ => None,
    };
    session.take_events().into_iter().filter_map(reason).collect()
}

fn first_line(head: &events::Head) -> String {
    String::from_utf8_lossy(&head.0).lines().next().unwrap_or_default().to_owned()
}

fn progress(done: u64, total: Option<u64>) -> String {
    total.map_or_else(|| format!("{done}"), |total| format!("{done} of {total}"))
}

/// Prints a count for `make counts`, also when the test succeeds.
pub(crate) fn count(number: u64, what: &str) {
    // In one write, because other tests write at the same time.
    drop(std::io::stderr().write_all(format!("count: {number} {what}\n").as_bytes()));
}
