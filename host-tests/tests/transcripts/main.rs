//! Transcripts over real sockets: the same files that tests/transcripts.rs runs over the simulated network, here through the
//! built component under wasmtime, against a server at a port of 127.0.0.1.
//!
//! What those of the native test prove for every way of cutting, these prove for the whole of the thing that is shipped:
//! the exports, `wasi:sockets`, and a system's TCP. Which transcripts that cannot be done with, `rules` says.

#[path = "../../../tests/transcripts/format.rs"]
#[allow(dead_code, reason = "how long a client does nothing is not waited for")]
mod format;
#[path = "../../../tests/transcripts/parser.rs"]
mod parser;

mod client;
mod exchange;
mod names;
mod rules;
mod server;
mod suite;

use std::process::ExitCode;

use format::Case;
use libtest_mimic::{Failed, Trial};
use server::Cut;
use suite::run_one;
use xenon_harness::component;

fn main() -> ExitCode {
    let wrong = Trial::test("a_transcript_that_is_wrong_fails_over_sockets", a_transcript_that_is_wrong_fails);
    suite::run(430, &[], vec![wrong])
}

fn a_transcript_that_is_wrong_fails() -> Result<(), Failed> {
    let good = "proves: x\nget /\n> GET / HTTP/1.1\n> Host: origin.test\n>\n\
                < HTTP/1.1 200 OK\n< Content-Length: 1\n<\n<|a\n= 200 \"a\" kept\n";
    run_one(good, Cut::Whole)?;
    run_one(good, Cut::Bytes)?;
    let table = [
        ("> GET /", "> GET /x", "came"),
        (">\n<", "> X: y\n>\n<", "came"),
        ("> GET", "! client-end\n> GET", "nobody expected"),
        (">\n<", "! close\n<", "nobody expected"),
        ("= 200", "= 201", "status"),
        ("\"a\"", "\"b\"", "content"),
        ("kept", "closed failed", "what became of connections"),
        ("kept", "strayed", "let another request follow"),
        ("kept", "kept\nclose-connection\n= closed failed", "what became of connections"),
        ("200 \"a\" kept", "error head HTTP-protocol-error kept", "error"),
        ("<|a\n", "<|a\n! connection\n<|x\n", "nobody made"),
        ("<|a\n", "<|a\n> GET\n", "the client ended before"),
        ("kept\n", "kept\nwith took 1s\n", "the time"),
        ("kept\n", "kept\nwith field Content-Length: 2\n", "Content-Length"),
        ("kept\n", "kept\nwith no-field content-length\n", "content-length"),
        ("kept\n", "kept\nwith interim 100\n", "interim"),
        ("kept\n", "kept\nwith trailer A: b\n", "trailers"),
        ("kept\n", "kept\nwith retry\n", "a retry"),
        ("kept\n", "kept\nwith reason Fine\n", "reason"),
        ("kept\n", "kept\nwith version HTTP/1.0\n", "version"),
        ("kept\n", "kept\nwith length none\n", "length"),
        ("kept\n", "kept\nwith write-error early-response\n", "the error of writing"),
        ("<|a\n", "<|ab\n", "what became of connections"),
    ];
    for (from, to, words) in table {
        assert!(good.contains(from), "{from}");
        let error = client::run(Case::parse(&good.replace(from, to))?, Cut::Whole).expect_err(to);
        assert!(error.contains(words), "{to}: {error}");
    }
    Ok(())
}
