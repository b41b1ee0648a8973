//! Values of the core as values of the WIT, and back.
//!
//! It is compiled once for each face, against that face's bindings: the `types` of all faces have the same text.

use super::bindings::exports::xenon::http::{session, types as wit};
use crate::auth::Schemes;
use crate::auth::challenge::Challenge;
use crate::error::{Checks, Code, Error, LookupFailure, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::http::head::Version;
use crate::session::events::{CloseReason, Event, Kind};
use crate::session::settings::AddressFamily;
use crate::session::whole::Whole;
use crate::session::{Facts, Redirect};
use crate::tls::facts::TlsFacts;
use crate::tls::settings::TlsVersion;

/// The result of a fallible function of the WIT.
pub(super) type Outcome<T> = Result<T, wit::Error>;

/// The error for an invalid value.
#[cold]
pub(super) fn wrong(detail: &str) -> wit::Error {
    error(Error::new(Phase::Setup, Code::Configuration, detail))
}

/// The error for a call that the resource's state does not allow.
#[cold]
pub(super) fn misuse(detail: &str) -> wit::Error {
    error(Error::new(Phase::Setup, Code::InvalidState, detail))
}

pub(super) fn error(error: Error) -> wit::Error {
    wit::Error { phase: phase(error.phase), code: code(error.code), detail: error.detail, may_retry: error.may_retry }
}

fn phase(phase: Phase) -> wit::Phase {
    match phase {
        Phase::Setup => wit::Phase::Setup,
        Phase::Resolve => wit::Phase::Resolve,
        Phase::Connect => wit::Phase::Connect,
        Phase::Proxy => wit::Phase::Proxy,
        Phase::Handshake => wit::Phase::Handshake,
        Phase::Send => wit::Phase::Send,
        Phase::Head => wit::Phase::Head,
        Phase::Body => wit::Phase::Body,
        Phase::Redirect => wit::Phase::Redirect,
    }
}

fn code(code: Code) -> wit::ErrorCode {
    use wit::ErrorCode as To;
    match code {
        Code::InvalidScheme => To::InvalidScheme,
        Code::InvalidHost => To::InvalidHost,
        Code::InvalidPort => To::InvalidPort,
        Code::RequestMethodInvalid => To::HttpRequestMethodInvalid,
        Code::RequestTargetInvalid => To::HttpRequestUriInvalid,
        Code::RequestFieldInvalid(name) => To::HttpRequestHeaderInvalid(name),
        Code::RequestContentLength => To::HttpRequestBodySize,
        Code::Configuration => To::ConfigurationError,
        Code::InvalidState => To::InvalidState,
        Code::InvalidUrl => To::InvalidUrl,
        Code::Lookup(failure) => To::DnsError(match failure {
            LookupFailure::NameUnresolvable => wit::LookupFailure::NameUnresolvable,
            LookupFailure::Temporary => wit::LookupFailure::Temporary,
            LookupFailure::Permanent => wit::LookupFailure::Permanent,
            LookupFailure::Denied => wit::LookupFailure::Denied,
        }),
        Code::LookupTimeout => To::DnsTimeout,
        Code::DestinationProhibited => To::DestinationIpProhibited,
        Code::DestinationUnroutable => To::DestinationIpUnroutable,
        Code::ConnectionRefused => To::ConnectionRefused,
        Code::ConnectionTimeout => To::ConnectionTimeout,
        Code::ConnectionLimitReached => To::ConnectionLimitReached,
        Code::ConnectionTerminated => To::ConnectionTerminated,
        Code::ConnectionWriteTimeout => To::ConnectionWriteTimeout,
        Code::ConnectionReadTimeout => To::ConnectionReadTimeout,
        Code::ProxyTimeout => To::ProxyTimeout,
        Code::ProxyRefused(refusal) => To::ProxyRefused(wit::ProxyRefusal {
            status: refusal.status,
            reason: refusal.reason,
            fields: refusal.fields,
        }),
        Code::ProxyProtocol => To::ProxyProtocolError,
        Code::SocksRefused(code) => To::SocksRefused(code),
        Code::SocksProtocol => To::SocksProtocolError,
        Code::TlsHandshakeTimeout => To::TlsHandshakeTimeout,
        Code::TlsProtocol => To::TlsProtocolError,
        Code::TlsCertificate(rejected) => To::TlsCertificateError(wit::CertificateError {
            failures: failures(rejected.checks),
            chain: rejected.chain,
        }),
        Code::TlsAlert(name) => To::TlsAlertReceived(name),
        Code::ResponseTimeout => To::HttpResponseTimeout,
        Code::ExchangeTimeout => To::ExchangeTimeout,
        Code::ResponseIncomplete => To::HttpResponseIncomplete,
        Code::ResponseLineTooLong => To::HttpResponseHeaderSize,
        Code::ResponseHeadTooLarge => To::HttpResponseHeaderSectionSize,
        Code::ResponseTrailersTooLarge => To::HttpResponseTrailerSectionSize,
        Code::ResponseContentTooLarge => To::HttpResponseBodySize,
        Code::ResponseTransferCoding => To::HttpResponseTransferCoding,
        Code::ContentCoding => To::ContentCoding,
        Code::InterimResponseLimit => To::InterimResponseLimit,
        Code::UpgradeFailed => To::HttpUpgradeFailed,
        Code::Protocol => To::HttpProtocolError,
        Code::TooManyRedirects => To::TooManyRedirects,
        Code::RedirectRefused => To::RedirectRefused,
        Code::ServerNotAuthenticated => To::ServerNotAuthenticated,
        Code::ContentNotRepeatable => To::ContentNotRepeatable,
        Code::EarlyResponse => To::EarlyResponse,
        Code::ConnectionClosed => To::ConnectionClosed,
        Code::SessionDropped => To::SessionDropped,
        Code::Cancelled => To::Cancelled,
        Code::Other(what) => To::Other(what),
    }
}

fn failures(checks: Checks) -> wit::CertificateFailures {
    use wit::CertificateFailures as To;
    let table = [
        (checks.not_yet_valid, To::NOT_YET_VALID),
        (checks.expired, To::EXPIRED),
        (checks.wrong_name, To::WRONG_NAME),
        (checks.untrusted_issuer, To::UNTRUSTED_ISSUER),
        (checks.bad_chain, To::BAD_CHAIN),
        (checks.revoked, To::REVOKED),
        (checks.other, To::OTHER),
    ];
    table.iter().filter(|(failed, _)| *failed).fold(To::empty(), |all, (_, one)| all | *one)
}

pub(super) fn fields(fields: &Fields) -> wit::Fields {
    fields.to_vec()
}

pub(super) fn from_fields(fields: &wit::Fields) -> Fields {
    let mut converted = Fields::default();
    fields.iter().for_each(|(name, value)| converted.push(name, value));
    converted
}

/// A field's lines joined, as text.
pub(super) fn field(fields: &Fields, name: &str) -> Option<String> {
    let value = fields.joined(name)?;
    Some(String::from_utf8(value).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into()))
}

