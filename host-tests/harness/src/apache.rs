//! A real server with areas that want credentials: Apache's httpd, at a free port of 127.0.0.1.
//!
//! It must not need root, nor touch anything outside a folder of its own, which goes with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::access::{self, Access, User};
use crate::program::{self, Folder, Program};
use crate::s_server::openssl;

/// A running httpd. It ends when this is dropped.
pub struct Apache {
    program: Program,
    file: PathBuf,
    port: u16,
}

/// What is at a path, and below it. An area may lie in another, whose place it takes there.
///
/// Every target in it answers with `CONTENT`, after the content of a POST is read; one whose last segment is `length` takes
/// content by any method and answers its length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Area<'a> {
    /// Where it begins, as `/a`.
    pub path: &'a str,
    /// What a client must show.
    pub access: Access<'a>,
    /// What else Apache is told of it, as `AuthDigestNonceLifetime 0`.
    pub directives: &'a str,
}

/// What every target answers with, but those whose last segment is `length` or `large`.
pub const CONTENT: &str = "from apache\n";

/// What a target answers with whose last segment is `large`: enough for Apache to find it worth a coding.
pub fn large() -> String {
    CONTENT.repeat(1000)
}

/// What Apache says about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The port that the client's connection has come from.
    pub connection: u16,
    /// Which request of that connection it was, from 1.
    pub number: u64,
    /// `GET /a/x HTTP/1.1`
    pub request_line: String,
    /// The status answered.
    pub status: u16,
    /// The bytes of the request, head and content, as they came.
    pub request_length: u64,
    /// The value of the request's field `Authorization`; nothing without one.
    pub authorization: String,
}

impl Served {
    /// The value of one of the parameters that the field `Authorization` has, as `nc`, without quotes.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        access::parameter(&self.authorization, name)
    }
}

