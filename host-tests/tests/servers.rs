//! The real servers and proxies that other tests start, asked by plain sockets: that they do what those tests rely on, and
//! leave nothing behind.

use std::any::Any;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use xenon_harness::access::{Access, User};
use xenon_harness::apache::{self, Apache, Area};
use xenon_harness::names::ORIGIN;
use xenon_harness::nginx::{self, Nginx};
use xenon_harness::socks::Socks;
use xenon_harness::squid::{Squid, Terms};
use xenon_harness::tinyproxy::Tinyproxy;

#[path = "tls/certificates.rs"]
#[expect(dead_code, reason = "there is more in it than is used here")]
mod certificates;

use certificates::{Authority, Kind};

const PATIENCE: Duration = Duration::from_secs(20);

const USER: User<'_> = User { realm: "a realm", name: "user", password: "pass" };

/// `user:pass`
const BASIC: &str = "Basic dXNlcjpwYXNz";

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What comes when this is sent, until the peer closes.
fn ask(port: u16, text: &str) -> String {
    exchange(&mut connect(port), text)
}

fn exchange(stream: &mut (impl Read + Write), text: &str) -> String {
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request with this target and these fields, after which the connection closes.
fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}Connection: close\r\n\r\n")
}

#[track_caller]
fn assert_status(answer: &str, status: u16) {
    assert_eq!(answer.split(' ').nth(1), Some(status.to_string().as_str()), "{answer}");
}

/// The value of the only field of this name.
#[track_caller]
fn field<'a>(answer: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    let values: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix(&start)).collect();
    let [value] = values[..] else { panic!("not one {name}: {answer}") };
    value
}

