//! What TLS costs in linear memory: idle sessions, and content however long.

use std::time::Instant;

use xenon_host::component::{Guest, Received, Setup};
use xenon_host::nginx::{Nginx, Tls, content};

use crate::certificates::{Authority, Kind};
use crate::session;

const MIB: u64 = 1 << 20;

/// What content over TLS may make linear memory have at its peak.
const MEMORY: usize = 4 << 20;

/// The most that an idle session with one open connection may have.
const IDLE: usize = 64 << 10;

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
        session.add_roots(authority.pem.as_bytes()).unwrap();
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
