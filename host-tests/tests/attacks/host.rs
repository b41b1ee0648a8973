//! Hosts that have no room for more handles, resources or sockets.
//!
//! What the WIT lets fail is an error of the request. All else is a trap of the host, which no guest can catch. It must never be a
//! panic of the component, or a hang.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use xenon_harness::component::{AuthSchemes, Error, ErrorCode, Guest, Phase, Room, Session, Setup};
use xenon_harness::peer::{Gate, Peer, Script, refusing_port};

use crate::measure::*;

/// So much room suffices for each story.
const ENOUGH: usize = 32;

/// Something to do in an instance, with a server at this port.
type Story = fn(&Guest, u16);

const STORIES: [(&str, Story); 8] = [
    ("a request", |guest, port| assert_eq!(to(guest, port).get("/").unwrap().status, 200)),
    ("two requests on one connection, and one on another", |guest, port| {
        let session = to(guest, port);
        assert_eq!([(); 2].map(|()| session.get("/").unwrap().status), [200; 2]);
        session.close_connection();
        assert_eq!(session.get("/").unwrap().status, 200);
    }),
    ("a lookup that fails", |guest, _| {
        assert_eq!(guest.session("http", "no-such-host.invalid", 80).get("/").unwrap_err().phase, Phase::Resolve);
    }),
    ("two addresses, the first refuses", |guest, port| {
        let session = to(guest, port);
        session.set_addresses(&[at(refusing_port()), at(port)]).unwrap();
        assert_eq!(session.get("/").unwrap().status, 200);
    }),
    ("a local address", |guest, port| {
        let session = to(guest, port);
        session.change_options(|options| options.set_local_address(Some("127.0.0.1"))).unwrap();
        assert_eq!(session.get("/").unwrap().status, 200);
    }),
    ("a proxy", |guest, port| {
        let session = guest.session("http", "origin.test", 80);
        session.change_options(|options| options.set_proxies(&[format!("http://{}", at(port))])).unwrap();
        assert_eq!(session.get("/").unwrap().status, 200);
    }),
    ("an upload that is cancelled, and a request", |guest, port| {
        let session = to(guest, port);
        let request = session.request("POST", "/");
        request.set_streamed_content(None);
        let exchange = request.start().unwrap();
        exchange.write(b"hello").unwrap();
        exchange.cancel();
        drop(exchange);
        assert_eq!(session.get("/").unwrap().status, 200);
    }),
    ("three requests at once", |guest, port| {
        let session = to(guest, port);
        let exchanges = [(); 3].map(|()| session.request("GET", "/").start().unwrap());
        assert!(!guest.wait_any(&exchanges.each_ref(), &[], &[], Some(Duration::from_secs(60))).is_empty());
        assert_eq!(exchanges.map(|exchange| exchange.response().unwrap().read_to_end().unwrap()), [b"hello"; 3]);
    }),
];

#[test]
fn a_full_table_of_resources_is_a_trap_of_the_host() {
    least_room("resources", "resource table has no free keys", |resources| Room { resources, ..Room::default() });
}

#[test]
fn a_full_table_of_handles_is_a_trap_of_the_host() {
    least_room("handles", "store handle limit exceeded", |handles| Room { handles, ..Room::default() });
}

/// Runs each story with room for none, for one, for two, until it ends well. Before that, the host must trap for this reason.
fn least_room(kind: &str, reason: &str, room: impl Fn(usize) -> Room) {
    let port = serve();
    for (name, story) in STORIES {
        let suffices = |count: &usize| {
            let guest = Guest::with(Setup { room: room(*count), ..Setup::default() });
            let outcome = guest.until_trap(|| story(&guest, port));
            let trap = outcome.as_ref().err();
            assert!(trap.is_none_or(|trap| trap.contains(reason)), "{name}: {trap:?}");
            trap.is_none()
        };
        let least = (0..ENOUGH).find(suffices).expect("there is room enough for the story");
        assert!(least > 0, "{name}: the limit does not hold");
        println!("room for {least} {kind} suffices: {name}");
    }
}

#[test]
fn no_socket_left_is_an_error_until_there_is_one() {
    let port = serve();
    let guest = Guest::with(with_sockets(0));
    let session = to(&guest, port);
    let error = session.get("/").unwrap_err();
    let left = guest.host_resources();
    for _ in 0..1_000 {
        assert_eq!(session.get("/").unwrap_err(), error);
    }
    assert_no_socket(&error);
    assert_eq!(guest.host_resources(), left, "failures leave nothing behind");
    guest.set_room(Room::default());
    assert_eq!(session.get("/").unwrap().content, b"hello");
}

