//! For build scripts: compiles a component ahead of time.

use std::error::Error;
use std::fs;
use std::path::Path;

use wasmtime::Engine;

/// Leaves `file` itself and its machine code beside each other: as `into.wasm` and `into.cwasm`.
pub(crate) fn compile(engine: &Engine, file: &Path, into: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", file.display());
    let component = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    fs::write(into.with_added_extension("cwasm"), engine.precompile_component(&component)?)?;
    Ok(fs::write(into.with_added_extension("wasm"), component)?)
}
