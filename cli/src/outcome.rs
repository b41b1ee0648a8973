//! The end of a transfer, successful or not: the output of `-w`, the error's line, the exit code.

use wasi::clocks::monotonic_clock;

use crate::bindings::types::Error;
use crate::exit::{Exit, Failure};
use crate::job::Job;
use crate::options::Options;
use crate::output::{Console, tell};
use crate::timeline::Timeline;
use crate::url;
use crate::write_out::{self, Facts, Stream};

/// Why a transfer has failed.
pub enum Ended {
    /// An error of the component.
    Exchange(Error),
    /// A failure of the command.
    Command(Failure),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Exchange(error)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Command(failure)
    }
}

/// What is known of a transfer before it starts.
pub fn facts(job: &Job, options: &Options) -> Facts {
    let given = match &job.url {
        // It would show the credentials.
        Ok(url) if url.login.is_some() => url.to_string().into_bytes(),
        Ok(_) => job.given.clone(),
        Err(_) => url::without_login(&job.given),
    };
    let (url, scheme, is_tls) = match &job.url {
        Ok(url) => (url.to_string().into_bytes(), url.origin.scheme.clone(), url.origin.is_tls()),
        Err(_) => (url::without_login(&job.given), String::new(), false),
    };
    Facts {
        given,
        url,
        url_number: job.number,
        scheme,
        method: options.method(job.content.is_upload()).to_owned(),
        referer: options.referer.clone().unwrap_or_default(),
        file_name: job.output.clone().unwrap_or_default(),
        version: "0",
        timeline: Timeline::starting_at(monotonic_clock::now(), is_tls),
        ..Facts::default()
    }
}

/// Ends a transfer that cannot start, and returns its exit code.
pub fn refuse(job: &Job, failure: Failure, options: &Options, console: &mut Console) -> u8 {
    conclude(&mut facts(job, options), Some(failure), options, console)
}

/// Writes the output of `-w` and an error's line, and returns the exit code.
pub fn conclude(facts: &mut Facts, mut failure: Option<Failure>, options: &Options, console: &mut Console) -> u8 {
    if let Some(format) = &options.write_out {
        facts.exit = failure.as_ref().map_or(0, |failure| failure.exit as u8);
        facts.error = failure.as_ref().map_or_else(String::new, |failure| failure.message.clone());
        write_out::fill(format, facts, &mut |stream, text| match stream {
            Stream::Output => {
                if let Err(unwritten) = console.output.write(text) {
                    failure.get_or_insert(unwritten);
                }
            }
            Stream::Error => tell(text),
        });
    }
    let Some(failure) = failure else {
        return Exit::Done as u8;
    };
    if options.tells_errors() {
        // On a terminal, what came before the failure stands before its line.
        let _ = console.output.flush();
        failure.tell();
    }
    failure.exit as u8
}
