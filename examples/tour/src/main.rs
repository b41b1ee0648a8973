//! Shows a session at work, step by step, and checks each thing that it tells.
//!
//! Arguments: the port of an origin on this machine, and that of the desk where the origin's counts can be asked for.
//!
//! It must not tell what it has not seen: every line is from the session's events, from a response, or from the origin's
//! own counts, and where they are not as told the tour ends with an error.

// Of the bindings alone.
#![allow(unsafe_code)]

use std::process::ExitCode;

use bindings::xenon::http::client::Client;
use bindings::xenon::http::cookies::CookieJar;
use bindings::xenon::http::session::{Request, Session, Words};
use bindings::xenon::http::settings::Options;
use bindings::xenon::http::types::{ConnectionFacts, Error, ErrorCode, Event, EventKind, LookupFailure, Phase};

#[allow(missing_docs)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "imports", generate_all });
}

fn main() -> ExitCode {
    let ports: Vec<u16> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let &[origin, desk] = ports.as_slice() else {
        eprintln!("usage: xenon-tour PORT DESK-PORT");
        return ExitCode::from(2);
    };
    match tour(origin, desk) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Unexpected(what)) => {
            println!("\n   NOT AS TOLD: {what}");
            ExitCode::FAILURE
        }
    }
}

fn tour(origin: u16, desk: u16) -> Result<(), Unexpected> {
    let desk = Desk(Session::new("http", "127.0.0.1", desk));
    println!("A session at work");
    println!("=================");
    println!();
    println!("A session is a group of requests to one origin. This origin is a small server on this machine,");
    println!("http://localhost:{origin}. What it has counted is asked at a desk of its own.");

    step(1, "A session is created: no lookup, no connection, no I/O at all");
    call(&format!("session(\"http\", \"localhost\", {origin})"));
    let session = Session::new("http", "localhost", origin);
    session.set_events(true);
    let events = show(session.take_events());
    expect(events.is_empty(), "something happened before the first request")?;
    desk.expect(Counts { connections: 0, requests: 0, open: 0 })?;

    step(2, "The first request finds the addresses of the name (localhost's need no lookup), connects, and is sent");
    let (facts, events) = ask(&session, "/first")?;
    expect(has(&events, |what| matches!(what, EventKind::Addresses(_))), "no address was found")?;
    expect(!has(&events, |what| matches!(what, EventKind::Lookup(_))), "localhost was looked up")?;
    expect(has(&events, |what| matches!(what, EventKind::Connected(_))), "nothing was connected")?;
    expect(has(&events, |what| matches!(what, EventKind::Kept)), "the connection was not kept")?;
    expect(!facts.reused, "a connection was used again before there was one")?;
    desk.expect(Counts { connections: 1, requests: 1, open: 1 })?;
    let first = facts.connection;

    step(3, "The second request goes on the same connection");
    let (facts, events) = ask(&session, "/second")?;
    expect(facts.reused && facts.connection == first, "the connection was not used again")?;
    expect(!has(&events, connects), "there was a lookup or a connection")?;
    desk.expect(Counts { connections: 1, requests: 2, open: 1 })?;

    step(4, "The connection is closed; the session and its settings stay");
    call("session.close-connection()");
    session.close_connection();
    let events = show(session.take_events());
    expect(has(&events, |what| matches!(what, EventKind::Closed(_))), "nothing was closed")?;
    desk.expect_closed(Counts { connections: 1, requests: 2, open: 0 })?;

    step(5, "The third request finds no connection, so it connects anew");
    let (facts, events) = ask(&session, "/third")?;
    expect(!facts.reused && facts.connection != first, "the closed connection was used")?;
    expect(has(&events, |what| matches!(what, EventKind::Connected(_))), "nothing was connected")?;
    desk.expect(Counts { connections: 2, requests: 3, open: 1 })?;

    step(6, "A name that does not exist is seen at the first request, not before");
    call("session(\"http\", \"no-such-host.invalid\", 80)");
    let lost = Session::new("http", "no-such-host.invalid", 80);
    lost.set_events(true);
    // Where there is no resolver at all, the default of ten seconds is long for a tour.
    let options = lost.options();
    options.set_lookup_timeout(3_000_000_000);
    lost.set_options(&options);
    let events = show(lost.take_events());
    expect(events.is_empty(), "something happened before the first request")?;
    call("GET /");
    let Err(error) = lost.get("/", &[]) else { return Err(Unexpected("the name has an address".to_owned())) };
    let events = show(lost.take_events());
    fact("error", &format!("{}: {} (phase {})", lookup_failure(&error)?, error.detail, phase(error.phase)));
    expect(error.phase == Phase::Resolve, "it failed in another phase")?;
    expect(!has(&events, |what| matches!(what, EventKind::Connecting(_))), "something was connected")?;
    fact("the other session", "knows nothing of it:");
    let events = show(session.take_events());
    expect(events.is_empty(), "one session's failure reached another")?;

    step(7, "The sessions are dropped; what was still open is closed");
    call("drop(session)");
    drop(lost);
    drop(session);
    desk.expect_closed(Counts { connections: 2, requests: 3, open: 0 })?;

    step(8, "A client takes URLs, has a session for each origin, follows redirects, and keeps cookies in a jar");
    let (client, jar, options) = (Client::new(), CookieJar::new(), Options::new());
    options.set_cookie_jar(Some(&jar));
    client.set_options(&options);
    client.set_events(true);
    let base = format!("http://localhost:{origin}");
    call(&format!("GET {base}/door"));
    let response = client
        .request("GET", &format!("{base}/door"))
        .send()
        .map_err(|error| unexpected("the request failed", &error))?;
    let content = response.read_to_end().map_err(|error| unexpected("the content did not come", &error))?;
    let content = String::from_utf8_lossy(&content).into_owned();
    let events = show(client.take_events());
    expect(
        has(&events, |what| matches!(what, EventKind::Cookie(note) if note.refused.is_none())),
        "no cookie was kept",
    )?;
    expect(has(&events, |what| matches!(what, EventKind::Redirecting(_))), "no redirect was followed")?;
    fact("response", &format!("{} {}, from {}", response.status(), response.reason(), response.url()));
    fact("content", content.trim_end());
    expect(response.url() == format!("{base}/hall"), "the redirect led elsewhere")?;
    expect(content.contains("You have the cookie visitor=42."), "the cookie did not come back")?;
    desk.expect(Counts { connections: 3, requests: 5, open: 1 })?;
    drop((response, client));
    desk.expect_closed(Counts { connections: 3, requests: 5, open: 0 })?;

    println!();
    println!("Five requests, three connections, one redirect, one lookup that failed: all as told.");
    Ok(())
}

