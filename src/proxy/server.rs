//! A proxy as its URL describes it: which kind, where, and with which credentials.
//!
//! It looks no names up. Errors never contain text that stands before the `@`.

use std::fmt;

use crate::auth::{Login, basic};
use crate::http::origin::Host;
use crate::http::{quote, uri};
use crate::limits::PROXY_URL_LENGTH;
use crate::reason::OwnedReason;
use crate::secret::Secret;

/// A proxy.
#[derive(Clone)]
pub struct Proxy {
    /// Its protocol.
    pub kind: Kind,
    /// Its host.
    pub host: Host,
    /// Its port; not 0.
    pub port: u16,
    /// The user and password for it.
    pub login: Option<Login>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 4, which takes only IPv4 addresses.
    Socks4,
    /// SOCKS 4a, which takes names too.
    Socks4a,
    /// SOCKS 5 (RFC 1928) with addresses: names are looked up here.
    Socks5,
    /// SOCKS 5 with names: the proxy looks them up.
    Socks5h,
}

/// All kinds, and their schemes in URLs.
const KINDS: [(&str, Kind); 6] = [
    ("http", Kind::Http),
    ("https", Kind::Https),
    ("socks4", Kind::Socks4),
    ("socks4a", Kind::Socks4a),
    ("socks5", Kind::Socks5),
    ("socks5h", Kind::Socks5h),
];

/// The characters that end an authority (RFC 3986 section 3.2). A URL cannot contain a backslash, but browsers read it
/// as a slash.
const AFTER_AUTHORITY: [char; 4] = ['/', '?', '#', '\\'];

/// The most bytes that SOCKS has room for in a user's name, and in a password (RFC 1929 section 2).
const SOCKS_LENGTH: usize = 255;

impl Proxy {
    /// Parses `[scheme://][user[:password]@]host[:port]`.
    ///
    /// The default scheme is `http`; the default port is 1080, or 443 for `https`, as in curl. User and password are
    /// percent-decoded. A path, a query or a fragment may follow. They are ignored, and an `@` in them does not change
    /// the host (RFC 3986 section 3.2).
    pub fn parse(url: &str) -> Result<Self, OwnedReason> {
        if url.len() > PROXY_URL_LENGTH {
            return Err("a proxy's URL is too long".into());
        }
        let (kind, rest) = match url.split_once("://") {
            // A scheme contains none of these characters. Before `://` they show that the URL has no scheme, and where
            // its authority ends.
            Some((scheme, rest)) if !scheme.contains(AFTER_AUTHORITY) => (Kind::parse(scheme)?, rest),
            _ => (Kind::Http, url),
        };
        let (authority, after) = rest.split_at(rest.find(AFTER_AUTHORITY).unwrap_or(rest.len()));
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (parse_login(login)?, place),
            None => (None, authority),
        };
        let (host, port) = uri::split_port(place).map_err(|what| format!("a proxy's {what}"))?;
        let host = Host::parse(host).map_err(|what| match after.contains('@') {
            // The supposed host may be a part of a name or a password, so it is not quoted.
            true => {
                "the proxy's host is wrong; / ? # and \\ in a user or password are written %2F %3F %23 and %5C".into()
            }
            false => format!("the proxy's host is wrong: {what}"),
        })?;
        let port = match port {
            None => kind.default_port(),
            Some(digits) => uri::parse_port(digits).map_err(|what| format!("a proxy's {what}"))?,
        };
        if let Some(login) = &login {
            kind.check(login)?;
        }
        Ok(Self { kind, host, port, login })
    }
}

/// `scheme://host:port`, without credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.kind.name(), self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("url", &self.to_string()).field("has_login", &self.login.is_some()).finish()
    }
}

impl Proxy {
    /// Whether it is the same proxy with the same credentials.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same_login = match (&self.login, &other.login) {
            (None, None) => true,
            // Both are the caller's own, so the time of the comparison reveals nothing.
            (Some(one), Some(two)) => one.user == two.user && one.password.expose() == two.password.expose(),
            _ => false,
        };
        is_same_login && (self.kind, &self.host, self.port) == (other.kind, &other.host, other.port)
    }
}

