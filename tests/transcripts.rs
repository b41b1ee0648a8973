//! Transcripts: what the client sends, what the server sends, and the result, a file a case (see `transcripts/format.rs`). Each
//! runs over the simulated network with its bytes segmented in many ways. All must have the same result.

#[path = "transcripts/format.rs"]
mod format;
#[path = "transcripts/names.rs"]
mod names;
#[path = "transcripts/parser.rs"]
mod parser;
#[path = "transcripts/runner.rs"]
mod runner;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use format::{Act, Case, Step};
use libtest_mimic::{Arguments, Failed, Trial};
use runner::Way;
use xenon::net::sim::Segments;

/// Transcripts in which connections send more than this are not run byte by byte.
const LONG: usize = 100_000;

/// Each file is a test by its folder and name, so that a run shows which were run; the last is a test of them all. Those with a coding
/// that this build does not have are shown as ignored.
fn main() -> ExitCode {
    let mut trials: Vec<_> = files().into_iter().map(trial).collect();
    assert!(trials.len() >= 440, "only {} transcripts: where have the others gone?", trials.len());
    eprintln!("count: {} transcripts", trials.len());
    trials.push(Trial::test("a_transcript_that_is_wrong_fails", a_transcript_that_is_wrong_fails));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(file: PathBuf) -> Trial {
    let name = file.strip_prefix(root()).unwrap().with_extension("").display().to_string();
    let text = fs::read_to_string(file).unwrap();
    let mut codings = text.lines().filter(|line| line.starts_with("< Content-Encoding:"));
    let is_ignored = !cfg!(feature = "zstd") && codings.any(|line| line.contains("zstd"));
    Trial::test(name, move || Ok(run_text(&text)?)).with_ignored_flag(is_ignored)
}

fn a_transcript_that_is_wrong_fails() -> Result<(), Failed> {
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
    Ok(())
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
    let whole =
        Way { segments: Segments::Whole, send_limit: usize::MAX, read: 64 * 1024, asks_first: false, is_exact: false };
    let mut ways = vec![
        whole.clone(),
        Way { asks_first: true, read: 1000, ..whole.clone() },
        Way { send_limit: 1000, ..whole.clone() },
    ];
    if is_long || case.steps.iter().any(is_whole_only) {
        return both(ways);
    }
    ways.extend([
        Way { segments: Segments::Bytes, ..whole.clone() },
        Way { segments: Segments::Bytes, send_limit: 1, asks_first: true, ..whole.clone() },
        Way { read: 1, send_limit: 7, ..whole.clone() },
    ]);
    for seed in 0..4 {
        let send_limit = [usize::MAX, 1, 3, 50][seed as usize % 4];
        let segments = Segments::Random(seed);
        ways.push(Way { segments, send_limit, read: 3, asks_first: seed % 2 == 0, ..whole.clone() });
    }
    // In two at every place of a short one, and at some places of a longer one.
    for cut in (1..longest).step_by(longest / 50 + 1) {
        ways.push(Way { segments: Segments::At(vec![cut as u64]), ..whole.clone() });
    }
    both(ways)
}

/// Each way twice: polled after every wait, and polled only when woken.
fn both(ways: Vec<Way>) -> Vec<Way> {
    ways.into_iter().flat_map(|way| [Way { is_exact: true, ..way.clone() }, way]).collect()
}

/// `set ways whole`: the result depends on which bytes arrive together, and may.
fn is_whole_only(step: &Step) -> bool {
    matches!(step, Step::Set(setting) if setting.name == "ways" && setting.value == "whole")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// The transcripts, in order: a folder holds nothing else.
fn files() -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries(&root()).filter(|path| path.is_dir()).flat_map(|folder| entries(&folder)).collect();
    files.sort();
    files
}
