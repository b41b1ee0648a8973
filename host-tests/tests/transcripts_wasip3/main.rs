//! Transcripts over real sockets, through the face over WASI 0.3: the same files, server and rules as those of the face over WASI
//! 0.2 (`../transcripts`), and another way to send a request.

#[path = "../transcripts/client.rs"]
mod client;
#[path = "../../../tests/transcripts/format.rs"]
#[allow(dead_code, reason = "how long a client does nothing is not waited for")]
mod format;
#[path = "../transcripts/names.rs"]
mod names;
#[path = "../../../tests/transcripts/parser.rs"]
mod parser;
#[path = "../transcripts/rules.rs"]
mod rules;
#[path = "../transcripts/server.rs"]
mod server;
#[path = "../transcripts/suite.rs"]
mod suite;

mod exchange;

use std::process::ExitCode;

use xenon_harness::wasip3 as component;

fn main() -> ExitCode {
    suite::run(400, LEFT_OUT, Vec::new())
}

/// Transcripts that this face does not have, by name, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("reuse/unread-and-much", A_PIECE_OUT),
    ("upload/too-long", TOO_LONG),
    ("upload/trailers-that-cannot-be", WRONG_TRAILERS),
    ("upload/trailers-that-would-split", WRONG_TRAILERS),
];

const A_PIECE_OUT: &str =
    "content that is just more than may be drained, but a piece of it is on its way to the reader already";
const TOO_LONG: &str = "a piece that is refused and written again, but a stream has one end";
const WRONG_TRAILERS: &str = "trailers that are refused while the exchange goes on, but they come once, and end it";