#[test]
fn requests_beyond_the_sockets_of_the_host_fail_and_the_others_go_on() {
    let answer = Gate::new();
    let serving = || script().wait(&answer).send(OK);
    let peer = Peer::start([serving(), serving().expect_head_with(&[]).send(OK), script().send(OK)]);
    let guest = Guest::with(with_sockets(2));
    let session = to(&guest, peer.port());
    let exchanges = [(); 5].map(|()| session.request("GET", "/").start().unwrap());
    let outcomes = exchanges.each_ref().map(|exchange| exchange.try_response().map(|_| ()));
    assert_eq!(outcomes.each_ref().map(Result::is_ok), [true, true, false, false, false]);
    outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).for_each(assert_no_socket);
    answer.open();
    for exchange in &exchanges[..2] {
        assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    }
    // On a connection that is kept, and then on another, in the place of the two.
    assert_eq!(session.get("/").unwrap().content, b"hello");
    session.close_connection();
    guest.set_room(with_sockets(1).room);
    assert_eq!(session.get("/").unwrap().content, b"hello");
    drop((exchanges, session));
    peer.finish();
}

/// Whatever ends a connection, its socket is given back before the next is created.
#[test]
fn one_socket_suffices_for_one_connection_after_another() {
    let ok = || script().send(OK);
    let refusal =
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"r\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(100_000));
    type Attempt<'a> = (&'a str, Vec<Script>, fn(&Guest, &Peer, &Session));
    let attempts: [Attempt<'_>; 7] = [
        ("the peer has closed it", vec![ok().end_sending(), ok()], |_, _, session| {
            assert_eq!([(); 2].map(|()| session.get("/").unwrap().status), [200; 2]);
        }),
        ("it has gone stale", vec![ok().expect_head_with(&[]).close(), ok()], |_, _, session| {
            assert_eq!([(); 2].map(|()| session.get("/").unwrap().status), [200; 2]);
        }),
        ("it ends after a challenge", vec![script().send(refusal).end_sending(), ok()], |_, _, session| {
            session.set_credentials(None, "joe", "secret", AuthSchemes::all(), false).unwrap();
            assert_eq!(session.get("/").unwrap().status, 200);
        }),
        ("its content is not read", vec![script().send(&long).stall(), ok()], |_, _, session| {
            drop(session.request("GET", "/").send().unwrap());
            assert_eq!(session.get("/").unwrap().status, 200);
        }),
        ("its exchange is cancelled", vec![Script::new().stall(), ok()], |guest, peer, session| {
            let exchange = session.request("GET", "/").start().unwrap();
            while peer.accepted() == 0 {
                guest.wait_any(&[&exchange], &[], &[], Some(Duration::from_millis(1)));
            }
            exchange.cancel();
            assert_eq!(session.get("/").unwrap().status, 200);
        }),
        ("the first address refuses", vec![ok()], |_, peer, session| {
            session.set_addresses(&[at(refusing_port()), at(peer.port())]).unwrap();
            assert_eq!(session.get("/").unwrap().status, 200);
        }),
        ("the first proxy refuses", vec![ok()], |_, peer, session| {
            let proxies = [refusing_port(), peer.port()].map(|port| format!("http://{}", at(port)));
            session.change_options(|options| options.set_proxies(&proxies)).unwrap();
            assert_eq!(session.get("/").unwrap().status, 200);
        }),
    ];
    for (why, scripts, act) in attempts {
        println!("{why}");
        let peer = Peer::start(scripts);
        let guest = Guest::with(with_sockets(1));
        let session = to(&guest, peer.port());
        act(&guest, &peer, &session);
        drop(session);
        peer.finish();
    }
}

fn with_sockets(sockets: usize) -> Setup {
    Setup { room: Room { sockets, ..Room::default() }, ..Setup::default() }
}

fn to(guest: &Guest, port: u16) -> Session {
    guest.session("http", "127.0.0.1", port)
}

fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

#[track_caller]
fn assert_no_socket(error: &Error) {
    assert_error(error, Phase::Connect, &ErrorCode::ConnectionLimitReached);
    assert!(error.detail.contains("the host of this component has no resources left"), "{}", error.detail);
}

/// A server that answers each head, whoever goes away before that. It ends with the process.
fn serve() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| answer_all(stream)))));
    port
}

fn answer_all(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut seen, mut piece) = (Vec::new(), [0; 1 << 10]);
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        seen.extend_from_slice(&piece[..count]);
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            seen.drain(..end + 4);
            stream.write_all(OK.as_bytes())?;
        }
    }
}
