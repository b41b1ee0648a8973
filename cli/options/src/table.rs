//! The table of options, and the help text that is read from it.

/// One option.
#[derive(Debug, PartialEq, Eq)]
pub struct Opt {
    /// Which option it is, for code that implements it.
    pub id: Id,
    /// Without its dash. ASCII.
    pub short: Option<char>,
    /// Without its dashes.
    pub long: &'static str,
    /// Its value. `None` if it takes none.
    pub value: Option<Value>,
    help: &'static str,
}

/// The kind of an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Its name in the help text.
    pub name: &'static str,
    /// How it names a file.
    pub names: Names,
}

/// How a value names a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// It names none.
    Nothing,
    /// It is the name of a file that is read.
    Read,
    /// After an `@`, it is the name of a file that is read.
    ReadAfterAt,
    /// It is the name of a file that is read, unless it has a `=`.
    ReadUnlessPairs,
    /// It is the name of a file that is written.
    Written,
    /// It is the name of a file that is replaced as a whole, by a new one beside it.
    Replaced,
}

/// Each option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table has a help text for each")]
pub enum Id {
    Request,
    Head,
    Data,
    DataBinary,
    DataRaw,
    UploadFile,
    Header,
    UserAgent,
    Referer,
    Range,
    Compressed,
    Url,
    Output,
    Include,
    Silent,
    ShowError,
    Verbose,
    Fail,
    WriteOut,
    Trailers,
    ProgressBar,
    User,
    Basic,
    Digest,
    Anyauth,
    Oauth2Bearer,
    Resolve,
    ConnectTo,
    Ipv4,
    Ipv6,
    Cacert,
    AddCacert,
    Pin,
    Cert,
    Key,
    Tlsv12,
    Tlsv13,
    TlsMax,
    Proxy,
    ProxyUser,
    ProxyAnyauth,
    Proxytunnel,
    Noproxy,
    ProxyCacert,
    ConnectTimeout,
    TlsTimeout,
    FirstByteTimeout,
    ReadTimeout,
    WriteTimeout,
    MaxTime,
    Expect100Timeout,
    Http10,
    NoKeepalive,
    RetryUnsafe,
    Expect100,
    MaxFilesize,
    MaxHead,
    MaxFields,
    Location,
    MaxRedirs,
    LocationTrusted,
    Post301,
    Post302,
    Post303,
    Cookie,
    CookieJar,
    JunkSessionCookies,
    Repeat,
    Parallel,
    ParallelMax,
    Help,
    Version,
}

const fn flag(id: Id, short: Option<char>, long: &'static str, help: &'static str) -> Opt {
    Opt { id, short, long, value: None, help }
}

const fn text(id: Id, short: Option<char>, long: &'static str, name: &'static str, help: &'static str) -> Opt {
    Opt { id, short, long, value: Some(Value { name, names: Names::Nothing }), help }
}

