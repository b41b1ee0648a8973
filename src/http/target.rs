//! Which targets can be sent with which method (RFC 9112 section 3.2).
//!
//! Nothing here escapes, resolves or normalises: the target goes on the wire as it is, or not at all.

use super::origin::Host;
use crate::limits::TARGET_LENGTH;

/// Whether this target can be sent with this method. The error is words for people.
///
/// The forms are `/path?query`; `scheme://authority...`; `host:port` for CONNECT and only there; `*` for OPTIONS and only
/// there. An absolute URI without `//` (`urn:a:b`) is refused, because it cannot be told from a `host:port`. Characters
/// that a URI may not hold, but that are harmless in a request line, are sent as they are: `|`, `{`, `"` and their like.
pub fn check(method: &str, target: &str) -> Result<(), &'static str> {
    if target.is_empty() {
        return Err("the target is empty");
    }
    if target.len() > TARGET_LENGTH {
        return Err("the target is too long");
    }
    if let Some(bad) = target.bytes().find(|byte| !matches!(byte, b'!'..=b'~')) {
        return Err(match bad {
            0x80.. => "the target holds a character beyond ASCII, which must be percent-encoded",
            b' ' => "the target holds a space, which must be percent-encoded",
            _ => "the target holds a control character",
        });
    }
    // A fragment is never sent (RFC 9110 section 7.1).
    if target.contains('#') {
        return Err("the target has a fragment, which is for the client alone");
    }
    match (method, target) {
        ("CONNECT", _) => check_authority(target),
        ("OPTIONS", "*") => Ok(()),
        (_, "*") => Err("the target \"*\" is only for OPTIONS"),
        (_, path) if path.starts_with('/') => Ok(()),
        (_, uri) => check_absolute(uri),
    }
}

/// `host:port`, both of them there (RFC 9112 section 3.2.3).
fn check_authority(target: &str) -> Result<(), &'static str> {
    const ERROR: &str = "the target of CONNECT is not host:port";
    let (host, port) = target.rsplit_once(':').ok_or(ERROR)?;
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    if is_bare_v6 || Host::parse(host).is_err() {
        return Err(ERROR);
    }
    // Digits alone, because `parse` takes a sign.
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if is_number => Ok(()),
        _ => Err("the target of CONNECT has no port from 1 to 65535"),
    }
}

/// `scheme://authority` and anything after it (RFC 9112 section 3.2.2).
fn check_absolute(target: &str) -> Result<(), &'static str> {
    const ERROR: &str = "the target is neither a path, which begins with \"/\", nor an absolute URI";
    let (scheme, rest) = target.split_once("://").ok_or(ERROR)?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme {
        return Err(ERROR);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err("the target is an absolute URI without a host");
    }
    // RFC 9110 section 4.2.4: not in a message. It would show a password to everyone on the way.
    if authority.contains('@') {
        return Err("the target holds a user's name or password");
    }
    Ok(())
}
