//! The head of a request as a value. Every decision about a request is made on it: authentication adds a field, a forwarding
//! proxy changes the target, an event shows a copy. The protocol of the connection encodes it when it is sent.

use std::borrow::Cow;

use super::fields::Field;
use crate::secret::{Secret, SecretBytes};

/// A version of HTTP. Later versions compare greater (RFC 9110 section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0 (RFC 1945).
    Http10,
    /// HTTP/1.1 (RFC 9112).
    Http11,
}

impl Version {
    /// As in a request line or status line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

/// The head of a request. It is made each time the request is sent, and borrows its parts, so that no text is copied.
#[derive(Clone, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a str,
    /// The target, in the form for the recipient.
    pub target: Cow<'a, str>,
    /// The version that the caller set.
    pub version: Version,
    /// The field lines, in order.
    pub fields: Vec<Line<'a>>,
}

/// A field line of a [`RequestHead`].
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The name, in the case in which it is sent.
    pub name: &'a str,
    /// The value.
    pub value: Value<'a>,
}

/// The value of a [`Line`].
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// One that may be shown.
    Plain(Cow<'a, [u8]>),
    /// Credentials. They are overwritten when the head is dropped.
    Secret(Secret),
    /// Cookies. They are overwritten likewise.
    Cookies(SecretBytes),
}

impl<'a> RequestHead<'a> {
    /// A head without fields, with room for this many.
    pub fn new(method: &'a str, target: &'a str, version: Version, room: usize) -> Self {
        Self { method, target: Cow::Borrowed(target), version, fields: Vec::with_capacity(room) }
    }

    /// Adds a line at the end.
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        self.fields.push(Line::plain(name, value));
    }

    /// Adds a line with credentials at the end.
    pub fn push_secret(&mut self, name: &'a str, value: Secret) {
        self.fields.push(Line { name, value: Value::Secret(value) });
    }

    /// Adds the field `Cookie` at the end. If the caller has added one of its own, that stays, and these come before it in the same line
    /// (RFC 6265bis section 5.8.1: there is one field at most).
    pub fn push_cookies(&mut self, cookies: SecretBytes) {
        let own = self.fields.iter_mut().find(|line| line.name.eq_ignore_ascii_case("cookie"));
        match own {
            None => self.fields.push(Line { name: "Cookie", value: Value::Cookies(cookies) }),
            Some(line) => {
                let own = line.value.expose().trim_ascii();
                let between: &[u8] = if own.is_empty() { b"" } else { b"; " };
                line.value = Value::Cookies(SecretBytes::new([cookies.expose(), between, own].concat()));
            }
        }
    }

    /// The value of the first line of this name, in any case.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value.expose())
    }

    /// Whether there is a line of this name, in any case.
    pub fn contains(&self, name: &str) -> bool {
        self.fields.iter().any(|line| line.name.eq_ignore_ascii_case(name))
    }

    /// Changes the target to the absolute form, for a forwarding proxy (RFC 9112 section 3.2.2). `authority` is that of the
    /// `http` origin. An absolute target is left as it is. Not for CONNECT, whose target has no such form.
    pub fn make_absolute(&mut self, authority: &str) {
        // `*` stands for the server itself, which is written as a URI without a path (RFC 9112 section 3.2.4).
        let rest = match self.target.strip_prefix('*') {
            Some(rest) => rest,
            None if self.target.starts_with('/') => &self.target,
            None => return,
        };
        self.target = Cow::Owned(["http://", authority, rest].concat());
    }
}

impl<'a> Line<'a> {
    fn plain(name: &'a str, value: &'a [u8]) -> Self {
        Self { name, value: Value::Plain(Cow::Borrowed(value)) }
    }
}

impl<'a> From<Field<'a>> for Line<'a> {
    fn from(field: Field<'a>) -> Self {
        Self::plain(field.name, field.value)
    }
}

impl Value<'_> {
    /// The bytes that are sent.
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Plain(value) => value,
            Self::Secret(value) => value.expose().as_bytes(),
            Self::Cookies(value) => value.expose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::Fields;

    #[test]
    fn later_versions_are_greater() {
        assert!(Version::Http10 < Version::Http11);
    }

    #[test]
    fn names_are_those_of_the_wire() {
        assert_eq!(Version::Http10.as_str(), "HTTP/1.0");
        assert_eq!(Version::Http11.as_str(), "HTTP/1.1");
    }

    #[test]
    fn every_form_is_made_absolute() {
        for (target, expected) in [
            ("/", "http://a:81/"),
            ("//x/y?z", "http://a:81//x/y?z"),
            ("*", "http://a:81"),
            ("http://b/", "http://b/"),
            ("ftp://b/", "ftp://b/"),
        ] {
            let mut head = RequestHead::new("GET", target, Version::Http11, 0);
            head.make_absolute("a:81");
            assert_eq!(head.target, expected);
            head.make_absolute("b");
            assert_eq!(head.target, expected, "once is enough");
        }
    }

    #[test]
    fn fields_keep_their_order_and_are_found_in_any_case() {
        let mut own = Fields::default();
        for (name, value) in [("A", "1"), ("b", "2"), ("a", "3")] {
            own.push(name, value);
        }
        let mut head = RequestHead::new("GET", "/", Version::Http11, 0);
        head.push("X", b"0");
        head.fields.extend(own.iter().map(Line::from));
        let lines: Vec<_> = head.fields.iter().map(|line| (line.name, line.value.expose())).collect();
        let expected: [(&str, &[u8]); 4] = [("X", b"0"), ("A", b"1"), ("b", b"2"), ("a", b"3")];
        assert_eq!(lines, expected);
        assert!(head.contains("B") && head.contains("x") && !head.contains("c"));
    }

    #[test]
    fn cookies_come_before_those_of_the_caller() {
        let cookies = || SecretBytes::new(b"a=1; b=2".to_vec());
        let mut head = RequestHead::new("GET", "/", Version::Http11, 0);
        head.push_cookies(cookies());
        assert_eq!(head.value("cookie"), Some(&b"a=1; b=2"[..]));
        let mut head = RequestHead::new("GET", "/", Version::Http11, 0);
        head.push("cookie", b"c=3");
        head.push("X", b"y");
        head.push_cookies(cookies());
        let lines: Vec<_> = head.fields.iter().map(|line| (line.name, line.value.expose())).collect();
        assert_eq!(lines, [("cookie", &b"a=1; b=2; c=3"[..]), ("X", b"y")]);
        assert!(!format!("{head:?}").contains("c=3"));
    }

    #[test]
    fn debug_shows_no_credentials() {
        let mut head = RequestHead::new("GET", "/", Version::Http11, 0);
        head.push_secret("Authorization", Secret::new("Basic sesame"));
        assert_eq!(head.fields[0].value.expose(), b"Basic sesame");
        let shown = format!("{head:?}");
        assert!(shown.contains("Authorization") && !shown.contains("sesame"), "{shown}");
    }
}
