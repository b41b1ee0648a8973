//! A request's head as bytes (RFC 9112 section 3).
//!
//! It adds nothing and checks nothing: `http` has checked what comes in, and the session has decided on the fields.

use super::field_lines::append_line;
use super::version::Version;

/// Request line, these field lines in this order, and the empty line.
pub fn encode<'a>(
    method: &str,
    target: &str,
    version: Version,
    fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let length = method.len().saturating_add(target.len()).saturating_add(FIELDS_LENGTH);
    let mut head = Vec::with_capacity(length);
    head.extend_from_slice(method.as_bytes());
    head.push(b' ');
    head.extend_from_slice(target.as_bytes());
    head.push(b' ');
    head.extend_from_slice(version.as_str().as_bytes());
    head.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        append_line(&mut head, name, value);
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Room for everything but method and target, so that most heads are allocated once.
const FIELDS_LENGTH: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_without_fields() {
        let head = encode("GET", "/", Version::Http11, []);
        assert_eq!(head, b"GET / HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn fields_keep_order_case_and_bytes() {
        let fields: [(&str, &[u8]); 4] =
            [("Host", b"example.com"), ("x-A", b"1"), ("X-a", b"caf\xc3\xa9 \xff"), ("Empty", b"")];
        assert_eq!(
            encode("M-SEARCH", "*", Version::Http10, fields),
            b"M-SEARCH * HTTP/1.0\r\nHost: example.com\r\nx-A: 1\r\nX-a: caf\xc3\xa9 \xff\r\nEmpty: \r\n\r\n"
        );
    }

    #[test]
    fn most_heads_are_allocated_once() {
        let target = "/".repeat(5000);
        let head = encode("GET", &target, Version::Http11, [("Host", b"h".as_slice())]);
        assert_eq!(head.capacity(), 3 + 5000 + FIELDS_LENGTH);
    }
}
