//! The `xenon` command: HTTP from the command line, in curl's words.
//!
//! It is a consumer of the component as any other: it imports `xenon:http/session` and has no HTTP logic of its own.
//!
//! ```text
//!     options        what the command line asks for; option_table has each option, and the help text
//!     url, route     whom to ask, and where to connect for that
//!     content        what to send; upload sends it in pieces
//!     sessions       a session for each origin; tls has what it trusts and shows, login who asks, proxy what it goes
//!                    through
//!     lanes          the transfers, one after another or several at once
//!       transfer     one request and its response, in steps; request makes it
//!     output         standard output and files; head is what -i writes; progress draws the bar
//!     timeline       what happened when; verbose tells it (-v), write_out sums it up (-w), pem writes certificates
//!     exit           curl's exit codes
//! ```

mod bindings;
mod content;
mod exit;
mod head;
mod lanes;
mod login;
mod option_table;
mod options;
mod output;
mod pem;
mod progress;
mod proxy;
mod request;
mod route;
mod sessions;
mod timeline;
mod tls;
mod transfer;
mod upload;
mod url;
mod verbose;
mod write_out;

use std::process::ExitCode;
use std::rc::Rc;

use content::Content;
use exit::{Exit, Failure};
use options::{Command, Options};
use output::{StandardOutput, tell};
use progress::Progress;
use proxy::Proxies;
use sessions::Sessions;
use tls::Credentials;
use transfer::{Console, Job};
use url::Url;

fn main() -> ExitCode {
    ExitCode::from(run())
}

/// Runs the command and answers its exit code.
fn run() -> u8 {
    match options::parse(std::env::args().skip(1)) {
        Ok(Command::Run(options)) => transfer_all(*options),
        Ok(Command::Help) => print(&option_table::help()),
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
        Ok((jobs, credentials, proxies)) => {
            let mut console = Console { output: StandardOutput::new(), progress: Progress::new(&options) };
            lanes::run(&jobs, Sessions::new(&options, credentials, proxies), &options, &mut console)
        }
        Err(failure) => {
            if options.tells_errors() {
                failure.tell();
            }
            failure.exit as u8
        }
    }
}

/// Reads what all requests share, and pairs each URL with its output and upload.
fn prepare(options: &mut Options) -> Result<(Vec<Job>, Credentials, Proxies), Failure> {
    options.fields = content::lines_of(&options.fields)?;
    request::check(options)?;
    if let Some(name) = options.write_out.as_deref().and_then(|format| format.strip_prefix('@')) {
        let format = content::whole(name)?;
        options.write_out = Some(String::from_utf8_lossy(&format).into_owned());
    }
    let data = Rc::new(Content::of_data(options)?);
    let mut outputs = options.outputs.iter();
    let mut uploads = options.uploads.iter();
    let mut jobs = Vec::new();
    for (number, text) in options.urls.iter().enumerate() {
        let mut url = Url::parse(text)?;
        let content = match uploads.next() {
            Some(name) => Rc::new(Content::of_upload(name)),
            None => Rc::clone(&data),
        };
        if let Content::File { name, is_upload: true } = &*content {
            url.complete_with_file_name(name);
        }
        jobs.push(Job { number, url, output: outputs.next().cloned(), content });
    }
    if outputs.next().is_some() && !options.silent {
        tell(b"xenon: warning: there are more -o than URLs\n");
    }
    // As in curl, files that only TLS needs are not looked at without it.
    let is_tls = jobs.iter().any(|job| job.url.origin.is_tls());
    let credentials = if is_tls { Credentials::read(&options.tls)? } else { Credentials::default() };
    let proxies = Proxies::read(&options.proxy, options.tells_errors())?;
    Ok((jobs, credentials, proxies))
}

fn print(text: &str) -> u8 {
    let mut output = StandardOutput::new();
    match output.write(text.as_bytes()).and_then(|()| output.finish()) {
        Ok(()) => Exit::Done as u8,
        Err(failure) => failure.exit as u8,
    }
}
