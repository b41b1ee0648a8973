//! Every bound on what a peer or a caller can make a session keep or do, with the attack that it stops.
//!
//! Most can be set for a session ([`Limits`]); the constants cannot.

use std::time::Duration;

/// The bounds that a session can set. None may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once. Stops a caller that starts requests without end.
    pub connections: usize,
    /// Field lines of a head, with the interim heads before it, or of trailers. Stops a head of many tiny lines.
    pub field_lines: usize,
    /// Bytes of one line of a head or of trailers, its folds included. Stops an endless line and endless folding.
    pub line_length: usize,
    /// Bytes of a whole head, with the interim heads before it, or of trailers. Stops an endless head.
    pub head_length: usize,
    /// Interim responses before the final one. Stops a server that always says `100`.
    pub interim_responses: usize,
    /// Bytes of content that are discarded to keep a connection. Stops unwanted content that is costly to read.
    pub drained: u64,
    /// Addresses of one name that are tried. Stops a name with a thousand addresses that all hang.
    pub addresses: usize,
    /// Bytes of content that the one-call functions keep. Stops endless content.
    pub whole_content: u64,
    /// Bytes that coded content may decode to. Stops a small response that fills a disk.
    pub decoded_content: u64,
    /// Events that wait to be taken. Stops a caller that turned events on and never takes them.
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
            decoded_content: 4 * 1024 * 1024 * 1024,
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
            decoded_content: bytes(self.decoded_content, default.decoded_content),
            events: count(self.events, default.events),
        }
    }

    /// How many events wait to be taken, and how many bytes of text and heads they hold: the largest head, and the text
    /// beside it.
    pub fn of_events(&self) -> (usize, usize) {
        (self.events, self.head_length.saturating_add(EVENT_TEXT))
    }
}

/// Bytes of a chunk-size line, extensions included. Stops endless chunk extensions.
pub const CHUNK_LINE_LENGTH: usize = 1024;

/// Empty lines that are skipped before a status line. Some servers send one after a response's content; RFC 9112
/// section 2.2 lets servers skip them. Stops a peer that sends nothing else.
pub const LEADING_EMPTY_LINES: usize = 4;

/// Bytes of a request's target. No server has a use for a longer one, and a caller may have it from elsewhere.
pub const TARGET_LENGTH: usize = 64 * 1024;

/// Bytes of a URL, and so of a redirect's target. Stops endless text, which a caller or a server may have given.
pub const URL_LENGTH: usize = 64 * 1024;

/// Bytes of a request's method. The longest registered one has 17.
pub const METHOD_LENGTH: usize = 256;

/// Bytes of the field lines that a caller adds to a request, or of its trailers, each line counted with
/// [`REQUEST_FIELD_COST`] more; also of `User-Agent`. Stops endless fields, which a caller may have from elsewhere and
/// no server accepts.
pub const REQUEST_FIELDS_LENGTH: usize = 256 * 1024;

/// The cost of a line beside its bytes, as RFC 7541 section 4.1 counts it. Stops a flood of almost empty lines.
pub const REQUEST_FIELD_COST: usize = 32;

/// Bytes of DER-encoded certificates that one `tls-config` trusts. Stops endless roots. All of Mozilla's take a fifth of it.
pub const TRUSTED_LENGTH: usize = 1024 * 1024;

/// Servers whose TLS sessions are remembered together, by sessions that share a `tls-config`: origins and their proxies. Stops
/// endless origins.
pub const REMEMBERED_SERVERS: usize = 32;

/// How long a TLS session is kept after the server was verified, whatever the server says (RFC 5246 appendix F.1.4 suggests it): a
/// server that resumes a session is not verified again.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// TLS sessions remembered for one server; most servers issue this many at once. Stops endless and large tickets: one
/// can have 64 KiB, and rustls keeps the chain of certificates with it, which can be as large.
pub const REMEMBERED_SESSIONS: usize = 2;

/// Addresses that a caller sets in place of a lookup. Stops an endless list.
pub const FIXED_ADDRESSES: usize = 1024;

/// Challenges of one response that are read. Stops an endless list, which costs work for each of its items.
pub const CHALLENGES: usize = 32;

/// Parameters of a challenge, or of `Authentication-Info`. Stops quadratic work: each is compared with all before it.
pub const CHALLENGE_PARAMETERS: usize = 64;

/// URIs of a challenge's `domain` that are kept. Stops a long list that each later request is compared with.
pub const CHALLENGE_DOMAINS: usize = 64;

/// Bytes of each value of a Digest challenge that every answer repeats. Stops a server that makes requests carry what
/// it likes.
pub const DIGEST_VALUE_LENGTH: usize = 4 * 1024;

/// Challenges that one request answers. Stops a server that always challenges again.
pub const AUTH_ROUNDS: usize = 8;

/// Realms for which a caller sets separate credentials. Stops an endless list.
pub const LOGINS: usize = 64;

/// Bytes of a login or a token, its realm included. Stops endless text, which no server accepts.
pub const CREDENTIALS_LENGTH: usize = 16 * 1024;

/// Realms of one server that are remembered; the least recently used is forgotten first. Stops a server that names
/// another realm each time.
pub const REALMS: usize = 16;

/// Paths of one realm that are remembered. Stops a server that challenges again in each of its folders.
pub const SPACE_PATHS: usize = 32;

/// Bytes of each of these paths. Below a longer one the server has to challenge each time. Stops long targets, each in
/// a folder of its own, which a caller may have from elsewhere.
pub const SPACE_PATH_LENGTH: usize = 2 * 1024;

