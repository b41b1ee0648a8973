//! `--compressed`: content codings.

use std::io::{Read, repeat};

use xenon_harness::apache::{self, Apache, Area};
use xenon_harness::coders::coded;
use xenon_harness::nginx::{Nginx, content};
use xenon_harness::peer::{Peer, Script};

use crate::support::*;

const HELLO: &[u8] = b"hello, hello, hello";

/// `HELLO` in each form: its `Content-Encoding`, and its bytes.
const CODED: [(&str, &[u8]); 5] = [
    ("gzip", include_bytes!("../../../tests/coding/vectors/short.gzip")),
    ("x-gzip", include_bytes!("../../../tests/coding/vectors/short.gzip")),
    ("deflate", include_bytes!("../../../tests/coding/vectors/short-zlib.deflate")),
    ("deflate", include_bytes!("../../../tests/coding/vectors/short-raw.deflate")),
    ("zstd", include_bytes!("../../../tests/coding/vectors/short.zstd")),
];

const GZIP: &[u8] = CODED[0].1;

fn response(coding: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), content].concat()
}

/// A peer that sends this to a request with this line in its head.
fn answering_with(line: &str, response: Vec<u8>) -> Peer {
    Peer::start([Script::new().expect_head_with(&[line]).send(response)])
}

#[test]
fn each_coding_is_asked_for_and_taken_off() {
    let folder = Folder::new("each-coding");
    for (coding, bytes) in CODED {
        let peer = answering_with("Accept-Encoding: gzip, deflate, zstd", response(coding, bytes));
        let output = folder.xenon(&["--compressed", "-w", "|%{size_download} %{http_code}", &url(&peer)]);
        peer.finish();
        // The size is that of the wire.
        assert_written(&output, &[HELLO, format!("|{} 200", bytes.len()).as_bytes()].concat());
    }
}

#[test]
fn without_the_option_nothing_is_decoded() {
    let folder = Folder::new("undecoded");
    let peer = Peer::start([Script::new()
        .expect_head(|head| match head.to_lowercase().contains("accept-encoding") {
            true => Err("nobody asked for a coding".into()),
            false => Ok(()),
        })
        .send(response("gzip", GZIP))]);
    assert_written(&folder.xenon(&[&url(&peer)]), GZIP);
    peer.finish();

    let peer = answering_with("Accept-Encoding: gzip", response("gzip", GZIP));
    assert_written(&folder.xenon(&["-H", "Accept-Encoding: gzip", &url(&peer)]), GZIP);
    peer.finish();
}

#[test]
fn a_field_of_the_users_own_stays_and_is_not_left_out() {
    let folder = Folder::new("own-field");
    let peer = answering_with("accept-encoding: gzip;q=0.5", response("gzip", GZIP));
    assert_written(&folder.xenon(&["--compressed", "-H", "accept-encoding: gzip;q=0.5", &url(&peer)]), HELLO);
    peer.finish();
    assert_refused(&folder.xenon(&["--compressed", "-H", "Accept-Encoding:", "http://127.0.0.1:1/"]), 2);
}

#[test]
fn what_cannot_be_decoded_is_61() {
    let folder = Folder::new("refused-codings");
    let corrupt = |at: usize| {
        let mut bytes = GZIP.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let end = GZIP.len();
    // With a window of more than 8 MiB.
    let wide = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x70];
    for (coding, bytes, words) in [
        ("gzip", GZIP[..end - 1].to_vec(), "truncated"),
        ("gzip", GZIP[..12].to_vec(), "truncated"),
        ("gzip", corrupt(0), "not gzip"),
        ("gzip", corrupt(end - 8), "checksum"),
        ("gzip", corrupt(end - 4), "length"),
        ("gzip", [GZIP, b"rubbish"].concat(), "follow the end"),
        ("deflate", b"nonsense".to_vec(), "not DEFLATE"),
        ("zstd", b"nonsense".to_vec(), "not zstd"),
        ("zstd", wide.to_vec(), "window"),
        ("compress", b"x".to_vec(), "\"compress\" is not supported"),
        ("br", b"x".to_vec(), "\"br\" is not supported"),
        ("gzip, gzip, gzip", GZIP.to_vec(), "more than 2 codings"),
        ("gzip;q=1", GZIP.to_vec(), "is not supported"),
    ] {
        let peer = answering_with("GET /a HTTP/1.1", response(coding, &bytes));
        let output = folder.xenon(&["--compressed", &url(&peer)]);
        peer.finish();
        assert_refused(&output, 61);
        assert!(text(&output.stderr).contains(words), "{coding}: {output:?}");
        assert!(HELLO.starts_with(&output.stdout), "{output:?}");
    }
}

#[test]
fn two_codings_come_off_in_turn() {
    let folder = Folder::new("two-codings");
    let Some(twice) = coded("zstd", &["-q", "-c"], GZIP) else { return };
    let peer = answering_with("GET /a HTTP/1.1", response("gzip, zstd", &twice));
    let output = folder.xenon(&["-v", "--compressed", &url(&peer)]);
    peer.finish();
    assert_written(&output, HELLO);
    assert!(text(&output.stderr).contains("\n* Decoding gzip, zstd\n"), "{output:?}");
}

