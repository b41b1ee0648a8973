//! Runs a whole test program again with exact wakers, as over WASI 0.3: a future is polled only when it was woken. A missing
//! wake-up would hang, and fails the test. All else ends the same.

use std::process::Command;

use xenon::net::sim::SimNet;

/// Set in the process of the second run.
const EXACT: &str = "XENON_EXACT_WAKERS";

/// A world in which futures are polled as this process has it.
pub(crate) fn net() -> SimNet {
    let net = SimNet::new();
    net.set_exact_wakers(std::env::var_os(EXACT).is_some());
    net
}

#[test]
fn every_story_ends_the_same_with_exact_wakers() {
    if std::env::var_os(EXACT).is_some() {
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap()).env(EXACT, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}
