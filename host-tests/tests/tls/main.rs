//! TLS through the built component and the `xenon` command: against nginx, OpenSSL's `s_server` and rustls, with
//! certificates made for each test.

mod alone;
mod certificates;
mod command;

mod cost;
mod nginx;
mod openssl;
mod raw;
mod server;

use xenon_harness::component::{Guest, Session, TlsFacts};

use certificates::Authority;

/// A session with `https://localhost`, which trusts this authority alone.
fn session(guest: &Guest, port: u16, authority: &Authority) -> Session {
    let session = guest.session("https", "localhost", port);
    session.set_addresses(&["127.0.0.1".to_owned()]).unwrap();
    session.change_tls(|tls| tls.set_default_roots(false));
    session.change_tls(|tls| tls.add_roots(authority.pem.as_bytes())).unwrap();
    session
}

/// Gets this, and what was agreed on for its connection.
fn get(session: &Session, target: &str) -> (u16, Vec<u8>, TlsFacts) {
    let response = session.request("GET", target).send().unwrap();
    let facts = response.connection().tls.unwrap();
    (response.status(), response.read_to_end().unwrap(), facts)
}
