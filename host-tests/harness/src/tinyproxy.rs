//! A second real HTTP proxy, which closes after each request: tinyproxy, at a free port of 127.0.0.1.
//!
//! It must not need root, nor touch anything outside a folder of its own, which goes with it. It knows `names::ORIGIN`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::names;
use crate::program::{self, Folder, Program};

/// A running tinyproxy. It ends when this is dropped.
pub struct Tinyproxy {
    program: Program,
    port: u16,
}

impl Tinyproxy {
    /// Starts it; with a user and a password it wants Basic, and answers 407 without credentials and 401 to wrong ones.
    ///
    /// None where it is not installed, and then loud: a test that is skipped must be seen. In CI that is a panic.
    pub fn start(user: Option<(&str, &str)>) -> Option<Tinyproxy> {
        let file = program::find("tinyproxy")?;
        let wrapper = names::find_wrapper()?;
        let folder = Folder::new("tinyproxy");
        folder.write("hosts", &names::hosts());
        let command = |folder: &Path, [port]: [u16; 1]| {
            fs::write(folder.join("tinyproxy.conf"), configuration(port, user)).expect("the folder can be written to");
            let mut command = Command::new(&file);
            command.args(["-d", "-c", "tinyproxy.conf"]);
            names::wrap(&mut command, &wrapper, &folder.join("hosts"));
            command
        };
        let is_ready = |folder: &Path, _| {
            fs::read_to_string(folder.join("error.log")).is_ok_and(|log| log.contains("Accepting connections"))
        };
        let ([port], program) = Program::start(folder, command, is_ready);
        Some(Tinyproxy { program, port })
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The request lines so far. It logs them before it answers.
    pub fn seen(&self) -> Vec<String> {
        // `CONNECT   Nov 24 13:30:07.187 [1304]: Request (file descriptor 6): GET http://origin.test/ HTTP/1.1`
        let line = |line: &str| Some(line.split_once(": Request (file descriptor ")?.1.split_once("): ")?.1.to_owned());
        self.log().lines().filter_map(line).collect()
    }

    /// Its log as it is.
    pub fn log(&self) -> String {
        self.program.text("error.log")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.program.id()
    }
}

/// CONNECT is allowed to every port, where no directive names some.
fn configuration(port: u16, user: Option<(&str, &str)>) -> String {
    let user = user.map(|(name, password)| format!("BasicAuth {name} {password}\n")).unwrap_or_default();
    format!(
        "Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 100
LogFile \"error.log\"
LogLevel Info
{user}"
    )
}