#[test]
fn apache_wants_credentials_where_it_was_told_to() {
    let other = User { realm: "B", name: "other", password: "word" };
    let Some(mut apache) = Apache::start(&[
        Area { path: "/a", access: Access::Basic(User { realm: "A", ..USER }), directives: "" },
        Area { path: "/a/b", access: Access::Basic(other), directives: "" },
        Area { path: "/digest", access: Access::Digest(USER), directives: "AuthDigestNonceLifetime 0" },
    ]) else {
        return;
    };
    let authorization = format!("Authorization: {BASIC}\r\n");
    for (target, fields, status, word) in [
        ("/", "", 200, apache::CONTENT),
        ("/open/x?y", authorization.as_str(), 200, apache::CONTENT),
        ("/a/x", "", 401, "WWW-Authenticate: Basic realm=\"A\"\r\n"),
        ("/a/x", &authorization, 200, apache::CONTENT),
        ("/a/b/x", &authorization, 401, "WWW-Authenticate: Basic realm=\"B\"\r\n"),
        ("/a/b/x", "Authorization: Basic b3RoZXI6d29yZA==\r\n", 200, apache::CONTENT),
        ("/digest/x", "", 401, "WWW-Authenticate: Digest realm=\"a realm\", nonce=\""),
        ("/digest/x", &authorization, 401, "WWW-Authenticate: Digest realm=\"a realm\", nonce=\""),
    ] {
        let answer = ask(apache.port(), &get(target, fields));
        assert_status(&answer, status);
        assert!(answer.contains(word), "{answer}");
    }

    let both = format!(
        "PUT /a/length HTTP/1.1\r\nHost: a\r\n{authorization}Content-Length: 5\r\n\r\n12345\
         POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    );
    let answer = ask(apache.port(), &both);
    assert!(answer.contains("\r\n5\n") && answer.contains("\r\n3\n"), "{answer}");
    let served = apache.served();
    assert_eq!(served.len(), 10);
    assert_eq!(
        (served[3].request_line.as_str(), served[3].status, served[3].authorization.as_str()),
        ("GET /a/x HTTP/1.1", 200, BASIC)
    );
    assert_eq!((served[0].authorization.as_str(), served[0].number), ("", 1));
    assert_eq!((served[8].number, served[9].number), (1, 2));
    assert_eq!(served[8].connection, served[9].connection);
    assert_eq!(served[0].request_length, get("/", "").len() as u64);

    let mut open = connect(apache.port());
    open.write_all(b"GET /length HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    open.read_exact(&mut [0]).unwrap();
    apache.restart();
    // With a reset, or without.
    let end = open.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    assert_ne!(end, Err(ErrorKind::WouldBlock), "its connections end with it");
    assert_status(&ask(apache.port(), &get("/a/x", "")), 401);
}

#[test]
fn nginx_wants_credentials_below_basic() {
    let Some(nginx) = Nginx::start(&[("/basic/small", 30)]) else { return };
    assert_eq!((nginx::USER.name, nginx::USER.password), ("user", "pass word"));
    let authorization = "Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n";
    let answer = ask(nginx.port(), &get("/basic/small", ""));
    assert_status(&answer, 401);
    assert_eq!(field(&answer, "WWW-Authenticate"), "Basic realm=\"nginx\"");
    assert_status(&ask(nginx.port(), &get("/basic/small", &format!("Authorization: {BASIC}\r\n"))), 401);
    assert_status(&ask(nginx.port(), &get("/basic/small", authorization)), 200);
    assert_status(&ask(nginx.port(), &get("/basic/sink", "")), 401);
    assert!(ask(nginx.port(), &get("/basic/sink", authorization)).ends_with("\r\n\r\nsunk"));
    assert_status(&ask(nginx.port(), &get("/none", "")), 404);
    let served = nginx.served();
    let seen: Vec<&str> = served.iter().map(|one| one.authorization.as_str()).collect();
    let good = "Basic dXNlcjpwYXNzIHdvcmQ=";
    assert_eq!(seen, ["", BASIC, good, "", good, ""]);
}

/// An origin, and what a proxy is asked for to get something from there.
fn origin() -> Option<(Nginx, String, String)> {
    let nginx = Nginx::start(&[("/small", 30)])?;
    let authority = format!("{ORIGIN}:{}", nginx.port());
    let connect = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    Some((nginx, format!("http://{authority}/small"), connect))
}

/// Asks for a tunnel, and for something through it.
#[track_caller]
fn assert_tunnels(mut stream: impl Read + Write, request: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&head));
        head.push(byte[0]);
    }
    assert_status(&String::from_utf8_lossy(&head), 200);
    assert_status(&exchange(&mut stream, &get("/small", "")), 200);
}

#[test]
fn squid_passes_requests_on_and_makes_tunnels() {
    let Some((nginx, url, connect_to)) = origin() else { return };
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::P256);
    let Some(squid) = Squid::start(&Terms { tls: Some((&issued.certificate, &issued.key)), ..Terms::default() }) else {
        return;
    };
    assert_status(&ask(squid.port(), &get(&url, "X-Y: a b%41\r\n")), 200);
    assert_tunnels(connect(squid.port()), &format!("{connect_to}\r\n"));

    let mut roots = RootCertStore::empty();
    let pem = rustls::pki_types::pem::PemObject::from_pem_slice(authority.pem.as_bytes()).unwrap();
    roots.add(pem).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    assert_tunnels(StreamOwned::new(client, connect(squid.tls_port())), &format!("{connect_to}\r\n"));

    let seen = squid.seen();
    let told: Vec<(&str, u16)> = seen.iter().map(|seen| (seen.method.as_str(), seen.status)).collect();
    assert_eq!(told, [("GET", 200), ("CONNECT", 200), ("CONNECT", 200)]);
    assert_eq!((seen[0].target.as_str(), seen[0].field("x-y")), (url.as_str(), Some("a b%41")));
    assert_eq!(seen[1].target, format!("{ORIGIN}:{}", nginx.port()));
    assert_eq!(nginx.served().len(), 3);
}

