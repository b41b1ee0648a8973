//! Basic (RFC 7617): a user and a password, practically in the clear.

use super::Login;
use crate::reason::Reason;
use crate::secret::Secret;

/// The value of `Authorization` or `Proxy-Authorization`.
///
/// The text is UTF-8, whether or not the challenge has `charset`: RFC 7617 has no other way to name an encoding, and
/// for ASCII it makes no difference. Text is not normalised (NFC); that is the caller's business.
pub fn authorize(login: &Login) -> Secret {
    let parts = [login.user.as_bytes(), b":", login.password.expose().as_bytes()];
    let length: usize = parts.iter().map(|part| part.len()).fold(0, usize::saturating_add);
    // The whole capacity at once: a reallocation would leave a copy of the secret behind.
    let mut value = String::with_capacity(SCHEME.len().saturating_add(length.div_ceil(3).saturating_mul(4)));
    value.push_str(SCHEME);
    encode(parts.into_iter().flatten().copied(), &mut value);
    Secret::new(value)
}

/// Whether this can be a user's name. A colon would begin the password (RFC 7617 section 2).
pub fn check_user(user: &str) -> Result<(), Reason> {
    if user.contains(':') {
        return Err("a user's name cannot hold a colon");
    }
    if user.chars().any(char::is_control) {
        return Err("a user's name cannot hold a control character");
    }
    Ok(())
}

/// Whether this can be a password.
pub fn check_password(password: &str) -> Result<(), Reason> {
    if password.chars().any(char::is_control) {
        return Err("a password cannot hold a control character");
    }
    Ok(())
}

const SCHEME: &str = "Basic ";

/// The digits of base64 (RFC 4648 section 4).
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends these bytes in base64. These few lines replace a library with many alphabets and buffers of its own.
fn encode(mut bytes: impl Iterator<Item = u8>, text: &mut String) {
    let digit = |bits: u8| DIGITS.get(usize::from(bits & 0x3f)).copied().map_or('=', char::from);
    while let Some(first) = bytes.next() {
        let (second, third) = (bytes.next(), bytes.next());
        text.push(digit(first >> 2));
        text.push(digit(first << 4 | second.unwrap_or_default() >> 4));
        text.push(second.map_or('=', |second| digit(second << 2 | third.unwrap_or_default() >> 6)));
        text.push(third.map_or('=', digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> String {
        authorize(&Login { user: user.into(), password: Secret::new(password) }).expose().to_owned()
    }

    #[test]
    fn the_examples_of_rfc_7617() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn base64_at_each_length() {
        let encoded = |text: &str| {
            let mut encoded = String::new();
            encode(text.bytes(), &mut encoded);
            encoded
        };
        // RFC 4648 section 10.
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{7ff}\u{7ff}\u{fb}", "37/fv8O7"),
        ] {
            assert_eq!(encoded(text), expected);
        }
    }

    #[test]
    fn what_no_login_can_hold() {
        for user in ["a:b", ":", "a\nb", "a\0", "\u{85}"] {
            check_user(user).unwrap_err();
        }
        for password in ["a\r\nb", "\t", "\u{7f}"] {
            check_password(password).unwrap_err();
        }
        check_user("").unwrap();
        check_user("J\u{e4}s\u{f8}n Doe").unwrap();
        check_password("a:b \u{142}").unwrap();
    }

    #[test]
    fn nothing_grows_while_it_is_written() {
        for length in 0..100 {
            let (user, password) = ("u".repeat(length), "p".repeat(99 - length));
            let parts = length + 1 + (99 - length);
            assert_eq!(basic(&user, &password).len(), SCHEME.len() + parts.div_ceil(3) * 4);
        }
    }
}
