//! Peers that follow a script: what a client must send, byte for byte, and what it gets.
//!
//! They never hang, and report every mistake: each step has a deadline, each thread is joined, and `finish` panics with what was
//! expected and what was received.
//!
//! ```no_run
//! use xenon_harness::peer::{Peer, Script};
//!
//! let peer = Peer::start([
//!     Script::new().expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").close(),
//! ]);
//! // ... a client at peer.port() ...
//! peer.finish();
//! ```

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use self::connection::is_closed;

pub use self::script::Script;

mod connection;
mod script;

/// How long a step may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a gate may stay closed: what a test does before it opens one can be much.
const GATE_PATIENCE: Duration = Duration::from_secs(60);

/// How much of what a client sends is kept to be looked at.
const KEPT: usize = 1 << 20;

/// What a peer waits at until the test opens it, or the test until the peer does.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Opens it for all.
    pub fn open(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    /// Closes it again.
    pub fn close(&self) {
        *lock(&self.0.0) = false;
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        *lock(&self.0.0)
    }

    /// Waits until it is open; false when that takes too long.
    pub fn wait(&self) -> bool {
        let waited = self.0.1.wait_timeout_while(lock(&self.0.0), GATE_PATIENCE, |is_open| !*is_open);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What one connection has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the client has sent, the first MiB of it.
    pub received: Vec<u8>,
    /// How many bytes that were in all.
    pub length: u64,
    /// The chunked content, decoded, the first MiB of it.
    pub content: Vec<u8>,
    /// How many bytes that were in all.
    pub content_length: u64,
    /// The trailer section after it, without the empty line.
    pub trailers: String,
    /// How many bytes the peer has sent: what the system has taken, whether the client has read it or not.
    pub sent: u64,
    /// Whether the client closed the connection, or reset it, before the peer did.
    pub is_closed_by_client: bool,
}

/// A server on 127.0.0.1 that follows one script a connection, in the order in which they are accepted.
pub struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Vec<Outcome>>>,
}

type Outcome = Result<Seen, String>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether `finish` was called.
    is_over: bool,
    /// Who `finish` connects as, to end the accepting; clients that connected before it are still served.
    last: Option<SocketAddr>,
    /// The connections whose scripts are at their end, by their numbers.
    resting: Vec<(usize, TcpStream)>,
    /// Those among them that their clients had closed when `finish` was called.
    closed_by_clients: Vec<usize>,
    /// How many were accepted.
    accepted: usize,
}

impl Peer {
    /// Starts it at a free port.
    pub fn start(scripts: impl IntoIterator<Item = Script>) -> Peer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::default());
        let scripts: Vec<Script> = scripts.into_iter().collect();
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept_all(&listener, scripts, &shared)
        });
        Peer { address, shared, thread: Some(thread) }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its authority, as in `Host`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// How many connections it has accepted so far.
    pub fn accepted(&self) -> usize {
        lock(&self.shared.state).accepted
    }

    /// Closes connections whose scripts are at their end, and answers what each connection has seen. Panics when anything was
    /// not as scripted: other bytes, a step not reached, a script without a connection, a connection without a script.
    pub fn finish(mut self) -> Vec<Seen> {
        self.end()
    }

    fn end(&mut self) -> Vec<Seen> {
        let Some(thread) = self.thread.take() else { return Vec::new() };
        let last = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
        last.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("127.0.0.1 has a free port");
        {
            // Under the lock, so that a connection learns only afterwards who closed it.
            let mut state = lock(&self.shared.state);
            state.is_over = true;
            state.last = last.local_addr().ok().and_then(|address| address.as_socket());
            for (number, stream) in std::mem::take(&mut state.resting) {
                if is_closed(&stream) {
                    state.closed_by_clients.push(number);
                }
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        last.connect(&self.address.into()).expect("the peer listens");
        let outcomes = thread.join().expect("the peer's thread does not panic");
        let mistakes: Vec<String> = outcomes.iter().filter_map(|outcome| outcome.clone().err()).collect();
        assert!(mistakes.is_empty(), "not as scripted:\n\n{}\n", mistakes.join("\n\n"));
        outcomes.into_iter().flatten().collect()
    }
}

impl Drop for Peer {
    /// A test that does not call `finish` is checked all the same.
    fn drop(&mut self) {
        if !thread::panicking() {
            self.end();
        }
    }
}

/// A port of 127.0.0.1 that refuses connections while this process lives: a socket that never listens occupies it.
pub fn refusing_port() -> u16 {
    static TAKEN: OnceLock<(Socket, u16)> = OnceLock::new();
    let take = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be had");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("127.0.0.1 has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let port = address.as_socket().expect("it is one of IP").port();
        (socket, port)
    };
    TAKEN.get_or_init(take).1
}

// ---------------------------------------------------------------------------------------------------------- connections

