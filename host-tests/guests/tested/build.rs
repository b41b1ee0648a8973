//! Builds guests that only tests run into `target/component`, beside those that people use.

use std::process::ExitCode;

use xenon_guest_maker::{Guest, Maker, finish};

fn main() -> ExitCode {
    let guests = [Guest::alone("rust-crate", &["examples/rust-crate", "src", "getrandom"])];
    finish(Maker::new().and_then(|maker| maker.make(&guests)))
}