impl Apache {
    /// Starts it with these areas; what lies in none of them is open.
    ///
    /// None where it is not installed, and then loud: a test that is skipped must be seen. In CI that is a panic.
    pub fn start(areas: &[Area<'_>]) -> Option<Apache> {
        let file = program::find("apache2")?;
        let folder = Folder::new("apache");
        folder.write("hello", CONTENT);
        folder.write("large", &large());
        folder.write(
            "length",
            "#!/bin/sh\nlength=$(wc -c)\nprintf 'Content-Type: text/plain\\r\\n\\r\\n%s\\n' \"$length\"\n",
        );
        make_executable(&folder.path().join("length"));
        for (number, area) in areas.iter().enumerate() {
            if let Access::Basic(user) | Access::Digest(user) = area.access {
                folder.write(&format!("user-{number}"), &line_of(user, &folder)?);
            }
        }
        folder.give_to_nobody();

        let command = |folder: &Path, [port]: [u16; 1]| {
            fs::write(folder.join("httpd.conf"), configuration(folder, port, areas))
                .expect("the folder can be written to");
            command(&file, folder)
        };
        let ([port], program) = Program::start(folder, command, |folder, _| is_ready(folder));
        Some(Apache { program, file, port })
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it and starts it again at the same port: connections end, and no nonce is known any more.
    pub fn restart(&mut self) {
        let folder = self.program.folder();
        let _ = fs::remove_file(folder.join(PID));
        let command = command(&self.file, folder);
        self.program.restart(command, is_ready);
    }

    /// What it has served so far, once nothing is under way any more; in the order in which it was finished.
    pub fn served(&self) -> Vec<Served> {
        self.fence();
        let mut counts: HashMap<u16, u64> = HashMap::new();
        let mut served: Vec<Served> = self.program.text("access.log").lines().map(parse).collect();
        served.retain(|one| !one.request_line.contains(FENCE));
        for one in &mut served {
            let count = counts.entry(one.connection).or_default();
            *count += 1;
            one.number = *count;
        }
        served
    }

    /// Its log as it is.
    pub fn log(&self) -> String {
        self.fence();
        self.program.text("access.log")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Asks what its threads do, until all but the one that answers this wait for something to do. One that serves a request
    /// is busy until it has logged it.
    fn fence(&self) {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(format!("GET {FENCE}?auto HTTP/1.0\r\n\r\n").as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        };
        let start = Instant::now();
        loop {
            let answer = ask().unwrap_or_else(|error| {
                panic!("Apache does not answer ({error}); it says:\n{}", self.program.complaints());
            });
            let threads = answer.lines().find_map(|line| line.strip_prefix("Scoreboard: ")).unwrap_or_default();
            // `_` waits, and `.` is none.
            if threads.chars().filter(|thread| !"_.".contains(*thread)).count() == 1 {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "Apache is not at rest; it says:\n{answer}");
        }
    }
}

/// How long it may take to answer, and to be at rest.
const PATIENCE: Duration = Duration::from_secs(20);

const FENCE: &str = "/xenon-fence";

/// It is written when the sockets listen.
const PID: &str = "pid";

const MODULES: [&str; 12] = [
    "mpm_event",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_user",
    "auth_basic",
    "auth_digest",
    "alias",
    "cgi",
    "deflate",
    "headers",
    "status",
];

fn is_ready(folder: &Path) -> bool {
    folder.join(PID).exists()
}

/// One process in the foreground.
fn command(file: &Path, folder: &Path) -> Command {
    let mut command = Command::new(file);
    command.arg("-X").arg("-d").arg(folder).arg("-f").arg(folder.join("httpd.conf"));
    command
}

/// A user's line in the file that both schemes read: it has what RFC 7616 section 3.4.2 calls A1, hashed.
fn line_of(user: User<'_>, folder: &Folder) -> Option<String> {
    let start = format!("{}:{}", user.name, user.realm);
    folder.write("a1", &format!("{start}:{}", user.password));
    let file = folder.path().join("a1");
    let printed = openssl(&["dgst", "-md5", "-r", file.to_str().expect("the path is text")])?;
    let _ = fs::remove_file(file);
    let hash = printed.split(' ').next().unwrap_or_default();
    Some(format!("{start}:{hash}\n"))
}

#[cfg(unix)]
fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
}

#[cfg(not(unix))]
fn make_executable(_: &Path) {}

/// No path outside its folder, but its modules'. An idle connection has no thread; were all threads busy, Apache would close
/// the idle ones.
fn configuration(folder: &Path, port: u16, areas: &[Area<'_>]) -> String {
    let folder = folder.display();
    let mut text = String::new();
    for module in MODULES {
        let _ = writeln!(text, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so");
    }
    let _ = write!(
        text,
        "ServerName localhost
Listen 127.0.0.1:{port}
User #65534
Group #65534
DefaultRuntimeDir \"{folder}\"
PidFile \"{folder}/{PID}\"
ErrorLog \"{folder}/error.log\"
LogFormat \"%{{remote}}p %>s %I\\t%r\\t%{{Authorization}}i\" facts
CustomLog \"{folder}/access.log\" facts
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot \"{folder}\"
ScriptAliasMatch \"/length$\" \"{folder}/length\"
AliasMatch \"/large$\" \"{folder}/large\"
AliasMatch \"^/\" \"{folder}/hello\"
<Location \"{FENCE}\">
SetHandler server-status
</Location>
"
    );
    for (number, area) in areas.iter().enumerate() {
        let _ = writeln!(text, "<Location \"{}\">", area.path);
        let users = format!("AuthUserFile \"{folder}/user-{number}\"\nRequire valid-user");
        let _ = match area.access {
            Access::Open => writeln!(text, "Require all granted"),
            Access::Basic(User { realm, .. }) => writeln!(
                text,
                "AuthType Basic\nAuthName \"{realm}\"\nAuthBasicProvider file\nAuthBasicUseDigestAlgorithm MD5\n{users}"
            ),
            Access::Digest(User { realm, .. }) => {
                writeln!(text, "AuthType Digest\nAuthName \"{realm}\"\nAuthDigestProvider file\n{users}")
            }
        };
        let _ = writeln!(text, "{}\n</Location>", area.directives);
    }
    text
}

fn parse(line: &str) -> Served {
    let mut parts = line.splitn(3, '\t');
    let mut numbers = parts.next().unwrap_or_default().split(' ');
    let mut number =
        || numbers.next().and_then(|word| word.parse::<u64>().ok()).expect("a line of the log has three numbers");
    let (connection, status, request_length) = (number(), number(), number());
    let request_line = parts.next().unwrap_or_default().to_owned();
    // What Apache logs it has escaped, as `\"`.
    let authorization = parts.next().unwrap_or_default().replace('\\', "");
    Served {
        connection: u16::try_from(connection).expect("a port has 16 bits"),
        number: 0,
        request_line,
        status: u16::try_from(status).expect("a status has three digits"),
        request_length,
        authorization: if authorization == "-" { String::new() } else { authorization },
    }
}
