//! The `xenon` command as a person runs it: the native program, its arguments, files and streams, and its exit codes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use xenon_host::peer::{Peer, Script, refusing_port};

/// A folder for one test, gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("xenon-command-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Runs the command there. Nothing is in its environment.
    fn xenon(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
        command.args(arguments).current_dir(&self.0).env_clear().stdin(Stdio::null());
        command
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// It has ended with this code, and said why in one line as the command does.
fn assert_refused(output: &Output, code: i32) {
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words}");
    assert!(words.starts_with(&format!("xenon: ({code}) ")), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
}

/// A peer that answers one request on one connection.
fn answering(content: &str) -> Peer {
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len());
    Peer::start([Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(response)])
}

fn url(peer: &Peer) -> String {
    format!("http://{}/a", peer.authority())
}

#[test]
fn help_and_version_are_told() {
    let folder = Folder::new("help");
    for option in ["--help", "--version"] {
        let output = folder.xenon(&[option]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("xenon"), "{output:?}");
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn content_goes_to_standard_output() {
    let folder = Folder::new("stdout");
    let peer = answering("hello");
    let output = folder.xenon(&[&url(&peer)]);
    peer.finish();
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(0), "hello".into(), "".into()));
}

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
fn a_file_that_no_option_names_is_out_of_reach() {
    let folder = Folder::new("reach");
    fs::write(folder.path("secret"), "a").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.path("link")).unwrap();
    // A link that leads out of the folder is named, and what it leads to is not.
    let output = folder.xenon(&["--data-binary", "@link", "http://127.0.0.1:1/"]);
    assert_refused(&output, 26);
}

#[test]
fn refusals_are_one_line_and_a_code() {
    let folder = Folder::new("refusals");
    assert_refused(&folder.xenon(&["--no-such-option"]), 2);
    assert_refused(&folder.xenon(&["gopher://127.0.0.1/"]), 1);
    assert_refused(&folder.xenon(&[&format!("http://127.0.0.1:{}/", refusing_port())]), 7);
    assert_refused(&folder.xenon(&["-T", "missing", "http://127.0.0.1:1/"]), 26);
}

#[test]
fn output_that_nobody_reads_is_no_accident() {
    let folder = Folder::new("pipe");
    let content = "x".repeat(1 << 20);
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
    let peer = Peer::start([Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(response).send_until_closed(content)]);
    let mut child =
        folder.command(&[&url(&peer)]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    peer.finish();
    assert_refused(&output, 23);
}
