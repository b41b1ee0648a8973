//! The files that options name: read and written wherever they are, and no others.

use std::fs;
use std::os::unix::fs::symlink;

use xenon_harness::peer::{Peer, Script, refusing_port};

use crate::support::*;

#[test]
fn content_goes_to_a_file_here_or_elsewhere() {
    let folder = Folder::new("output");
    fs::create_dir(folder.path("below")).unwrap();
    let elsewhere = Folder::new("output-elsewhere");
    let beside = format!("../{}", elsewhere.0.file_name().unwrap().to_str().unwrap());
    for (named, there) in [
        ("here".to_owned(), folder.path("here")),
        ("below/it".to_owned(), folder.path("below/it")),
        (elsewhere.path("absolute"), elsewhere.path("absolute")),
        (format!("{beside}/upwards"), elsewhere.path("upwards")),
    ] {
        let peer = answering("hello");
        let output = folder.xenon(&["-so", &named, &url(&peer)]);
        peer.finish();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), "".into()), "{named}");
        assert_eq!(fs::read_to_string(there).unwrap(), "hello");
    }
}

#[test]
fn a_file_keeps_its_content_until_there_is_other() {
    let folder = Folder::new("kept-output");
    let unknown = "HTTP/1.1 200 OK\r\nContent-Encoding: unknown\r\nContent-Length: 1\r\n\r\nx";
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    let nothing = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (response, code, left) in [(unknown, 61, "before"), (cut, 18, "before"), (nothing, 0, ""), (OK, 0, "ok")] {
        fs::write(folder.path("it"), "before").unwrap();
        let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(response).close()]);
        let output = folder.xenon(&["--compressed", "-o", "it", &url(&peer)]);
        peer.finish();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert_eq!(fs::read_to_string(folder.path("it")).unwrap(), left);
    }
}

#[test]
fn content_comes_from_a_file_elsewhere() {
    let folder = Folder::new("input");
    let elsewhere = Folder::new("input-elsewhere");
    fs::write(elsewhere.path("data"), "a\nb").unwrap();
    let head = ["POST /a HTTP/1.1", "Content-Length: 3"];
    let answer = "HTTP/1.1 204 No Content\r\n\r\n";
    let peer = Peer::start([Script::new().expect_head_with(&head).expect("a\nb").send(answer)]);
    let output = folder.xenon(&["--data-binary", &format!("@{}", elsewhere.path("data")), &url(&peer)]);
    peer.finish();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), "".into()));
}

#[test]
fn links_lead_wherever_they_lead() {
    let folder = Folder::new("links");
    let elsewhere = Folder::new("links-elsewhere");
    fs::write(elsewhere.path("data"), "hello").unwrap();
    symlink(elsewhere.path("data"), folder.path("data")).unwrap();
    symlink(elsewhere.path("written"), folder.path("written")).unwrap();
    symlink("data", folder.path("twice")).unwrap();
    symlink(elsewhere.0.as_path(), folder.path("below")).unwrap();
    for name in ["data", "twice", "below/data", &elsewhere.path("data"), &format!("below/../{}/data", elsewhere.name())]
    {
        let script =
            Script::new().expect_head_with(&["POST /a HTTP/1.1", "Content-Length: 5"]).expect("hello").send(OK);
        let peer = Peer::start([script]);
        let output = folder.xenon(&["-d", &format!("@{name}"), "-o", "written", &url(&peer)]);
        peer.finish();
        assert_written(&output, b"");
        assert_eq!(fs::read_to_string(elsewhere.path("written")).unwrap(), "ok", "{name}");
        fs::remove_file(elsewhere.path("written")).unwrap();
    }
}

#[test]
fn certificates_may_be_links_out_of_their_folder() {
    let folder = Folder::new("roots");
    let elsewhere = Folder::new("roots-elsewhere");
    fs::write(elsewhere.path("ca.pem"), "no PEM in it\n").unwrap();
    symlink(elsewhere.path("ca.pem"), folder.path("ca.pem")).unwrap();
    let url = format!("https://127.0.0.1:{}/", refusing_port());
    for option in ["--cacert", "--add-cacert", "--pin"] {
        let output = folder.xenon(&[option, "ca.pem", &url]);
        // It was read, which is all that a link could hinder.
        assert_refused(&output, 77);
        assert!(text(&output.stderr).contains("cannot be used"), "{}", text(&output.stderr));
    }
    assert_refused(&folder.xenon(&["--cert", "ca.pem", &url]), 58);
}

#[test]
fn nothing_but_what_options_name_is_made_or_changed() {
    let folder = Folder::new("nothing");
    fs::write(folder.path("kept"), "kept").unwrap();
    let peer = answering("hello");
    // What follows `--` is a URL, whatever it looks like.
    let output = folder.xenon(&["-s", &url(&peer), "-o/dev/null", "--", &format!("-o{}", folder.path("kept"))]);
    peer.finish();
    assert_ne!(output.status.code(), Some(0), "that URL is none");
    assert_eq!(fs::read_to_string(folder.path("kept")).unwrap(), "kept");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn files_that_cannot_be_opened_are_named_in_plain_words() {
    let folder = Folder::new("words");
    fs::create_dir(folder.path("below")).unwrap();
    fs::write(folder.path("file"), "").unwrap();
    symlink("circle", folder.path("circle")).unwrap();
    let there = "http://127.0.0.1:1/";
    for (name, words) in [
        ("missing", "it does not exist"),
        ("missing/file", "it does not exist"),
        ("below", "it is a directory"),
        ("file/file", "a directory in its name is a file"),
        ("circle", "its symbolic links lead in a circle"),
    ] {
        for arguments in [["-T", name, there], ["--data-binary", &format!("@{name}"), there]] {
            let output = folder.xenon(&arguments);
            assert_refused(&output, 26);
            assert!(
                text(&output.stderr).contains(&format!("cannot read {name:?}: {words}")),
                "{}",
                text(&output.stderr)
            );
        }
    }
    for (name, words) in [
        ("missing/file", "its directory does not exist"),
        ("below", "it is a directory"),
        ("file/file", "a directory in its name is a file"),
        ("circle", "its symbolic links lead in a circle"),
    ] {
        let peer = answering("hello");
        let output = folder.xenon(&["-s", "-S", "-o", name, &url(&peer)]);
        peer.finish();
        assert_refused(&output, 23);
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}

#[test]
fn more_files_than_can_be_open_at_once() {
    let folder = Folder::new("many");
    const MANY: usize = 1200;
    let answers = (0..MANY).fold(Script::new(), |script, _| script.expect_head(|_| Ok(())).send(OK));
    let peer = Peer::start([answers]);
    let mut arguments = vec!["-s".to_owned(), "-S".to_owned()];
    for number in 0..MANY {
        fs::create_dir(folder.path(&number.to_string())).unwrap();
        arguments.extend(["-o".to_owned(), folder.path(&format!("{number}/it")), url(&peer)]);
    }
    let mut command = std::process::Command::new("bash");
    command.args(["-c", "ulimit -n 256 && exec \"$@\"", "bash", env!("CARGO_BIN_EXE_xenon")]).args(&arguments);
    let output = command.current_dir(&folder.0).env_remove("http_proxy").output().unwrap();
    peer.finish();
    assert_written(&output, b"");
    for number in 0..MANY {
        assert_eq!(fs::read_to_string(folder.path(&format!("{number}/it"))).unwrap(), "ok");
    }
}
