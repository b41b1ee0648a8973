//! Compiles guests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Guest, Kind, Result};

/// Compiles guests into the folder `target`, and answers where the file of each is: for the component a core module, for
/// others a component.
pub(crate) fn build(workspace: &Path, target: &Path, guests: &[Guest<'_>]) -> Result<Vec<PathBuf>> {
    let (component, others): (Vec<&Guest<'_>>, Vec<&Guest<'_>>) =
        guests.iter().partition(|guest| guest.kind == Kind::Component);
    for guest in component {
        // The component's crate is a library by itself.
        let only = ["-p", guest.package, "--lib", "--features", "component", "--crate-type", "cdylib", "--"];
        run(workspace, target, "rustc", &[&only[..], LINKED].concat())?;
    }
    if !others.is_empty() {
        let packages: Vec<&str> = others.iter().flat_map(|guest| ["-p", guest.package]).collect();
        run(workspace, target, "build", &packages)?;
    }
    let folder = target.join("wasm32-wasip2").join("guest");
    let file_of = |guest: &Guest<'_>| {
        let file = folder.join(format!("{}.wasm", guest.package));
        // That of a library has underscores in its name.
        if file.exists() { file } else { folder.join(format!("{}.wasm", guest.package.replace('-', "_"))) }
    };
    Ok(guests.iter().map(file_of).collect())
}

/// How the component is compiled: optimised for speed, but that functions stay where they are, unless it is smaller without a
/// call; and left a core module, for `imports` to narrow.
const LINKED: &[&str] =
    &["-C", "strip=symbols", "-C", "llvm-args=-inline-threshold=12", "-C", "link-arg=--skip-wit-component"];

fn run(workspace: &Path, target: &Path, subcommand: &str, arguments: &[&str]) -> Result<()> {
    // The script finds the toolchain where rustup could not bring it, and takes this cargo's variables out of the
    // environment; it needs bash.
    let mut command =
        if cfg!(unix) { Command::new(workspace.join("scripts/guest-cargo")) } else { Command::new("cargo") };
    // A folder of its own: this cargo holds the lock of the usual one, and the nested one would wait for it for ever.
    command.args([subcommand, "--locked", "--profile", "guest", "--target", "wasm32-wasip2", "--target-dir"]);
    command.arg(target).args(arguments);
    let advice = "The guests could not be built for wasm32-wasip2. If that is for want of a toolchain, this brings it:\n\n    \
                  scripts/setup.sh\n";
    let status =
        command.current_dir(workspace).status().map_err(|error| format!("{command:?}: {error}\n\n{advice}"))?;
    if status.success() { Ok(()) } else { Err(advice.into()) }
}
