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
    let mut arguments = Arguments::from_args();
    eprintln!("count: {} transcripts over real sockets", trials.len());
    for (why, names) in left {
        eprintln!("{} are left to the simulated network, for {why}: {}", names.len(), names.join(", "));
    }
    // Most of them wait more than they work.
    arguments.test_threads.get_or_insert(8);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn run(text: &str, cut: Cut) -> Result<(), Failed> {
    Ok(client::run(Case::parse(text)?, cut)?)
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
