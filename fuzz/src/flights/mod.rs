//! TLS with a server that is real up to some point: after any of its flights, or inside one, arbitrary bytes follow, its own
//! bytes change, or it says what it should not under the connection's keys.
//!
//! The input is a plan (`plan`) of what happens to the words of a server (`server`). Keys and random numbers are new each
//! time, the clock stands still; nothing that is asserted depends on them.

mod plan;
mod server;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use xenon::buffer::Buffer;
use xenon::error::{Code, Error, Phase};
use xenon::http::origin::Host;
use xenon::net::Net;
use xenon::net::sim::{Said, Script, SimNet};
use xenon::session::Session;
use xenon::session::whole::{self, Whole};
use xenon::tls::configuration::Configuration;
use xenon::tls::connection::{Incoming, TlsConnection};
use xenon::tls::remembered::Peer;
use xenon::tls::settings::TlsSettings;

use self::plan::Plan;
use self::server::{NAME, Server, TODAY, certificate, content};

/// Input: a plan. With `XENON_FUZZ_SHOW` set, it is shown first.
pub fn check(input: &[u8]) {
    let plan = Plan::read(input);
    if std::env::var_os("XENON_FUZZ_SHOW").is_some() {
        eprintln!("{plan:#?}");
    }
    if plan.is_engine_alone { check_engine(&plan) } else { check_session(&plan) }
}

// ---- a whole session ----------------------------------------------------------------------------------------------------

/// What a request begins with, which must never be seen outside of TLS.
const REQUEST: &[u8] = b"GET /";

/// Connections that the server accepts; to the first of them things happen.
const CONNECTIONS: usize = 4;

/// Steps on the network for all of it: single bytes are the most.
const MOST_STEPS: u64 = 1_000_000;

fn check_session(plan: &Plan) {
    let net = SimNet::new();
    net.set_wall_clock(TODAY);
    let at: SocketAddr = "10.0.0.1:443".parse().expect("an address");
    net.name(NAME, [at.ip()]);
    let honest = Plan { act: plan::Act::Nothing, ..plan.clone() };
    let servers: Vec<_> = (0..CONNECTIONS)
        .map(|number| Rc::new(RefCell::new(Server::new(if number == 0 { plan } else { &honest }))))
        .collect();
    net.listen(at, servers.iter().map(|server| script(server, plan)));

    let session = Session::new(net.clone(), "https", NAME, 443);
    session.set_events(true);
    session.change_options(|options| {
        options.tls_mut().set_default_roots(false);
        options.tls_mut().add_leaves(certificate()).expect("it is a certificate");
    });
    let begin = net.now();
    for _ in 0..2 {
        let outcome = net.run(whole::fetch(&session.request("GET", "/"), false));
        if !plan.is_forged() {
            assert_answer(plan, &outcome);
        }
        if let Err(Error { phase: Phase::Handshake, .. }) = outcome
            && net.connections() == 1
        {
            assert!(servers[0].borrow().heard.is_empty(), "HTTP before the handshake was accepted");
        }
    }
    drop(session);
    assert_eq!(net.open_connections(), 0);
    for connection in 0..net.connections() {
        let sent = net.sent(connection);
        assert!(!sent.windows(REQUEST.len()).any(|window| window == REQUEST), "HTTP outside of TLS");
    }
    assert!(net.steps() < MOST_STEPS, "{} steps", net.steps());
    assert!(net.now().since(begin) < Duration::from_secs(600), "a deadline was missing");
}

fn script(server: &Rc<RefCell<Server>>, plan: &Plan) -> Script {
    let server = Rc::clone(server);
    let talk = move |heard: &[u8]| {
        let mut server = server.borrow_mut();
        let bytes = server.turn(heard);
        Said { bytes, is_over: server.is_over }
    };
    Script::new().talk(talk).close().segments(plan.segments.clone())
}

