//! Whether a connection persists after a response (RFC 9112 section 9.3), and why not.
//!
//! It knows the head and the framing of the content. Only the session knows whether the content was read and the
//! request was sent.

use super::framing::{Decision, Framing};
use super::response_head::ResponseHead;
use crate::http::head::Version;

/// Why a connection cannot be kept after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The response says `Connection: close`.
    PeerAsked,
    /// The response is HTTP/1.0 and does not say `keep-alive`.
    OldVersion,
    /// The request said `Connection: close`, or the session does not keep connections.
    CallerAsked,
    /// The content ends with the connection.
    ContentToEnd,
    /// `Transfer-Encoding` appears beside `Content-Length`, or in HTTP/1.0.
    ConflictingFraming,
    /// The connection now carries another protocol: 101, or a tunnel.
    Upgraded,
}

/// `Ok`: the connection can be kept once the content was read to its end. Of several reasons against it, the most
/// telling is reported: what the connection has become, then what is suspicious, then who asked for it, then the kind
/// of response.
pub fn decide(caller_closes: bool, head: &ResponseHead, decision: &Decision) -> Result<(), Close> {
    decide_by(&["Connection"], caller_closes, head, decision)
}

/// The same for a connection to a forwarding proxy. Old proxies use a field of their own for it (RFC 9112 appendix
/// C.2.2).
pub fn decide_forwarded(caller_closes: bool, head: &ResponseHead, decision: &Decision) -> Result<(), Close> {
    decide_by(&["Connection", "Proxy-Connection"], caller_closes, head, decision)
}

/// The decision from the fields of these names.
fn decide_by(names: &[&str], caller_closes: bool, head: &ResponseHead, decision: &Decision) -> Result<(), Close> {
    let says = |option| names.iter().any(|name| head.fields.has_element(name, option));
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
    if says("close") {
        return Err(Close::PeerAsked);
    }
    if head.version < Version::Http11 && !says("keep-alive") {
        return Err(Close::OldVersion);
    }
    if decision.framing == Framing::ToEnd {
        return Err(Close::ContentToEnd);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::Fields;

    const LENGTH: Decision = Decision { framing: Framing::Length(5), is_conflicting: false };

    fn head(version: Version, connection: &[&str]) -> ResponseHead {
        let mut fields = Fields::default();
        for value in connection {
            fields.push("Connection", *value);
        }
        ResponseHead { version, status: 200, reason: String::new(), fields }
    }

    #[test]
    fn what_the_response_says() {
        use Close::{OldVersion, PeerAsked};
        use Version::{Http10, Http11};
        let table: &[(Version, &[&str], Result<(), Close>)] = &[
            (Http11, &[], Ok(())),
            (Http11, &[""], Ok(())),
            (Http11, &["keep-alive"], Ok(())),
            (Http11, &["TE, upgrade"], Ok(())),
            (Http11, &["closed"], Ok(())),
            (Http11, &["x-close"], Ok(())),
            (Http11, &["close"], Err(PeerAsked)),
            (Http11, &["CLOSE"], Err(PeerAsked)),
            (Http11, &["keep-alive, close"], Err(PeerAsked)),
            (Http11, &["close, keep-alive"], Err(PeerAsked)),
            (Http11, &["close", "keep-alive"], Err(PeerAsked)),
            (Http11, &["keep-alive", "close"], Err(PeerAsked)),
            (Http11, &[",TE ,\tclose,"], Err(PeerAsked)),
            (Http10, &[], Err(OldVersion)),
            (Http10, &["keep-alive"], Ok(())),
            (Http10, &["Keep-Alive"], Ok(())),
            (Http10, &["TE", "keep-alive"], Ok(())),
            (Http10, &["keep-aliv"], Err(OldVersion)),
            (Http10, &["close"], Err(PeerAsked)),
            (Http10, &["keep-alive, close"], Err(PeerAsked)),
            (Http10, &["close", "keep-alive"], Err(PeerAsked)),
        ];
        for (version, connection, expected) in table {
            let head = head(*version, connection);
            assert_eq!(decide(false, &head, &LENGTH), *expected, "{version:?} {connection:?}");
        }
    }

    #[test]
    fn a_proxy_has_a_field_of_its_own_where_it_forwards() {
        let mut old = head(Version::Http10, &[]);
        old.fields.push("Proxy-Connection", "Keep-Alive");
        assert_eq!(decide(false, &old, &LENGTH), Err(Close::OldVersion));
        assert_eq!(decide_forwarded(false, &old, &LENGTH), Ok(()));
        old.fields.push("Connection", "close");
        assert_eq!(decide_forwarded(false, &old, &LENGTH), Err(Close::PeerAsked));
        let mut new = head(Version::Http11, &[]);
        new.fields.push("Proxy-Connection", "close");
        assert_eq!(decide(false, &new, &LENGTH), Ok(()));
        assert_eq!(decide_forwarded(false, &new, &LENGTH), Err(Close::PeerAsked));
        assert_eq!(decide_forwarded(false, &head(Version::Http11, &[]), &LENGTH), Ok(()));
        assert_eq!(decide_forwarded(false, &head(Version::Http10, &["keep-alive"]), &LENGTH), Ok(()));
    }

    #[test]
    fn every_framing() {
        let table = [
            (Framing::None, Ok(())),
            (Framing::Length(0), Ok(())),
            (Framing::Length(u64::MAX), Ok(())),
            (Framing::Chunked, Ok(())),
            (Framing::ToEnd, Err(Close::ContentToEnd)),
            (Framing::Tunnel, Err(Close::Upgraded)),
        ];
        for (framing, expected) in table {
            let decision = Decision { framing, is_conflicting: false };
            let kept = [
                head(Version::Http11, &[]),
                head(Version::Http11, &["keep-alive"]),
                head(Version::Http10, &["keep-alive"]),
            ];
            for head in kept {
                assert_eq!(decide(false, &head, &decision), expected, "{framing:?}");
            }
        }
    }

    #[test]
    fn a_caller_that_closes_closes() {
        assert_eq!(decide(true, &head(Version::Http11, &[]), &LENGTH), Err(Close::CallerAsked));
        let kept = head(Version::Http10, &["keep-alive"]);
        assert_eq!(decide(true, &kept, &LENGTH), Err(Close::CallerAsked));
    }

    #[test]
    fn switching_protocols_upgrades() {
        let mut head = head(Version::Http11, &["upgrade"]);
        head.status = 101;
        let decision = Decision { framing: Framing::None, is_conflicting: false };
        assert_eq!(decide(false, &head, &decision), Err(Close::Upgraded));
    }

    #[test]
    fn the_reason_that_says_most_comes_first() {
        let mut head = head(Version::Http10, &["close"]);
        let decision = |framing, is_conflicting| Decision { framing, is_conflicting };
        let reason = |caller, head: &_, framing, is_conflicting| {
            decide(caller, head, &decision(framing, is_conflicting)).unwrap_err()
        };
        assert_eq!(reason(true, &head, Framing::Tunnel, true), Close::Upgraded);
        assert_eq!(reason(true, &head, Framing::ToEnd, true), Close::ConflictingFraming);
        assert_eq!(reason(true, &head, Framing::ToEnd, false), Close::CallerAsked);
        assert_eq!(reason(false, &head, Framing::ToEnd, false), Close::PeerAsked);
        head.fields = Fields::default();
        assert_eq!(reason(false, &head, Framing::ToEnd, false), Close::OldVersion);
        head.version = Version::Http11;
        assert_eq!(reason(false, &head, Framing::ToEnd, false), Close::ContentToEnd);
    }
}
