//! All transcripts as tests of one face.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::format::Case;
use crate::server::Cut;
use crate::{client, rules};

/// Runs them, and these tests too. A transcript that is `left_out`, by its name, is not run, for the reason beside it.
pub(crate) fn run(least: usize, left_out: &[(&str, &'static str)], others: Vec<Trial>) -> ExitCode {
    let mut trials = Vec::new();
    let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files() {
        let name = file.strip_prefix(root()).unwrap().with_extension("").display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let case = Case::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let of_face = left_out.iter().find(|(other, _)| *other == name).map(|(_, why)| *why);
        match rules::why_left(&case).or(of_face) {
            Some(why) => left.entry(why).or_default().push(name),
            None => {
                if rules::is_cut_too(&case) {
                    let text = text.clone();
                    let cut = move || run_one(&text, Cut::Bytes);
                    trials.push(Trial::test(format!("sockets_byte_by_byte::{name}"), cut));
                }
                trials.push(Trial::test(format!("sockets::{name}"), move || run_one(&text, Cut::Whole)));
            }
        }
    }
    let files = trials.iter().filter(|trial| trial.name().starts_with("sockets::")).count();
    assert!(files >= least, "only {files} transcripts: where have the others gone?");
    eprintln!(
        "count: {files} of them over real sockets, through the component; with those cut into bytes {}",
        trials.len()
    );
    trials.extend(others);
    let mut arguments = Arguments::from_args();
    for (why, names) in left {
        eprintln!("{} left out, for {why}: {}", names.len(), names.join(", "));
    }
    // Most of them wait more than they work.
    arguments.test_threads.get_or_insert(8);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs this transcript.
pub(crate) fn run_one(text: &str, cut: Cut) -> Result<(), Failed> {
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
