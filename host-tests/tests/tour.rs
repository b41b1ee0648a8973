//! The tour runs to its end without help, and what it tells is so: it checks each fact itself, and fails if one is not.

use std::process::{Command, Stdio};

#[test]
fn the_tour_is_as_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_xenon-tour")).env_clear().stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    for step in 1..=8 {
        assert!(told.lines().any(|line| line.starts_with(&format!("{step}. "))), "step {step} is missing:\n{told}");
    }
    assert!(told.ends_with("all as told.\n"), "{told}");
    assert!(output.stderr.is_empty());
}
