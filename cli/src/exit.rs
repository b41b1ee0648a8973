//! How the command ends: curl's exit codes, and the table from the component's errors to them.

use crate::bindings::types::{CertificateFailures, Error, ErrorCode, Phase};
use crate::output::tell;

/// The exit codes of curl that this command uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Done = 0,
    /// The scheme is not supported.
    Scheme = 1,
    /// A bad option.
    BadOption = 2,
    /// A bad URL, method or field.
    BadRequest = 3,
    /// The proxy's name was not found.
    ProxyName = 5,
    /// The host's name was not found.
    HostName = 6,
    /// No connection.
    Connect = 7,
    /// A malformed response.
    BadResponse = 8,
    /// HTTP/2 failed.
    Http2 = 16,
    /// The content ended early.
    Partial = 18,
    /// Status 400 or more, with `-f`.
    Status = 22,
    /// Output could not be written.
    Write = 23,
    /// A file could not be read.
    Read = 26,
    /// A deadline has passed.
    Timeout = 28,
    /// The TLS handshake failed.
    Handshake = 35,
    /// Too many redirects.
    Redirects = 47,
    /// The connection closed before any byte of a response.
    Nothing = 52,
    /// Sending failed.
    Send = 55,
    /// Receiving failed.
    Receive = 56,
    /// The client's certificate or key cannot be used.
    Identity = 58,
    /// The server's certificate was not accepted.
    Certificate = 60,
    /// The content's coding cannot be decoded.
    Coding = 61,
    /// The content is too large.
    FileSize = 63,
    /// The content cannot be sent again.
    Rewind = 65,
    /// Status 401 or 407, with `-f`.
    Login = 67,
    /// A file of certificates to trust cannot be used.
    Authorities = 77,
    /// A stream of HTTP/2 ended with an error.
    Stream = 92,
    /// The handshake with a proxy failed.
    Proxy = 97,
}

/// The failure of the command, or of one of its transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// One line for the user.
    pub message: String,
}

impl Failure {
    /// A failure of the command itself. The message is reduced to one line without control characters, because it may quote a
    /// file's name or the peer.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self { exit, message: message.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect() }
    }

    /// Writes the message to standard error.
    pub fn tell(&self) {
        tell(format!("xenon: ({}) {}\n", self.exit as u8, self.message).as_bytes());
    }

    /// A failure that the component reports. `any_byte` says whether any byte of a response was received.
    pub fn from_component(error: &Error, any_byte: bool) -> Self {
        let (mut exit, words) = meaning(error.phase, &error.code);
        let is_terminated = matches!(error.code, ErrorCode::ConnectionTerminated);
        if is_terminated && error.phase == Phase::Head && !any_byte {
            exit = Exit::Nothing;
        }
        let mut message = match error.detail.as_str() {
            "" => words.to_owned(),
            detail => detail.to_owned(),
        };
        message.push_str(advice(&error.code));
        if error.may_retry && !matches!(error.code, ErrorCode::ContentNotRepeatable) {
            message.push_str("; the request was most likely not processed (--retry-unsafe sends such a one again)");
        }
        Self::new(exit, message)
    }
}

