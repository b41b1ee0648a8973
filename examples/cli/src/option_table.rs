//! The table of the command's options, and the help text that is read from it.

use std::time::Duration;

use crate::bindings::types::TlsVersion;
use crate::login::Login;
use crate::options::{Data, Family, Options};
use crate::route::{ConnectTo, Resolve};
use crate::tls;

/// One option.
pub struct Opt {
    /// Without its dash.
    pub short: Option<char>,
    /// Without its dashes.
    pub long: &'static str,
    /// What it does to the options.
    pub action: Action,
    /// For `--help`.
    help: &'static str,
}

/// What an option does.
pub enum Action {
    /// Takes no value.
    Flag(fn(&mut Options)),
    /// Takes a value, called so in the help text.
    Value(&'static str, fn(&mut Options, String) -> Result<(), String>),
    /// Asks for the help text.
    Help,
    /// Asks for the version.
    Version,
}

use Action::{Flag, Value};

const fn opt(short: char, long: &'static str, action: Action, help: &'static str) -> Opt {
    Opt { short: Some(short), long, action, help }
}

const fn long(long: &'static str, action: Action, help: &'static str) -> Opt {
    Opt { short: None, long, action, help }
}

/// Every option.
pub const OPTIONS: &[Opt] = &[
    // The request.
    opt('X', "request", Value("METHOD", |o, v| set(&mut o.method, v)), "The request's method"),
    opt('I', "head", Flag(|o| o.head = true), "Ask for the head only (HEAD), and show it"),
    opt(
        'd',
        "data",
        Value("DATA", |o, v| data(o, &v, false)),
        "POST this, or with @FILE the file without its line breaks",
    ),
    long("data-binary", Value("DATA", |o, v| data(o, &v, true)), "POST this, or with @FILE the file as it is"),
    long(
        "data-raw",
        Value("DATA", |o, v| push(&mut o.data, Data::Text(v))),
        "POST this, a leading @ as any other character",
    ),
    opt(
        'T',
        "upload-file",
        Value("FILE", |o, v| push(&mut o.uploads, v)),
        "PUT this file; - is standard input, chunked",
    ),
    opt(
        'H',
        "header",
        Value("FIELD", |o, v| push(&mut o.fields, v)),
        "Send this field; 'Name:' leaves a default out; @FILE has several",
    ),
    opt(
        'A',
        "user-agent",
        Value("NAME", |o, v| set(&mut o.user_agent, v)),
        "The User-Agent field; empty leaves it out",
    ),
    opt('e', "referer", Value("URL", |o, v| set(&mut o.referer, v)), "The Referer field"),
    opt('r', "range", Value("RANGE", |o, v| set(&mut o.range, v)), "Ask for these bytes only, as in 0-99"),
    long("url", Value("URL", |o, v| push(&mut o.urls, v)), "A URL, as if it stood alone"),
    // The output.
    opt('o', "output", Value("FILE", |o, v| push(&mut o.outputs, v)), "Write the content there; - is standard output"),
    opt('i', "include", Flag(|o| o.include = true), "Write the response's head before the content"),
    opt('s', "silent", Flag(|o| o.silent = true), "Say nothing about errors or progress"),
    opt('S', "show-error", Flag(|o| o.show_error = true), "With -s, do tell errors"),
    opt('v', "verbose", Flag(|o| o.verbose = true), "Tell what happens, on standard error"),
    opt('f', "fail", Flag(|o| o.fail = true), "Fail when the status is 400 or more, without output"),
    opt(
        'w',
        "write-out",
        Value("FORMAT", |o, v| set(&mut o.write_out, v)),
        "Write this after each transfer; knows %{http_code} and the like",
    ),
    long("trailers", Flag(|o| o.trailers = true), "Write the trailers after the content"),
    opt('#', "progress-bar", Flag(|o| o.progress_bar = true), "Draw a progress bar, when standard error is a terminal"),
    // Who asks.
    opt(
        'u',
        "user",
        Value("USER:PASSWORD", |o, v| {
            o.login.login = Some(Login::parse(&v));
            Ok(())
        }),
        "The name and password; without a colon the password is empty",
    ),
    long("basic", Flag(|o| o.login.basic = true), "Send them at once (Basic), as -u does by itself"),
    long("digest", Flag(|o| o.login.digest = true), "Send them when asked for Digest, and in no weaker way"),
    long("anyauth", Flag(|o| o.login.any = true), "Send them when asked, in the strongest way that is offered"),
    long("oauth2-bearer", Value("TOKEN", |o, v| set(&mut o.login.token, v)), "Send this bearer token"),
    // Addresses.
    long(
        "resolve",
        Value("HOST:PORT:ADDR[,ADDR]", |o, v| push(&mut o.resolves, Resolve::parse(&v)?)),
        "Use these addresses for this host",
    ),
    long(
        "connect-to",
        Value("H1:P1:H2:P2", |o, v| push(&mut o.connect_tos, ConnectTo::parse(&v)?)),
        "Connect to H2:P2 for H1:P1",
    ),
    opt('4', "ipv4", Flag(|o| o.family = Family::V4), "Use IPv4 addresses only"),
    opt('6', "ipv6", Flag(|o| o.family = Family::V6), "Use IPv6 addresses only"),
    // TLS.
    long("cacert", Value("FILE", |o, v| set(&mut o.tls.only_roots, v)), "Trust the roots in this file, and no others"),
    long(
        "add-cacert",
        Value("FILE", |o, v| push(&mut o.tls.more_roots, v)),
        "Trust the roots in this file too; can be given again",
    ),
    long(
        "pin",
        Value("FILE", |o, v| push(&mut o.tls.pins, v)),
        "Accept exactly the certificate in this file, whoever issued it",
    ),
    opt(
        'E',
        "cert",
        Value("FILE", |o, v| set(&mut o.tls.certificate, v)),
        "Show this certificate to a server that asks for one",
    ),
    long("key", Value("FILE", |o, v| set(&mut o.tls.key, v)), "Its private key, if it is not in that file too"),
    long("tlsv1.2", Flag(|o| o.tls.oldest = Some(TlsVersion::Tls12)), "TLS 1.2 or newer, as it is anyway"),
    long("tlsv1.3", Flag(|o| o.tls.oldest = Some(TlsVersion::Tls13)), "TLS 1.3 or newer"),
    long(
        "tls-max",
        Value("VERSION", |o, v| {
            o.tls.newest = tls::newest(&v)?;
            Ok(())
        }),
        "No newer TLS than this: 1.2 or 1.3",
    ),
    // Proxies.
    opt(
        'x',
        "proxy",
        Value("[SCHEME://]HOST[:PORT]", |o, v| set(&mut o.proxy.proxy, v)),
        "Go through this proxy: http, https, socks4, socks4a, socks5, socks5h",
    ),
    opt('U', "proxy-user", Value("USER:PASSWORD", |o, v| set(&mut o.proxy.user, v)), "The credentials for the proxy"),
    long(
        "proxy-anyauth",
        Flag(|o| o.proxy.waits = true),
        "Send them when it asks, in the best way it knows; else Basic at once",
    ),
    opt('p', "proxytunnel", Flag(|o| o.proxy.tunnel = true), "Go through a tunnel (CONNECT) for http too"),
    long(
        "noproxy",
        Value("LIST", |o, v| set(&mut o.proxy.exempt, v)),
        "Without a proxy to these hosts, domains, addresses, blocks; * is all",
    ),
    long(
        "proxy-cacert",
        Value("FILE", |o, v| set(&mut o.proxy.only_roots, v)),
        "For an https proxy, trust the roots in this file, and no others",
    ),
    // Deadlines.
    long(
        "connect-timeout",
        Value("SECONDS", |o, v| seconds(&mut o.deadlines.connect, &v)),
        "For the lookup, and for connecting",
    ),
    long("tls-timeout", Value("SECONDS", |o, v| seconds(&mut o.deadlines.tls, &v)), "For the TLS handshake"),
    long(
        "first-byte-timeout",
        Value("SECONDS", |o, v| seconds(&mut o.deadlines.first_byte, &v)),
        "From the end of the request to the response's head",
    ),
    long(
        "read-timeout",
        Value("SECONDS", |o, v| seconds(&mut o.deadlines.read, &v)),
        "Between two pieces of the content",
    ),
    long(
        "write-timeout",
        Value("SECONDS", |o, v| seconds(&mut o.deadlines.write, &v)),
        "While the server takes no bytes",
    ),
    opt('m', "max-time", Value("SECONDS", |o, v| seconds(&mut o.deadlines.exchange, &v)), "For the whole exchange"),
    long(
        "expect100-timeout",
        Value("SECONDS", |o, v| seconds(&mut o.deadlines.expect100, &v)),
        "How long 100 Continue is waited for",
    ),
    // The connection.
    opt('0', "http1.0", Flag(|o| o.http10 = true), "Send HTTP/1.0 requests"),
    long("no-keepalive", Flag(|o| o.no_keepalive = true), "Close the connection after each request"),
    long("retry-unsafe", Flag(|o| o.retry_unsafe = true), "The request may be sent twice, whatever its method"),
    long("expect100", Flag(|o| o.expect100 = true), "Ask before sending content (Expect: 100-continue)"),
    long("max-filesize", Value("BYTES", |o, v| max_filesize(o, &v)), "Stop when the content is larger"),
    // Several transfers.
    long(
        "repeat",
        Value("N", |o, v| {
            o.repeat = Some(count(&v)?);
            Ok(())
        }),
        "Send the request N times on one session",
    ),
    opt('Z', "parallel", Flag(|o| o.parallel = true), "Several transfers at once, each in its own session"),
    long(
        "parallel-max",
        Value("N", |o, v| {
            o.parallel_max = Some(count(&v)?);
            Ok(())
        }),
        "At most N of them (default 50)",
    ),
    opt('h', "help", Action::Help, "This text"),
    opt('V', "version", Action::Version, "The version"),
];

/// Options of curl's that are refused, by name, and why.
pub const REFUSED: &[(&[&str], &str)] = &[
    (&["-L", "location", "location-trusted"], "redirects are not followed; -i shows where they lead"),
    (&["-k", "insecure"], "there is no way to accept any certificate"),
    (&["ntlm", "negotiate", "aws-sigv4", "-n", "netrc"], "Basic, Digest and bearer tokens are all there is (-u)"),
    (&["preproxy"], LATER),
    (&["-1", "tlsv1", "tlsv1.0", "tlsv1.1", "-2", "sslv2", "-3", "sslv3"], "TLS 1.2 and 1.3 are all that is spoken"),
];

const LATER: &str = "option not supported by this build";

/// The help text.
pub fn help() -> String {
    let mut text = String::from("Usage: xenon [options] URL...\n\n");
    for option in OPTIONS {
        let short = option.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = if let Value(name, _) = option.action { format!(" {name}") } else { String::new() };
        let name = format!("{short}--{}{value}", option.long);
        text.push_str(&format!("  {name:<36} {}\n", option.help));
    }
    text.push_str(
        "\nOptions and exit codes are curl's. Several URLs of one origin share a session and its connection.\n",
    );
    text
}

fn set(option: &mut Option<String>, value: String) -> Result<(), String> {
    *option = Some(value);
    Ok(())
}

fn push<T>(list: &mut Vec<T>, value: T) -> Result<(), String> {
    list.push(value);
    Ok(())
}

fn data(options: &mut Options, value: &str, is_binary: bool) -> Result<(), String> {
    push(
        &mut options.data,
        match value.strip_prefix('@') {
            Some(name) => Data::File { name: name.to_owned(), is_binary },
            None => Data::Text(value.to_owned()),
        },
    )
}

/// Zero leaves the default, as in curl.
fn seconds(deadline: &mut Option<Duration>, value: &str) -> Result<(), String> {
    let form = || format!("expected a number of seconds, not '{value}'");
    let seconds = value.parse::<f64>().map_err(|_| form())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| form())?;
    *deadline = Some(duration).filter(|duration| !duration.is_zero());
    Ok(())
}

