//! The `xenon` command, as a native program: it runs the command's component, which is inside it, or does what a subcommand says.
//!
//! It must not do what the component can do itself: reading options, speaking HTTP, printing.

use std::ffi::OsString;
use std::process::exit;

use xenon_native::{ahead, command};

fn main() {
    let line: Vec<OsString> = std::env::args_os().skip(1).collect();
    #[cfg(feature = "programs")]
    if let Some(code) = xenon_programs::subcommands::run_if_named(&line) {
        exit(code);
    }
    #[cfg(not(feature = "programs"))]
    if line.first().is_some_and(|first| first == "compose" || first == "run") {
        eprintln!("xenon: (2) this program was built by `make run`, without its subcommands: `make build` brings them");
        exit(2);
    }
    let arguments: Vec<Vec<u8>> = line.into_iter().map(OsString::into_encoded_bytes).collect();
    exit(command::run("xenon-cli", ahead::COMMAND, &arguments));
}
