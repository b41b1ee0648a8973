//! The example that uses the crate and is composed with nothing: it has TLS, an authority of its own, two sessions at once.

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};
use xenon_harness::nginx::{Nginx, Tls, content};

use crate::certificates::{Authority, Kind};

#[test]
fn a_guest_with_the_crate_fetches_over_https() {
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::P256);
    let tls = Tls { chain: &issued.certificate, key: &issued.key, directives: "", authorities: "" };
    let files = [("/index.html", 9)];
    let (Some(one), Some(two)) = (Nginx::start_tls(&files, &tls), Nginx::start_tls(&files, &tls)) else { return };

    let ports = [one.tls_port(), two.tls_port()];
    let (is_good, printed) = run(&ports, &authority.pem);
    assert!(is_good, "{printed}");
    let text: String = content(9).map(char::from).collect();
    let mut lines: Vec<_> = printed.lines().collect();
    lines.sort_unstable();
    let mut expected = ports.map(|port| format!("{port} 200 {text}"));
    expected.sort_unstable();
    assert_eq!(lines, expected);

    // Nobody vouches for these servers but the authority that was named.
    let other = Authority::new("an authority");
    let (is_good, _) = run(&ports, &other.pem);
    assert!(!is_good);
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Whether the example ends well, and what it prints, errors included.
fn run(ports: &[u16], roots: &str) -> (bool, String) {
    let engine = Engine::new(&Config::new()).unwrap();
    let component = Component::from_file(&engine, xenon_tested_guests::rust_crate()).unwrap();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap();
    let printed = MemoryOutputPipe::new(64 * 1024);
    let mut wasi = WasiCtx::builder();
    wasi.allow_tcp(true)
        .inherit_network()
        .allow_ip_name_lookup(true)
        .stdout(printed.clone())
        .stderr(printed.clone())
        .env("CA_PEM", roots);
    wasi.arg("rust-crate").arg("localhost");
    for port in ports {
        wasi.arg(port.to_string());
    }
    let mut store = Store::new(&engine, State { table: ResourceTable::new(), wasi: wasi.build() });
    let command = Command::instantiate(&mut store, &component, &linker).unwrap();
    let is_good = match command.wasi_cli_run().call_run(&mut store) {
        Ok(outcome) => outcome.is_ok(),
        // A program whose `main` fails may also end by `wasi:cli/exit`: that depends on the toolchain.
        Err(trap) => trap.downcast::<I32Exit>().unwrap().0 == 0,
    };
    drop(store);
    (is_good, String::from_utf8(printed.contents().to_vec()).unwrap())
}
