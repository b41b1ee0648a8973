//! Runs a transcript through the exports of the built component, against a server at a real port.
//!
//! It says all that is different from what is written, as the runner over the simulated network does. It differs in two
//! things: before each step it waits until the server has done its part, which the simulated one does at once; and of a time
//! it only says that it was not too short, for a machine may be slow.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use xenon_harness::peer::refusing_port;

use crate::component::{Error, Event, EventKind, Fields, Guest, InterimResponse, Response, Session, Setup, Version};
use crate::exchange;
use crate::format::{Case, Fate, Field, Outcome, Step};
use crate::names::{is_named, is_same_name, rust_name, set, shorten};
use crate::rules::pace;
use crate::server::{Cut, Server, Until};

/// Whom a transcript talks to, unless it says otherwise.
const HOST: &str = "origin.test";

/// Runs it. The error says all that is different from what is written.
pub(crate) fn run(case: Case, cut: Cut) -> Result<(), String> {
    let setting = |name: &str| {
        let mut settings = case.steps.iter().filter_map(|step| match step {
            Step::Set(setting) if setting.name == name => Some(setting.value.as_str()),
            _ => None,
        });
        settings.next()
    };
    let pace = pace(&case);
    let port = setting("port").map_or(Ok(80), str::parse).map_err(|_| "no port")?;
    // A real resolver is asked for nothing.
    let guest = Guest::with(Setup { lookup: false, ..Setup::default() });
    let session = guest.session(setting("scheme").unwrap_or("http"), setting("host").unwrap_or(HOST), port);
    session.set_events(true);
    session.change_options(|options| options.set_user_agent(None)).map_err(|error| error.detail)?;
    session.set_deadlines(shorten(session.deadlines(), pace));

    let server = (!case.connections.is_empty()).then(|| Server::start(case.connections, cut, pace));
    let address = server.as_ref().map_or_else(|| ([127, 0, 0, 1], refusing_port()).into(), Server::address);
    session.set_addresses(&[address.to_string()]).map_err(|error| error.detail)?;

    let mut runner =
        Runner { guest, session, server, pace, events: Vec::new(), made: Vec::new(), idle: Vec::new(), strayed: None };
    for step in &case.steps {
        // What the server has to say explains most of what is different.
        let problems = |runner: &Runner| runner.server.as_ref().map(Server::problems).unwrap_or_default();
        runner.step(step).map_err(|what| format!("{what}\n      the server: {:?}", problems(&runner)))?;
    }
    runner.finish()
}

pub(crate) struct Runner {
    pub(crate) guest: Guest,
    pub(crate) session: Session,
    /// None where nobody listens.
    server: Option<Server>,
    pace: u32,
    /// What has happened in the current step so far.
    pub(crate) events: Vec<Event>,
    /// The numbers that connections have in events, in the order in which they were made.
    made: Vec<u64>,
    /// Those that are kept.
    idle: Vec<u64>,
    /// A kept connection that the next request must find strayed.
    strayed: Option<u64>,
}

/// What came of a request.
#[derive(Default)]
pub(crate) struct Actual {
    pub(crate) response: Option<Response>,
    pub(crate) content: Vec<u8>,
    pub(crate) interims: Vec<InterimResponse>,
    pub(crate) trailers: Fields,
    pub(crate) error: Option<Error>,
    pub(crate) write_error: Option<Error>,
}

