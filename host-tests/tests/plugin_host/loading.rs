//! What is not loaded at all.

use std::fs;

use plugin_host::Policy;

use super::host;
use super::support::with_other_text;

#[track_caller]
fn assert_not_loaded(plugin: &[u8], words: &str) {
    let outcome = host().load("plugin", plugin, Policy::parse("").unwrap());
    let error = outcome.map(drop).unwrap_err();
    assert!(format!("{error:#}").contains(words), "{error:#}");
}

#[test]
fn what_is_no_plugin_is_not_loaded() {
    assert_not_loaded(b"", "is not a binary-encoded WebAssembly component");
    assert_not_loaded(b"\0asm\x01\0\0\0", "is not a binary-encoded WebAssembly component");
    assert_not_loaded(&vec![0; 65 << 20], "larger than 64 MiB");
    // A command.
    assert_not_loaded(&fs::read(xenon_tested_guests::command()).unwrap(), "run");
}

#[test]
fn one_that_is_cut_off_or_damaged_is_not_loaded() {
    let plugin = fs::read(xenon_tested_guests::plugin("endless")).unwrap();
    for length in (8..plugin.len()).step_by(plugin.len() / 20) {
        assert!(host().load("plugin", &plugin[..length], Policy::parse("").unwrap()).is_err(), "{length}");
    }
}

/// Whoever gives plugins the host's own HTTP client, or anything else of `wasi:http`, lets them pass the policy by.
#[test]
fn one_that_wants_the_hosts_http_client_is_not_loaded() {
    let (given, wanted) = ("xenon:http/session@0.2.0", "wasi:http/sessions@0.2.0");
    assert_not_loaded(&with_other_text(&xenon_tested_guests::plugin("fetch"), given, wanted), wanted);
}
