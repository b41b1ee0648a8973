//! The built component under wasmtime, through its exports, against scripted peers and nginx.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use xenon_harness::component::{
    CloseReason, Deadlines, Error, ErrorCode, EventKind, Guest, LookupFailure, Phase, Session, Setup,
};
use xenon_harness::nginx::Nginx;
use xenon_harness::peer::{Gate, Peer, Script, refusing_port};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const GIB: u64 = 1 << 30;
/// What the component's linear memory may have at its peak, however long the content.
const MEMORY: usize = 4 << 20;

/// An instance and a session with this peer.
fn session(peer: &Peer) -> (Guest, Session) {
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    (guest, session)
}

fn script() -> Script {
    Script::new().expect_head_with(&[])
}

/// The deadlines, with these changed.
fn set_deadlines(session: &Session, change: impl FnOnce(&mut Deadlines)) {
    let mut deadlines = session.deadlines();
    change(&mut deadlines);
    session.set_deadlines(deadlines);
}

const MILLISECOND: u64 = 1_000_000;

#[test]
fn nothing_happens_before_the_first_request() {
    let peer = Peer::start([script().send(OK)]);
    let setup = Setup { call_names: true, ..Setup::default() };
    let guest = Guest::with(setup);
    let session = guest.session("http", "localhost", peer.port());
    let calls: Vec<_> = guest.host_calls_by_name().into_keys().filter(|name| !name.contains("drop")).collect();
    assert_eq!(calls, Vec::<String>::new(), "the constructor called the host");
    assert_eq!(peer.accepted(), 0);
    let response = session.get("/").unwrap();
    assert_eq!((response.status, response.content.as_slice()), (200, &b"hello"[..]));
    peer.finish();
}

#[test]
fn a_session_keeps_its_connection_until_it_is_closed() {
    let peer = Peer::start([script().send(OK).expect_head_with(&[]).send(OK), script().send(OK)]);
    let (_guest, session) = session(&peer);
    session.set_events(true);
    session.get("/").unwrap();
    session.get("/").unwrap();
    session.close_connection();
    session.close_connection();
    session.get("/").unwrap();
    let happened: Vec<_> = session.take_events().into_iter().map(|event| event.what).collect();
    let count = |is: fn(&EventKind) -> bool| happened.iter().filter(|what| is(what)).count();
    assert_eq!(count(|what| matches!(what, EventKind::Connected(_))), 2);
    assert_eq!(count(|what| matches!(what, EventKind::Reused)), 1);
    assert_eq!(count(|what| matches!(what, EventKind::Closed(CloseReason::CloseConnection))), 1);
    drop(session);
    peer.finish();
}

