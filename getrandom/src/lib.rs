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
        let mut rest = into;
        while !rest.is_empty() {
            let random = wasi::random::random::get_random_bytes(rest.len() as u64);
            // A host of WASI 0.3 may give fewer than asked for. One that gives none, or more, must not make keys weak.
            if random.is_empty() || random.len() > rest.len() {
                return Err(Error);
            }
            let (filled, unfilled) = rest.split_at_mut(random.len());
            filled.copy_from_slice(&random);
            rest = unfilled;
        }
        Ok(())
    }
    #[cfg(not(target_os = "wasi"))]
    newer::fill(into).map_err(|_| Error)
}
