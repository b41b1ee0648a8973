//! The server of a transcript at a real port: it does on each connection what the simulated one does, in a thread.
//!
//! It must not wait for anything without a deadline, nor let a mistake pass: whatever was not as written is a problem that
//! `finish` tells. And it must be able to say when it has done all that it can do before the client does more, so that a
//! transcript never depends on which of the two was faster.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::format::Act;

/// How long anything may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How what the server sends is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// One write for all that is sent at once.
    Whole,
    /// A write for each byte, in a packet of its own.
    Bytes,
}

/// Until when `Server::settle` waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The server has reacted to what it was sent.
    Reacted,
    /// And all that it sends has left it.
    Sent,
    /// And its stalls that end have ended.
    Rested,
}

pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether the client is gone for good.
    is_over: bool,
    /// Who connects then, to end the accepting.
    last: Option<SocketAddr>,
    connections: Vec<Seat>,
    problems: Vec<String>,
}

/// A connection, as the one who runs the transcript sees it.
struct Seat {
    /// None once it was reset.
    stream: Option<Arc<TcpStream>>,
    at: At,
    is_closed: bool,
}

/// What a connection's thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Work,
    /// Bytes from the client. They are there for all to see until the thread is at work again.
    Waiting,
    /// Room for more bytes.
    Sending,
    /// A stall that ends.
    Pause,
    /// A stall that does not end, or the script's end.
    Rest,
}

impl Server {
    /// Starts it at a free port. Times are this much shorter than written.
    pub(crate) fn start(connections: Vec<Vec<Act>>, cut: Cut, pace: u32) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::default());

        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept_all(listener, connections, cut, pace, &shared)
        });
        Server { address, shared, accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the server has accepted so many connections, and has nothing to do on any.
    pub(crate) fn settle(&self, connections: usize, until: Until) -> Result<(), String> {
        let is_unsettled = |state: &mut State| {
            let made = &state.connections;
            made.len() < connections || made.iter().any(|seat| !seat.is_settled(until))
        };
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), PATIENCE, is_unsettled);
        let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            let at: Vec<_> = state.connections.iter().map(|seat| seat.at).collect();
            return Err(format!("the server does not settle: {connections} connections, of which it has {at:?}"));
        }
        Ok(())
    }

    /// Whether the client has this connection open, counted from 0; none when a socket that was reset cannot tell.
    pub(crate) fn is_open(&self, connection: usize) -> Option<bool> {
        self.shared.lock().connections.get(connection)?.is_open()
    }

    /// What has gone wrong so far.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.shared.lock().problems.clone()
    }

    /// Ends it when the client is gone, and tells all that has gone wrong.
    pub(crate) fn finish(self) -> Vec<String> {
        let last = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
        last.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("127.0.0.1 has a free port");
        {
            let mut state = self.shared.lock();
            state.is_over = true;
            state.last = last.local_addr().ok().and_then(|address| address.as_socket());
            self.shared.changed.notify_all();
        }
        // When all connections were made, nobody listens.
        let _ = last.connect(&self.address.into());
        self.accepting.join().expect("the server does not panic");
        let mut state = self.shared.lock();
        let is_left_open = state.connections.iter().any(|seat| seat.is_open() == Some(true));
        if is_left_open {
            state.problems.push("a connection is open though the session is gone".into());
        }
        std::mem::take(&mut state.problems)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn is_settled(&self, until: Until) -> bool {
        match self.at {
            At::Work => false,
            At::Waiting => self.stream.as_ref().is_none_or(|stream| peek(stream) == There::Nothing),
            At::Sending => until == Until::Reacted,
            At::Pause => until != Until::Rested,
            At::Rest => true,
        }
    }

    fn is_open(&self) -> Option<bool> {
        let stream = self.stream.as_ref()?;
        if self.is_closed {
            // When both have closed, there is no peer any more.
            return Some(stream.peer_addr().is_ok());
        }
        if self.at == At::Rest {
            let _ = take_what_is_here(stream);
        }
        Some(peek(stream) != There::End)
    }
}

