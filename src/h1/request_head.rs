//! A request's head as bytes (RFC 9112 section 3).
//!
//! It adds nothing and checks nothing: `http` has checked what comes in, and the session has decided on the fields.

use super::field_lines::append_line;
use crate::http::head::RequestHead;

/// Request line, field lines, and the empty line.
pub fn encode(head: &RequestHead<'_>) -> Vec<u8> {
    let version = head.version.as_str();
    // The whole length, for a buffer that grows leaves a copy of its beginning behind, which may hold credentials.
    let fixed = version.len().saturating_add(REQUEST_LINE.len()).saturating_add(END.len());
    let mut length = head.method.len().saturating_add(head.target.len()).saturating_add(fixed);
    for line in &head.fields {
        let line = line.name.len().saturating_add(line.value.expose().len()).saturating_add(LINE.len());
        length = length.saturating_add(line);
    }
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(head.method.as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(head.target.as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(version.as_bytes());
    bytes.extend_from_slice(END);
    for line in &head.fields {
        append_line(&mut bytes, line.name, line.value.expose());
    }
    bytes.extend_from_slice(END);
    bytes
}

/// What ends a line.
const END: &[u8] = b"\r\n";

/// What a request line has beside its three parts.
const REQUEST_LINE: &[u8] = b"  \r\n";

/// What a field line has beside name and value.
const LINE: &[u8] = b": \r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::Version;
    use crate::secret::Secret;

    #[test]
    fn a_head_without_fields() {
        let head = encode(&RequestHead::new("GET", "/", Version::Http11, 0));
        assert_eq!(head, b"GET / HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn fields_keep_order_case_and_bytes() {
        let mut head = RequestHead::new("M-SEARCH", "*", Version::Http10, 0);
        let fields: [(&str, &[u8]); 4] =
            [("Host", b"example.com"), ("x-A", b"1"), ("X-a", b"caf\xc3\xa9 \xff"), ("Empty", b"")];
        fields.iter().for_each(|(name, value)| head.push(name, value));
        head.push_secret("Authorization", Secret::new("Basic eA=="));
        assert_eq!(
            encode(&head),
            b"M-SEARCH * HTTP/1.0\r\nHost: example.com\r\nx-A: 1\r\nX-a: caf\xc3\xa9 \xff\r\nEmpty: \r\n\
              Authorization: Basic eA==\r\n\r\n"
        );
    }

    #[test]
    fn every_head_is_allocated_once() {
        let text = "x".repeat(5000);
        for length in [0, 1, 100, 5000] {
            let mut head = RequestHead::new("GET", &text[..length], Version::Http11, 0);
            for _ in 0..length.min(100) {
                head.push("Host", &text.as_bytes()[..length]);
                head.push_secret("Authorization", Secret::new(&text[..length]));
            }
            let bytes = encode(&head);
            assert_eq!(bytes.capacity(), bytes.len());
        }
    }
}
