//! Rebuilds a response's head and trailers from their fields: for `--trailers`, and for `-i` if the event with the bytes was
//! lost.

use crate::bindings::Response;
use crate::bindings::types::Version;

/// A response's head, rebuilt because the event with its bytes was lost.
pub fn of(response: &Response) -> Vec<u8> {
    let version = match response.version() {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
        Version::Http2 => "HTTP/2",
    };
    let mut head = format!("{version} {:03} {}\r\n", response.status(), response.reason()).into_bytes();
    head.extend(field_lines(&response.fields()));
    head.extend_from_slice(b"\r\n");
    head
}

/// Field lines, as on the wire.
pub fn field_lines(fields: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in fields {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_need_not_be_text() {
        let fields = [("A".to_owned(), b"b".to_vec()), ("a".to_owned(), vec![0xff])];
        assert_eq!(field_lines(&fields), b"A: b\r\na: \xff\r\n");
    }
}
