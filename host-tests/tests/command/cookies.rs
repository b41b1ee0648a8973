//! `-b`, `-c` and `-j`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use xenon_harness::nginx::Nginx;
use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// A response that sets these cookies.
fn setting(cookies: &[&str]) -> String {
    let lines: String = cookies.iter().map(|cookie| format!("Set-Cookie: {cookie}\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n")
}

/// A script whose request has exactly this `Cookie`.
fn expecting(script: Script, cookies: Option<&'static str>) -> Script {
    script.expect_head(move |head| {
        let lines: Vec<&str> = head.lines().filter(|line| line.to_lowercase().starts_with("cookie:")).collect();
        let expected: Vec<String> = cookies.iter().map(|cookies| format!("Cookie: {cookies}")).collect();
        if lines == expected { Ok(()) } else { Err(format!("{lines:?} and not {expected:?}")) }
    })
}

#[test]
fn pairs_are_sent_and_nothing_is_kept() {
    let folder = Folder::new("pairs");
    let script = expecting(Script::new(), Some("a=b; c=d; e=f")).send(setting(&["g=h"]));
    let peer = Peer::start([expecting(script, Some("a=b; c=d; e=f")).send(OK)]);
    let output = folder.xenon(&["-b", "a=b; c=d", "-b", "e=f", &url(&peer), &url(&peer)]);
    assert_written(&output, b"ok");
    peer.finish();
}

#[test]
fn a_field_of_the_users_own_takes_the_place_of_pairs() {
    let folder = Folder::new("own");
    let peer = Peer::start([expecting(Script::new(), Some("x=y")).send(OK)]);
    assert_written(&folder.xenon(&["-b", "a=b", "-H", "Cookie: x=y", &url(&peer)]), b"ok");
    peer.finish();
}

#[test]
fn cookies_are_kept_between_requests_and_in_a_file() {
    let folder = Folder::new("kept");
    let Some(nginx) = Nginx::start(&[]) else { return };
    let address = |path: &str| format!("http://127.0.0.1:{}{path}", nginx.port());
    let output = folder.xenon(&["-c", "jar", "-o", "/dev/null", &address("/login"), &address("/cookies")]);
    assert_written(&output, b"name=value");
    let jar = fs::read_to_string(folder.0.join("jar")).unwrap();
    assert!(jar.starts_with("# Netscape HTTP Cookie File\n"), "{jar}");
    assert!(jar.contains("127.0.0.1\tFALSE\t/\tFALSE\t0\tname\tvalue\n"), "{jar}");
    assert_written(&folder.xenon(&["-b", "jar", &address("/cookies")]), b"name=value");
    // It ends with a session.
    assert_written(&folder.xenon(&["-b", "jar", "-j", &address("/cookies")]), b"");
    assert_written(&folder.xenon(&["-b", "jar", "-b", "own=1", &address("/cookies")]), b"name=value; own=1");
}

#[test]
fn lines_of_set_cookie_are_a_file_of_cookies_too() {
    let folder = Folder::new("lines");
    fs::write(folder.0.join("lines"), "Set-Cookie: a=b; Path=/\nSet-Cookie: c=d; Domain=example.org\n").unwrap();
    let peer = Peer::start([expecting(Script::new(), Some("a=b")).send(OK)]);
    assert_written(&folder.xenon(&["-b", "lines", &url(&peer)]), b"ok");
    peer.finish();
}

#[test]
fn the_jar_is_written_to_standard_output() {
    let folder = Folder::new("dash");
    let peer = Peer::start([expecting(Script::new(), None).send(setting(&["a=b"]))]);
    let output = folder.xenon(&["-c", "-", &url(&peer)]);
    peer.finish();
    assert!(text(&output.stdout).ends_with("\ta\tb\n"), "{output:?}");
}

#[test]
fn a_jar_takes_the_place_of_the_one_before_with_its_permissions() {
    let folder = Folder::new("replaced");
    let jar = folder.0.join("jar");
    let run = |cookies: &[&str]| {
        let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(setting(cookies))]);
        let output = folder.xenon(&["-b", "jar", "-c", "jar", &url(&peer)]);
        peer.finish();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    };
    run(&["a=b; Max-Age=1000"]);
    let mode = || fs::metadata(&jar).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600, "a new one is for its owner alone");
    fs::set_permissions(&jar, fs::Permissions::from_mode(0o640)).unwrap();
    run(&["c=d"]);
    assert_eq!(mode(), 0o640);
    let written = fs::read_to_string(&jar).unwrap();
    assert!(written.contains("\ta\tb\n") && written.contains("\tc\td\n"), "{written}");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_jar_that_cannot_be_written_is_told_in_the_end() {
    let folder = Folder::new("unwritable");
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(OK)]);
    let output = folder.xenon(&["-c", "no/such/jar", &url(&peer)]);
    peer.finish();
    assert_eq!(text(&output.stdout), "ok");
    assert_refused(&output, 23);
    fs::create_dir(folder.0.join("directory")).unwrap();
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(OK)]);
    assert_refused(&folder.xenon(&["-c", "directory", &url(&peer)]), 23);
    peer.finish();
}

#[test]
fn a_file_that_is_not_there_has_no_cookies() {
    let folder = Folder::new("missing");
    let script = expecting(Script::new(), None).send(setting(&["a=b"]));
    let peer = Peer::start([expecting(script, Some("a=b")).send(OK)]);
    let output = folder.xenon(&["-v", "-b", "missing", &url(&peer), &url(&peer)]);
    peer.finish();
    assert_written(&output, b"ok");
    let told = text(&output.stderr);
    assert!(told.contains("* No cookies from a file: cannot read \"missing\""), "{told}");
}

#[test]
fn a_public_suffix_has_no_cookies() {
    let folder = Folder::new("suffixes");
    let cookies = ["a=1; Domain=co.uk", "b=2; Domain=example.co.uk", "c=3; Domain=github.io", "d=4; Domain=org"];
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(setting(&cookies))]);
    let connect_to = format!("::{}", peer.authority());
    let output = folder.xenon(&["-c", "-", "--connect-to", &connect_to, "http://www.example.co.uk/"]);
    peer.finish();
    let jar = text(&output.stdout);
    let kept: Vec<&str> = jar.lines().filter(|line| line.contains('\t')).collect();
    assert_eq!(kept, [".example.co.uk\tTRUE\t/\tFALSE\t0\tb\t2"]);
}

#[test]
fn cookies_of_a_redirect_are_sent_where_it_leads() {
    let folder = Folder::new("redirect");
    let away = "HTTP/1.1 302 Go\r\nSet-Cookie: a=b; Path=/\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let script = expecting(Script::new(), None).send(away);
    let peer = Peer::start([expecting(script, Some("a=b")).send(OK)]);
    assert_written(&folder.xenon(&["-L", "-b", "", &url(&peer)]), b"ok");
    peer.finish();
}
