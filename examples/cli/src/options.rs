//! What the command line asks for. One table has every option; parsing and `--help` are read from it.

use std::time::Duration;

use crate::login::LoginOptions;
use crate::option_table::{Action, OPTIONS, Opt, REFUSED};
use crate::proxy::ProxyOptions;
use crate::route::{ConnectTo, Resolve};
use crate::tls::TlsOptions;

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    /// Transfers.
    Run(Box<Options>),
    /// The help text.
    Help,
    /// The version.
    Version,
}

/// Everything that can be asked of transfers.
#[derive(Debug, Default)]
pub struct Options {
    /// In the order given; the first output and the first upload belong to the first URL, and so on.
    pub urls: Vec<String>,
    /// `-o`.
    pub outputs: Vec<String>,
    /// `-T`.
    pub uploads: Vec<String>,

    /// `-X`.
    pub method: Option<String>,
    /// `-I`.
    pub head: bool,
    /// `-d`, `--data-binary` and `--data-raw`.
    pub data: Vec<Data>,
    /// `-H`, as given.
    pub fields: Vec<String>,
    /// `-A`; empty leaves the field out.
    pub user_agent: Option<String>,
    /// `-e`.
    pub referer: Option<String>,
    /// `-r`.
    pub range: Option<String>,

    /// `-i`.
    pub include: bool,
    /// `-s`.
    pub silent: bool,
    /// `-S`.
    pub show_error: bool,
    /// `-v`.
    pub verbose: bool,
    /// `-f`.
    pub fail: bool,
    /// `-w`.
    pub write_out: Option<String>,
    /// `--trailers`.
    pub trailers: bool,
    /// `-#`.
    pub progress_bar: bool,

    /// `--resolve`.
    pub resolves: Vec<Resolve>,
    /// `--connect-to`.
    pub connect_tos: Vec<ConnectTo>,
    /// `-4` and `-6`.
    pub family: Family,

    /// Who asks.
    pub login: LoginOptions,

    /// Of TLS.
    pub tls: TlsOptions,

    /// Of proxies.
    pub proxy: ProxyOptions,

    /// The deadlines that were given.
    pub deadlines: Deadlines,

    /// `--http1.0`.
    pub http10: bool,
    /// `--no-keepalive`.
    pub no_keepalive: bool,
    /// `--retry-unsafe`.
    pub retry_unsafe: bool,
    /// `--expect100`.
    pub expect100: bool,
    /// `--max-filesize`.
    pub max_filesize: Option<u64>,

    /// `--repeat`; none is once.
    pub repeat: Option<u64>,
    /// `-Z`.
    pub parallel: bool,
    /// `--parallel-max`.
    pub parallel_max: Option<usize>,
}

/// A piece of `-d` and its kin; pieces are joined by `&`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// This text.
    Text(String),
    /// What this file has.
    File {
        /// Its name; `-` is standard input.
        name: String,
        /// Whether its line breaks stay.
        is_binary: bool,
    },
}

/// Which addresses of a name are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Both families.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

/// The deadlines that were given; for those that were not, the component has defaults.
#[derive(Debug, Default)]
pub struct Deadlines {
    /// `--connect-timeout`: the lookup, connecting, and what is said to a proxy.
    pub connect: Option<Duration>,
    /// `--tls-timeout`.
    pub tls: Option<Duration>,
    /// `--first-byte-timeout`.
    pub first_byte: Option<Duration>,
    /// `--read-timeout`.
    pub read: Option<Duration>,
    /// `--write-timeout`.
    pub write: Option<Duration>,
    /// `-m`.
    pub exchange: Option<Duration>,
    /// `--expect100-timeout`.
    pub expect100: Option<Duration>,
}

impl Options {
    /// How the request line begins.
    pub fn method(&self, is_upload: bool) -> &str {
        match &self.method {
            Some(method) => method,
            None if self.head => "HEAD",
            None if is_upload => "PUT",
            None if !self.data.is_empty() => "POST",
            None => "GET",
        }
    }

    /// How many transfers run at once; curl's default is 50.
    pub fn most_at_once(&self) -> usize {
        if self.parallel { self.parallel_max.unwrap_or(50) } else { 1 }
    }

