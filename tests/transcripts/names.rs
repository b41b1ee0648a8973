//! The words of transcripts for what the session has: settings, phases, codes, reasons. They are those of the WIT.

use xenon::error::{Code, Error, Phase};
use xenon::net::sim::SimNet;
use xenon::session::Session;
use xenon::session::events::CloseReason;
use xenon::session::settings::AddressFamily;

use super::format::Setting;
use super::parser::duration;

/// Changes a session's setting.
pub(crate) fn set(session: &Session<SimNet>, Setting { line, name, value }: &Setting) -> Result<(), String> {
    let number = || value.parse::<usize>().map_err(|_| format!("line {line}: {value:?} is no number"));
    let time = || duration(value).map_err(|what| format!("line {line}: {what}"));
    let unknown = || Err(format!("line {line}: there is no setting {name:?} with {value:?}"));
    let own = match name.as_str() {
        "addresses" => Some(session.set_addresses(&value.split(' ').map(str::to_owned).collect::<Vec<_>>())),
        "connect-to" => {
            let (host, port) = value.split_once(' ').ok_or("a host and a port")?;
            let port = port.parse().map_err(|_| "no port")?;
            Some(session.set_connect_to(Some((host.to_owned(), port))))
        }
        _ => None,
    };
    if let Some(done) = own {
        return done.map_err(|error| format!("line {line}: {}", error.detail));
    }
    let done = session.change_options(|options| -> Result<Result<(), Error>, String> {
        if let Some(name) = name.strip_prefix("deadlines.") {
            let mut all = *options.deadlines();
            *match name {
                "lookup" => &mut all.lookup,
                "attempt" => &mut all.attempt,
                "connect" => &mut all.connect,
                "write" => &mut all.write,
                "first-byte" => &mut all.first_byte,
                "between-bytes" => &mut all.between_bytes,
                "expect-continue" => &mut all.expect_continue,
                "exchange" => &mut all.exchange,
                _ => return unknown(),
            } = time()?;
            options.set_deadlines(all);
            return Ok(Ok(()));
        }
        if let Some(name) = name.strip_prefix("limits.") {
            let mut all = *options.limits();
            match name {
                "connections" => all.connections = number()?,
                "field-lines" => all.field_lines = number()?,
                "line-length" => all.line_length = number()?,
                "head-length" => all.head_length = number()?,
                "interim-responses" => all.interim_responses = number()?,
                "decoded-content" => all.decoded_content = number()? as u64,
                "drained" => all.drained = number()? as u64,
                "events" => all.events = number()?,
                _ => return unknown(),
            }
            options.set_limits(all);
            return Ok(Ok(()));
        }
        Ok(match (name.as_str(), value.as_str()) {
            ("scheme" | "host" | "port" | "listen", _) | ("ways", "whole") => Ok(()),
            ("user-agent", "none") => options.set_user_agent(None),
            ("user-agent", "default") => {
                let default = xenon::session::settings::Options::default();
                options.set_user_agent(default.user_agent().map(str::to_owned))
            }
            ("user-agent", _) => options.set_user_agent(Some(value.clone())),
            ("persistent", "yes" | "no") => {
                options.is_persistent = value == "yes";
                Ok(())
            }
            ("decoding", "yes" | "no") => {
                options.is_decoding = value == "yes";
                Ok(())
            }
            ("family", "ipv4" | "ipv6") => {
                options.family = if value == "ipv4" { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 };
                Ok(())
            }
            _ => return unknown(),
        })
    })?;
    done.map_err(|error| format!("line {line}: {}", error.detail))
}

pub(crate) fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Setup => "setup",
        Phase::Resolve => "resolve",
        Phase::Connect => "connect",
        Phase::Proxy => "proxy",
        Phase::Handshake => "handshake",
        Phase::Send => "send",
        Phase::Head => "head",
        Phase::Body => "body",
        Phase::Redirect => "redirect",
    }
}

