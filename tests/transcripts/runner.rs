//! Runs a transcript over the simulated network, once, in one way of segmenting bytes, and reports how it differs from what is
//! written.
//!
//! It reads no files and knows no format: see `format`.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use xenon::coding::ACCEPT_ENCODING;
use xenon::error::{Code, Error};
use xenon::h1::response_head::ResponseHead;
use xenon::http::fields::Fields;
use xenon::http::head::Version;
use xenon::net::Net;
use xenon::net::sim::{Act as SimAct, Script, Segments, SimNet};
use xenon::session::events::{CloseReason, Kind};
use xenon::session::{Exchange, Response, Session};

use super::format::{Act, Case, Failure, Fate, Field, Outcome, Request, Step, Writing};
use super::names::{code_name, phase_name, reason_name, set};

/// One way of running a transcript. None may make a difference.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// How the server's bytes are segmented.
    pub(crate) segments: Segments,
    /// How much the client can send at once.
    pub(crate) send_limit: usize,
    /// How much content is read at once.
    pub(crate) read: usize,
    /// Whether the caller waits until there is something to do before each call.
    pub(crate) asks_first: bool,
    /// Whether futures are polled only when they were woken.
    pub(crate) is_exact: bool,
}

/// The origin of a transcript, unless it sets another.
const HOST: &str = "origin.test";

/// Runs it. The error lists every difference from what is written.
pub(crate) fn run(case: &Case, way: &Way) -> Result<(), String> {
    let world = SimNet::new();
    world.set_segments(way.segments.clone());
    world.set_send_limit(way.send_limit);
    world.set_exact_wakers(way.is_exact);
    let setting = |name: &str| {
        let mut settings = case.steps.iter().filter_map(|step| match step {
            Step::Set(setting) if setting.name == name => Some(setting.value.as_str()),
            _ => None,
        });
        settings.next()
    };
    let host = setting("host").unwrap_or(HOST);
    let port = setting("port").map_or(Ok(80), str::parse).map_err(|_| "no port")?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = SocketAddr::new(bare.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port);
    let listen = setting("listen").map_or(Ok(here), str::parse).map_err(|_| "no address to listen at")?;
    world.name(HOST, [listen.ip()]);
    if !case.connections.is_empty() {
        world.listen(listen, case.connections.iter().map(|acts| script(acts)));
    }
    let session = Session::new(world.clone(), setting("scheme").unwrap_or("http"), host, port);
    session.set_events(true);
    session.change_options(|options| options.set_user_agent(None)).map_err(|error| error.detail)?;
    let mut runner = Runner { world, session, way, idle: Vec::new(), strayed: None };
    for step in &case.steps {
        // The server's problems explain most differences.
        runner.step(step).map_err(|what| format!("{what}\n      the server: {:?}", runner.world.problems()))?;
    }
    runner.finish()
}

struct Runner<'a> {
    world: SimNet,
    session: Session<SimNet>,
    way: &'a Way,
    /// The kept connections, by their numbers in events.
    idle: Vec<u64>,
    /// A kept connection that the next request must find strayed.
    strayed: Option<u64>,
}

/// The result of a request.
#[derive(Default)]
struct Actual {
    head: Option<ResponseHead>,
    length: Option<u64>,
    codings: Vec<String>,
    content: Vec<u8>,
    interims: Vec<ResponseHead>,
    trailers: Fields,
    error: Option<Error>,
    write_error: Option<Error>,
}

