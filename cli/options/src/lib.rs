//! What the `xenon` command and its native host both know of a command line: the options, how a line is taken apart, and how
//! what is not UTF-8 gets from the one to the other.
//!
//! ```text
//!     table      each option: its names, its value, whether that names a file
//!     line       a command line, taken apart
//!     files      the files that a command line names
//!     escape     bytes as text, for WASI's arguments, variables and paths are text
//! ```
//!
//! The host gives the command the files that `files` finds, and no others, so both must read a line in the same way: they read
//! it here. What an option does is the command's to know, and is not here. Nothing here reads a file or the environment.

pub mod escape;
pub mod files;
pub mod line;
pub mod table;

/// The variables that the command reads.
pub const VARIABLES: [&str; 7] =
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];
