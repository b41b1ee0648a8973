//! Which methods can be sent, and which are safe or idempotent (RFC 9110 section 9).
//!
//! Methods are case-sensitive: `get` is an unknown method, neither safe nor idempotent.

use super::fields::is_token_byte;
use crate::limits::METHOD_LENGTH;
use crate::reason::Reason;

/// Whether this can be a method: any token (RFC 9110 section 9.1).
pub fn check(method: &str) -> Result<(), Reason> {
    if method.is_empty() {
        return Err("the method is empty");
    }
    if method.len() > METHOD_LENGTH {
        return Err("the method is too long");
    }
    if !method.bytes().all(is_token_byte) {
        return Err("the method holds a character that no method can have");
    }
    Ok(())
}

/// The static text of a common method, which saves requests a copy.
pub fn known(method: &str) -> Option<&'static str> {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"].into_iter().find(|known| *known == method)
}

/// Whether it is idempotent (RFC 9110 section 9.2.2).
pub fn is_idempotent(method: &str) -> bool {
    is_safe(method) || matches!(method, "PUT" | "DELETE")
}

/// Whether it is safe: it only reads (RFC 9110 section 9.2.1).
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_method_is_the_same_text() {
        assert_eq!(known("GET"), Some("GET"));
        assert_eq!(known("PATCH"), Some("PATCH"));
        assert!(["", "get", "GETS", "GE", "TRACE"].into_iter().all(|other| known(other).is_none()));
    }

    #[test]
    fn any_token_is_a_method() {
        for method in ["GET", "get", "M-SEARCH", "X!#$%&'*+-.^_`|~9", "a"] {
            assert_eq!(check(method), Ok(()), "{method}");
        }
    }

    #[test]
    fn nothing_else_is() {
        let hostile = [
            "",
            " ",
            "GET ",
            " GET",
            "G ET",
            "GET\t",
            "GET\r\n",
            "GET\0",
            "GET\u{7f}",
            "GET:",
            "GET/",
            "G\"T",
            "(GET)",
            "G,T",
            "G;T",
            "G<T",
            "G=T",
            "G>T",
            "G?T",
            "G@T",
            "G[T",
            "G\\T",
            "G]T",
            "{",
            "GÉT",
            "GET\u{a0}",
            "ＧＥＴ",
        ];
        for method in hostile {
            assert!(check(method).is_err(), "{method:?}");
        }
    }

    #[test]
    fn what_may_be_sent_twice() {
        let table = [
            ("GET", true, true),
            ("HEAD", true, true),
            ("OPTIONS", true, true),
            ("TRACE", true, true),
            ("PUT", false, true),
            ("DELETE", false, true),
            ("POST", false, false),
            ("PATCH", false, false),
            ("CONNECT", false, false),
            ("get", false, false),
            ("PROPFIND", false, false),
            ("", false, false),
        ];
        for (method, safe, idempotent) in table {
            assert_eq!(is_safe(method), safe, "{method}");
            assert_eq!(is_idempotent(method), idempotent, "{method}");
        }
    }
}
