//! Programs that were written for `wasi:http/client` and know nothing of Xenon, with Xenon put under them.

#[path = "../tls/certificates.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod certificates;

mod programs;
mod python;
mod service;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use certificates::{Authority, Issued, Kind};
use xenon_compose::{Artifacts, Composed};
use xenon_harness::nginx::{Nginx, Tls};

/// An authority of this test's own, and a certificate for `localhost`.
struct Trust {
    authority: Authority,
    server: Issued,
}

impl Trust {
    fn new() -> Trust {
        let authority = Authority::new("an authority");
        let server = authority.issue(Kind::P256);
        Trust { authority, server }
    }

    fn nginx(&self, files: &[(&str, usize)]) -> Option<Nginx> {
        let tls = Tls { chain: &self.server.certificate, key: &self.server.key, directives: "", authorities: "" };
        Nginx::start_tls(files, &tls)
    }
}

/// The program in this file with `xenon-http-client.wasm` under it.
fn composed(program: &Path) -> Vec<u8> {
    compose(&fs::read(program).unwrap()).component
}

/// Puts `xenon-http-client.wasm` under this program.
fn compose(program: &[u8]) -> Composed {
    static CLIENT: OnceLock<Vec<u8>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| fs::read(xenon_guests_wasip3::http_client()).unwrap());
    let artifacts = Artifacts { http_client: Some(client), ..Artifacts::default() };
    xenon_compose::compose(program, &artifacts).unwrap()
}
