//! Compiles the component to machine code, which becomes a part of the tests.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use wasmtime::Engine;

#[path = "src/engines.rs"]
mod engines;
#[path = "../native/precompile.rs"]
mod precompile;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/engines.rs");
    println!("cargo::rerun-if-changed=../native/precompile.rs");
    let into = PathBuf::from(env::var("OUT_DIR")?).join("xenon");
    precompile::compile(&Engine::new(&engines::for_tests(false))?, &xenon_guests::component(), &into)
}
