//! The client of a plan: it takes the steps, and asserts what must hold at each.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use xenon::clock::Instant;
use xenon::error::{Code, Error, Phase};
use xenon::h1::response_head::ResponseHead;
use xenon::http::fields::Fields;
use xenon::http::head::Version;
use xenon::limits::READ_LENGTH;
use xenon::net::Net;
use xenon::net::sim::{SimNet, poll_once};
use xenon::session::events::{Event, Kind};
use xenon::session::{self, whole};

use super::plan::{Content, Plan, Start, Step};

type Session = session::Session<SimNet>;
type Exchange = session::Exchange<SimNet>;
type Response = session::Response<SimNet>;

/// A client, and what became of its exchanges.
pub(super) struct Client<'a> {
    plan: &'a Plan,
    net: &'a SimNet,
    session: Session,
    exchanges: Vec<Started>,
    pub(super) events: Vec<Event>,
    /// The most connections that it ever was allowed.
    connections: usize,
    /// Bytes of content that were read and not handed out.
    lost: u64,
}

/// An exchange with its handles, as far as the client still has them.
struct Started {
    record: Record,
    exchange: Option<Exchange>,
    response: Option<Response>,
    /// When it must be over.
    end: Instant,
}

/// What is known of an exchange in the end.
#[derive(Debug)]
pub(super) struct Record {
    /// How its request line begins, and that of no other.
    pub(super) line: String,
    pub(super) start: Start,
    pub(super) head: Option<ResponseHead>,
    /// The connection that the response came from, if that was said.
    pub(super) connection: Option<usize>,
    pub(super) content: Vec<u8>,
    pub(super) trailers: Option<Fields>,
    pub(super) error: Option<Error>,
}

impl<'a> Client<'a> {
    pub(super) fn new(plan: &'a Plan, net: &'a SimNet) -> Self {
        let session = Session::new(net.clone(), "http", super::NAME, 80);
        session.set_events(true);
        session.change_options(|options| {
            options.set_deadlines(plan.deadlines);
            options.set_limits(plan.limits);
        });
        let connections = plan.limits.connections;
        Self { plan, net, session, exchanges: Vec::new(), events: Vec::new(), connections, lost: 0 }
    }

    /// Takes all steps.
    pub(super) fn run(&mut self) {
        for step in &self.plan.steps {
            self.take(step);
            self.check_bounds();
        }
    }