const fn file(
    id: Id,
    short: Option<char>,
    long: &'static str,
    value: (&'static str, Names),
    help: &'static str,
) -> Opt {
    let (name, names) = value;
    Opt { id, short, long, value: Some(Value { name, names }), help }
}

const READ: (&str, Names) = ("FILE", Names::Read);
const WRITTEN: (&str, Names) = ("FILE", Names::Written);

/// Every option.
pub const OPTIONS: &[Opt] = &[
    // The request.
    text(Id::Request, Some('X'), "request", "METHOD", "The request's method"),
    flag(Id::Head, Some('I'), "head", "Ask for the head only (HEAD), and show it"),
    file(
        Id::Data,
        Some('d'),
        "data",
        ("DATA", Names::ReadAfterAt),
        "POST this, or with @FILE the file without its line breaks",
    ),
    file(
        Id::DataBinary,
        None,
        "data-binary",
        ("DATA", Names::ReadAfterAt),
        "POST this, or with @FILE the file as it is",
    ),
    text(Id::DataRaw, None, "data-raw", "DATA", "POST this, a leading @ as any other character"),
    file(Id::UploadFile, Some('T'), "upload-file", READ, "PUT this file; - is standard input, chunked"),
    file(
        Id::Header,
        Some('H'),
        "header",
        ("FIELD", Names::ReadAfterAt),
        "Send this field; 'Name:' leaves a default out; @FILE has several",
    ),
    text(Id::UserAgent, Some('A'), "user-agent", "NAME", "The User-Agent field; empty leaves it out"),
    text(Id::Referer, Some('e'), "referer", "URL", "The Referer field"),
    text(Id::Range, Some('r'), "range", "RANGE", "Ask for these bytes only, as in 0-99; 4 is 4-"),
    flag(Id::Compressed, None, "compressed", "Ask for content in gzip, deflate or zstd, and decode it"),
    text(Id::Url, None, "url", "URL", "A URL, as if it stood alone"),
    // The output.
    file(Id::Output, Some('o'), "output", WRITTEN, "Write the content there; - is standard output"),
    flag(Id::Include, Some('i'), "include", "Write every head that comes before the content"),
    flag(Id::Silent, Some('s'), "silent", "Say nothing about errors or progress"),
    flag(Id::ShowError, Some('S'), "show-error", "With -s, do tell errors"),
    flag(Id::Verbose, Some('v'), "verbose", "Tell what happens, on standard error"),
    flag(Id::Fail, Some('f'), "fail", "Fail when the status is 400 or more, without its content"),
    file(
        Id::WriteOut,
        Some('w'),
        "write-out",
        ("FORMAT", Names::ReadAfterAt),
        "Write this after each transfer; knows %{http_code} and the like",
    ),
    flag(Id::Trailers, None, "trailers", "Write the trailers after the content"),
    flag(Id::ProgressBar, Some('#'), "progress-bar", "Draw a progress bar, when standard error is a terminal"),
    // Credentials.
    text(Id::User, Some('u'), "user", "USER:PASSWORD", "The name and password; without a colon the password is empty"),
    flag(Id::Basic, None, "basic", "Send them at once (Basic), as -u does by itself"),
    flag(Id::Digest, None, "digest", "Send them when asked for Digest, and in no weaker way"),
    flag(Id::Anyauth, None, "anyauth", "Send them when asked, in the strongest way that is offered"),
    text(Id::Oauth2Bearer, None, "oauth2-bearer", "TOKEN", "Send this bearer token"),
    // Addresses.
    text(Id::Resolve, None, "resolve", "HOST:PORT:ADDR[,ADDR]", "Use these addresses for this host"),
    text(Id::ConnectTo, None, "connect-to", "H1:P1:H2:P2", "Connect to H2:P2 for H1:P1"),
    flag(Id::Ipv4, Some('4'), "ipv4", "Use IPv4 addresses only"),
    flag(Id::Ipv6, Some('6'), "ipv6", "Use IPv6 addresses only"),
    // TLS.
    file(Id::Cacert, None, "cacert", READ, "Trust the roots in this file, and no others"),
    file(Id::AddCacert, None, "add-cacert", READ, "Trust the roots in this file too; can be given again"),
    file(Id::Pin, None, "pin", READ, "Accept exactly the certificate in this file, whoever issued it"),
    file(Id::Cert, Some('E'), "cert", READ, "Show this certificate to a server that asks for one"),
    file(Id::Key, None, "key", READ, "Its private key, if it is not in that file too"),
    flag(Id::Tlsv12, None, "tlsv1.2", "TLS 1.2 or newer, as it is anyway"),
    flag(Id::Tlsv13, None, "tlsv1.3", "TLS 1.3 or newer"),
    text(Id::TlsMax, None, "tls-max", "VERSION", "No newer TLS than this: 1.2 or 1.3"),
    // Proxies.
    text(
        Id::Proxy,
        Some('x'),
        "proxy",
        "[SCHEME://]HOST[:PORT]",
        "Go through this proxy: http, https, socks4, socks4a, socks5, socks5h",
    ),
    text(Id::ProxyUser, Some('U'), "proxy-user", "USER:PASSWORD", "The credentials for the proxy"),
    flag(
        Id::ProxyAnyauth,
        None,
        "proxy-anyauth",
        "Send them when it asks, in the best way it knows; else Basic at once",
    ),
    flag(Id::Proxytunnel, Some('p'), "proxytunnel", "Go through a tunnel (CONNECT) for http too"),
    text(Id::Noproxy, None, "noproxy", "LIST", "Without a proxy to these hosts, domains, addresses, blocks; * is all"),
    file(
        Id::ProxyCacert,
        None,
        "proxy-cacert",
        READ,
        "For an https proxy, trust the roots in this file, and no others",
    ),
    // Deadlines.
    text(Id::ConnectTimeout, None, "connect-timeout", "SECONDS", "For the lookup, and for connecting"),
    text(Id::TlsTimeout, None, "tls-timeout", "SECONDS", "For the TLS handshake"),
    text(
        Id::FirstByteTimeout,
        None,
        "first-byte-timeout",
        "SECONDS",
        "From the end of the request to the response's head",
    ),
    text(Id::ReadTimeout, None, "read-timeout", "SECONDS", "Between two pieces of the content"),
    text(Id::WriteTimeout, None, "write-timeout", "SECONDS", "While the server takes no bytes"),
    text(Id::MaxTime, Some('m'), "max-time", "SECONDS", "For the whole transfer, with all redirects"),
    text(Id::Expect100Timeout, None, "expect100-timeout", "SECONDS", "How long 100 Continue is waited for"),
    // The connection.
    flag(Id::Http10, Some('0'), "http1.0", "Send HTTP/1.0 requests"),
    flag(Id::NoKeepalive, None, "no-keepalive", "Close the connection after each request"),
    flag(Id::RetryUnsafe, None, "retry-unsafe", "The request may be sent twice, whatever its method"),
    flag(Id::Expect100, None, "expect100", "Ask before sending content (Expect: 100-continue)"),
    text(Id::MaxFilesize, None, "max-filesize", "BYTES", "Stop when the content is larger"),
    text(Id::MaxHead, None, "max-head", "BYTES", "Stop when a response's head, or one line of it, is larger"),
    text(Id::MaxFields, None, "max-fields", "N", "Stop when a response's head has more field lines"),
    // Redirects.
    flag(Id::Location, Some('L'), "location", "Follow redirects; credentials and cookies stay with their origin"),
    text(Id::MaxRedirs, None, "max-redirs", "N", "At most N redirects (default 50); -1 is no limit"),
    flag(Id::LocationTrusted, None, "location-trusted", "Follow them, with the credentials to every origin"),
    flag(Id::Post301, None, "post301", "A POST stays one after a 301"),
    flag(Id::Post302, None, "post302", "A POST stays one after a 302"),
    flag(Id::Post303, None, "post303", "A POST stays one after a 303"),
    // Cookies.
    file(
        Id::Cookie,
        Some('b'),
        "cookie",
        ("DATA|FILE", Names::ReadUnlessPairs),
        "Send these cookies (a=b; c=d), or those in FILE, and keep new ones",
    ),
    file(
        Id::CookieJar,
        Some('c'),
        "cookie-jar",
        ("FILE", Names::Replaced),
        "Keep cookies, and write them there in the end; - is standard output",
    ),
    flag(
        Id::JunkSessionCookies,
        Some('j'),
        "junk-session-cookies",
        "Without the cookies of the file that end with a session",
    ),
    // Several transfers.
    text(Id::Repeat, None, "repeat", "N", "Send the request N times on one session"),
    flag(Id::Parallel, Some('Z'), "parallel", "Several transfers at once, each in its own session"),
    text(Id::ParallelMax, None, "parallel-max", "N", "At most N of them (default 50)"),
    flag(Id::Help, Some('h'), "help", "This text"),
    flag(Id::Version, Some('V'), "version", "The version"),
];

/// Options of curl that are refused, by name, and why. A short one has its dash.
const REFUSED: &[(&[&str], &str)] = &[
    (&["-k", "insecure"], "there is no way to accept any certificate"),
    (&["ntlm", "negotiate", "aws-sigv4", "-n", "netrc"], "Basic, Digest and bearer tokens are all there is (-u)"),
    (&["preproxy"], LATER),
    (&["-1", "tlsv1", "tlsv1.0", "tlsv1.1", "-2", "sslv2", "-3", "sslv3"], "TLS 1.2 and 1.3 are all that is spoken"),
];

const LATER: &str = "option not supported by this build";

/// Why this option of curl, as given, is refused. `None` if it is not one of them.
pub fn refusal(written: &str) -> Option<&'static str> {
    let name = written.strip_prefix("--").unwrap_or(written);
    REFUSED.iter().find(|(names, _)| names.contains(&name)).map(|(_, why)| *why)
}

