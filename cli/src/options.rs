//! The parsed command line. The crate `options` splits it.

use std::time::Duration;

use xenon_cli_options::line::{Mistake, Part, parts};
use xenon_cli_options::table::{self, Id, Opt};

use crate::actions;
use crate::login::LoginOptions;
use crate::proxy::ProxyOptions;
use crate::route::{ConnectTo, Resolve};
use crate::tls::TlsOptions;

/// What the command is to do.
#[derive(Debug)]
pub enum Command {
    /// Transfers.
    Run(Box<Options>),
    /// The help text.
    Help,
    /// The version.
    Version,
}

/// All options of transfers. Values that need not be text are bytes.
#[derive(Debug, Default)]
pub struct Options {
    /// In the order given. The first output and the first upload belong to the first URL, and so on.
    pub urls: Vec<Vec<u8>>,
    /// `-o`.
    pub outputs: Vec<Vec<u8>>,
    /// `-T`.
    pub uploads: Vec<Vec<u8>>,

    /// `-X`.
    pub method: Option<String>,
    /// `-I`.
    pub head: bool,
    /// `-d`, `--data-binary` and `--data-raw`.
    pub data: Vec<Data>,
    /// `-H`, as given.
    pub fields: Vec<Vec<u8>>,
    /// `-A`; empty leaves the field out.
    pub user_agent: Option<Vec<u8>>,
    /// `-e`.
    pub referer: Option<Vec<u8>>,
    /// `-r`.
    pub range: Option<Vec<u8>>,
    /// `--compressed`.
    pub compressed: bool,

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
    pub write_out: Option<Vec<u8>>,
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

    /// The credentials.
    pub login: LoginOptions,

    /// The options about TLS.
    pub tls: TlsOptions,

    /// The options about proxies.
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
    /// `--max-head`.
    pub max_head: Option<u32>,
    /// `--max-fields`.
    pub max_fields: Option<u32>,

    /// The options about redirects.
    pub redirects: Redirects,

    /// The options about cookies.
    pub cookies: Cookies,

    /// `--repeat`; none is once.
    pub repeat: Option<u64>,
    /// `-Z`.
    pub parallel: bool,
    /// `--parallel-max`.
    pub parallel_max: Option<usize>,
}

/// A piece from `-d` and similar options. Pieces are joined by `&`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The content of this file.
    File {
        /// Its name; `-` is standard input.
        name: Vec<u8>,
        /// Whether its line breaks stay.
        is_binary: bool,
    },
}

/// The address families to connect to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Both families.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// The deadlines that were given. The component has defaults for the others.
#[derive(Debug, Default)]
pub struct Deadlines {
    /// `--connect-timeout`: the lookup, connecting, and the handshake with a proxy.
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

/// The options about redirects.
#[derive(Debug)]
pub struct Redirects {
    /// `-L`.
    pub follow: bool,
    /// `--max-redirs`; none is any number.
    pub most: Option<u32>,
    /// `--location-trusted`.
    pub trusted: bool,
    /// `--post301`.
    pub post301: bool,
    /// `--post302`.
    pub post302: bool,
    /// `--post303`.
    pub post303: bool,
}

impl Default for Redirects {
    fn default() -> Self {
        let most = Some(50);
        Self { follow: false, most, trusted: false, post301: false, post302: false, post303: false }
    }
}

/// The options about cookies.
#[derive(Debug, Default)]
pub struct Cookies {
    /// `-b`, those with pairs.
    pub pairs: Vec<Vec<u8>>,
    /// `-b`, the others. An empty name is no file, and cookies are kept.
    pub files: Vec<Vec<u8>>,
    /// `-c`.
    pub jar: Option<Vec<u8>>,
    /// `-j`.
    pub is_new_session: bool,
}

impl Cookies {
    /// Whether cookies of responses are kept, and sent back.
    pub fn are_kept(&self) -> bool {
        !self.files.is_empty() || self.jar.is_some()
    }
}

impl Options {
    /// The method.
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

    /// Whether errors are reported.
    pub fn tells_errors(&self) -> bool {
        !self.silent || self.show_error
    }
}

/// Parses the arguments, without the command's own name. The error is a line for the user.
pub fn parse(arguments: impl IntoIterator<Item = Vec<u8>>) -> Result<Command, String> {
    let mut options = Options::default();
    for part in parts(arguments) {
        match part.map_err(|mistake| in_words(&mistake))? {
            Part::Url(url) => options.urls.push(url),
            Part::Option { option: Opt { id: Id::Help, .. }, .. } => return Ok(Command::Help),
            Part::Option { option: Opt { id: Id::Version, .. }, .. } => return Ok(Command::Version),
            Part::Option { option, name, value } => {
                let done = actions::apply(option, value.unwrap_or_default(), &mut options);
                done.map_err(|why| format!("option {name}: {why}"))?;
            }
        }
    }
    check(&options)?;
    Ok(Command::Run(Box::new(options)))
}

fn in_words(mistake: &Mistake) -> String {
    match mistake {
        Mistake::NoValue(name) => format!("option {name}: requires a value (try --help)"),
        Mistake::Unknown(name) => {
            let name = String::from_utf8_lossy(name);
            format!("option {name}: {}", table::refusal(&name).unwrap_or("is unknown (try --help)"))
        }
    }
}

/// Checks combinations of options.
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
    use xenon_cli_options::table::Names;

