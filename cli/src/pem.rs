//! Writes certificates as text (RFC 7468), so that they can be kept in a file for `--pin`.

/// This certificate, given in DER.
pub fn certificate(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    // 48 bytes are the 64 characters that a line has.
    for line in der.chunks(48) {
        base64(line, &mut text);
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends these bytes in base64 (RFC 4648 section 4).
pub fn base64(bytes: &[u8], text: &mut String) {
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = ALPHABET.get((bits >> shift & 0x3f) as usize).copied().unwrap_or(b'=');
            text.push(char::from(if place > group.len() { b'=' } else { letter }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            let mut text = String::new();
            base64(bytes.as_bytes(), &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn lines_have_64_characters() {
        let text = certificate(&[0xff; 49]);
        let lines: Vec<_> = text.lines().collect();
        let whole = "/".repeat(64);
        assert_eq!(lines, ["-----BEGIN CERTIFICATE-----", &whole, "/w==", "-----END CERTIFICATE-----"]);
    }
}
