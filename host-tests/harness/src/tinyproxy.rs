//! A second real HTTP proxy, which closes after each request: tinyproxy, at a free port of 127.0.0.1.
//!
//! It needs no root, and touches nothing outside its own directory, which is removed with it. It knows `names::ORIGIN`.

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
    /// Starts it. With a user and a password it requires Basic, and responds with 407 if there are no credentials and 401 if they
    /// are wrong.
    ///
    /// `None` if it is not installed, with a loud message: a skipped test must be noticed. In CI that is a panic.
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

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The request lines so far. Each is logged before the response.
    pub fn seen(&self) -> Vec<String> {
        // `CONNECT   Nov 24 13:30:07.187 [1304]: Request (file descriptor 6): GET http://origin.test/ HTTP/1.1`
        let line = |line: &str| Some(line.split_once(": Request (file descriptor ")?.1.split_once("): ")?.1.to_owned());
        self.log().lines().filter_map(line).collect()
    }

    /// Its raw log.
    pub fn log(&self) -> String {
        self.program.text("error.log")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.program.id()
    }
}

/// Without a directive that names ports, CONNECT is allowed to all of them.
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
