//! How code is compiled and run, the same when it is compiled, by `build.rs`, and when it is loaded.

use wasmtime::Config;

/// For the command and the tour.
pub(crate) fn for_command() -> Config {
    Config::new()
}

/// For tests of the component. Fuel counts what is executed and makes it slower.
pub(crate) fn for_tests(fuel: bool) -> Config {
    let mut config = Config::new();
    config.consume_fuel(fuel).epoch_interruption(true);
    config
}

/// What asks for little address space: memories take what they need, and move when they grow. Code checks each access then, and
/// is not what was compiled ahead of time.
pub(crate) fn thrifty() -> Config {
    let mut config = Config::new();
    config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(8 << 20);
    config
}
