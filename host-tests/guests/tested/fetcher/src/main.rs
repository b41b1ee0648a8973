//! A program over WASI 0.2 that fetches by `xenon:http`. Its arguments are a port of 127.0.0.1 and a path.

use std::env;
use std::process::ExitCode;

use bindings::xenon::http::session::Session;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({ path: "../../../../wit", world: "imports", generate_all });
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok());
    let (Some(port), Some(path)) = (port, arguments.next()) else { return ExitCode::FAILURE };
    match Session::new("http", "127.0.0.1", port).get(&path, &[]) {
        Ok(response) => {
            print!("{} {}", response.status, String::from_utf8_lossy(&response.content));
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{:?}", error.code);
            ExitCode::FAILURE
        }
    }
}
