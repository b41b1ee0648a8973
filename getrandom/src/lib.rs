//! Stands in for the crate `getrandom` 0.2, which ring asks for random numbers (`[patch.crates-io]` in the workspace).
//!
//! That crate knows WASI 0.1 alone: with it the component would import `random_get` through the linker's adapter, and what
//! the adapter needs. Here a component asks `wasi:random` itself, and a native build asks a newer version of the crate.

use std::fmt;

/// No random numbers could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system gave no random numbers")
    }
}

impl std::error::Error for Error {}

/// Fills it with random numbers fit for keys.
pub fn getrandom(into: &mut [u8]) -> Result<(), Error> {
    #[cfg(target_os = "wasi")]
    {
        let random = wasi::random::random::get_random_bytes(into.len() as u64);
        // A host that gives fewer than asked for has broken its word, and must not make keys weak.
        if random.len() != into.len() {
            return Err(Error);
        }
        into.copy_from_slice(&random);
        Ok(())
    }
    #[cfg(not(target_os = "wasi"))]
    newer::fill(into).map_err(|_| Error)
}
