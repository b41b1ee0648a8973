//! Programs in their own idioms: a command with the crate `wasip3`, a service with Spin's SDK.

use std::path::Path;
use std::process::{Command, Output};

use xenon_harness::nginx::{Nginx, content};
use xenon_harness::service::Service;
use xenon_harness::squid::{Squid, Terms};

use super::{Trust, composed};

/// Runs a program by `xenon run`, with these variables.
fn xenon_run(program: &Path, variables: &[(&str, &str)], arguments: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
    command.arg("run");
    for (name, value) in variables {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.arg(program).args(arguments).output().unwrap()
}

fn printed(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// What an index file of nine bytes is printed as.
fn line() -> String {
    format!("200 {}\n", content(9).map(char::from).collect::<String>())
}

/// On which connections nginx has served.
fn connections(nginx: &Nginx) -> Vec<u64> {
    nginx.served().iter().map(|served| served.connection).collect()
}

#[test]
fn a_command_fetches_twice_over_one_connection() {
    let trust = Trust::new();
    let Some(nginx) = trust.nginx(&[("/index.html", 9)]) else { return };
    let url = format!("https://localhost:{}/index.html", nginx.tls_port());
    let program = xenon_tested_guests::foreign_wasip3();

    let trusted = [("XENON_CA_PEM", trust.authority.pem.as_str()), ("XENON_ROOTS", "none")];
    let output = xenon_run(&program, &trusted, &[url.clone(), url.clone()]);
    assert_eq!(printed(&output), (Some(0), line() + &line()));
    let served = connections(&nginx);
    assert_eq!((served.len(), served[0]), (2, served[1]));

    let output = xenon_run(&program, &[], std::slice::from_ref(&url));
    assert_eq!(printed(&output), (Some(1), "ErrorCode::TlsCertificateError\n".into()));
    let output = xenon_run(&program, &[("XENON_ROOTS", "all")], &[url]);
    assert_eq!(printed(&output), (Some(1), "ErrorCode::ConfigurationError\n".into()));
    assert_eq!(connections(&nginx).len(), 2);
}

#[test]
fn a_command_fetches_through_a_proxy_of_its_environment() {
    let trust = Trust::new();
    let (Some(nginx), Some(squid)) = (trust.nginx(&[("/index.html", 9)]), Squid::start(&Terms::default())) else {
        return;
    };
    let url = format!("https://127.0.0.1:{}/index.html", nginx.tls_port());
    let proxy = format!("http://127.0.0.1:{}", squid.port());
    let variables = [("XENON_CA_PEM", trust.authority.pem.as_str()), ("https_proxy", proxy.as_str())];
    let output = xenon_run(&xenon_tested_guests::foreign_wasip3(), &variables, &[url.clone(), url]);
    assert_eq!(printed(&output), (Some(0), line() + &line()));
    let served = connections(&nginx);
    assert_eq!((served.len(), served[0]), (2, served[1]));
    let seen: Vec<_> = squid.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(seen, ["CONNECT"]);
}

#[test]
fn a_service_of_spin_fetches_twice_over_one_connection() {
    let trust = Trust::new();
    let Some(nginx) = trust.nginx(&[("/index.html", 9)]) else { return };
    let url = format!("https://localhost:{}/index.html", nginx.tls_port());
    let component = composed(&xenon_tested_guests::foreign_spin());
    let service = Service::start(&component, &[("XENON_CA_PEM", &trust.authority.pem)]);
    for _ in 0..2 {
        assert_eq!(service.get("/", &[("url", &url)]), Ok((200, content(9).collect())));
    }
    let served = connections(&nginx);
    assert_eq!((served.len(), served[0]), (2, served[1]));
}

#[test]
fn a_consumer_over_wasi_0_3_runs() {
    let Some(nginx) = Nginx::start(&[("/index.html", 9)]) else { return };
    let arguments = ["127.0.0.1".to_owned(), nginx.port().to_string()];
    let output = xenon_run(&xenon_tested_guests::rust_get_wasip3(), &[], &arguments);
    assert_eq!(printed(&output), (Some(0), line()));
}
