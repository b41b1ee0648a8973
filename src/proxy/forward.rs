//! What a request looks like to a proxy that forwards it: its target in absolute form (RFC 9112 section 3.2.2).
//!
//! It changes the request line alone.

/// This encoded head, for `http://authority`, as it is sent to a proxy. A target that is absolute already stays. None when
/// the method is CONNECT, which would make the proxy open a tunnel in the place of what the caller meant.
pub fn absolute_form(head: &[u8], authority: &str) -> Option<Vec<u8>> {
    let space = head.iter().position(|byte| *byte == b' ')?;
    let (method, rest) = head.split_at(space.saturating_add(1));
    if method == b"CONNECT " {
        return None;
    }
    // An asterisk is the origin itself, and so is a URI without a path (RFC 9112 section 3.2.4).
    let rest = match rest {
        [b'/', ..] => rest,
        [b'*', rest @ ..] => rest,
        _ => return Some(head.to_vec()),
    };
    Some([method, b"http://", authority.as_bytes(), rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let table = [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("GET //x/y?z HTTP/1.0\r\n\r\n", "GET http://a:81//x/y?z HTTP/1.0\r\n\r\n"),
            ("OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS http://a:81 HTTP/1.1\r\n\r\n"),
            ("GET http://b/ HTTP/1.1\r\n\r\n", "GET http://b/ HTTP/1.1\r\n\r\n"),
            ("GET ftp://b/ HTTP/1.1\r\n\r\n", "GET ftp://b/ HTTP/1.1\r\n\r\n"),
        ];
        for (head, expected) in table {
            let forwarded = absolute_form(head.as_bytes(), "a:81").unwrap();
            assert_eq!(String::from_utf8(forwarded).unwrap(), expected);
        }
        assert_eq!(absolute_form(b"CONNECT a:1 HTTP/1.1\r\n\r\n", "a"), None);
        assert_eq!(absolute_form(b"", "a"), None);
    }
}
