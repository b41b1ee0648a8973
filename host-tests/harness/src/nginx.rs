//! A real server: Debian's nginx, at a free port of 127.0.0.1, with files to get and a place to send content to.
//!
//! It needs no root, and touches nothing outside its own directory, which is removed with it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

use crate::access::User;
use crate::program::{self, Folder, Program};

/// A running nginx. It ends when this is dropped.
pub struct Nginx {
    program: Program,
    port: u16,
    tls_port: u16,
}

/// The Basic credentials for everything below `/basic/`.
pub const USER: User<'_> = User { realm: "nginx", name: "user", password: "pass word" };

/// nginx's record of a request.
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
    /// The value of the request's field `Authorization`; nothing without one.
    pub authorization: String,
    /// The same of `Proxy-Authorization`, which no origin is to see.
    pub proxy_authorization: String,
}

/// What nginx needs to speak TLS.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// Its certificate and the chain after it, in PEM.
    pub chain: &'a str,
    /// The certificate's private key, in PEM.
    pub key: &'a str,
    /// Further directives, such as `ssl_protocols TLSv1.2;`. The file `ca.pem` holds `authorities`.
    pub directives: &'a str,
    /// Certificates of authorities, in PEM.
    pub authorities: &'a str,
}

impl Nginx {
    /// Starts it with these files, each a path and a size; what is in them is `content`. PUT and POST to `/sink`, and to
    /// whatever is below it, read the content and answer 200 `sunk`. Requests for what is below `/unlogged/` are not logged;
    /// what is below `/basic/`, `/basic/sink` too, is for `USER` alone. What is below `/gzip/` comes in gzip to who takes that.
    /// `/login` sets a cookie and leads to `/cookies`, whose content is the cookies of the request.
    ///
    /// `None` if nginx is not installed, with a loud message: a skipped test must be noticed. In CI that is a panic.
    pub fn start(files: &[(&str, usize)]) -> Option<Nginx> {
        Nginx::start_with(files, None)
    }

    /// As `start`; the same is served over TLS too, at a port of its own.
    pub fn start_tls(files: &[(&str, usize)], tls: &Tls<'_>) -> Option<Nginx> {
        Nginx::start_with(files, Some(tls))
    }

    fn start_with(files: &[(&str, usize)], tls: Option<&Tls<'_>>) -> Option<Nginx> {
        let file = program::find("nginx")?;
        let folder = Folder::new("nginx");
        fs::create_dir_all(folder.path().join("files/unlogged")).expect("the folder can be written to");
        fs::create_dir_all(folder.path().join("files/basic")).expect("the folder can be written to");
        fs::create_dir_all(folder.path().join("files/gzip")).expect("the folder can be written to");
        for (path, size) in files {
            write_content(&folder.path().join("files").join(path.trim_start_matches('/')), *size);
        }
        folder.write("users", &format!("{}:{{PLAIN}}{}\n", USER.name, USER.password));
        if let Some(tls) = tls {
            for (name, content) in [("chain.pem", tls.chain), ("key.pem", tls.key), ("ca.pem", tls.authorities)] {
                folder.write(name, content);
            }
        }

        let command = |folder: &Path, [port, tls_port]: [u16; 2]| {
            let listen_tls = tls.map(|tls| listening_with_tls(tls_port, tls)).unwrap_or_default();
            let configuration = configuration(port, &listen_tls);
            fs::write(folder.join("nginx.conf"), configuration).expect("the folder can be written to");
            // The folder of its socket is the current one, whatever -p says.
            let mut command = Command::new(&file);
            command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "error.log"]);
            command
        };
        // nginx writes its pid when its sockets listen.
        let is_ready = |folder: &Path, _| folder.join("nginx.pid").exists();
        let ([port, tls_port], program) = Program::start(folder, command, is_ready);
        Some(Nginx { program, port, tls_port })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its port with TLS. It is unused without `start_tls`.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// What it has served so far, whole responses only, in the order in which they were finished.
    pub fn served(&self) -> Vec<Served> {
        self.fence();
        let log = self.program.text("access.log");
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
            panic!("nginx does not answer ({error}); it says:\n{}", self.program.complaints());
        }
    }
}

/// What is in a file of this size, from this place on: bytes that tell where they are, mostly.
pub fn content(size: usize) -> impl Iterator<Item = u8> {
    // 251 is prime, so no power of two, as buffers have it, hides a piece that is missing or twice there.
    (0..size).map(|place| (place % 251) as u8)
}

const FENCE: &str = "/xenon-fence";

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

/// Content is read to its end before it would be passed on; and what is passed on is a request without it.
const SINK: &str = "proxy_pass http://unix:sunk.socket;
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Content-Length '';";

/// One process in the foreground; no path outside its folder.
fn configuration(port: u16, listen_tls: &str) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 512; }}
http {{
    log_format facts escape=none '$connection $connection_requests $status $request_length $body_bytes_sent $ssl_session_reused\t$request\t$http_authorization\t$http_proxy_authorization';
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
        location = /login {{
            add_header Set-Cookie 'name=value; Path=/';
            return 302 /cookies?way=login;
        }}
        location = /cookies {{ return 200 $http_cookie; }}
        location /unlogged/ {{ access_log off; }}
        location /gzip/ {{ gzip on; gzip_types *; gzip_min_length 1; }}
        location /sink {{ {SINK} }}
        location /basic/ {{
            auth_basic {};
            auth_basic_user_file users;
            location /basic/sink {{ {SINK} }}
        }}
        # The same in memory, for what is measured, of at most 64 MiB.
        location /unlogged/sink {{
            access_log off;
            client_body_buffer_size 64m;
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
",
        USER.realm
    )
}

fn parse(line: &str) -> Served {
    let mut parts = line.splitn(4, '\t');
    let mut words = parts.next().unwrap_or_default().split(' ');
    let mut number =
        || words.next().and_then(|word| word.parse::<u64>().ok()).expect("a line of the log has five numbers");
    let (connection, count, status, request_length, sent) = (number(), number(), number(), number(), number());
    let status = u16::try_from(status).expect("a status has three digits");
    let is_resumed = words.next() == Some("r");
    let mut text = || parts.next().unwrap_or_default().to_owned();
    Served {
        connection,
        number: count,
        status,
        request_length,
        sent,
        is_resumed,
        request_line: text(),
        authorization: text(),
        proxy_authorization: text(),
    }
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
