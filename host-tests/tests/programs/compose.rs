//! `xenon compose`: what it writes and where, and each thing that it refuses, in its words.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use wasmtime::component::Component;
use xenon_harness::component::engine;

use crate::support::*;

/// What a program imports, by name.
fn imports(program: &[u8]) -> Vec<String> {
    let component = Component::new(engine(), program).unwrap();
    component.component_type().imports(engine()).map(|(name, _)| name.to_owned()).collect()
}

/// A folder with a program to compose in it, `a.wasm`.
fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.put(&xenon_tested_guests::fetcher(), "a.wasm");
    folder
}

#[test]
fn what_is_composed_imports_nothing_of_xenons() {
    let folder = folder("imports");
    let ours = |names: &[String]| names.iter().any(|name| name.starts_with("xenon:"));
    assert!(ours(&imports(&folder.read("a.wasm"))));
    assert_ended(&folder.xenon(&["compose", "a.wasm"]), 0, "");
    let composed = imports(&folder.read("a.composed.wasm"));
    assert!(!ours(&composed), "{composed:?}");
    assert!(composed.iter().any(|name| name.starts_with("wasi:sockets/tcp@0.2.")), "{composed:?}");
}

#[test]
fn it_is_written_where_that_is_said() {
    let folder = folder("where");
    folder.put(&xenon_tested_guests::fetcher(), "b");
    assert_ended(&folder.xenon(&["compose", "a.wasm"]), 0, "");
    assert_ended(&folder.xenon(&["compose", "b"]), 0, "");
    assert_ended(&folder.xenon(&["compose", "a.wasm", "-o", "c"]), 0, "");
    assert_ended(&folder.xenon(&["compose", "-od", "--", "a.wasm"]), 0, "");
    assert_eq!(folder.names(), ["a.composed.wasm", "a.wasm", "b", "b.composed.wasm", "c", "d"]);
    let printed = folder.xenon(&["compose", "a.wasm", "-o", "-"]);
    assert_eq!(printed.status.code(), Some(0));
    for name in ["a.composed.wasm", "b.composed.wasm", "c", "d"] {
        assert!(folder.read(name) == printed.stdout, "{name}");
    }
}

