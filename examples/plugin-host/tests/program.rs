//! The program, with the three samples. They are made by the build of the repository; where this folder stands alone, there are none.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

fn plugin_host(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plugin-host")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder for one test.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = folder("unread");
    fs::write(folder.join("xenon.wasm"), b"").unwrap();
    fs::write(folder.join("plugin.wasm"), b"").unwrap();
    fs::write(folder.join("plugin.toml"), "alow = []").unwrap();
    for (arguments, words) in [
        (&["xenon.wasm"][..], "usage: "),
        (&["missing.wasm", ""], "missing.wasm"),
        (&["xenon.wasm", "", "missing.wasm"], "missing.toml"),
        (&["xenon.wasm", "", "plugin.wasm"], "plugin.toml"),
    ] {
        let output = plugin_host(&folder, arguments);
        assert_eq!(output.status.code(), Some(2));
        let told = text(&output.stderr);
        assert!(told.starts_with("plugin-host: ") && told.contains(words), "{told}");
    }
}

#[test]
fn three_plugins_run_at_once_and_the_log_says_what_they_tried() {
    let made = Path::new(env!("CARGO_BIN_EXE_plugin-host")).ancestors().nth(2).unwrap().join("component");
    if !made.join("plugin-fetch.wasm").exists() {
        eprintln!("\n*** SKIPPED: {} has no plugins ***\n", made.display());
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1000]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        }
    });

    let folder = folder("three");
    let policies = [
        ("fetch", format!("allow = ['127.0.0.1:{port}']")),
        ("trespass", String::new()),
        ("endless", "fuel = 1".into()),
    ];
    for (name, policy) in policies {
        fs::copy(made.join(format!("plugin-{name}.wasm")), folder.join(format!("{name}.wasm"))).unwrap();
        fs::write(folder.join(format!("{name}.toml")), policy).unwrap();
    }
    let xenon = made.join("xenon.wasm");
    let input = format!("http://127.0.0.1:{port}/");
    let plugins = ["fetch.wasm", "trespass.wasm", "endless.wasm"];
    let output = plugin_host(&folder, &[&[xenon.to_str().unwrap(), &input], &plugins[..]].concat());
    let outcomes = [
        "fetch: hello".to_owned(),
        format!(
            "trespass: {input}: could not connect: 127.0.0.1:{port}: the host of this component does not allow it\\n"
        ),
        "endless: the plugin has exceeded its fuel of 1".to_owned(),
    ];
    assert_eq!(text(&output.stdout).lines().collect::<Vec<_>>(), outcomes);
    let mut told: Vec<String> = text(&output.stderr).lines().map(str::to_owned).collect();
    told.sort();
    let expected = [
        "endless: EXCEEDED its fuel of 1".to_owned(),
        format!("fetch: connects to 127.0.0.1:{port}"),
        format!("trespass: REFUSED to connect to 127.0.0.1:{port}: not in its policy"),
    ];
    assert_eq!(told, expected);
    assert_eq!(output.status.code(), Some(1));
}
