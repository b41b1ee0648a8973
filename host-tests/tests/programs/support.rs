//! A folder with programs in it, and the program `xenon` run there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder for one test, gone after it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("xenon-programs-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Runs `xenon` there. Nothing is in its environment.
    pub(crate) fn xenon<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
        command.args(arguments).current_dir(&self.0).env_clear().stdin(Stdio::null());
        command
    }

    /// Puts a program there.
    pub(crate) fn put(&self, program: &Path, name: &str) {
        fs::copy(program, self.0.join(name)).unwrap();
    }

    /// Writes a file there.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.0.join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// The names of all that is there.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// It has ended with this code, and its last line says why, in words that hold these.
#[track_caller]
pub(crate) fn assert_refused(output: &Output, code: i32, words: &str) {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    let last = told.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("xenon: ({code}) ")) && last.contains(words), "{told}");
}

/// It has ended with this code, has written this, and says nothing.
#[track_caller]
pub(crate) fn assert_ended(output: &Output, code: i32, written: &str) {
    let all = (output.status.code(), text(&output.stdout), text(&output.stderr));
    assert_eq!(all, (Some(code), written.to_owned(), String::new()));
}

/// A program in which this text is another, of the same length, wherever it stands: the name of an interface, or its version.
pub(crate) fn with_other_text(program: &Path, text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut program = fs::read(program).unwrap();
    let is_there = |place: &usize| program[*place..].starts_with(text.as_bytes());
    let places: Vec<usize> = (0..program.len()).filter(is_there).collect();
    assert!(!places.is_empty(), "the program has no {text}");
    for place in places {
        program[place..place + text.len()].copy_from_slice(other.as_bytes());
    }
    program
}

/// A component that imports interfaces of these names without anything in them: as bytes, since no tool makes one that a program
/// would have.
pub(crate) fn importing(names: &[&str]) -> Vec<u8> {
    /// Section 7 has one type, of an instance that exports nothing.
    const TYPES: [u8; 5] = [7, 3, 1, 0x42, 0];
    let mut imports = vec![names.len() as u8];
    for name in names {
        imports.extend([0, name.len() as u8]);
        imports.extend(name.as_bytes());
        // An instance of the first type.
        imports.extend([5, 0]);
    }
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend(TYPES);
    component.extend([10, imports.len() as u8]);
    component.extend(imports);
    component
}
