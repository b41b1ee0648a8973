//! The guests that people use, as files: the component, and the command and the tour composed with it. `build.rs` makes them.

use std::path::{Path, PathBuf};

/// The folder that they are in.
pub fn folder() -> PathBuf {
    Path::new(env!("XENON_TARGET")).join("component")
}

/// The component's file.
pub fn component() -> PathBuf {
    folder().join("xenon.wasm")
}

/// The file of the command, composed with the component.
pub fn command() -> PathBuf {
    folder().join("xenon-cli.wasm")
}

/// The file of the tour, composed with the component.
pub fn tour() -> PathBuf {
    folder().join("xenon-tour.wasm")
}
