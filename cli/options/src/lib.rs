//! What the `xenon` command and its native host share about the command line: the options, its parser, and an escape for bytes that
//! are not UTF-8.
//!
//! ```text
//!     table      each option: its names, its value, whether that names a file
//!     line       parses a command line
//!     files      the files that a command line names
//!     escape     bytes as text, for WASI's arguments, variables and paths are text
//! ```
//!
//! The host gives the command exactly the files that `files` finds, so both must parse a line in the same way, and do it here. What
//! an option does is up to the command. Nothing here reads a file or the environment.

pub mod escape;
pub mod files;
pub mod line;
pub mod table;

/// The variables that the command reads.
pub const VARIABLES: [&str; 7] =
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];