/// Sends a request, reads the whole response, and shows what happened.
fn ask(session: &Session, target: &str) -> Result<(ConnectionFacts, Vec<Event>), Unexpected> {
    call(&format!("GET {target}"));
    let response =
        Request::new(session, "GET", target).send().map_err(|error| unexpected("the request failed", &error))?;
    let mut content = Vec::new();
    while let Some(words) =
        response.read_words(65_536).map_err(|error| unexpected("the content did not come", &error))?
    {
        append(&mut content, &words);
    }
    let events = show(session.take_events());
    let facts = response.connection();
    let history = if facts.reused { "used again" } else { "new" };
    fact(
        "response",
        &format!("{} {}, on connection {}, {history}", response.status(), response.reason(), facts.connection),
    );
    fact("content", String::from_utf8_lossy(&content).trim_end());
    expect(response.status() == 200, "the origin did not answer 200")?;
    Ok((facts, events))
}

/// Content comes in words, which cross from one component to another faster than bytes do.
fn append(content: &mut Vec<u8>, Words { words, length }: &Words) {
    let end = content.len() + *length as usize;
    content.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    content.truncate(end);
}

// ------------------------------------------------------------------------------------------------ the origin's own counts

/// The desk where the origin's counts can be asked for.
struct Desk(Session);

#[derive(PartialEq)]
struct Counts {
    connections: u32,
    requests: u32,
    open: u32,
}

impl Desk {
    fn expect(&self, counts: Counts) -> Result<(), Unexpected> {
        self.check("/", counts)
    }

    /// The same, after the origin has seen its connections close.
    fn expect_closed(&self, counts: Counts) -> Result<(), Unexpected> {
        self.check("/closed", counts)
    }

    fn check(&self, target: &str, counts: Counts) -> Result<(), Unexpected> {
        let answer = self.0.get(target, &[]).map_err(|error| unexpected("the origin's desk did not answer", &error))?;
        let answer = String::from_utf8_lossy(&answer.content).into_owned();
        let numbers: Vec<u32> = answer.split(' ').filter_map(|number| number.parse().ok()).collect();
        let &[connections, requests, open] = numbers.as_slice() else {
            return Err(Unexpected(format!("the origin's desk answered `{answer}`")));
        };
        let state = if open == 0 { "none open" } else { "one open" };
        fact(
            "the origin counts",
            &format!("{}, {}; {state}", many(connections, "connection"), many(requests, "request")),
        );
        expect(counts == Counts { connections, requests, open }, "the origin has counted something else")
    }
}

