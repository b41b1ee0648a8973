//! Heads without end. Each limit ends them at the byte that breaks it.

use xenon_harness::component::{ErrorCode, Phase, Session};

use crate::measure::*;

/// The most that the system may hold of what nobody reads: the peer has sent it all the same.
const SYSTEM_BUFFERS: u64 = 8 << 20;

/// Content, or a head, that never ends: this, and then these bytes again and again.
pub(crate) struct Endless<'a> {
    pub(crate) name: &'a str,
    pub(crate) before: &'a str,
    pub(crate) again: &'a str,
    /// So many of the bytes that come again suffice for the error.
    pub(crate) enough: usize,
    pub(crate) error: (Phase, ErrorCode),
}

impl Endless<'_> {
    /// Answers a GET with it, twice: without end; and with as many bytes as are enough, so that the error comes with the last
    /// one, or the wait for more outlasts the test.
    pub(crate) fn run(&self) {
        self.run_with(|_| ());
    }

    /// The same with other settings.
    pub(crate) fn run_with(&self, set: impl Fn(&Session)) {
        let Endless { name, before, again, enough, error: (phase, code) } = self;
        let get = |session: Session| {
            set(&session);
            session.get("/").map(|response| response.status).unwrap_err()
        };
        let flood = script().send(before).send_until_closed(again.repeat((1 << 16) / again.len() + 1));
        let (error, cost) = attack([flood], |_, session| get(session));
        assert_error(&error, *phase, code);
        assert!(cost.sent < *enough as u64 + SYSTEM_BUFFERS, "{name}: {} bytes were taken", cost.sent);

        let exact: Vec<u8> = before.bytes().chain(again.bytes().cycle().take(*enough)).collect();
        let ((error, fuel), mut exact) = attack([script().send(exact).stall()], |guest, session| {
            let before = guest.fuel_used();
            (get(session), guest.fuel_used() - before)
        });
        assert_error(&error, *phase, code);
        exact.grown = exact.grown.max(cost.grown);
        exact.fuel = fuel;
        report(name, exact, &words(&error));
    }
}

const STATUS_LINE: &str = "HTTP/1.1 200 OK\r\n";
const LINE: (Phase, ErrorCode) = (Phase::Head, ErrorCode::HttpResponseHeaderSize);
const SECTION: (Phase, ErrorCode) = (Phase::Head, ErrorCode::HttpResponseHeaderSectionSize);

#[test]
fn endless_field_lines() {
    let name = "endless field lines";
    Endless { name, before: STATUS_LINE, again: "A: b\r\n", enough: 512 * 6 + 1, error: SECTION }.run();
}

#[test]
fn endless_large_field_lines() {
    let again = &format!("A: {}\r\n", "b".repeat(4096));
    let name = "endless large field lines";
    Endless { name, before: STATUS_LINE, again, enough: (256 << 10) + 1 - STATUS_LINE.len(), error: SECTION }.run();
}

#[test]
fn one_endless_field_line() {
    let before = &format!("{STATUS_LINE}A: ");
    Endless { name: "one endless field line", before, again: "b", enough: (64 << 10) - 2, error: LINE }.run();
}

#[test]
fn an_endless_field_name() {
    Endless { name: "an endless field name", before: STATUS_LINE, again: "b", enough: (64 << 10) + 1, error: LINE }
        .run();
}

#[test]
fn endless_folding() {
    // A line end is not counted when it ends the line, so the error may come three bytes later.
    let before = &format!("{STATUS_LINE}A: b\r\n");
    Endless { name: "endless folding", before, again: " c\r\n", enough: (64 << 10) + 3 - 6, error: LINE }.run();
}

#[test]
fn endless_folding_of_nothing() {
    let before = &format!("{STATUS_LINE}A: b\n");
    Endless { name: "endless folds without content", before, again: " \n", enough: (64 << 10) + 2 - 5, error: LINE }
        .run();
}

#[test]
fn an_endless_reason() {
    let before = "HTTP/1.1 200 ";
    let enough = (64 << 10) + 1 - before.len();
    Endless { name: "an endless reason", before, again: "b", enough, error: LINE }.run();
}

#[test]
fn endless_empty_lines() {
    let error = (Phase::Head, ErrorCode::HttpProtocolError);
    Endless { name: "endless empty lines first", before: "", again: "\r\n", enough: 4 * 2 + 1, error }.run();
}

#[test]
fn endless_zeros_instead_of_a_response() {
    let error = (Phase::Head, ErrorCode::HttpProtocolError);
    Endless { name: "endless zeros instead of a response", before: "", again: "\0", enough: 1, error }.run();
}

#[test]
fn endless_interim_responses() {
    let error = (Phase::Head, ErrorCode::InterimResponseLimit);
    for (name, again) in [
        ("endless interim responses", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("endless tiny interim responses", "HTTP/1.1 199\n\n"),
        ("endless interim responses with fields", "HTTP/1.1 103 \r\nLink: <a>; rel=preload\r\nA: b\r\n\r\n"),
    ] {
        Endless { name, before: "", again, enough: 33 * again.len(), error: error.clone() }.run();
    }
}

#[test]
fn endless_interim_responses_with_large_fields() {
    let again = &format!("HTTP/1.1 103 \r\nA: {}\r\n\r\n", "b".repeat(16 << 10));
    let name = "endless interim responses with large fields";
    Endless { name, before: "", again, enough: (256 << 10) + 1, error: SECTION }.run();
}

#[test]
fn as_much_as_is_allowed() {
    // The costliest to keep of what no limit forbids: as many fields of next to nothing as there may be, in as many heads, which
    // share them.
    let head = |status: u16, lines: usize| format!("HTTP/1.1 {status}\n{}\n", "A:\n".repeat(lines));
    let answer = head(103, 15).repeat(32) + &head(204, 512 - 32 * 15);
    let scripts = [script().send(&answer)];
    let (interims, cost) = attack(scripts, |_, session| {
        session.set_events(true);
        let response = session.request("GET", "/").send().unwrap();
        assert_eq!(response.fields().len(), 32);
        assert_eq!(session.take_events().len(), 32 + 8);
        response.interim_responses()
    });
    assert_eq!(interims.len(), 32);
    assert!(interims.iter().all(|interim| interim.fields.len() == 15));
    report("the most fields that are allowed", cost, "none");
}

#[test]
fn a_head_that_the_peer_sends_byte_by_byte_to_the_limit() {
    let bytes = format!("{STATUS_LINE}A: {}", "b".repeat((64 << 10) - 2));
    let (error, cost) = attack([script().send_byte_by_byte(bytes).stall()], |_, session| session.get("/").unwrap_err());
    assert_error(&error, LINE.0, &LINE.1);
    report("one endless field line, a byte a segment", cost, &words(&error));
}
