//! Real SOCKS proxies, at free ports of 127.0.0.1: microsocks for version 5, Dante for 4 and 5, v2ray for 4, 4a and 5.
//!
//! They must not need root, nor touch anything outside a folder of their own, which goes with them. They know
//! `names::ORIGIN`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::names::{self, ORIGIN};
use crate::program::{self, Folder, Program};

/// A running proxy. It ends when this is dropped.
pub struct Socks {
    program: Program,
    port: u16,
    log: Log,
}

/// How a proxy's log says where it was asked to connect to.
struct Log {
    file: &'static str,
    /// Where a line is of one that was let through.
    asked: fn(&str) -> Option<String>,
}

impl Socks {
    /// Starts microsocks: version 5, with no user or with this one and its password, which it then wants.
    ///
    /// None where it is not installed, and then loud: a test that is skipped must be seen. In CI that is a panic.
    pub fn microsocks(user: Option<(&str, &str)>) -> Option<Socks> {
        let file = program::find("microsocks")?;
        let wrapper = names::find_wrapper()?;
        let folder = Folder::new("microsocks");
        folder.write("hosts", &names::hosts());
        let command = |folder: &Path, [port]: [u16; 1]| {
            let mut command = Command::new(&file);
            command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
            if let Some((name, password)) = user {
                command.args(["-u", name, "-P", password]);
            }
            names::wrap(&mut command, &wrapper, &folder.join("hosts"));
            command
        };
        // It does not say that it is ready. So it is asked for a connection to itself: its log must have that, for the one
        // who answers could be somebody else.
        let is_ready = |folder: &Path, [port]: [u16; 1]| {
            connect(port, user, &Ipv4Addr::LOCALHOST.to_string(), port).is_ok()
                && fs::read_to_string(folder.join("output"))
                    .is_ok_and(|log| log.contains(&format!(" 127.0.0.1:{port}\n")))
        };
        let ([port], program) = Program::start(folder, command, is_ready);
        // `client[5] 127.0.0.1: connected to origin.test:18080`
        let asked = |line: &str| Some(line.split_once(": connected to ")?.1.to_owned());
        Some(Socks { program, port, log: Log { file: "output", asked } })
    }

    /// Starts Dante: versions 4 and 5, without users. None as with `microsocks`.
    ///
    /// Where a name was asked for, its log has the address.
    pub fn dante() -> Option<Socks> {
        let file = program::find("danted")?;
        let wrapper = names::find_wrapper()?;
        let folder = Folder::new("dante");
        folder.write("hosts", &names::hosts());
        let is_root = folder.give_to_nobody();
        let command = |folder: &Path, [port]: [u16; 1]| {
            let text = dante_configuration(folder, port, is_root);
            fs::write(folder.join("danted.conf"), text).expect("the folder can be written to");
            let mut command = Command::new(&file);
            command.arg("-p").arg(folder.join("pid")).args(["-f", "danted.conf"]);
            names::wrap(&mut command, &wrapper, &folder.join("hosts"));
            command
        };
        let is_ready =
            |folder: &Path, _| fs::read_to_string(folder.join("access.log")).is_ok_and(|log| log.contains("running"));
        let ([port], program) = Program::start(folder, command, is_ready);
        // `...: info: pass(1): tcp/connect [: 127.0.0.1.33512 127.0.0.1.18084 -> 127.0.0.1.40977 127.0.0.1.18080`
        let asked = |line: &str| {
            let (address, port) = line.split_once("tcp/connect [: ")?.1.rsplit_once(' ')?.1.rsplit_once('.')?;
            Some(format!("{address}:{port}"))
        };
        Some(Socks { program, port, log: Log { file: "access.log", asked } })
    }

