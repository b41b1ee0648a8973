//! The `xenon` command, as a native program: it runs the command's component, which is inside it.
//!
//! It must not do what the component can do itself: reading options, speaking HTTP, printing.

use std::process::exit;

use xenon_host::{ahead, command, folders};

fn main() {
    // WASI's arguments are UTF-8.
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let folders = folders::of_arguments(&arguments);
    exit(command::run("xenon-cli", ahead::COMMAND, &arguments, &folders));
}