/// Levels of escapes that are decoded in a path. Stops `%252525...`, where each level is work.
pub const PATH_ESCAPES: usize = 5;

/// Bytes requested from the network at once. The host allocates and zeroes all that is requested.
pub const READ_LENGTH: usize = 64 * 1024;

/// Bytes sent at once. wasmtime takes no more in one write.
pub const SEND_LENGTH: usize = 64 * 1024;

/// Bytes requested from the network over WASI 0.3 where none flow: so many are in flight for each connection that waits. Stops a
/// hundred silent servers from taking 6 MiB.
pub const WAITING_READ_LENGTH: usize = 4 * 1024;

/// How often a task over WASI 0.3 that wakes itself is polled in one pass, before the host has its turn. Stops work that is never
/// done from keeping the host from all else.
pub const PASS_POLLS: usize = 16;

/// Bells of tasks over WASI 0.3 that are kept for the next. Stops a thousand requests at once from leaving two streams each with
/// the host.
pub const SPARE_BELLS: usize = 16;

/// Bytes requested from the network for a head. Most responses are small.
pub const HEAD_READ_LENGTH: usize = 16 * 1024;

/// Bytes of text, certificates and heads in events that were not taken yet, beside one more head of the largest size.
/// Stops 1,024 heads from taking 64 MiB.
pub const EVENT_TEXT: usize = 256 * 1024;

/// Requests of a session that wait for a connection. Stops a caller that starts requests without end; each costs about
/// 2 KiB.
pub const WAITING_REQUESTS: usize = 1_000;

/// Closed connections whose last bytes the peer does not take. Stops a server that never reads, contacted again and
/// again.
pub const DYING_CONNECTIONS: usize = 64;

/// Consecutive steps that bring nothing for an exchange and do not wait. Stops a server that sends TLS records without
/// content as fast as they are read. The time is known only after a wait, so a short wait follows.
pub const SILENT_STEPS: usize = 64;

/// Sources that may be ready at one wait before the host gets a turn. An executor with a budget for each turn (tokio:
/// 128 operations) makes whatever comes after the budget seem blocked, and a component could spin on that for ever.
pub const READY_AT_ONCE: usize = 48;

/// Bytes of a proxy's URL. Stops endless text, which a caller may have from elsewhere.
pub const PROXY_URL_LENGTH: usize = 8 * 1024;

/// Proxies that are tried one after the other. Stops an endless list, each item of which costs a deadline.
pub const PROXIES: usize = 16;

/// Sessions of a client, one for each origin. Stops a caller that is led from origin to origin. The least recently used is
/// closed first.
pub const CLIENT_SESSIONS: usize = 256;

/// Entries of the list of origins that need no proxy. Stops an endless list that is searched for each new connection.
pub const PROXY_EXEMPTIONS: usize = 1024;

/// Codings of content that are taken off each other. Stops a list of them, each of which multiplies the work of the next.
pub const CODINGS: usize = 2;

/// Bytes of decoded content that are handed out at once. Stops a few bytes that decode to gigabytes.
pub const DECODED_PIECE: usize = 64 * 1024;

/// Consecutive bytes of coded content that decode to nothing: names, empty blocks, frames to be skipped. Stops content that is work
/// without an end, and never reaches a limit of its length.
pub const UNDECODED_LENGTH: usize = 8 * 1024 * 1024;

/// Bytes of a name or comment in a gzip header. Stops an endless one.
pub const GZIP_TEXT_LENGTH: usize = 64 * 1024;

/// Bytes that zstd may look back (RFC 9659). Stops a frame that has gigabytes kept.
pub const ZSTD_WINDOW: usize = 8 * 1024 * 1024;

/// Bytes of a cookie's name and value (RFC 6265bis section 5.6). Stops cookies that are costly to keep.
pub const COOKIE_LENGTH: usize = 4 * 1024;

/// Bytes of an attribute of a cookie (RFC 6265bis section 5.6). A longer one is ignored. Stops endless paths.
pub const COOKIE_ATTRIBUTE_LENGTH: usize = 1024;

/// Cookies of one domain. Stops a server that sets another one each time.
pub const COOKIES_OF_DOMAIN: usize = 50;

/// Cookies of a jar. Stops a server that has cookies set from one name after another.
pub const COOKIES: usize = 3_000;

/// How long a cookie is kept, whatever its server says (RFC 6265bis section 5.5).
pub const COOKIE_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Bytes of a request's `Cookie`. The cookies that come last are left out. Stops cookies that make each request so large that servers
/// refuse it.
pub const COOKIE_FIELD_LENGTH: usize = 16 * 1024;

/// Bytes of a list of public suffixes. All of them take a twentieth of it.
pub const PUBLIC_SUFFIXES_LENGTH: usize = 1024 * 1024;

/// Connections of a client that are open when it begins a request, where the caller sets no other number. Stops a caller that is led
/// from origin to origin, each of which keeps a connection. Idle ones close, those of the least recently used origin first.
pub const CLIENT_CONNECTIONS: usize = 128;

/// Bytes of URLs of redirects that an exchange remembers. Stops a server that leads on and on, where the caller follows any number:
/// the latest are kept.
pub const REDIRECTS_LENGTH: usize = 256 * 1024;

/// Redirects that are followed in a row, where the caller sets no other number. Stops servers that lead in circles.
pub const REDIRECTS: usize = 20;
