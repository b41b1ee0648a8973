//! The parser of `Set-Cookie` (RFC 6265bis section 5.6).

use super::date;
use super::refused::Refused;
use crate::http::fields::trim;
use crate::limits::{COOKIE_ATTRIBUTE_LENGTH, COOKIE_LENGTH};

/// A cookie as described by its server. The last of repeated attributes counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// When it expires, in seconds since 1970.
    pub(super) expires: Option<u64>,
    /// How many seconds it lasts.
    pub(super) max_age: Option<u64>,
    /// Without the dot at its beginning. May be empty.
    pub(super) domain: Option<&'a [u8]>,
    /// `None` if it is missing or not a path.
    pub(super) path: Option<&'a [u8]>,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
}

impl<'a> SetCookie<'a> {
    /// Parses the value of the field.
    pub(super) fn parse(field: &'a [u8]) -> Result<Self, Refused> {
        check_bytes(field)?;
        let mut parts = field.split(|byte| *byte == b';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = match split_at_equals(pair) {
            (name, Some(value)) => (name, value),
            (value, None) => (&[][..], value),
        };
        check_size(name, value)?;
        let mut cookie = Self { name, value, ..Self::default() };
        for (name, value) in parts.map(split_at_equals) {
            let value = value.unwrap_or_default();
            if value.len() <= COOKIE_ATTRIBUTE_LENGTH {
                cookie.set(name, value);
            }
        }
        Ok(cookie)
    }

    fn set(&mut self, name: &[u8], value: &'a [u8]) {
        match name.to_ascii_lowercase().as_slice() {
            b"expires" => self.expires = date::parse(value).or(self.expires),
            b"max-age" => self.max_age = parse_max_age(value).or(self.max_age),
            b"domain" => self.domain = Some(value.strip_prefix(b".").unwrap_or(value)),
            b"path" => self.path = Some(value).filter(|path| path.starts_with(b"/")),
            b"secure" => self.is_secure = true,
            b"httponly" => self.is_http_only = true,
            _ => {}
        }
    }
}

/// The name in this field, for people: shortened, and without what a terminal acts on. Empty for a cookie without a name.
pub fn name_of(field: &[u8]) -> String {
    let pair = field.split(|byte| *byte == b';').next().unwrap_or_default();
    match split_at_equals(pair) {
        (name, Some(_)) => String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(NAME_SHOWN).collect(),
        // It is a value, which is a secret.
        (_, None) => String::new(),
    }
}

/// The most characters of a name that are shown.
const NAME_SHOWN: usize = 64;

/// Checks that there is no control character except HTAB.
pub(super) fn check_bytes(bytes: &[u8]) -> Result<(), Refused> {
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 10..=31 | 127);
    if bytes.iter().any(is_control) { Err(Refused::Control) } else { Ok(()) }
}

/// Checks that name and value are not both empty, and not too long.
pub(super) fn check_size(name: &[u8], value: &[u8]) -> Result<(), Refused> {
    match name.len().saturating_add(value.len()) {
        0 => Err(Refused::Empty),
        length if length > COOKIE_LENGTH => Err(Refused::TooLong),
        _ => Ok(()),
    }
}

/// What is before and after the first equals sign, trimmed.
fn split_at_equals(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut halves = part.splitn(2, |byte| *byte == b'=');
    (trim(halves.next().unwrap_or_default()), halves.next().map(trim))
}