fn count<N: std::str::FromStr + Default + PartialEq>(value: &str) -> Result<N, String> {
    let number = value.parse().ok().filter(|number| *number != N::default());
    number.ok_or_else(|| format!("expected a number of 1 or more, not '{value}'"))
}

/// Zero is no limit, as in curl.
fn max_filesize(options: &mut Options, value: &str) -> Result<(), String> {
    let form = || format!("expected a number of bytes, not '{value}'");
    let digits = value.trim_end_matches(|last: char| "kKmMgG".contains(last));
    let unit: u64 = match value.get(digits.len()..) {
        Some("") => 1,
        Some("k" | "K") => 1 << 10,
        Some("m" | "M") => 1 << 20,
        Some("g" | "G") => 1 << 30,
        _ => return Err(form()),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|bytes| bytes.checked_mul(unit)).ok_or_else(form)?;
    options.max_filesize = Some(bytes).filter(|bytes| *bytes != 0);
    Ok(())
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
    }

    #[test]
    fn the_help_text_has_a_line_for_each_option_and_fits_a_terminal() {
        let help = help();
        for option in OPTIONS {
            let line = help.lines().find(|line| line.contains(&format!("--{} ", option.long)));
            assert!(line.is_some_and(|line| line.len() <= 110), "{}", option.long);
        }
    }
}
