//! Brings the components that go under programs, to become a part of the program `xenon` (`src/artifacts.rs`).

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    for name in ["xenon.wasm", "xenon-0.3.wasm", "xenon-http-client.wasm", "xenon-http-client-bare.wasm"] {
        let file = xenon_guests::folder().join(name);
        let mut component = Vec::new();
        // Where one was not built, an empty file takes its place.
        if file.exists() {
            println!("cargo::rerun-if-changed={}", file.display());
            component = fs::read(file)?;
        }
        fs::write(folder.join(name), component)?;
    }
    Ok(())
}
