//! What these tests share: a world with one server, and functions that drive exchanges. It asserts nothing of its own.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use xenon::error::{Checks, Code, Error, Phase, Rejected};
use xenon::net::Net;
use xenon::net::sim::{Script, SimNet};
use xenon::session::settings::Deadlines;
use xenon::session::whole::{self, Whole};
use xenon::session::{self, events};

use crate::authority::{Authority, Identity, TODAY, root};

pub(crate) type Session = session::Session<SimNet>;
pub(crate) type Request = session::Request<SimNet>;
pub(crate) type Exchange = session::Exchange<SimNet>;
pub(crate) type Response = session::Response<SimNet>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The name of the one server of most worlds, and where it is.
pub(crate) const NAME: &str = "a.test";
pub(crate) const PEER: &str = "10.0.0.1:443";

/// Types of records (RFC 8446 section 5.1).
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const CONTENT: u8 = 23;

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// A good certificate of [`NAME`].
pub(crate) fn good() -> Identity {
    root().leaf(&[NAME], |_| {})
}

/// A world in which [`NAME`] is at [`PEER`], with these peers for its connections, and a session with it that trusts only the
/// test's root and records events. The date is [`TODAY`].
pub(crate) fn world(peers: impl IntoIterator<Item = impl Into<Script>>) -> (SimNet, Session) {
    let net = crate::again::net();
    net.name(NAME, [at(PEER).ip()]);
    net.set_wall_clock(TODAY);
    net.listen(at(PEER), peers.into_iter().map(Into::into));
    let session = session_of(&net, NAME);
    (net, session)
}

/// A session with this host, as [`world`] has it.
pub(crate) fn session_of(net: &SimNet, host: &str) -> Session {
    let session = Session::new(net.clone(), "https", host, 443);
    session.set_events(true);
    trust_only(&session, root());
    session
}

/// Trusts this root, and none of those that come with the crate.
pub(crate) fn trust_only(session: &Session, authority: &Authority) {
    session.change_options(|options| {
        options.tls_mut().set_default_roots(false);
        options.tls_mut().add_roots(&authority.certificate).unwrap();
    });
}

/// A response with this content.
pub(crate) fn ok(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len())
}

pub(crate) fn set_deadlines(session: &Session, change: impl FnOnce(&mut Deadlines)) {
    session.change_options(|options| {
        let mut deadlines = *options.deadlines();
        change(&mut deadlines);
        options.set_deadlines(deadlines);
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

/// Sends this request, and returns the whole response.
pub(crate) fn send(net: &SimNet, request: &Request) -> Result<Whole, Error> {
    net.run(whole::fetch(request, false))
}

/// `GET /`: the content, as text.
pub(crate) fn get(net: &SimNet, session: &Session) -> Result<String, Error> {
    send(net, &session.request("GET", "/")).map(|whole| text(whole.content))
}

/// Starts this request and waits for the response's head.
pub(crate) fn open(net: &SimNet, request: &Request) -> Result<(Exchange, Response), Error> {
    let exchange = request.start(true)?;
    let response = response(net, &exchange)?;
    Ok((exchange, response))
}

pub(crate) fn response(net: &SimNet, exchange: &Exchange) -> Result<Response, Error> {
    wait(net, |context| exchange.poll_response(context))
}

/// Waits for the response's content.
pub(crate) fn content(net: &SimNet, response: &Response) -> Result<String, Error> {
    net.run(whole::read_to_end(response)).map(text)
}

/// Writes all of it, waiting for room if there is none, and until it has been sent.
pub(crate) fn write(net: &SimNet, exchange: &Exchange, piece: &[u8]) -> Result<(), Error> {
    net.run(exchange.write(piece))
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

/// The failed checks of the certificate.
pub(crate) fn rejection<T>(outcome: Result<T, Error>) -> Rejected {
    match failure(outcome) {
        (Phase::Handshake, Code::TlsCertificate(rejected)) => *rejected,
        other => panic!("{other:?}"),
    }
}

/// No failed check, as a base for struct updates.
pub(crate) const PASSED: Checks = Checks {
    not_yet_valid: false,
    expired: false,
    wrong_name: false,
    untrusted_issuer: false,
    bad_chain: false,
    revoked: false,
    other: false,
};

/// The types of the records that the client sent on this connection.
pub(crate) fn records(net: &SimNet, connection: usize) -> Vec<u8> {
    let sent = net.sent(connection);
    let mut rest = sent.as_slice();
    let mut types = Vec::new();
    while let [kind, _, _, high, low, ..] = rest {
        types.push(*kind);
        rest = &rest[5 + usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    assert!(rest.is_empty(), "a part of a record");
    types
}

/// Why connections were closed, of the events since the last call.
pub(crate) fn closings(session: &Session) -> Vec<events::CloseReason> {
    let reason = |event: events::Event| match event.what {
        events::Kind::Closed(reason) => Some(reason),
        _ => None,
    };
    session.take_events().into_iter().filter_map(reason).collect()
}