/// The help text.
pub fn help() -> String {
    let mut help = String::from("Usage: xenon [options] URL...\n\n");
    for option in OPTIONS {
        let short = option.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = option.value.map(|value| format!(" {}", value.name)).unwrap_or_default();
        let name = format!("{short}--{}{value}", option.long);
        help.push_str(&format!("  {name:<36} {}\n", option.help));
    }
    help.push_str(
        "\nOptions and exit codes are curl's. Several URLs of one origin share a session and its connection.\n\
         The native program puts Xenon under other programs and runs them: xenon compose --help, xenon run --help.\n",
    );
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<String> = OPTIONS.iter().map(|option| option.long.to_owned()).collect();
        names.extend(OPTIONS.iter().filter_map(|option| option.short.map(|letter| format!("-{letter}"))));
        names.extend(REFUSED.iter().flat_map(|(names, _)| names.iter().map(|name| (*name).to_owned())));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(OPTIONS.iter().all(|option| option.short.is_none_or(|letter| letter.is_ascii())));
    }

    #[test]
    fn each_option_is_there_once() {
        let mut ids: Vec<String> = OPTIONS.iter().map(|option| format!("{:?}", option.id)).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), OPTIONS.len());
        assert_eq!(OPTIONS.len(), Id::Version as usize + 1);
    }

    #[test]
    fn help_lists_each_option_and_fits_a_terminal() {
        let help = help();
        for option in OPTIONS {
            let line = help.lines().find(|line| line.contains(&format!("--{} ", option.long)));
            assert!(line.is_some_and(|line| line.len() <= 110), "{}", option.long);
        }
    }

    #[test]
    fn refusals_have_a_reason() {
        assert!(refusal("-k").is_some_and(|why| why.contains("any certificate")));
        assert!(refusal("--insecure").is_some());
        assert!(refusal("--netrc").is_some() && refusal("-n").is_some());
        assert_eq!(refusal("--L"), None);
        assert_eq!(refusal("-nonsense"), None);
    }
}