fn many(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

// ---------------------------------------------------------------------------------------------------------------- events

/// Shows events, each with the time since the first of them.
fn show(events: Vec<Event>) -> Vec<Event> {
    let start = events.first().map_or(0, |event| event.at);
    if events.is_empty() {
        println!("            (no events)");
    }
    for event in &events {
        if let Some(words) = in_words(&event.what) {
            println!("{:8.2} ms  {words}", event.at.saturating_sub(start) as f64 / 1e6);
        }
    }
    events
}

fn in_words(what: &EventKind) -> Option<String> {
    Some(match what {
        EventKind::Lookup(name) => format!("look up {name}"),
        EventKind::Addresses(addresses) => format!("it has {}", addresses.join(" and ")),
        EventKind::Connecting(address) => format!("connect to {address}"),
        EventKind::AttemptFailed(failure) => format!("no: {}: {}", failure.address, failure.reason),
        EventKind::Connected(address) => format!("connected to {address}"),
        EventKind::Handshake(facts) => format!("secured with {}", facts.version),
        EventKind::Reused => "use the kept connection again".to_owned(),
        EventKind::RequestHead(head) => format!("send {}", first_line(head)),
        EventKind::RequestSent => "all sent".to_owned(),
        EventKind::FirstByte => "the first byte of the response".to_owned(),
        EventKind::InterimHead(head) | EventKind::ResponseHead(head) => {
            format!("received {}", first_line(head))
        }
        EventKind::Complete => "the response is complete".to_owned(),
        EventKind::Redirecting(url) => format!("follow the redirect to {url}"),
        EventKind::Cookie(note) => match &note.refused {
            None => format!("keep the cookie {}", note.name),
            Some(why) => format!("keep no cookie {}: {why}", note.name),
        },
        EventKind::Retrying(why) => format!("send it again: {why}"),
        EventKind::Authorizing(answer) => format!("send it again, with {}", answer.scheme),
        EventKind::Unanswered(challenge) => format!("no answer to {}: {}", challenge.scheme, challenge.reason),
        EventKind::Failed(_) => "failed".to_owned(),
        EventKind::Kept => "keep the connection for the next request".to_owned(),
        EventKind::Closed(why) => format!("closed ({})", kebab(&format!("{why:?}"))),
        EventKind::Lost(number) => format!("{number} events lost"),
        // It goes straight to its own origin.
        EventKind::Proxy(_)
        | EventKind::ProxyFailed(_)
        | EventKind::ProxyHandshake(_)
        | EventKind::TunnelRequest(_)
        | EventKind::TunnelResponse(_)
        | EventKind::Tunnel(_) => return None,
        // Reserved, or it concerns another kind of client.
        EventKind::Stream(_) | EventKind::Decoding(_) | EventKind::GoingAway(_) => return None,
        // How far a content of one piece has come is no news.
        EventKind::Sending(_) | EventKind::Receiving(_) => return None,
    })
}

fn first_line(head: &[u8]) -> String {
    String::from_utf8_lossy(head).lines().next().unwrap_or_default().to_owned()
}

fn has(events: &[Event], is_it: impl Fn(&EventKind) -> bool) -> bool {
    events.iter().any(|event| is_it(&event.what))
}

fn connects(what: &EventKind) -> bool {
    matches!(what, EventKind::Lookup(_) | EventKind::Connecting(_) | EventKind::Connected(_))
}

// ---------------------------------------------------------------------------------------------------------------- errors

/// Something was not as told.
struct Unexpected(String);

fn expect(is_so: bool, otherwise: &str) -> Result<(), Unexpected> {
    if is_so { Ok(()) } else { Err(Unexpected(otherwise.to_owned())) }
}

fn unexpected(what: &str, error: &Error) -> Unexpected {
    Unexpected(format!("{what}: {} (phase {})", error.detail, phase(error.phase)))
}

fn lookup_failure(error: &Error) -> Result<&'static str, Unexpected> {
    match &error.code {
        ErrorCode::DnsError(LookupFailure::NameUnresolvable) => Ok("there is no such name"),
        ErrorCode::DnsError(LookupFailure::Temporary | LookupFailure::Permanent) => Ok("the resolver failed"),
        ErrorCode::DnsTimeout => Ok("the resolver is silent"),
        _ => Err(unexpected("it failed otherwise", error)),
    }
}

fn phase(phase: Phase) -> String {
    kebab(&format!("{phase:?}"))
}

/// A name as the WIT writes it: `PeerAsked` is `peer-asked`. The bindings print `CloseReason::PeerAsked`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.rsplit(':').next().unwrap_or_default().chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

// ---------------------------------------------------------------------------------------------------------------- layout

fn step(number: u32, title: &str) {
    println!();
    println!("{number}. {title}");
    println!();
}

fn call(what: &str) {
    println!("   > {what}");
}

fn fact(name: &str, what: &str) {
    println!("   {name}: {what}");
}
