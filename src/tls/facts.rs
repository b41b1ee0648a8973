//! The outcome of a handshake, and the TLS name of a host.

use rustls::pki_types::{IpAddr, ServerName};

use super::settings::Identity;
use crate::http::origin::{Host, without_dot};
use crate::reason::OwnedReason;

/// The name of the newest version.
pub(super) const TLS13: &str = "TLSv1.3";

/// The outcome of a handshake.
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
    /// The client certificate that would have been presented if the peer had asked for one.
    pub identity: Identity,
}

/// The TLS name of this host. Only names are sent to the server, without a trailing dot (RFC 6066 section 3). An address is
/// compared with those in the certificate.
pub(super) fn server_name(host: &Host) -> Result<ServerName<'static>, OwnedReason> {
    match host {
        Host::Name(name) => {
            ServerName::try_from(without_dot(name).to_owned()).map_err(|_| format!("no certificate can name {name:?}"))
        }
        Host::Address(address) => Ok(ServerName::IpAddress(IpAddr::from(*address))),
    }
}
