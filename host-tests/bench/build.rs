//! Builds the guests that are measured into `target/component`, beside those that people use.

use std::process::ExitCode;

use xenon_guest_maker::{Guest, Maker, finish};

fn main() -> ExitCode {
    let guests = [
        Guest::alone("xenon-bench-crypto", &["host-tests/bench/guests/crypto"]),
        // Either the host is its client, or Xenon, which is put under it when it is loaded. So is the service's.
        Guest::alone("xenon-bench-http-client", &["host-tests/bench/guests/http-client"]),
        Guest::alone("foreign-service", &["host-tests/guests/foreign/service"]),
        Guest::alone("xenon-bench-raw", &["host-tests/bench/guests/raw"]),
        Guest::composed("xenon-bench-session", &["host-tests/bench/guests/session"]),
        Guest::composed("xenon-bench-session-wasip3", &["host-tests/bench/guests/session-wasip3"]),
        Guest::alone("xenon-bench-wasi-http", &["host-tests/bench/guests/wasi-http"]),
    ];
    finish(Maker::new().and_then(|maker| maker.make(&guests)))
}
