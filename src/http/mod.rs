//! The semantics common to all versions of HTTP: methods, targets, URIs, origins, fields, heads of requests, and their syntax
//! (RFC 9110).
//!
//! Values in, values out. Nothing here knows the wire format of a message, or sessions.

mod field_names;
pub mod fields;
pub mod head;
pub mod method;
pub mod origin;
pub mod resolve;
pub mod target;
pub mod uri;
pub mod url;

/// How many bytes of outside data an error quotes at most.
const QUOTE_LENGTH: usize = 48;

/// The beginning of these bytes in quotes, for errors. Bounded, and escaped to printable ASCII.
#[cold]
pub(crate) fn quote(bytes: &[u8]) -> String {
    match bytes.get(..QUOTE_LENGTH) {
        Some(beginning) if bytes.len() > QUOTE_LENGTH => {
            format!("\"{}\"...", beginning.escape_ascii())
        }
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_printable_and_bounded() {
        assert_eq!(quote(b"a\"\\\r\n\x00\x1b\xff"), r#""a\"\\\r\n\x00\x1b\xff""#);
        assert_eq!(quote(b""), "\"\"");
        let exact = "x".repeat(QUOTE_LENGTH);
        assert_eq!(quote(exact.as_bytes()), format!("\"{exact}\""));
        assert_eq!(quote(format!("{exact}y").as_bytes()), format!("\"{exact}\"..."));
    }
}
