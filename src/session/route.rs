//! The way to the origin: straight to it, or through the first proxy that does what it is for; and for `https` the handshake.

use std::net::SocketAddr;
use std::rc::Rc;

use crate::clock::Instant;
use crate::error::{Code, Error, Phase};
use crate::http::origin::{Host, Origin, Scheme};
use crate::net::{Net, Stream};
use crate::proxy::connect::{self, Connect};
use crate::proxy::server::Kind as ProxyKind;
use crate::proxy::socks::Socks;
use crate::session::Shared;
use crate::session::channel::Channel;
use crate::session::connection::{Connection, Permit};
use crate::session::dial::{find, find_origin, race};
use crate::session::dialogue::converse;
use crate::session::events::{CloseReason, Kind, Whose};
use crate::session::handshake::{shake_hands, tunnel};
use crate::session::proxies::{Proxies, Use, Via};
use crate::session::settings::Schedule;
use crate::session::timing::Elapsed;

/// A new connection on which requests to the origin can be sent. `exchange` is for whom, in events.
pub(crate) async fn connect<N: Net>(
    shared: &Rc<Shared<N>>,
    origin: &Origin,
    permit: Permit,
    exchange: u64,
    schedule: &Schedule,
) -> Result<Connection<N>, Error> {
    let proxies = shared.settings.borrow().proxying.for_origin(origin);
    let connection = match proxies {
        None => {
            let whose = Whose { exchange, connection: 0 };
            let found = find_origin(shared, origin, whose, schedule).await?;
            let stream = race(shared, found, &shared.last_good, whose, schedule).await?;
            begin(shared, stream, permit, exchange)
        }
        // Boxed, so that who needs no proxy has no room for it.
        Some(proxies) => Box::pin(Detour { shared, origin, exchange, schedule }.through(&proxies, permit)).await?,
    };
    match origin.scheme {
        Scheme::Http => Ok(connection),
        Scheme::Https => secure(shared, origin, connection, exchange, schedule).await,
    }
}

/// A connection over this stream.
fn begin<N: Net>(shared: &Rc<Shared<N>>, stream: N::Stream, permit: Permit, exchange: u64) -> Connection<N> {
    let peer = stream.peer();
    let connection = Connection::new(Channel::Plain(stream), shared, permit);
    let whose = Whose { exchange, connection: connection.number };
    shared.record(whose, || Kind::Connected(peer.to_string()));
    connection
}

/// TLS with the origin.
async fn secure<N: Net>(
    shared: &Rc<Shared<N>>,
    origin: &Origin,
    connection: Connection<N>,
    exchange: u64,
    schedule: &Schedule,
) -> Result<Connection<N>, Error> {
    let whose = Whose { exchange, connection: connection.number };
    let made = tunnel(&shared.net, &mut shared.settings.borrow_mut().tls, &origin.host);
    let mut connection = match made {
        Ok(tunnel) => connection.secured(tunnel),
        Err(error) => {
            connection.close(CloseReason::Failed);
            return Err(error);
        }
    };
    let deadline = schedule.end.min(shared.net.now() + schedule.each.handshake);
    let error = match shake_hands(shared, &mut connection, deadline).await {
        Ok(Ok(())) => {
            if let Some(facts) = connection.channel.tls_facts() {
                shared.record(whose, || Kind::Handshake(facts.clone()));
            }
            return Ok(connection);
        }
        Ok(Err(error)) => error,
        Err(Elapsed) if deadline == schedule.end => shared.exchange_timeout(Phase::Handshake, schedule),
        Err(Elapsed) => {
            let detail = format!("the TLS handshake took longer than {:?}", schedule.each.handshake);
            Error::new(Phase::Handshake, Code::TlsHandshakeTimeout, detail)
        }
    };
    connection.close(CloseReason::Failed);
    Err(error)
}

/// The way through a proxy.
struct Detour<'a, N: Net> {
    shared: &'a Rc<Shared<N>>,
    origin: &'a Origin,
    exchange: u64,
    schedule: &'a Schedule,
}

