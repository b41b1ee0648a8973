//! Looks at a kept connection before a request goes on it, over real sockets and in a host that learns what has come only while
//! it is waited for: what a peer sends at the wrong moment must never become the next response.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use xenon_harness::component::{CloseReason, EventKind, Guest, Session, Setup};
use xenon_harness::peer::{Gate, Peer, Script};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const STRAY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
const FRESH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh";

/// How often each is tried: one success in many would be chance.
const TIMES: usize = 100;

fn script() -> Script {
    Script::new().expect_head_with(&[])
}

/// A host that gets no turn but in waits.
fn guest() -> Guest {
    Guest::with(Setup { turns: false, ..Setup::default() })
}

/// Something that a peer does when its connection should be silent.
type Deed = fn(Script) -> Script;

/// A peer that does something on a kept connection when it is told to, and says when it is done.
struct Surprise {
    peer: Peer,
    now: Gate,
    done: Gate,
}

impl Surprise {
    /// `does` follows the first response; `fresh` is the script of the next connection.
    fn new(does: Deed, fresh: Script) -> Self {
        let (now, done) = (Gate::new(), Gate::new());
        let first = does(script().send(OK).wait(&now)).open(&done).stall();
        Self { peer: Peer::start([first, fresh]), now, done }
    }

    fn session(&self, guest: &Guest) -> Session {
        let session = guest.session("http", "127.0.0.1", self.peer.port());
        session.set_events(true);
        session
    }

    fn happen(&self) {
        self.now.open();
        assert!(self.done.wait());
    }
}

fn closings(session: &Session) -> Vec<CloseReason> {
    let reason = |what: EventKind| if let EventKind::Closed(reason) = what { Some(reason) } else { None };
    session.take_events().into_iter().filter_map(|event| reason(event.what)).collect()
}

const SURPRISES: [(Deed, CloseReason); 2] =
    [(|script| script.send(STRAY), CloseReason::StrayBytes), (Script::end_sending, CloseReason::PeerClosed)];

#[test]
fn late_content_goes_on_a_new_connection() {
    let guest = guest();
    for (does, reason) in SURPRISES {
        for round in 0..TIMES {
            let surprise = Surprise::new(does, script().read(5).send(FRESH));
            let session = surprise.session(&guest);
            assert_eq!(session.get("/").unwrap().content, b"hello");
            // It must not be sent twice, so what is wrong must be seen before.
            let request = session.request("POST", "/");
            request.set_streamed_content(Some(5));
            let exchange = request.start().unwrap();
            assert_eq!(closings(&session), [], "the connection was looked at and found alive");
            surprise.happen();
            exchange.write(b"bytes").unwrap();
            assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"fresh", "round {round}");
            assert_eq!(closings(&session), [reason], "round {round}");
            drop((exchange, request, session));
            surprise.peer.finish();
        }
    }
}

#[test]
fn a_request_after_another_goes_on_a_new_connection() {
    let guest = guest();
    for (does, reason) in SURPRISES {
        for round in 0..TIMES {
            let surprise = Surprise::new(does, script().send(FRESH));
            let session = surprise.session(&guest);
            assert_eq!(session.get("/").unwrap().content, b"hello");
            // Nothing waits in between, and next to no time passes.
            surprise.happen();
            assert_eq!(session.post("/", "text/plain", b"").unwrap().content, b"fresh", "round {round}");
            assert_eq!(closings(&session), [reason], "round {round}");
            drop(session);
            surprise.peer.finish();
        }
    }
}

#[test]
fn only_a_second_look_costs_a_wait() {
    let peer = Peer::start([script().send(OK).expect_head_with(&[]).send(OK).expect_head_with(&[]).read(5).send(OK)]);
    let guest = Guest::with(Setup { turns: false, call_names: true, ..Setup::default() });
    let session = guest.session("http", "127.0.0.1", peer.port());
    let waits = || {
        let counts = guest.host_calls_by_name();
        counts.iter().filter(|(name, _)| name.ends_with("subscribe-duration")).map(|(_, count)| count).sum::<u64>()
    };
    for _ in 0..2 {
        assert_eq!(session.get("/").unwrap().content, b"hello");
    }
    assert_eq!(waits(), 0, "what has just brought bytes is asked at once");
    let request = session.request("POST", "/");
    request.set_streamed_content(Some(5));
    let exchange = request.start().unwrap();
    exchange.write(b"bytes").unwrap();
    assert_eq!(waits(), 1);
    assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    drop((exchange, request, session));
    peer.finish();
}

