//! The command's options of credentials, against peers that say what each line has to be.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use xenon_harness::peer::{Peer, Script};

const CHALLENGE: &str =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 3\r\n\r\nno\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BASIC: &str = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
const LOGIN: &str = "Aladdin:open sesame";

fn command(arguments: &[&str], url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
    command.args(arguments).arg(url).env_clear().stdin(Stdio::null());
    command
}

fn xenon(arguments: &[&str], url: &str) -> Output {
    command(arguments, url).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_login_goes_at_once() {
    let ways: &[(&[&str], &str, &str)] = &[
        (&["-u", LOGIN], "", BASIC),
        (&["--basic", "-u", LOGIN], "", BASIC),
        (&["--user", "Aladdin"], "", "Authorization: Basic QWxhZGRpbjo="),
        (&[], "Aladdin:open%20sesame@", BASIC),
        (&["-u", LOGIN], "somebody:else@", BASIC),
        (&["--oauth2-bearer", "abc"], "", "Authorization: Bearer abc"),
        (&["-u", LOGIN, "-H", "Authorization: Mine"], "", "Authorization: Mine"),
    ];
    for (arguments, user, line) in ways {
        let peer = Peer::start([Script::new().expect_head_with(&[line]).send(OK)]);
        let output = xenon(arguments, &format!("http://{user}{}/", peer.authority()));
        peer.finish();
        assert_eq!(
            (output.status.code(), text(&output.stdout), text(&output.stderr)),
            (Some(0), "ok".into(), "".into())
        );
    }
}

#[test]
fn urls_with_different_users_share_nothing() {
    let one = Script::new().expect_head_with(&["Authorization: Basic YTpi"]).send(OK);
    let other = Script::new().expect_head_with(&["Authorization: Basic Yzpk"]).send(OK);
    let peer = Peer::start([one.expect_head_with(&["Authorization: Basic YTpi"]).send(OK), other]);
    let (first, second) = (format!("http://a:b@{}/", peer.authority()), format!("http://c:d@{}/", peer.authority()));
    let output = xenon(&[&first, &first], &second);
    peer.finish();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "okokok".into()));
}

#[test]
fn what_is_told_has_no_secret_in_it() {
    let script = Script::new().expect_head_with(&["GET / HTTP/1.1"]).send(CHALLENGE);
    let peer = Peer::start([script.expect_head_with(&[BASIC]).send(OK)]);
    let output = xenon(&["-v", "--anyauth", "-u", LOGIN], &format!("http://{}/", peer.authority()));
    peer.finish();
    let told = text(&output.stderr);
    for line in ["* Server auth using Basic for \"r\"", "> Authorization: Basic ***", "< HTTP/1.1 401 Unauthorized"] {
        assert!(told.lines().any(|other| other == line), "{line}: {told}");
    }
    assert!(!told.contains("QWxh") && !told.contains("sesame"), "{told}");
    // Nor has what is wrong with a URL.
    let output = xenon(&[], "http://Aladdin:sesame@[::1/");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(!told.contains("sesame"), "{told}");
}

#[test]
fn refused_pipe_is_65_and_a_file_is_sent_again() {
    let refuses = |script: Script| script.expect_head_with(&["Expect: 100-continue"]).send("HTTP/1.1 100\r\n\r\n");
    let peer = Peer::start([refuses(Script::new()).read_chunked().send(CHALLENGE)]);
    let url = format!("http://{}/", peer.authority());
    let mut child = command(&["-T", "-", "--anyauth", "-u", LOGIN], &url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"content").unwrap();
    let output = child.wait_with_output().unwrap();
    peer.finish();
    assert_eq!(output.status.code(), Some(65), "{}", text(&output.stderr));
    assert!(text(&output.stderr).starts_with("xenon: (65) "), "{}", text(&output.stderr));

    let file = std::env::temp_dir().join(format!("xenon-auth-{}", std::process::id()));
    std::fs::write(&file, "content").unwrap();
    let again = Script::new().expect_head_with(&[BASIC, "Content-Length: 7"]).expect("content").send(OK);
    let peer = Peer::start([refuses(Script::new()).expect("content").send(CHALLENGE), again]);
    let url = format!("http://{}/file", peer.authority());
    // The method does not matter: what was refused was not carried out.
    let output = xenon(&["-X", "POST", "-T", file.to_str().unwrap(), "--anyauth", "-u", LOGIN], &url);
    std::fs::remove_file(&file).unwrap();
    peer.finish();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "ok".into()), "{}", text(&output.stderr));
}