    /// Drops everything, in one of two orders; what is left are records.
    pub(super) fn finish(mut self) -> (Vec<Record>, Vec<Event>) {
        if self.plan.drops_session_first {
            self.events.extend(self.session.take_events());
            drop(self.session);
            assert_eq!(self.net.open_connections(), 0, "a session that is dropped leaves no connection");
            let steps = self.net.steps();
            for started in &mut self.exchanges {
                // Whatever is left of it has an answer, at once.
                if let Some(response) = &started.response {
                    assert!(poll_once(|context| response.poll_ready(context)).is_ready());
                    assert!(poll_once(|context| response.poll_read(context, 1)).is_ready());
                } else if let (Some(exchange), None) = (&started.exchange, &started.record.head) {
                    let Poll::Ready(answer) = poll_once(|context| exchange.poll_response(context)) else {
                        panic!("it hangs")
                    };
                    note_answer(started, answer);
                    started.response = None;
                }
            }
            let records = self.exchanges.into_iter().map(|started| started.record).collect();
            assert_eq!(self.net.steps(), steps, "nothing of a dropped session touches the network");
            return (records, self.events);
        }
        let records = self.exchanges.into_iter().map(|started| started.record).collect();
        assert!(self.net.open_connections() <= self.connections);
        self.session.close_connection();
        assert_eq!(self.net.open_connections(), 0, "close-connection closes all");
        self.events.extend(self.session.take_events());
        (records, self.events)
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Start(start) => self.start(start),
            Step::Fetch(method) => self.fetch(method),
            Step::CloseConnection => {
                self.session.close_connection();
                assert_eq!(self.net.open_connections(), 0);
            }
            Step::TakeEvents => self.events.extend(self.session.take_events()),
            Step::SetPersistent(is) => self.session.change_options(|options| options.is_persistent = *is),
            Step::SetConnections(count) => {
                self.connections = self.connections.max(*count);
                self.session.change_options(|options| {
                    let limits = xenon::limits::Limits { connections: *count, ..*options.limits() };
                    options.set_limits(limits);
                });
            }
            Step::Pass(time) => self.net.advance(*time),
            Step::Poll(timeout) => self.poll(*timeout),
            Step::Response(which)
            | Step::Read(which, _)
            | Step::ReadToEnd(which)
            | Step::ReadWhole(which)
            | Step::Write(which, _)
            | Step::Flush(which)
            | Step::Finish(which, _)
            | Step::Advance(which)
            | Step::Cancel(which)
            | Step::DropExchange(which)
            | Step::DropResponse(which) => {
                if !self.exchanges.is_empty() {
                    self.take_with(usize::from(*which) % self.exchanges.len(), step);
                }
            }
        }
    }

    fn take_with(&mut self, which: usize, step: &Step) {
        let net = self.net;
        let upload = |length: usize| vec![b'u'; self.plan.upload(length)];
        let started = &mut self.exchanges[which];
        match step {
            Step::Response(_) => respond(net, started),
            Step::Read(_, max) => {
                respond(net, started);
                read(net, started, *max);
            }
            Step::ReadToEnd(_) => {
                respond(net, started);
                while read(net, started, READ_LENGTH) {}
            }
            Step::ReadWhole(_) => {
                respond(net, started);
                self.lost += read_whole(net, started);
            }
            Step::Write(_, length) => {
                let Some(exchange) = &started.exchange else { return };
                net.settle();
                let piece = upload(*length);
                match exchange.try_write(piece.clone()) {
                    Ok(Ok(())) => {}
                    Ok(Err(back)) => assert_eq!(back, piece, "what is not taken is given back"),
                    Err(error) => check_error(&error),
                }
            }
            Step::Flush(_) => {
                let Some(exchange) = &started.exchange else { return };
                if let Err(error) = wait(net, started.end, |context| exchange.poll_flush(context)) {
                    check_error(&error);
                }
            }
            Step::Finish(_, has_trailers) => {
                let Some(exchange) = &started.exchange else { return };
                net.settle();
                let mut trailers = Fields::default();
                if *has_trailers {
                    trailers.push("After", "all");
                }
                if let Err(error) = exchange.finish(trailers) {
                    check_error(&error);
                }
            }
            Step::Advance(_) => {
                net.settle();
                if let Some(exchange) = &started.exchange {
                    exchange.advance();
                }
            }
            Step::Cancel(_) => {
                let Some(exchange) = &started.exchange else { return };
                exchange.cancel();
                if started.record.head.is_none() {
                    let answer = wait(net, net.now(), |context| exchange.poll_response(context));
                    note_answer(started, answer);
                }
            }
            Step::DropExchange(_) => started.exchange = None,
            Step::DropResponse(_) => started.response = None,
            _ => {}
        }
    }

    fn start(&mut self, start: &Start) {
        let number = self.exchanges.len();
        let target = if start.method == "CONNECT" { format!("e{number}.test:80") } else { format!("/e{number}") };
        let mut request = self.session.request(start.method, &target);
        match start.content {
            Content::None => {}
            Content::Bytes(length) => request.set_content(vec![b'u'; self.plan.upload(length)]),
            Content::Streamed(length) => {
                let upload = |length| self.plan.upload(usize::try_from(length).unwrap_or(usize::MAX)) as u64;
                request.set_streamed_content(length.map(upload));
            }
        }
        if let Some(is_idempotent) = start.is_idempotent {
            request.set_idempotent(is_idempotent);
        }
        request.set_expect_continue(start.expects);
        if start.is_old {
            request.set_version(Version::Http10);
        }
        let fields = [
            ("Connection", "close", start.closes),
            ("Upgrade", "other", start.upgrades),
            // Its content has to have it.
            ("Content-Type", "text/plain", start.method == "OPTIONS"),
        ];
        for (name, value, _) in fields.into_iter().filter(|(.., is_there)| *is_there) {
            request.add_field(name, value.into()).expect("a field");
        }
        let end = self.net.now() + self.plan.deadlines.exchange;
        match request.start(start.may_wait) {
            Ok(exchange) => {
                self.net.settle();
                exchange.advance();
                let record = Record::new(format!("{} {target} HTTP/1.", start.method), start.clone());
                self.exchanges.push(Started { record, exchange: Some(exchange), response: None, end });
            }
            Err(error) => {
                check_error(&error);
                assert_eq!((error.phase, error.code), (Phase::Setup, Code::Configuration));
            }
        }
    }

    fn fetch(&mut self, method: &'static str) {
        let target = format!("/e{}", self.exchanges.len());
        let request = self.session.request(method, &target);
        let end = self.net.now() + self.plan.deadlines.exchange;
        let whole = self.net.run(whole::fetch(&request, false));
        assert!(self.net.now() <= end, "it takes longer than it may");
        let start = Start {
            method,
            content: Content::None,
            is_idempotent: None,
            expects: false,
            is_old: false,
            closes: false,
            upgrades: false,
            may_wait: false,
        };
        let mut record = Record::new(format!("{method} {target} HTTP/1."), start);
        // Where a response came from, events alone tell; if none was lost.
        let events = self.session.take_events();
        let number = self.exchanges.len() as u64 + 1;
        let is_lost = events.iter().any(|event| matches!(event.what, Kind::Lost(_)));
        let is_head = |event: &&Event| event.subject.exchange == number && matches!(event.what, Kind::ResponseHead(_));
        let head = events.iter().rfind(is_head).filter(|_| !is_lost);
        record.connection = head.and_then(|event| usize::try_from(event.subject.connection - 1).ok());
        self.events.extend(events);
        match whole {
            Ok(whole) => {
                assert!(whole.content.len() as u64 <= self.plan.limits.whole_content);
                record.head = Some(whole.head);
                record.content = whole.content;
                record.trailers = Some(whole.trailers);
            }
            Err(error) => {
                check_error(&error);
                record.error = Some(error);
                self.lost += self.plan.limits.whole_content + READ_LENGTH as u64;
            }
        }
        self.exchanges.push(Started { record, exchange: None, response: None, end });
    }

    /// What the WIT's `poll` does.
    fn poll(&self, timeout: Duration) {
        let until = self.net.now() + timeout;
        let ready = poll_fn(|context| {
            let mut is_ready = false;
            for started in &self.exchanges {
                is_ready |= match (&started.response, &started.exchange) {
                    (Some(response), _) => response.poll_ready(context).is_ready(),
                    (None, Some(exchange)) => exchange.poll_ready(context).is_ready(),
                    (None, None) => false,
                };
            }
            if is_ready { Poll::Ready(()) } else { Poll::Pending }
        });
        self.net.run_until(Some(until), ready);
        assert!(self.net.now() <= until);
    }

    /// Connections are counted, and what was received was handed out, but for what may be kept and what may be drained.
    fn check_bounds(&self) {
        assert!(self.net.open_connections() <= self.connections);
        let limits = &self.plan.limits;
        let each = 3 * limits.head_length + 3 * READ_LENGTH;
        let mut allowed = self.lost + (self.exchanges.len() * each) as u64;
        for Started { record, .. } in &self.exchanges {
            // Every byte of chunked content can have a line of its own.
            let is_coded = record.head.as_ref().is_some_and(|head| head.fields.contains("Transfer-Encoding"));
            let overhead = if is_coded { xenon::limits::CHUNK_LINE_LENGTH + 8 } else { 1 };
            allowed += limits.drained + (record.content.len() * overhead) as u64;
        }
        assert!(self.net.bytes_received() <= allowed, "{} bytes were received", self.net.bytes_received());
    }
}

