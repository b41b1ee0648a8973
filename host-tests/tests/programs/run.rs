//! `xenon run`: programs of WASI 0.2 and 0.3, how they end, and Xenon under them.

use std::process::Command;

use xenon_harness::peer::{Peer, Script};

use crate::support::*;

/// A program of each version of WASI that shows what it was given.
const BOTH: [&str; 2] = ["blocking.wasm", "async.wasm"];

/// A folder with those in it.
fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.put(&xenon_tested_guests::command(), BOTH[0]);
    folder.put(&xenon_tested_guests::async_command(), BOTH[1]);
    folder
}

#[test]
fn the_exit_code_is_the_programs() {
    let folder = folder("exit");
    for program in BOTH {
        assert_ended(&folder.xenon(&["run", program, "variables"]), 0, "[]\n");
    }
    assert_ended(&folder.xenon(&["run", BOTH[0], "fail"]), 1, "");
    assert_ended(&folder.xenon(&["run", BOTH[0], "exit", "9"]), 1, "");
    assert_ended(&folder.xenon(&["run", BOTH[1], "nonsense"]), 1, "");
    for code in [0, 1, 70, 255] {
        assert_ended(&folder.xenon(&["run", BOTH[1], "exit", &code.to_string()]), code, "");
    }
}

#[test]
fn a_program_that_traps_is_told_with_a_code_of_its_own() {
    let folder = folder("trap");
    for program in BOTH {
        let output = folder.xenon(&["run", program, "panic"]);
        assert_refused(&output, 134, &format!("{program} trapped: wasm `unreachable` instruction executed"));
        // Before it, what the program itself says; no backtrace of the host's.
        let told = text(&output.stderr);
        assert!(told.contains("as it was told") && !told.contains("wasm backtrace"), "{told}");
    }
    let output = folder.xenon(&["run", BOTH[0], "recurse"]);
    assert_refused(&output, 134, "blocking.wasm trapped: call stack exhausted");
    assert_eq!(text(&output.stderr).lines().count(), 1);
}

#[test]
fn what_is_no_command_or_wants_what_is_not_given_is_refused() {
    let folder = folder("no-command");
    folder.put(&xenon_harness::guests().join("xenon.wasm"), "xenon.wasm");
    assert_refused(&folder.xenon(&["run", "xenon.wasm"]), 126, "xenon.wasm cannot be run: it exports no wasi:cli/run");
    let (given, other) = ("wasi:cli/environment@0.2", "wasi:cli/environs-et@0.2");
    let wanting = with_other_text(&xenon_tested_guests::command(), given, other);
    folder.write("wanting.wasm", &wanting);
    let output = folder.xenon(&["run", "wanting.wasm"]);
    assert_refused(&output, 126, "wanting.wasm cannot be run: component imports instance `wasi:cli/environs-et@0.2");
}

#[test]
fn xenon_is_put_under_a_program_that_imports_it() {
    let folder = Folder::new("under");
    folder.put(&xenon_tested_guests::fetcher(), "a.wasm");
    let answer = |peer: &Peer, program: &str| {
        let port = peer.port().to_string();
        folder.xenon(&["run", program, &port, "/path"])
    };
    let script = || {
        Script::new().expect_head_with(&["GET /path HTTP/1.1"]).send("HTTP/1.1 203 \r\nContent-Length: 5\r\n\r\nhello")
    };
    let peer = Peer::start([script()]);
    assert_ended(&answer(&peer, "a.wasm"), 0, "203 hello");
    peer.finish();
    // One that was composed runs as it is.
    assert_ended(&folder.xenon(&["compose", "a.wasm"]), 0, "");
    let peer = Peer::start([script()]);
    assert_ended(&answer(&peer, "a.composed.wasm"), 0, "203 hello");
    peer.finish();
    // What goes wrong is the program's to tell.
    assert_ended(&folder.xenon(&["run", "a.wasm", "0", "/"]), 1, "ErrorCode::InvalidPort\n");
}

#[test]
fn a_program_runs_within_a_bound_on_address_space() {
    let folder = folder("bound");
    for program in BOTH {
        let line = format!("ulimit -v 1000000; exec '{}' run {program} variables", env!("CARGO_BIN_EXE_xenon"));
        let output = Command::new("bash").args(["-c", &line]).current_dir(&folder.0).output().unwrap();
        assert_ended(&output, 0, "[]\n");
    }
}

#[test]
fn a_host_of_such_a_name_needs_a_scheme() {
    let folder = Folder::new("host");
    let answer =
        Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let peer = Peer::start([answer]);
    let (url, address) = (format!("http://run:{}/a", peer.port()), format!("run:{}:127.0.0.1", peer.port()));
    assert_ended(&folder.xenon(&[&url, "--resolve", &address]), 0, "ok");
    peer.finish();
}
