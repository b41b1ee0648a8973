//! What these tests share: a world with one proxy, and functions that drive sessions. It asserts nothing of its own.

use std::net::SocketAddr;
use std::time::Duration;

use xenon::error::{Code, Error, Phase};
use xenon::net::Net;
use xenon::net::sim::{Script, SimNet};
use xenon::session::settings::Deadlines;
use xenon::session::whole::{self, Whole};
use xenon::session::{self, events};

use crate::authority::{Identity, TODAY, root};

pub(crate) type Session = session::Session<SimNet>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The origin, which has no address: only a proxy can know one.
pub(crate) const ORIGIN: &str = "origin.test";

/// The proxy of most worlds, and where it is.
pub(crate) const PROXY: &str = "proxy.test";
pub(crate) const PEER: &str = "10.0.0.9:1080";

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// A world in which [`PROXY`] is at [`PEER`], which has these scripts. It is [`TODAY`].
pub(crate) fn world(scripts: impl IntoIterator<Item = impl Into<Script>>) -> SimNet {
    let net = crate::again::net();
    net.name(PROXY, [at(PEER).ip()]);
    net.set_wall_clock(TODAY);
    net.listen(at(PEER), scripts.into_iter().map(Into::into));
    net
}

/// A session with this origin through these proxies, which trusts the tests' root for both, its events recorded.
pub(crate) fn session_with(net: &SimNet, scheme: &str, host: &str, proxies: &[&str]) -> Session {
    let session = Session::new(net.clone(), scheme, host, if scheme == "https" { 443 } else { 80 });
    session.set_events(true);
    session.change_options(|options| {
        options.proxying.set_proxies(proxies).unwrap();
        options.tls_mut().set_default_roots(false);
        options.tls_mut().add_roots(&root().certificate).unwrap();
        options.proxying.tls_mut().set_default_roots(false);
        options.proxying.tls_mut().add_roots(&root().certificate).unwrap();
    });
    session
}

/// A session with [`ORIGIN`] through [`PROXY`], which speaks this.
pub(crate) fn through(net: &SimNet, scheme: &str, kind: &str) -> Session {
    session_with(net, scheme, ORIGIN, &[&format!("{kind}://{PROXY}:1080")])
}

/// A certificate of [`ORIGIN`].
pub(crate) fn origin() -> Identity {
    root().leaf(&[ORIGIN], |_| {})
}

/// A certificate of [`PROXY`].
pub(crate) fn proxy() -> Identity {
    root().leaf(&[PROXY], |_| {})
}

/// A response with this content.
pub(crate) fn ok(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len())
}

/// A head of [`ORIGIN`], as it is sent by default, with this request line and these lines after `Host`.
pub(crate) fn head(line: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: {ORIGIN}\r\nUser-Agent: {}\r\n\r\n", agent())
}

/// The head of CONNECT to this place.
pub(crate) fn connect_head(place: &str) -> String {
    format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {}\r\n\r\n", agent())
}

fn agent() -> String {
    concat!("xenon/", env!("CARGO_PKG_VERSION")).into()
}

pub(crate) fn set_deadlines(session: &Session, change: impl FnOnce(&mut Deadlines)) {
    session.change_options(|options| {
        let mut deadlines = *options.deadlines();
        change(&mut deadlines);
        options.set_deadlines(deadlines);
    });
}

/// What this makes, and how much time it took.
pub(crate) fn timed<T>(net: &SimNet, run: impl FnOnce() -> T) -> (T, Duration) {
    let begin = net.now();
    let made = run();
    (made, net.now().since(begin))
}

pub(crate) fn fetch(net: &SimNet, session: &Session, method: &str, target: &str) -> Result<Whole, Error> {
    net.run(whole::fetch(&session.request(method, target), false))
}

/// `GET /`: the content, as text.
pub(crate) fn get(net: &SimNet, session: &Session) -> Result<String, Error> {
    fetch(net, session, "GET", "/").map(|whole| String::from_utf8(whole.content).unwrap())
}

/// Where and how it failed.
pub(crate) fn failure<T>(outcome: Result<T, Error>) -> (Phase, Code) {
    match outcome {
        Ok(_) => panic!("it did not fail"),
        Err(error) => (error.phase, error.code),
    }
}

/// What the client sent on this connection, counted from 0.
pub(crate) fn sent(net: &SimNet, connection: usize) -> String {
    String::from_utf8_lossy(&net.sent(connection)).into_owned()
}

/// The events about proxies since the last call.
pub(crate) fn events(session: &Session) -> Vec<String> {
    let first_line =
        |head: &events::Head| String::from_utf8_lossy(&head.0).lines().next().unwrap_or_default().to_owned();
    let tell = |event: events::Event| {
        Some(match event.what {
            events::Kind::Proxy(url) => format!("Proxy {url}"),
            events::Kind::ProxyFailed { proxy, reason } => format!("ProxyFailed {proxy} {reason}"),
            events::Kind::ProxyHandshake(facts) => format!("ProxyHandshake {}", facts.version),
            events::Kind::Handshake(facts) => format!("Handshake {}", facts.version),
            events::Kind::TunnelRequest(head) => format!("TunnelRequest {}", first_line(&head)),
            events::Kind::TunnelResponse(head) => format!("TunnelResponse {}", first_line(&head)),
            events::Kind::Tunnel(place) => format!("Tunnel {place}"),
            events::Kind::Authorizing { scheme, realm, is_proxy } => format!("Authorizing {scheme} {realm} {is_proxy}"),
            events::Kind::Unanswered { scheme, realm, reason, is_proxy } => {
                format!("Unanswered {scheme} {realm} {is_proxy}: {reason}")
            }
            events::Kind::RequestHead(head) => format!("RequestHead {}", first_line(&head)),
            events::Kind::Connected(address) => format!("Connected {address}"),
            events::Kind::Closed(reason) => format!("Closed {reason:?}"),
            _ => return None,
        })
    };
    session.take_events().into_iter().filter_map(tell).collect()
}