/// Why an exchange does not go on: it has failed, or the test has.
pub(crate) enum Stop {
    Error(Error),
    Test(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}

impl From<String> for Stop {
    fn from(what: String) -> Stop {
        Stop::Test(what)
    }
}

impl Runner {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Set(setting) => set(&self.session, setting, self.pace),
            // There is no more that the server could do meanwhile.
            Step::Pass(_) => self.settle(Until::Rested),
            Step::CloseConnection(outcome) => {
                self.session.close_connection();
                self.settle(Until::Sent)?;
                let differences = self.differences(outcome, None);
                report(outcome.line, differences)
            }
            Step::Exchange(request, outcome) => {
                let begin = Instant::now();
                let mut actual = Actual::default();
                match exchange::run(self, request, outcome, &mut actual) {
                    Ok(()) => {}
                    Err(Stop::Error(error)) => actual.error = Some(error),
                    Err(Stop::Test(what)) => return Err(format!("line {}: {what}", outcome.line)),
                }
                let took = begin.elapsed();
                let lines = compare(outcome, &actual);
                // What is unread is dropped here.
                drop(actual);
                self.settle(Until::Sent)?;
                let mut differences = self.differences(outcome, Some(took));
                differences.extend(lines);
                report(outcome.line, differences)
            }
        }
    }

    fn finish(self) -> Result<(), String> {
        if self.strayed.is_some() {
            return Err("nobody found out that bytes strayed: let another request follow".into());
        }
        drop(self.session);
        let problems = self.server.map(Server::finish).unwrap_or_default();
        if problems.is_empty() { Ok(()) } else { Err(format!("the server: {}", problems.join("; "))) }
    }

    /// Waits until the server has done its part.
    pub(crate) fn settle(&mut self, until: Until) -> Result<(), String> {
        exchange::let_run(&self.guest);
        for event in self.session.take_events() {
            if matches!(event.what, EventKind::Connected(_)) {
                self.made.push(event.connection);
            }
            self.events.push(event);
        }
        let Some(server) = &self.server else { return Ok(()) };
        server.settle(self.made.len(), until)
    }

    // ---- what is different --------------------------------------------------------------------------------------------

    fn differences(&mut self, outcome: &Outcome, took: Option<Duration>) -> Vec<String> {
        let mut differences = Differences::default();
        let mut fates = Vec::new();
        let mut is_retried = false;
        for event in std::mem::take(&mut self.events) {
            match event.what {
                EventKind::Kept => fates.push((event.connection, Fate::Kept)),
                EventKind::Closed(reason) => fates.push((event.connection, Fate::Closed(rust_name(&reason)))),
                EventKind::Retrying(_) => is_retried = true,
                EventKind::Lost(count) => differences.push("lost events", &0, &count),
                _ => {}
            }
        }
        self.compare_fates(&outcome.fates, fates, &mut differences);
        let Some(took) = took else {
            return differences.0;
        };
        differences.compare("a retry", &outcome.is_retried, &is_retried);
        if took < outcome.took / self.pace {
            differences.push("the time, at least", &(outcome.took / self.pace), &took);
        }
        differences.0
    }

    fn compare_fates(&mut self, expected: &[Fate], mut actual: Vec<(u64, Fate)>, differences: &mut Differences) {
        for (connection, fate) in &actual {
            self.idle.retain(|idle| idle != connection);
            if *fate == Fate::Kept {
                self.idle.push(*connection);
            }
        }
        for (index, connection) in self.made.iter().enumerate() {
            let is_open = self.server.as_ref().and_then(|server| server.is_open(index));
            let is_kept = self.idle.contains(connection);
            if is_open.is_some_and(|is_open| is_open != is_kept) {
                differences.push(&format!("whether connection {connection} is open"), &is_kept, &is_open);
            }
        }

        let is_stray = |fate: &Fate| matches!(fate, Fate::Closed(reason) if is_same_name(reason, "stray-bytes"));
        if let Some(connection) = self.strayed.take() {
            if actual.first().is_some_and(|(first, fate)| *first == connection && is_stray(fate)) {
                actual.remove(0);
            } else {
                differences.push("what became of the strayed connection", "closed stray-bytes", &actual.first());
            }
        }
        let is_same = |expected: &Fate, actual: &Fate| match (expected, actual) {
            (Fate::Kept, Fate::Kept) => true,
            (Fate::Closed(expected), Fate::Closed(actual)) => is_same_name(actual, expected),
            (Fate::Strayed, actual) => *actual == Fate::Kept || is_stray(actual),
            _ => false,
        };
        for (expected, (connection, actual)) in expected.iter().zip(&actual) {
            if (expected, actual) == (&Fate::Strayed, &Fate::Kept) {
                self.strayed = Some(*connection);
            }
        }
        let actual: Vec<_> = actual.into_iter().map(|(_, fate)| fate).collect();
        let are_same = expected.iter().zip(&actual).all(|(expected, actual)| is_same(expected, actual));
        if expected.len() != actual.len() || !are_same {
            differences.push("what became of connections", expected, &actual);
        }
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + Debug>(&mut self, what: &str, expected: &T, actual: &T) {
        if expected != actual {
            self.push(what, expected, actual);
        }
    }

    fn push(&mut self, what: &str, expected: &(impl Debug + ?Sized), actual: &(impl Debug + ?Sized)) {
        let excerpt = |text: String| text.chars().take(500).collect::<String>();
        let (expected, actual) = (excerpt(format!("{expected:?}")), excerpt(format!("{actual:?}")));
        self.0.push(format!("{what}: expected {expected}, is {actual}"));
    }
}

