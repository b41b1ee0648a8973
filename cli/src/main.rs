//! The `xenon` command: HTTP from the command line, in curl's words.
//!
//! It is an ordinary consumer of the component: it imports the interfaces of `xenon:http`, and has no HTTP logic of its own.
//!
//! ```text
//!     environment    arguments and variables, as bytes
//!     options        the parsed command line; actions applies each option, and the crate of options has their table and
//!                    the help text
//!     url, route     the origin, and where to connect for it
//!     files          the files that options name, as the host gives them
//!     content        the content to send; upload sends it in pieces
//!     sessions       a session for each origin; tls has its certificates, login its credentials, proxy its proxies, cookies
//!                    the jar that they share
//!     job            a URL with its content and output
//!     lanes          the transfers, one after another or several at once
//!       transfer     one request and its response, in steps; request makes it, redirects lead it on, drain reads what is left
//!                    of them, outcome ends it
//!     output         standard output and standard error; head is fields as lines; progress draws the bar
//!     timeline       events and times; watch tells them (-i, -v), verbose has their words, write_out sums them up (-w), pem
//!                    writes certificates
//!     exit           curl's exit codes
//! ```

mod actions;
mod bindings;
mod content;
mod cookies;
mod drain;
mod environment;
mod exit;
mod files;
mod head;
mod job;
mod lanes;
mod login;
mod options;
mod outcome;
mod output;
mod pem;
mod progress;
mod proxy;
mod redirects;
mod request;
mod route;
mod sessions;
mod timeline;
mod tls;
mod transfer;
mod upload;
mod url;
mod verbose;
mod watch;
mod write_out;

use std::process::ExitCode;
use std::rc::Rc;

use bindings::cookies::CookieJar;
use content::Content;
use exit::{Exit, Failure};
use files::{Files, Given};
use job::Job;
use options::{Command, Options};
use output::{Console, StandardOutput, tell};
use progress::Progress;
use sessions::Sessions;
use url::Url;
use xenon_cli_options::table;

fn main() -> ExitCode {
    ExitCode::from(run())
}

/// Runs the command and returns its exit code.
fn run() -> u8 {
    match options::parse(environment::arguments()) {
        Ok(Command::Run(options)) => transfer_all(*options),
        Ok(Command::Help) => print(&table::help()),
        Ok(Command::Version) => print(concat!("xenon ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(message) => {
            let failure = Failure::new(Exit::BadOption, message);
            failure.tell();
            failure.exit as u8
        }
    }
}

fn transfer_all(mut options: Options) -> u8 {
    match prepare(&mut options) {
        Ok((jobs, jar)) => {
            let mut console = Console { output: StandardOutput::new(), progress: Progress::new(&options) };
            let sessions = Sessions::new(&options, jar.as_ref());
            let exit = lanes::run(&jobs, sessions, &options, &mut console);
            match jar.map_or(Ok(()), |jar| cookies::save(&jar, &options, &mut console.output)) {
                Ok(()) => exit,
                Err(failure) => {
                    if options.tells_errors() {
                        failure.tell();
                    }
                    if exit == Exit::Done as u8 { failure.exit as u8 } else { exit }
                }
            }
        }
        Err(failure) => {
            if options.tells_errors() {
                failure.tell();
            }
            failure.exit as u8
        }
    }
}

/// Reads what all requests share, and pairs each URL with its output and upload. A malformed URL fails only its own transfer.
fn prepare(options: &mut Options) -> Result<(Vec<Job>, Option<CookieJar>), Failure> {
    options.fields = content::lines_of(&options.fields, &Given)?;
    request::check(options)?;
    if let Some(name) = options.write_out.as_deref().and_then(|format| format.strip_prefix(b"@")) {
        options.write_out = Some(Given.whole(name)?);
    }
    let data = Rc::new(Content::of_data(options, &Given)?);
    let mut outputs = options.outputs.iter();
    let mut uploads = options.uploads.iter();
    let mut jobs = Vec::new();
    for (number, given) in options.urls.iter().enumerate() {
        let mut url = Url::parse(given);
        let content = match uploads.next() {
            Some(name) => Rc::new(Content::of_upload(name)),
            None => Rc::clone(&data),
        };
        if let (Ok(url), Content::File { name, is_upload: true }) = (&mut url, &*content)
            && name != b"-"
        {
            url.complete_with_file_name(name);
        }
        jobs.push(Job { number, given: given.clone(), url, output: outputs.next().cloned(), content });
    }
    if outputs.next().is_some() && !options.silent {
        tell(b"xenon: warning: there are more -o than URLs\n");
    }
    let first = jobs.iter().find_map(|job| job.url.as_ref().ok()).map(Url::to_string);
    let jar = cookies::open(options, first.as_deref(), &Given)?;
    Ok((jobs, jar))
}

fn print(text: &str) -> u8 {
    let mut output = StandardOutput::new();
    match output.write(text.as_bytes()).and_then(|()| output.finish()) {
        Ok(()) => Exit::Done as u8,
        Err(failure) => failure.exit as u8,
    }
}