/// Whether a terminal interprets the character instead of showing it: control characters, and those that change the direction of
/// the text around them.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The table from each error to curl's exit code, and to a message if the component gives none.
fn meaning(phase: Phase, code: &ErrorCode) -> (Exit, &'static str) {
    use ErrorCode as C;
    match code {
        C::InvalidScheme => (Exit::Scheme, "this scheme is not supported"),
        C::InvalidHost => (Exit::BadRequest, "the host is neither a name nor an address"),
        C::InvalidPort => (Exit::BadRequest, "the port is not between 1 and 65535"),
        C::HttpRequestMethodInvalid => (Exit::BadRequest, "the method is not a token"),
        C::HttpRequestUriInvalid => (Exit::BadRequest, "this method cannot have this target"),
        C::HttpRequestHeaderInvalid(_) => (Exit::BadRequest, "a field is not valid, or belongs to the session"),
        C::HttpRequestBodySize => (Exit::Read, "the file changed its length while it was sent"),
        C::ConfigurationError => (Exit::BadOption, "an option has a value that it cannot have"),
        C::InvalidState => (Exit::BadOption, "this cannot be done now"),
        C::InvalidUrl => (Exit::BadRequest, "the URL is malformed"),

        C::DnsError(_) if phase == Phase::Proxy => (Exit::ProxyName, "the proxy's name was not found"),
        C::DnsError(_) => (Exit::HostName, "the host's name was not found"),
        C::DnsTimeout => (Exit::Timeout, "the lookup of the name took too long"),

        C::DestinationIpProhibited => (Exit::Connect, "this command may not use the network"),
        C::DestinationIpUnroutable => (Exit::Connect, "there is no route to the host"),
        C::ConnectionRefused => (Exit::Connect, "the connection was refused"),
        C::ConnectionTimeout => (Exit::Timeout, "connecting took too long"),
        C::ConnectionLimitReached => (Exit::Connect, "no connection is available"),
        C::ConnectionTerminated => (interrupted(phase), "the peer closed the connection"),
        C::ConnectionWriteTimeout => (Exit::Timeout, "the peer took no bytes for too long"),
        C::ConnectionReadTimeout => (Exit::Timeout, "the peer sent nothing for too long"),

        C::ProxyTimeout => (Exit::Timeout, "the proxy took too long"),
        C::ProxyRefused(_) => (Exit::Receive, "the proxy opened no tunnel"),
        C::ProxyProtocolError => (Exit::Receive, "the proxy does not speak HTTP"),
        C::SocksRefused(_) => (Exit::Proxy, "the SOCKS proxy refused"),
        C::SocksProtocolError => (Exit::Proxy, "the proxy does not speak this version of SOCKS"),

        C::TlsHandshakeTimeout => (Exit::Timeout, "the TLS handshake took too long"),
        C::TlsProtocolError | C::TlsAlertReceived(_) if phase == Phase::Proxy => {
            (Exit::Handshake, "TLS with the proxy failed")
        }
        C::TlsProtocolError | C::TlsAlertReceived(_) => (interrupted(phase), "TLS failed"),
        C::TlsCertificateError(_) => (Exit::Certificate, "the server's certificate was not accepted"),

        C::HttpResponseTimeout => (Exit::Timeout, "no response came in time"),
        C::ExchangeTimeout => (Exit::Timeout, "the exchange took too long"),
        C::HttpResponseIncomplete => (Exit::Partial, "the connection ended within the content"),
        C::HttpResponseHeaderSize => (Exit::BadResponse, "a line of the response's head is too long"),
        C::HttpResponseHeaderSectionSize => (Exit::BadResponse, "the response's head is too large"),
        C::HttpResponseTrailerSectionSize => (Exit::BadResponse, "the response's trailers are too large"),
        C::HttpResponseBodySize => (Exit::FileSize, "the content is too large"),
        C::HttpResponseTransferCoding => (Exit::BadResponse, "the transfer coding is wrong or unknown"),
        C::InterimResponseLimit => (Exit::BadResponse, "too many interim responses came"),
        C::HttpUpgradeFailed => (Exit::BadResponse, "the peer switched protocols without being asked"),
        C::HttpProtocolError => (Exit::BadResponse, "the peer does not speak HTTP"),
        C::Http2ProtocolError(_) => (Exit::Http2, "the peer broke a rule of HTTP/2"),
        C::ConnectionEnded(_) => (Exit::Http2, "the peer ended the connection"),
        C::StreamReset(_) => (Exit::Stream, "the peer ended the stream"),
        C::ContentCoding => (Exit::Coding, "the content cannot be decoded"),
        C::TooManyRedirects => (Exit::Redirects, "too many redirects"),
        C::RedirectRefused => (Exit::Scheme, "a redirect leads where it may not"),

        C::ServerNotAuthenticated => (Exit::BadResponse, "the server does not know the password"),
        C::ContentNotRepeatable => (Exit::Rewind, "the content cannot be sent again"),

        C::EarlyResponse => (Exit::Send, "the response came before all content was sent"),
        C::ConnectionClosed | C::SessionDropped | C::Cancelled => (interrupted(phase), "the exchange was ended"),
        C::Other(_) => (interrupted(phase), "something went wrong"),
    }
}

/// What the user can do about it.
fn advice(code: &ErrorCode) -> &'static str {
    let untrusted = CertificateFailures::UNTRUSTED_ISSUER;
    match code {
        ErrorCode::TlsCertificateError(error) if error.failures & untrusted == untrusted => {
            "; --cacert or --add-cacert FILE trusts other roots, --pin FILE accepts exactly this certificate, \
             -w '%{certs}' writes it"
        }
        ErrorCode::TlsCertificateError(_) => {
            "; --pin FILE accepts exactly this certificate all the same, whatever its use, name and dates, and trusts \
             nobody else for it, -w '%{certs}' writes it"
        }
        // RFC 8446 section 6.2: the server wanted a client certificate and got none.
        ErrorCode::TlsAlertReceived(name) if name == "certificate_required" => "; --cert FILE shows a certificate",
        _ => "",
    }
}

