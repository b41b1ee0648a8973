//! All of this again with exact wakers, as over WASI 0.3: a future is polled only when it was woken. A lost wakeup is a test that
//! would hang, which fails; everything else ends the same.

use std::process::Command;

#[test]
fn every_story_ends_the_same_with_exact_wakers() {
    if std::env::var_os("XENON_EXACT_WAKERS").is_some() {
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.env("XENON_EXACT_WAKERS", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}
