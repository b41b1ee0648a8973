//! What happened in a session, kept in a bounded queue until the session's owner takes it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use crate::clock::Instant;
use crate::error::{Code, Error, Refusal};
use crate::h1::request_head;
use crate::http::fields::is_token_byte;
use crate::http::head::{Line, RequestHead, Value};
use crate::tls::facts::TlsFacts;

/// An event: the WIT's `event`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub at: Instant,
    /// The exchange and the connection that it is about.
    pub subject: Subject,
    /// What happened.
    pub what: Kind,
}

/// The exchange and the connection that an event is about. 0 stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The exchange's number.
    pub exchange: u64,
    /// The connection's number.
    pub connection: u64,
}

/// The kinds of event. The WIT's `event-kind` describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the WIT documents each")]
pub enum Kind {
    Proxy(String),
    ProxyFailed { proxy: String, reason: String },
    ProxyHandshake(Rc<TlsFacts>),
    TunnelRequest(Head),
    TunnelResponse(Head),
    Tunnel(String),
    Lookup(String),
    Addresses(Vec<String>),
    Connecting(String),
    AttemptFailed { address: String, reason: String },
    Connected(String),
    Handshake(Rc<TlsFacts>),
    Reused,
    RequestHead(Head),
    Sending { done: u64, total: Option<u64> },
    RequestSent,
    FirstByte,
    InterimHead(Head),
    ResponseHead(Head),
    Receiving { done: u64, total: Option<u64> },
    Decoding(Vec<&'static str>),
    Complete,
    Redirecting(String),
    Cookie { name: String, refused: Option<String> },
    Retrying(String),
    Authorizing { scheme: &'static str, realm: String, is_proxy: bool },
    Unanswered { scheme: String, realm: String, reason: &'static str, is_proxy: bool },
    Failed(Error),
    Kept,
    Closed(CloseReason),
    Lost(u32),
}

/// A head's bytes, without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Head(pub Vec<u8>);

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Why a connection was closed. The WIT's `close-reason` describes the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the WIT documents each")]
pub enum CloseReason {
    PeerAsked,
    OldVersion,
    CallerAsked,
    ContentToEnd,
    ConflictingFraming,
    UnsentContent,
    UnreadContent,
    StrayBytes,
    PeerClosed,
    Upgraded,
    Surplus,
    Failed,
    Cancelled,
    CloseConnection,
    SessionDropped,
    SettingsChanged,
    Evicted,
}

/// The events that were not taken yet.
#[derive(Debug, Default)]
pub struct Events {
    is_recorded: Cell<bool>,
    queue: RefCell<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    /// Bytes of text in them.
    text: usize,
    lost: u32,
}

impl Events {
    /// Whether events are recorded at all.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.get()
    }

    /// Turns recording on or off. Turning it off drops the events.
    pub fn set_recorded(&self, recorded: bool) {
        self.is_recorded.set(recorded);
        if !recorded {
            self.queue.take();
        }
    }

    /// Records an event. Beyond `most` events, or `most_text` bytes of text and heads in them, it is only counted as lost.
    pub fn record(&self, event: Event, most: usize, most_text: usize) {
        let mut queue = self.queue.borrow_mut();
        // Progress that was not taken yet is replaced by later progress of the same kind, so that a long transfer does not fill
        // the queue.
        if let (Some(last), Kind::Sending { .. } | Kind::Receiving { .. }) = (queue.events.back_mut(), &event.what)
            && last.subject == event.subject
            && std::mem::discriminant(&last.what) == std::mem::discriminant(&event.what)
        {
            *last = event;
            return;
        }
        let text = event.what.text_length();
        if queue.events.len() >= most || queue.text.saturating_add(text) > most_text {
            queue.lost = queue.lost.saturating_add(1);
            return;
        }
        queue.text = queue.text.saturating_add(text);
        queue.events.push_back(event);
    }

    /// Takes all events, oldest first. The last one counts those that were lost.
    pub fn take(&self, now: Instant) -> Vec<Event> {
        let queue = self.queue.take();
        let mut events = Vec::from(queue.events);
        if queue.lost > 0 {
            events.push(Event { at: now, subject: Subject::default(), what: Kind::Lost(queue.lost) });
        }
        events
    }
}

impl Kind {
    fn text_length(&self) -> usize {
        match self {
            Self::TunnelRequest(head)
            | Self::TunnelResponse(head)
            | Self::RequestHead(head)
            | Self::InterimHead(head)
            | Self::ResponseHead(head) => head.0.len(),
            Self::Proxy(text)
            | Self::Tunnel(text)
            | Self::Lookup(text)
            | Self::Connecting(text)
            | Self::Connected(text)
            | Self::Redirecting(text)
            | Self::Retrying(text) => text.len(),
            Self::Cookie { name, refused } => name.len().saturating_add(refused.as_ref().map_or(0, String::len)),
            Self::Addresses(all) => all.iter().map(String::len).sum(),
            Self::Authorizing { realm, .. } => realm.len(),
            Self::Unanswered { scheme, realm, .. } => scheme.len().saturating_add(realm.len()),
            Self::ProxyFailed { proxy: address, reason } | Self::AttemptFailed { address, reason } => {
                address.len().saturating_add(reason.len())
            }
            Self::Handshake(facts) | Self::ProxyHandshake(facts) => chain_length(&facts.chain),
            Self::Failed(error) => match &error.code {
                // A rejected server chose the length of its chain.
                Code::TlsCertificate(rejected) => error.detail.len().saturating_add(chain_length(&rejected.chain)),
                // A proxy chose the fields of its refusal.
                Code::ProxyRefused(refusal) => error.detail.len().saturating_add(refusal_length(refusal)),
                _ => error.detail.len(),
            },
            _ => 0,
        }
    }
}

/// A request's head for an event, with credentials masked.
#[cold]
pub(crate) fn masked(head: &RequestHead<'_>) -> Head {
    let lines = head.fields.iter().map(|line| {
        let value = match &line.value {
            Value::Plain(value) if !is_credential(line.name) => Cow::Borrowed(&**value),
            Value::Cookies(_) => Cow::Borrowed(&b"***"[..]),
            value => Cow::Owned([scheme_of(value.expose()), b"***"].concat()),
        };
        Line { name: line.name, value: Value::Plain(value) }
    });
    let target = Cow::Borrowed(&*head.target);
    Head(request_head::encode(&RequestHead { target, fields: lines.collect(), ..*head }))
}

fn is_credential(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization")
}

/// The scheme of these credentials and the space after it. The scheme is not a secret, and shows what was sent. Empty if anything
/// but a space ends it, because that may be part of a secret.
fn scheme_of(value: &[u8]) -> &[u8] {
    match value.iter().position(|byte| !is_token_byte(*byte)) {
        Some(end) if end > 0 && value.get(end) == Some(&b' ') => value.get(..=end).unwrap_or_default(),
        _ => &[],
    }
}

fn refusal_length(refusal: &Refusal) -> usize {
    let fields = refusal.fields.iter().map(|(name, value)| name.len().saturating_add(value.len()));
    fields.sum::<usize>().saturating_add(refusal.reason.len())
}

fn chain_length(chain: &[Vec<u8>]) -> usize {
    chain.iter().map(Vec::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Checks, Phase, Rejected};
    use crate::http::head::Version;
    use crate::limits::EVENT_TEXT;
    use crate::secret::{Secret, SecretBytes};

    fn event(what: Kind) -> Event {
        Event { at: Instant::from_nanos(0), subject: Subject { exchange: 1, connection: 1 }, what }
    }

    fn taken(events: &Events) -> Vec<Kind> {
        events.take(Instant::from_nanos(0)).into_iter().map(|event| event.what).collect()
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let events = Events::default();
        for _ in 0..5 {
            events.record(event(Kind::Reused), 3, EVENT_TEXT);
        }
        assert_eq!(taken(&events), [Kind::Reused, Kind::Reused, Kind::Reused, Kind::Lost(2)]);
        assert_eq!(taken(&events), []);
    }

    #[test]
    fn text_is_bounded_whatever_the_count() {
        let events = Events::default();
        for _ in 0..100 {
            events.record(event(Kind::ResponseHead(Head(vec![b'x'; 64 * 1024]))), 1024, EVENT_TEXT);
        }
        assert_eq!(taken(&events).len(), 4 + 1);
    }

    #[test]
    fn chains_are_bounded_whatever_the_count() {
        let chain = vec![vec![0; 60 * 1024], vec![0; 4 * 1024]];
        let facts = TlsFacts {
            version: "TLSv1.3",
            suite: String::new(),
            alpn: None,
            is_resumed: false,
            chain,
            identity: Default::default(),
        };
        let rejected = Rejected { checks: Checks::default(), chain: facts.chain.clone(), note: String::new() };
        let refused = Error::new(Phase::Handshake, Code::TlsCertificate(Box::new(rejected)), "");
        for kind in [Kind::Handshake(Rc::new(facts)), Kind::Failed(refused)] {
            let events = Events::default();
            for _ in 0..100 {
                events.record(event(kind.clone()), 1024, EVENT_TEXT);
            }
            assert_eq!(taken(&events).len(), 4 + 1);
        }
    }

    #[test]
    fn progress_replaces_progress() {
        let events = Events::default();
        for done in 1..=1000 {
            events.record(event(Kind::Receiving { done, total: None }), 3, EVENT_TEXT);
        }
        assert_eq!(taken(&events), [Kind::Receiving { done: 1000, total: None }]);
    }

    fn shown(fields: &[(&str, &[u8])]) -> String {
        let mut head = RequestHead::new("GET", "/", Version::Http11, 0);
        fields.iter().for_each(|(name, value)| head.push(name, value));
        masked(&head).0.escape_ascii().to_string().replace("\\r\\n", "\n")
    }

    #[test]
    fn credentials_are_masked_and_nothing_else_is() {
        let fields: [(&str, &[u8]); 5] = [
            ("Host", b"a"),
            ("authorization", b"Basic c2VjcmV0"),
            ("Proxy-Authorization", b"c2VjcmV0"),
            ("A", b"b"),
            ("B", b"\xff: Basic x"),
        ];
        let expected = "GET / HTTP/1.1\nHost: a\nauthorization: Basic ***\nProxy-Authorization: ***\nA: b\n\
                        B: \\xff: Basic x\n\n";
        assert_eq!(shown(&fields), expected);
        let mut head = RequestHead::new("GET", "/", Version::Http11, 0);
        head.push_secret("A", Secret::new("Basic c2VjcmV0"));
        head.push_cookies(SecretBytes::new(b"hidden cookie".to_vec()));
        assert_eq!(masked(&head).0, b"GET / HTTP/1.1\r\nA: Basic ***\r\nCookie: ***\r\n\r\n");
    }

    #[test]
    fn only_a_scheme_before_a_space_is_shown_of_credentials() {
        for value in ["Bearer\tsecret", "secret", "sec,ret x", "Bearer\tsecret x", "", " secret", "Bearer;secret x"] {
            let expected = "GET / HTTP/1.1\nAuthorization: ***\n\n";
            assert_eq!(shown(&[("Authorization", value.as_bytes())]), expected, "{value:?}");
        }
        let expected = "GET / HTTP/1.1\nAuthorization: Digest ***\n\n";
        assert_eq!(shown(&[("Authorization", b"Digest a=\"b\", c")]), expected);
    }
}
