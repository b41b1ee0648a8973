//! Parses a URL as curl does. It resolves nothing, and knows only the default ports of two schemes.

use crate::exit::{Exit, Failure};
use crate::files::shown;
use crate::login::Login;

/// A parsed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The origin.
    pub origin: Origin,
    /// The credentials before the host, if any.
    pub login: Option<Login>,
    /// The path, with a leading `/`.
    path: String,
    /// The query with its `?`, or nothing.
    query: String,
}

/// The scheme, host and port of a URL, with which a session is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In lower case.
    pub scheme: String,
    /// In lower case, an IPv6 address in brackets.
    pub host: String,
    /// The given one, or the scheme's default.
    pub port: u16,
}

impl Origin {
    /// Whether connections to it have TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }
}

impl Url {
    /// Parses these bytes. The default scheme is `http`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
            return Err(bad(
                bytes,
                "it holds a space or a control character, which must be written as %20 or the like",
            ));
        }
        let (scheme, rest) = match find(bytes, b"://").map(|at| bytes.split_at(at)) {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest.get(3..).unwrap_or_default()),
            _ if lacks_slashes(bytes) => return Err(bad(bytes, "after its scheme there must be '://'")),
            _ => (&b"http"[..], bytes),
        };
        let rest = rest.split(|byte| *byte == b'#').next().unwrap_or_default();
        let end_of_authority = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'\\')).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end_of_authority);
        let (path, query) = tail.split_at(tail.iter().position(|byte| *byte == b'?').unwrap_or(tail.len()));

        // The last one, as in curl: a password may contain one that is not encoded.
        let (login, place) = match authority.iter().rposition(|byte| *byte == b'@') {
            Some(at) => {
                let (login, place) = authority.split_at(at);
                (Some(Login::parse_encoded(login)), place.get(1..).unwrap_or_default())
            }
            None => (None, authority),
        };
        let Ok(place) = std::str::from_utf8(place) else {
            let why =
                format!("URL {}: its host is not UTF-8, and a name to look up has to be", shown_without_login(bytes));
            return Err(Failure::new(Exit::BadOption, why));
        };
        let scheme = String::from_utf8_lossy(scheme).to_ascii_lowercase();
        let (host, port) = split_host_and_port(place).map_err(|why| bad(bytes, why))?;
        if host.is_empty() {
            return Err(bad(bytes, "it has no host"));
        }
        let port = port.unwrap_or(if scheme == "https" { 443 } else { 80 });
        let origin = Origin { scheme, host: host.to_ascii_lowercase(), port };
        Ok(Self { origin, login, path: without_dot_segments(&escaped(path)), query: escaped(query) })
    }

    /// The target.
    pub fn target(&self) -> String {
        format!("{}{}", self.path, self.query)
    }

    /// Appends a file's name if the path ends in `/` and there is no query, as curl does for an upload.
    pub fn complete_with_file_name(&mut self, file: &[u8]) {
        if self.path.ends_with('/') && self.query.is_empty() {
            let name = file.rsplit(|byte| *byte == b'/').next().unwrap_or(file);
            for byte in name {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
                    self.path.push(char::from(*byte));
                } else {
                    self.path.push_str(&percent(*byte));
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

/// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`. The brackets stay. An empty port counts as missing.
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

/// A URL as given, without what may be a user name and password.
pub fn without_login(url: &[u8]) -> Vec<u8> {
    match url.iter().rposition(|byte| *byte == b'@') {
        Some(at) => [b"***", url.get(at..).unwrap_or_default()].concat(),
        None => url.to_vec(),
    }
}

fn shown_without_login(url: &[u8]) -> String {
    shown(&without_login(url))
}

fn bad(url: &[u8], why: &str) -> Failure {
    Failure::new(Exit::BadRequest, format!("URL {}: {why}", shown_without_login(url)))
}

/// RFC 3986 section 3.1. Any other text before `://` is part of a host or a path.
fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}

/// Whether it begins with a scheme and a colon, and what follows is neither `//` nor a port: `https:/host`, `https:`. It would
/// else be taken for a host of the scheme's name.
fn lacks_slashes(url: &[u8]) -> bool {
    let Some(at) = url.iter().position(|byte| *byte == b':') else {
        return false;
    };
    let (scheme, rest) = url.split_at(at);
    let is_known = [&b"http"[..], b"https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    match rest.get(1) {
        Some(b'/' | b'\\') => is_scheme(scheme),
        Some(digit) if digit.is_ascii_digit() => false,
        _ => is_known,
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Bytes beyond ASCII cannot stand in a target; everything else is taken as it is.
fn escaped(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii() {
            escaped.push(char::from(*byte));
        } else {
            escaped.push_str(&percent(*byte));
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
        let url = Url::parse(text.as_bytes()).unwrap();
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
        let url = Url::parse(b"http://joe:ses@me@h/a@b").unwrap();
        assert_eq!((url.to_string().as_str(), url.origin.host.as_str()), ("http://h/a@b", "h"));
        assert!(url.login == Some(Login::parse(b"joe:ses@me")));
        assert!(Url::parse(b"http://h/a@b").unwrap().login.is_none());
        assert!(!format!("{url:?}").contains("ses"));
        for text in ["http://joe:sesame@h:x/", "http://joe:sesame@/", "joe:sesame@h/a b", "https:/joe:sesame@h/"] {
            assert!(!Url::parse(text.as_bytes()).unwrap_err().message.contains("sesame"), "{text}");
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
            "https:/h/",
            "http:/h/",
            "HTTPS:/h",
            "https:\\h",
            "https:\\\\h",
            "ftp:/h",
            "localhost:/x",
            "https:",
            "https:?x",
            "https:h",
            "h/a b",
            "h/\r\nx",
            "h/\u{7f}",
        ] {
            assert_eq!(Url::parse(text.as_bytes()).unwrap_err().exit, Exit::BadRequest, "{text}");
        }
    }

    #[test]
    fn a_host_and_a_port_need_no_scheme() {
        expect("https:80/x", "http", "https", 80, "/x");
        expect("h:", "http", "h", 80, "/");
        expect("h:?x", "http", "h", 80, "/?x");
        expect("ftp:21", "http", "ftp", 21, "/");
        expect("h/a:/b", "http", "h", 80, "/a:/b");
        expect("h?a:/b", "http", "h", 80, "/?a:/b");
    }

    #[test]
    fn bytes_of_path_query_and_login_stay_and_the_host_is_text() {
        let url = Url::parse(b"http://\xff:%fe@h/\xfd?\xfc").unwrap();
        assert_eq!(url.target(), "/%FD?%FC");
        assert!(url.login == Some(Login::parse(b"\xff:\xfe")));
        let refused = Url::parse(b"http://secret@h\xff/").unwrap_err();
        assert_eq!(refused.exit, Exit::BadOption);
        assert!(refused.message.contains("not UTF-8") && !refused.message.contains("secret"), "{}", refused.message);
    }

    #[test]
    fn an_upload_completes_a_path_that_names_no_file() {
        let completed = |url: &str, file: &str| {
            let mut url = Url::parse(url.as_bytes()).unwrap();
            url.complete_with_file_name(file.as_bytes());
            url.target()
        };
        assert_eq!(completed("h", "dir/a b.txt"), "/a%20b.txt");
        assert_eq!(completed("h/up/", "ü"), "/up/%C3%BC");
        assert_eq!(completed("h/up/?q", "x"), "/up/?q");
        assert_eq!(completed("h/up/?", "x"), "/up/?");
        assert_eq!(completed("h/up/y", "x"), "/up/y");
    }

    #[test]
    fn is_written_without_a_default_port() {
        assert_eq!(Url::parse(b"H:80").unwrap().to_string(), "http://h/");
        assert_eq!(Url::parse(b"https://h:80/a?b").unwrap().to_string(), "https://h:80/a?b");
    }
}
