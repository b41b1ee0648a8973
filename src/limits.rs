//! Every bound on what a peer or a caller can make a session keep or do, with what it stops.
//!
//! Most can be set for a session ([`Limits`]); the constants cannot.

use std::time::Duration;

/// The bounds that a session can set. None may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once: a caller that starts requests without end.
    pub connections: usize,
    /// Field lines of a head, with the interim heads before it, or of trailers: a head of many tiny lines.
    pub field_lines: usize,
    /// Bytes of one line of a head or of trailers, its folds included: an endless line, endless folding.
    pub line_length: usize,
    /// Bytes of a whole head, with the interim heads before it, or of trailers: an endless head.
    pub head_length: usize,
    /// Interim responses before the final one: a server that always says `100`.
    pub interim_responses: usize,
    /// Bytes of content thrown away to keep a connection: a response that nobody wants and that is costly to read.
    pub drained: u64,
    /// Addresses of one name that are tried: a name with a thousand addresses that all hang.
    pub addresses: usize,
    /// Bytes of content that the one-call functions keep: content without end.
    pub whole_content: u64,
    /// Events that wait to be taken: a caller that turned them on and forgot them.
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 6,
            field_lines: 512,
            line_length: 64 * 1024,
            head_length: 256 * 1024,
            interim_responses: 32,
            drained: 64 * 1024,
            addresses: 16,
            whole_content: 16 * 1024 * 1024,
            events: 1024,
        }
    }
}

impl Limits {
    /// The same with defaults in the place of zeros.
    pub(crate) fn completed(self) -> Self {
        let default = Self::default();
        let count = |count: usize, default| if count == 0 { default } else { count };
        let bytes = |bytes: u64, default| if bytes == 0 { default } else { bytes };
        Self {
            connections: count(self.connections, default.connections),
            field_lines: count(self.field_lines, default.field_lines),
            line_length: count(self.line_length, default.line_length),
            head_length: count(self.head_length, default.head_length),
            interim_responses: count(self.interim_responses, default.interim_responses),
            drained: bytes(self.drained, default.drained),
            addresses: count(self.addresses, default.addresses),
            whole_content: bytes(self.whole_content, default.whole_content),
            events: count(self.events, default.events),
        }
    }

    /// Events that wait to be taken, and bytes of text and heads in them: the largest head fits beside what tells of it.
    pub fn of_events(&self) -> (usize, usize) {
        (self.events, self.head_length.saturating_add(EVENT_TEXT))
    }
}

/// Bytes of a chunk-size line, extensions included: endless chunk extensions.
pub const CHUNK_LINE_LENGTH: usize = 1024;

/// Empty lines before a status line that are skipped (RFC 9112 section 2.2 has servers do it; some clients' peers send
/// one after a response's content): a peer that sends nothing else.
pub const LEADING_EMPTY_LINES: usize = 4;

/// Bytes of a request's target: nothing longer is of use to any server, and a caller may have it from someone else.
pub const TARGET_LENGTH: usize = 64 * 1024;

/// Bytes of a request's method: the longest that is registered has 17.
pub const METHOD_LENGTH: usize = 256;

/// Bytes of the field lines that a caller adds to a request, or of its trailers, each line counted with
/// [`REQUEST_FIELD_COST`] more; and of `User-Agent` as it is set: fields without end, which a caller may have from someone
/// else, and which no server takes.
pub const REQUEST_FIELDS_LENGTH: usize = 256 * 1024;

/// What a line costs beside its bytes, as RFC 7541 section 4.1 counts it: very many lines of next to nothing.
pub const REQUEST_FIELD_COST: usize = 32;

/// Bytes of certificates, DER-encoded, that a caller trusts in one `tls-config`: roots without end. All of Mozilla's have a fifth of it.
pub const TRUSTED_LENGTH: usize = 1024 * 1024;

/// Servers whose TLS sessions are remembered together: origins without end, and their proxies, of sessions that share a
/// `tls-config`.
pub const REMEMBERED_SERVERS: usize = 32;