/// What a socket has to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Nothing,
    Bytes,
    End,
}

/// Looks at what is here, and leaves it.
fn peek(stream: &TcpStream) -> There {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    match SockRef::from(stream).recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT) {
        Ok(1..) => There::Bytes,
        Err(error) if error.kind() == ErrorKind::WouldBlock => There::Nothing,
        Ok(0) | Err(_) => There::End,
    }
}

/// Reads what is here without waiting.
fn take_what_is_here(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    while peek(stream) == There::Bytes {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer)?;
        taken.extend(&buffer[..count]);
    }
    Ok(taken)
}

// ---------------------------------------------------------------------------------------------------------- connections

/// Accepts a connection for each script. Then nobody listens any more, and a further one is refused.
fn accept_all(listener: TcpListener, scripts: Vec<Vec<Act>>, cut: Cut, pace: u32, shared: &Arc<Shared>) {
    let mut listener = Some(listener);
    let mut scripts = scripts.into_iter().peekable();
    let mut threads = Vec::new();
    while let Some(listening) = &listener
        && scripts.peek().is_some()
    {
        let Ok((stream, client)) = listening.accept() else { continue };
        if shared.lock().last == Some(client) {
            break;
        }
        let Some(acts) = scripts.next() else { break };
        if scripts.peek().is_none() {
            // Before the client can hear anything over the last connection, or make another.
            listener = None;
        }
        let stream = Arc::new(stream);
        let number = threads.len();
        let seat = Seat { stream: Some(Arc::clone(&stream)), at: At::Work, is_closed: false };
        shared.lock().connections.push(seat);
        let connection = Connection { number, stream, shared: Arc::clone(shared), cut, pace, has_read: false };
        threads.push(thread::spawn(move || connection.run(acts)));
    }
    for thread in threads {
        thread.join().expect("a connection's thread does not panic");
    }
    if scripts.len() > 0 {
        shared.lock().problems.push(format!("{} connections that nobody made", scripts.len()));
    }
}

struct Connection {
    number: usize,
    stream: Arc<TcpStream>,
    shared: Arc<Shared>,
    cut: Cut,
    pace: u32,
    /// Whether anything was read so far.
    has_read: bool,
}

impl Connection {
    fn run(mut self, acts: Vec<Act>) {
        let set = self.stream.set_nodelay(true);
        let set = set.and_then(|()| self.stream.set_read_timeout(Some(PATIENCE)));
        let set = set.and_then(|()| self.stream.set_write_timeout(Some(PATIENCE)));
        let mut outcome = set.map_err(|error| error.to_string());
        let mut acts = acts.into_iter();
        while outcome.is_ok()
            && let Some(act) = acts.next()
        {
            match act {
                Act::Reset => return self.reset(None),
                Act::Stall(None) => return self.be(At::Rest),
                act => outcome = self.perform(act),
            }
        }
        match outcome.and_then(|()| self.rest()) {
            Ok(()) => self.be(At::Rest),
            // The client should not wait for what will not come.
            Err(problem) => self.reset(Some(problem)),
        }
    }