impl Kind {
    fn parse(scheme: &str) -> Result<Self, OwnedReason> {
        let kind = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme)).map(|(_, kind)| *kind);
        kind.ok_or_else(|| {
            // It may be a part of a password.
            let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let what = if is_scheme { format!(" {}", quote(scheme.as_bytes())) } else { String::new() };
            format!("a proxy has the unknown scheme{what}: it is http, https, socks4, socks4a, socks5 or socks5h")
        })
    }

    /// Its scheme in URLs.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether the proxy speaks HTTP.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// Whether origins' names are looked up here, so that the proxy gets addresses.
    pub fn resolves_here(self) -> bool {
        matches!(self, Self::Socks4 | Self::Socks5)
    }

    fn default_port(self) -> u16 {
        if self == Self::Https { 443 } else { 1080 }
    }

    /// Whether such a proxy can be given these credentials.
    fn check(self, login: &Login) -> Result<(), OwnedReason> {
        if self.is_http() {
            basic::check_user(&login.user)?;
        } else if login.user.len() > SOCKS_LENGTH || login.password.expose().len() > SOCKS_LENGTH {
            return Err("user and password of a SOCKS proxy have at most 255 bytes each".into());
        }
        Ok(())
    }
}

/// `user` or `user:password`, percent-encoded; `None` if it is empty.
fn parse_login(text: &str) -> Result<Option<Login>, OwnedReason> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let is_there = !user.is_empty() || !password.is_empty();
    let (user, password) = (decode(user)?, Secret::new(decode(password)?));
    Ok(is_there.then_some(Login { user, password }))
}

