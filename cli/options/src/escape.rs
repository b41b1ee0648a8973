//! Escapes bytes as text, and back. WASI's arguments, variables and paths are text. Those of an operating system are bytes.
//!
//! A byte that is not part of UTF-8 becomes one character of a block for private use. A character of that block in the input
//! becomes four such characters, one for each of its bytes, so that the escape is unambiguous. All other text is unchanged.

/// The name that the host gives the command as its argument 0 when the other arguments, the variables and the names of files
/// are escaped.
pub const ESCAPED: &str = "xenon: what is not UTF-8 is escaped";

/// The character for the byte 0; those for 0x80 to 0xff are used. It is near the end of the last plane for private use.
const BASE: u32 = 0x0010_fe00;

/// These bytes as text.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if byte_of(character).is_some() {
                let mut room = [0; 4];
                text.extend(character.encode_utf8(&mut room).bytes().map(character_of));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(character_of));
    }
    text
}

/// The bytes that this text stands for.
pub fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

fn character_of(byte: u8) -> char {
    char::from_u32(BASE | u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn byte_of(character: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(character).checked_sub(BASE)?).ok()?;
    Some(byte).filter(|byte| !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_as_it_is() {
        for text in ["", "a", "ü€\u{10ffff}\u{f8ff}\0", "\u{10fe00}\u{10fe7f}\u{10ff00}"] {
            assert_eq!(escaped(text.as_bytes()), text);
            assert_eq!(unescaped(text), text.as_bytes());
        }
    }

    #[test]
    fn every_byte_that_is_no_text_has_a_way_back() {
        for byte in 0x80..=0xff {
            for bytes in [vec![byte], vec![b'a', byte, b'b'], vec![byte, byte], vec![0xe2, 0x82, byte]] {
                assert_eq!(unescaped(&escaped(&bytes)), bytes);
            }
        }
        assert_eq!(escaped(b"\xff"), "\u{10feff}");
    }

    #[test]
    fn characters_of_the_block_are_no_bytes() {
        for character in ['\u{10fe80}', '\u{10feff}'] {
            let given = character.to_string();
            assert_eq!(escaped(given.as_bytes()).chars().count(), 4);
            assert_eq!(unescaped(&escaped(given.as_bytes())), given.as_bytes());
        }
        assert_eq!(unescaped(&escaped("\u{10feff}\u{10feff}".as_bytes())), "\u{10feff}\u{10feff}".as_bytes());
    }
}