fn accept_all(listener: &TcpListener, scripts: Vec<Script>, shared: &Arc<Shared>) -> Vec<Outcome> {
    let mut scripts = scripts.into_iter();
    let mut threads = Vec::new();
    let mut outcomes = Vec::new();
    loop {
        let Ok((stream, client)) = listener.accept() else { continue };
        {
            let mut state = lock(&shared.state);
            if state.last == Some(client) {
                break;
            }
            state.accepted += 1;
        }
        let number = threads.len() + outcomes.len() + 1;
        let Some(script) = scripts.next() else {
            outcomes.push(Err(format!("connection {number}: the script has no such connection")));
            continue;
        };
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || connection::follow(stream, number, script, shared)));
    }
    let unused = scripts.len();
    if unused > 0 {
        outcomes.push(Err(format!("{unused} of the scripted connections were never made")));
    }
    let joined =
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a check has panicked".to_owned())));
    joined.chain(outcomes).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Read, Write};

    use super::*;

    fn client(peer: &Peer) -> TcpStream {
        let stream = TcpStream::connect(peer.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn all(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map(|_| bytes)
    }

    fn mistake(peer: Peer) -> String {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| peer.finish()));
        *outcome.unwrap_err().downcast::<String>().unwrap()
    }

    #[test]
    fn a_script_is_followed_on_each_connection() {
        let peer = Peer::start([
            Script::new().expect("one").send("eins").close(),
            Script::new().expect_head_with(&["b: c"]).read(3).send_byte_by_byte("zwei").end_sending().stall(),
        ]);
        let mut first = client(&peer);
        first.write_all(b"one").unwrap();
        assert_eq!(all(&first).unwrap(), b"eins");
        let mut second = client(&peer);
        second.write_all(b"a\r\nb: c\r\n\r\n123").unwrap();
        assert_eq!(all(&second).unwrap(), b"zwei");
        drop(second);
        let seen = peer.finish();
        assert_eq!(seen[0].received, b"one");
        assert!(!seen[0].is_closed_by_client);
        assert_eq!(seen[1].length, 14);
        assert!(seen[1].is_closed_by_client);
    }

    #[test]
    fn chunked_content_is_decoded() {
        let peer = Peer::start([Script::new().read_chunked().close()]);
        let mut stream = client(&peer);
        stream.write_all(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\na: b\r\n\r\n").unwrap();
        assert_eq!(all(&stream).unwrap(), b"");
        let seen = peer.finish();
        assert_eq!((seen[0].content.as_slice(), seen[0].content_length), (b"abc0123456789".as_slice(), 13));
        assert_eq!(seen[0].trailers, "a: b\r\n");
    }

    #[test]
    fn a_reset_is_one() {
        let peer = Peer::start([Script::new().expect("x").reset()]);
        let mut stream = client(&peer);
        stream.write_all(b"x").unwrap();
        assert_eq!(all(&stream).unwrap_err().kind(), ErrorKind::ConnectionReset);
        peer.finish();
    }

    #[test]
    fn a_flood_ends_when_the_client_closes() {
        let peer = Peer::start([Script::new().send_until_closed("abc")]);
        let mut stream = client(&peer);
        stream.read_exact(&mut [0; 3000]).unwrap();
        drop(stream);
        assert!(peer.finish()[0].is_closed_by_client);
    }

    #[test]
    fn a_gate_holds_the_peer_until_the_test_opens_it() {
        let gate = Gate::new();
        let peer = Peer::start([Script::new().wait(&gate).send("x").close()]);
        let stream = client(&peer);
        stream.set_nonblocking(true).unwrap();
        assert_eq!(all(&stream).unwrap_err().kind(), ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
        gate.open();
        assert_eq!(all(&stream).unwrap(), b"x");
        peer.finish();
    }

    #[test]
    fn other_bytes_are_shown_beside_the_expected_ones() {
        let peer = Peer::start([Script::new().expect("GET / HTTP/1.1\r\n\r\n")]);
        let mut stream = client(&peer);
        stream.write_all(b"GET /x").unwrap();
        assert!(all(&stream).is_err());
        let text = mistake(peer);
        assert!(text.contains("connection 1, step 1: the client sent something else, from byte 5 on"), "{text}");
        assert!(text.contains("GET / HTTP/1.1\\r\\n") && text.contains("GET /x"), "{text}");
    }

    #[test]
    fn what_is_missing_or_too_much_is_a_mistake() {
        let peer = Peer::start([Script::new(), Script::new()]);
        let _stream = client(&peer);
        while peer.accepted() < 1 {
            thread::yield_now();
        }
        assert!(mistake(peer).contains("1 of the scripted connections were never made"));

        let peer = Peer::start([]);
        assert_eq!(all(&client(&peer)).unwrap(), b"");
        assert!(mistake(peer).contains("connection 1: the script has no such connection"));

        let peer = Peer::start([Script::new().read(2)]);
        client(&peer).write_all(b"x").unwrap();
        while peer.accepted() < 1 {
            thread::yield_now();
        }
        assert!(mistake(peer).contains("the client closed, 1 of 2 bytes before the end"));

        let peer = Peer::start([Script::new().expect_head_with(&["c: d"])]);
        let mut stream = client(&peer);
        stream.write_all(b"a\r\nb: c\r\n\r\n").unwrap();
        assert!(all(&stream).is_err());
        assert!(mistake(peer).contains("the line `c: d` is missing"));
    }

    #[test]
    fn a_refusing_port_refuses() {
        assert_eq!(
            TcpStream::connect((Ipv4Addr::LOCALHOST, refusing_port())).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
    }
}