#[test]
fn squid_wants_credentials() {
    let Some((nginx, url, connect_to)) = origin() else { return };
    let authorization = format!("Proxy-Authorization: {BASIC}\r\n");
    for (access, challenge, status) in [
        (Access::Basic(USER), "Basic realm=\"a realm\"", 200),
        (Access::Digest(USER), "Digest realm=\"a realm\", nonce=\"", 407),
    ] {
        let Some(squid) = Squid::start(&Terms { access, ..Terms::default() }) else { return };
        let answer = ask(squid.port(), &get(&url, ""));
        assert_status(&answer, 407);
        assert!(field(&answer, "Proxy-Authenticate").starts_with(challenge), "{answer}");
        assert_status(&ask(squid.port(), &format!("{connect_to}Connection: close\r\n\r\n")), 407);
        let wrong = "Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n";
        assert_status(&ask(squid.port(), &get(&url, wrong)), 407);
        assert_status(&ask(squid.port(), &get(&url, &authorization)), status);
        if status == 200 {
            assert_tunnels(connect(squid.port()), &format!("{connect_to}{authorization}\r\n"));
        }
        let seen = squid.seen();
        assert_eq!(seen[0].field("Proxy-Authorization"), None);
        assert_eq!(seen[3].field("Proxy-Authorization"), Some(BASIC));
    }
    assert!(nginx.served().iter().all(|one| one.authorization.is_empty()));
}

#[test]
fn tinyproxy_passes_requests_on_and_makes_tunnels() {
    let Some((nginx, url, connect_to)) = origin() else { return };
    for (user, authorization) in
        [(None, String::new()), (Some(("user", "pass")), format!("Proxy-Authorization: {BASIC}\r\n"))]
    {
        let Some(tinyproxy) = Tinyproxy::start(user) else { return };
        assert_status(&ask(tinyproxy.port(), &get(&url, &authorization)), 200);
        assert_tunnels(connect(tinyproxy.port()), &format!("{connect_to}{authorization}\r\n"));
        let authority = format!("{ORIGIN}:{}", nginx.port());
        let expected = [format!("GET {url} HTTP/1.1"), format!("CONNECT {authority} HTTP/1.1")];
        assert_eq!(tinyproxy.seen(), expected);
        if user.is_some() {
            assert_status(&ask(tinyproxy.port(), &get(&url, "")), 407);
            let wrong = "Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n";
            assert_status(&ask(tinyproxy.port(), &get(&url, wrong)), 401);
        }
    }
}

/// Sends each of these, and gets so many bytes after it, which begin with what is said.
fn dialogue(port: u16, steps: &[(&[u8], &[u8], usize)]) -> TcpStream {
    let mut stream = connect(port);
    for (request, start, length) in steps {
        stream.write_all(request).unwrap();
        let mut answer = vec![0; *length];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(start), "{answer:?} after {request:?}");
    }
    stream
}

