//! Bearer (RFC 6750): a token that is valid for whoever holds it.

use crate::reason::Reason;
use crate::secret::Secret;

/// The value of `Authorization` or `Proxy-Authorization`.
pub fn authorize(token: &Secret) -> Secret {
    const SCHEME: &str = "Bearer ";
    let token = token.expose();
    let mut value = String::with_capacity(SCHEME.len().saturating_add(token.len()));
    value.push_str(SCHEME);
    value.push_str(token);
    Secret::new(value)
}

/// Whether this can be a token: a `b64token` (RFC 6750 section 2.1).
pub fn check(token: &str) -> Result<(), Reason> {
    let text = token.trim_end_matches('=');
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_part) {
        return Err("a bearer token holds letters, digits and -._~+/ alone, and = at its end");
    }
    Ok(())
}

/// Whether a token of this scope covers what is wanted. Both are lists of words (RFC 6749 section 3.3).
pub(super) fn covers(scope: &str, wanted: &str) -> bool {
    wanted.split(' ').filter(|word| !word.is_empty()).all(|word| scope.split(' ').any(|ours| ours == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_as_it_is() {
        assert_eq!(authorize(&Secret::new("mF_9.B5f-4.1JqM")).expose(), "Bearer mF_9.B5f-4.1JqM");
    }

    #[test]
    fn what_can_be_a_token() {
        for token in ["a", "mF_9.B5f-4.1JqM", "YWJj==", "~+/-._"] {
            check(token).unwrap();
        }
        for token in ["", "=", "a b", "a=b", "a\r\nb", "\u{e4}", "a,b", "\"a\""] {
            check(token).unwrap_err();
        }
    }

    #[test]
    fn a_scope_is_words_in_any_order() {
        assert!(covers("a b c", "c a") && covers("a", "") && covers("", "") && covers("a b", " a  b "));
        assert!(!covers("a b", "ab") && !covers("", "a") && !covers("a", "a b") && !covers("a", "A"));
    }
}
