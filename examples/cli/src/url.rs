//! Takes a URL apart as curl does. It resolves nothing and knows no scheme but the default ports of two.

use crate::exit::{Exit, Failure};
use crate::login::Login;

/// A URL, ready to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Whom to ask.
    pub origin: Origin,
    /// Who asks, if that stands before the host.
    pub login: Option<Login>,
    /// The path, with a leading `/`.
    path: String,
    /// The query with its `?`, or nothing.
    query: String,
}

/// The scheme, host and port of a URL; what a session is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In lower case.
    pub scheme: String,
    /// In lower case, an IPv6 address in brackets.
    pub host: String,
    /// The one given, or the scheme's own.
    pub port: u16,
}

impl Origin {
    /// Whether connections to it have TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }
}

impl Url {
    /// Takes `text` apart. The scheme may be missing: then it is `http`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(bad(text, "it holds a space or a control character, which must be written as %20 or the like"));
        }
        let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("http", text));
        let rest = rest.split('#').next().unwrap_or_default();
        let end_of_authority = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end_of_authority);
        let (path, query) = tail.split_at(tail.find('?').unwrap_or(tail.len()));

        // The last one, as in curl: a password may hold one that is not encoded.
        let (login, authority) = match authority.rsplit_once('@') {
            Some((login, authority)) => (Some(Login::parse_encoded(login).map_err(|why| bad(text, why))?), authority),
            None => (None, authority),
        };
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = split_host_and_port(authority).map_err(|why| bad(text, why))?;
        if host.is_empty() {
            return Err(bad(text, "it has no host"));
        }
        let port = port.unwrap_or(if scheme == "https" { 443 } else { 80 });
        let origin = Origin { scheme, host: host.to_ascii_lowercase(), port };
        Ok(Self { origin, login, path: without_dot_segments(&escaped(path)), query: escaped(query) })
    }

    /// What the request line asks for.
    pub fn target(&self) -> String {
        format!("{}{}", self.path, self.query)
    }

    /// Adds a file's name where the path ends in `/`, as curl does for an upload.
    pub fn complete_with_file_name(&mut self, file: &str) {
        if self.path.ends_with('/') {
            let name = file.rsplit('/').next().unwrap_or(file);
            for byte in name.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    self.path.push(char::from(byte));
                } else {
                    self.path.push_str(&percent(byte));
                }
            }
        }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Origin { scheme, host, port } = &self.origin;
        write!(f, "{scheme}://{host}")?;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => {}
            (_, port) => write!(f, ":{port}")?,
        }
        write!(f, "{}{}", self.path, self.query)
    }
}

/// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; the brackets stay. An empty port is none.
pub fn split_host_and_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let host_length = if authority.starts_with('[') {
        authority.find(']').ok_or("its '[' has no ']'")?.saturating_add(1)
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(host_length);
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Ok((host, None)),
        None => Err("its ']' is followed by something else than a port"),
        Some("") => Ok((host, None)),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse().map_err(|_| "its port is not between 1 and 65535")?;
            Ok((host, Some(port)))
        }
        Some(_) => Err("its port is not a number"),
    }
}

/// What may be a name and a password is not quoted.
fn bad(url: &str, why: &str) -> Failure {
    let shown = url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, rest)| format!("***@{rest}"));
    Failure::new(Exit::BadRequest, format!("URL {shown:?}: {why}"))
}

/// RFC 3986 section 3.1. What stands before `://` and is none is part of a host or a path.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Bytes beyond ASCII cannot stand in a target; everything else is taken as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            escaped.extend(character.to_string().bytes().map(percent));
        }
    }
    escaped
}

/// `%2F` for `/`.
pub fn percent(byte: u8) -> String {
    format!("%{byte:02X}")
}

