//! Help, refusals, standard output.

use std::process::Stdio;

use xenon_harness::peer::{Peer, Script, refusing_port};

use crate::support::*;

#[test]
fn help_and_version_are_told() {
    let folder = Folder::new("help");
    for option in ["--help", "--version"] {
        let output = folder.xenon(&[option]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("xenon"), "{output:?}");
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn content_goes_to_standard_output() {
    let folder = Folder::new("stdout");
    let peer = answering("hello");
    let output = folder.xenon(&[&url(&peer)]);
    peer.finish();
    assert_eq!(
        (output.status.code(), text(&output.stdout), text(&output.stderr)),
        (Some(0), "hello".into(), "".into())
    );
}

#[test]
fn refusals_are_one_line_and_a_code() {
    let folder = Folder::new("refusals");
    assert_refused(&folder.xenon(&["--no-such-option"]), 2);
    assert_refused(&folder.xenon(&["gopher://127.0.0.1/"]), 1);
    assert_refused(&folder.xenon(&[&format!("http://127.0.0.1:{}/", refusing_port())]), 7);
    assert_refused(&folder.xenon(&["-T", "missing", "http://127.0.0.1:1/"]), 26);
}

#[test]
fn output_that_nobody_reads_is_no_accident() {
    let folder = Folder::new("pipe");
    let content = "x".repeat(1 << 20);
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
    let peer =
        Peer::start([Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(response).send_until_closed(content)]);
    let mut child = folder.command(&[&url(&peer)]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    peer.finish();
    assert_refused(&output, 23);
}

/// What it runs is inside of it.
#[test]
fn no_file_beside_the_program_is_made_or_touched() {
    let folder = Folder::new("beside");
    let program = folder.0.join("xenon");
    std::fs::copy(env!("CARGO_BIN_EXE_xenon"), &program).unwrap();
    let planted = folder.0.join("xenon-cli-0123456789abcdef.cwasm");
    std::fs::write(&planted, "planted").unwrap();
    let output = std::process::Command::new(&program).arg("--version").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let mut files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files, [program, planted.clone()]);
    assert_eq!(std::fs::read(planted).unwrap(), b"planted");
}
