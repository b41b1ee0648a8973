//! Guests that only tests run, as files. `build.rs` makes them.

use std::path::PathBuf;

/// The example that uses the crate, and is composed with nothing.
pub fn rust_crate() -> PathBuf {
    xenon_guests::folder().join("rust-crate.wasm")
}