fn report(line: usize, differences: Vec<String>) -> Result<(), String> {
    if differences.is_empty() { Ok(()) } else { Err(format!("line {line}: {}", differences.join("\n      "))) }
}

fn compare(outcome: &Outcome, actual: &Actual) -> Vec<String> {
    let mut differences = Differences::default();
    let printable = |bytes: &[u8]| bytes.escape_ascii().to_string();
    differences.compare("status", &outcome.status, &actual.response.as_ref().map(Response::status));
    if outcome.content != actual.content {
        differences.push("content", &printable(&outcome.content), &printable(&actual.content));
    }
    let is_same = match (&outcome.error, &actual.error) {
        (Some(expected), Some(error)) => {
            is_named(&error.phase, &expected.phase)
                && is_named(&error.code, &expected.code)
                && expected.may_retry == error.may_retry
        }
        (expected, error) => expected.is_none() && error.is_none(),
    };
    if !is_same {
        differences.push("error", &outcome.error, &actual.error);
    }
    if let (Some(words), Some(error)) = (&outcome.says, &actual.error)
        && !error.detail.contains(words.as_str())
    {
        differences.push("the error's words", words, &error.detail);
    }
    let is_same = match (&outcome.write_error, &actual.write_error) {
        _ if !exchange::TELLS_ERRORS_OF_WRITING => true,
        (Some(expected), Some(error)) => is_named(&error.code, expected),
        (expected, error) => expected.is_none() && error.is_none(),
    };
    if !is_same {
        differences.push("the error of writing", &outcome.write_error, &actual.write_error);
    }
    if let Some(response) = &actual.response {
        compare_heads(outcome, response, &mut differences);
    }
    differences.compare("trailers", &outcome.trailers, &actual.trailers);
    let expected: Vec<_> = outcome.interims.iter().map(|interim| (interim.status, interim.fields.clone())).collect();
    let interims: Vec<_> = actual.interims.iter().map(|interim| (interim.status, interim.fields.clone())).collect();
    differences.compare("interim responses", &expected, &interims);
    differences.0
}

fn compare_heads(outcome: &Outcome, response: &Response, differences: &mut Differences) {
    let version = match response.version() {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
        Version::Http2 => "HTTP/2",
    };
    differences.compare("version", &outcome.version.as_deref().unwrap_or(version), &version);
    let reason = response.reason();
    differences.compare("reason", outcome.reason.as_ref().unwrap_or(&reason), &reason);
    let length = response.content_length();
    differences.compare("length", &outcome.length.unwrap_or(length), &length);
    differences.compare("codings", &outcome.codings, &response.codings());
    let fields = response.fields();
    for name in outcome.fields.iter().map(|(name, _)| name).chain(&outcome.no_fields) {
        let values = |fields: &[Field]| -> Vec<String> {
            let named = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.escape_ascii().to_string()).collect()
        };
        differences.compare(name, &values(&outcome.fields), &values(&fields));
    }
}