    fn perform(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Expect(bytes) => self.expect(&with_offered(bytes))?,
            Act::ReadHead => {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.extend(self.receive(1, "a head")?);
                }
            }
            Act::Read(count) => {
                let mut left = usize::try_from(count).expect("a transcript's count fits");
                while left > 0 {
                    left -= self.receive(left.min(1 << 16), "more bytes")?.len();
                }
            }
            Act::Drain => while !self.receive_or_end(1 << 16)?.is_empty() {},
            Act::ClientEnd => self.rest()?,
            Act::Send(bytes) if self.cut == Cut::Bytes => bytes.chunks(1).for_each(|byte| self.send(byte)),
            Act::Send(bytes) => self.send(&bytes),
            Act::Close => self.close()?,
            // The client may have closed already.
            Act::End => drop(self.stream.shutdown(Shutdown::Write)),
            Act::Stall(time) => self.pause(time.unwrap_or_default() / self.pace),
            // The system has its own.
            Act::Window(_) => {}
            Act::Reset => unreachable!("it ends the script"),
        }
        Ok(())
    }

    fn expect(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut done = 0;
        while done < bytes.len() {
            let piece = self.receive((bytes.len() - done).min(1 << 16), &quote(&bytes[done..]))?;
            if !bytes[done..].starts_with(&piece) {
                return Err(format!("after {done} bytes of {} came {}", quote(bytes), quote(&piece)));
            }
            done += piece.len();
        }
        Ok(())
    }

    /// The client must send no more, and end.
    fn rest(&mut self) -> Result<(), String> {
        match self.receive_or_end(1 << 16)?.as_slice() {
            [] => Ok(()),
            bytes => Err(format!("nobody expected {}", quote(bytes))),
        }
    }

    fn receive(&mut self, most: usize, expected: &str) -> Result<Vec<u8>, String> {
        match self.receive_or_end(most)? {
            bytes if bytes.is_empty() => Err(format!("the client ended before {expected}")),
            bytes => Ok(bytes),
        }
    }

    /// The next bytes; none when the client has ended, or reset.
    fn receive_or_end(&mut self, most: usize) -> Result<Vec<u8>, String> {
        self.be(At::Waiting);
        let waited = self.stream.peek(&mut [0]);
        self.be(At::Work);
        if waited.is_err_and(|error| is_timeout(&error)) {
            return Err(format!("nothing came for {PATIENCE:?}"));
        }
        let mut buffer = vec![0; most];
        let count = (&*self.stream).read(&mut buffer).unwrap_or(0);
        buffer.truncate(count);
        self.has_read |= count > 0;
        Ok(buffer)
    }

    /// Sends to a client that may be gone: what it has missed then, it says itself.
    fn send(&mut self, bytes: &[u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            let sent = match SockRef::from(&*self.stream).send_with_flags(left, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
            {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.be(At::Sending);
                    let sent = (&*self.stream).write(left);
                    self.be(At::Work);
                    sent
                }
                sent => sent,
            };
            match sent {
                Ok(count) => left = &left[count..],
                Err(_) => return,
            }
        }
    }

    /// Closes: what the client sends then makes the system answer with a reset. The socket itself stays, to be asked.
    fn close(&mut self) -> Result<(), String> {
        let here = take_what_is_here(&self.stream).unwrap_or_default();
        // Who closes first of all may be overtaken by the request.
        if self.has_read && !here.is_empty() {
            return Err(format!("nobody expected {}", quote(&here)));
        }
        self.shared.lock().connections[self.number].is_closed = true;
        // The client may have closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
        Ok(())
    }

    fn reset(self, problem: Option<String>) {
        let mut state = self.shared.lock();
        state.problems.extend(problem.map(|problem| format!("connection {}: {problem}", self.number)));
        let seat = &mut state.connections[self.number];
        seat.stream = None;
        let _ = SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
        drop(self.stream);
        seat.at = At::Rest;
        self.shared.changed.notify_all();
    }

    fn pause(&self, time: Duration) {
        self.be(At::Pause);
        let end = Instant::now() + time;
        let mut state = self.shared.lock();
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            && !state.is_over
        {
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        self.be(At::Work);
    }

    fn be(&self, at: At) {
        self.shared.lock().connections[self.number].at = at;
        self.shared.changed.notify_all();
    }
}

/// With the codings that the component offers in the place of `$offered`.
fn with_offered(bytes: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(text) => text.replace("$offered", xenon_harness::OFFERED).into(),
        Err(error) => error.into_bytes(),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn quote(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes).chars().take(300).collect::<String>())
}
