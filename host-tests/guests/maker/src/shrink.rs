//! Makes code smaller with Binaryen's `wasm-opt`: by a seventh, which linking alone does not find.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// The core module, smaller. Where `wasm-opt` is missing it stays as it is, and works as well.
pub(crate) fn shrink(module: Vec<u8>, scratch: &Path) -> Result<Vec<u8>> {
    let (before, after) = (scratch.join("before.wasm"), scratch.join("after.wasm"));
    fs::write(&before, &module)?;
    match Command::new("wasm-opt").args(OPTIMISATION).arg(&before).arg("-o").arg(&after).status() {
        Ok(status) if status.success() => Ok(fs::read(after)?),
        Ok(status) => Err(format!("wasm-opt: {status}").into()),
        Err(_) => {
            println!(
                "cargo::warning=wasm-opt is missing, so the component is larger than it need be; scripts/setup.sh brings it"
            );
            Ok(module)
        }
    }
}

/// What is made of the code, and what of WebAssembly it may use: what the compiler's own output uses, and every host of
/// components has.
const OPTIMISATION: &[&str] = &[
    "-Oz",
    // The stack comes first in memory and grows down: its last kilobyte is never reached.
    "--low-memory-unused",
    // Once more, for what the first time has uncovered.
    "-Oz",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];
