//! Brings the components that go under programs, to become a part of the program `xenon` (`src/artifacts.rs`).

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    let files = [
        (xenon_guests::component(), "xenon.wasm"),
        (xenon_guests_wasip3::component(), "xenon-0.3.wasm"),
        (xenon_guests_wasip3::http_client(), "xenon-http-client.wasm"),
        (xenon_guests_wasip3::bare_http_client(), "xenon-http-client-bare.wasm"),
    ];
    for (file, name) in files {
        println!("cargo::rerun-if-changed={}", file.display());
        fs::copy(file, folder.join(name))?;
    }
    Ok(())
}