#[test]
fn heads_are_written_as_they_came() {
    let folder = Folder::new("coded-heads");
    let whole = response("gzip", GZIP);
    let head = &whole[..whole.len() - GZIP.len()];
    let peer = answering_with("GET /a HTTP/1.1", whole.clone());
    assert_written(&folder.xenon(&["-i", "--compressed", &url(&peer)]), &[head, HELLO].concat());
    peer.finish();
    let peer = answering_with("HEAD /a HTTP/1.1", head.to_vec());
    assert_written(&folder.xenon(&["-I", "--compressed", &url(&peer)]), head);
    peer.finish();
}

#[test]
fn a_part_is_written_as_it_came() {
    let folder = Folder::new("coded-part");
    let part = "HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 1-2/9\r\nContent-Length: 2\r\n\r\nab";
    let peer = answering_with("Range: bytes=1-2", part.into());
    assert_written(&folder.xenon(&["--compressed", "-r", "1-2", &url(&peer)]), b"ab");
    peer.finish();
}

#[test]
fn the_connection_is_kept_after_coded_content() {
    let folder = Folder::new("coded-and-kept");
    let script = (0..3).fold(Script::new(), |script, _| script.expect_head_with(&[]).send(response("gzip", GZIP)));
    let peer = Peer::start([script]);
    let output = folder.xenon(&["--compressed", "--repeat", "3", "-w", "|%{num_connects}\n", &url(&peer)]);
    peer.finish();
    let expected = ["|1\n", "|0\n", "|0\n"].map(|end| [HELLO, end.as_bytes()].concat()).concat();
    assert_written(&output, &expected);
}

#[test]
fn nginx_sends_gzip() {
    const LENGTH: usize = 300_000;
    let folder = Folder::new("nginx-gzip");
    let Some(nginx) = Nginx::start(&[("/gzip/a", LENGTH)]) else { return };
    let url = format!("http://127.0.0.1:{}/gzip/a", nginx.port());
    let expected: Vec<u8> = content(LENGTH).collect();
    for (option, is_coded) in [("--compressed", true), ("-s", false)] {
        let output = folder.xenon(&[option, "-o", "a", "-w", "%{size_download}", "--repeat", "2", &url]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(std::fs::read(folder.path("a")).unwrap() == expected);
        let sizes = text(&output.stdout);
        let (one, two) = sizes.split_at(sizes.len() / 2);
        assert_eq!(one, two);
        assert_eq!(one.parse::<usize>().unwrap() < LENGTH, is_coded);
    }
    let served = nginx.served();
    assert!(served[0].sent < LENGTH as u64 && served[1].connection == served[0].connection, "{served:?}");
    assert!(served[3].sent == LENGTH as u64);
}

#[test]
fn apache_sends_gzip() {
    let folder = Folder::new("apache-deflate");
    let Some(apache) = Apache::start(&[Area { path: "/", directives: "SetOutputFilter DEFLATE", ..Area::default() }])
    else {
        return;
    };
    let url = format!("http://127.0.0.1:{}/large", apache.port());
    let output = folder.xenon(&["--compressed", "-v", &url]);
    assert_written(&output, apache::large().as_bytes());
    assert!(text(&output.stderr).contains("\n* Decoding gzip\n"), "{output:?}");
    assert_written(&folder.xenon(&[&url]), apache::large().as_bytes());
}

const GIB: u64 = 1 << 30;

/// A gibibyte of zeros in zstd: 8,192 blocks of one byte each, 128 KiB long.
fn zeros_in_zstd() -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3], [0b010, 0, 0x10, 0].repeat(8192).as_slice(), &[1, 0, 0]].concat()
}

fn zeros_in_gzip() -> Option<Vec<u8>> {
    coded("gzip", &["-1", "-c"], repeat(0).take(GIB))
}

#[test]
fn a_gibibyte_in_few_bytes_goes_through() {
    let folder = Folder::new("bombs");
    for (coding, bytes) in [("zstd", Some(zeros_in_zstd())), ("gzip", zeros_in_gzip())] {
        let Some(bytes) = bytes else { continue };
        let peer = answering_with("GET /a HTTP/1.1", response(coding, &bytes));
        let output = folder.xenon(&["--compressed", "-o", "/dev/null", "-w", "%{size_download}", &url(&peer)]);
        peer.finish();
        assert_written(&output, bytes.len().to_string().as_bytes());
    }
}

#[test]
fn decoded_content_is_limited_by_max_filesize() {
    let folder = Folder::new("limited-bombs");
    for (coding, bytes) in [("zstd", Some(zeros_in_zstd())), ("gzip", zeros_in_gzip())] {
        let Some(bytes) = bytes else { continue };
        // Its own length is within the limit.
        assert!(bytes.len() < 5_000_000);
        let peer = Peer::start([Script::new().expect_head_with(&[]).send_until_closed(response(coding, &bytes))]);
        let output = folder.xenon(&["--compressed", "--max-filesize", "5000000", "-o", "a", &url(&peer)]);
        peer.finish();
        assert_refused(&output, 63);
        assert!(std::fs::metadata(folder.path("a")).unwrap().len() <= 5_000_000);
    }
    let peer = answering_with("GET /a HTTP/1.1", response("gzip", GZIP));
    assert_written(&folder.xenon(&["--compressed", "--max-filesize", "100", &url(&peer)]), HELLO);
    peer.finish();
}
