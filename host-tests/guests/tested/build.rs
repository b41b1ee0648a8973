//! Builds guests that only tests run into `target/component`, beside those that people use.

use std::process::ExitCode;

use xenon_guest_maker::{Guest, Maker, finish};

fn main() -> ExitCode {
    let guests = [
        Guest::WITHOUT_ZSTD,
        Guest::alone("rust-crate", &["examples/rust-crate", "src", "getrandom"]),
        Guest::composed("tested-async-caller", &["host-tests/guests/tested/async-caller"]),
        Guest::alone("tested-command", &["host-tests/guests/tested/command"]),
        Guest::alone("tested-async-command", &["host-tests/guests/tested/async-command"]),
        Guest::alone("tested-fetcher", &["host-tests/guests/tested/fetcher"]),
        Guest::composed("rust-fetch", &["examples/rust-fetch"]),
        Guest::alone("plain-get", &["examples/cargo-component"]),
        Guest::alone("plugin-endless", &["examples/plugin-host/plugins/endless", "examples/plugin-host/wit"]),
        Guest::alone("plugin-fetch", &["examples/plugin-host/plugins/fetch", "examples/plugin-host/wit"]),
        Guest::alone("plugin-trespass", &["examples/plugin-host/plugins/trespass", "examples/plugin-host/wit"]),
        Guest::composed("rust-get-wasip3", &["examples/rust-get-wasip3"]),
        Guest::alone("foreign-wasip3", &["host-tests/guests/foreign/wasip3"]),
        Guest::alone("foreign-spin", &["host-tests/guests/foreign/spin"]),
        Guest::alone("foreign-service", &["host-tests/guests/foreign/service"]),
    ];
    finish(Maker::new().and_then(|maker| maker.make(&guests)))
}
