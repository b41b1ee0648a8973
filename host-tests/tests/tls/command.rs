//! The command's options for TLS, what it tells of handshakes, and its exit code for each way in which one fails.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rcgen::date_time_ymd;
use rustls::version;
use xenon_harness::peer::refusing_port;
use xenon_harness::s_server::openssl;

use crate::certificates::{Authority, Issued, Kind, NAMES, self_signed};
use crate::raw::{Raw, Then};
use crate::server::{Seen, Server, Terms};

/// A folder for one test, gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("xenon-tls-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// With these files.
    fn with(test: &str, files: &[(&str, &str)]) -> Folder {
        let folder = Folder::new(test);
        for (name, content) in files {
            folder.write(name, content);
        }
        folder
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).unwrap();
    }

    /// Runs the command there with these arguments, a space between each.
    fn xenon(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
        command.args(arguments.split(' ')).current_dir(&self.0).env_clear().stdin(Stdio::null());
        command.output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// It has ended with this code, and said so in one line with these words.
#[track_caller]
fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert!(line.starts_with(&format!("xenon: ({code}) ")) && line.lines().count() == 1, "{line}");
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}");
    }
}

#[track_caller]
fn assert_answered(output: &Output) {
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "hello".into()), "{}", text(&output.stderr));
}

/// Nothing has come inside TLS.
#[track_caller]
fn assert_silent(seen: &[Seen]) {
    for one in seen {
        assert_eq!(text(&one.content), "");
        assert!(one.end.is_some(), "a refusal is no farewell");
    }
}

#[test]
fn what_is_trusted_and_what_is_not() {
    let (authority, other) = (Authority::new("an authority"), Authority::new("another"));
    let issued = authority.issue(Kind::P256);
    let alone = self_signed();
    let both = other.pem.clone() + &authority.pem;
    let files = [
        ("ca.pem", &*authority.pem),
        ("other.pem", &*other.pem),
        ("both.pem", &*both),
        ("leaf.pem", &*issued.certificate),
        ("alone.pem", &*alone.certificate),
    ];
    let folder = Folder::with("trust", &files);
    for (issued, arguments, is_accepted) in [
        (&issued, "--cacert ca.pem", true),
        (&issued, "--cacert both.pem", true),
        (&issued, "--add-cacert other.pem --add-cacert ca.pem", true),
        (&issued, "--cacert other.pem --add-cacert ca.pem", true),
        (&issued, "--pin leaf.pem", true),
        (&issued, "--cacert other.pem --pin leaf.pem", true),
        (&issued, "--cacert other.pem", false),
        (&issued, "--add-cacert other.pem", false),
        (&issued, "--pin alone.pem", false),
        (&issued, "-s -S", false),
        (&alone, "--pin alone.pem", true),
        (&alone, "--pin leaf.pem", false),
        (&alone, "--cacert ca.pem", false),
    ] {
        let server = Server::start(issued, &Terms::default(), 1);
        let output = folder.xenon(&format!("{arguments} https://127.0.0.1:{}/", server.port()));
        let seen = server.finish();
        if is_accepted {
            assert_answered(&output);
            assert!(seen[0].content.starts_with(b"GET / HTTP/1.1\r\n"));
        } else {
            assert_refused(&output, 60, &["none of the trusted roots has issued it", "--cacert", "--pin"]);
            assert_silent(&seen);
        }
    }
}

#[test]
fn a_certificate_that_is_not_accepted_is_60_and_says_why() {
    let authority = Authority::new("an authority");
    let folder = Folder::with("certificates", &[("ca.pem", &authority.pem)]);
    let past = |params: &mut rcgen::CertificateParams| params.not_after = date_time_ymd(2001, 1, 1);
    let future = |params: &mut rcgen::CertificateParams| params.not_before = date_time_ymd(2990, 1, 1);
    let both = authority.issue_with(Kind::P256, &["other.test"], past);
    for (issued, words) in [
        (authority.issue_with(Kind::P256, &NAMES, past), &["it has expired", "--pin"][..]),
        (authority.issue_with(Kind::P256, &NAMES, future), &["it is not valid yet"]),
        (authority.issue_with(Kind::P256, &["other.test"], |_| {}), &["it is for another name"]),
        (authority.issue_with(Kind::P256, &["localhost"], |_| {}), &["it is for another name"]),
        (both, &["it has expired, it is for another name"]),
        (Authority::new("another").issue_with(Kind::P256, &NAMES, past), &["expired", "none of the trusted roots"]),
    ] {
        let server = Server::start(&issued, &Terms::default(), 1);
        let output = folder.xenon(&format!("--cacert ca.pem https://127.0.0.1:{}/", server.port()));
        assert_refused(&output, 60, words);
        assert_silent(&server.finish());
    }
}