/// What comes is what the server said, whatever happened to it on its way; or there is an error, and TLS is why.
fn assert_answer(plan: &Plan, outcome: &Result<Whole, Error>) {
    match outcome {
        Ok(whole) => {
            assert_eq!(whole.head.status, 200);
            assert!(whole.content == content(plan.length), "content that the server did not send");
        }
        Err(Error { phase, code, detail, .. }) => {
            let is_of_tls = match code {
                Code::TlsProtocol | Code::TlsAlert(_) | Code::ConnectionTerminated => true,
                // TLS 1.2 shows certificates in the clear, where they can be changed.
                Code::TlsHandshakeTimeout | Code::TlsCertificate(_) => *phase == Phase::Handshake,
                Code::ResponseTimeout | Code::ConnectionReadTimeout => matches!(phase, Phase::Head | Phase::Body),
                _ => false,
            };
            let is_in_time = matches!(phase, Phase::Handshake | Phase::Send | Phase::Head | Phase::Body);
            assert!(is_of_tls && is_in_time, "{phase:?}: {code:?}: {detail}");
        }
    }
}

// ---- the engine alone ---------------------------------------------------------------------------------------------------

/// Turns of both sides, which is more than anything takes.
const MOST_TURNS: usize = 64;

/// Asked for at once, and what may come beyond it: the last record.
const MAX: usize = 1000;
const RECORD: usize = 16 * 1024;

/// What may wait to go out: a batch of content and its records' overhead, and some messages.
const MOST_OUTGOING: usize = 128 * 1024;

fn check_engine(plan: &Plan) {
    let mut settings = TlsSettings::default();
    settings.set_default_roots(false);
    settings.add_leaves(certificate()).expect("it is a certificate");
    let configuration = Configuration::of(&Rc::new(settings), TODAY).expect("it can be made");
    let peer = Peer::origin(&Host::Name(NAME.into()), 443);
    let mut tunnel = TlsConnection::new(&configuration, peer).expect("it is a name");
    let mut server = Server::new(plan);
    let request = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let (mut gone, mut content, mut records) = (0, Vec::new(), Buffer::default());
    let mut outcome = Ok(Incoming::Nothing);
    for _ in 0..MOST_TURNS {
        let was_handshaking = tunnel.is_handshaking();
        tunnel.offer(&request[gone..]);
        let outgoing = tunnel.outgoing().to_vec();
        assert!(outgoing.len() < MOST_OUTGOING, "{} bytes wait", outgoing.len());
        assert!(!outgoing.windows(REQUEST.len()).any(|window| window == REQUEST), "HTTP outside of TLS");
        // In two pieces, so that what has gone is counted right.
        let first = tunnel.sent(outgoing.len() / 2);
        let more = first + tunnel.sent(outgoing.len() - outgoing.len() / 2);
        assert!(!was_handshaking || more == 0, "HTTP before the handshake was accepted");
        gone += more;

        let arriving = server.turn(&outgoing);
        if outgoing.is_empty() && arriving.is_empty() && records.is_empty() {
            break;
        }
        if !arriving.is_empty() {
            records.push(arriving);
        }
        loop {
            let (before, here) = (content.len(), records.len());
            let was_over = tunnel.is_over();
            let next = tunnel.receive(&mut records, &mut content, MAX);
            assert!(content.len() - before <= MAX + RECORD, "{} bytes at once", content.len() - before);
            assert_eq!(next == Ok(Incoming::Content), content.len() > before);
            if was_over {
                assert!(next == outcome || outcome == Ok(Incoming::Content), "it changes its mind");
                assert_eq!(content.len(), before, "content after the end");
            }
            let is_stuck = records.len() == here && content.len() == before;
            outcome = next;
            if is_stuck {
                break;
            }
        }
        if tunnel.is_over() {
            assert!(matches!(outcome, Ok(Incoming::End) | Err(_)), "{outcome:?}");
            break;
        }
    }
    if !plan.is_forged() {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", plan.length);
        let whole = [head.into_bytes(), self::content(plan.length)].concat();
        assert!(whole.starts_with(&content), "content that the server did not send");
    }
    tunnel.close();
    assert!(tunnel.outgoing().len() < MOST_OUTGOING);
}
