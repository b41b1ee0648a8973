//! What this program can do beside the command: `xenon compose` and `xenon run`, known by the first argument.
//!
//! A host of such a name needs a scheme, as in `http://run/`.

use std::ffi::OsString;
use std::io::{self, Write};

use crate::{compose, run};

/// Does what this command line says, if it is that of a subcommand, and answers what to exit with.
///
/// The calling thread must not belong to an asynchronous runtime.
pub fn run_if_named(line: &[OsString]) -> Option<i32> {
    let (name, words) = line.split_first()?;
    let outcome = match name.to_str()? {
        "compose" => compose::run(words).map(|()| 0),
        "run" => run::run(words),
        _ => return None,
    };
    Some(outcome.unwrap_or_else(|refusal| {
        // Where there is nobody to tell, the code remains.
        let _ = writeln!(io::stderr(), "{refusal}");
        refusal.code
    }))
}
