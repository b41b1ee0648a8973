//! Text is bytes: what is not UTF-8 goes as it is, or is refused with words; nothing is changed.

use std::fs;
use std::process::Output;

use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// What the peer gets of a request with these arguments, `URL` in them being that of the peer.
#[track_caller]
fn sent(arguments: &[&[u8]]) -> Vec<u8> {
    let folder = Folder::new("sent");
    let peer = taking(1);
    let output = folder.xenon(&filled(&peer, arguments));
    assert_written(&output, b"ok");
    peer.finish().remove(0).received
}

fn filled(peer: &Peer, arguments: &[&[u8]]) -> Vec<std::ffi::OsString> {
    let place = format!("http://{}", peer.authority()).into_bytes();
    let fill = |argument: &&[u8]| match argument.strip_prefix(b"URL") {
        Some(rest) => bytes([&place, rest].concat()),
        None => bytes(argument),
    };
    arguments.iter().map(fill).collect()
}

#[track_caller]
fn assert_has(request: &[u8], part: &[u8]) {
    let found = request.windows(part.len()).any(|window| window == part);
    assert!(found, "{} is not in {}", part.escape_ascii(), request.escape_ascii());
}

#[test]
fn bytes_of_options_and_urls_are_sent_as_they_are() {
    assert_has(&sent(&[b"-H", b"X: \xff\xe9 ", b"URL/"]), b"\r\nX: \xff\xe9\r\n");
    assert_has(&sent(&[b"-A", b"\xff", b"URL/"]), b"\r\nUser-Agent: \xff\r\n");
    assert_has(&sent(&[b"-e", b"http://h/\xff", b"URL/"]), b"\r\nReferer: http://h/\xff\r\n");
    assert_has(&sent(&[b"URL/\xff/a?\xfe=\xc3\xa9"]), b"GET /%FF/a?%FE=%C3%A9 HTTP/1.1\r\n");
    assert_has(&sent(&[b"-u", b"a\xff:b", b"URL/"]), b"\r\nAuthorization: Basic Yf86Yg==\r\n");
    assert_has(&sent(&[b"-u", b"a:\xff", b"URL/"]), b"\r\nAuthorization: Basic YTr/\r\n");
    assert_has(&sent(&[b"-u", b"a\xff:b", b"-H", b"Authorization: mine", b"URL/"]), b"\r\nAuthorization: mine\r\n");
    // The characters that stand for such bytes on the way are characters all the same.
    assert_has(
        &sent(&[b"-H", "X: \u{10feff}\u{10fe80}".as_bytes(), b"URL/"]),
        "X: \u{10feff}\u{10fe80}\r\n".as_bytes(),
    );
}

#[test]
fn bytes_before_a_host_are_sent_as_basic() {
    let folder = Folder::new("userinfo");
    let peer = taking(1);
    let url = [b"http://a%ff:\xfe@", peer.authority().as_bytes(), b"/"].concat();
    let output = folder.xenon(&[bytes(url)]);
    assert_written(&output, b"ok");
    assert_has(&peer.finish()[0].received, b"\r\nAuthorization: Basic Yf86/g==\r\n");
}

#[test]
fn content_is_bytes() {
    for option in [&b"-d"[..], b"--data-raw", b"--data-binary"] {
        let folder = Folder::new("content");
        let script = Script::new().expect_head_with(&["Content-Length: 4"]).expect(b"a\xff\xc3\xa9").send(OK);
        let peer = Peer::start([script]);
        let output = folder.xenon(&filled(&peer, &[option, b"a\xff\xc3\xa9", b"URL/"]));
        peer.finish();
        assert_written(&output, b"ok");
    }
}

#[test]
fn files_of_fields_and_formats_are_bytes() {
    let folder = Folder::new("files");
    fs::write(folder.path("fields"), b"X: \xff\r\nY: \xfe").unwrap();
    fs::write(folder.path("format"), b"|\xff%{http_code}\xfe").unwrap();
    let peer = taking(1);
    let output = folder.xenon(&filled(&peer, &[b"-H", b"@fields", b"-w", b"@format", b"URL/"]));
    assert_written(&output, b"ok|\xff200\xfe");
    assert_has(&peer.finish()[0].received, b"\r\nX: \xff\r\nY: \xfe\r\n");
    let peer = taking(1);
    let output = folder.xenon(&filled(&peer, &[b"-w", b"\xff%{filename_effective}", b"-o", b"a\xfe", b"URL/"]));
    peer.finish();
    assert_written(&output, b"\xffa\xfe");
}

