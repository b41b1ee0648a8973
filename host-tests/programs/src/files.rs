//! The files of `xenon compose` and `xenon run`: a program is read whole, and a composed one is written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use crate::refusal::Refusal;

/// The most bytes that a program may have. A name that leads to an endless file fills no memory.
const MOST: u64 = 1 << 30;

/// A program's file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let told = |why: String| Refusal::new(Refusal::READ, format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    match read {
        Ok(length) if length as u64 <= MOST => Ok(bytes),
        Ok(_) => Err(told("is longer than 1 GiB, and no program is".to_owned())),
        Err(error) => Err(told(error.to_string())),
    }
}

/// Writes a composed program. Whoever reads a file of that name meanwhile reads the old one or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let written = match fs::metadata(path) {
        // A pipe or a device, or a folder, which is an error.
        Ok(old) if !old.is_file() => fs::write(path, bytes),
        // A link stays one.
        Ok(old) => fs::canonicalize(path).and_then(|path| replace(&path, bytes, Some(old))),
        Err(_) => replace(path, bytes, None),
    };
    written.map_err(|error| Refusal::new(Refusal::WRITE, format!("{}: {error}", path.display())))
}

fn replace(path: &Path, bytes: &[u8], old: Option<fs::Metadata>) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
    name.push(format!(".{}", std::process::id()));
    let unfinished = path.with_file_name(name);
    let replaced = fs::write(&unfinished, bytes)
        .and_then(|()| old.map_or(Ok(()), |old| fs::set_permissions(&unfinished, old.permissions())))
        .and_then(|()| fs::rename(&unfinished, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    replaced
}

/// Writes to standard output, but no component to a terminal.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Refusal> {
    let mut output = io::stdout();
    if bytes.starts_with(b"\0") && output.is_terminal() {
        return Err(Refusal::new(Refusal::WRITE, "a component is nothing for a terminal: name a file with -o"));
    }
    let printed = output.write_all(bytes).and_then(|()| output.flush());
    printed.map_err(|error| Refusal::new(Refusal::WRITE, format!("standard output: {error}")))
}

/// Where a composed program goes by itself: beside the program.
pub(crate) fn beside(program: &Path) -> PathBuf {
    if program.extension().is_some_and(|extension| extension == "wasm") {
        return program.with_extension("composed.wasm");
    }
    let mut name = program.as_os_str().to_owned();
    name.push(".composed.wasm");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_program_is_named_after_the_program() {
        for (program, composed) in [
            ("a.wasm", "a.composed.wasm"),
            ("dir.wasm/a.wasm", "dir.wasm/a.composed.wasm"),
            ("/x/a.b.wasm", "/x/a.b.composed.wasm"),
            ("a", "a.composed.wasm"),
            ("a.component", "a.component.composed.wasm"),
            (".wasm", ".wasm.composed.wasm"),
        ] {
            assert_eq!(beside(Path::new(program)), Path::new(composed));
        }
    }
}