/// A proxy that has not done what it is for.
struct Failed {
    error: Error,
    /// The right to have a connection open, if it is left.
    permit: Option<Permit>,
    /// Whether another proxy may do better: this one cannot be reached, or makes no sense. One that refuses is no such: it
    /// is alive, has been asked, and another would only hide what it has said.
    is_dead: bool,
}

impl<N: Net> Detour<'_, N> {
    /// A connection through the first proxy that opens one.
    async fn through(&self, proxies: &Proxies, permit: Permit) -> Result<Connection<N>, Error> {
        let mut permit = permit;
        let mut failures: Vec<String> = Vec::new();
        let mut trials = proxies.in_order().peekable();
        while let Some((place, via)) = trials.next() {
            let whose = Whose { exchange: self.exchange, connection: 0 };
            self.shared.record(whose, || Kind::Proxy(via.server.to_string()));
            let Failed { error, permit: left, is_dead } = match self.via(via, permit).await {
                Ok(connection) => {
                    proxies.was_good(place);
                    return Ok(connection);
                }
                Err(failed) => failed,
            };
            let (proxy, reason) = (via.server.to_string(), error.detail.clone());
            self.shared.record(whose, || Kind::ProxyFailed { proxy, reason });
            match left {
                Some(left) if is_dead && trials.peek().is_some() => {
                    failures.push(format!("proxy {}: {}", via.server, error.detail));
                    permit = left;
                }
                _ => {
                    if !is_dead {
                        proxies.was_good(place);
                    }
                    failures.push(format!("proxy {}: {}", via.server, error.detail));
                    return Err(Error::new(error.phase, error.code, failures.join("; ")));
                }
            }
        }
        // There is at least one.
        Err(Error::new(Phase::Proxy, Code::Configuration, "no proxy is set"))
    }

    /// A connection through this proxy.
    async fn via(&self, via: &Rc<Via>, permit: Permit) -> Result<Connection<N>, Failed> {
        let (shared, schedule) = (self.shared, self.schedule);
        let whose = Whose { exchange: self.exchange, connection: 0 };
        let server = &via.server;
        let connect_to = shared.settings.borrow().connect_to().cloned();
        // Who is told to forward to another host than the one that the request names has no way to know.
        let tunnels_all = shared.settings.borrow().proxying.tunnels_all || connect_to.is_some();
        let purpose = via.purpose(self.origin.scheme, tunnels_all);
        let to = connect_to.unwrap_or_else(|| (self.origin.host.clone(), self.origin.port));

        let socks = match purpose {
            Use::Forward | Use::Connect => None,
            Use::Socks(version) => {
                let (host, port) = match self.resolved(via, to.clone(), whose).await {
                    Ok(resolved) => resolved,
                    // It is not the proxy whose name is wrong.
                    Err(error) => return Err(Failed { error, permit: Some(permit), is_dead: false }),
                };
                match Socks::new(version, &host, port, server.login.as_ref()) {
                    Ok(socks) => Some(socks),
                    Err(what) => {
                        let error = Error::new(Phase::Proxy, Code::Configuration, what);
                        return Err(Failed { error, permit: Some(permit), is_dead: false });
                    }
                }
            }
        };

        let stream = match self.reach(via, whose).await {
            Ok(stream) => stream,
            Err(error) => {
                let is_dead = error.code != Code::ExchangeTimeout;
                return Err(Failed { error: Error { phase: Phase::Proxy, ..error }, permit: Some(permit), is_dead });
            }
        };
        let mut connection = begin(shared, stream, permit, self.exchange);
        let deadline = schedule.end.min(shared.net.now() + schedule.each.proxy);
        if server.kind == ProxyKind::Https {
            connection = self.secure_proxy(via, connection, deadline).await?;
        }
        let whose = Whose { connection: connection.number, ..whose };
        let outcome = match (purpose, socks) {
            (Use::Socks(_), Some(mut socks)) => converse(shared, &mut connection, &mut socks, deadline).await,
            (Use::Connect, _) => {
                let (limits, head) = {
                    let settings = shared.settings.borrow();
                    (*settings.limits(), connect::head(&to.0, to.1, settings.user_agent(), None))
                };
                shared.record(whose, || Kind::TunnelRequest(crate::session::open::masked(&head)));
                let mut connect = Connect::new(head, limits);
                let outcome = converse(shared, &mut connection, &mut connect, deadline).await;
                for head in connect.take_heads() {
                    shared.record(whose, || Kind::TunnelResponse(crate::session::open::head_text(&head)));
                }
                outcome
            }
            (Use::Forward | Use::Socks(_), _) => {
                connection.forwarder = Some(Rc::clone(via));
                return Ok(connection);
            }
        };
        let error = match outcome {
            Ok(Ok(())) if self.origin.scheme == Scheme::Https && !connection.buffer.is_empty() => {
                // What the proxy says after its last word could only be meant to be taken for the origin's.
                let code = if server.kind.is_http() { Code::ProxyProtocol } else { Code::SocksProtocol };
                Error::new(Phase::Proxy, code, "it sent bytes of its own into the tunnel")
            }
            Ok(Ok(())) => {
                shared.record(whose, || Kind::Tunnel(format!("{}:{}", to.0, to.1)));
                return Ok(connection);
            }
            Ok(Err(error)) => error,
            Err(Elapsed) => self.late(deadline),
        };
        let is_dead = !matches!(error.code, Code::ProxyRefused(_) | Code::SocksRefused(_) | Code::ExchangeTimeout);
        Err(Failed { error, permit: connection.fail(), is_dead })
    }

    /// What the proxy is told: an address where names are looked up here.
    async fn resolved(&self, via: &Via, to: (Host, u16), whose: Whose) -> Result<(Host, u16), Error> {
        if !via.server.kind.resolves_here() {
            return Ok(to);
        }
        let found = find_origin(self.shared, self.origin, whose, self.schedule).await?;
        let is_usable = |address: &&SocketAddr| via.server.kind != ProxyKind::Socks4 || address.is_ipv4();
        match found.iter().find(is_usable) {
            Some(address) => Ok((Host::Address(address.ip()), address.port())),
            None => {
                let detail = "SOCKS 4 has no IPv6, and the name has no other address: use socks5 or socks5h";
                Err(Error::new(Phase::Proxy, Code::Configuration, detail))
            }
        }
    }

    /// A stream to the proxy.
    async fn reach(&self, via: &Via, whose: Whose) -> Result<N::Stream, Error> {
        let (host, port) = (via.server.host.clone(), via.server.port);
        let found = find(self.shared, host, port, whose, self.schedule).await?;
        race(self.shared, found, &via.last_good, whose, self.schedule).await
    }

    /// TLS with the proxy.
    async fn secure_proxy(
        &self,
        via: &Via,
        connection: Connection<N>,
        deadline: Instant,
    ) -> Result<Connection<N>, Failed> {
        let shared = self.shared;
        let made = tunnel(&shared.net, &mut shared.settings.borrow_mut().proxying.tls, &via.server.host);
        let mut connection = match made {
            Ok(tunnel) => connection.secured(tunnel),
            Err(error) => return Err(Failed { error, permit: connection.fail(), is_dead: false }),
        };
        let error = match shake_hands(shared, &mut connection, deadline).await {
            Ok(Ok(())) => {
                let whose = Whose { exchange: self.exchange, connection: connection.number };
                if let Some(facts) = connection.channel.tls_facts() {
                    shared.record(whose, || Kind::ProxyHandshake(facts.clone()));
                }
                return Ok(connection);
            }
            Ok(Err(error)) => Error { phase: Phase::Proxy, ..error },
            Err(Elapsed) => self.late(deadline),
        };
        let is_dead = error.code != Code::ExchangeTimeout;
        Err(Failed { error, permit: connection.fail(), is_dead })
    }

    fn late(&self, deadline: Instant) -> Error {
        if deadline == self.schedule.end {
            return self.shared.exchange_timeout(Phase::Proxy, self.schedule);
        }
        let detail = format!("its dialogue took longer than {:?}", self.schedule.each.proxy);
        Error::new(Phase::Proxy, Code::ProxyTimeout, detail)
    }
}
