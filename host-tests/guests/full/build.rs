//! Builds the component with every feature into `target/component`.

use std::process::ExitCode;

use xenon_guest_maker::{Guest, Maker, finish};

fn main() -> ExitCode {
    finish(Maker::new().and_then(|maker| maker.make(&[Guest::FULL])))
}
