//! The events of one exchange, with their times, summed up for `-w` and for the exit code.

use std::time::Duration;

use crate::bindings::types::{Event, EventKind, TlsFacts};

/// Times are nanoseconds on the monotonic clock.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The start of the first exchange.
    pub start: u64,
    /// The start of the last one, if a redirect led to it.
    pub redirected: Option<u64>,
    /// The name's addresses are known.
    pub lookup: Option<u64>,
    /// There is a connection.
    pub connected: Option<u64>,
    /// The TLS handshake is done.
    pub handshake: Option<u64>,
    /// Whether the connection has TLS.
    pub is_tls: bool,
    /// The request's head is being sent.
    pub request: Option<u64>,
    /// The first byte of the response has arrived.
    pub first_byte: Option<u64>,
    /// The end of the exchange, successful or not.
    pub end: u64,
    /// New connections.
    pub connects: u64,
    /// The request was sent again.
    pub retries: u64,
    /// Bytes of content sent.
    pub sent: u64,
    /// Bytes of the final response's content received, before decoding.
    pub received: u64,
    /// Bytes of the requests' heads.
    pub request_bytes: u64,
    /// Bytes of the responses' heads.
    pub header_bytes: u64,
    /// The status of the last response to CONNECT. 0 if there was none.
    pub tunnel_status: u16,
    /// The version and suite of the handshake.
    pub tls: Option<TlsFacts>,
    /// Address and port of the peer.
    pub peer: Option<String>,
}

impl Timeline {
    /// An exchange that starts now.
    pub fn starting_at(start: u64, is_tls: bool) -> Self {
        Self { start, end: start, is_tls, ..Self::default() }
    }

    /// How long it has taken until now.
    pub fn elapsed(&self, now: u64) -> Duration {
        Duration::from_nanos(now.saturating_sub(self.start))
    }

    /// A redirect leads to another exchange, which starts now.
    pub fn redirect(&mut self, at: u64, is_tls: bool) {
        self.redirected = Some(at);
        self.is_tls = is_tls;
        (self.handshake, self.tls, self.first_byte) = (None, None, None);
        (self.sent, self.received) = (0, 0);
    }

    /// Adds an event.
    pub fn note(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            EventKind::Addresses(_) => self.lookup = Some(at),
            // If there was no lookup.
            EventKind::Connecting(_) => _ = self.lookup.get_or_insert(at),
            EventKind::Connected(address) => {
                self.connected = Some(at);
                self.peer = Some(address.clone());
                self.connects = self.connects.saturating_add(1);
            }
            EventKind::Reused => {
                self.lookup = Some(at);
                self.connected = Some(at);
                self.handshake = self.is_tls.then_some(at);
            }
            EventKind::Handshake(facts) => {
                self.handshake = Some(at);
                self.tls = Some(facts.clone());
            }
            EventKind::TunnelResponse(head) => {
                let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
                self.tunnel_status = status.and_then(|status| status.parse().ok()).unwrap_or_default();
            }
            EventKind::RequestHead(head) => {
                self.request = Some(at);
                self.received = 0;
                self.request_bytes = self.request_bytes.saturating_add(head.len() as u64);
            }
            EventKind::Sending(progress) => self.sent = progress.done,
            EventKind::Receiving(progress) => self.received = progress.done,
            EventKind::FirstByte => _ = self.first_byte.get_or_insert(at),
            EventKind::InterimHead(head) | EventKind::ResponseHead(head) => {
                self.header_bytes = self.header_bytes.saturating_add(head.len() as u64);
            }
            // Only the last connection's times count, as in curl.
            EventKind::Retrying(_) => {
                self.retries = self.retries.saturating_add(1);
                self.first_byte = None;
            }
            EventKind::Authorizing(_) => self.first_byte = None,
            EventKind::Complete | EventKind::Failed(_) => self.end = at,
            _ => {}
        }
    }

    /// Whether any byte of a response has arrived.
    pub fn has_any_byte(&self) -> bool {
        self.first_byte.is_some()
    }

    /// Seconds from the start to this time. Zero if it never came.
    pub fn seconds_to(&self, at: Option<u64>) -> f64 {
        at.map_or(0.0, |at| at.saturating_sub(self.start) as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(events: &[(u64, EventKind)]) -> Timeline {
        let mut timeline = Timeline::starting_at(1_000_000_000, false);
        for (at, what) in events {
            timeline.note(&Event { at: *at, exchange: 1, connection: 1, what: what.clone() });
        }
        timeline
    }

    #[test]
    fn times_are_relative_to_the_start() {
        let timeline = noted(&[
            (1_100_000_000, EventKind::Addresses(vec!["127.0.0.1".into()])),
            (1_150_000_000, EventKind::Connecting("127.0.0.1:80".into())),
            (1_200_000_000, EventKind::Connected("127.0.0.1:80".into())),
            (1_300_000_000, EventKind::FirstByte),
            (1_400_000_000, EventKind::Complete),
        ]);
        let seconds =
            [timeline.lookup, timeline.connected, timeline.handshake, timeline.first_byte, Some(timeline.end)]
                .map(|at| timeline.seconds_to(at));
        assert_eq!(seconds, [0.1, 0.2, 0.0, 0.3, 0.4]);
        assert_eq!((timeline.connects, timeline.peer.as_deref()), (1, Some("127.0.0.1:80")));
    }

    #[test]
    fn the_last_answer_to_connect_counts() {
        let answers = ["HTTP/1.1 407 Who?\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"];
        let events = answers.map(|head| (1, EventKind::TunnelResponse(head.into())));
        assert_eq!(
            (noted(&events).tunnel_status, noted(&events[..1]).tunnel_status, noted(&[]).tunnel_status),
            (200, 407, 0)
        );
    }

    #[test]
    fn any_byte_starts_over_on_a_new_connection() {
        assert!(noted(&[(1, EventKind::FirstByte)]).has_any_byte());
        let timeline = noted(&[(1, EventKind::FirstByte), (2, EventKind::Retrying("stale".into()))]);
        assert!(!timeline.has_any_byte());
        assert_eq!(timeline.retries, 1);
    }

    #[test]
    fn times_of_skipped_steps() {
        assert_eq!(noted(&[(5, EventKind::Connecting("::1".into()))]).lookup, Some(5));
        let reused = noted(&[(7, EventKind::Reused)]);
        assert_eq!((reused.lookup, reused.connected, reused.connects), (Some(7), Some(7), 0));
        assert_eq!(reused.handshake, None);
        let mut secured = Timeline::starting_at(0, true);
        secured.note(&Event { at: 7, exchange: 1, connection: 1, what: EventKind::Reused });
        assert_eq!(secured.handshake, Some(7));
    }
}