#[test]
fn head_and_small_content_are_one_segment() {
    let peer = Peer::start([script()
        .read(3)
        .send_byte_by_byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n")]);
    let expected = format!(
        "POST /x HTTP/1.1\r\nHost: {}\r\nUser-Agent: xenon/0.1.0\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
        peer.authority()
    );
    let setup = Setup { call_names: true, ..Setup::default() };
    let guest = Guest::with(setup);
    let session = guest.session("http", "127.0.0.1", peer.port());
    let response = session.post("/x", "text/plain", b"abc").unwrap();
    assert_eq!(response.content, b"abc");
    assert_eq!(response.trailers, [("T".to_owned(), b"u".to_vec())]);
    let writes: u64 = guest
        .host_calls_by_name()
        .iter()
        .filter(|(name, _)| name.ends_with("output-stream.write"))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(writes, 1);
    let seen = peer.finish();
    assert_eq!(String::from_utf8_lossy(&seen[0].received), expected);
}

#[test]
fn a_kept_connection_costs_one_write_and_one_read_a_request() {
    let requests = 20;
    let script = (0..requests).fold(Script::new(), |script, _| script.expect_head_with(&[]).send(OK));
    let peer = Peer::start([script]);
    let guest = Guest::with(Setup { call_names: true, ..Setup::default() });
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.get("/").unwrap();
    let before = guest.host_calls_by_name();
    for _ in 1..requests {
        session.get("/").unwrap();
    }
    let after = guest.host_calls_by_name();
    let cost = |name: &str| {
        let sum = |counts: &std::collections::BTreeMap<String, u64>| -> u64 {
            counts.iter().filter(|(key, _)| key.ends_with(name)).map(|(_, count)| count).sum()
        };
        sum(&after) - sum(&before)
    };
    let asked = requests - 1;
    assert_eq!(cost("output-stream.check-write"), asked);
    assert_eq!(cost("output-stream.write"), asked);
    // One read looks whether the kept connection is alive, one gets the response.
    assert_eq!(cost("input-stream.read"), 2 * asked);
    assert!(cost("poll.poll") <= asked + 2, "{} waits", cost("poll.poll"));
    peer.finish();
}

#[test]
fn a_gibibyte_comes_down_in_bounded_memory() {
    let piece = vec![b'x'; 1 << 16];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n");
    let peer = Peer::start([script().send(head).send_repeatedly(piece, GIB >> 16)]);
    let guest = Guest::with(Setup { memory: MEMORY, patience: Duration::from_secs(300), ..Setup::default() });
    let session = guest.session("http", "127.0.0.1", peer.port());
    let response = session.request("GET", "/").send().unwrap();
    assert_eq!(response.content_length(), Some(GIB));
    let mut length = 0;
    while let Some(piece) = response.read(1 << 16).unwrap() {
        length += piece.len() as u64;
    }
    assert_eq!(length, GIB);
    assert!(guest.peak_memory() < MEMORY, "{} bytes", guest.peak_memory());
    peer.finish();
}

fn upload_a_gibibyte(length: Option<u64>) {
    let receive = if length.is_some() { script().read(GIB) } else { script().read_chunked() };
    let peer = Peer::start([receive.send(OK)]);
    let guest = Guest::with(Setup { memory: MEMORY, patience: Duration::from_secs(300), ..Setup::default() });
    let session = guest.session("http", "127.0.0.1", peer.port());
    let request = session.request("PUT", "/");
    request.set_streamed_content(length);
    let exchange = request.start().unwrap();
    let piece = vec![b'x'; 1 << 16];
    for _ in 0..GIB >> 16 {
        exchange.write(&piece).unwrap();
    }
    exchange.finish(&Vec::new()).unwrap();
    assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    assert!(guest.peak_memory() < MEMORY, "{} bytes", guest.peak_memory());
    let seen = peer.finish();
    match length {
        Some(_) => assert!(seen[0].length > GIB),
        None => assert_eq!(seen[0].content_length, GIB),
    }
}

#[test]
fn a_gibibyte_of_known_length_goes_up_in_bounded_memory() {
    upload_a_gibibyte(Some(GIB));
}

#[test]
fn a_gibibyte_in_chunks_goes_up_in_bounded_memory() {
    upload_a_gibibyte(None);
}

/// A silent peer: this script, and the deadline that ends the wait for it.
fn silence(script: Script, change: impl FnOnce(&mut Deadlines), act: impl FnOnce(&Session) -> Error) -> Error {
    let peer = Peer::start([script]);
    let (_guest, session) = session(&peer);
    set_deadlines(&session, change);
    let error = act(&session);
    drop(session);
    peer.finish();
    error
}

#[test]
fn a_silent_peer_is_a_timeout_of_the_right_name() {
    let get = |session: &Session| session.get("/").unwrap_err();
    let error = silence(script().stall(), |d| d.first_byte = 50 * MILLISECOND, get);
    assert_eq!((error.phase, error.code), (Phase::Head, ErrorCode::HttpResponseTimeout));

    let half = script().send("HTTP/1.1 200 O").stall();
    let error = silence(half, |d| d.first_byte = 50 * MILLISECOND, get);
    assert_eq!((error.phase, error.code), (Phase::Head, ErrorCode::HttpResponseTimeout));

    let content = script().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").stall();
    let error = silence(content, |d| d.between_bytes = 50 * MILLISECOND, get);
    assert_eq!((error.phase, error.code), (Phase::Body, ErrorCode::ConnectionReadTimeout));

    let error = silence(script().stall(), |d| d.exchange = 50 * MILLISECOND, get);
    assert_eq!((error.phase, error.code), (Phase::Head, ErrorCode::ExchangeTimeout));
}

#[test]
fn a_peer_that_reads_nothing_is_a_write_timeout() {
    let gate = Gate::new();
    let peer = Peer::start([script().wait(&gate).reset()]);
    let (_guest, session) = session(&peer);
    set_deadlines(&session, |d| d.write = 100 * MILLISECOND);
    let request = session.request("PUT", "/");
    request.set_streamed_content(Some(GIB));
    let exchange = request.start().unwrap();
    let piece = vec![0; 1 << 16];
    let error = std::iter::repeat_with(|| exchange.write(&piece)).find_map(Result::err).unwrap();
    assert_eq!((error.phase, error.code), (Phase::Send, ErrorCode::ConnectionWriteTimeout));
    gate.open();
    drop((exchange, session));
    peer.finish();
}

#[test]
fn an_address_that_never_answers_is_a_connection_timeout() {
    // A listener that accepts nobody and whose queue is full: the system lets further attempts wait.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let waiting: Vec<Socket> = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", address.as_socket().unwrap().port());
    for (attempt, connect) in [(50, 10_000), (10_000, 50)] {
        set_deadlines(&session, |d| (d.attempt, d.connect) = (attempt * MILLISECOND, connect * MILLISECOND));
        let error = session.get("/").unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Connect, ErrorCode::ConnectionTimeout));
    }
    drop(waiting);
}

