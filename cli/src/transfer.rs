//! One request and its response, and those to which redirects lead, in steps that never wait, so that many transfers can take
//! turns.

use std::rc::Rc;

use wasi::clocks::monotonic_clock;
use wasi::io::poll::Pollable;

use crate::bindings::client::NextRequest;
use crate::bindings::types::{Error, ErrorCode, Version};
use crate::bindings::{Exchange, ReceivedWords, Response, Session};
use crate::drain::Drain;
use crate::exit::{Exit, Failure};
use crate::files::PIECE;
use crate::head;
use crate::job::Job;
use crate::options::Options;
use crate::outcome::{self, Ended};
use crate::output::{Console, Sink, tell};
use crate::redirects;
use crate::request::Request;
use crate::sessions::{self, Sessions, Who};
use crate::upload::{Piece, Upload};
use crate::url::{Origin, Url};
use crate::verbose;
use crate::watch::Watch;
use crate::write_out::Facts;

/// One request and its response, after redirects.
pub struct Transfer<'a> {
    options: &'a Options,
    job: &'a Job,
    url: &'a Url,
    session: Rc<Session>,
    /// The session's origin.
    origin: Origin,
    /// The request that was sent last.
    request: Option<crate::bindings::Request>,
    /// The redirect that led to that request.
    led: Option<NextRequest>,
    /// The redirect that is followed next, and what is left of it.
    next: Option<NextRequest>,
    drain: Option<Drain>,
    /// Until the response was taken and the content is sent.
    exchange: Option<Exchange>,
    upload: Option<Upload>,
    response: Option<Response>,
    sink: Option<Sink>,
    watch: Watch,
    /// Whether the content is streamed.
    is_streamed: bool,
    /// Whether the content can be read again.
    is_repeatable: bool,
    /// Bytes of content written, decoded where they were coded.
    written: u64,
    facts: Facts,
    steps: u32,
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do at once.
    More,
    /// There is nothing to do until one of `waits_for` is ready.
    Wait,
    /// It is over, with this exit code.
    Over(u8),
}

/// What a transfer waits for.
pub struct Waits<'a> {
    /// The exchange in progress.
    pub exchange: Option<&'a Exchange>,
    /// The response that is read.
    pub response: Option<&'a Response>,
    /// Standard input, or a timer.
    pub input: Option<&'a Pollable>,
}

/// The number of pieces of content that one step moves, so that other transfers get their turn.
const PIECES_A_STEP: usize = 16;

/// Steps after which events are taken. There may be two events a piece, and a session keeps 1,024.
const STEPS_BETWEEN_EVENTS: u32 = 16;

impl<'a> Transfer<'a> {
    /// A transfer that the first step will start.
    pub fn new(session: Rc<Session>, job: &'a Job, url: &'a Url, options: &'a Options) -> Self {
        let (exchange, upload, response, sink) = (None, None, None, None);
        Self {
            options,
            job,
            url,
            session,
            origin: url.origin.clone(),
            request: None,
            led: None,
            next: None,
            drain: None,
            exchange,
            upload,
            response,
            sink,
            watch: Watch::new(options),
            is_streamed: false,
            is_repeatable: true,
            written: 0,
            facts: outcome::facts(job, options),
            steps: 0,
        }
    }

    /// Makes progress without waiting. At the end it writes the output of `-w`, and the error's line.
    pub fn step(&mut self, sessions: &mut Sessions, console: &mut Console) -> Step {
        self.steps = self.steps.wrapping_add(1);
        let ended = self.advance(sessions, console);
        if self.options.verbose || self.steps.is_multiple_of(STEPS_BETWEEN_EVENTS) {
            self.note_events(console);
        }
        match ended {
            Ok(Step::Over(_)) => self.end(None, console),
            Ok(step) => step,
            Err(Ended::Exchange(error)) if self.may_start_again(&error) => {
                self.facts.timeline.retries = self.facts.timeline.retries.saturating_add(1);
                self.drop_exchange();
                self.note_events(console);
                if self.options.verbose {
                    tell(b"* Sending the request again: its content can be read again\n");
                }
                Step::More
            }
            Err(Ended::Exchange(error)) => {
                self.note_events(console);
                let failure = match self.options.deadlines.exchange {
                    Some(most) if matches!(error.code, ErrorCode::ExchangeTimeout) => sessions::out_of_time(most),
                    _ => Failure::from_component(&error, self.facts.timeline.has_any_byte()),
                };
                if let ErrorCode::TlsCertificateError(refused) = error.code {
                    self.facts.chain = refused.chain;
                }
                self.end(Some(failure), console)
            }
            Err(Ended::Command(failure)) => self.end(Some(failure), console),
        }
    }