#[test]
fn what_was_refused_can_be_written_and_pinned() {
    let issued = self_signed();
    let folder = Folder::new("written");
    let server = Server::start(&issued, &Terms::default(), 2);
    let url = format!("https://localhost:{0}/ --resolve localhost:{0}:127.0.0.1", server.port());
    let output = folder.xenon(&format!("-w %{{certs}} {url}"));
    assert_refused(&output, 60, &["-w '%{certs}' writes it"]);
    folder.write("seen.pem", &text(&output.stdout));
    assert_answered(&folder.xenon(&format!("--pin seen.pem {url}")));
    server.finish();
}

#[test]
fn a_handshake_that_fails_is_35() {
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::P256);
    let folder = Folder::with("versions", &[("ca.pem", &authority.pem)]);
    for (version, arguments) in [(&version::TLS12, "--tlsv1.3"), (&version::TLS13, "--tls-max 1.2")] {
        let server = Server::start(&issued, &Terms { versions: &[version], ..Terms::default() }, 2);
        let url = format!("--cacert ca.pem https://127.0.0.1:{}/", server.port());
        assert_refused(&folder.xenon(&format!("{arguments} {url}")), 35, &["protocol_version"]);
        assert_answered(&folder.xenon(&url));
        let seen = server.finish();
        assert_silent(&seen[..1]);
    }
    let record = |kind: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3, length[0], length[1]], content].concat()
    };
    for (answer, words) in [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(), "does not speak TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "does not speak TLS"),
        (vec![0; 100], "TLS"),
        (Vec::new(), "closed the connection in the TLS handshake"),
        (record(21, &[2, 40]), "handshake_failure"),
        (record(21, &[2, 112]), "unrecognized_name"),
        (record(22, &[0; 100]), "TLS"),
        (record(22, &[2, 0xff, 0xff, 0xff]), "TLS"),
        ([&[22, 3, 3, 0xff, 0xff][..], &[0; 70_000]].concat(), "TLS"),
        (record(23, b"hello"), "TLS"),
        (record(22, &[14, 0, 0, 0]), "TLS"),
    ] {
        let raw = Raw::start(answer, Then::Close);
        let output = folder.xenon(&format!("https://127.0.0.1:{}/", raw.port()));
        assert_refused(&output, 35, &[words]);
        raw.finish().assert_no_content();
    }
}

#[test]
fn a_handshake_that_takes_too_long_is_28() {
    let folder = Folder::new("stalled");
    for (answer, arguments) in
        [(&b""[..], "--tls-timeout 0.2"), (&[22, 3, 3, 0, 90, 2, 0], "--tls-timeout 0.2"), (b"", "-m 0.3")]
    {
        let raw = Raw::start(answer.to_vec(), Then::Stall);
        let output = folder.xenon(&format!("{arguments} https://127.0.0.1:{}/", raw.port()));
        assert_refused(&output, 28, &["took longer"]);
        raw.finish().assert_no_content();
    }
}

