//! A gibibyte of zeros in few bytes: it comes out in pieces, in memory that does not grow with it.

use std::io::{Read, repeat};

use xenon_harness::coders::coded;
use xenon_harness::component::{ErrorCode, Phase};
use xenon_harness::peer::Peer;

use crate::{Which, answering, decoding, guest, read};

const GIB: u64 = 1 << 30;

/// What decoding may take, in linear memory, beside what the same instance takes for content without a coding.
const MOST: usize = 12 << 20;

/// Of br, whose window alone is as large.
const MOST_OF_BR: usize = 17 << 20;

#[test]
fn gzip_in_flat_memory() {
    explode(Which::Usual, "gzip", coded("gzip", &["-1", "-c"], zeros()), 1 << 20);
}

#[test]
fn zstd_in_flat_memory() {
    // A window of 8 MiB, the largest that is allowed.
    explode(Which::Usual, "zstd", coded("zstd", &["-q", "-c", "-3", "--long=23"], zeros()), MOST);
}

#[test]
fn br_in_flat_memory() {
    explode(Which::Full, "br", coded("brotli", &["-c", "-q", "2", "-w", "24"], zeros()), MOST_OF_BR);
}

#[test]
fn two_codings_in_flat_memory() {
    let Some(once) = coded("gzip", &["-1", "-c"], zeros()) else { return };
    let twice = coded("gzip", &["-9", "-c"], once.as_slice());
    assert!(twice.as_ref().is_some_and(|twice| twice.len() < 20_000));
    explode(Which::Usual, "gzip, gzip", twice, 2 << 20);
}

#[test]
fn the_limit_of_decoded_content_ends_it() {
    let bytes = coded("zstd", &["-q", "-c", "-3"], zeros());
    let Some(bytes) = bytes else { return };
    let peer = answering("zstd", &bytes);
    let guest = guest(Which::Usual);
    let session = decoding(&guest, &peer);
    session.change_options(|options| options.set_max_decoded_content(1_000_000));
    let response = session.request("GET", "/").send().unwrap();
    let mut length = 0;
    let error = read(&response, |piece| length += piece.len()).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Body, ErrorCode::HttpResponseBodySize));
    assert!(length <= 1_000_000, "{length}");
    peer.finish();
}

#[test]
fn whole_content_has_its_limit_after_decoding() {
    let Some(bytes) = coded("gzip", &["-1", "-c"], zeros().take(17 << 20)) else { return };
    let peer = answering("gzip", &bytes);
    let guest = guest(Which::Usual);
    let error = decoding(&guest, &peer).get("/").unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Body, ErrorCode::HttpResponseBodySize));
    assert!(guest.peak_memory() < 40 << 20, "{}", guest.peak_memory());
    peer.finish();
}

fn zeros() -> impl Read + Send {
    repeat(0).take(GIB)
}

/// Reads them, and looks at the peak of linear memory.
fn explode(which: Which, coding: &str, bytes: Option<Vec<u8>>, most: usize) {
    let Some(bytes) = bytes else { return };
    assert!(bytes.len() < 6 << 20, "{}", bytes.len());
    let mut peaks = [0; 2];
    for (peak, is_decoding) in peaks.iter_mut().zip([false, true]) {
        let peer = answering(coding, &bytes);
        let length = drain(which, &peer, is_decoding, peak);
        assert_eq!(length, if is_decoding { GIB } else { bytes.len() as u64 });
        peer.finish();
    }
    let [plain, decoding] = peaks;
    println!("\n| {coding} | {} bytes | {} bytes of memory more |", bytes.len(), decoding - plain);
    assert!(decoding - plain <= most, "{} bytes of memory more than {plain}", decoding - plain);
}

fn drain(which: Which, peer: &Peer, is_decoding: bool, peak: &mut usize) -> u64 {
    let guest = guest(which);
    let session = decoding(&guest, peer);
    session.change_options(|options| options.set_decoding(is_decoding));
    let response = session.request("GET", "/").send().unwrap();
    let mut length = 0;
    read(&response, |piece| {
        length += piece.len() as u64;
        assert!(!is_decoding || piece.iter().all(|byte| *byte == 0));
    })
    .unwrap();
    *peak = guest.peak_memory();
    length
}
