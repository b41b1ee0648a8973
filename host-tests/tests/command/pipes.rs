//! What is no regular file: pipes, `/dev/stdin` and its kin, what a shell makes of `<(...)`.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// Runs this line of bash in the folder; `xenon` is the command, and `$1` the URL.
fn bash(folder: &Folder, line: &str, url: &str) -> Output {
    let mut command = Command::new("bash");
    let line = format!("xenon() {{ '{}' \"$@\"; }}\n{line}", env!("CARGO_BIN_EXE_xenon"));
    command.args(["-c", &line, "bash", url]).current_dir(&folder.0).stdin(Stdio::null());
    for name in xenon_cli_options::VARIABLES {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn make_pipe(path: &str) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn content_of_d_comes_from_any_file() {
    let folder = Folder::new("data");
    make_pipe(&folder.path("pipe"));
    for line in [
        "xenon -d @<(printf hello) $1",
        "xenon --data-binary @<(printf hello) $1",
        "printf hello | xenon -d @/dev/stdin $1",
        "printf hello | xenon --data-binary @/dev/fd/0 $1",
        "xenon -d @/dev/fd/7 $1 7< <(printf hello)",
        "printf hello > file; xenon -d @/dev/stdin $1 < file",
        "(sleep 0.1; printf hello) > pipe & xenon -d @pipe $1",
        "printf hello | xenon -d @- $1",
    ] {
        let script =
            Script::new().expect_head_with(&["POST /a HTTP/1.1", "Content-Length: 5"]).expect("hello").send(OK);
        let peer = Peer::start([script]);
        let output = bash(&folder, line, &url(&peer));
        peer.finish();
        assert_written(&output, b"ok");
    }
}

#[test]
fn an_upload_from_a_pipe_is_chunked() {
    let folder = Folder::new("upload");
    make_pipe(&folder.path("pipe"));
    for line in [
        "xenon -T <(printf hello) $1",
        "printf hello | xenon -T /dev/stdin $1",
        "printf hello | xenon -T - $1",
        "(printf he; sleep 0.1; printf llo) > pipe & xenon -T pipe $1",
    ] {
        let script = Script::new().expect_head_with(&["PUT /a HTTP/1.1", "Transfer-Encoding: chunked"]);
        let peer = Peer::start([script.read_chunked().send(OK)]);
        let output = bash(&folder, line, &url(&peer));
        assert_eq!(text(&peer.finish()[0].content), "hello", "{line}");
        assert_written(&output, b"ok");
    }
}

#[test]
fn fields_formats_and_certificates_come_from_any_file() {
    let folder = Folder::new("fields");
    let peer = Peer::start([Script::new().expect_head_with(&["A: b", "C: d"]).send(OK)]);
    let line = "xenon -H @<(printf 'A: b\\nC: d\\n') -w @<(printf '|%%{http_code}') $1";
    let output = bash(&folder, line, &url(&peer));
    peer.finish();
    assert_written(&output, b"ok|200");
    let output = bash(&folder, "xenon --cacert <(echo none) $1", "https://127.0.0.1:1/");
    assert_refused(&output, 77);
    assert!(text(&output.stderr).contains("cannot be used"), "{}", text(&output.stderr));
}

#[test]
fn content_goes_to_any_file() {
    let folder = Folder::new("to");
    make_pipe(&folder.path("pipe"));
    for (line, out, err) in [
        ("xenon -s -o /dev/stdout $1", "hello", ""),
        ("xenon -s -o /dev/fd/1 $1", "hello", ""),
        ("xenon -s -o /dev/stderr $1", "", "hello"),
        ("xenon -s -o /dev/stdout -w '|%{http_code}' $1", "hello|200", ""),
        ("xenon -s -o >(cat >&2; printf ' there' >&2) $1; sleep 0.3", "", "hello there"),
        ("cat pipe & xenon -s -o pipe $1; wait", "hello", ""),
        ("xenon -s -o /dev/stdout $1 > file; cat file", "hello", ""),
        ("xenon -s -o /dev/null $1", "", ""),
    ] {
        let peer = answering("hello");
        let output = bash(&folder, line, &url(&peer));
        peer.finish();
        let got = (text(&output.stdout), text(&output.stderr));
        assert_eq!((output.status.code(), got), (Some(0), (out.into(), err.into())), "{line}");
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_stops_no_clock() {
    let folder = Folder::new("clock");
    make_pipe(&folder.path("pipe"));
    let peer = Peer::start([Script::new().stall()]);
    let start = Instant::now();
    let output = folder.xenon(&["-m", "0.5", "-T", "pipe", &url(&peer)]);
    assert_refused(&output, 28);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    drop(peer);
}

#[test]
fn a_pipe_is_read_no_faster_than_it_is_sent() {
    let folder = Folder::new("pace");
    make_pipe(&folder.path("pipe"));
    let gate = xenon_harness::peer::Gate::new();
    let script = Script::new().expect_head(|_| Ok(())).wait(&gate).read_chunked().send(OK);
    let peer = Peer::start([script]);
    let mut child =
        folder.command(&["-T", "pipe", &url(&peer)]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let path = folder.path("pipe");
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let writer = thread::spawn({
        let written = std::sync::Arc::clone(&written);
        move || {
            let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
            for _ in 0..64 * 16 {
                pipe.write_all(&[b'x'; 64 * 1024]).unwrap();
                written.fetch_add(64 * 1024, std::sync::atomic::Ordering::Relaxed);
            }
        }
    });
    thread::sleep(Duration::from_millis(500));
    let so_far = written.load(std::sync::atomic::Ordering::Relaxed);
    // What sockets of this machine hold of it, and not all.
    assert!(so_far < 32 << 20, "{so_far}");
    gate.open();
    writer.join().unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!((child.wait().unwrap().code(), out.as_str()), (Some(0), "ok"));
    assert_eq!(peer.finish()[0].content_length, 64 << 20);
}

#[test]
fn what_a_pipe_had_is_not_there_again() {
    let folder = Folder::new("again");
    let challenge = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new().expect_head_with(&["Expect: 100-continue"]).send("HTTP/1.1 100\r\n\r\n");
    let peer = Peer::start([script.read_chunked().send(challenge)]);
    let output = bash(&folder, "xenon --anyauth -u a:b -T <(printf hello) $1", &url(&peer));
    peer.finish();
    assert_refused(&output, 65);
}

#[test]
fn a_pipe_may_be_gone_or_closed_to_us() {
    let folder = Folder::new("gone");
    for line in ["xenon -T /dev/fd/77 $1", "xenon -d @/dev/fd/77 $1"] {
        let output = bash(&folder, line, "http://127.0.0.1:1/");
        assert_refused(&output, 26);
        assert!(text(&output.stderr).contains("it does not exist"), "{}", text(&output.stderr));
    }
    // Nobody reads what is written.
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
    let script = Script::new().expect_head(|_| Ok(())).send(response).send_until_closed([b'x'; 64 * 1024]);
    let peer = Peer::start([script]);
    let output = bash(&folder, "xenon -s -S -o >(exec <&-; sleep 0.1) $1", &url(&peer));
    peer.finish();
    assert_refused(&output, 23);
}
