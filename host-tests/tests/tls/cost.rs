//! What TLS costs in linear memory: idle sessions, and content however long.

use std::sync::Arc;
use std::time::Instant;

use rcgen::CustomExtension;
use rustls::server::ProducesTickets;
use xenon_harness::component::{Guest, Received, Setup};
use xenon_harness::nginx::{Nginx, Tls, content};

use crate::certificates::{Authority, Issued, Kind, NAMES};
use crate::server::{Server, Terms};
use crate::session;

const MIB: u64 = 1 << 20;

/// What content over TLS may make linear memory have at its peak.
const MEMORY: usize = 4 << 20;

/// The most that an idle session with one open connection may have.
const IDLE: usize = 64 << 10;

/// The most that what is remembered of a server may have: limits.rs says how many sessions, each of two times 64 KiB; and what
/// one connection needs on its way, of which each part is as long at the most.
const REMEMBERED: usize = 640 << 10;

fn nginx(files: &[(&str, usize)], authority: &Authority) -> Option<Nginx> {
    let issued = authority.issue(Kind::P256);
    let (chain, key) = (&*issued.certificate, &*issued.key);
    Nginx::start_tls(files, &Tls { chain, key, directives: "", authorities: "" })
}

#[test]
fn an_idle_session_is_small() {
    const SESSIONS: usize = 200;
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&[("/small", 300)], &authority) else { return };
    let guest = Guest::new();
    let open = || {
        let session = guest.session("https", "localhost", nginx.tls_port());
        session.set_addresses(&["127.0.0.1".to_owned()]).unwrap();
        // Beside the roots that come with the component.
        session.change_tls(|tls| tls.add_roots(authority.pem.as_bytes())).unwrap();
        assert_eq!(session.get("/small").unwrap().content.len(), 300);
        session
    };
    let first = open();
    let one = guest.peak_memory();
    let others: Vec<_> = (0..SESSIONS).map(|_| open()).collect();
    let each = (guest.peak_memory() - one) / SESSIONS;
    println!("\n| an idle https session | {} bytes | one alone, the component with it | {one} bytes |", each);
    assert!(each < IDLE, "{each} bytes");
    for session in others.iter().chain([&first]) {
        assert_eq!(session.get("/small").unwrap().content.len(), 300);
    }
    assert_eq!(nginx.served().iter().filter(|served| served.number == 2).count(), SESSIONS + 1, "each kept its own");
}

/// Makes tickets so long that four of them are all that rustls takes in one go: 64 KiB.
#[derive(Debug)]
struct Endless;

impl ProducesTickets for Endless {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        7200
    }

    fn encrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        Some(vec![b't'; 15_000])
    }

    fn decrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn what_is_remembered_of_a_server_has_a_bound() {
    const CONNECTIONS: usize = 8;
    let authority = Authority::new("an authority");
    let padded = |length: usize| {
        authority.issue_with(Kind::P256, &NAMES, |params| {
            // Of a private arc, and not critical: nobody looks into it.
            let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![0; length]);
            params.custom_extensions.push(extension);
        })
    };
    let (leaf, beside) = (padded(0), padded(56_000));
    let issued = Issued { certificate: leaf.certificate.clone() + &beside.certificate, key: leaf.key.clone() };
    let peak = |issued: &Issued, change: fn(&mut rustls::ServerConfig)| {
        let server = Server::start(issued, &Terms { change, ..Terms::default() }, CONNECTIONS);
        let guest = Guest::new();
        let session = session(&guest, server.port(), &authority);
        for _ in 0..CONNECTIONS {
            assert_eq!(session.get("/").unwrap().content, b"hello");
            session.close_connection();
        }
        server.finish();
        guest.peak_memory()
    };
    let usual = peak(&leaf, |_| {});
    let attacked = peak(&issued, |config| {
        config.ticketer = Arc::new(Endless);
        config.send_tls13_tickets = 4;
    });
    let more = attacked.saturating_sub(usual);
    println!("\n| what a server can have remembered of it | {} KiB | |", more >> 10);
    assert!(more < REMEMBERED, "{more} bytes");
}

#[test]
fn content_down_takes_no_memory() {
    const LENGTH: u64 = 64 * MIB;
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&[("/large", LENGTH as usize)], &authority) else { return };
    let guest = Guest::with(Setup { memory: MEMORY, ..Setup::default() });
    let session = session(&guest, nginx.tls_port(), &authority);
    let start = Instant::now();
    let response = session.request("GET", "/large").send().unwrap();
    // Whole periods of it, compared in one piece each.
    let (pattern, mut length) = (content(251 + (1 << 16)).collect::<Vec<u8>>(), 0);
    while let Some(piece) = response.read(1 << 16).unwrap() {
        let place = (length % 251) as usize;
        assert!(piece == pattern[place..place + piece.len()], "at {length}");
        length += piece.len() as u64;
    }
    assert_eq!(length, LENGTH);
    report("down", LENGTH, start, &guest);
}

#[test]
fn content_up_takes_no_memory() {
    const LENGTH: u64 = 64 * MIB;
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&[], &authority) else { return };
    let guest = Guest::with(Setup { memory: MEMORY, ..Setup::default() });
    let session = session(&guest, nginx.tls_port(), &authority);
    let start = Instant::now();
    let request = session.request("PUT", "/sink");
    request.set_streamed_content(Some(LENGTH));
    let exchange = request.start().unwrap();
    let piece = vec![b'x'; 1 << 16];
    for _ in 0..LENGTH >> 16 {
        exchange.write(&piece).unwrap();
    }
    exchange.finish(&vec![]).unwrap();
    let response = exchange.response().unwrap();
    assert_eq!((response.status(), response.try_read(100).unwrap()), (200, Received::Content(b"sunk".to_vec())));
    report("up", LENGTH, start, &guest);
    assert!(nginx.served()[0].request_length > LENGTH);
}

/// How fast it was, in the host as it is built for tests, and the memory at its peak.
fn report(direction: &str, length: u64, start: Instant, guest: &Guest) {
    let speed = (length as f64 / start.elapsed().as_secs_f64() / 1e6).round();
    println!("\n| {} MiB {direction} over TLS | {speed} MB/s | {} KiB |", length / MIB, guest.peak_memory() >> 10);
}
