//! What is true of HTTP in every version: methods, targets, URIs, origins, fields, heads of requests, and what each may hold
//! (RFC 9110).
//!
//! Values in, values out. Nothing here knows how a message looks on the wire, nor what a session is.

pub mod fields;
pub mod head;
pub mod method;
pub mod origin;
pub mod target;
pub mod uri;

/// The most bytes of someone else's that an error quotes.
const QUOTE_LENGTH: usize = 48;

/// The beginning of these bytes in quotes, for errors: bounded, and escaped so that it is printable ASCII.
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
