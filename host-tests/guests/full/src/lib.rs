//! The component with every feature, as a file. `build.rs` makes it.

use std::path::{Path, PathBuf};

/// The component's file.
pub fn component() -> PathBuf {
    Path::new(env!("XENON_TARGET")).join("component").join("xenon-full.wasm")
}
