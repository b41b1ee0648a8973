//! What can fail: the phase, a code for programs, and words for people. The WIT interface `types` says what each code
//! means.

use std::fmt;

/// Why a request, or reading its response, failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// When.
    pub phase: Phase,
    /// What, for programs.
    pub code: Code,
    /// What, in words for people; without control characters and secrets.
    pub detail: String,
    /// Whether the request was most likely never processed, so that a caller that knows better may send it again.
    pub may_retry: bool,
}

/// When something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything was sent.
    Setup,
    /// Looking up the name.
    Resolve,
    /// Connecting.
    Connect,
    /// Reaching a proxy, and the handshake with it.
    Proxy,
    /// The TLS handshake with the origin.
    Handshake,
    /// Sending head or content.
    Send,
    /// Waiting for, or reading, the response's head.
    Head,
    /// Reading content or trailers.
    Body,
    /// Following a redirect.
    Redirect,
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupFailure {
    /// There is no such name, or no address of the wanted family.
    NameUnresolvable,
    /// The resolver failed temporarily.
    Temporary,
    /// The resolver failed permanently.
    Permanent,
    /// The host does not allow lookups.
    Denied,
}

/// What failed. There is a case for each of the WIT's `error-code` that this build can produce.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the WIT documents each, and component/convert.rs maps them one to one")]
pub enum Code {
    InvalidScheme,
    InvalidHost,
    InvalidPort,
    RequestMethodInvalid,
    RequestTargetInvalid,
    RequestFieldInvalid(String),
    RequestContentLength,
    Configuration,
    InvalidState,
    InvalidUrl,
    Lookup(LookupFailure),
    LookupTimeout,
    DestinationProhibited,
    DestinationUnroutable,
    ConnectionRefused,
    ConnectionTimeout,
    ConnectionLimitReached,
    ConnectionTerminated,
    ConnectionWriteTimeout,
    ConnectionReadTimeout,
    ProxyTimeout,
    ProxyRefused(Box<Refusal>),
    ProxyProtocol,
    SocksRefused(Option<u8>),
    SocksProtocol,
    TlsHandshakeTimeout,
    TlsProtocol,
    TlsCertificate(Box<Rejected>),
    TlsAlert(String),
    ResponseTimeout,
    ExchangeTimeout,
    ResponseIncomplete,
    ResponseLineTooLong,
    ResponseHeadTooLarge,
    ResponseTrailersTooLarge,
    ResponseContentTooLarge,
    ResponseTransferCoding,
    ContentCoding,
    InterimResponseLimit,
    UpgradeFailed,
    Protocol,
    TooManyRedirects,
    RedirectRefused,
    ServerNotAuthenticated,
    ContentNotRepeatable,
    EarlyResponse,
    ConnectionClosed,
    SessionDropped,
    Cancelled,
    Other(Option<String>),
}

/// The response with which an HTTP proxy refused a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The reason phrase, as received.
    pub reason: String,
    /// The fields, names and values.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// A certificate that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which checks failed.
    pub checks: Checks,
    /// What the peer presented, its own certificate first, DER-encoded.
    pub chain: Vec<Vec<u8>>,
    /// Further words for people; often empty.
    pub note: String,
}

/// The checks of a certificate that can fail; the WIT's `certificate-failures` says what each means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the WIT documents each")]
pub struct Checks {
    pub not_yet_valid: bool,
    pub expired: bool,
    pub wrong_name: bool,
    pub untrusted_issuer: bool,
    pub bad_chain: bool,
    pub revoked: bool,
    pub other: bool,
}

impl Checks {
    /// Whether every check passed.
    pub fn all_passed(self) -> bool {
        self == Self::default()
    }

    /// What failed, in words for people.
    pub fn words(self) -> String {
        let table = [
            (self.not_yet_valid, "it is not valid yet"),
            (self.expired, "it has expired"),
            (self.wrong_name, "it is for another name"),
            (self.untrusted_issuer, "none of the trusted roots has issued it"),
            (self.bad_chain, "its chain is not valid"),
            (self.revoked, "it was revoked"),
            (self.other, "it cannot be used for this"),
        ];
        table.iter().filter(|(failed, _)| *failed).map(|(_, words)| *words).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server's certificate is not accepted: {}", self.checks.words())?;
        if self.note.is_empty() { Ok(()) } else { write!(f, " ({})", self.note) }
    }
}

impl std::error::Error for Rejected {}

impl Code {
    /// The code for a request's field of this name, which is shortened if need be.
    pub fn request_field(name: &str) -> Self {
        Self::RequestFieldInvalid(name.chars().take(NAME_LENGTH).collect())
    }
}

impl Error {
    /// An error of this phase and code; the detail is cleaned.
    pub fn new(phase: Phase, code: Code, detail: impl Into<String>) -> Self {
        Self { phase, code, detail: clean(detail.into()), may_retry: false }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

/// The most characters of a field's name in a code.
const NAME_LENGTH: usize = 256;

/// The most characters of a detail, which may quote the peer.
const DETAIL_LENGTH: usize = 512;

/// Whether a terminal acts on this character instead of showing it: control characters, and Unicode's bidirectional
/// controls, which can make a line read as another.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces control characters, because a detail may quote the peer and end on a terminal.
fn clean(text: String) -> String {
    let is_clean = |c: char| !is_harmful(c);
    if text.len() <= DETAIL_LENGTH && text.chars().all(is_clean) {
        return text;
    }
    text.chars().take(DETAIL_LENGTH).map(|c| if is_clean(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_cannot_drive_a_terminal() {
        let error = Error::new(Phase::Head, Code::Protocol, "got \"\x1b[2J\r\n\"");
        assert_eq!(error.detail, "got \"\u{fffd}[2J\u{fffd}\u{fffd}\"");
    }

    #[test]
    fn a_detail_has_no_other_direction() {
        for harmful in
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            let error = Error::new(Phase::Head, Code::Protocol, format!("a{harmful}b"));
            assert_eq!(error.detail, "a\u{fffd}b", "{harmful:?}");
        }
        // What people write with is as it was.
        let words = "caf\u{e9} \u{5d0}\u{5d1} \u{200d} \u{2029}";
        assert_eq!(Error::new(Phase::Head, Code::Protocol, words).detail, words);
    }

    #[test]
    fn a_detail_is_bounded() {
        let error = Error::new(Phase::Head, Code::Protocol, "x".repeat(100_000));
        assert_eq!(error.detail.len(), DETAIL_LENGTH);
    }
}
