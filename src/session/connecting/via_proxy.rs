//! Connecting through a proxy: the first that works is used.

use std::net::SocketAddr;
use std::rc::Rc;

use crate::auth::Server;
use crate::auth::cache::Decision;
use crate::error::{Code, Error, Phase};
use crate::http::origin::{Host, Origin, Scheme};
use crate::net::Net;
use crate::proxy::connect::{self, Connect, Rest};
use crate::proxy::server::Kind as Spoken;
use crate::proxy::socks::Socks;
use crate::session::authorization::{NOTHING_FOR_PROXY, RequestAuth, tell_all};
use crate::session::connecting::dial::{find, find_origin, race};
use crate::session::connecting::proxy_handshake::negotiate;
use crate::session::connecting::tls_handshake::{shake_hands, tunnel};
use crate::session::connection::Connection;
use crate::session::events::masked;
use crate::session::events::{CloseReason, Head, Kind, Subject};
use crate::session::permits::Permit;
use crate::session::proxies::{Proxies, Use, Via};
use crate::session::shared::Shared;
use crate::session::timing::{Deadline, Schedule, Step};
use crate::tls::remembered::Peer;

/// A connection to be made: its session, origin, exchange and deadlines.
pub(crate) struct ViaProxy<'a, N: Net> {
    pub(crate) shared: &'a Rc<Shared<N>>,
    pub(crate) origin: &'a Origin,
    pub(crate) exchange: u64,
    pub(crate) schedule: &'a Schedule,
}

/// A failed proxy.
struct Failed {
    error: Error,
    /// The permit, if it can be used for another attempt.
    permit: Option<Permit>,
    /// Whether to try the next proxy: this one cannot be reached, or its responses are malformed. A proxy that refuses is alive.
    /// Trying another would hide its response.
    is_dead: bool,
}

