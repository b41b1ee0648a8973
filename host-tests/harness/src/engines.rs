//! How the component is compiled and run, the same when it is compiled, by `build.rs`, and when it is loaded.

use wasmtime::Config;

/// For tests of the component over WASI 0.2, in which nothing runs beside a call, as in the native host. Fuel counts what is
/// executed and makes it slower.
pub(crate) fn for_tests(fuel: bool) -> Config {
    let mut config = Config::new();
    config.concurrency_support(false).consume_fuel(fuel).epoch_interruption(true);
    config
}

/// For tests of the component over WASI 0.3.
pub(crate) fn for_wasip3() -> Config {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config
}
