//! The `xenon` command, as a native program: it runs the command's component, which is inside it.
//!
//! It must not do what the component can do itself: reading options, speaking HTTP, printing.

use std::ffi::OsString;
use std::process::exit;

use xenon_native::{ahead, command};

fn main() {
    let arguments: Vec<Vec<u8>> = std::env::args_os().skip(1).map(OsString::into_encoded_bytes).collect();
    exit(command::run("xenon-cli", ahead::COMMAND, &arguments));
}
