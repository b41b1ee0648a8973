//! What these tests share: a world with one server, and functions that send requests to it. It asserts nothing of its own.

use std::future::poll_fn;
use std::net::SocketAddr;

use xenon::auth::{Login, Schemes};
use xenon::error::Error;
use xenon::net::sim::SimNet;
use xenon::secret::Secret;
use xenon::session;
use xenon::session::events::{CloseReason, Event, Kind};
use xenon::session::whole::{self, Whole};

use crate::server::Server;

pub(crate) type Session = session::Session<SimNet>;
pub(crate) type Request = session::Request<SimNet>;
pub(crate) type Exchange = session::Exchange<SimNet>;
pub(crate) type Response = session::Response<SimNet>;

pub(crate) const NAME: &str = "a.test";
pub(crate) const USER: &str = "Aladdin";
pub(crate) const PASSWORD: &str = "open sesame";
/// Both, as Basic has them.
pub(crate) const BASIC: &str = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

/// All schemes but Digest without `qop`. As Basic is among them, that is allowed, too.
pub(crate) const ANY: Schemes =
    Schemes { basic: true, digest_md5: true, digest_sha256: true, digest_sha512_256: true, digest_without_qop: false };

pub(crate) const DIGEST: Schemes = Schemes { basic: false, ..ANY };

/// Digest, also without `qop`.
pub(crate) const OLD: Schemes = Schemes { digest_without_qop: true, ..DIGEST };

pub(crate) fn peer() -> SocketAddr {
    "10.0.0.1:80".parse().unwrap()
}

/// A world with this server, which accepts 100 connections, and a session with it that records events.
pub(crate) fn world(server: &Server) -> (SimNet, Session) {
    let net = crate::again::net();
    net.name(NAME, [peer().ip()]);
    net.listen(peer(), (0..100).map(|_| server.script()));
    let session = Session::new(net.clone(), "http", NAME, 80);
    session.set_events(true);
    (net, session)
}

pub(crate) fn login(user: &str, password: &str) -> Login {
    Login { user: user.into(), password: Secret::new(password) }
}

/// Gives the session the usual name and password, for all realms.
pub(crate) fn give(session: &Session, schemes: Schemes) {
    give_for(session, None, PASSWORD, schemes);
}

pub(crate) fn give_for(session: &Session, realm: Option<&str>, password: &str, schemes: Schemes) {
    let given = login(USER, password);
    session.change_credentials(|known| known.set_login(realm.map(str::to_owned), given, schemes, false)).unwrap();
}

pub(crate) fn fetch(net: &SimNet, session: &Session, method: &str, target: &str) -> Result<Whole, Error> {
    send(net, &session.request(method, target))
}

pub(crate) fn send(net: &SimNet, request: &Request) -> Result<Whole, Error> {
    net.run(whole::fetch(request, false))
}

/// The status of `GET target`.
pub(crate) fn get(net: &SimNet, session: &Session, target: &str) -> u16 {
    fetch(net, session, "GET", target).unwrap().head.status
}

/// Waits for the response's head.
pub(crate) fn answer(net: &SimNet, exchange: &Exchange) -> Result<Response, Error> {
    net.run(poll_fn(|context| exchange.poll_response(context)))
}

/// Waits for the response's content.
pub(crate) fn content(net: &SimNet, response: &Response) -> Result<String, Error> {
    net.run(whole::read_to_end(response)).map(|bytes| String::from_utf8(bytes).unwrap())
}

/// For which schemes and realms requests were sent again, and why connections closed, since the last call.
pub(crate) fn told(session: &Session) -> (Vec<(&'static str, String)>, Vec<CloseReason>) {
    let events = session.take_events();
    let rounds = events.iter().filter_map(|event| match &event.what {
        Kind::Authorizing { scheme, realm, is_proxy: false } => Some((*scheme, realm.clone())),
        _ => None,
    });
    (rounds.collect(), closings(&events))
}

/// Which challenges were not answered, and why, since the last call.
pub(crate) fn unanswered(session: &Session) -> Vec<String> {
    let tell = |event: Event| match event.what {
        Kind::Unanswered { scheme, realm, reason, is_proxy } => {
            let who = if is_proxy { "proxy " } else { "" };
            Some(format!("{who}{scheme} {realm}: {reason}"))
        }
        _ => None,
    };
    session.take_events().into_iter().filter_map(tell).collect()
}

fn closings(events: &[Event]) -> Vec<CloseReason> {
    let reason = |event: &Event| match event.what {
        Kind::Closed(reason) => Some(reason),
        _ => None,
    };
    events.iter().filter_map(reason).collect()
}