/// A connection to a proxy, and the deadline of the handshake with it.
type Reached<N> = (Connection<N>, Deadline<'static>);

impl<N: Net> ViaProxy<'_, N> {
    /// A connection through the first of these proxies that works.
    pub(crate) async fn try_each(&self, proxies: &Proxies, permit: Permit) -> Result<Connection<N>, Error> {
        let mut permit = permit;
        let mut failures = Vec::new();
        let mut trials = proxies.in_order().peekable();
        while let Some((place, via)) = trials.next() {
            self.record(0, || Kind::Proxy(via.server.to_string()));
            let failed = match self.connect_through(via, permit).await {
                Ok(mut connection) => {
                    proxies.was_good(place);
                    connection.via = Some(Rc::clone(via));
                    return Ok(connection);
                }
                Err(failed) => failed,
            };
            let Failed { error, permit: left, is_dead } = failed;
            let (proxy, reason) = (via.server.to_string(), error.detail.clone());
            failures.push(format!("proxy {proxy}: {reason}"));
            self.record(0, || Kind::ProxyFailed { proxy, reason });
            match left {
                Some(left) if is_dead && trials.peek().is_some() => permit = left,
                _ => {
                    if !is_dead {
                        proxies.was_good(place);
                    }
                    let (phase, code) = (error.phase, error.code);
                    return Err(Error::new(phase, code, failures.join("; ")));
                }
            }
        }
        // Unreachable: there is at least one proxy.
        Err(Error::new(Phase::Proxy, Code::Configuration, "no proxy is set"))
    }

    /// A connection through this proxy.
    async fn connect_through(&self, via: &Rc<Via>, permit: Permit) -> Result<Connection<N>, Failed> {
        let (tunnels_all, connect_to) = {
            let settings = self.shared.settings.borrow();
            (settings.proxying.tunnels_all, settings.connect_to().cloned())
        };
        // A forwarding proxy connects to the request's target. To connect elsewhere, a tunnel is needed.
        let purpose = via.server.purpose(self.origin.scheme, tunnels_all || connect_to.is_some());
        let to = connect_to.unwrap_or_else(|| (self.origin.host.clone(), self.origin.port));
        let place = format!("{}:{}", to.0, to.1);
        let connection = match purpose {
            Use::Forward => {
                let (mut connection, _) = self.reach(via, permit, None).await?;
                connection.forwarder = Some(Rc::clone(via));
                return Ok(connection);
            }
            Use::Connect => self.open_tunnel(via, permit, &place).await?,
            Use::Socks(version) => {
                // An error here is not the proxy's fault: it was not contacted yet.
                let socks = match self.socks_target(via, to).await {
                    Ok((host, port)) => Socks::new(version, &host, port, via.server.login.as_ref())
                        .map_err(|what| Error::new(Phase::Proxy, Code::Configuration, what)),
                    Err(error) => Err(error),
                };
                let mut socks = match socks {
                    Ok(socks) => socks,
                    Err(error) => return Err(Failed { error, permit: Some(permit), is_dead: false }),
                };
                let (mut connection, deadline) = self.reach(via, permit, None).await?;
                match negotiate(self.shared, &mut connection, &mut socks, deadline).await {
                    Ok(()) => connection,
                    Err(error) => return Err(failed(connection, error)),
                }
            }
        };
        if self.origin.scheme == Scheme::Https && !connection.buffer.is_empty() {
            // Bytes that a proxy sends after its last message could only be meant to be taken for the origin's.
            let code = if via.server.kind.is_http() { Code::ProxyProtocol } else { Code::SocksProtocol };
            let error = Error::new(Phase::Proxy, code, "it sent bytes of its own into the tunnel");
            return Err(failed(connection, error));
        }
        self.record(connection.number, || Kind::Tunnel(place));
        Ok(connection)
    }

    /// The target for a SOCKS proxy: an address if names are looked up by the session.
    async fn socks_target(&self, via: &Via, to: (Host, u16)) -> Result<(Host, u16), Error> {
        if !via.server.kind.resolves_here() {
            return Ok(to);
        }
        let subject = Subject { exchange: self.exchange, connection: 0 };
        let found = find_origin(self.shared, self.origin, subject, self.schedule).await?;
        let is_usable = |address: &&SocketAddr| via.server.kind != Spoken::Socks4 || address.is_ipv4();
        match found.iter().find(is_usable) {
            Some(address) => Ok((Host::Address(address.ip()), address.port())),
            None => {
                let detail = "SOCKS 4 has no IPv6, and the origin has no other address: use socks5 or socks5h";
                Err(Error::new(Phase::Proxy, Code::Configuration, detail))
            }
        }
    }

    /// A connection to the proxy, with TLS for `https`. The deadline of the handshake begins now if there is none yet.
    async fn reach(
        &self,
        via: &Via,
        permit: Permit,
        deadline: Option<Deadline<'static>>,
    ) -> Result<Reached<N>, Failed> {
        let (shared, schedule) = (self.shared, self.schedule);
        let subject = Subject { exchange: self.exchange, connection: 0 };
        let stream = async {
            let found = find(shared, via.server.host.clone(), via.server.port, subject, schedule).await?;
            race(shared, found, &via.last_good, subject, schedule).await
        };
        let stream = match stream.await {
            Ok(stream) => stream,
            Err(error) => {
                let is_dead = error.code != Code::ExchangeTimeout;
                return Err(Failed { error: Error { phase: Phase::Proxy, ..error }, permit: Some(permit), is_dead });
            }
        };
        let connection = shared.connection(stream, permit, self.exchange);
        let deadline = deadline.unwrap_or_else(|| schedule.step(Step::Proxy, shared.net.now()));
        match via.server.kind {
            Spoken::Https => Ok((self.secure(via, connection, deadline).await?, deadline)),
            _ => Ok((connection, deadline)),
        }
    }

    /// TLS with the proxy.
    async fn secure(
        &self,
        via: &Via,
        connection: Connection<N>,
        deadline: Deadline<'static>,
    ) -> Result<Connection<N>, Failed> {
        let shared = self.shared;
        let peer = Peer::proxy(&via.server.host, via.server.port);
        let made = tunnel(&shared.net, &shared.settings.borrow().proxying.tls, peer);
        let mut connection = match made {
            Ok(tunnel) => connection.secured(tunnel),
            Err(error) => return Err(failed(connection, error)),
        };
        match shake_hands(shared, &mut connection, deadline).await {
            Ok(()) => {
                if let Some(facts) = connection.transport.tls_facts() {
                    self.record(connection.number, || Kind::ProxyHandshake(facts.clone()));
                }
                Ok(connection)
            }
            Err(error) => Err(failed(connection, Error { phase: Phase::Proxy, ..error })),
        }
    }

    /// A connection through a tunnel to this host and port, opened by an HTTP proxy.
    async fn open_tunnel(&self, via: &Via, permit: Permit, place: &str) -> Result<Connection<N>, Failed> {
        let shared = self.shared;
        let mut auth = RequestAuth::of_connect(&via.credentials, place);
        let (mut connection, deadline) = self.reach(via, permit, None).await?;
        let mut is_kept = false;
        // Each iteration answers a challenge, whose number `RequestAuth` bounds, or uses a new connection in place of a kept one.
        loop {
            let (limits, agent) = {
                let settings = shared.settings.borrow();
                (*settings.limits(), settings.shared_user_agent())
            };
            let mut head = connect::head(place, agent.as_deref());
            if let Some(auth) = &mut auth {
                auth.sign(&mut head, &shared.net);
            }
            self.record(connection.number, || Kind::TunnelRequest(masked(&head)));
            let mut connect = Connect::new(head, limits);
            let outcome = negotiate(shared, &mut connection, &mut connect, deadline).await;
            let mut heads = connect.take_heads();
            for (_, bytes) in &mut heads {
                self.record(connection.number, || Kind::TunnelResponse(Head(std::mem::take(bytes))));
            }
            let is_answered = outcome.as_ref().err().is_none_or(|error| matches!(error.code, Code::ProxyRefused(_)));
            let mut tell = |kind| self.record(connection.number, || kind);
            let decision = match (&mut auth, heads.last()) {
                (Some(auth), Some((head, _))) if is_answered => auth.judge(head, &mut tell),
                (None, Some((head, _))) if is_answered => {
                    tell_all(Server::Proxy, head, NOTHING_FOR_PROXY, &mut tell);
                    Ok(Decision::Stays)
                }
                _ => Ok(Decision::Stays),
            };
            match (decision, outcome) {
                (Err(error), _) => return Err(failed(connection, Error { phase: Phase::Proxy, ..error })),
                (Ok(Decision::Stays), Ok(())) => return Ok(connection),
                (Ok(Decision::Again { scheme, realm }), _) => {
                    self.record(connection.number, || Kind::Authorizing { scheme, realm, is_proxy: true });
                    (connection, is_kept) = self.leave(via, connection, connect, deadline, limits.drained).await?;
                }
                // The connection was kept after a challenge, but the proxy had closed it.
                (_, Err(error)) if is_kept && heads.is_empty() && !is_late(&error) => {
                    connection = self.reconnect(via, connection, CloseReason::PeerClosed, deadline).await?;
                    is_kept = false;
                }
                (_, Err(error)) => return Err(failed(connection, error)),
            }
        }
    }

    /// After a challenge: returns the same connection if it can be kept at little cost, or another, and whether it is the same.
    async fn leave(
        &self,
        via: &Via,
        mut connection: Connection<N>,
        refused: Connect,
        deadline: Deadline<'static>,
        most: u64,
    ) -> Result<(Connection<N>, bool), Failed> {
        let Some(mut rest) = Rest::of(refused, most) else {
            return Ok((self.reconnect(via, connection, CloseReason::UnreadContent, deadline).await?, false));
        };
        match negotiate(self.shared, &mut connection, &mut rest, deadline).await {
            Ok(()) => Ok((connection, true)),
            Err(error) if is_late(&error) => Err(failed(connection, error)),
            Err(_) => Ok((self.reconnect(via, connection, CloseReason::UnreadContent, deadline).await?, false)),
        }
    }

    /// Replaces this connection with another to the same proxy.
    async fn reconnect(
        &self,
        via: &Via,
        connection: Connection<N>,
        reason: CloseReason,
        deadline: Deadline<'static>,
    ) -> Result<Connection<N>, Failed> {
        match connection.give_up(reason) {
            Some(permit) => self.reach(via, permit, Some(deadline)).await.map(|(connection, _)| connection),
            // Unreachable: every connection has a permit.
            None => {
                let error =
                    Error::new(Phase::Proxy, Code::ConnectionLimitReached, "there is no other connection to be had");
                Err(Failed { error, permit: None, is_dead: false })
            }
        }
    }

    fn record(&self, connection: u64, what: impl FnOnce() -> Kind) {
        self.shared.record(Subject { exchange: self.exchange, connection }, what);
    }
}

/// Whether this is a missed deadline, so that nothing else is tried.
fn is_late(error: &Error) -> bool {
    matches!(error.code, Code::ProxyTimeout | Code::ExchangeTimeout)
}

/// The failure of a proxy on a connection to it, which closes.
fn failed<N: Net>(connection: Connection<N>, error: Error) -> Failed {
    let is_dead = !matches!(
        error.code,
        Code::ProxyRefused(_)
            | Code::SocksRefused(_)
            | Code::ServerNotAuthenticated
            | Code::Configuration
            | Code::ExchangeTimeout
    );
    Failed { error, permit: connection.give_up(CloseReason::Failed), is_dead }
}
