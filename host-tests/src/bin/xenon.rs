//! The `xenon` command, as a native program: it runs the command's component, which is inside it, or does what a subcommand says.
//!
//! It must not do what the component can do itself: reading options, speaking HTTP, printing.

use std::ffi::OsString;
use std::process::exit;

use xenon_native::{ahead, command};
use xenon_programs::subcommands;

fn main() {
    let line: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = subcommands::run_if_named(&line) {
        exit(code);
    }
    let arguments: Vec<Vec<u8>> = line.into_iter().map(OsString::into_encoded_bytes).collect();
    exit(command::run("xenon-cli", ahead::COMMAND, &arguments));
}