#[test]
fn a_name_that_does_not_exist_is_seen_at_the_first_request() {
    let guest = Guest::new();
    let session = guest.session("http", "no-such-host.invalid", 80);
    session.set_events(true);
    assert_eq!(session.take_events(), []);
    for _ in 0..2 {
        let error = session.get("/").unwrap_err();
        assert_eq!(error.phase, Phase::Resolve);
        assert!(matches!(error.code, ErrorCode::DnsError(_)), "{error:?}");
    }
    assert!(matches!(&session.take_events()[0].what, EventKind::Lookup(name) if name == "no-such-host.invalid"));
}

#[test]
fn a_refused_connection_says_so() {
    let guest = Guest::new();
    let error = guest.session("http", "127.0.0.1", refusing_port()).get("/").unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Connect, ErrorCode::ConnectionRefused));
}

#[test]
fn wrong_input_is_an_error_of_its_own_and_nothing_is_sent() {
    let guest = Guest::new();
    let code = |scheme: &str, host: &str, port| guest.session(scheme, host, port).get("/").unwrap_err().code;
    for scheme in ["", "ftp", "httpss", "ht tp", "http:"] {
        assert_eq!(code(scheme, "localhost", 80), ErrorCode::InvalidScheme, "{scheme:?}");
    }
    for host in ["", "a b", "x\r\ny", "a/b", "a:80", "[::1", "a\0", "..", "user@host", "ä.example"] {
        assert_eq!(code("http", host, 80), ErrorCode::InvalidHost, "{host:?}");
    }
    assert_eq!(code("http", "localhost", 0), ErrorCode::InvalidPort);

    let peer = Peer::start([script().send(OK)]);
    let (_guest, session) = session(&peer);
    let code = |method: &str, target: &str| session.request(method, target).send().map(|_| ()).unwrap_err().code;
    for method in ["", "G T", "GET\r\n", "GÉT", "GET "] {
        assert_eq!(code(method, "/"), ErrorCode::HttpRequestMethodInvalid, "{method:?}");
    }
    for target in ["", "a", "/a b", "/\r\nX: y", "/\0", "/#fragment", "*", "/ä"] {
        assert_eq!(code("GET", target), ErrorCode::HttpRequestUriInvalid, "{target:?}");
    }
    let request = session.request("GET", "/");
    for (name, value) in [("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\ny"), ("a", "x\0"), ("Content-Length", "5")]
    {
        let error = request.add_field(name, value).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Setup, ErrorCode::HttpRequestHeaderInvalid(name.into())));
    }
    assert_eq!(peer.accepted(), 0);
    // The session, and even the request, are as good as new.
    assert_eq!(request.send().unwrap().read_to_end().unwrap(), b"hello");
    drop((request, session));
    peer.finish();
}

