//! Compiles the command, the tour and the component to machine code, which becomes a part of the programs (`src/ahead.rs`).

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use wasmtime::Engine;

#[path = "src/engines.rs"]
mod engines;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/engines.rs");
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    let command = Engine::new(&engines::for_command())?;
    for (name, file) in [("xenon-cli", xenon_guests::command()), ("xenon-tour", xenon_guests::tour())] {
        compile(&command, &file, &folder.join(name))?;
    }
    compile(&Engine::new(&engines::for_tests(false))?, &xenon_guests::component(), &folder.join("xenon"))
}

/// Leaves `file` itself and its machine code beside each other: as `into.wasm` and `into.cwasm`.
fn compile(engine: &Engine, file: &Path, into: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", file.display());
    let component = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    fs::write(into.with_extension("cwasm"), engine.precompile_component(&component)?)?;
    Ok(fs::write(into.with_extension("wasm"), component)?)
}
