//! The reference tools of content codings: what they make of bytes.

use std::io::{self, Read};
use std::process::{Command, Stdio};

use crate::program;

/// What this program makes of the content: `gzip`, `zstd` or `brotli`, with arguments that have it read standard input and write
/// standard output.
///
/// `None` if it is not installed, with a loud message: a skipped test must be noticed. In CI that is a panic.
pub fn coded(program: &str, arguments: &[&str], mut content: impl Read + Send) -> Option<Vec<u8>> {
    let mut command = Command::new(program::find(program)?);
    let process = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = process.unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut input = process.stdin.take().expect("its input is a pipe");
    let output = std::thread::scope(|scope| {
        // It writes before it has read all.
        scope.spawn(move || io::copy(&mut content, &mut input).expect("it reads all"));
        process.wait_with_output().expect("it can be waited for")
    });
    assert!(output.status.success(), "{program} {arguments:?}: {}", output.status);
    Some(output.stdout)
}
