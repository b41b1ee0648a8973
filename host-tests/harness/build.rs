//! Compiles the component to machine code, which becomes a part of the tests.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use wasmtime::{Config, Engine};

#[path = "src/engines.rs"]
mod engines;
#[path = "../native/precompile.rs"]
mod precompile;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/engines.rs");
    println!("cargo::rerun-if-changed=../native/precompile.rs");
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    let compile =
        |config: Config, file: PathBuf, name| precompile::compile(&Engine::new(&config)?, &file, &folder.join(name));
    compile(engines::for_tests(false), xenon_guests::component(), "xenon")?;
    compile(engines::for_wasip3(), xenon_guests_wasip3::component(), "xenon-0.3")
}
