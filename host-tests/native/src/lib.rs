//! The native host of the `xenon` command and of the tour. `xenon-programs` has what it does for other people's programs.
//!
//! ```text
//!     bin/xenon      bin/xenon-tour
//!        |              |      \
//!        |              |     origin
//!        +-----+--------+
//!           command ---- named_files
//!          /       \     /
//!       ahead       host
//! ```
//!
//! Nothing here speaks HTTP as a client: that is the component's work, and this is its host. What tests need beside it is the
//! crate `xenon-harness`.

pub mod ahead;
pub mod command;
mod engines;
pub mod host;
pub mod named_files;
pub mod origin;
