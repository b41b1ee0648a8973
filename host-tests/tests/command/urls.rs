//! Each URL has its own outcome, and the exit code is the last one's, as curl has it.

use std::fs;

use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// A peer that answers so many requests on one connection.
fn answers(count: usize) -> Peer {
    Peer::start([(0..count).fold(Script::new(), |script, _| script.expect_head(|_| Ok(())).send(OK))])
}

#[test]
fn what_is_wrong_with_a_url_is_that_url_s_alone() {
    let folder = Folder::new("alone");
    fs::write(folder.path("wrong.pem"), "no certificate").unwrap();
    let missing = "missing.pem".to_owned();
    for (wrong, options, code) in [
        ("http://a b/", vec![], 3),
        ("https:/127.0.0.1:1/", vec![], 3),
        ("http://[::1/", vec![], 3),
        ("gopher://127.0.0.1/", vec![], 1),
        ("http://127.0.0.1:0/", vec![], 3),
        ("https://127.0.0.1:1/", vec!["--cacert".to_owned(), missing.clone()], 77),
        ("https://127.0.0.1:1/", vec!["--cacert".to_owned(), "wrong.pem".to_owned()], 77),
        ("https://127.0.0.1:1/", vec!["--cert".to_owned(), missing.clone()], 58),
    ] {
        let run = |urls: &[&str]| {
            let urls: Vec<String> = urls.iter().map(|url| url.to_string()).collect();
            folder.xenon(&[options.clone(), vec!["-w".into(), "|%{exitcode},%{urlnum}|".into()], urls].concat())
        };
        let peer = answers(2);
        let output = run(&[&url(&peer), wrong, &url(&peer)]);
        peer.finish();
        assert_eq!(text(&output.stdout), format!("ok|0,0||{code},1|ok|0,2|"), "{wrong}");
        let told = text(&output.stderr);
        assert_eq!((output.status.code(), told.lines().count()), (Some(0), 1), "{told}");
        assert!(told.starts_with(&format!("xenon: ({code}) ")), "{told}");

        let peer = answers(1);
        let output = run(&[&url(&peer), wrong]);
        peer.finish();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), format!("ok|0,0||{code},1|")), "{wrong}");
    }
}

#[test]
fn at_once_the_last_failure_counts() {
    let folder = Folder::new("at-once");
    let peer = Peer::start((0..2).map(|_| Script::new().expect_head(|_| Ok(())).send(OK)));
    let output = folder.xenon(&["-Z", &url(&peer), "http://a b/", &url(&peer)]);
    peer.finish();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), "okok".into()));
}

#[test]
fn an_upload_that_is_missing_is_its_url_s_alone() {
    let folder = Folder::new("upload");
    let peer = answers(1);
    let output = folder.xenon(&["-T", "missing", &url(&peer), &url(&peer)]);
    peer.finish();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "ok".into()));
    assert!(text(&output.stderr).starts_with("xenon: (26) "), "{}", text(&output.stderr));
}

#[test]
fn a_file_of_roots_is_not_looked_at_where_it_serves_nothing() {
    let folder = Folder::new("roots");
    let peer = answers(1);
    let output = folder.xenon(&["--cacert", "missing", "--pin", "missing", "--proxy-cacert", "missing", &url(&peer)]);
    peer.finish();
    assert_written(&output, b"ok");
}

#[test]
fn a_scheme_needs_its_slashes() {
    let folder = Folder::new("slashes");
    for url in ["https:/127.0.0.1:1/", "http:/127.0.0.1:1/", "https:", "HTTPS:\\\\127.0.0.1:1/", "https:h"] {
        let output = folder.xenon(&[url]);
        assert_refused(&output, 3);
        assert!(text(&output.stderr).contains("://"), "{}", text(&output.stderr));
    }
}

#[test]
fn an_upload_completes_a_folder_unless_there_is_a_query() {
    let folder = Folder::new("complete");
    fs::write(folder.path("file"), "hello").unwrap();
    for (path, line) in [
        ("/up/", "PUT /up/file HTTP/1.1"),
        ("", "PUT /file HTTP/1.1"),
        ("/up/?query", "PUT /up/?query HTTP/1.1"),
        ("?query", "PUT /?query HTTP/1.1"),
        ("/up", "PUT /up HTTP/1.1"),
    ] {
        let peer = Peer::start([Script::new().expect_head_with(&[line]).expect("hello").send(OK)]);
        let output = folder.xenon(&["-T", "file", &format!("http://{}{path}", peer.authority())]);
        peer.finish();
        assert_written(&output, b"ok");
    }
}

#[test]
fn a_range_of_one_number_begins_there() {
    let folder = Folder::new("range");
    for (given, line) in [("4", "Range: bytes=4-"), ("4-", "Range: bytes=4-"), ("0-4", "Range: bytes=0-4")] {
        let peer = Peer::start([Script::new().expect_head_with(&[line]).send(OK)]);
        let output = folder.xenon(&["-r", given, &url(&peer)]);
        peer.finish();
        assert_written(&output, b"ok");
    }
}
