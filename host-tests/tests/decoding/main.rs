//! Content codings through the built component: what the reference tools have coded, and content that decodes to much more.

mod bombs;
mod tools;
mod ways;

use std::time::Duration;

use xenon_harness::component::{Error, Guest, Response, Session, Setup};
use xenon_harness::peer::{Peer, Script};

/// What an instance has that decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// `xenon.wasm`.
    Usual,
    /// `xenon-full.wasm`.
    Full,
}

fn guest(which: Which) -> Guest {
    Guest::with(Setup { full: which == Which::Full, patience: Duration::from_secs(300), ..Setup::default() })
}

fn head(coding: &str, length: u64) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n")
}

/// A peer that answers one request with this content.
fn answering(coding: &str, content: &[u8]) -> Peer {
    let response = [head(coding, content.len() as u64).as_bytes(), content].concat();
    Peer::start([Script::new().expect_head(|_| Ok(())).send(response)])
}

/// A session with the peer that decodes.
fn decoding(guest: &Guest, peer: &Peer) -> Session {
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.change_options(|options| options.set_decoding(true));
    session
}

/// Reads to the end, in pieces of the largest size.
fn read(response: &Response, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
    while let Some(piece) = response.read(u32::MAX)? {
        assert!((1..=1 << 16).contains(&piece.len()));
        take(&piece);
    }
    Ok(())
}
