//! Guests that only tests run, as files. `build.rs` makes them.

use std::path::PathBuf;

/// The example that uses the crate, and is composed with nothing.
pub fn rust_crate() -> PathBuf {
    file("rust-crate")
}

/// The example of a consumer that follows redirects and keeps cookies, composed.
pub fn rust_fetch() -> PathBuf {
    file("rust-fetch")
}

/// The component without zstd.
pub fn without_zstd() -> PathBuf {
    file("xenon-without-zstd")
}

/// The example of a consumer that cargo builds alone, beside the one that cargo-component builds. It is not composed.
pub fn plain_get() -> PathBuf {
    file("plain-get")
}

/// The plugin of this name, of the example of a host of plugins: `fetch`, `trespass`, `endless`. It is not composed.
pub fn plugin(name: &str) -> PathBuf {
    file(&format!("plugin-{name}"))
}

/// The example of a consumer over WASI 0.3, composed.
pub fn rust_get_wasip3() -> PathBuf {
    file("rust-get-wasip3")
}

/// A consumer over WASI 0.3 that does what only callers between components can do, composed.
pub fn async_caller() -> PathBuf {
    file("tested-async-caller")
}

/// A command over WASI 0.2 that shows what it was given.
pub fn command() -> PathBuf {
    file("tested-command")
}

/// The same over WASI 0.3.
pub fn async_command() -> PathBuf {
    file("tested-async-command")
}

/// A command over WASI 0.2 that fetches by `xenon:http`, and is not composed.
pub fn fetcher() -> PathBuf {
    file("tested-fetcher")
}

/// A command, written with the crate `wasip3`, that knows nothing of Xenon.
pub fn foreign_wasip3() -> PathBuf {
    file("foreign-wasip3")
}

/// A service, written with Spin's SDK, that knows nothing of Xenon.
pub fn foreign_spin() -> PathBuf {
    file("foreign-spin")
}

/// A service that forwards requests, and knows nothing of Xenon.
pub fn foreign_service() -> PathBuf {
    file("foreign-service")
}

fn file(name: &str) -> PathBuf {
    xenon_guests::folder().join(format!("{name}.wasm"))
}