    /// Whether errors are told.
    pub fn tells_errors(&self) -> bool {
        !self.silent || self.show_error
    }
}

/// Reads the arguments, the command's own name left out. The error is a line for people.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut options = Options::default();
    let mut arguments = arguments.into_iter();
    let mut only_urls = false;
    while let Some(argument) = arguments.next() {
        let ended = if only_urls || !argument.starts_with('-') {
            options.urls.push(argument);
            None
        } else if argument == "--" {
            only_urls = true;
            None
        } else if let Some(long) = argument.strip_prefix("--") {
            let option = OPTIONS.iter().find(|option| option.long == long).ok_or_else(|| unknown(&argument, long))?;
            apply(option, &argument, None, &mut arguments, &mut options)?
        } else {
            parse_shorts(&argument, &mut arguments, &mut options)?
        };
        if let Some(command) = ended {
            return Ok(command);
        }
    }
    check(&options)?;
    Ok(Command::Run(Box::new(options)))
}

/// `-sSf`, `-ofile`, `-o file`.
fn parse_shorts(
    argument: &str,
    arguments: &mut impl Iterator<Item = String>,
    options: &mut Options,
) -> Result<Option<Command>, String> {
    if argument == "-" {
        return Err("option -: is unknown (try --help)".to_owned());
    }
    for (at, letter) in argument.char_indices().skip(1) {
        let name = format!("-{letter}");
        let option = OPTIONS.iter().find(|option| option.short == Some(letter)).ok_or_else(|| unknown(&name, &name))?;
        let rest = argument.get(at.saturating_add(letter.len_utf8())..).filter(|rest| !rest.is_empty());
        let takes_value = matches!(option.action, Action::Value(..));
        let ended = apply(option, &name, rest.filter(|_| takes_value), arguments, options)?;
        if takes_value || ended.is_some() {
            return Ok(ended);
        }
    }
    Ok(None)
}

fn apply(
    option: &Opt,
    name: &str,
    attached: Option<&str>,
    arguments: &mut impl Iterator<Item = String>,
    options: &mut Options,
) -> Result<Option<Command>, String> {
    match option.action {
        Action::Flag(set) => set(options),
        Action::Value(_, set) => {
            let value = attached.map(str::to_owned).or_else(|| arguments.next());
            let value = value.ok_or_else(|| format!("option {name}: requires a value (try --help)"))?;
            set(options, value).map_err(|why| format!("option {name}: {why}"))?;
        }
        Action::Help => return Ok(Some(Command::Help)),
        Action::Version => return Ok(Some(Command::Version)),
    }
    Ok(None)
}

/// `bare` is a long option without its dashes, or a short one with its dash.
fn unknown(name: &str, bare: &str) -> String {
    match REFUSED.iter().find(|(names, _)| names.contains(&bare)) {
        Some((_, why)) => format!("option {name}: {why}"),
        None => format!("option {name}: is unknown (try --help)"),
    }
}

