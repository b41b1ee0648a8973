//! The text of a response's heads and trailers, for `-i`, `-I` and `--trailers`. It changes no byte of them.

use crate::bindings::Response;
use crate::bindings::types::Version;

/// The interim heads and the final one, as on the wire.
pub fn heads(response: &Response) -> Vec<u8> {
    let version = match response.version() {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    };
    let mut text = Vec::new();
    let mut head = |status: u16, reason: String, fields: &[(String, Vec<u8>)]| {
        text.extend_from_slice(format!("{version} {status:03} {reason}\r\n").as_bytes());
        text.extend(field_lines(fields));
        text.extend_from_slice(b"\r\n");
    };
    for interim in response.interim_responses() {
        head(interim.status, interim.reason, &interim.fields);
    }
    head(response.status(), response.reason(), &response.fields());
    text
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
