//! Builds the faces over WASI 0.3 into `target/component`.

use std::process::ExitCode;

use xenon_guest_maker::{Guest, Maker, finish};

fn main() -> ExitCode {
    let guests = [Guest::COMPONENT_0_3, Guest::HTTP_CLIENT, Guest::HTTP_CLIENT_BARE];
    finish(Maker::new().and_then(|maker| maker.make(&guests)))
}