impl Record {
    fn new(line: String, start: Start) -> Self {
        let (head, connection, content, trailers, error) = (None, None, Vec::new(), None, None);
        Self { line, start, head, connection, content, trailers, error }
    }
}

/// Waits for the head, if nobody has yet.
fn respond(net: &SimNet, started: &mut Started) {
    if let (Some(exchange), None) = (&started.exchange, &started.record.head) {
        let answer = wait(net, started.end, |context| exchange.poll_response(context));
        note_answer(started, answer);
    }
}

fn note_answer(started: &mut Started, answer: Result<Response, Error>) {
    let record = &mut started.record;
    match answer {
        Ok(response) => {
            assert_eq!(record.error, None, "what has failed stays so");
            record.head = Some(response.head().clone());
            record.connection = usize::try_from(response.facts().connection - 1).ok();
            started.response = Some(response);
        }
        Err(error) => note_error(record, error),
    }
}

/// An exchange has one error, if it has any.
fn note_error(record: &mut Record, error: Error) {
    check_error(&error);
    let first = record.error.get_or_insert_with(|| error.clone());
    assert_eq!(*first, error, "it ends once");
}

/// Waits for a piece of content, and says whether there was one.
fn read(net: &SimNet, started: &mut Started, max: usize) -> bool {
    let Some(response) = &started.response else {
        return false;
    };
    let record = &mut started.record;
    match wait(net, started.end, |context| response.poll_read(context, max)) {
        Ok(Some(piece)) => {
            assert!(!piece.is_empty() && piece.len() <= max);
            assert!(record.error.is_none() && record.trailers.is_none(), "there is nothing after the end");
            record.content.extend(piece);
            true
        }
        Ok(None) => {
            assert_eq!(record.error, None, "what has failed stays so");
            let trailers = response.trailers().expect("it is complete");
            assert_eq!(record.trailers.get_or_insert_with(|| trailers.clone()), &trailers);
            false
        }
        Err(error) => {
            assert_eq!(record.trailers, None, "what is complete stays so");
            note_error(record, error);
            false
        }
    }
}

