//! A folder to run the command in, and peers for it.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use xenon_harness::peer::{Peer, Script};

/// A folder for one test, gone after it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("xenon-command-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Runs the command there. Nothing is in its environment.
    pub(crate) fn xenon<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
        command.args(arguments).current_dir(&self.0).env_clear().stdin(Stdio::null());
        command
    }

    /// What it is called in the folder that it is in.
    pub(crate) fn name(&self) -> &str {
        self.0.file_name().unwrap().to_str().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
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

/// It has ended with this code, and said why in one line as the command does.
#[track_caller]
pub(crate) fn assert_refused(output: &Output, code: i32) {
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words}");
    assert!(words.starts_with(&format!("xenon: ({code}) ")), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
}

/// A peer that answers one request on one connection.
pub(crate) fn answering(content: &str) -> Peer {
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len());
    Peer::start([Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(response)])
}

pub(crate) fn url(peer: &Peer) -> String {
    format!("http://{}/a", peer.authority())
}

/// A peer that takes a request of any kind on each of so many connections, with its chunked content where that is said.
pub(crate) fn taking(connections: usize) -> Peer {
    Peer::start((0..connections).map(|_| Script::new().expect_head(|_| Ok(())).send(OK)))
}

/// A response with the content `ok`.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// It has gone well, and written this.
#[track_caller]
pub(crate) fn assert_written(output: &Output, written: &[u8]) {
    let told = text(&output.stderr);
    let (expected, got) = (written.escape_ascii(), output.stdout.escape_ascii());
    assert_eq!((output.status.code(), got.to_string()), (Some(0), expected.to_string()), "{told}");
}

/// An argument of any bytes.
pub(crate) fn bytes(given: impl AsRef<[u8]>) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(given.as_ref().to_vec())
}
