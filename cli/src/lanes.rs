//! Drives the transfers: one after another, or with `-Z` several at once, all of them in one instance with `wait-any`.

use crate::bindings::{Session, wait_any};
use crate::exit::{Exit, Failure};
use crate::job::Job;
use crate::options::Options;
use crate::outcome;
use crate::output::Console;
use crate::sessions::{Sessions, Who};
use crate::transfer::{Step, Transfer};
use crate::url::Url;

use std::rc::Rc;

/// A URL in progress.
struct Lane<'a> {
    job: &'a Job,
    url: &'a Url,
    session: Rc<Session>,
    transfer: Transfer<'a>,
    /// How many more times it is sent after this one.
    left: u64,
    /// The exit code of the last transfer that failed.
    exit: u8,
    is_ready: bool,
}

/// Runs all jobs and returns the exit code: that of the last URL, or with `-Z` that of the last that failed, as in curl.
pub fn run(jobs: &[Job], mut sessions: Sessions, options: &Options, console: &mut Console) -> u8 {
    let mut waiting = jobs.iter();
    let mut lanes: Vec<Lane> = Vec::new();
    let mut exit = Exit::Done as u8;
    let mut over = |code: u8| {
        if code != 0 || !options.parallel {
            exit = code;
        }
    };
    loop {
        while lanes.len() < options.most_at_once()
            && let Some(job) = waiting.next()
        {
            match Lane::open(job, options, &mut sessions) {
                Ok(lane) => lanes.push(lane),
                Err(failure) => over(outcome::refuse(job, failure, options, console)),
            }
        }
        lanes.retain_mut(|lane| match lane.advance(options, &mut sessions, console) {
            Some(code) => {
                over(code);
                false
            }
            None => true,
        });
        if console.output.is_closed() {
            over(Exit::Write as u8);
            break;
        }
        if lanes.is_empty() && waiting.len() == 0 {
            break;
        }
        wait(&mut lanes, console);
    }
    console.progress.finish();
    if let Err(failure) = console.output.finish() {
        over(failure.exit as u8);
    }
    exit
}

impl<'a> Lane<'a> {
    fn open(job: &'a Job, options: &'a Options, sessions: &mut Sessions) -> Result<Self, Failure> {
        let url = job.url.as_ref().map_err(Failure::clone)?;
        let session = sessions.with(&url.origin, &Who::User(url.login.clone()), options)?;
        let transfer = Transfer::new(Rc::clone(&session), job, url, options);
        let left = options.repeat.unwrap_or(1).saturating_sub(1);
        Ok(Self { job, url, session, transfer, left, exit: 0, is_ready: true })
    }

    /// Makes one step, if there is one to make. Returns the exit code when everything is done.
    fn advance(&mut self, options: &'a Options, sessions: &mut Sessions, console: &mut Console) -> Option<u8> {
        if !self.is_ready {
            return None;
        }
        match self.transfer.step(sessions, console) {
            Step::More => {}
            Step::Wait => self.is_ready = false,
            Step::Over(code) => {
                if code != 0 {
                    self.exit = code;
                }
                if self.left == 0 {
                    return Some(self.exit);
                }
                self.left = self.left.saturating_sub(1);
                self.transfer = Transfer::new(Rc::clone(&self.session), self.job, self.url, options);
            }
        }
        None
    }
}

/// Waits until a lane can make progress. If one can already, the others still get their turn, without waiting.
fn wait(lanes: &mut [Lane], console: &mut Console) {
    let is_any_ready = lanes.iter().any(|lane| lane.is_ready);
    if lanes.iter().all(|lane| lane.is_ready) {
        return;
    }
    if !is_any_ready && console.output.flush().is_err() {
        // The caller notices, and stops.
        return;
    }
    let mut owners = [Vec::new(), Vec::new(), Vec::new()];
    let (mut exchanges, mut responses, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
    for (index, lane) in lanes.iter().enumerate().filter(|(_, lane)| !lane.is_ready) {
        let waits = lane.transfer.waits_for();
        let [of_exchanges, of_responses, of_inputs] = &mut owners;
        if let Some(exchange) = waits.exchange {
            exchanges.push(exchange);
            of_exchanges.push(index);
        }
        if let Some(response) = waits.response {
            responses.push(response);
            of_responses.push(index);
        }
        if let Some(input) = waits.input {
            inputs.push(input);
            of_inputs.push(index);
        }
    }
    let timeout = is_any_ready.then_some(0);
    let ready = wait_any(&exchanges, &responses, &inputs, timeout);
    let owners = owners.concat();
    for index in ready {
        let owner = usize::try_from(index).ok().and_then(|index| owners.get(index));
        if let Some(lane) = owner.and_then(|owner| lanes.get_mut(*owner)) {
            lane.is_ready = true;
        }
    }
}
