//! A real server: Debian's nginx, at a free port of 127.0.0.1, with files to get and a place to send content to.
//!
//! It must not need root, nor touch anything outside a folder of its own, which goes with it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running nginx. It ends when this is dropped.
pub struct Nginx {
    port: u16,
    tls_port: u16,
    folder: PathBuf,
    process: Child,
}

/// What nginx says about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Which connection it came on, by nginx's own count.
    pub connection: u64,
    /// Which request of that connection it was, from 1.
    pub number: u64,
    /// `GET /small HTTP/1.1`
    pub request_line: String,
    /// The status answered.
    pub status: u16,
    /// The bytes of the request, head and content, as they came.
    pub request_length: u64,
    /// The bytes of the content sent.
    pub sent: u64,
    /// Whether the connection's TLS resumed an earlier session.
    pub is_resumed: bool,
}

/// What nginx needs to speak TLS.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// Its certificate and the chain after it, in PEM.
    pub chain: &'a str,
    /// The certificate's private key, in PEM.
    pub key: &'a str,
    /// What else it is told, as `ssl_protocols TLSv1.2;`. The file `ca.pem` holds `authorities`.
    pub directives: &'a str,
    /// Certificates of authorities, in PEM.
    pub authorities: &'a str,
}

impl Nginx {
    /// Starts it with these files, each a path and a size; what is in them is `content`. PUT and POST to `/sink`, and to
    /// whatever is below it, read the content and answer 200 `sunk`. Requests for what is below `/unlogged/` are not logged.
    ///
    /// None where nginx is not installed, and then loud: a test that is skipped must be seen. In CI that is a panic.
    pub fn start(files: &[(&str, usize)]) -> Option<Nginx> {
        Nginx::start_with(files, None)
    }

    /// As `start`; the same is served over TLS too, at a port of its own.
    pub fn start_tls(files: &[(&str, usize)], tls: &Tls<'_>) -> Option<Nginx> {
        Nginx::start_with(files, Some(tls))
    }

    fn start_with(files: &[(&str, usize)], tls: Option<&Tls<'_>>) -> Option<Nginx> {
        let Some(program) = find() else {
            let word = "nginx is missing; scripts/setup.sh test would bring it";
            assert!(std::env::var_os("CI").is_none(), "{word}");
            eprintln!("\n*** SKIPPED: {word} ***\n");
            return None;
        };
        let folder = make_folder();
        for (path, size) in files {
            write_content(&folder.join("files").join(path.trim_start_matches('/')), *size);
        }

        if let Some(tls) = tls {
            for (name, content) in [("chain.pem", tls.chain), ("key.pem", tls.key), ("ca.pem", tls.authorities)] {
                fs::write(folder.join(name), content).expect("the folder can be written to");
            }
        }

        // Between the moment when a port is found free and the moment when nginx takes it, somebody else can.
        let (port, tls_port, process) = (0..ATTEMPTS)
            .find_map(|_| {
                let (port, tls_port) = free_ports();
                let listen_tls = tls.map(|tls| listening_with_tls(tls_port, tls));
                let configuration = configuration(port, &listen_tls.unwrap_or_default());
                fs::write(folder.join("nginx.conf"), configuration).expect("the folder can be written to");
                let process = spawn(&program, &folder);
                wait_until_it_listens(process, &folder).map(|process| (port, tls_port, process))
            })
            .unwrap_or_else(|| {
                let complaints = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
                panic!("nginx does not start; it says:\n{complaints}")
            });
        Some(Nginx { port, tls_port, folder, process })
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is with TLS; nothing is there without `start_tls`.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// What it has served so far, whole responses only, in the order in which they were finished.
    pub fn served(&self) -> Vec<Served> {
        self.fence();
        let log = fs::read_to_string(self.folder.join("access.log")).expect("nginx has written its log");
        log.lines().map(parse).filter(|served| !served.request_line.contains(FENCE)).collect()
    }

    /// Asks for something of its own. nginx does one thing after another, and logs a response when its last byte is sent;
    /// so when this is answered, all that was complete before is logged.
    fn fence(&self) {
        let ask = || -> std::io::Result<()> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
            stream.write_all(format!("GET {FENCE} HTTP/1.0\r\n\r\n").as_bytes())?;
            stream.read_to_end(&mut Vec::new()).map(|_| ())
        };
        if let Err(error) = ask() {
            panic!("nginx does not answer ({error}); it says:\n{}", self.complaints());
        }
    }

