//! Real content, coded by the reference tools at all kinds of levels and windows, is what it was.

use std::fs;
use std::path::Path;

use xenon_harness::coders::coded;
use xenon_harness::component::ErrorCode;

use crate::{Which, answering, decoding, guest, read};

/// A text, code, and what compresses little.
fn contents() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = |name: &str| fs::read(root.join(name)).unwrap();
    let component = fs::read(xenon_harness::guests().join("xenon.wasm")).unwrap();
    // Repetitions that are far apart.
    let twice = [&component[..], &file("Cargo.lock"), &component].concat();
    vec![Vec::new(), b"x".to_vec(), file("wit/session.wit"), file("tests/coding/vectors/mixed.gzip"), twice]
}

#[test]
fn gzip() {
    assert_decoded(Which::Usual, "gzip", "gzip", &[&["-c", "-1"], &["-c", "-6"], &["-c", "-9", "-N"]]);
}

#[test]
fn zstd() {
    let ways: &[&[&str]] = &[
        &["-q", "-c", "--fast=5"],
        &["-q", "-c", "-1", "--no-check"],
        &["-q", "-c", "-3", "--long=23"],
        &["-q", "-c", "-9", "--zstd=wlog=10"],
        &["-q", "-c", "-15", "--no-compress-literals"],
        &["-q", "-c", "-19"],
    ];
    assert_decoded(Which::Usual, "zstd", "zstd", ways);
}

#[test]
fn br() {
    let ways: &[&[&str]] = &[
        &["-c", "-q", "0"],
        &["-c", "-q", "1", "-w", "10"],
        &["-c", "-q", "5", "-w", "24"],
        &["-c", "-q", "9", "-w", "16"],
        &["-c", "-q", "11"],
    ];
    assert_decoded(Which::Full, "br", "brotli", ways);
}

/// What the full component offers, and what it can do beside br.
#[test]
fn the_component_with_every_feature_decodes_all_of_them() {
    let content = &contents()[2];
    for (coding, program, arguments) in
        [("gzip", "gzip", &["-c"][..]), ("zstd", "zstd", &["-q", "-c"]), ("br", "brotli", &["-c"])]
    {
        let Some(bytes) = coded(program, arguments, content.as_slice()) else { continue };
        let script = xenon_harness::peer::Script::new()
            .expect_head_with(&["Accept-Encoding: gzip, deflate, br, zstd"])
            .send([crate::head(coding, bytes.len() as u64).as_bytes(), &bytes].concat());
        let peer = xenon_harness::peer::Peer::start([script]);
        let guest = guest(Which::Full);
        assert!(decoding(&guest, &peer).get("/").unwrap().content == *content, "{coding}");
        peer.finish();
    }
}

#[test]
fn several_members_and_frames_are_one_content() {
    for (coding, arguments) in [("gzip", &["-c"][..]), ("zstd", &["-q", "-c"])] {
        let contents = &contents()[..4];
        let members: Option<Vec<_>> =
            contents.iter().map(|content| coded(coding, arguments, content.as_slice())).collect();
        let Some(members) = members else { continue };
        let peer = answering(coding, &members.concat());
        let guest = guest(Which::Usual);
        assert!(decoding(&guest, &peer).get("/").unwrap().content == contents.concat(), "{coding}");
        peer.finish();
    }
}

#[test]
fn zstd_with_a_window_of_more_than_8_mib_is_refused() {
    let content: Vec<u8> = (0..9 << 20).map(|place: u32| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let Some(bytes) = coded("zstd", &["-q", "-c", "-1", "--long=24"], content.as_slice()) else { return };
    let peer = answering("zstd", &bytes);
    let guest = guest(Which::Usual);
    let error = decoding(&guest, &peer).get("/").unwrap_err();
    assert!(error.code == ErrorCode::ContentCoding && error.detail.contains("window"), "{error:?}");
    drop(peer);
}

fn assert_decoded(which: Which, coding: &str, program: &str, ways: &[&[&str]]) {
    for content in contents() {
        for way in ways {
            let Some(bytes) = coded(program, way, content.as_slice()) else { return };
            let peer = answering(coding, &bytes);
            let guest = guest(which);
            let session = decoding(&guest, &peer);
            let response = session.request("GET", "/").send().unwrap();
            assert_eq!(response.codings(), [coding]);
            let mut decoded = Vec::new();
            read(&response, |piece| decoded.extend_from_slice(piece)).unwrap();
            assert!(decoded == content, "{program} {way:?}, {} bytes", content.len());
            peer.finish();
        }
    }
}
