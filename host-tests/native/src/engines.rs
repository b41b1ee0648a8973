//! How the command and the tour are compiled and run, the same when they are compiled, by `build.rs`, and when they are loaded.

use wasmtime::Config;

/// For the command and the tour: WASI 0.2, where nothing runs beside a call, so that no call pays for it.
pub(crate) fn for_command() -> Config {
    let mut config = Config::new();
    config.concurrency_support(false);
    config
}