pub(super) fn version(version: Version) -> wit::Version {
    match version {
        Version::Http10 => wit::Version::Http10,
        Version::Http11 => wit::Version::Http11,
    }
}

/// `None` for a version that requests cannot be sent with.
pub(super) fn from_version(version: wit::Version) -> Option<Version> {
    match version {
        wit::Version::Http10 => Some(Version::Http10),
        wit::Version::Http11 => Some(Version::Http11),
        wit::Version::Http2 => None,
    }
}

pub(super) fn whole(whole: Whole) -> wit::WholeResponse {
    wit::WholeResponse {
        status: whole.head.status,
        reason: whole.head.reason,
        fields: fields(&whole.head.fields),
        content: whole.content,
        trailers: fields(&whole.trailers),
    }
}

pub(super) fn interims(heads: &[ResponseHead]) -> Vec<wit::InterimResponse> {
    let convert = |head: &ResponseHead| wit::InterimResponse {
        status: head.status,
        reason: head.reason.clone(),
        fields: fields(&head.fields),
    };
    heads.iter().map(convert).collect()
}

pub(super) fn facts(facts: &Facts) -> wit::ConnectionFacts {
    wit::ConnectionFacts {
        connection: facts.connection,
        peer: facts.peer.to_string(),
        reused: facts.is_reused,
        tls: facts.tls.as_ref().map(|facts| tls_facts(facts)),
    }
}

pub(super) fn redirect(redirect: Redirect) -> session::Redirect {
    let Redirect { url, status, location } = redirect;
    session::Redirect { url, status, location }
}

fn tls_facts(facts: &TlsFacts) -> wit::TlsFacts {
    wit::TlsFacts {
        version: facts.version.into(),
        suite: facts.suite.clone(),
        alpn: facts.alpn.clone(),
        resumed: facts.is_resumed,
    }
}

pub(super) fn from_family(family: wit::AddressFamily) -> AddressFamily {
    match family {
        wit::AddressFamily::Any => AddressFamily::Any,
        wit::AddressFamily::Ipv4 => AddressFamily::Ipv4,
        wit::AddressFamily::Ipv6 => AddressFamily::Ipv6,
    }
}

pub(super) fn family(family: AddressFamily) -> wit::AddressFamily {
    match family {
        AddressFamily::Any => wit::AddressFamily::Any,
        AddressFamily::Ipv4 => wit::AddressFamily::Ipv4,
        AddressFamily::Ipv6 => wit::AddressFamily::Ipv6,
    }
}

pub(super) fn tls_version(version: TlsVersion) -> wit::TlsVersion {
    match version {
        TlsVersion::Tls12 => wit::TlsVersion::Tls12,
        TlsVersion::Tls13 => wit::TlsVersion::Tls13,
    }
}

pub(super) fn from_tls_version(version: wit::TlsVersion) -> TlsVersion {
    match version {
        wit::TlsVersion::Tls12 => TlsVersion::Tls12,
        wit::TlsVersion::Tls13 => TlsVersion::Tls13,
    }
}