/// The seconds of `Max-Age`. A negative number counts as 0, and one that is too large as the greatest.
fn parse_max_age(value: &[u8]) -> Option<u64> {
    let (is_negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.is_empty())?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if is_negative { 0 } else { digits.parse().unwrap_or(u64::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(field: &str) -> SetCookie<'_> {
        SetCookie::parse(field.as_bytes()).unwrap()
    }

    fn pair(field: &str) -> (&str, &str) {
        let SetCookie { name, value, .. } = parse(field);
        (std::str::from_utf8(name).unwrap(), std::str::from_utf8(value).unwrap())
    }

    #[test]
    fn name_and_value_are_what_is_before_the_first_semicolon() {
        for (field, name, value) in [
            ("a=b", "a", "b"),
            ("  a  = b  ;c=d", "a", "b"),
            ("\ta\t=\tb\t \t;\tttt", "a", "b"),
            ("a", "", "a"),
            ("=a", "", "a"),
            (" = a ", "", "a"),
            ("a=", "a", ""),
            ("a===b", "a", "==b"),
            ("===a", "", "==a"),
            ("a=\"b;c\"", "a", "\"b"),
            ("a=\"  b \"", "a", "\"  b \""),
            ("a=\"b \"   \"c\"  ;", "a", "\"b \"   \"c\""),
            ("a=b, c=d", "a", "b, c=d"),
            ("a b=c", "a b", "c"),
            ("\"a=b\"=c", "\"a", "b\"=c"),
            ("$Version=1; a=b", "$Version", "1"),
            ("a=%32%33", "a", "%32%33"),
            ("\u{e4}=\u{f6}", "\u{e4}", "\u{f6}"),
            ("a=b\tc", "a", "b\tc"),
            ("Path=/x; Secure", "Path", "/x"),
        ] {
            assert_eq!(pair(field), (name, value), "{field:?}");
        }
    }

    #[test]
    fn a_name_is_shown_and_a_value_is_not() {
        for (field, shown) in
            [("a=hidden; b", "a"), ("hidden", ""), ("hidden; a=b", ""), ("a\u{1b}[2Jb=", "a[2Jb"), ("", "")]
        {
            assert_eq!(name_of(field.as_bytes()), shown, "{field:?}");
        }
        assert_eq!(name_of(&[b"n".repeat(100_000), b"=".to_vec()].concat()).len(), NAME_SHOWN);
    }

    #[test]
    fn a_cookie_of_nothing_is_none() {
        for field in ["", "=", " ", "\t", " = ", ";", "; a=b", "=;a"] {
            assert_eq!(SetCookie::parse(field.as_bytes()), Err(Refused::Empty), "{field:?}");
        }
    }

    #[test]
    fn control_characters_anywhere_refuse_it_all() {
        for byte in 0..=u8::MAX {
            for field in [[b'a', byte, b'=', b'b'], [b'a', b'=', b'b', byte], [b'a', b';', byte, b'b']] {
                let is_refused = SetCookie::parse(&field) == Err(Refused::Control);
                assert_eq!(is_refused, byte.is_ascii_control() && byte != b'\t', "{field:?}");
            }
        }
    }

    #[test]
    fn the_length_of_name_and_value_has_a_limit() {
        let of = |name: usize, value: usize| format!("{}={}; Path=/", "n".repeat(name), "v".repeat(value));
        assert!(SetCookie::parse(of(1, COOKIE_LENGTH - 1).as_bytes()).is_ok());
        assert!(SetCookie::parse(of(COOKIE_LENGTH, 0).as_bytes()).is_ok());
        for (name, value) in [(1, COOKIE_LENGTH), (COOKIE_LENGTH + 1, 0), (0, COOKIE_LENGTH + 1)] {
            assert_eq!(SetCookie::parse(of(name, value).as_bytes()), Err(Refused::TooLong));
        }
    }

    #[test]
    fn attributes_are_read_in_any_case_and_spacing() {
        let cookie = parse(
            "a=b;  DOMAIN = .X.test ;pAth=/y ; Max-Age=10;secure;HttpOnly;Expires=Thu, 01 Jan 1970 00:01:00 GMT;",
        );
        let expected = SetCookie {
            name: b"a",
            value: b"b",
            expires: Some(60),
            max_age: Some(10),
            domain: Some(b"X.test"),
            path: Some(b"/y"),
            is_secure: true,
            is_http_only: true,
        };
        assert_eq!(cookie, expected);
        for field in ["a=b; Secure=", "a=b; Secure=no", "a=b; Secure =", "a=b;;Secure;"] {
            assert!(parse(field).is_secure, "{field}");
        }
        for field in ["a=b; \"Secure\"", "a=b; Secure x", "a=b, Secure", "a=b; Securely"] {
            assert!(!parse(field).is_secure, "{field}");
        }
    }

    #[test]
    fn the_last_of_several_counts() {
        assert_eq!(parse("a; Path=/x; Path=/y").path, Some(&b"/y"[..]));
        assert_eq!(parse("a; Path=/x; Path").path, None);
        assert_eq!(parse("a; Path=; Path=/y").path, Some(&b"/y"[..]));
        assert_eq!(parse("a; Path=x").path, None);
        assert_eq!(parse("a; Domain=x; Domain=").domain, Some(&b""[..]));
        assert_eq!(parse("a; Domain=x; Domain=..y").domain, Some(&b".y"[..]));
        assert_eq!(parse("a; Max-Age=1; Max-Age=x").max_age, Some(1));
        assert_eq!(parse("a; Max-Age=1; Max-Age=2").max_age, Some(2));
        assert_eq!(parse("a; Expires=Thu, 01 Jan 1970 00:01:00 GMT; Expires=0").expires, Some(60));
    }

    #[test]
    fn max_age_is_digits_alone() {
        for (value, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-20", Some(0)),
            ("007", Some(7)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("-", None),
            ("--1", None),
            ("+1", None),
            ("1.5", None),
            ("50,399", None),
            ("1 0", None),
            ("x", None),
            ("\u{661}", None),
        ] {
            assert_eq!(parse(&format!("a; Max-Age={value}")).max_age, expected, "{value}");
        }
    }

    #[test]
    fn a_long_attribute_is_ignored() {
        let path = |length: usize| format!("/{}", "p".repeat(length - 1));
        let longest = path(COOKIE_ATTRIBUTE_LENGTH);
        assert_eq!(parse(&format!("a; Path={longest}")).path, Some(longest.as_bytes()));
        assert_eq!(parse(&format!("a; Path=/x; Path={longest}x")).path, Some(&b"/x"[..]));
    }

    #[test]
    fn every_beginning_of_a_field_is_a_field() {
        let field =
            b"name=value; Domain=x.test; Path=/y; Max-Age=10; Secure; HttpOnly; Expires=Thu, 01 Jan 1970 00:01:00 GMT";
        for end in 1..=field.len() {
            let cookie = SetCookie::parse(&field[..end]).unwrap();
            assert!(b"name".starts_with(cookie.name) && b"name=value".ends_with(cookie.value) || end < 11);
        }
    }
}
