//! Whether a connection outlives a response (RFC 9112 section 9.3), and why not.
//!
//! It knows the head and how its content ends; whether the content was read, and the request sent, the session knows.

use super::framing::{Decision, Framing};
use super::response_head::ResponseHead;
use super::version::Version;

/// Why a connection cannot be kept after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The response says `Connection: close`.
    PeerAsked,
    /// The response is HTTP/1.0 and does not say `keep-alive`.
    OldVersion,
    /// The request said `Connection: close`, or the session keeps no connections.
    CallerAsked,
    /// The content ends with the connection.
    ContentToEnd,
    /// `Transfer-Encoding` and `Content-Length` are both there.
    ConflictingFraming,
    /// The connection speaks another protocol now: 101, or a tunnel.
    Upgraded,
}

/// Ok: the connection can be kept once the content was read to its end. Where several reasons speak against it, the one that
/// says most comes first: what the connection has become, what is suspicious, who wanted it, what it is.
pub fn decide(caller_closes: bool, head: &ResponseHead, decision: &Decision) -> Result<(), Close> {
    if decision.framing == Framing::Tunnel || head.status == 101 {
        return Err(Close::Upgraded);
    }
    if decision.is_conflicting {
        return Err(Close::ConflictingFraming);
    }
    if caller_closes {
        return Err(Close::CallerAsked);
    }
    // `close` wins over `keep-alive`, wherever it stands.
    if head.fields.has_element("Connection", "close") {
        return Err(Close::PeerAsked);
    }
    if head.version < Version::Http11 && !head.fields.has_element("Connection", "keep-alive") {
        return Err(Close::OldVersion);
    }
    if decision.framing == Framing::ToEnd {
        return Err(Close::ContentToEnd);
    }
    Ok(())
}
