//! cargo-component, which builds components of Rust crates: for `wasm32-wasip1`, with an adapter that it brings.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::program::Folder;

/// The version that scripts/setup.sh installs.
const VERSION: &str = "0.21.1";

/// Its target, which is not the one of everything else here.
const TARGET: &str = "wasm32-wasip1";

/// Builds the crate in this folder, in a copy of its workspace that has nothing but these folders and files, and answers its
/// component, which has this name. The crates that it depends on must have been fetched.
///
/// `None` if the tool or its target is not there, with a loud message. That is no panic in CI: not every machine reaches where
/// rustup has the target from.
pub fn build(workspace: &Path, parts: &[&str], folder: &str, name: &str) -> Option<Vec<u8>> {
    let Some(program) = find() else {
        eprintln!("\n*** SKIPPED: cargo-component {VERSION} is missing; scripts/setup.sh test would bring it ***\n");
        return None;
    };
    if !has_target() {
        eprintln!("\n*** SKIPPED: rustc has no {TARGET}; this would bring it: rustup target add {TARGET} ***\n");
        return None;
    }
    // It writes bindings beside the program.
    let copied = Folder::new("cargo-component");
    for part in parts {
        copy(&workspace.join(part), &copied.path().join(part)).expect("a part of the workspace can be copied");
    }
    let target = crate::guests().with_file_name("cargo-component");
    let mut command = Command::new(program);
    command.current_dir(copied.path().join(folder));
    command.args(["component", "build", "--release", "--locked", "--target-dir"]).arg(&target);
    // What the cargo that runs this test says of itself.
    let of_cargo = |name: &str| name == "RUSTFLAGS" || name.starts_with("CARGO_") && name != "CARGO_HOME";
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| of_cargo(name)) {
        command.env_remove(name);
    }
    // Offline, too: not by its own option, which wants a lock file of packages of components.
    let output = command.env("CARGO_NET_OFFLINE", "true").output().expect("cargo-component can be started");
    assert!(output.status.success(), "cargo-component fails:\n{}", String::from_utf8_lossy(&output.stderr));
    let file = target.join(TARGET).join("release").join(name).with_extension("wasm");
    Some(fs::read(file).expect("cargo-component has made a component"))
}

/// Copies a file, or a folder and all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        return fs::copy(from, to).map(drop);
    }
    fs::read_dir(from)?.try_for_each(|entry| {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))
    })
}

/// Where it is: in the cache of scripts/setup.sh, or wherever programs are, in any version.
fn find() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join(format!("xenon/cargo-component-{VERSION}/bin")));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = own.into_iter().chain(env::split_paths(&path));
    folders.map(|folder| folder.join("cargo-component")).find(|file| file.is_file())
}

fn has_target() -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}
