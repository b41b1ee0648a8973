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
mod names;
mod rules;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use format::Case;
use libtest_mimic::{Arguments, Failed, Trial};
use server::Cut;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files() {
        let name = file.strip_prefix(root()).unwrap().with_extension("").display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let case = Case::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        match rules::why_left(&case) {
            Some(why) => left.entry(why).or_default().push(name),
            None => {
                if rules::is_cut_too(&case) {
                    let text = text.clone();
                    trials.push(Trial::test(format!("sockets_byte_by_byte::{name}"), move || run(&text, Cut::Bytes)));
                }
                trials.push(Trial::test(format!("sockets::{name}"), move || run(&text, Cut::Whole)));
            }
        }
    }
    let files = trials.iter().filter(|trial| trial.name().starts_with("sockets::")).count();
    assert!(files >= 430, "only {files} transcripts: where have the others gone?");
    eprintln!(
        "count: {files} of them over real sockets, through the component; with those cut into bytes {}",
        trials.len()
    );
    trials.push(Trial::test("a_transcript_that_is_wrong_fails_over_sockets", a_transcript_that_is_wrong_fails));
    let mut arguments = Arguments::from_args();
    for (why, names) in left {
        eprintln!("{} left to the simulated network, for {why}: {}", names.len(), names.join(", "));
    }
    // Most of them wait more than they work.
    arguments.test_threads.get_or_insert(8);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn run(text: &str, cut: Cut) -> Result<(), Failed> {
    Ok(client::run(Case::parse(text)?, cut)?)
}

fn a_transcript_that_is_wrong_fails() -> Result<(), Failed> {
    let good = "proves: x\nget /\n> GET / HTTP/1.1\n> Host: origin.test\n>\n\
                < HTTP/1.1 200 OK\n< Content-Length: 1\n<\n<|a\n= 200 \"a\" kept\n";
    run(good, Cut::Whole)?;
    run(good, Cut::Bytes)?;
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts")
}

/// The transcripts, in order: a folder holds nothing else.
fn files() -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries(&root()).filter(|path| path.is_dir()).flat_map(|folder| entries(&folder)).collect();
    files.sort();
    files
}