/// Percent-decoded text. Control characters are refused: SOCKS 4 ends a name with NUL, and HTTP has no way to send them.
fn decode(text: &str) -> Result<String, OwnedReason> {
    let decoded = uri::decode(text).ok_or("in a proxy's user or password stands a % without two digits, not %25")?;
    match String::from_utf8(decoded) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text),
        Ok(_) => Err("a proxy's user or password holds a control character".into()),
        Err(_) => Err("a proxy's user or password is not UTF-8".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones() {
        let table = [
            ("p", "http://p:1080", None),
            ("P.example.:3128", "http://p.example.:3128", None),
            ("http://p", "http://p:1080", None),
            ("HTTPS://p/", "https://p:443", None),
            ("https://p:8443", "https://p:8443", None),
            ("socks4://10.0.0.1", "socks4://10.0.0.1:1080", None),
            ("socks4a://u@p:1", "socks4a://p:1", Some(("u", ""))),
            ("socks5://[::1]:9", "socks5://[::1]:9", None),
            ("socks5h://[::1]", "socks5h://[::1]:1080", None),
            ("u:p@h:1", "http://h:1", Some(("u", "p"))),
            ("http://u:p:q@h", "http://h:1080", Some(("u", "p:q"))),
            ("http://a@b:c@d@h", "http://h:1080", Some(("a@b", "c@d"))),
            ("socks5://%75%3a%c3%A9:%40%2F%25@h", "socks5://h:1080", Some(("u:é", "@/%"))),
            ("http://:p@h", "http://h:1080", Some(("", "p"))),
            ("http://@h", "http://h:1080", None),
            ("http://:@h", "http://h:1080", None),
            ("h/path", "http://h:1080", None),
            ("https://h:1/a/b?c#d", "https://h:1", None),
            ("socks5://u:p@[::1]:9/", "socks5://[::1]:9", Some(("u", "p"))),
            ("h?q", "http://h:1080", None),
            ("h#f", "http://h:1080", None),
        ];
        for (url, shown, login) in table {
            let proxy = Proxy::parse(url).unwrap();
            assert_eq!(proxy.to_string(), shown, "{url}");
            let found = proxy.login.as_ref().map(|login| (login.user.as_str(), login.password.expose()));
            assert_eq!(found, login, "{url}");
        }
    }

    #[test]
    fn bad_ones() {
        for url in [
            "",
            "http://",
            "ftp://p",
            "socks://p",
            "socks5h:p",
            "://p",
            "h:",
            "h:0",
            "h:65536",
            "h:1x",
            "h:+1",
            "h:1:2",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:",
            "a b",
            "a\r\nb",
            "/h",
            "?h",
            "http:///h",
            "http://u:p/q@h",
            "127.1",
            "http://u:%@h",
            "http://u:%4@h",
            "http://u:%zz@h",
            "http://%00:p@h",
            "http://u:a%0d%0ab@h",
            "http://u:%ff@h",
            "http://a%3ab:p@h",
        ] {
            assert!(Proxy::parse(url).is_err(), "{url:?}");
        }
        assert!(Proxy::parse(&"a".repeat(PROXY_URL_LENGTH + 1)).unwrap_err().contains("too long"));
    }

    #[test]
    fn the_same_one_is_told_the_same() {
        let is_same = |one: &str, two: &str| Proxy::parse(one).unwrap().is_same(&Proxy::parse(two).unwrap());
        for (one, two) in [("p", "http://P:1080/"), ("u:p@p", "u:%70@p"), ("socks5://[::1]", "socks5://[0::1]:1080")] {
            assert!(is_same(one, two) && is_same(two, one), "{one} {two}");
        }
        for other in ["q", "p:1", "https://p:1080", "socks5://p", "u:p@p", "u:q@p", "v:p@p", "u@p"] {
            assert!(!is_same("p", other) && (other == "u:p@p" || !is_same("u:p@p", other)), "{other}");
        }
    }

    #[test]
    fn nothing_behind_the_authority_moves_the_host() {
        for end in ["/", "?", "#", "\\"] {
            for after in
                ["@evil", "#@evil", "x@evil:1", "u:p@evil/", "://evil", "?u=http://evil", "\\@evil", "//u@evil"]
            {
                for scheme in ["", "http://", "HTTP://"] {
                    let url = format!("{scheme}good{end}{after}");
                    let proxy = Proxy::parse(&url).unwrap();
                    assert_eq!(
                        (proxy.to_string().as_str(), proxy.login.is_none()),
                        ("http://good:1080", true),
                        "{url}"
                    );
                    let proxy = Proxy::parse(&format!("{scheme}u:p@good:3{end}{after}")).unwrap();
                    assert_eq!((proxy.to_string().as_str(), proxy.login.is_some()), ("http://good:3", true), "{url}");
                }
            }
        }
    }

    #[test]
    fn what_socks_has_no_room_for_is_refused_where_it_is_set() {
        let long = "x".repeat(SOCKS_LENGTH);
        for kind in ["socks4", "socks4a", "socks5", "socks5h"] {
            Proxy::parse(&format!("{kind}://{long}:{long}@h")).unwrap();
            Proxy::parse(&format!("{kind}://{long}x:p@h")).unwrap_err();
            Proxy::parse(&format!("{kind}://u:{long}x@h")).unwrap_err();
        }
        Proxy::parse(&format!("http://{long}x:{long}x@h")).unwrap();
    }

    #[test]
    fn secrets_are_in_no_words() {
        let debug = format!("{:?}", Proxy::parse("http://user:secret@h").unwrap());
        assert!(debug.contains("http://h:1080") && !debug.contains("secret") && !debug.contains("user"), "{debug}");
        for url in [
            "ftp://user:secret@h",
            "user:secret://x@h",
            "http://user:secret%@h",
            "http://user:secret@h:x",
            "http://user:secret@a b",
            "http://user:secret@::1",
            "http://secret word/x@h",
            "http://user:secret/x@h",
            "secret word/x@h",
            "user:secret\\x@h",
        ] {
            let words = Proxy::parse(url).unwrap_err();
            assert!(!words.contains("secret") && !words.contains("user:"), "{words}");
        }
    }
}