impl Runner<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Set(setting) => set(&self.session, setting),
            Step::Pass(time) => {
                self.world.advance(*time);
                Ok(())
            }
            Step::CloseConnection(outcome) => {
                self.session.close_connection();
                let differences = self.differences(outcome, None);
                report(outcome.line, differences)
            }
            Step::Exchange(request, outcome) => {
                let begin = self.world.now();
                let actual = self.exchange(request, outcome);
                let took = self.world.now().since(begin);
                let differences = self.differences(outcome, Some((actual, took)));
                report(outcome.line, differences)
            }
        }
    }

    fn finish(self) -> Result<(), String> {
        if self.strayed.is_some() {
            return Err("nobody found out that bytes strayed: let another request follow".into());
        }
        drop(self.session);
        let mut problems = self.world.problems();
        if self.world.open_connections() > 0 {
            problems.push("a connection is open though the session is gone".into());
        }
        if problems.is_empty() { Ok(()) } else { Err(format!("the server: {}", problems.join("; "))) }
    }

    // ---- one exchange -------------------------------------------------------------------------------------------------

    fn exchange(&self, request: &Request, outcome: &Outcome) -> Actual {
        let mut actual = Actual::default();
        if let Err(error) = self.try_exchange(request, outcome, &mut actual) {
            actual.error = Some(error);
        }
        actual
    }

    fn try_exchange(&self, request: &Request, outcome: &Outcome, actual: &mut Actual) -> Result<(), Error> {
        let mut described = self.session.request(&request.method, &request.target);
        for (name, value) in &request.fields {
            described.add_field(name, value.clone())?;
        }
        if let Some(content) = &request.content {
            described.set_content(content.clone());
        }
        if let Some(length) = request.stream {
            described.set_streamed_content(length);
        }
        if let Some(idempotent) = request.is_idempotent {
            described.set_idempotent(idempotent);
        }
        described.set_expect_continue(request.expects);
        if request.is_old {
            described.set_version(Version::Http10);
        }
        self.world.settle();
        let exchange = described.start(false)?;
        for writing in &request.writing {
            if let Err(error) = self.write(&exchange, writing, &request.trailers) {
                let is_over = error.code != Code::RequestContentLength;
                actual.write_error.get_or_insert(error);
                if is_over {
                    break;
                }
            }
        }
        if self.way.asks_first {
            self.world.run(poll_fn(|context| exchange.poll_ready(context)));
        }
        let response = self.world.run(poll_fn(|context| exchange.poll_response(context)));
        actual.interims = match &response {
            Ok(response) => response.interim_responses().to_vec(),
            Err(_) => exchange.interim_responses(),
        };
        let response = response?;
        actual.head = Some(response.head().clone());
        actual.length = response.content_length();
        actual.codings = response.codings().iter().map(|coding| (*coding).to_owned()).collect();
        for writing in &request.after {
            self.write(&exchange, writing, &[])?;
        }
        let most = if outcome.is_unread { outcome.content.len() } else { usize::MAX };
        while actual.content.len() < most {
            let Some(piece) = self.read(&response, most - actual.content.len())? else {
                break;
            };
            actual.content.extend(piece);
        }
        actual.trailers = response.trailers().unwrap_or_default();
        Ok(())
    }

    /// As the component's blocking functions do it.
    fn write(&self, exchange: &Exchange<SimNet>, writing: &Writing, trailers: &[Field]) -> Result<(), Error> {
        let Writing::Write(content) = writing else {
            let mut fields = Fields::default();
            for (name, value) in trailers {
                fields.push(name.as_str(), value.as_slice());
            }
            self.world.settle();
            return exchange.finish(fields);
        };
        let mut content = content.clone();
        loop {
            // While a caller produces content, the host has time to notice what has arrived.
            self.world.wait(Some(self.world.now()));
            let refused = exchange.try_write(content)?;
            self.world.run(poll_fn(|context| exchange.poll_flush(context)))?;
            match refused {
                Ok(()) => return Ok(()),
                Err(piece) => content = piece,
            }
        }
    }

    fn read(&self, response: &Response<SimNet>, most: usize) -> Result<Option<Vec<u8>>, Error> {
        if self.way.asks_first {
            self.world.run(poll_fn(|context| response.poll_ready(context)));
        }
        self.world.run(poll_fn(|context| response.poll_read(context, self.way.read.min(most))))
    }

    // ---- differences --------------------------------------------------------------------------------------------------

    fn differences(&mut self, outcome: &Outcome, of_exchange: Option<(Actual, Duration)>) -> Vec<String> {
        let mut differences = Differences::default();
        let mut fates = Vec::new();
        let mut is_retried = false;
        for event in self.session.take_events() {
            let connection = event.subject.connection;
            match event.what {
                Kind::Kept => fates.push((connection, Fate::Kept)),
                Kind::Closed(reason) => fates.push((connection, Fate::Closed(reason_name(reason).into()))),
                Kind::Retrying(_) => is_retried = true,
                Kind::Lost(count) => differences.push("lost events", &0, &count),
                _ => {}
            }
        }
        self.compare_fates(&outcome.fates, fates, &mut differences);
        let Some((actual, took)) = of_exchange else {
            return differences.0;
        };
        differences.compare("a retry", &outcome.is_retried, &is_retried);
        differences.compare("the time", &outcome.took, &took);
        compare(outcome, &actual, &mut differences);
        differences.0
    }

    fn compare_fates(&mut self, expected: &[Fate], mut actual: Vec<(u64, Fate)>, differences: &mut Differences) {
        for (connection, fate) in &actual {
            self.idle.retain(|idle| idle != connection);
            if *fate == Fate::Kept {
                self.idle.push(*connection);
            }
        }
        differences.compare("open connections", &self.idle.len(), &self.world.open_connections());

        let stray_bytes = Fate::Closed(reason_name(CloseReason::StrayBytes).into());
        if let Some(connection) = self.strayed.take() {
            if actual.first() == Some(&(connection, stray_bytes.clone())) {
                actual.remove(0);
            } else {
                differences.push("what became of the strayed connection", &stray_bytes, &actual.first());
            }
        }
        let mut seen = Vec::new();
        for (index, (connection, fate)) in actual.into_iter().enumerate() {
            let is_stray = expected.get(index) == Some(&Fate::Strayed);
            if is_stray && fate == Fate::Kept {
                self.strayed = Some(connection);
            }
            seen.push(if is_stray && (fate == Fate::Kept || fate == stray_bytes) { Fate::Strayed } else { fate });
        }
        differences.compare("what became of connections", expected, seen.as_slice());
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug + ?Sized>(&mut self, what: &str, expected: &T, actual: &T) {
        if expected != actual {
            self.push(what, expected, actual);
        }
    }

    fn push(
        &mut self,
        what: &str,
        expected: &(impl std::fmt::Debug + ?Sized),
        actual: &(impl std::fmt::Debug + ?Sized),
    ) {
        let excerpt = |text: String| text.chars().take(500).collect::<String>();
        let (expected, actual) = (excerpt(format!("{expected:?}")), excerpt(format!("{actual:?}")));
        self.0.push(format!("{what}: expected {expected}, is {actual}"));
    }
}