const OLD_DIGEST: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\
                          WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\nContent-Length: 3\r\n\r\nno\n";

/// RFC 2069's way, in Python: `h(h("Aladdin", "r", "open sesame"), "n", h("GET", "/"))`.
const OLD_ANSWER: &str = "Authorization: Digest username=\"Aladdin\", realm=\"r\", uri=\"/\", nonce=\"n\", \
                          response=\"eeede4e9b6e913945538afb1d98b5db6\"";

#[test]
fn a_digest_without_qop_is_answered_and_comes_before_basic() {
    for option in ["--digest", "--anyauth"] {
        for challenge in [OLD_DIGEST.to_owned(), OLD_DIGEST.replace("WWW-Authenticate: Basic realm=\"r\"\r\n", "")] {
            let script = Script::new().expect_head_with(&["GET / HTTP/1.1"]).send(challenge);
            let peer = Peer::start([script.expect_head_with(&[OLD_ANSWER]).send(OK)]);
            let output = xenon(&[option, "-u", LOGIN], &format!("http://{}/", peer.authority()));
            peer.finish();
            assert_eq!(
                (output.status.code(), text(&output.stdout)),
                (Some(0), "ok".into()),
                "{}",
                text(&output.stderr)
            );
        }
    }
}

#[test]
fn a_challenge_that_is_not_answered_is_told_with_the_reason() {
    let told = |arguments: &[&str], challenge: &str| {
        let peer = Peer::start([Script::new().expect_head_with(&["GET / HTTP/1.1"]).send(challenge)]);
        let output = xenon(&[&["-v"], arguments].concat(), &format!("http://{}/", peer.authority()));
        peer.finish();
        let told = text(&output.stderr);
        let line = told.lines().find_map(|line| line.strip_prefix("* Server auth ")).unwrap_or_default();
        line.to_owned()
    };
    let other = CHALLENGE.replace("Basic realm=\"r\"", "Digest realm=\"a \\\"b\", nonce=n, qop=auth-int");
    for (arguments, challenge, line) in [
        (&["--digest", "-u", LOGIN] as &[_], CHALLENGE, "using basic for \"r\" is not possible: Basic is not allowed"),
        (&[], CHALLENGE, "using basic for \"r\" is not possible: no credentials are set"),
        (&["-u", LOGIN], CHALLENGE, "using basic for \"r\" is not possible: the same was refused already"),
        (
            &["--anyauth", "-u", LOGIN],
            &other,
            "using digest for \"a \\\"b\" is not possible: the Digest challenge asks for a qop other than auth",
        ),
        (
            &["--anyauth", "-u", LOGIN, "-H", "Host: tenant-b"],
            CHALLENGE,
            "using basic for \"r\" is not possible: the request's Host is not the session's authority",
        ),
    ] {
        assert_eq!(told(arguments, challenge), line, "{arguments:?}");
    }
}

#[test]
fn a_login_goes_to_the_host_that_the_user_names() {
    for (arguments, login) in [
        (&["-u", LOGIN] as &[_], BASIC),
        (&["--oauth2-bearer", "abc"], "Authorization: Bearer abc"),
        (&["-u", LOGIN, "-H", "Authorization: Mine"], "Authorization: Mine"),
    ] {
        let peer = Peer::start([Script::new().expect_head_with(&["Host: tenant-b", login]).send(OK)]);
        let output = xenon(&[arguments, &["-H", "Host: tenant-b"]].concat(), &format!("http://{}/", peer.authority()));
        peer.finish();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "ok".into()), "{}", text(&output.stderr));
    }
    // One that is no host is refused before anybody is asked.
    for host in ["Host: a b", "Host: x, y", "Host: a/../@c"] {
        let output = xenon(&["-u", LOGIN, "-H", host], "http://127.0.0.1:1/");
        assert_eq!(output.status.code(), Some(3), "{host}: {}", text(&output.stderr));
    }
}
