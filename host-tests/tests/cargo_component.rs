//! The consumers in examples/cargo-component: what cargo-component makes, and what cargo makes alone.

#[path = "tls/certificates.rs"]
#[allow(dead_code, reason = "the tests of TLS need more of it")]
mod certificates;

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use certificates::{Authority, Kind};
use xenon_harness::cargo_component;
use xenon_harness::nginx::{Nginx, Tls, content};

/// The bytes of the page.
const SIZE: usize = 100;

/// Has `xenon run` put Xenon under this program, and run it to fetch over https from a real server.
fn assert_fetches(program: &Path) {
    let authority = Authority::new("an authority");
    let server = authority.issue(Kind::P256);
    let tls = Tls { chain: &server.certificate, key: &server.key, directives: "", authorities: "" };
    let Some(nginx) = Nginx::start_tls(&[("/index.html", SIZE)], &tls) else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
    command.args(["run", "--env", "CA_PEM"]).arg(program).args(["localhost", &nginx.tls_port().to_string()]);
    let output = command.env("CA_PEM", &authority.pem).output().unwrap();
    let page: Vec<u8> = content(SIZE).collect();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("200 {}\n", String::from_utf8_lossy(&page)));
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr)), (Some(0), "".into()));
    assert_eq!(nginx.served().len(), 1);
}

#[test]
fn what_cargo_component_builds_fetches_over_https() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (parts, folder) = (["wit", "examples/cargo-component"], "examples/cargo-component/component");
    let Some(component) = cargo_component::build(&workspace, &parts, folder, "component-get") else { return };
    let file = env::temp_dir().join(format!("xenon-component-get-{}.wasm", std::process::id()));
    fs::write(&file, component).unwrap();
    assert_fetches(&file);
    fs::remove_file(file).unwrap();
}

#[test]
fn what_cargo_builds_alone_fetches_over_https() {
    assert_fetches(&xenon_tested_guests::plain_get());
}
