//! What the program `xenon` does for other people's programs: it puts Xenon under them, and runs them.
//!
//! ```text
//!              subcommands
//!              /         \
//!           run --------- compose        their command lines, read by `line`; what they refuse, as a `refusal`
//!            |             |
//!         program      artifacts, files
//! ```
//!
//! Its code is compiled quickly rather than to be quick, since it is a part of what `make run` compiles: what moves bytes is in
//! wasmtime.

mod artifacts;
mod compose;
mod files;
mod line;
mod program;
mod refusal;
mod run;
pub mod subcommands;
