//! The journal of a session, or of all sessions of a client: events with their times, and the numbers of connections and exchanges.
//! It is all that a connection knows about its session.

use std::cell::Cell;

use crate::net::Net;
use crate::session::events::{CloseReason, Event, Events, Kind, Subject};

/// The journal.
pub(crate) struct Journal<N: Net> {
    net: N,
    events: Events,
    /// How many events are kept, and how many bytes of text in them.
    bounds: Cell<(usize, usize)>,
    /// The reason of connections that close because their owner is dropped.
    ending: Cell<CloseReason>,
    connections: Cell<u64>,
    exchanges: Cell<u64>,
}

impl<N: Net> Journal<N> {
    pub(crate) fn new(net: N, bounds: (usize, usize)) -> Self {
        Self {
            net,
            events: Events::default(),
            bounds: Cell::new(bounds),
            ending: Cell::new(CloseReason::Cancelled),
            connections: Cell::new(0),
            exchanges: Cell::new(0),
        }
    }

    /// Keeps this many events, and this many bytes of text in them, from now on.
    pub(crate) fn set_bounds(&self, bounds: (usize, usize)) {
        self.bounds.set(bounds);
    }

    /// Whether events are recorded.
    pub(crate) fn set_recorded(&self, recorded: bool) {
        self.events.set_recorded(recorded);
    }

    /// Whether events are recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.events.is_recorded()
    }

    pub(crate) fn record(&self, subject: Subject, what: impl FnOnce() -> Kind) {
        if self.events.is_recorded() {
            let (most, most_text) = self.bounds.get();
            self.events.record(Event { at: self.net.now(), subject, what: what() }, most, most_text);
        }
    }

    /// What has happened since the last call.
    pub(crate) fn take(&self) -> Vec<Event> {
        self.events.take(self.net.now())
    }

    /// The number of the next connection.
    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.set(self.connections.get().saturating_add(1));
        self.connections.get()
    }

    /// The number of the next exchange.
    pub(crate) fn next_exchange(&self) -> u64 {
        self.exchanges.set(self.exchanges.get().saturating_add(1));
        self.exchanges.get()
    }

    /// Sets the reason of connections that are dropped without one of their own from now on.
    pub(crate) fn set_ending(&self, reason: CloseReason) {
        self.ending.set(reason);
    }

    /// Notes that a connection was closed.
    pub(crate) fn closed(&self, connection: u64, reason: Option<CloseReason>) {
        let subject = Subject { exchange: 0, connection };
        self.record(subject, || Kind::Closed(reason.unwrap_or(self.ending.get())));
    }
}
