//! Compiles the command and the tour to machine code, which becomes a part of the programs (`src/ahead.rs`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{CacheStore, Config, Engine};

#[path = "src/engines.rs"]
mod engines;
mod precompile;

use precompile::compile;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/engines.rs");
    println!("cargo::rerun-if-changed=precompile.rs");
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    let command = Engine::new(with_memory(&mut engines::for_command())?)?;
    for (name, file) in [("xenon-cli", xenon_guests::command()), ("xenon-tour", xenon_guests::tour())] {
        compile(&command, &file, &folder.join(name))?;
    }
    Ok(())
}

/// The component is a part of the command and of the tour: its functions are compiled once.
fn with_memory(config: &mut Config) -> Result<&Config, Box<dyn Error>> {
    Ok(config.enable_incremental_compilation(Arc::new(Functions::default()))?)
}

/// Functions that were compiled, by what they were compiled from.
#[derive(Debug, Default)]
struct Functions(Mutex<HashMap<Vec<u8>, Vec<u8>>>);

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned().map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_vec(), value);
        true
    }
}