#[test]
fn names_of_files_are_bytes() {
    let folder = Folder::new("names");
    let name = |name: &[u8]| folder.0.join(bytes(name));
    // Beside each is the file that a careless reading would find.
    for wrong in ["in\u{fffd}", "out\u{fffd}", "fields\u{fffd}", "format\u{fffd}"] {
        fs::write(name(wrong.as_bytes()), "wrong").unwrap();
    }
    fs::write(name(b"in\xff"), "hello").unwrap();
    fs::write(name(b"fields\xff"), "X: y").unwrap();
    fs::write(name(b"format\xff"), "it").unwrap();
    let script = Script::new().expect_head_with(&["PUT /up/in%FF HTTP/1.1", "X: y"]).expect("hello").send(OK);
    let peer = Peer::start([script]);
    let arguments: &[&[u8]] =
        &[b"-T", b"in\xff", b"-o", b"out\xff", b"-H", b"@fields\xff", b"-w", b"@format\xff", b"URL/up/"];
    let output = folder.xenon(&filled(&peer, arguments));
    peer.finish();
    assert_written(&output, b"it");
    assert_eq!(fs::read(name(b"out\xff")).unwrap(), b"ok");
    assert_eq!(fs::read(name("out\u{fffd}".as_bytes())).unwrap(), b"wrong");
    let output = folder.xenon(&filled(&taking(0), &[b"-T", b"missing\xff", b"URL/"]));
    assert_refused(&output, 26);
    assert!(text(&output.stderr).contains("\"missing\\xff\""), "{}", text(&output.stderr));
}

#[track_caller]
fn assert_told(output: &Output, code: i32, words: &[&str]) {
    assert_refused(output, code);
    let told = text(&output.stderr);
    for word in words {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn what_cannot_be_sent_is_refused_and_said() {
    let folder = Folder::new("refused");
    let peer = taking(0);
    for (arguments, words) in [
        (&[&b"-X"[..], b"G\xff", b"URL/"][..], &["option -X", "byte 2 is not UTF-8"][..]),
        (&[b"--oauth2-bearer", b"secret\xff", b"URL/"], &["--oauth2-bearer", "not UTF-8"]),
        (&[b"-x", b"http://secret@p\xff:1", b"URL/"], &["option -x", "not UTF-8"]),
        (&[b"-U", b"secret\xff:b", b"URL/"], &["option -U", "not UTF-8"]),
        (&[b"--noproxy", b"\xff", b"URL/"], &["--noproxy", "not UTF-8"]),
        (&[b"-H", b"X\xff: a", b"URL/"], &["-H", "not ASCII"]),
        (&[b"--digest", b"-u", b"secret\xff:b", b"URL/"], &["not UTF-8", "Digest"]),
        (&[b"--anyauth", b"-u", b"a:secret\xff", b"URL/"], &["not UTF-8", "Digest"]),
        (&[b"http://secret@h\xff/"], &["its host is not UTF-8"]),
        (&[b"--resolve", b"h\xff:80:127.0.0.1", b"URL/"], &["--resolve", "not UTF-8"]),
    ] {
        assert_told(&folder.xenon(&filled(&peer, arguments)), 2, words);
    }
    peer.finish();
}

#[test]
fn a_proxy_is_never_passed_over() {
    let folder = Folder::new("proxy");
    let peer = taking(0);
    for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
        for value in [&b"http://secret@p\xff:1"[..], b"\xff", "p\u{10feff}".as_bytes()] {
            let output = folder.command(&filled(&peer, &[b"URL/"])).env(name, bytes(value)).output().unwrap();
            match std::str::from_utf8(value) {
                Err(_) => assert_told(&output, 2, &[name, "not UTF-8"]),
                Ok(_) => assert_told(&output, 2, &["proxy"]),
            }
        }
    }
    let mut command = folder.command(&filled(&peer, &[b"URL/"]));
    let output = command.env("http_proxy", "http://127.0.0.1:1").env("no_proxy", bytes(b"a,\xff")).output().unwrap();
    assert_told(&output, 2, &["no_proxy", "not UTF-8"]);
    peer.finish();
    // One that is for other schemes is none of this URL's.
    let peer = taking(1);
    let output = folder.command(&filled(&peer, &[b"URL/"])).env("https_proxy", bytes(b"\xff")).output().unwrap();
    peer.finish();
    assert_written(&output, b"ok");
}
