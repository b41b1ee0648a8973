//! A real HTTP proxy: squid, at free ports of 127.0.0.1, over TLS too, with or without a user.
//!
//! It needs no root, and leaves nothing outside its own directory, which is removed with it. It knows `names::ORIGIN`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::access::{Access, User};
use crate::names;
use crate::program::{self, Folder, Program};

/// A running squid. It ends when this is dropped.
pub struct Squid {
    program: Program,
    port: u16,
    tls_port: u16,
    _service: Service,
}

/// Its configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// The credentials that a client needs. Names and passwords are letters and digits here.
    pub access: Access<'a>,
    /// Its certificate with the chain, and the private key, all in PEM. Without them it does not speak TLS.
    pub tls: Option<(&'a str, &'a str)>,
    /// Further directives, such as `auth_param digest nonce_max_count 5`.
    pub directives: &'a str,
}

/// squid's record of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The port of the client's connection.
    pub connection: u16,
    /// The status of the response. For an open tunnel, 200.
    pub status: u16,
    /// The request's method.
    pub method: String,
    /// An absolute URL, or host and port for CONNECT.
    pub target: String,
    /// All fields of the request's head, as they came, a line each.
    pub fields: String,
}

impl Seen {
    /// The value of the field of this name; nothing without one.
    pub fn field(&self, name: &str) -> Option<&str> {
        let of = |line| str::split_once(line, ':').filter(|(field, _)| field.eq_ignore_ascii_case(name));
        self.fields.lines().find_map(of).map(|(_, value)| value.trim())
    }
}

impl Squid {
    /// Starts it.
    ///
    /// `None` if it is not installed, with a loud message: a skipped test must be noticed. In CI that is a panic.
    pub fn start(terms: &Terms<'_>) -> Option<Squid> {
        let file = program::find("squid")?;
        let folder = Folder::new("squid");
        folder.write("hosts", &names::hosts());
        let access = configure_access(terms.access, &folder)?;
        if let Some((chain, key)) = terms.tls {
            folder.write("chain.pem", chain);
            folder.write("key.pem", key);
        }
        folder.give_to_nobody();

        let service = Service::new();
        let command = |folder: &Path, [port, tls_port]: [u16; 2]| {
            let listen_tls = terms.tls.map(|_| listening_with_tls(tls_port, folder)).unwrap_or_default();
            let text = configuration(folder, port, &format!("{listen_tls}{access}{}", terms.directives));
            fs::write(folder.join("squid.conf"), text).expect("the folder can be written to");
            // One process in the foreground, which may run beside others.
            let mut command = Command::new(&file);
            command.args(["-N", "-n", &service.0]).arg("-f").arg(folder.join("squid.conf"));
            command
        };
        let last = if terms.tls.is_some() { "Accepting HTTPS Socket" } else { "Accepting HTTP Socket" };
        // It logs that before it listens, so it is asked, too. But without the log, another program could be the one that answers.
        let is_ready = |folder: &Path, [port, _]: [u16; 2]| {
            fs::read_to_string(folder.join("error.log")).is_ok_and(|log| log.contains(last)) && ask_fence(port).is_ok()
        };
        let ([port, tls_port], program) = Program::start(folder, command, is_ready);
        Some(Squid { program, port, tls_port, _service: service })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its port with TLS. It is unused without a certificate.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The requests so far, in the order in which they ended. A tunnel ends when it closes.
    pub fn seen(&self) -> Vec<Seen> {
        self.log().lines().map(parse).filter(|seen| !seen.target.contains(FENCE)).collect()
    }

    /// Its raw log.
    pub fn log(&self) -> String {
        self.fence();
        self.program.text("access.log")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Makes a request of its own. squid's single thread alternates between all pending work, and this request takes several
    /// turns. So when it is complete, everything that ended before is logged.
    fn fence(&self) {
        if let Err(error) = ask_fence(self.port) {
            panic!("squid does not answer ({error}); it says:\n{}", self.program.complaints());
        }
    }
}

/// A host that squid denies to everyone. Requests to it do not count as seen.
const FENCE: &str = "xenon-fence.test";

fn ask_fence(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(format!("GET http://{FENCE}/ HTTP/1.0\r\n\r\n").as_bytes())?;
    stream.read_to_end(&mut Vec::new()).map(|_| ())
}

/// A service name that no other squid uses. Files of that name exist in the system's shared memory as long as this does.
struct Service(String);

impl Service {
    fn new() -> Service {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // squid accepts letters and digits only.
        Service(format!("xenon{}x{count}", std::process::id()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let start = format!("{}-", self.0);
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&start) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Helpers check users. They end when squid closes their input.
fn configure_access(access: Access<'_>, folder: &Folder) -> Option<String> {
    let (scheme, helper, user) = match access {
        Access::Open => return Some("http_access allow all\n".to_owned()),
        Access::Basic(user) => {
            folder.write("basic.sh", &basic_helper(user));
            ("basic", format!("/bin/sh {}/basic.sh", folder.path().display()), user)
        }
        Access::Digest(user) => {
            let folders = ["/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid"].map(PathBuf::from);
            let helper = program::find_file("digest_file_auth", folders)?;
            folder.write("users", &format!("{}:{}\n", user.name, user.password));
            ("digest", format!("{} {}/users", helper.display(), folder.path().display()), user)
        }
    };
    Some(format!(
        "auth_param {scheme} program {helper}
auth_param {scheme} children 1
auth_param {scheme} realm {}
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
",
        user.realm
    ))
}

/// squid sends it lines with a name and a password.
fn basic_helper(user: User<'_>) -> String {
    let User { name, password, .. } = user;
    format!("while read -r line; do if [ \"$line\" = '{name} {password}' ]; then echo OK; else echo ERR; fi; done\n")
}

fn listening_with_tls(port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!("https_port 127.0.0.1:{port} tls-cert={folder}/chain.pem tls-key={folder}/key.pem\n")
}

/// Nothing is cached. Only the names in its own file are resolved: its resolver address does not respond.
fn configuration(folder: &Path, port: u16, more: &str) -> String {
    let folder = folder.display();
    format!(
        "http_port 127.0.0.1:{port}
acl fence dstdomain {FENCE}
http_access deny fence
{more}
hosts_file {folder}/hosts
dns_nameservers 127.0.0.1
dns_timeout 1 second
cache deny all
cache_mem 0
logformat facts %>p %>Hs %rm %ru %#>h
access_log stdio:{folder}/access.log logformat=facts
cache_log {folder}/error.log
pid_filename none
coredump_dir {folder}
pinger_enable off
max_filedescriptors 1024
shutdown_lifetime 0 seconds
cache_effective_user nobody
visible_hostname squid.test
strip_query_terms off
"
    )
}

fn parse(line: &str) -> Seen {
    let mut words = line.splitn(5, ' ');
    let mut word = || words.next().expect("a line of the log has five words");
    let connection = word().parse().expect("a port has 16 bits");
    let status = word().parse().expect("a status has three digits");
    let (method, target) = (word().to_owned(), word().to_owned());
    Seen { connection, status, method, target, fields: decoded(word()) }
}

/// squid logs `%20` for a space.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
