//! What a plugin may reach, and how it is told what it may not.

use std::net::TcpListener;

use plugin_host::Failure;
use xenon_harness::nginx::Nginx;

use super::{fetch, log, name, run, trespass};

/// What Xenon says of what the host refuses.
const REFUSED: &str = "the host of this component does not allow it";

#[test]
fn a_plugin_fetches_what_its_policy_allows() {
    let Some(nginx) = Nginx::start(&[("/a", 3), ("/b", 2)]) else { return };
    let port = nginx.port();
    name("allowed.test", &[&["127.0.0.1"]]);
    let plugin = fetch("allowed", &format!("allow = ['allowed.test:{port}']\nprivate-addresses = true"));
    let url = format!("http://Allowed.test:{port}");
    // By a connection for which a socket is bound as the system likes.
    assert_eq!(run(&plugin, &format!("{url}/a\n{url}/b")), Ok("\0\x01\x02\0\x01".into()));
    let each = ["allowed.test is at 127.0.0.1".to_owned(), format!("connects to 127.0.0.1:{port}")];
    assert_eq!(log("allowed"), [&each[..], &each[..]].concat());
}

#[test]
fn an_address_of_the_policy_needs_no_name_and_no_lookup() {
    let Some(nginx) = Nginx::start(&[("/a", 1)]) else { return };
    let port = nginx.port();
    for (host, test) in [("127.0.0.1", "literal"), ("localhost", "localhost")] {
        let plugin = fetch(test, &format!("allow = ['{host}:{port}']"));
        assert_eq!(run(&plugin, &format!("http://{host}:{port}/a")), Ok("\0".into()));
        assert!(log(test).contains(&format!("connects to 127.0.0.1:{port}")), "{:?}", log(test));
    }
}

#[test]
fn another_name_address_or_port_is_refused_and_logged() {
    let Some(nginx) = Nginx::start(&[("/a", 1)]) else { return };
    let port = nginx.port();
    name("mine.test", &[&["127.0.0.1"]]);
    name("other.test", &[&["127.0.0.1"]]);
    let plugin = trespass("trespass", "allow = ['mine.test:1']\nprivate-addresses = true");
    let tried = [
        // Past its policy with Xenon.
        (format!("http://other.test:{port}"), "look up \"other.test\"".to_owned()),
        (format!("http://127.0.0.1:{port}"), format!("connect to 127.0.0.1:{port}")),
        (format!("http://mine.test:{port}"), format!("connect to 127.0.0.1:{port}")),
        // Past Xenon, with sockets of its own.
        (format!("name://other.test:{port}"), "look up \"other.test\"".to_owned()),
        (format!("tcp://127.0.0.1:{port}"), format!("connect to 127.0.0.1:{port}")),
        ("server://127.0.0.1:0".to_owned(), "bind 127.0.0.1:0".to_owned()),
        (format!("udp://127.0.0.1:{port}"), "use UDP".to_owned()),
    ];
    let input: Vec<&str> = tried.iter().map(|(line, _)| line.as_str()).collect();
    let output = run(&plugin, &input.join("\n")).unwrap();
    for (line, (tried, _)) in output.lines().zip(&tried) {
        let words = if tried.starts_with("http") { REFUSED } else { "ermission denied" };
        assert!(line.starts_with(tried) && line.contains(words), "{line}");
    }
    assert_eq!(output.lines().count(), tried.len());
    let refused = tried.map(|(_, what)| format!("REFUSED to {what}: not in its policy"));
    let mut logged = log("trespass");
    assert_eq!(logged.remove(2), "mine.test is at 127.0.0.1");
    assert_eq!(logged, refused);
    assert_eq!(nginx.served(), []);
}

/// A socket may be bound as the system likes, and then be used for connections alone.
#[test]
fn nobody_is_let_in() {
    let plugin = trespass("listens", "allow = ['localhost:1']");
    let output = run(&plugin, "server://0.0.0.0:0\nserver://[::]:0").unwrap();
    assert!(!output.contains("done"), "{output}");
    let logged = log("listens");
    assert!(logged[0].starts_with("REFUSED to bind 0.0.0.0:") && !logged[0].contains(":0:"), "{logged:?}");
}

#[test]
fn a_name_that_points_to_this_machine_is_refused() {
    let Some(nginx) = Nginx::start(&[("/a", 1)]) else { return };
    let port = nginx.port();
    name("inside.test", &[&["127.0.0.1", "::1"]]);
    let plugin = fetch("inside", &format!("allow = ['inside.test:{port}']"));
    let words = format!("could not look up \"inside.test\": {REFUSED}");
    assert_eq!(run(&plugin, &format!("http://inside.test:{port}/")), Err(Failure::Plugin(words)));
    assert_eq!(
        log("inside"),
        ["REFUSED to look up \"inside.test\": the name is at 127.0.0.1, ::1, which is not public"]
    );
    // Xenon knows without a lookup where this is.
    let Err(Failure::Plugin(words)) = run(&plugin, &format!("http://localhost:{port}/")) else {
        panic!("it was let in")
    };
    assert!(
        words.starts_with("could not connect: ") && words.contains(&format!("127.0.0.1:{port}: {REFUSED}")),
        "{words}"
    );
    assert_eq!(nginx.served(), []);
}

#[test]
fn a_name_that_moves_between_two_requests_is_refused() {
    let Some(nginx) = Nginx::start(&[("/a", 1)]) else { return };
    let port = nginx.port();
    // What the name is moved to. It is reached by nobody.
    let elsewhere = TcpListener::bind(("127.0.0.2", port)).unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    name("moves.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let plugin = fetch("moves", &format!("allow = ['moves.test:{port}']\nprivate-addresses = true"));
    let url = format!("http://moves.test:{port}/a");
    let words = format!("could not look up \"moves.test\": {REFUSED}");
    assert_eq!(run(&plugin, &format!("{url}\n{url}")), Err(Failure::Plugin(words)));
    assert_eq!(
        log("moves"),
        [
            "moves.test is at 127.0.0.1".to_owned(),
            format!("connects to 127.0.0.1:{port}"),
            "REFUSED to look up \"moves.test\": the name has moved to 127.0.0.2".to_owned(),
        ]
    );
    assert_eq!(nginx.served().len(), 1);
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// What a name was moved to is not reached by its address either.
#[test]
fn an_address_that_a_name_has_moved_to_is_refused() {
    name("pinned.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let plugin = trespass("pinned", "allow = ['pinned.test:1']\nprivate-addresses = true");
    let output =
        run(&plugin, "name://pinned.test:1\nname://pinned.test:1\nhttp://127.0.0.2:1\nhttp://127.0.0.1:1").unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], "name://pinned.test:1: done");
    assert!(lines[1].contains("ermission denied") && lines[2].contains(REFUSED), "{output}");
    // It is pinned, and nobody is there: that is the target's doing.
    assert!(lines[3].contains("connection refused"), "{output}");
}

#[test]
fn a_name_that_does_not_exist_is_not_called_refused() {
    let plugin = fetch("missing", "allow = ['missing.test:80']");
    let words = "could not look up \"missing.test\": no such name".to_owned();
    assert_eq!(run(&plugin, "http://missing.test/"), Err(Failure::Plugin(words)));
    assert_eq!(log("missing"), Vec::<String>::new());
}