/// What no option by itself can tell.
fn check(options: &Options) -> Result<(), String> {
    let bodies = [options.head, !options.data.is_empty(), !options.uploads.is_empty()];
    if bodies.into_iter().filter(|is_asked| *is_asked).count() > 1 {
        return Err("-I, -d and -T each ask for another request: give only one of them".to_owned());
    }
    if options.urls.is_empty() {
        return Err("no URL was given (try --help)".to_owned());
    }
    options.tls.check()?;
    if options.uploads.len() > options.urls.len() {
        return Err("there are more -T than URLs".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(arguments: &[&str]) -> Result<Command, String> {
        parse(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    fn options(arguments: &[&str]) -> Options {
        match command(arguments).unwrap() {
            Command::Run(options) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(arguments: &[&str]) -> String {
        command(arguments).unwrap_err()
    }

    #[test]
    fn short_options_combine_and_take_attached_values() {
        let read = options(&["-sSfofile", "-XPUT", "-i", "-A", "me", "h"]);
        assert!(read.silent && read.show_error && read.fail && read.include);
        assert_eq!(
            (read.outputs, read.method, read.user_agent),
            (vec!["file".into()], Some("PUT".into()), Some("me".into()))
        );
        assert_eq!(read.urls, ["h"]);
    }

    #[test]
    fn long_options_take_the_next_argument_and_no_equals_sign() {
        let read = options(&["--request", "PUT", "--header", "A: b", "--url", "h", "--max-time", "0.25"]);
        assert_eq!((read.method.as_deref(), read.fields), (Some("PUT"), vec!["A: b".into()]));
        assert_eq!(read.deadlines.exchange, Some(Duration::from_millis(250)));
        assert!(refusal(&["--request=PUT", "h"]).contains("--request=PUT: is unknown"));
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(options(&["-s", "--", "-v", "--"]).urls, ["-v", "--"]);
    }

    #[test]
    fn a_value_may_look_like_an_option() {
        assert_eq!(options(&["-T", "-", "h"]).uploads, ["-"]);
        assert_eq!(options(&["-d", "-x", "h"]).data, [Data::Text("-x".into())]);
        assert_eq!(options(&["--data-raw", "@x", "h"]).data, [Data::Text("@x".into())]);
        assert_eq!(options(&["-d@x", "h"]).data, [Data::File { name: "x".into(), is_binary: false }]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (arguments, word) in [
            (&["--nonsense", "h"][..], "is unknown (try --help)"),
            (&["-q", "h"], "option -q: is unknown"),
            (&["-sq", "h"], "option -q: is unknown"),
            (&["-", "h"], "is unknown"),
            (&["h", "-o"], "option -o: requires a value"),
            (&[], "no URL"),
            (&["-L", "h"], "not followed"),
            (&["--location", "h"], "not followed"),
            (&["-k", "h"], "option -k: "),
            (&["--ntlm", "h"], "Basic, Digest and bearer tokens"),
            (&["--key", "f", "h"], "--key needs --cert"),
            (&["--tls-max", "1.1", "h"], "expected 1.2, 1.3 or default"),
            (&["--tlsv1.3", "--tls-max", "1.2", "h"], "newer than --tls-max"),
            (&["--tlsv1", "h"], "TLS 1.2 and 1.3"),
            (&["--preproxy", "p", "h"], "not supported by this build"),
            (&["-m", "x", "h"], "expected a number of seconds"),
            (&["-m", "-1", "h"], "expected a number of seconds"),
            (&["-m", "nan", "h"], "expected a number of seconds"),
            (&["-m", "inf", "h"], "expected a number of seconds"),
            (&["--repeat", "0", "h"], "expected a number"),
            (&["--max-filesize", "1x", "h"], "expected a number of bytes"),
            (&["--max-filesize", "99999999999999999999", "h"], "expected a number of bytes"),
            (&["--resolve", "h", "h"], "HOST:PORT:ADDRESS"),
            (&["-I", "-d", "x", "h"], "give only one"),
            (&["-T", "a", "-T", "b", "h"], "more -T"),
        ] {
            let said = refusal(arguments);
            assert!(said.contains(word), "{arguments:?}: {said}");
        }
    }

    #[test]
    fn the_method_follows_from_what_is_sent() {
        assert_eq!(options(&["h"]).method(false), "GET");
        assert_eq!(options(&["-I", "h"]).method(false), "HEAD");
        assert_eq!(options(&["-d", "x", "h"]).method(false), "POST");
        assert_eq!(options(&["-T", "f", "h"]).method(true), "PUT");
        assert_eq!(options(&["-T", "f", "-X", "POST", "h"]).method(true), "POST");
    }

    #[test]
    fn help_and_version_come_first() {
        assert!(matches!(command(&["-h"]), Ok(Command::Help)));
        assert!(matches!(command(&["--help"]), Ok(Command::Help)));
        assert!(matches!(command(&["-sV"]), Ok(Command::Version)));
    }

    #[test]
    fn zero_seconds_leave_the_default_as_in_curl() {
        assert_eq!(options(&["-m", "0", "h"]).deadlines.exchange, None);
    }

    #[test]
    fn sizes_have_curls_suffixes() {
        assert_eq!(options(&["--max-filesize", "3k", "h"]).max_filesize, Some(3072));
        assert_eq!(options(&["--max-filesize", "2G", "h"]).max_filesize, Some(2 << 30));
        assert_eq!(options(&["--max-filesize", "0", "h"]).max_filesize, None);
    }
}