#[test]
fn what_is_left_of_a_dropped_session_answers_with_an_error() {
    let peer =
        Peer::start([script().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").stall(), Script::new().stall()]);
    let (_guest, session) = session(&peer);
    let request = session.request("GET", "/");
    let response = request.send().unwrap();
    let exchange = request.start().unwrap();
    drop(session);
    let dropped = |error: Error| assert_eq!(error.code, ErrorCode::SessionDropped);
    dropped(response.read(10).unwrap_err());
    dropped(exchange.response().map(|_| ()).unwrap_err());
    dropped(exchange.write(b"x").unwrap_err());
    dropped(request.send().map(|_| ()).unwrap_err());
    drop((exchange, response, request));
    peer.finish();
}

#[test]
fn close_connection_ends_what_is_under_way() {
    let peer = Peer::start([script().stall(), script().send(OK)]);
    let (guest, session) = session(&peer);
    session.set_events(true);
    let exchange = session.request("GET", "/").start().unwrap();
    // Until the request is sent.
    while !session.take_events().iter().any(|event| event.what == EventKind::RequestSent) {
        guest.wait_any(&[&exchange], &[], &[], Some(Duration::from_millis(1)));
    }
    session.close_connection();
    assert_eq!(exchange.response().map(|_| ()).unwrap_err().code, ErrorCode::ConnectionClosed);
    assert_eq!(session.get("/").unwrap().status, 200);
    drop((exchange, session));
    peer.finish();
}

#[test]
fn a_host_that_denies_is_an_error_and_no_trap() {
    let denied = |setup: Setup, host: &str| Guest::with(setup).session("http", host, 80).get("/").unwrap_err();
    let error = denied(Setup { lookup: false, ..Setup::default() }, "origin.invalid");
    assert_eq!(error.phase, Phase::Resolve);
    assert!(error.detail.contains("the host of this component"), "{}", error.detail);
    // wasmtime 48 calls a lookup that it does not allow a permanent failure.
    assert!(matches!(error.code, ErrorCode::DnsError(LookupFailure::Denied | LookupFailure::Permanent)), "{error:?}");
    for setup in [Setup { sockets: false, ..Setup::default() }, Setup { addresses: false, ..Setup::default() }] {
        let error = denied(setup, "127.0.0.1");
        assert_eq!((error.phase, error.code), (Phase::Connect, ErrorCode::DestinationIpProhibited));
    }
}

#[test]
fn nginx_serves_many_requests_over_one_connection() {
    let Some(nginx) = Nginx::start(&[("/small", 64), ("/large", 1_000_000)]) else { return };
    let guest = Guest::new();
    let session = guest.session("http", "localhost", nginx.port());
    for _ in 0..50 {
        assert_eq!(session.get("/small").unwrap().content.len(), 64);
    }
    assert!(session.get("/large").unwrap().content.iter().copied().eq(xenon_harness::nginx::content(1_000_000)));
    assert_eq!(session.get("/none").unwrap().status, 404);
    assert_eq!(session.head("/large").unwrap().content, b"");
    assert_eq!(session.put("/sink", "text/plain", &vec![b'x'; 300_000]).unwrap().content, b"sunk");
    let request = session.request("PUT", "/sink");
    request.set_streamed_content(None);
    request.set_expect_continue(true);
    let exchange = request.start().unwrap();
    exchange.write(b"hello").unwrap();
    exchange.finish(&Vec::new()).unwrap();
    assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"sunk");
    let served = nginx.served();
    assert_eq!(served.len(), 55);
    assert!(served.iter().all(|one| one.connection == served[0].connection), "{served:?}");
}