#[test]
fn what_is_there_is_replaced_and_stays_what_it_was() {
    let folder = folder("replaced");
    folder.write("old", b"old");
    fs::set_permissions(folder.0.join("old"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("old", folder.0.join("link")).unwrap();
    assert_ended(&folder.xenon(&["compose", "a.wasm", "-o", "link"]), 0, "");
    assert!(fs::symlink_metadata(folder.0.join("link")).unwrap().is_symlink());
    assert_eq!(fs::metadata(folder.0.join("old")).unwrap().permissions().mode() & 0o777, 0o640);
    // In the place of the program itself.
    assert_ended(&folder.xenon(&["compose", "a.wasm", "-o", "a.wasm"]), 0, "");
    assert!(folder.read("old") == folder.read("a.wasm"));
    assert_eq!(folder.names(), ["a.wasm", "link", "old"]);
}

#[test]
fn what_cannot_be_composed_is_refused_in_words() {
    let folder = folder("refused");
    folder.put(&xenon_tested_guests::command(), "other.wasm");
    folder.put(&xenon_harness::guests().join("xenon-cli.wasm"), "composed.wasm");
    folder.write("text.wasm", b"(component)");
    folder.write("module.wasm", b"\0asm\x01\0\0\0");
    let whole = folder.read("a.wasm");
    folder.write("cut.wasm", &whole[..whole.len() / 2]);
    folder.write("outgoing.wasm", &importing(&["wasi:http/outgoing-handler@0.2.6"]));
    folder.write("later.wasm", &importing(&["xenon:http/session@0.9.0"]));
    folder.write("draft.wasm", &importing(&["wasi:http/client@0.3.0-rc-2025-09-16"]));
    folder.write("nonsense.wasm", &importing(&["xenon:http/nonsense@0.2.0"]));
    let before = folder.names();
    for (name, words) in [
        (
            "other.wasm",
            "imports nothing that Xenon provides, which is xenon:http@0.2, xenon:http@0.3 and wasi:http/client@0.3",
        ),
        ("composed.wasm", "is composed already: a component inside it provides xenon:http/"),
        ("text.wasm", "is not WebAssembly"),
        ("module.wasm", "is a core module and no component; build it for wasm32-wasip2"),
        ("cut.wasm", "is damaged: unexpected end-of-file"),
        (
            "outgoing.wasm",
            "sends by wasi:http/outgoing-handler@0.2.6, the way of WASI 0.2, in which the host is the client",
        ),
        ("later.wasm", "imports xenon:http/session@0.9.0; Xenon provides xenon:http@0.2"),
        ("draft.wasm", "imports wasi:http/client@0.3.0-rc-2025-09-16; Xenon provides"),
        (
            "nonsense.wasm",
            "imports xenon:http/nonsense@0.2.0, which is not what Xenon provides: it has no such interface",
        ),
    ] {
        assert_refused(&folder.xenon(&["compose", name]), 126, &format!("{name} {words}"));
        // `run` says the same where it has to compose.
        if !["other.wasm", "composed.wasm"].contains(&name) {
            assert_refused(&folder.xenon(&["run", name]), 126, &format!("{name} {words}"));
        }
    }
    assert_eq!(folder.names(), before);
}

#[test]
fn a_program_whose_import_is_something_else_is_refused() {
    let folder = Folder::new("something-else");
    let (name, other) = ("[method]session.get", "[method]session.gxt");
    let program = with_other_text(&xenon_tested_guests::fetcher(), name, other);
    folder.write("a.wasm", &program);
    let output = folder.xenon(&["compose", "a.wasm"]);
    assert_refused(&output, 126, "a.wasm imports xenon:http/session@0.2.0, which is not what Xenon provides: ");
    assert!(text(&output.stderr).contains(other), "{}", text(&output.stderr));
}

#[test]
fn files_that_cannot_be_read_or_written_are_told() {
    let folder = folder("files");
    for (program, words) in [
        ("missing.wasm", "missing.wasm: No such file"),
        (".", ".: Is a directory"),
        ("/dev/zero", "/dev/zero: is longer than 1 GiB"),
    ] {
        assert_refused(&folder.xenon(&["compose", program]), 26, words);
        assert_refused(&folder.xenon(&["run", program]), 26, words);
    }
    for (output, words) in [
        ("missing/b.wasm", "missing/b.wasm: No such file"),
        (".", ".: Is a directory"),
        ("/dev/full", "/dev/full: No space left"),
    ] {
        assert_refused(&folder.xenon(&["compose", "a.wasm", "-o", output]), 23, words);
    }
    assert_eq!(folder.names(), ["a.wasm"]);
    let mut to_full = folder.command(&["compose", "a.wasm", "-o", "-"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = to_full.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_refused(&output, 23, "standard output: No space left");
}

#[test]
fn a_bad_line_is_told_and_nothing_is_done() {
    let folder = folder("line");
    for (line, words) in [
        (&["compose"][..], "no program was given (try --help)"),
        (&["compose", "a.wasm", "b.wasm"], "\"b.wasm\" is one program too many"),
        (&["compose", "--nonsense", "a.wasm"], "option --nonsense: is unknown"),
        (&["compose", "a.wasm", "-o"], "option -o: requires a value"),
        (&["run"], "no program was given (try --help)"),
        (&["run", "-x", "a.wasm"], "option -x: is unknown"),
        (&["run", "--env", "=x", "a.wasm"], "option --env: requires a name"),
        (&["run", "--dir"], "option --dir: requires a value"),
    ] {
        assert_refused(&folder.xenon(line), 2, words);
    }
    assert_eq!(folder.names(), ["a.wasm"]);
}

#[test]
fn help_is_written_and_lists_each_option() {
    let folder = Folder::new("help");
    for (subcommand, options) in [("compose", &["-o FILE", "--bare"][..]), ("run", &["--env NAME", "--dir DIR"])] {
        for ask in ["-h", "--help"] {
            let output = folder.xenon(&[subcommand, ask]);
            let help = text(&output.stdout);
            assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
            assert!(help.starts_with(&format!("Usage: xenon {subcommand} ")), "{help}");
            assert!(options.iter().chain(&["--help"]).all(|option| help.contains(option)), "{help}");
            assert!(help.lines().all(|line| line.len() <= 100), "{help}");
        }
    }
}

#[test]
fn a_name_in_a_file_does_nothing_to_a_terminal() {
    let folder = Folder::new("terminal");
    folder.write("a.wasm", &importing(&["xenon:http/\x1b[31m\n@0.2.0"]));
    let output = folder.xenon(&["compose", "a.wasm"]);
    assert_refused(&output, 126, "");
    let told = text(&output.stderr);
    assert_eq!(told.lines().count(), 1, "{told:?}");
    assert!(!told.contains('\x1b'), "{told:?}");
}