/// As the WIT has it.
pub(crate) fn code_name(code: &Code) -> &'static str {
    match code {
        Code::InvalidScheme => "invalid-scheme",
        Code::InvalidHost => "invalid-host",
        Code::InvalidPort => "invalid-port",
        Code::RequestMethodInvalid => "HTTP-request-method-invalid",
        Code::RequestTargetInvalid => "HTTP-request-URI-invalid",
        Code::RequestFieldInvalid(_) => "HTTP-request-header-invalid",
        Code::RequestContentLength => "HTTP-request-body-size",
        Code::Configuration => "configuration-error",
        Code::InvalidState => "invalid-state",
        Code::InvalidUrl => "invalid-URL",
        Code::Lookup(_) => "DNS-error",
        Code::LookupTimeout => "DNS-timeout",
        Code::DestinationProhibited => "destination-IP-prohibited",
        Code::DestinationUnroutable => "destination-IP-unroutable",
        Code::ConnectionRefused => "connection-refused",
        Code::ConnectionTimeout => "connection-timeout",
        Code::ConnectionLimitReached => "connection-limit-reached",
        Code::ConnectionTerminated => "connection-terminated",
        Code::ConnectionWriteTimeout => "connection-write-timeout",
        Code::ConnectionReadTimeout => "connection-read-timeout",
        Code::ProxyTimeout => "proxy-timeout",
        Code::ProxyRefused(_) => "proxy-refused",
        Code::ProxyProtocol => "proxy-protocol-error",
        Code::SocksRefused(_) => "SOCKS-refused",
        Code::SocksProtocol => "SOCKS-protocol-error",
        Code::TlsHandshakeTimeout => "TLS-handshake-timeout",
        Code::TlsProtocol => "TLS-protocol-error",
        Code::TlsCertificate(_) => "TLS-certificate-error",
        Code::TlsAlert(_) => "TLS-alert-received",
        Code::ResponseTimeout => "HTTP-response-timeout",
        Code::ExchangeTimeout => "exchange-timeout",
        Code::ResponseIncomplete => "HTTP-response-incomplete",
        Code::ResponseLineTooLong => "HTTP-response-header-size",
        Code::ResponseHeadTooLarge => "HTTP-response-header-section-size",
        Code::ResponseTrailersTooLarge => "HTTP-response-trailer-section-size",
        Code::ResponseContentTooLarge => "HTTP-response-body-size",
        Code::ResponseTransferCoding => "HTTP-response-transfer-coding",
        Code::ContentCoding => "content-coding",
        Code::InterimResponseLimit => "interim-response-limit",
        Code::UpgradeFailed => "HTTP-upgrade-failed",
        Code::Protocol => "HTTP-protocol-error",
        Code::TooManyRedirects => "too-many-redirects",
        Code::RedirectRefused => "redirect-refused",
        Code::ServerNotAuthenticated => "server-not-authenticated",
        Code::ContentNotRepeatable => "content-not-repeatable",
        Code::EarlyResponse => "early-response",
        Code::ConnectionClosed => "connection-closed",
        Code::SessionDropped => "session-dropped",
        Code::Cancelled => "cancelled",
        Code::Other(_) => "other",
    }
}

/// As the WIT has it.
pub(crate) fn reason_name(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::PeerAsked => "peer-asked",
        CloseReason::OldVersion => "old-version",
        CloseReason::CallerAsked => "caller-asked",
        CloseReason::ContentToEnd => "content-to-end",
        CloseReason::ConflictingFraming => "conflicting-framing",
        CloseReason::UnsentContent => "unsent-content",
        CloseReason::UnreadContent => "unread-content",
        CloseReason::StrayBytes => "stray-bytes",
        CloseReason::PeerClosed => "peer-closed",
        CloseReason::Upgraded => "upgraded",
        CloseReason::Surplus => "surplus",
        CloseReason::Failed => "failed",
        CloseReason::Cancelled => "cancelled",
        CloseReason::CloseConnection => "close-connection",
        CloseReason::SessionDropped => "session-dropped",
        CloseReason::SettingsChanged => "settings-changed",
        CloseReason::Evicted => "evicted",
    }
}
