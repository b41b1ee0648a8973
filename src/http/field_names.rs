//! The names of the fields that a rule of RFC 9110 is about.
//!
//! [`fields`](super::fields) has the rules.

/// Whether this is one of these names, case-insensitively.
#[inline(never)]
pub(super) fn is_any_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// A request has at most one line of these (RFC 9110 and RFC 6265).
pub(super) const SINGLE: &[&str] = &[
    "Authorization",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "From",
    "Host",
    "If-Modified-Since",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "User-Agent",
];

/// `Connection` must not name these, nor what cannot be a trailer: fields that recipients after the next rely on.
pub(super) const NOT_OPTIONS: &[&str] = &[
    "Authentication-Info",
    "Cookie2",
    "Digest",
    "DNT",
    "From",
    "Host",
    "Origin",
    "Prefer",
    "Priority",
    "Proxy-Authentication-Info",
    "Referer",
    "Repr-Digest",
    "Signature",
    "Signature-Input",
    "Traceparent",
    "Tracestate",
    "User-Agent",
    "Want-Content-Digest",
    "Want-Repr-Digest",
    "X-HTTP-Method-Override",
    "X-Real-IP",
];

/// Prefixes of the names of more fields that `Connection` must not name.
pub(super) const NOT_OPTIONS_FROM: &[&str] = &["accept", "access-control-", "content-", "if-", "sec-", "x-forwarded-"];

/// The fields that are useless or harmful after the content.
pub(super) const NOT_TRAILERS: &[&str] = &[
    // Framing, and the connection.
    "Connection",
    "Content-Length",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    // Routing.
    "Forwarded",
    "Host",
    "Max-Forwards",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    // Authentication.
    "Authorization",
    "Cookie",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Set-Cookie",
    "WWW-Authenticate",
    // Modifiers of the request or the response.
    "Age",
    "Cache-Control",
    "Date",
    "Expect",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Location",
    "Pragma",
    "Range",
    "Retry-After",
    "Vary",
    "Warning",
    // Processing of the content.
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
];
