//! Transcripts: what the client sends, what the server sends, and what comes of it, a file a case (see
//! `transcripts/format.rs`), each over the simulated network with its bytes cut in many ways. Every way must come to the
//! same.

#[path = "transcripts/format.rs"]
mod format;
#[path = "transcripts/names.rs"]
mod names;
#[path = "transcripts/parser.rs"]
mod parser;
#[path = "transcripts/runner.rs"]
mod runner;

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use format::{Act, Case, Step};
use runner::Way;
use xenon::net::sim::Segments;

/// One test for each folder, and one that there are no others.
macro_rules! folders {
    ($($test:ident: $folder:literal,)*) => {
        $(#[test] fn $test() { run_folder($folder); })*

        const FOLDERS: &[&str] = &[$($folder),*];
    };
}

folders! {
    chunked: "chunked",
    connect_and_upgrade: "connect-and-upgrade",
    early_response: "early-response",
    errors: "errors",
    expect: "expect",
    framing: "framing",
    heads: "heads",
    http10: "http10",
    interim: "interim",
    limits: "limits",
    requests: "requests",
    retry: "retry",
    reuse: "reuse",
    trailers: "trailers",
    upload: "upload",
}

/// More than this, of all that connections send, is not cut into single bytes.
const LONG: usize = 100_000;

#[test]
fn every_file_is_in_a_folder_that_is_run() {
    let mut strangers = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_known = if path.is_dir() { FOLDERS.contains(&name.as_str()) } else { name.ends_with(".rs") };
        if !is_known {
            strangers.push(name);
        }
    }
    assert!(strangers.is_empty(), "nobody runs {strangers:?}");
    let cases: usize = FOLDERS.iter().map(|folder| files(folder).len()).sum();
    say(&format!("{cases} transcripts in {} folders", FOLDERS.len()));
    assert!(cases >= 150, "only {cases} transcripts: where have the others gone?");
}

#[test]
fn a_transcript_that_is_wrong_fails() {
    let good = "proves: x\nget /\n> GET / HTTP/1.1\n> Host: origin.test\n>\n\
                < HTTP/1.1 200 OK\n< Content-Length: 1\n<\n<|a\n= 200 \"a\" kept\n";
    assert_eq!(run_text(good), Ok(()));
    let table = [
        ("> GET /", "> GET /x", "the server"),
        ("= 200", "= 201", "status"),
        ("\"a\"", "\"b\"", "content"),
        ("kept", "closed failed", "what became of connections"),
        ("kept", "strayed", "let another request follow"),
        ("200 \"a\" kept", "error head HTTP-protocol-error kept", "error"),
        ("<|a\n", "<|a\n! stall 1s\n! connection\n<|x\n", "nobody made"),
        ("<|a\n", "! stall 1s\n<|a\n", "the time"),
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
        let error = run_text(&good.replace(from, to)).expect_err(to);
        assert!(error.contains(words), "{to}: {error}");
    }
}

/// Runs all transcripts of a folder, and fails with all that failed.
fn run_folder(folder: &str) {
    let files = files(folder);
    let mut failures = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        if let Err(failure) = run_text(&text) {
            failures.push(format!("{}: {failure}", file.strip_prefix(root()).unwrap().display()));
        }
    }
    say(&format!("{folder}: {} of {} transcripts hold", files.len() - failures.len(), files.len()));
    assert!(!files.is_empty(), "no transcripts in {folder}");
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// Runs one transcript in every way.
fn run_text(text: &str) -> Result<(), String> {
    let case = Case::parse(text)?;
    for way in ways(&case) {
        let outcome = catch_unwind(AssertUnwindSafe(|| runner::run(&case, &way)));
        let outcome = outcome.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or(panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            Err(format!("panicked: {}", words.unwrap_or_default()))
        });
        outcome.map_err(|failure| format!("{failure}\n      ({way:?})"))?;
    }
    Ok(())
}

/// The ways in which a transcript is run: whole, byte by byte, cut in two, and at random, with small send windows too.
fn ways(case: &Case) -> Vec<Way> {
    let lengths = case.connections.iter().map(|acts| {
        acts.iter().map(|act| if let Act::Send(bytes) | Act::Expect(bytes) = act { bytes.len() } else { 0 }).sum()
    });
    let longest = lengths.clone().max().unwrap_or(0);
    let is_long = lengths.sum::<usize>() > LONG;
    let whole = Way { segments: Segments::Whole, send_limit: usize::MAX, read: 64 * 1024, asks_first: false };
    let mut ways = vec![
        whole.clone(),
        Way { asks_first: true, read: 1000, ..whole.clone() },
        Way { send_limit: 1000, ..whole.clone() },
    ];
    if is_long || case.steps.iter().any(is_whole_only) {
        return ways;
    }
    ways.extend([
        Way { segments: Segments::Bytes, ..whole.clone() },
        Way { segments: Segments::Bytes, send_limit: 1, asks_first: true, ..whole.clone() },
        Way { read: 1, send_limit: 7, ..whole.clone() },
    ]);
    for seed in 0..4 {
        let send_limit = [usize::MAX, 1, 3, 50][seed as usize % 4];
        ways.push(Way { segments: Segments::Random(seed), send_limit, read: 3, asks_first: seed % 2 == 0 });
    }
    // In two at every place of a short one, and at some places of a longer one.
    for cut in (1..longest).step_by(longest / 50 + 1) {
        ways.push(Way { segments: Segments::At(vec![cut as u64]), ..whole.clone() });
    }
    ways
}

/// `set ways whole`: what comes of it depends on what is here at once, as it may.
fn is_whole_only(step: &Step) -> bool {
    matches!(step, Step::Set(setting) if setting.name == "ways" && setting.value == "whole")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// The files of a folder, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Says it even when the test succeeds.
fn say(words: &str) {
    drop(writeln!(std::io::stderr(), "{words}"));
}
