//! Limits of a response's head, and of the process.

use std::process::Command;

use xenon_harness::peer::{Peer, Script, refusing_port};

use crate::support::*;

fn response(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok")
}

#[test]
fn heads_have_limits_that_can_be_set() {
    let folder = Folder::new("heads");
    let line = format!("A: {}\r\n", "x".repeat(300_000));
    let many = "a: b\r\n".repeat(700);
    for (fields, arguments, is_taken) in [
        (&line, &[][..], false),
        (&line, &["--max-head", "301k"], true),
        (&line, &["--max-head", "1M"], true),
        (&line, &["--max-head", "290k"], false),
        (&"A: b\r\n".to_owned(), &["--max-head", "43"], false),
        (&"A: b\r\n".to_owned(), &["--max-head", "44"], true),
        (&many, &[], false),
        (&many, &["--max-fields", "701"], true),
        (&many, &["--max-fields", "700"], false),
        (&"A: b\r\n".to_owned(), &["--max-fields", "1"], false),
        (&"A: b\r\n".to_owned(), &["--max-fields", "2"], true),
    ] {
        let script = Script::new().expect_head(|_| Ok(()));
        let peer = Peer::start([match is_taken {
            true => script.send(response(fields)),
            false => script.send_until_closed(response(fields)),
        }]);
        let output = folder.xenon(&[arguments, &["-s", "-S", &url(&peer)]].concat());
        peer.finish();
        if is_taken {
            assert_written(&output, b"ok");
        } else {
            assert_refused(&output, 8);
        }
    }
}

#[test]
fn a_head_of_any_length_that_is_allowed_is_shown() {
    let folder = Folder::new("shown");
    let response = response(&format!("A: {}\r\n", "x".repeat(900_000)));
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(&response)]);
    let output = folder.xenon(&["-i", "--max-head", "1M", &url(&peer)]);
    peer.finish();
    assert_eq!((output.status.code(), output.stdout == response.as_bytes()), (Some(0), true));
}

/// Runs the command in a process with this limit (`ulimit`).
fn bounded(limit: &str, url: &str) -> std::process::Output {
    let mut command = Command::new("bash");
    let line = format!("ulimit {limit} && exec \"$@\"");
    command.args(["-c", &line, "bash", env!("CARGO_BIN_EXE_xenon"), url]).env("http_proxy", "");
    command.output().unwrap()
}

#[test]
fn little_address_space_suffices() {
    let peer = answering("hello");
    let output = bounded("-v 2000000", &url(&peer));
    peer.finish();
    assert_written(&output, b"hello");
}

/// With one descriptor less each time, until there is none for a socket.
#[test]
fn no_descriptor_left_for_a_socket_is_an_error_of_the_connection() {
    let url = format!("http://127.0.0.1:{}/", refusing_port());
    let has_none_left = |descriptors: u32| {
        let output = bounded(&format!("-n {descriptors}"), &url);
        assert_refused(&output, 7);
        let words = text(&output.stderr);
        let has_none = words.contains("the host of this component has no resources left");
        assert!(has_none || words.contains("connection refused"), "{words}");
        has_none
    };
    assert!((3..32).rev().any(has_none_left));
}