/// RFC 3986 section 5.2.4: `/a/../b` is `/b`.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String, u16, String) {
        let url = Url::parse(text).unwrap();
        let target = url.target();
        (url.origin.scheme, url.origin.host, url.origin.port, target)
    }

    fn expect(text: &str, scheme: &str, host: &str, port: u16, target: &str) {
        assert_eq!(parts(text), (scheme.into(), host.into(), port, target.into()), "{text}");
    }

    #[test]
    fn takes_urls_apart_as_curl_does() {
        expect("http://example.com/a?b=c", "http", "example.com", 80, "/a?b=c");
        expect("example.com", "http", "example.com", 80, "/");
        expect("localhost:8080/x", "http", "localhost", 8080, "/x");
        expect("HTTPS://Example.COM", "https", "example.com", 443, "/");
        expect("http://h:81?x#y", "http", "h", 81, "/?x");
        expect("http://h:/", "http", "h", 80, "/");
        expect("http://h/a#b?c", "http", "h", 80, "/a");
        expect("http://[::1]:8080/", "http", "[::1]", 8080, "/");
        expect("[2001:DB8::1]/p", "http", "[2001:db8::1]", 80, "/p");
        expect("ftp://h/", "ftp", "h", 80, "/");
        expect("h/?u=http://other/", "http", "h", 80, "/?u=http://other/");
        expect("http://h\\@other/", "http", "h", 80, "/\\@other/");
        expect("http://h?@other/", "http", "h", 80, "/?@other/");
        expect("http://h#@other/", "http", "h", 80, "/");
        expect("http://h/%20x/é?ü", "http", "h", 80, "/%20x/%C3%A9?%C3%BC");
    }

    #[test]
    fn a_name_and_a_password_are_no_part_of_what_is_shown() {
        let url = Url::parse("http://joe:ses@me@h/a@b").unwrap();
        assert_eq!((url.to_string().as_str(), url.origin.host.as_str()), ("http://h/a@b", "h"));
        assert!(url.login == Some(Login::parse("joe:ses@me")));
        assert!(Url::parse("http://h/a@b").unwrap().login.is_none());
        assert!(!format!("{url:?}").contains("ses"));
        for text in ["http://joe:sesame@h:x/", "http://joe:sesame@/", "joe:sesame@h/a b", "http://sesame%ff@h"] {
            assert!(!Url::parse(text).unwrap_err().message.contains("sesame"), "{text}");
        }
    }

    #[test]
    fn removes_dot_segments_from_the_path_alone() {
        expect("h/a/../b/./c", "http", "h", 80, "/b/c");
        expect("h/a/..", "http", "h", 80, "/");
        expect("h/../../x/.", "http", "h", 80, "/x/");
        expect("h/a//b/...", "http", "h", 80, "/a//b/...");
        expect("h/?/../a", "http", "h", 80, "/?/../a");
    }

    #[test]
    fn refuses_what_is_no_url_with_exit_code_3() {
        for text in [
            "",
            "http://",
            "http:///a",
            "http://:80/",
            "h:65536",
            "h:99999999999",
            "h:1x",
            "h:-1",
            "[::1/",
            "[::1]x/",
            "http://user:secret@/",
            "http://user:%ff@h/",
            "h/a b",
            "h/\r\nx",
            "h/\u{7f}",
        ] {
            assert_eq!(Url::parse(text).unwrap_err().exit, Exit::BadRequest, "{text}");
        }
    }

    #[test]
    fn an_upload_completes_a_path_that_names_no_file() {
        let completed = |url: &str, file: &str| {
            let mut url = Url::parse(url).unwrap();
            url.complete_with_file_name(file);
            url.target()
        };
        assert_eq!(completed("h", "dir/a b.txt"), "/a%20b.txt");
        assert_eq!(completed("h/up/?q", "x"), "/up/x?q");
        assert_eq!(completed("h/up/y", "x"), "/up/y");
    }

    #[test]
    fn is_written_without_a_default_port() {
        assert_eq!(Url::parse("H:80").unwrap().to_string(), "http://h/");
        assert_eq!(Url::parse("https://h:80/a?b").unwrap().to_string(), "https://h:80/a?b");
    }
}
