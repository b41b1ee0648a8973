//! Builds the component, the command and the tour into `target/component`.

use std::process::ExitCode;

use xenon_guest_maker::{Guest, Maker, finish};

fn main() -> ExitCode {
    let guests =
        [Guest::COMPONENT, Guest::composed("xenon-cli", &["cli"]), Guest::composed("xenon-tour", &["examples/tour"])];
    finish(Maker::new().and_then(|maker| maker.make(&guests)))
}
