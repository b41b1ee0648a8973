//! Errors of a session as errors of `wasi:http`.

use super::bindings::wasi::http::types::{DnsErrorPayload, ErrorCode, FieldSizePayload, TlsAlertReceivedPayload};
use crate::error::{Code, Error, LookupFailure};

/// The code that is nearest. What `wasi:http` has no code for is an internal error, with the words.
pub(super) fn code(error: Error) -> ErrorCode {
    use ErrorCode as To;
    let dns = |rcode: &str| To::DnsError(DnsErrorPayload { rcode: Some(rcode.into()), info_code: None });
    match error.code {
        Code::InvalidScheme | Code::InvalidHost | Code::InvalidPort | Code::InvalidUrl | Code::RequestTargetInvalid => {
            To::HttpRequestUriInvalid
        }
        Code::RequestMethodInvalid => To::HttpRequestMethodInvalid,
        Code::RequestFieldInvalid(name) => {
            To::HttpRequestHeaderSize(Some(FieldSizePayload { field_name: Some(name), field_size: None }))
        }
        Code::RequestContentLength => To::HttpRequestBodySize(None),
        Code::Configuration => To::ConfigurationError,
        Code::Lookup(LookupFailure::NameUnresolvable) => dns("NXDOMAIN"),
        Code::Lookup(LookupFailure::Temporary) => dns("SERVFAIL"),
        Code::Lookup(LookupFailure::Permanent) => dns("REFUSED"),
        Code::Lookup(LookupFailure::Denied) | Code::DestinationProhibited => To::DestinationIpProhibited,
        Code::LookupTimeout => To::DnsTimeout,
        Code::DestinationUnroutable => To::DestinationIpUnroutable,
        Code::ConnectionRefused => To::ConnectionRefused,
        Code::ConnectionTimeout | Code::ProxyTimeout | Code::TlsHandshakeTimeout => To::ConnectionTimeout,
        Code::ConnectionLimitReached => To::ConnectionLimitReached,
        Code::ConnectionTerminated | Code::ConnectionClosed | Code::SessionDropped => To::ConnectionTerminated,
        Code::ConnectionWriteTimeout => To::ConnectionWriteTimeout,
        Code::ConnectionReadTimeout => To::ConnectionReadTimeout,
        Code::TlsProtocol => To::TlsProtocolError,
        Code::TlsCertificate(_) => To::TlsCertificateError,
        Code::TlsAlert(name) => {
            To::TlsAlertReceived(TlsAlertReceivedPayload { alert_id: None, alert_message: Some(name) })
        }
        Code::ResponseTimeout | Code::ExchangeTimeout => To::HttpResponseTimeout,
        Code::ResponseIncomplete => To::HttpResponseIncomplete,
        Code::ResponseLineTooLong => {
            To::HttpResponseHeaderSize(FieldSizePayload { field_name: None, field_size: None })
        }
        Code::ResponseHeadTooLarge => To::HttpResponseHeaderSectionSize(None),
        Code::ResponseTrailersTooLarge => To::HttpResponseTrailerSectionSize(None),
        Code::ResponseContentTooLarge => To::HttpResponseBodySize(None),
        Code::ResponseTransferCoding => To::HttpResponseTransferCoding(None),
        Code::ContentCoding => To::HttpResponseContentCoding(None),
        Code::UpgradeFailed => To::HttpUpgradeFailed,
        Code::Protocol | Code::InterimResponseLimit => To::HttpProtocolError,
        // A proxy is the way to the destination.
        Code::ProxyRefused(_) | Code::ProxyProtocol | Code::SocksRefused(_) | Code::SocksProtocol => {
            To::DestinationUnavailable
        }
        Code::InvalidState
        | Code::ServerNotAuthenticated
        | Code::ContentNotRepeatable
        | Code::EarlyResponse
        | Code::TooManyRedirects
        | Code::RedirectRefused
        | Code::Cancelled
        | Code::Other(_) => To::InternalError(Some(error.detail)),
    }
}
