//! What a handshake has agreed on, and how TLS names a host.

use rustls::pki_types::{IpAddr, ServerName};

use super::settings::Identity;
use crate::http::origin::{Host, without_dot};

/// What the newest version is called.
pub(super) const TLS13: &str = "TLSv1.3";

/// What a handshake has agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The suite's name in the IANA registry.
    pub suite: String,
    /// The protocol that ALPN chose.
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed.
    pub is_resumed: bool,
    /// The certificates that the peer presented, its own first, DER-encoded.
    pub chain: Vec<Vec<u8>>,
    /// The certificate that would have been shown to the peer, had it asked for one.
    pub identity: Identity,
}

/// What TLS has this host called. Only names are sent to the server, without a dot at the end (RFC 6066 section 3); an address is
/// compared with those in the certificate.
pub(super) fn server_name(host: &Host) -> Result<ServerName<'static>, String> {
    match host {
        Host::Name(name) => {
            ServerName::try_from(without_dot(name).to_owned()).map_err(|_| format!("no certificate can name {name:?}"))
        }
        Host::Address(address) => Ok(ServerName::IpAddress(IpAddr::from(*address))),
    }
}
