//! The faces over WASI 0.3, as files. `build.rs` makes them.

use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("XENON_TARGET")).join("component").join(name)
}

/// The component's file.
pub fn component() -> PathBuf {
    file("xenon-0.3.wasm")
}

/// The file of the component under programs that use `wasi:http/client`.
pub fn http_client() -> PathBuf {
    file("xenon-http-client.wasm")
}

/// The file of the same without settings from the environment.
pub fn bare_http_client() -> PathBuf {
    file("xenon-http-client-bare.wasm")
}