    fn command(arguments: &[&str]) -> Result<Command, String> {
        parse(arguments.iter().map(|argument| argument.as_bytes().to_vec()))
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
    fn options_and_urls_are_read_in_order() {
        let read = options(&["-sSfofile", "-XPUT", "-i", "-A", "me", "h", "--url", "i", "--", "-v"]);
        assert!(read.silent && read.show_error && read.fail && read.include && !read.verbose);
        assert_eq!(read.outputs, [b"file"]);
        assert_eq!((read.method.as_deref(), read.user_agent.as_deref()), (Some("PUT"), Some(&b"me"[..])));
        assert_eq!(read.urls, [&b"h"[..], b"i", b"-v"]);
    }

    #[test]
    fn values_are_bytes() {
        let arguments = [b"-d\xff".to_vec(), b"-o\xfe".to_vec(), b"-HA: \xfd".to_vec(), b"h/\xfc".to_vec()];
        let Ok(Command::Run(read)) = parse(arguments) else { panic!() };
        assert_eq!((read.data, read.outputs), (vec![Data::Bytes(vec![0xff])], vec![vec![0xfe]]));
        assert_eq!((read.fields, read.urls), (vec![b"A: \xfd".to_vec()], vec![b"h/\xfc".to_vec()]));
    }

    #[test]
    fn what_can_only_be_text_is_refused_where_it_is_none() {
        let mut refused = 0;
        for option in table::OPTIONS.iter().filter(|option| option.value.is_some()) {
            if let Err(why) = actions::apply(option, b"a\xff".to_vec(), &mut Options::default()) {
                assert!(why.contains("its byte 2 is not UTF-8"), "{}: {why}", option.long);
                // What stands there is not told, for it may be a secret.
                assert!(!why.contains('\u{fffd}') && !why.contains("\\xff"), "{why}");
                assert_eq!(option.value.map(|value| value.names), Some(Names::Nothing), "a file's name is bytes");
                refused += 1;
            }
        }
        assert!(refused > 15, "{refused}");
        let line = [b"-x".to_vec(), b"http://p\xff:1".to_vec(), b"h".to_vec()];
        assert!(parse(line).unwrap_err().starts_with("option -x: "));
    }

    #[test]
    fn a_value_may_look_like_an_option() {
        assert_eq!(options(&["-T", "-", "h"]).uploads, [b"-"]);
        assert_eq!(options(&["-d", "-x", "h"]).data, [Data::Bytes(b"-x".to_vec())]);
        assert_eq!(options(&["--data-raw", "@x", "h"]).data, [Data::Bytes(b"@x".to_vec())]);
        assert_eq!(options(&["-d@x", "h"]).data, [Data::File { name: b"x".to_vec(), is_binary: false }]);
    }

    #[test]
    fn a_range_of_one_number_begins_there() {
        let range = |value| options(&["-r", value, "h"]).range.unwrap();
        for (given, meant) in
            [("4", "4-"), ("0", "0-"), ("4-", "4-"), ("-4", "-4"), ("0-1,4", "0-1,4"), ("x", "x"), ("", "")]
        {
            assert_eq!(range(given), meant.as_bytes());
        }
    }

    #[test]
    fn limits_of_heads() {
        let read = options(&["--max-head", "1M", "--max-fields", "7", "h"]);
        assert_eq!((read.max_head, read.max_fields), (Some(1 << 20), Some(7)));
        for arguments in [["--max-head", "0", "h"], ["--max-head", "4G", "h"], ["--max-fields", "0", "h"]] {
            assert!(refusal(&arguments).contains("expected a number"));
        }
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
            (&["--max-redirs", "-2", "h"], "expected a number of redirects"),
            (&["--max-redirs", "x", "h"], "expected a number of redirects"),
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
    fn cookies_are_pairs_or_a_file() {
        let cookies =
            options(&["-b", "a=b", "-b", "file", "-b", "", "-bc=d", "-c", "x", "-c", "jar", "-j", "h"]).cookies;
        assert_eq!(cookies.pairs, [b"a=b", b"c=d"]);
        assert_eq!(cookies.files, [&b"file"[..], b""]);
        assert_eq!((cookies.jar.as_deref(), cookies.is_new_session), (Some(&b"jar"[..]), true));
        assert!(options(&["-b", "", "h"]).cookies.are_kept() && !options(&["-b", "a=b", "h"]).cookies.are_kept());
    }

    #[test]
    fn redirects_have_curls_defaults() {
        let read = |line: &[&str]| options(line).redirects;
        assert_eq!((read(&["h"]).follow, read(&["-L", "h"]).follow), (false, true));
        assert_eq!(read(&["-L", "h"]).most, Some(50));
        assert_eq!(read(&["-L", "--max-redirs", "0", "h"]).most, Some(0));
        assert_eq!(read(&["-L", "--max-redirs", "-1", "h"]).most, None);
        let trusted = read(&["--location-trusted", "--post301", "--post303", "h"]);
        assert!(trusted.follow && trusted.trusted && trusted.post301 && !trusted.post302 && trusted.post303);
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
