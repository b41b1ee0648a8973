//! Compiles guests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// Cargo, for guests.
pub(crate) struct Cargo<'a> {
    workspace: &'a Path,
    /// A folder of its own: the cargo that runs the build script holds the lock of the usual one, and this one would wait for it
    /// for ever.
    target: &'a Path,
}

impl<'a> Cargo<'a> {
    pub(crate) fn new(workspace: &'a Path, target: &'a Path) -> Self {
        Self { workspace, target }
    }

    /// The core module that Xenon's crate makes with these features. The crate is a library by itself.
    pub(crate) fn core_module(&self, features: &str) -> Result<Vec<u8>> {
        let only = ["-p", "xenon", "--lib", "--no-default-features", "--features", features, "--crate-type", "cdylib"];
        self.run("rustc", &[&only[..], &["--"], LINKED].concat())?;
        Ok(fs::read(self.file_of("xenon"))?)
    }

    /// Compiles these packages to components.
    pub(crate) fn build(&self, packages: &[&str]) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        self.run("build", &packages.iter().flat_map(|package| ["-p", package]).collect::<Vec<_>>())
    }

    /// Where the file of this package is.
    pub(crate) fn file_of(&self, package: &str) -> PathBuf {
        let folder = self.target.join("wasm32-wasip2").join("guest");
        let file = folder.join(format!("{package}.wasm"));
        // That of a library has underscores in its name.
        if file.exists() { file } else { folder.join(format!("{}.wasm", package.replace('-', "_"))) }
    }

    fn run(&self, subcommand: &str, arguments: &[&str]) -> Result<()> {
        // The script finds the toolchain where rustup could not bring it, and takes this cargo's variables out of the
        // environment; it needs bash.
        let script = self.workspace.join("scripts/guest-cargo");
        let mut command = if cfg!(unix) { Command::new(script) } else { Command::new("cargo") };
        command.args([subcommand, "--locked", "--profile", "guest", "--target", "wasm32-wasip2", "--target-dir"]);
        command.arg(self.target).args(arguments);
        let advice = "The guests could not be built for wasm32-wasip2. If that is for want of a toolchain, this brings \
                      it:\n\n    scripts/setup.sh\n";
        let status = command.current_dir(self.workspace).status();
        let status = status.map_err(|error| format!("{command:?}: {error}\n\n{advice}"))?;
        if status.success() { Ok(()) } else { Err(advice.into()) }
    }
}

/// How the component is compiled: optimised for speed, but that functions stay where they are, unless it is smaller without a
/// call, or not much larger where their author asks for it; that loops are not written out several times; and left a core
/// module, for `imports` to narrow. Each value is the best of several, by the bytes of the component and the fuel of a request.
const LINKED: &[&str] = &[
    "-C",
    "strip=symbols",
    "-C",
    "llvm-args=-inline-threshold=12",
    "-C",
    "llvm-args=-inlinehint-threshold=45",
    "-C",
    "llvm-args=-unroll-threshold=0 -unroll-runtime=false -unroll-allow-partial=false",
    "-C",
    "link-arg=--skip-wit-component",
];
