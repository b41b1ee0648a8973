//! One connection: what carries its bytes, what was received and not used, and how it came about.

use std::net::SocketAddr;
use std::rc::Rc;

use crate::buffer::Buffer;
use crate::h1::exchange::Unusable;
use crate::h1::persistence::Close;
use crate::net::{Net, Stream};
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::journal::Journal;
use crate::session::permits::Permit;
use crate::session::proxies::Via;
use crate::session::transport::{Idle, Transport};
use crate::tls::connection::TlsConnection;
use crate::tls::facts::TlsFacts;

/// An open connection. Dropping it closes it, and an event says why.
pub(crate) struct Connection<N: Net> {
    pub(crate) transport: Transport<N::Stream>,
    /// What was received and not used.
    pub(crate) buffer: Buffer,
    /// Its number in events.
    pub(crate) number: u64,
    /// How many responses came over it.
    pub(crate) served: u64,
    /// The proxy that forwards what is sent on it, if it is to one and no tunnel.
    pub(crate) forwarder: Option<Rc<Via>>,
    /// The proxy that it leads through, whatever that does.
    pub(crate) via: Option<Rc<Via>>,
    /// The settings that it was made under, or that were found to make it.
    pub(crate) revision: u32,
    life: Life<N>,
}

/// The time between a connection's beginning and its end, which an event shows.
struct Life<N: Net> {
    number: u64,
    /// Why it is closed, if that was decided for this connection alone.
    reason: Option<CloseReason>,
    journal: Rc<Journal<N>>,
    permit: Option<Permit>,
}

impl<N: Net> Connection<N> {
    /// A connection over this stream, made under settings of this revision. `exchange` is for whom, in events.
    pub(crate) fn new(
        stream: N::Stream,
        journal: &Rc<Journal<N>>,
        revision: u32,
        permit: Permit,
        exchange: u64,
    ) -> Self {
        let number = journal.next_connection();
        let peer = stream.peer();
        journal.record(Subject { exchange, connection: number }, || Kind::Connected(peer.to_string()));
        let life = Life { number, reason: None, journal: Rc::clone(journal), permit: Some(permit) };
        let (transport, buffer) = (Transport::Plain(stream), Buffer::default());
        Self { transport, buffer, number, served: 0, forwarder: None, via: None, revision, life }
    }

    /// The same with TLS over all that it has so far, the handshake to be done.
    pub(crate) fn secured(self, tunnel: TlsConnection) -> Self {
        Self { transport: self.transport.secured(tunnel), ..self }
    }

    /// Whether it had carried an exchange before this one.
    pub(crate) fn is_reused(&self) -> bool {
        self.served > 0
    }

    /// Closes it.
    pub(crate) fn close(mut self, reason: CloseReason) {
        self.life.reason = Some(reason);
    }

    /// Whether a request can be sent on it that has been silent until now. If not, it is to be dropped, and the reason is known.
    pub(crate) async fn is_alive(&mut self, net: &N) -> bool {
        net.catch_up().await;
        let reason = match self.transport.check() {
            Idle::Alive => return true,
            Idle::Closed => CloseReason::PeerClosed,
            // A byte that nobody asked for must never begin the next response.
            Idle::StrayBytes => CloseReason::StrayBytes,
        };
        self.life.reason = Some(reason);
        false
    }

    /// Closes it, and gives back the right to have one, for another attempt.
    pub(crate) fn give_up(mut self, reason: CloseReason) -> Option<Permit> {
        let permit = self.life.permit.take();
        self.close(reason);
        permit
    }
}

impl<N: Net> Drop for Life<N> {
    fn drop(&mut self) {
        self.journal.closed(self.number, self.reason);
    }
}

/// Between whom a response's connection is.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The connection's number in events.
    pub connection: u64,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Whether the connection had served a request before.
    pub is_reused: bool,
    /// What its TLS handshake agreed on, if it had one.
    pub tls: Option<Rc<TlsFacts>>,
}

/// Why a connection closes that cannot serve another exchange.
pub(crate) fn close_reason(unusable: Unusable) -> CloseReason {
    match unusable {
        Unusable::UnsentContent => CloseReason::UnsentContent,
        Unusable::StrayBytes => CloseReason::StrayBytes,
        Unusable::Said(Close::PeerAsked) => CloseReason::PeerAsked,
        Unusable::Said(Close::OldVersion) => CloseReason::OldVersion,
        Unusable::Said(Close::CallerAsked) => CloseReason::CallerAsked,
        Unusable::Said(Close::ContentToEnd) => CloseReason::ContentToEnd,
        Unusable::Said(Close::ConflictingFraming) => CloseReason::ConflictingFraming,
        Unusable::Said(Close::Upgraded) => CloseReason::Upgraded,
    }
}