    /// Starts v2ray: versions 4, 4a and 5, without users; with this one and its password, only 5. None as with `microsocks`.
    ///
    /// It answers that it is connected before it tries.
    pub fn v2ray(user: Option<(&str, &str)>) -> Option<Socks> {
        let file = program::find("v2ray")?;
        let folder = Folder::new("v2ray");
        let command = |folder: &Path, [port]: [u16; 1]| {
            fs::write(folder.join("v2ray.json"), v2ray_configuration(port, user))
                .expect("the folder can be written to");
            let mut command = Command::new(&file);
            command.args(["-config", "v2ray.json"]);
            command
        };
        let is_ready =
            |folder: &Path, _| fs::read_to_string(folder.join("error.log")).is_ok_and(|log| log.contains("started"));
        let ([port], program) = Program::start(folder, command, is_ready);
        // `2026/11/24 13:32:09 tcp:127.0.0.1:35232 accepted tcp:origin.test:18080`
        let asked = |line: &str| Some(line.split_once(" accepted tcp:")?.1.to_owned());
        Some(Socks { program, port, log: Log { file: "access.log", asked } })
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it was asked to connect to, as `origin.test:80`, once that was this often. It may log later than it answers.
    pub fn asked(&self, count: usize) -> Vec<String> {
        let own = format!("127.0.0.1:{}", self.port);
        self.program.wait_for(self.log.file, |text| {
            let whole = text.get(..text.rfind('\n')? + 1)?;
            let asked: Vec<String> = whole.lines().filter_map(self.log.asked).filter(|asked| *asked != own).collect();
            (asked.len() >= count).then_some(asked)
        })
    }

    /// Its log as it is.
    pub fn log(&self) -> String {
        self.program.text(self.log.file)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.program.id()
    }
}

/// One version, CONNECT, and a way to be known, RFC 1928 and 1929, with each step as it should be or an error.
fn connect(proxy: u16, user: Option<(&str, &str)>, host: &str, port: u16) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let method = if user.is_some() { 2 } else { 0 };
    step(&mut stream, &[5, 1, method], &[5, method])?;
    if let Some((name, password)) = user {
        let length = |text: &str| u8::try_from(text.len()).map_err(io::Error::other);
        let name = [&[1, length(name)?], name.as_bytes()].concat();
        step(&mut stream, &[&name, &[length(password)?][..], password.as_bytes()].concat(), &[1, 0])?;
    }
    let length = u8::try_from(host.len()).map_err(io::Error::other)?;
    let request = [&[5, 1, 0, 3, length], host.as_bytes(), &port.to_be_bytes()].concat();
    step(&mut stream, &request, &[5, 0, 0, 1])?;
    stream.read_exact(&mut [0; 6])?;
    Ok(stream)
}

fn step(stream: &mut TcpStream, request: &[u8], expected: &[u8]) -> io::Result<()> {
    stream.write_all(request)?;
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer)?;
    if answer == expected { Ok(()) } else { Err(io::Error::other(format!("the proxy has answered {answer:?}"))) }
}

/// Only root may name users to become.
fn dante_configuration(folder: &Path, port: u16, is_root: bool) -> String {
    let folder = folder.display();
    let users = if is_root { "user.privileged: root\nuser.unprivileged: nobody\n" } else { "" };
    format!(
        "logoutput: {folder}/access.log
errorlog: {folder}/error.log
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
socksmethod: none
clientmethod: none
{users}client pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
}}
socks pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
    protocol: tcp
    log: connect
}}
"
    )
}

/// Only the name here is resolved: its resolver address does not respond.
fn v2ray_configuration(port: u16, user: Option<(&str, &str)>) -> String {
    let access = match user {
        Some((name, password)) => {
            format!("\"auth\": \"password\", \"accounts\": [{{ \"user\": \"{name}\", \"pass\": \"{password}\" }}]")
        }
        None => "\"auth\": \"noauth\"".to_owned(),
    };
    format!(
        "{{
    \"log\": {{ \"access\": \"access.log\", \"error\": \"error.log\", \"loglevel\": \"warning\" }},
    \"dns\": {{ \"hosts\": {{ \"{ORIGIN}\": \"127.0.0.1\" }}, \"servers\": [\"127.0.0.1\"] }},
    \"inbounds\": [{{
        \"listen\": \"127.0.0.1\", \"port\": {port}, \"protocol\": \"socks\",
        \"settings\": {{ \"udp\": false, {access} }}
    }}],
    \"outbounds\": [{{ \"protocol\": \"freedom\", \"settings\": {{ \"domainStrategy\": \"UseIPv4\" }} }}]
}}
"
    )
}