#[test]
fn a_caller_who_never_waits_gets_an_answer() {
    let peer = Peer::start([script().send(OK)]);
    let guest = guest();
    let session = guest.session("http", "127.0.0.1", peer.port());
    let exchange = session.request("GET", "/").start().unwrap();
    let start = Instant::now();
    let response = loop {
        assert!(start.elapsed() < Duration::from_secs(10), "what is tried again is answered from memory");
        if let Some(response) = exchange.try_response().unwrap() {
            break response;
        }
    };
    assert_eq!(response.read_to_end().unwrap(), b"hello");
    drop((response, exchange, session));
    peer.finish();
}

// ---------------------------------------------------------------------------------------------------------- the command

/// What a pipe holds, as systems make them; a page of it at the most stays empty.
const PIPE: usize = 64 * 1024;
const PAGE: usize = 4096;

/// Content of the first response: a pipe full, and as much again that its end is read before its writing is stuck.
const LARGE: usize = PIPE + 20_000;

/// Runs the command against a peer that sends a stray response while the output of the first is stuck, so that the command
/// cannot have begun the second request; what it has put out in all.
fn surprised(arguments: &[&str], input: Option<&[u8]>, requests: [Script; 2]) -> Vec<u8> {
    let (now, done) = (Gate::new(), Gate::new());
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n{}", "x".repeat(LARGE));
    let [first, second] = requests;
    let first = first.send(large).wait(&now).send(STRAY).open(&done).stall();
    let peer = Peer::start([first, second.send(FRESH)]);
    let url = format!("http://{}/", peer.authority());
    let arguments = arguments.iter().map(|argument| if *argument == "URL" { &url } else { *argument });
    let mut child = Command::new(env!("CARGO_BIN_EXE_xenon"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    wait_until_full(&output, &mut child);
    now.open();
    assert!(done.wait());
    let mut all = Vec::new();
    let mut stdin = child.stdin.take().unwrap();
    if let Some(input) = input {
        // All of the first response, so that the second request is under way when its content comes.
        all.resize(LARGE, 0);
        output.read_exact(&mut all).unwrap();
        stdin.write_all(input).unwrap();
    }
    drop(stdin);
    output.read_to_end(&mut all).unwrap();
    assert!(child.wait().unwrap().success());
    peer.finish();
    all.split_off(LARGE)
}

/// Waits until the command is stuck.
fn wait_until_full(output: &ChildStdout, child: &mut Child) {
    let start = Instant::now();
    loop {
        let mut there: libc::c_int = 0;
        // SAFETY: the descriptor is open, and FIONREAD writes a `c_int`.
        #[allow(unsafe_code)]
        let outcome = unsafe { libc::ioctl(output.as_raw_fd(), libc::FIONREAD, &raw mut there) };
        assert_eq!(outcome, 0);
        if there as usize > PIPE - PAGE && is_asleep(child.id()) {
            return;
        }
        assert_eq!(child.try_wait().unwrap(), None, "the command has ended");
        assert!(start.elapsed() < Duration::from_secs(30), "{there} bytes are in the pipe");
        std::thread::yield_now();
    }
}

/// Whether a process waits for something, which is room in the pipe where all else is there.
fn is_asleep(process: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

#[test]
fn the_command_repeats_an_upload_on_a_new_connection() {
    let file = std::env::temp_dir().join(format!("xenon-looks-{}", std::process::id()));
    fs::write(&file, "bytes").unwrap();
    let put = || Script::new().expect_head_with(&["Content-Length: 5"]).expect("bytes");
    for _ in 0..5 {
        let arguments = ["-s", "--repeat", "2", "-T", file.to_str().unwrap(), "URL"];
        assert_eq!(surprised(&arguments, None, [put(), put()]), b"fresh");
    }
    fs::remove_file(&file).unwrap();
}

#[test]
fn the_command_uploads_from_a_slow_pipe_on_a_new_connection() {
    let file = std::env::temp_dir().join(format!("xenon-looks-pipe-{}", std::process::id()));
    fs::write(&file, "bytes").unwrap();
    for _ in 0..5 {
        let first = Script::new().expect_head_with(&["Content-Length: 5"]).expect("bytes");
        let arguments = ["-s", "-T", file.to_str().unwrap(), "-T", "-", "URL", "URL"];
        let second = Script::new().expect_head_with(&["Transfer-Encoding: chunked"]).read_chunked();
        assert_eq!(surprised(&arguments, Some(b"late"), [first, second]), b"fresh");
    }
    fs::remove_file(&file).unwrap();
}