/// Reads the content to its end, and answers how much of it may be lost.
fn read_whole(net: &SimNet, started: &mut Started) -> u64 {
    let Some(response) = &started.response else {
        return 0;
    };
    let limit = response.whole_content_limit();
    let latest = started.end.max(net.now());
    let content = net.run(whole::read_to_end(response));
    assert!(net.now() <= latest, "it takes longer than it may");
    let record = &mut started.record;
    match content {
        Ok(content) => {
            assert!(content.len() as u64 <= limit);
            record.content.extend(content);
            record.trailers = response.trailers();
            assert!(record.trailers.is_some());
            0
        }
        // The call has failed, but the exchange may have been complete: what came of it is not looked at any more.
        Err(error) if error.code == Code::ResponseContentTooLarge => {
            check_error(&error);
            started.response = None;
            limit + READ_LENGTH as u64
        }
        Err(error) => {
            note_error(record, error);
            limit + READ_LENGTH as u64
        }
    }
}

/// Waits until this is ready, which must be before its time is over.
fn wait<T>(net: &SimNet, end: Instant, poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let latest = end.max(net.now());
    let value = net.run(poll_fn(poll));
    assert!(net.now() <= latest, "it takes longer than it may");
    value
}

fn check_error(error: &Error) {
    assert!(error.detail.chars().count() <= 512 && !error.detail.chars().any(char::is_control));
}