pub(super) fn from_schemes(schemes: wit::AuthSchemes) -> Schemes {
    use wit::AuthSchemes as From;
    let has = |one| schemes & one == one;
    Schemes {
        basic: has(From::BASIC),
        digest_md5: has(From::DIGEST_MD5),
        digest_sha256: has(From::DIGEST_SHA256),
        digest_sha512_256: has(From::DIGEST_SHA512256),
        digest_without_qop: has(From::DIGEST_WITHOUT_QOP),
    }
}

pub(super) fn challenge(challenge: Challenge) -> wit::Challenge {
    let Challenge { scheme, token68, parameters } = challenge;
    wit::Challenge { scheme, token68, parameters }
}

pub(super) fn event(event: Event) -> wit::Event {
    wit::Event {
        at: event.at.as_nanos(),
        exchange: event.subject.exchange,
        connection: event.subject.connection,
        what: kind(event.what),
    }
}

fn kind(kind: Kind) -> wit::EventKind {
    use wit::EventKind as To;
    match kind {
        Kind::Proxy(url) => To::Proxy(url),
        Kind::ProxyFailed { proxy, reason } => To::ProxyFailed(wit::ProxyFailure { proxy, reason }),
        Kind::ProxyHandshake(facts) => To::ProxyHandshake(tls_facts(&facts)),
        Kind::TunnelRequest(head) => To::TunnelRequest(head.0),
        Kind::TunnelResponse(head) => To::TunnelResponse(head.0),
        Kind::Tunnel(place) => To::Tunnel(place),
        Kind::Lookup(name) => To::Lookup(name),
        Kind::Addresses(addresses) => To::Addresses(addresses),
        Kind::Connecting(address) => To::Connecting(address),
        Kind::AttemptFailed { address, reason } => To::AttemptFailed(wit::AttemptFailure { address, reason }),
        Kind::Connected(address) => To::Connected(address),
        Kind::Handshake(facts) => To::Handshake(tls_facts(&facts)),
        Kind::Reused => To::Reused,
        Kind::RequestHead(head) => To::RequestHead(head.0),
        Kind::Sending { done, total } => To::Sending(wit::Progress { done, total }),
        Kind::RequestSent => To::RequestSent,
        Kind::FirstByte => To::FirstByte,
        Kind::InterimHead(head) => To::InterimHead(head.0),
        Kind::ResponseHead(head) => To::ResponseHead(head.0),
        Kind::Receiving { done, total } => To::Receiving(wit::Progress { done, total }),
        Kind::Decoding(codings) => To::Decoding(codings.into_iter().map(str::to_owned).collect()),
        Kind::Complete => To::Complete,
        Kind::Redirecting(url) => To::Redirecting(url),
        Kind::Cookie { name, refused } => To::Cookie(wit::CookieNote { name, refused }),
        Kind::Retrying(why) => To::Retrying(why),
        Kind::Authorizing { scheme, realm, is_proxy } => {
            To::Authorizing(wit::Authorization { scheme: scheme.into(), realm, proxy: is_proxy })
        }
        Kind::Unanswered { scheme, realm, reason, is_proxy } => {
            To::Unanswered(wit::UnansweredChallenge { scheme, realm, reason: reason.into(), proxy: is_proxy })
        }
        Kind::Failed(why) => To::Failed(error(why)),
        Kind::Kept => To::Kept,
        Kind::Closed(reason) => To::Closed(close_reason(reason)),
        Kind::Lost(count) => To::Lost(count),
    }
}

/// A number of things, as the WIT has it.
pub(super) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn close_reason(reason: CloseReason) -> wit::CloseReason {
    match reason {
        CloseReason::PeerAsked => wit::CloseReason::PeerAsked,
        CloseReason::OldVersion => wit::CloseReason::OldVersion,
        CloseReason::CallerAsked => wit::CloseReason::CallerAsked,
        CloseReason::ContentToEnd => wit::CloseReason::ContentToEnd,
        CloseReason::ConflictingFraming => wit::CloseReason::ConflictingFraming,
        CloseReason::UnsentContent => wit::CloseReason::UnsentContent,
        CloseReason::UnreadContent => wit::CloseReason::UnreadContent,
        CloseReason::StrayBytes => wit::CloseReason::StrayBytes,
        CloseReason::PeerClosed => wit::CloseReason::PeerClosed,
        CloseReason::Upgraded => wit::CloseReason::Upgraded,
        CloseReason::Surplus => wit::CloseReason::Surplus,
        CloseReason::Failed => wit::CloseReason::Failed,
        CloseReason::Cancelled => wit::CloseReason::Cancelled,
        CloseReason::CloseConnection => wit::CloseReason::CloseConnection,
        CloseReason::SessionDropped => wit::CloseReason::SessionDropped,
        CloseReason::SettingsChanged => wit::CloseReason::SettingsChanged,
        CloseReason::Evicted => wit::CloseReason::Evicted,
    }
}
