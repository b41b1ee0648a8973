//! One connection: its transport, received bytes that were not used yet, and how it was made.

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

/// An open connection. Dropping it closes it, and records an event with the reason.
pub(crate) struct Connection<N: Net> {
    pub(crate) transport: Transport<N::Stream>,
    /// Received bytes that were not used yet.
    pub(crate) buffer: Buffer,
    /// Its number in events.
    pub(crate) number: u64,
    /// How many responses it has served.
    pub(crate) served: u64,
    /// The forwarding proxy, if the connection ends there and not in a tunnel.
    pub(crate) forwarder: Option<Rc<Via>>,
    /// The proxy that it goes through, forwarding or not.
    pub(crate) via: Option<Rc<Via>>,
    /// The revision of the settings that made it, or that were found to allow it.
    pub(crate) revision: u32,
    life: Life<N>,
}

/// Records the connection's end in an event when dropped.
struct Life<N: Net> {
    number: u64,
    /// Why it is closed, if decided for this connection alone.
    reason: Option<CloseReason>,
    journal: Rc<Journal<N>>,
    permit: Option<Permit>,
}

impl<N: Net> Connection<N> {
    /// A connection over this stream, made under settings of this revision, for the exchange with this number in events.
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

    /// Adds TLS on top, with its handshake still to be done.
    pub(crate) fn secured(self, tunnel: TlsConnection) -> Self {
        Self { transport: self.transport.secured(tunnel), ..self }
    }

    /// Whether it served an earlier exchange.
    pub(crate) fn is_reused(&self) -> bool {
        self.served > 0
    }

    /// Closes it.
    pub(crate) fn close(mut self, reason: CloseReason) {
        self.life.reason = Some(reason);
    }

    /// Whether this idle connection can take a request. If not, the reason is recorded, and the connection is to be dropped.
    pub(crate) async fn is_alive(&mut self, net: &N) -> bool {
        net.catch_up().await;
        let reason = match self.transport.check() {
            Idle::Alive => return true,
            Idle::Closed => CloseReason::PeerClosed,
            // A stray byte must never begin the next response.
            Idle::StrayBytes => CloseReason::StrayBytes,
        };
        self.life.reason = Some(reason);
        false
    }

    /// Closes it, and returns its permit for another attempt.
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

/// Facts about the connection of a response.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The connection's number in events.
    pub connection: u64,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Whether it served an earlier request.
    pub is_reused: bool,
    /// The outcome of the TLS handshake with the origin, if there was one.
    pub tls: Option<Rc<TlsFacts>>,
}

/// The reason for which an unusable connection closes.
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
