//! How the command and the tour are compiled and run, the same when they are compiled, by `build.rs`, and when they are loaded.

use wasmtime::Config;

/// For the command and the tour.
pub(crate) fn for_command() -> Config {
    Config::new()
}