#[test]
fn files_that_cannot_be_used_are_58_or_77() {
    let authority = Authority::new("an authority");
    let (one, other) = (authority.issue(Kind::P256), authority.issue(Kind::P256));
    let folder = Folder::with(
        "files",
        &[
            ("empty.pem", ""),
            ("text.pem", "no PEM in it\n"),
            ("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            ("cut.pem", &authority.pem[..100]),
            ("key.pem", &one.key),
            ("leaf.pem", &one.certificate),
            ("other-key.pem", &other.key),
        ],
    );
    let url = format!("https://127.0.0.1:{}/", refusing_port());
    for option in ["--cacert", "--add-cacert", "--pin"] {
        for (name, words) in [
            ("missing.pem", "cannot read \"missing.pem\""),
            ("empty.pem", "there is no certificate in it"),
            ("text.pem", "\"text.pem\" cannot be used"),
            ("broken.pem", "\"broken.pem\" cannot be used"),
            ("cut.pem", "\"cut.pem\" cannot be used"),
            ("key.pem", "there is no certificate in it"),
        ] {
            assert_refused(&folder.xenon(&format!("{option} {name} {url}")), 77, &[words]);
        }
    }
    for (arguments, words) in [
        ("--cert missing.pem", "cannot read \"missing.pem\""),
        ("--cert leaf.pem --key missing.pem", "cannot read \"missing.pem\""),
        ("--cert empty.pem --key key.pem", "there is no certificate in it"),
        ("--cert broken.pem --key key.pem", "\"broken.pem\" cannot be used"),
        ("--cert leaf.pem", "there is no private key in it"),
        ("-E leaf.pem --key leaf.pem", "there is no private key in it"),
        ("--cert leaf.pem --key text.pem", "private key"),
        ("--cert leaf.pem --key other-key.pem", "does not belong to the certificate"),
    ] {
        assert_refused(&folder.xenon(&format!("{arguments} {url}")), 58, &[words]);
    }
    // All files are good, so it comes to connecting.
    assert_refused(&folder.xenon(&format!("--cacert leaf.pem --cert leaf.pem --key key.pem {url}")), 7, &[]);
    // As in curl, a file that is for TLS alone is not looked at without it.
    assert_refused(&folder.xenon(&format!("--cacert missing.pem {}", url.replace("https", "http"))), 7, &[]);
}

#[test]
fn an_encrypted_key_is_58() {
    let Some(_) = openssl(&["version"]) else { return };
    let issued = Authority::new("an authority").issue(Kind::P256);
    let folder = Folder::with("encrypted", &[("leaf.pem", &issued.certificate), ("key.pem", &issued.key)]);
    let (key, encrypted) = (folder.0.join("key.pem"), folder.0.join("encrypted.pem"));
    let (key, encrypted) = (key.to_str().unwrap(), encrypted.to_str().unwrap());
    openssl(&["pkcs8", "-topk8", "-in", key, "-out", encrypted, "-passout", "pass:secret"]);
    let output = folder.xenon("--cert leaf.pem --key encrypted.pem https://127.0.0.1:1/");
    assert_refused(&output, 58, &["encrypted"]);
}

#[test]
fn a_client_shows_its_certificate() {
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::P256);
    let Issued { certificate, key } = authority.issue(Kind::P384);
    let both = key.clone() + &certificate;
    let files = [("ca.pem", &*authority.pem), ("me.pem", &*certificate), ("key.pem", &*key), ("both.pem", &*both)];
    let folder = Folder::with("identity", &files);
    for version in [&version::TLS12, &version::TLS13] {
        let terms = Terms { versions: &[version], clients: Some(&authority), ..Terms::default() };
        let server = Server::start(&issued, &terms, 3);
        let url = format!("--cacert ca.pem https://127.0.0.1:{}/", server.port());
        assert_answered(&folder.xenon(&format!("--cert me.pem --key key.pem {url}")));
        assert_answered(&folder.xenon(&format!("-E both.pem {url}")));
        assert_refused(&folder.xenon(&url), 35, &["certificate_required", "--cert"]);
        assert_eq!(text(&server.finish()[2].content), "", "the server has taken nothing");
    }
}

#[test]
fn handshakes_are_told_and_measured() {
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::P256);
    let folder = Folder::with("told", &[("ca.pem", &authority.pem)]);
    let format = "%{ssl_version}|%{ssl_cipher}|%{ssl_resumed}|%{num_connects}|%{num_certs}|%{time_connect}|\
        %{time_appconnect}|%{time_starttransfer}\\n";
    for (arguments, version, suite) in [
        ("", "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        ("--tls-max 1.2 ", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ] {
        let server = Server::start(&issued, &Terms::default(), 3);
        let url = format!("{arguments}--cacert ca.pem https://127.0.0.1:{}/ -o got", server.port());
        let lines = |arguments: &str| -> Vec<Vec<String>> {
            let output = folder.xenon(&format!("{arguments} {url} -w {format}"));
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            text(&output.stdout).lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
        };
        let kept = lines("--repeat 2");
        let again = lines("--repeat 2 --no-keepalive");
        for (line, resumed, connects) in
            [(&kept[0], "0", "1"), (&kept[1], "0", "0"), (&again[0], "0", "1"), (&again[1], "1", "1")]
        {
            assert_eq!(line[..5], [version, suite, resumed, connects, "1"]);
            let times: Vec<f64> = line[5..].iter().map(|time| time.parse().unwrap()).collect();
            assert!(times[0] > 0.0 && times.is_sorted(), "{times:?}");
        }
        server.finish();
    }

    let server = Server::start(&issued, &Terms::default(), 2);
    let url = format!("--cacert ca.pem https://127.0.0.1:{}/", server.port());
    let output = folder.xenon(&format!("-v --repeat 2 --no-keepalive {url}"));
    let told = text(&output.stderr);
    let handshake = "* SSL connection using TLSv1.3 / TLS_CHACHA20_POLY1305_SHA256";
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with(handshake)).collect();
    assert_eq!(lines, [handshake, &format!("{handshake}, resumed")], "{told}");
    assert!(told.contains("* ALPN: server did not agree on a protocol\n"), "{told}");
    assert!(told.find(handshake) < told.find("> GET / HTTP/1.1"), "{told}");
    server.finish();
}
