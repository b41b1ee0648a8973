//! Programs that send by `wasi:http/client`: what Xenon has goes under them, whichever version they were built against.

use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// A folder with a program in it that gets URLs.
fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.put(&xenon_tested_guests::foreign_wasip3(), "a.wasm");
    folder
}

/// Runs the program, with these options, to get from a peer that answers once.
#[track_caller]
fn assert_gets(folder: &Folder, options: &[&str], program: &str) {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let peer = Peer::start([Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(response)]);
    let url = format!("http://{}/a", peer.authority());
    assert_ended(&folder.xenon(&[&["run"], options, &[program, &url]].concat()), 0, "200 hello\n");
    peer.finish();
}

#[test]
fn a_program_is_composed_where_it_has_to_be() {
    let folder = folder("client");
    assert_gets(&folder, &[], "a.wasm");
    assert_ended(&folder.xenon(&["compose", "a.wasm"]), 0, "");
    assert_gets(&folder, &[], "a.composed.wasm");
    assert_refused(&folder.xenon(&["compose", "a.composed.wasm"]), 126, "provides wasi:http/client@0.3.0");
}

#[test]
fn a_program_may_be_built_against_another_version_of_0_3() {
    let folder = folder("version");
    // The others of these tests are of 0.3.2, as the crate `wasip3` is, and Xenon is of 0.3.0.
    folder.write("b.wasm", &with_other_text(&xenon_tested_guests::foreign_wasip3(), "@0.3.2", "@0.3.0"));
    assert_gets(&folder, &[], "b.wasm");
}

#[test]
fn what_is_bare_takes_no_settings_from_the_environment() {
    let folder = folder("bare");
    let wrong = ["--env", "XENON_ROOTS=nonsense"];
    let output = folder.xenon(&[&["run"], &wrong[..], &["a.wasm", "http://127.0.0.1/"]].concat());
    assert_ended(&output, 1, "ErrorCode::ConfigurationError\n");
    assert_ended(&folder.xenon(&["compose", "--bare", "a.wasm"]), 0, "");
    assert_gets(&folder, &wrong, "a.composed.wasm");
}