    /// What to wait for before the next step.
    pub fn waits_for(&self) -> Waits<'_> {
        if let Some((response, timer)) = self.drain.as_ref().map(Drain::waits_for) {
            return Waits { exchange: None, response: Some(response), input: Some(timer) };
        }
        let input = self.upload.as_ref().and_then(Upload::waits_for);
        Waits { exchange: self.exchange.as_ref(), response: self.response.as_ref(), input }
    }

    fn advance(&mut self, sessions: &mut Sessions, console: &mut Console) -> Result<Step, Ended> {
        if self.drain.as_mut().is_some_and(|drain| !drain.is_over()) {
            return Ok(Step::Wait);
        }
        if let Some(next) = self.next.take() {
            self.follow(next, sessions, console)?;
        }
        if self.exchange.is_none() && self.response.is_none() {
            self.start(console)?;
        }
        let sent = self.send(console)?;
        if self.next.is_some() {
            return Ok(Step::More);
        }
        if self.response.is_none() {
            let Some(exchange) = &self.exchange else {
                return Ok(sent);
            };
            let Some(response) = exchange.try_response()? else {
                return Ok(sent);
            };
            let taken = self.take(response, console)?;
            if self.options.verbose {
                // The head is written before the content.
                self.note_events(console);
            }
            if taken == Step::Over(0) || self.next.is_some() {
                return Ok(taken);
            }
        }
        let received = self.receive(console)?;
        Ok(if received == Step::Wait { sent } else { received })
    }

    /// Starts the request of the URL, or the one to which redirects have led.
    fn start(&mut self, console: &mut Console) -> Result<(), Ended> {
        let (session, options, content) = (&self.session, self.options, &*self.job.content);
        let Request { request, upload } = match &self.led {
            Some(led) => Request::after(led, session, content, self.is_streamed)?,
            None => {
                if let Some(first) = redirects::first_referer(options) {
                    redirects::refer(session, first)?;
                    self.facts.referer = first.to_vec();
                }
                Request::new(session, options, self.url, content)?
            }
        };
        if let Some(upload) = &upload {
            self.is_streamed = true;
            self.is_repeatable = upload.is_repeatable();
            console.progress.expect(upload.length());
        }
        if let Some(most) = options.deadlines.exchange {
            sessions::limit_time(session, most, self.facts.timeline.elapsed(monotonic_clock::now()))?;
        }
        self.exchange = Some(request.start()?);
        self.request = Some(request);
        self.upload = upload;
        Ok(())
    }

    /// Goes where a redirect leads.
    fn follow(&mut self, next: NextRequest, sessions: &mut Sessions, console: &mut Console) -> Result<(), Ended> {
        // The last events of the exchange before are of the session before.
        self.drop_exchange();
        self.note_events(console);
        let origin = redirects::origin(&next);
        let referer = redirects::referer(&self.facts.url, &self.origin, &origin);
        if origin != self.origin {
            let is_trusted = origin == self.url.origin || self.options.redirects.trusted;
            let who = if is_trusted { Who::User(self.url.login.clone()) } else { Who::Nobody };
            self.session = sessions.with(&origin, &who, self.options)?;
            self.origin = origin;
        }
        let facts = &mut self.facts;
        if redirects::first_referer(self.options).is_some() {
            facts.referer = referer;
            redirects::refer(&self.session, &facts.referer)?;
        }
        let (url, method) = (next.url(), next.method());
        if self.options.verbose {
            tell(&verbose::redirect(&url, &facts.method, &method));
        }
        (facts.url, facts.method) = (url.into_bytes(), method);
        facts.scheme.clone_from(&self.origin.scheme);
        facts.redirects = facts.redirects.saturating_add(1);
        facts.timeline.redirect(monotonic_clock::now(), self.origin.is_tls());
        self.led = Some(next);
        Ok(())
    }

    /// Sends content until the connection accepts no more, or none is left.
    fn send(&mut self, console: &mut Console) -> Result<Step, Ended> {
        for _ in 0..PIECES_A_STEP {
            let (Some(exchange), Some(upload)) = (&self.exchange, &mut self.upload) else {
                return Ok(Step::Wait);
            };
            let (length, written) = match upload.piece()? {
                Piece::Pending => return Ok(Step::Wait),
                Piece::Bytes(bytes) => (bytes.len(), exchange.try_write(bytes)),
                Piece::End => {
                    exchange.finish(&[])?;
                    self.send_no_more();
                    return Ok(Step::Wait);
                }
            };
            match written {
                Ok(true) => {
                    upload.taken();
                    console.progress.advance(length);
                }
                Ok(false) => return Ok(Step::Wait),
                Err(error) => {
                    // The server may have responded before the connection broke, or without reading the rest.
                    match exchange.try_response() {
                        _ if self.response.is_some() => {}
                        Ok(Some(response)) => _ = self.take(response, console)?,
                        _ if matches!(error.code, ErrorCode::EarlyResponse) => {}
                        _ => return Err(error.into()),
                    }
                    self.send_no_more();
                    return Ok(Step::Wait);
                }
            }
        }
        Ok(Step::More)
    }

    fn send_no_more(&mut self) {
        self.upload = None;
        if self.response.is_some() {
            self.exchange = None;
        }
    }

    /// Takes the response's head. Returns whether the response ends there.
    fn take(&mut self, response: Response, console: &mut Console) -> Result<Step, Ended> {
        let options = self.options;
        self.facts.status = response.status();
        if options.write_out.is_some() {
            self.facts.fields = response.fields();
            let connection = response.connection();
            self.facts.timeline.peer = Some(connection.peer);
            self.facts.timeline.tls = connection.tls;
            self.facts.chain = response.peer_certificates();
        }
        self.facts.version = match response.version() {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
            Version::Http2 => "2",
        };
        let (status, length) = (self.facts.status, response.content_length());
        // All heads are in events.
        self.note_events(console);
        self.watch.see(&response);
        self.write_heads(console)?;
        if (300..400).contains(&status) {
            self.facts.redirect_url = response.location();
        }
        if let Some(request) = &self.request
            && let Some(next) = redirects::next(request, &response, self.facts.redirects, options)?
        {
            self.facts.redirect_url = None;
            self.next = Some(next);
            // With content unsent, the connection cannot be kept.
            self.drain = if self.upload.is_none() { Drain::new(response) } else { None };
            return Ok(Step::More);
        }
        if options.fail && status >= 400 {
            let exit = if matches!(status, 401 | 407) { Exit::Login } else { Exit::Status };
            return Err(Failure::new(exit, format!("The requested URL returned error: {status}")).into());
        }
        let is_bodiless = options.head;
        if !is_bodiless && length > options.max_filesize.filter(|_| length.is_some()).or(length) {
            return Err(too_large().into());
        }

        if is_bodiless {
            Sink::opened(&mut self.sink, self.job.output.as_deref())?;
            return Ok(Step::Over(0));
        }
        // The length of coded content is not that of what is written.
        console.progress.expect(length.filter(|_| response.codings().is_empty()));
        // After an unsuccessful response no more content is sent, even if standard input has none for now.
        if self.upload.is_some() && status >= 300 {
            self.upload = None;
        }
        if self.upload.is_none() {
            self.exchange = None;
        }
        self.response = Some(response);
        Ok(Step::More)
    }

    /// Writes the received heads that were not written yet.
    fn write_heads(&mut self, console: &mut Console) -> Result<(), Failure> {
        let heads = self.watch.take_heads();
        if heads.is_empty() {
            return Ok(());
        }
        Sink::opened(&mut self.sink, self.job.output.as_deref())?.write(&mut console.output, &heads)
    }

    /// Copies content to the output until it ends, or none is available.
    fn receive(&mut self, console: &mut Console) -> Result<Step, Ended> {
        let Some(response) = &self.response else {
            return Ok(Step::Wait);
        };
        for _ in 0..PIECES_A_STEP {
            match response.try_read_words(PIECE as u32)? {
                ReceivedWords::Pending => return Ok(Step::Wait),
                ReceivedWords::Content(words) => {
                    let bytes = words.into_bytes();
                    self.written = self.written.saturating_add(bytes.len() as u64);
                    if self.options.max_filesize.is_some_and(|most| self.written > most) {
                        return Err(too_large().into());
                    }
                    Sink::opened(&mut self.sink, self.job.output.as_deref())?.write(&mut console.output, &bytes)?;
                    console.progress.advance(bytes.len());
                }
                ReceivedWords::End => {
                    let sink = Sink::opened(&mut self.sink, self.job.output.as_deref())?;
                    if self.options.trailers {
                        let trailers = response.trailers().unwrap_or_default();
                        sink.write(&mut console.output, &head::field_lines(&trailers))?;
                    }
                    return Ok(Step::Over(0));
                }
            }
        }
        Ok(Step::More)
    }

    /// The component does not send streamed content again, as it does not keep it; a file can be read again.
    fn may_start_again(&self, error: &Error) -> bool {
        // A request that was refused for lack of credentials was not carried out.
        let is_refused = matches!(error.code, ErrorCode::ContentNotRepeatable);
        let safe = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
        error.may_retry
            && self.facts.timeline.retries == 0
            && self.is_repeatable
            && (self.options.retry_unsafe || safe.contains(&self.facts.method.as_str()) || is_refused)
    }

    fn end(&mut self, failure: Option<Failure>, console: &mut Console) -> Step {
        self.facts.timeline.end = monotonic_clock::now();
        self.note_events(console);
        // The heads of a proxy that refused a tunnel, or those before a response that never arrived.
        let unwritten = self.write_heads(console).err();
        self.drop_exchange();
        self.note_events(console);
        if !self.options.parallel {
            console.progress.finish();
        }
        Step::Over(outcome::conclude(&mut self.facts, failure.or(unwritten), self.options, console))
    }

    /// Ends the exchange. Its last events tell the fate of the connection. What was written stays: more may follow it.
    fn drop_exchange(&mut self) {
        self.upload = None;
        self.response = None;
        self.drain = None;
        self.exchange = None;
    }

    fn note_events(&mut self, console: &mut Console) {
        let mut lines = Vec::new();
        for event in self.session.take_events() {
            self.facts.timeline.note(&event);
            self.watch.note(&event, &self.origin.host, &mut lines);
        }
        if !lines.is_empty() {
            // On a terminal, what happened first is shown first. A failure to write is found by the next write.
            let _ = console.output.flush();
            tell(&lines);
        }
    }
}

fn too_large() -> Failure {
    Failure::new(Exit::FileSize, "Maximum file size exceeded (--max-filesize)")
}