/// How long TLS sessions are kept after the server was verified, whatever it says (RFC 5246 appendix F.1.4 suggests it): a server that
/// is resumed is not verified again.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// TLS sessions that are remembered of one server, as many as most of them give at once: tickets without end, or large ones. One
/// can have 64 KiB, and the chain of certificates that rustls keeps with it as much.
pub const REMEMBERED_SESSIONS: usize = 2;

/// Addresses that a caller sets in the place of a lookup: a list without end.
pub const FIXED_ADDRESSES: usize = 1024;

/// Challenges of one response that are read: a list without end, each of which has to be looked at.
pub const CHALLENGES: usize = 32;

/// Parameters of a challenge, or of `Authentication-Info`: each is compared with all before it.
pub const CHALLENGE_PARAMETERS: usize = 64;

/// URIs of a challenge's `domain` that are kept: each later request is compared with them.
pub const CHALLENGE_DOMAINS: usize = 64;

/// Bytes of each value of a Digest challenge that goes back with every answer: a server that has each request carry what it likes.
pub const DIGEST_VALUE_LENGTH: usize = 4 * 1024;

/// Challenges that one request answers: a server that always asks anew.
pub const AUTH_ROUNDS: usize = 8;

/// Realms that a caller gives credentials of their own: a list without end.
pub const LOGINS: usize = 64;

/// Bytes of a login or a token, its realm included: a text without end, which no server takes.
pub const CREDENTIALS_LENGTH: usize = 16 * 1024;

/// Realms of one server that are remembered, the one used last goes last: a server that calls itself something else each time.
pub const REALMS: usize = 16;

/// Paths of one realm that are remembered: a server that asks again in each of its folders.
pub const SPACE_PATHS: usize = 32;

/// Bytes of each of them; what is below a longer one is asked for anew each time: long targets, which a caller may have from
/// someone else, each in a folder of its own.
pub const SPACE_PATH_LENGTH: usize = 2 * 1024;

/// Levels of escapes that are looked through in a path: `%252525...`, each level of which is work.
pub const PATH_ESCAPES: usize = 5;

/// Bytes asked of the network at once: the host allocates and zeroes all that is asked for.
pub const READ_LENGTH: usize = 64 * 1024;

/// Bytes that are sent at once: wasmtime takes no more in one write.
pub const SEND_LENGTH: usize = 64 * 1024;

/// Bytes asked of the network for a head: most responses are small.
pub const HEAD_READ_LENGTH: usize = 16 * 1024;

/// Bytes of text, of certificates and of heads kept by events that nobody has taken yet, beside those of one more head as large as
/// one may be: 1,024 heads could else be 64 MiB.
pub const EVENT_TEXT: usize = 256 * 1024;

/// Requests of a session that wait for a connection: a caller that starts requests without end. Each costs about 2 KiB.
pub const WAITING_REQUESTS: usize = 1_000;

/// Closed connections whose last bytes the peer does not take: a server that reads nothing, met again and again.
pub const DYING_CONNECTIONS: usize = 64;

/// Steps without anything for an exchange, one after the other without a wait: a server that sends TLS records without content
/// as fast as they are read. What time it is shows only after a wait, which is then a short one.
pub const SILENT_STEPS: usize = 64;

/// Sources that may be ready at one wait before the host gets a turn of its own: an executor with a budget for each turn
/// (tokio: 128 operations) lets whatever comes after it seem blocked, and a component could spin on that for ever.
pub const READY_AT_ONCE: usize = 48;

/// Bytes of a proxy's URL: text without end, which a caller may have from someone else.
pub const PROXY_URL_LENGTH: usize = 8 * 1024;

/// Proxies that are tried one after the other: a list without end, each of which costs a deadline.
pub const PROXIES: usize = 16;

/// Entries of the list of origins that need no proxy: a list without end, looked through at each new connection.
pub const PROXY_EXEMPTIONS: usize = 1024;