fn report(line: usize, differences: Vec<String>) -> Result<(), String> {
    if differences.is_empty() { Ok(()) } else { Err(format!("line {line}: {}", differences.join("\n      "))) }
}

fn compare(outcome: &Outcome, actual: &Actual, differences: &mut Differences) {
    let Actual { head, error, .. } = actual;
    differences.compare("status", &outcome.status, &head.as_ref().map(|head| head.status));
    let printable = |bytes: &[u8]| bytes.escape_ascii().to_string();
    differences.compare("codings", &outcome.codings, &actual.codings);
    if outcome.content != actual.content {
        differences.push("content", &printable(&outcome.content), &printable(&actual.content));
    }
    let failure = error.as_ref().map(|error| Failure {
        phase: phase_name(error.phase).into(),
        code: code_name(&error.code).into(),
        may_retry: error.may_retry,
    });
    if outcome.error != failure {
        differences.push("error", &outcome.error, error);
    }
    if let (Some(words), Some(error)) = (&outcome.says, error)
        && !error.detail.contains(words.as_str())
    {
        differences.push("the error's words", words, &error.detail);
    }
    let write_error = actual.write_error.as_ref().map(|error| code_name(&error.code).to_owned());
    differences.compare("the error of writing", &outcome.write_error, &write_error);
    if let Some(head) = head {
        let version = head.version.as_str().to_owned();
        differences.compare("version", outcome.version.as_ref().unwrap_or(&version), &version);
        differences.compare("reason", outcome.reason.as_ref().unwrap_or(&head.reason), &head.reason);
        differences.compare("length", &outcome.length.unwrap_or(actual.length), &actual.length);
        for name in outcome.fields.iter().map(|(name, _)| name).chain(&outcome.no_fields) {
            let expected = outcome.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
            let expected: Vec<_> = expected.map(|(_, value)| printable(value)).collect();
            let values: Vec<_> = head.fields.all(name).map(printable).collect();
            differences.compare(name, &expected, &values);
        }
    }
    let pairs = Fields::to_vec;
    let trailers: Vec<Field> = pairs(&actual.trailers);
    differences.compare("trailers", &outcome.trailers, &trailers);
    let expected: Vec<_> = outcome.interims.iter().map(|interim| (interim.status, interim.fields.clone())).collect();
    let interims: Vec<(u16, Vec<Field>)> =
        actual.interims.iter().map(|interim| (interim.status, pairs(&interim.fields))).collect();
    differences.compare("interim responses", &expected, &interims);
}

fn script(acts: &[Act]) -> Script {
    /// Longer text that repeats one byte is sent without being held in memory.
    const LONG: usize = 1 << 20;
    let acts = acts.iter().map(|act| match act {
        Act::Expect(bytes) => SimAct::Expect(with_offered(bytes)),
        Act::ReadHead => SimAct::ExpectHead,
        Act::Read(count) => SimAct::ExpectBytes(*count),
        Act::Drain => SimAct::Drain,
        Act::ClientEnd => SimAct::ExpectEnd,
        Act::Send(bytes) if bytes.len() > LONG && bytes.iter().all(|byte| Some(byte) == bytes.first()) => {
            SimAct::SendFill(bytes[0], bytes.len() as u64)
        }
        Act::Send(bytes) => SimAct::Send(bytes.clone()),
        Act::Close => SimAct::Close,
        Act::End => SimAct::EndSending,
        Act::Reset => SimAct::Reset,
        Act::Stall(None) => SimAct::Stall,
        Act::Stall(Some(time)) => SimAct::Delay(*time),
        Act::Window(count) => SimAct::Window(*count),
    });
    Script::from(acts.collect::<Vec<_>>())
}

/// With the codings that this build offers in the place of `$offered`.
fn with_offered(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("$offered", ACCEPT_ENCODING).into(),
        Err(_) => bytes.to_vec(),
    }
}