    fn complaints(&self) -> String {
        fs::read_to_string(self.folder.join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // One process, so nothing is left behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is in a file of this size, from this place on: bytes that tell where they are, mostly.
pub fn content(size: usize) -> impl Iterator<Item = u8> {
    // 251 is prime, so no power of two, as buffers have it, hides a piece that is missing or twice there.
    (0..size).map(|place| (place % 251) as u8)
}

const FENCE: &str = "/xenon-fence";

/// How many ports are tried.
const ATTEMPTS: usize = 5;

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has it where only root's PATH looks.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())
}

fn make_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("xenon-nginx-{}-{count}", std::process::id()));
    fs::create_dir_all(folder.join("files/unlogged")).expect("a folder for temporary files can be made");
    folder
}

fn write_content(file: &Path, size: usize) {
    // A whole number of periods, so that blocks join.
    let block: Vec<u8> = content(251 * 512).collect();
    let mut file = File::create(file).expect("the folder can be written to");
    let mut left = size;
    while left > 0 {
        let most = left.min(block.len());
        file.write_all(&block[..most]).expect("the disk has room");
        left -= most;
    }
}

/// Two, and not the same.
fn free_ports() -> (u16, u16) {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port");
    let port = |listener: &TcpListener| listener.local_addr().expect("a listener has an address").port();
    let listeners = (listen(), listen());
    (port(&listeners.0), port(&listeners.1))
}

fn spawn(program: &Path, folder: &Path) -> Child {
    let mut command = Command::new(program);
    // The folder of its socket is the current one, whatever -p says.
    command.current_dir(folder).arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "error.log"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// None when it ends instead. nginx writes its pid when its sockets listen.
fn wait_until_it_listens(mut process: Child, folder: &Path) -> Option<Child> {
    while !folder.join("nginx.pid").exists() {
        if process.try_wait().expect("a child can be asked").is_some() {
            return None;
        }
        std::thread::yield_now();
    }
    Some(process)
}

/// What makes the server listen with TLS.
fn listening_with_tls(port: u16, tls: &Tls<'_>) -> String {
    format!(
        "listen 127.0.0.1:{port} ssl;
        ssl_certificate chain.pem;
        ssl_certificate_key key.pem;
        {}
",
        tls.directives
    )
}

/// One process in the foreground; no path outside its folder.
fn configuration(port: u16, listen_tls: &str) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 512; }}
http {{
    log_format facts '$connection $connection_requests $status $request_length $body_bytes_sent $ssl_session_reused $request';
    access_log access.log facts;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    keepalive_timeout 60s;
    client_max_body_size 0;
    client_body_buffer_size 64k;
    server {{
        listen 127.0.0.1:{port};
        {listen_tls}
        server_name localhost;
        root files;
        location = {FENCE} {{ return 204; }}
        location /unlogged/ {{ access_log off; }}
        # Content is read to its end before it would be passed on; and what is passed on is a request without it.
        location /sink {{
            proxy_pass http://unix:sunk.socket;
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Content-Length '';
        }}
    }}
    server {{
        listen unix:sunk.socket;
        access_log off;
        location / {{ return 200 sunk; }}
    }}
}}
"
    )
}

fn parse(line: &str) -> Served {
    let mut words = line.splitn(7, ' ');
    let mut number =
        || words.next().and_then(|word| word.parse::<u64>().ok()).expect("a line of the log has five numbers");
    let (connection, count, status, request_length, sent) = (number(), number(), number(), number(), number());
    let status = u16::try_from(status).expect("a status has three digits");
    let is_resumed = words.next() == Some("r");
    let request_line = words.next().unwrap_or_default().to_owned();
    Served { connection, number: count, request_line, status, request_length, sent, is_resumed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_serves_files_takes_content_and_tells_connections() {
        let Some(nginx) = Nginx::start(&[("/small", 300), ("/empty", 0)]) else { return };
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, nginx.port())).unwrap();
        let requests = "GET /small HTTP/1.1\r\nHost: a\r\n\r\n\
                        PUT /sink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
                        POST /sink/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab";
        stream.write_all(requests.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        // What nginx closes it logs only when the client has closed too, having waited for what it might still send.
        drop(stream);
        let expected: Vec<u8> = content(300).collect();
        assert!(answer.windows(300).any(|window| window == expected));
        assert_eq!(answer.windows(4).filter(|window| window == b"sunk").count(), 2);

        let served = nginx.served();
        let lines: Vec<_> =
            served.iter().map(|served| (served.number, served.request_line.as_str(), served.status)).collect();
        assert_eq!(
            lines,
            [(1, "GET /small HTTP/1.1", 200), (2, "PUT /sink HTTP/1.1", 200), (3, "POST /sink/x HTTP/1.1", 200)]
        );
        assert!(served.iter().all(|one| one.connection == served[0].connection));
    }
}
