//! `-i` and `-v` show every head that came, byte for byte, as curl does.

use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// A response whose head has what is seldom: a value without a space before it and with some after it, bytes that are not UTF-8,
/// a fold, lines that end with LF alone.
const ODD: &[u8] = b"HTTP/1.1 200  Fine \r\nA:b  \r\nB: \xff\r\n folded\nContent-Length: 2\r\n\r\n";

#[test]
fn every_head_is_shown_byte_for_byte() {
    let folder = Folder::new("every");
    let interims: &[u8] = b"HTTP/1.1 103 Early\r\nL:x\r\n\r\nHTTP/1.0 102\n\n";
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send([interims, ODD, b"ok"].concat())]);
    let output = folder.xenon(&["-i", &url(&peer)]);
    peer.finish();
    assert_written(&output, &[interims, ODD, b"ok"].concat());
}

#[test]
fn the_head_alone_is_shown_byte_for_byte() {
    let folder = Folder::new("alone");
    let peer = Peer::start([Script::new().expect_head_with(&["HEAD /a HTTP/1.1"]).send(ODD)]);
    let output = folder.xenon(&["-I", &url(&peer)]);
    peer.finish();
    assert_written(&output, ODD);
}

#[test]
fn so_is_a_401_before_an_answered_challenge() {
    let folder = Folder::new("challenge");
    let challenge = "HTTP/1.1 401 Who\r\nWWW-Authenticate:Basic realm=\"r\"\r\nContent-Length: 3\r\n\r\n";
    for option in ["-i", "-I"] {
        let (body, answer) = if option == "-i" { ("no\n", "ok") } else { ("", "") };
        let script = Script::new().expect_head(|_| Ok(())).send(format!("{challenge}{body}"));
        let script = script.expect_head_with(&["Authorization: Basic YTpi"]).send([ODD, answer.as_bytes()].concat());
        let peer = Peer::start([script]);
        let output = folder.xenon(&[option, "--anyauth", "-u", "a:b", &url(&peer)]);
        peer.finish();
        assert_written(&output, &[challenge.as_bytes(), ODD, answer.as_bytes()].concat());
    }
}

#[test]
fn so_are_those_of_connect() {
    let folder = Folder::new("connect");
    let opened = "HTTP/1.1 102\r\n\r\nHTTP/1.1 200  OK\r\nX-P:   1\r\n\r\n";
    let script = Script::new().expect_head_with(&["CONNECT h.test:80 HTTP/1.1"]).send(opened);
    let peer = Peer::start([script.expect_head_with(&["GET / HTTP/1.1"]).send([ODD, b"ok"].concat())]);
    let output = folder.xenon(&["-i", "-p", "-x", &peer.authority(), "http://h.test/"]);
    peer.finish();
    assert_written(&output, &[opened.as_bytes(), ODD, b"ok"].concat());

    let refused = "HTTP/1.1 403  No Way\r\nX-P:1\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(refused)]);
    let output = folder.xenon(&["-i", "-p", "-x", &peer.authority(), "http://h.test/"]);
    peer.finish();
    assert_refused(&output, 56);
    assert_eq!(text(&output.stdout), refused);
}

#[test]
fn a_failure_has_its_head_and_no_content() {
    let folder = Folder::new("failure");
    let head = "HTTP/1.1 404  Not\r\nContent-Length: 2\r\n\r\n";
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(format!("{head}no"))]);
    let output = folder.xenon(&["-f", "-i", &url(&peer)]);
    peer.finish();
    assert_refused(&output, 22);
    assert_eq!(text(&output.stdout), head);
    // Without -i there is nothing.
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(format!("{head}no"))]);
    let output = folder.xenon(&["-f", &url(&peer)]);
    peer.finish();
    assert_refused(&output, 22);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn heads_are_those_of_their_own_transfer() {
    let folder = Folder::new("own");
    let head = |number: u32| format!("HTTP/1.1 200 {number}\r\nContent-Length: 1\r\n\r\n{number}");
    let script = (0..3).fold(Script::new(), |script, number| script.expect_head(|_| Ok(())).send(head(number)));
    let peer = Peer::start([script]);
    let output = folder.xenon(&["-i", &url(&peer), &url(&peer), &url(&peer), "-o", "one"]);
    peer.finish();
    assert_written(&output, [head(1), head(2)].concat().as_bytes());
    assert_eq!(std::fs::read_to_string(folder.path("one")).unwrap(), head(0));
}

#[test]
fn verbose_tells_the_bytes_that_do_a_terminal_no_harm() {
    let folder = Folder::new("verbose");
    let head =
        b"HTTP/1.1 200  Fine \r\nA:b  \r\nB: \xff\xe9\xc3\xa9\r\nC: \xc2\x9b2J\x9b2J\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(head)]);
    let output = folder.xenon(&[bytes(b"-v"), bytes(b"-H"), bytes(b"X: \xfe"), bytes(url(&peer))]);
    peer.finish();
    let told = output.stderr;
    let has = |line: &[u8]| told.split(|byte| *byte == b'\n').any(|other| other == line);
    for line in [
        &b"< HTTP/1.1 200  Fine "[..],
        b"< A:b  ",
        b"< B: \xff\xe9\xc3\xa9",
        "< C: \u{fffd}2J\u{fffd}2J".as_bytes(),
        b"> X: \xfe",
    ] {
        assert!(has(line), "{} is not in {}", line.escape_ascii(), told.escape_ascii());
    }
}
