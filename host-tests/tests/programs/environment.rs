//! `xenon run`: what a program is given, and that it is given nothing else.

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::thread;

use crate::support::*;

/// A program of each version of WASI that shows what it was given.
const BOTH: [&str; 2] = ["blocking.wasm", "async.wasm"];

/// A folder with those in it, and files.
fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.put(&xenon_tested_guests::command(), BOTH[0]);
    folder.put(&xenon_tested_guests::async_command(), BOTH[1]);
    std::fs::create_dir(folder.0.join("inside")).unwrap();
    folder.write("inside/file", b"within\n");
    folder.write("outside", b"without\n");
    folder
}

#[test]
fn arguments_are_the_programs_own() {
    let folder = folder("arguments");
    for program in BOTH {
        let output = folder.xenon(&["run", program, "arguments", "--env", "-h", "", "a b", "\u{e9}", "--", "--dir=x"]);
        let expected = format!("{:?}\n", [program, "arguments", "--env", "-h", "", "a b", "\u{e9}", "--", "--dir=x"]);
        assert_ended(&output, 0, &expected);
    }
    // Its name is the file's, wherever that is.
    let output = folder.xenon(&["run", "./inside/../blocking.wasm", "arguments"]);
    assert_ended(&output, 0, "[\"blocking.wasm\", \"arguments\"]\n");
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let folder = folder("text");
    let wrong = OsString::from_vec(b"\xff".to_vec());
    let words = "is not UTF-8, and WASI has no other text";
    let output = folder.xenon(&["run".into(), BOTH[0].into(), "arguments".into(), wrong.clone()]);
    assert_refused(&output, 2, words);
    let mut inheriting = folder.command(&["run", "--env", "A", BOTH[0], "variables"]);
    assert_refused(&inheriting.env("A", wrong).output().unwrap(), 2, words);
}

#[test]
fn variables_are_those_of_the_options() {
    let folder = folder("variables");
    for program in BOTH {
        let run = |options: &[&str]| {
            let line = [&["run"], options, &[program, "variables"]].concat();
            folder.command(&line).env("HERE", "of the host").env("OTHER", "kept").output().unwrap()
        };
        assert_ended(&run(&[]), 0, "[]\n");
        assert_ended(&run(&["--env", "A=1", "--env=B=x=y", "--env", "A=2"]), 0, "[(\"A\", \"2\"), (\"B\", \"x=y\")]\n");
        assert_ended(&run(&["--env", "HERE", "--env", "MISSING"]), 0, "[(\"HERE\", \"of the host\")]\n");
    }
}

#[test]
fn folders_are_those_of_the_options() {
    let folder = folder("folders");
    let blocking = |options: &[&str], words: &[&str]| folder.xenon(&[&["run"], options, &[BOTH[0]], words].concat());
    assert_ended(&blocking(&[], &["read", "inside/file"]), 1, "NotFound\n");
    assert_ended(&blocking(&["--dir", "inside"], &["read", "inside/file"]), 0, "within\n");
    assert_ended(&blocking(&["--dir", "inside::/guest"], &["read", "/guest/file"]), 0, "within\n");
    // Nothing leads out of it.
    assert_ended(&blocking(&["--dir", "inside::/guest"], &["read", "/guest/../outside"]), 1, "PermissionDenied\n");
    std::os::unix::fs::symlink("../outside", folder.0.join("inside/link")).unwrap();
    assert_ended(&blocking(&["--dir", "inside"], &["read", "inside/link"]), 1, "PermissionDenied\n");
    assert_ended(&blocking(&["--dir=inside"], &["write", "inside/new", "written"]), 0, "");
    assert_eq!(folder.read("inside/new"), b"written");
    assert_refused(&blocking(&["--dir", "missing"], &["variables"]), 26, "missing: No such file");
}

#[test]
fn folders_are_there_over_wasi_0_3() {
    let folder = folder("async-folders");
    let read = |options: &[&str], name: &str| folder.xenon(&[&["run"], options, &[BOTH[1], "read", name]].concat());
    assert_ended(&read(&[], "file"), 0, "no folder\n");
    assert_ended(&read(&["--dir", "inside"], "file"), 0, "within\n");
    assert_ended(&read(&["--dir", "inside"], "../outside"), 0, "ErrorCode::NotPermitted\n");
}

#[test]
fn standard_streams_are_the_programs() {
    let folder = folder("streams");
    let large = vec![b'x'; 1 << 20];
    folder.write("large", &large);
    for program in BOTH {
        let mut reading = folder.command(&["run", program, "input"]);
        let output = reading.stdin(File::open(folder.0.join("large")).unwrap()).output().unwrap();
        assert!(output.status.success() && output.stdout == large, "{program}: {}", text(&output.stderr));
        assert_ended(&folder.xenon(&["run", program, "input"]), 0, "");
    }
    let output = folder.xenon(&["run", BOTH[0], "errors"]);
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), "an error\n".to_owned()));
}

#[test]
fn names_are_looked_up() {
    let folder = folder("names");
    let output = folder.xenon(&["run", BOTH[0], "look-up", "localhost"]);
    assert!(output.status.success() && text(&output.stdout).contains("127.0.0.1:80"), "{}", text(&output.stdout));
    let output = folder.xenon(&["run", BOTH[1], "look-up", "localhost"]);
    assert!(output.status.success() && text(&output.stdout).contains("127, 0, 0, 1"), "{}", text(&output.stdout));
}

#[test]
fn sockets_are_given() {
    let folder = folder("sockets");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello").unwrap());
    assert_ended(&folder.xenon(&["run", BOTH[0], "connect", &port]), 0, "hello");
    server.join().unwrap();
}

#[test]
fn timers_run_over_wasi_0_3() {
    let folder = folder("timers");
    assert_ended(&folder.xenon(&["run", BOTH[1], "wait"]), 0, "");
}
