//! A service in Python. One test has one instance of it do everything, because CPython takes long to compile.

use std::path::Path;

use xenon_harness::componentize_py;
use xenon_harness::nginx::{Nginx, content};
use xenon_harness::service::{Answer, Service};
use xenon_harness::squid::{Squid, Terms};

use super::{Trust, compose};

/// In `index.html`: enough for many pieces.
const SIZE: usize = 1 << 20;

#[test]
fn a_service_in_python_keeps_connections_and_fetches_through_a_proxy() {
    let trust = Trust::new();
    let (Some(nginx), Some(squid)) = (trust.nginx(&[("/index.html", SIZE)]), Squid::start(&Terms::default())) else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (program, wit) = (root.join("guests/foreign/python/gather.py"), root.join("../wit/0.3"));
    let Some(program) = componentize_py::component(&program, &[wit], "wasi:http/service@0.3.0") else { return };
    let composed = compose(&program);
    assert_eq!(composed.filled, ["wasi:http/client@0.3.0"]);

    let proxy = format!("http://127.0.0.1:{}", squid.port());
    let variables =
        [("XENON_CA_PEM", trust.authority.pem.as_str()), ("https_proxy", proxy.as_str()), ("no_proxy", "localhost")];
    let service = Service::start(&composed.component, &variables);
    let url = |host: &str| format!("https://{host}:{}/index.html", nginx.tls_port());
    let (direct, proxied) = (&*url("localhost"), &*url("127.0.0.1"));

    for _ in 0..2 {
        assert!(gather(&service, &[direct]) == contents(1));
    }
    assert_eq!(of_each_connection(&nginx), [2]);

    // The one that is kept, and two more.
    assert!(gather(&service, &[direct; 3]) == contents(3));
    assert_eq!(of_each_connection(&nginx), [3, 1, 1]);

    for _ in 0..2 {
        assert!(gather(&service, &[proxied]) == contents(1));
    }
    assert_eq!(of_each_connection(&nginx), [3, 1, 1, 2]);

    // The program passes on the error of a request as its own.
    assert_eq!(gather(&service, &["http://127.0.0.1:1/"]), Err("ErrorCode::ConnectionRefused".into()));

    // A tunnel is logged when it closes.
    drop(service);
    let seen: Vec<_> = squid.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(seen, ["CONNECT"]);
}

/// What the service answers when it is given these URLs.
fn gather(service: &Service, urls: &[&str]) -> Answer {
    let fields: Vec<_> = urls.iter().map(|url| ("url", *url)).collect();
    service.get("/", &fields)
}

/// The answer of so many whole files.
fn contents(count: usize) -> Answer {
    Ok((200, content(SIZE).collect::<Vec<u8>>().repeat(count)))
}

/// How many requests nginx has served on each connection, in the order in which these were made.
fn of_each_connection(nginx: &Nginx) -> Vec<usize> {
    let mut connections: Vec<(u64, usize)> = Vec::new();
    for served in nginx.served() {
        match connections.iter_mut().find(|(connection, _)| *connection == served.connection) {
            Some((_, count)) => *count += 1,
            None => connections.push((served.connection, 1)),
        }
    }
    connections.sort_unstable();
    connections.into_iter().map(|(_, count)| count).collect()
}