/// The exit code of an interruption, by its phase.
fn interrupted(phase: Phase) -> Exit {
    match phase {
        Phase::Setup => Exit::BadOption,
        Phase::Resolve => Exit::HostName,
        Phase::Connect => Exit::Connect,
        Phase::Proxy => Exit::Proxy,
        Phase::Handshake => Exit::Handshake,
        Phase::Send => Exit::Send,
        Phase::Head | Phase::Body | Phase::Redirect => Exit::Receive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::{CertificateError, CertificateFailures, LookupFailure, ProxyRefusal};

    const PHASES: [Phase; 9] = [
        Phase::Setup,
        Phase::Resolve,
        Phase::Connect,
        Phase::Proxy,
        Phase::Handshake,
        Phase::Send,
        Phase::Head,
        Phase::Body,
        Phase::Redirect,
    ];

    /// Exit codes in the order of `PHASES`, after at least one byte of a response.
    fn by_phase(code: ErrorCode) -> [u8; 9] {
        PHASES.map(|phase| {
            let error = Error { phase, code: code.clone(), detail: String::new(), may_retry: false };
            let failure = Failure::from_component(&error, true);
            assert!(!failure.message.is_empty());
            failure.exit as u8
        })
    }

    #[test]
    fn each_code_has_its_exit_code_in_every_phase() {
        use ErrorCode as C;
        let certificate = CertificateError { failures: CertificateFailures::EXPIRED, chain: Vec::new() };
        let refusal = ProxyRefusal { status: 403, reason: String::new(), fields: Vec::new() };
        let same = [
            (C::InvalidScheme, 1),
            (C::InvalidHost, 3),
            (C::InvalidPort, 3),
            (C::HttpRequestMethodInvalid, 3),
            (C::HttpRequestUriInvalid, 3),
            (C::HttpRequestHeaderInvalid("Content-Length".into()), 3),
            (C::HttpRequestBodySize, 26),
            (C::ConfigurationError, 2),
            (C::InvalidState, 2),
            (C::InvalidUrl, 3),
            (C::DnsTimeout, 28),
            (C::DestinationIpProhibited, 7),
            (C::DestinationIpUnroutable, 7),
            (C::ConnectionRefused, 7),
            (C::ConnectionTimeout, 28),
            (C::ConnectionLimitReached, 7),
            (C::ConnectionWriteTimeout, 28),
            (C::ConnectionReadTimeout, 28),
            (C::ProxyTimeout, 28),
            (C::ProxyRefused(refusal), 56),
            (C::ProxyProtocolError, 56),
            (C::SocksRefused(Some(5)), 97),
            (C::SocksProtocolError, 97),
            (C::TlsHandshakeTimeout, 28),
            (C::TlsCertificateError(certificate), 60),
            (C::HttpResponseTimeout, 28),
            (C::ExchangeTimeout, 28),
            (C::HttpResponseIncomplete, 18),
            (C::HttpResponseHeaderSize, 8),
            (C::HttpResponseHeaderSectionSize, 8),
            (C::HttpResponseTrailerSectionSize, 8),
            (C::HttpResponseBodySize, 63),
            (C::HttpResponseTransferCoding, 8),
            (C::InterimResponseLimit, 8),
            (C::HttpUpgradeFailed, 8),
            (C::HttpProtocolError, 8),
            (C::Http2ProtocolError(1), 16),
            (C::ConnectionEnded(11), 16),
            (C::StreamReset(2), 92),
            (C::ContentCoding, 61),
            (C::TooManyRedirects, 47),
            (C::RedirectRefused, 1),
            (C::ServerNotAuthenticated, 8),
            (C::ContentNotRepeatable, 65),
            (C::EarlyResponse, 55),
        ];
        for (code, exit) in same {
            assert_eq!(by_phase(code.clone()), [exit; 9], "{code:?}");
        }
        let phased = [2, 6, 7, 97, 35, 55, 56, 56, 56];
        for code in [C::ConnectionTerminated, C::ConnectionClosed, C::SessionDropped, C::Cancelled, C::Other(None)] {
            assert_eq!(by_phase(code.clone()), phased, "{code:?}");
        }
        for code in [C::TlsProtocolError, C::TlsAlertReceived("unknown_ca".into())] {
            assert_eq!(by_phase(code.clone()), [2, 6, 7, 35, 35, 55, 56, 56, 56], "{code:?}");
        }
        assert_eq!(by_phase(C::DnsError(LookupFailure::Denied)), [6, 6, 6, 5, 6, 6, 6, 6, 6]);
    }

    #[test]
    fn an_end_before_any_byte_is_52() {
        let error =
            |phase| Error { phase, code: ErrorCode::ConnectionTerminated, detail: "gone".to_owned(), may_retry: false };
        assert_eq!(Failure::from_component(&error(Phase::Head), false), Failure::new(Exit::Nothing, "gone"));
        assert_eq!(Failure::from_component(&error(Phase::Head), true).exit, Exit::Receive);
        assert_eq!(Failure::from_component(&error(Phase::Send), false).exit, Exit::Send);
    }

    #[test]
    fn a_message_is_one_line_that_cannot_drive_a_terminal() {
        assert_eq!(Failure::new(Exit::Read, "a\n\x1b[2J").message, "a\u{fffd}\u{fffd}[2J");
        for harmful in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            assert_eq!(Failure::new(Exit::Read, format!("a{harmful}b")).message, "a\u{fffd}b", "{harmful:?}");
        }
    }
}