#[test]
fn socks_proxies_connect_to_names_that_only_they_know() {
    let Some((nginx, ..)) = origin() else { return };
    let port = nginx.port().to_be_bytes();
    let asked = format!("{ORIGIN}:{}", nginx.port());
    let name = ORIGIN.as_bytes();
    let length = u8::try_from(name.len()).unwrap();
    let version5 = [&[5, 1, 0, 3, length], name, &port].concat();
    let version4a = [&[4, 1], &port[..], &[0, 0, 0, 1], b"me\0", name, b"\0"].concat();
    let version4 = [&[4, 1], &port[..], &[127, 0, 0, 1], b"me\0"].concat();
    let get = get("/small", "");

    let user = Some(("user", "pass"));
    let known: [(&[u8], &[u8], usize); 3] =
        [(&[5, 1, 2], &[5, 2], 2), (b"\x01\x04user\x04pass", &[1, 0], 2), (&version5, &[5, 0], 10)];
    let open: [(&[u8], &[u8], usize); 2] = [(&[5, 1, 0], &[5, 0], 2), (&version5, &[5, 0], 10)];
    for (start, has_4a) in [(Socks::microsocks as fn(_) -> _, false), (Socks::v2ray, true)] {
        let Some(socks) = start(user) else { return };
        assert_status(&exchange(&mut dialogue(socks.port(), &known), &get), 200);
        assert_eq!(socks.asked(1), [asked.as_str()]);
        dialogue(socks.port(), &[(&[5, 1, 0], &[5, 255], 2)]);

        let Some(socks) = start(None) else { return };
        assert_status(&exchange(&mut dialogue(socks.port(), &open), &get), 200);
        let mut all = vec![asked.clone()];
        if has_4a {
            assert_status(&exchange(&mut dialogue(socks.port(), &[(&version4a, &[0, 90], 8)]), &get), 200);
            assert_status(&exchange(&mut dialogue(socks.port(), &[(&version4, &[0, 90], 8)]), &get), 200);
            all.extend([asked.clone(), format!("127.0.0.1:{}", nginx.port())]);
        }
        assert_eq!(socks.asked(all.len()), all);
    }

    let Some(dante) = Socks::dante() else { return };
    assert_status(&exchange(&mut dialogue(dante.port(), &open), &get), 200);
    assert_status(&exchange(&mut dialogue(dante.port(), &[(&version4, &[0, 90], 8)]), &get), 200);
    let address = format!("127.0.0.1:{}", nginx.port());
    assert_eq!(dante.asked(2), [address.as_str(), &address]);
}

/// A helper that squid has started ends by itself when squid has ended, and so do Dante's many processes.
#[test]
fn nothing_is_left_behind() {
    let squid = || {
        let squid = Squid::start(&Terms { access: Access::Basic(USER), ..Terms::default() })?;
        // This starts the helper.
        let wrong = "Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n";
        assert_status(&ask(squid.port(), &get("http://a/", wrong)), 407);
        Some((squid.id(), Box::new(squid) as Box<dyn Any>))
    };
    let starts: [Start<'_>; 6] = [
        &squid,
        &|| Apache::start(&[]).map(|one| (one.id(), Box::new(one) as _)),
        &|| Tinyproxy::start(None).map(|one| (one.id(), Box::new(one) as _)),
        &|| Socks::microsocks(None).map(|one| (one.id(), Box::new(one) as _)),
        &|| Socks::dante().map(|one| (one.id(), Box::new(one) as _)),
        &|| Socks::v2ray(None).map(|one| (one.id(), Box::new(one) as _)),
    ];
    for (number, start) in starts.iter().enumerate() {
        let Some((process, server)) = start() else { continue };
        let Ok(folder) = std::fs::read_link(format!("/proc/{process}/cwd")) else { return };
        let family = family(process);
        assert!(folder.is_dir() && family.contains(&process));
        drop(server);
        assert!(!folder.exists(), "{}", folder.display());
        let start = Instant::now();
        while let Some(one) = family.iter().find(|&&one| is_running(one)) {
            assert!(start.elapsed() < PATIENCE, "server {number}: process {one} is left");
            std::thread::yield_now();
        }
        let shared = format!("xenon{}x", std::process::id());
        if number == 0 {
            assert!(family.len() > 1, "squid has a helper");
            let is_left =
                |path: &Path| path.to_string_lossy().contains(&shared) && path.to_string_lossy().contains("x0-");
            let files: Vec<PathBuf> =
                std::fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(!files.iter().any(|path| is_left(path)), "{files:?}");
        }
    }
}

/// Starts something; its process, and what ends it when it is dropped.
type Start<'a> = &'a dyn Fn() -> Option<(u32, Box<dyn Any>)>;

/// This process and all below it.
fn family(process: u32) -> Vec<u32> {
    let mut family = vec![process];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        let tasks = format!("/proc/{parent}/task");
        for task in std::fs::read_dir(tasks).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        next += 1;
    }
    family
}

/// Neither gone nor dead and not yet fetched by its parent.
fn is_running(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
