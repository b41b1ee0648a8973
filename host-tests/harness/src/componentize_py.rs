//! Programs in Python, made components by componentize-py, which puts CPython into each. That takes some 20 seconds of one core.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Folder;

/// A component of this world, with this Python file as its program. The folders and files have its WIT.
///
/// `None` if componentize-py is not installed, with a loud message. That is no panic in CI: unlike servers it comes from Python's own
/// registry, which not every machine reaches.
pub fn component(file: &Path, wit: &[PathBuf], world: &str) -> Option<Vec<u8>> {
    // scripts/setup.sh puts it there.
    let own = crate::guests().with_file_name("python").join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let files = [own].into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join("componentize-py"));
    let Some(program) = files.into_iter().find(|file| file.is_file()) else {
        eprintln!("\n*** SKIPPED: componentize-py is missing; scripts/setup.sh test would bring it ***\n");
        return None;
    };
    // Python writes what it has compiled beside the program.
    let folder = Folder::new("python");
    let module = file.file_stem().expect("a program has a name");
    fs::copy(file, folder.path().join(file.file_name().expect("a program has a name"))).expect("the program is there");
    let mut command = Command::new(program);
    command.current_dir(folder.path());
    for wit in wit {
        command.arg("-d").arg(wit);
    }
    let output = command
        .args(["-w", world, "componentize", "-o", "made.wasm"])
        .arg(module)
        .output()
        .expect("componentize-py can be started");
    let words = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "componentize-py fails:\n{}", String::from_utf8_lossy(&words));
    Some(fs::read(folder.path().join("made.wasm")).expect("componentize-py has made a component"))
}
