//! Writes the parameters of a Digest answer: some with quotes, some without (RFC 7616 section 3.4).

use crate::http::fields;
use crate::secret::Secret;

/// The value of `Authorization` or `Proxy-Authorization`, as far as it was written.
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
            // Earlier checks refuse what a field cannot hold. If one was missed, it cannot end the line here.
            if u8::try_from(char).is_ok_and(|byte| !fields::is_value_byte(byte)) {
                continue;
            }
            self.0.push(char);
        }
        self.0.push('"');
    }

    /// A parameter whose value has no quotes. The value is our own, or the name of a known algorithm.
    pub(super) fn token(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.0.push_str(value);
    }

    /// The user's name.
    ///
    /// Most servers, Apache among them, know only `username`. So `username*` is used only for names that `username`
    /// cannot hold: with control characters, or beyond ASCII if the server has declared UTF-8 (RFC 7616 section 3.9.2
    /// writes those so). Other servers get the bytes of UTF-8, which they compare with their own.
    pub(super) fn user(&mut self, user: &str, is_utf8: bool) {
        if user.chars().any(char::is_control) || is_utf8 && !user.is_ascii() {
            self.begin("username*");
            self.0.push_str("UTF-8''");
            user.bytes().for_each(|byte| self.encoded(byte));
        } else {
            self.quoted("username", user);
        }
    }

    /// The whole value.
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
