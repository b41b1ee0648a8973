//! The parameters of a Digest answer as they are written: some in quotes, some without (RFC 7616 section 3.4).

use crate::http::fields;
use crate::secret::Secret;

/// The value of `Authorization` or `Proxy-Authorization`, as far as it is written.
pub(super) struct Header(String);

impl Header {
    pub(super) fn new() -> Self {
        Self("Digest".into())
    }

    /// A parameter whose value is a quoted string.
    pub(super) fn quoted(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.0.push('"');
        for char in value.chars() {
            if matches!(char, '"' | '\\') {
                self.0.push('\\');
            }
            // What cannot be in a field has been refused before; here it cannot end the line, whoever forgot.
            if u8::try_from(char).is_ok_and(|byte| !fields::is_value_byte(byte)) {
                continue;
            }
            self.0.push(char);
        }
        self.0.push('"');
    }

    /// A parameter whose value stands without quotes. It comes from here, or is the name of a known algorithm.
    pub(super) fn token(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.0.push_str(value);
    }

    /// The user's name.
    ///
    /// Most servers, Apache among them, know `username` alone, so `username*` is for what that cannot hold: control characters,
    /// and names beyond ASCII where the server has said that it reads UTF-8 (RFC 7616 section 3.9.2 writes those so). A server
    /// that has not said so gets the bytes of UTF-8, which it compares with the bytes that it has.
    pub(super) fn user(&mut self, user: &str, is_utf8: bool) {
        if user.chars().any(char::is_control) || is_utf8 && !user.is_ascii() {
            self.begin("username*");
            self.0.push_str("UTF-8''");
            user.bytes().for_each(|byte| self.encoded(byte));
        } else {
            self.quoted("username", user);
        }
    }

    /// All of it.
    pub(super) fn finish(self) -> Secret {
        Secret::new(self.0)
    }

    fn begin(&mut self, name: &str) {
        self.0.push_str(if self.0.len() > "Digest".len() { ", " } else { " " });
        self.0.push_str(name);
        self.0.push('=');
    }

    /// A byte as RFC 8187 section 3.2.1 writes it: itself, if it is an attr-char.
    fn encoded(&mut self, byte: u8) {
        let is_plain = byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
        if is_plain {
            self.0.push(char::from(byte));
        } else {
            self.0.push_str(&format!("%{byte:02X}"));
        }
    }
}
