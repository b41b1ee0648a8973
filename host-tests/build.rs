//! Builds the guests for wasm32-wasip2, composes the consumers with the component, and tells the crate where they are.
//!
//! It must not leave a half-written file in target/component, nor touch one whose content is the same.
//!
//! Another guest is one more line in `GUESTS`. In the crate, `env!("XENON_WASM")` is then the path of the file.

use std::env;
use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions};

/// Every guest, and the component itself first.
const GUESTS: &[Guest] = &[
    Guest { package: "xenon", folder: "src", composed: false },
    Guest { package: "xenon-cli", folder: "examples/cli", composed: true },
    Guest { package: "xenon-tour", folder: "examples/tour", composed: true },
    Guest { package: "xenon-bench-crypto", folder: "host-tests/bench/guests/crypto", composed: false },
    Guest { package: "xenon-bench-raw", folder: "host-tests/bench/guests/raw", composed: false },
    Guest { package: "xenon-bench-session", folder: "host-tests/bench/guests/session", composed: true },
    Guest { package: "xenon-bench-wasi-http", folder: "host-tests/bench/guests/wasi-http", composed: false },
];

/// A package that is built for wasm32-wasip2.
struct Guest {
    /// Its name, and that of its file: `xenon-cli` makes `xenon-cli.wasm` and `XENON_CLI_WASM`.
    package: &'static str,
    /// What of the workspace it is made of, besides what `SHARED` lists.
    folder: &'static str,
    /// Whether it is a consumer, whose imports of `xenon:http` the component fills.
    composed: bool,
}

/// What every guest is made of.
const SHARED: &[&str] = &["wit", "Cargo.toml", "Cargo.lock", "scripts/guest-cargo", "scripts/toolchain.sh"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<()> {
    let workspace = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    let target = target_folder(&workspace)?;
    println!("cargo::rustc-env=XENON_TARGET={}", text(&target)?);
    println!("cargo::rerun-if-env-changed=XENON_GUEST_RUSTC");
    for path in SHARED.iter().copied().chain(GUESTS.iter().map(|guest| guest.folder)) {
        println!("cargo::rerun-if-changed={}", text(&workspace.join(path))?);
    }

    let built = build_guests(&workspace, &target.join("guests"))?;
    let finished = target.join("component");
    fs::create_dir_all(&finished)?;
    let component = finished.join("xenon.wasm");
    for guest in GUESTS {
        let file = format!("{}.wasm", guest.package);
        let made = made_file(&built, &file);
        let bytes = match guest {
            Guest { composed: true, .. } => compose(&made, &component)?,
            Guest { package: "xenon", .. } => shrink(fs::read(made)?)?,
            _ => fs::read(made)?,
        };
        write_if_changed(&finished, &file, &bytes)?;
        let variable = file.to_uppercase().replace(['-', '.'], "_");
        println!("cargo::rustc-env={variable}={}", text(&finished.join(&file))?);
    }
    Ok(())
}

/// The folder that cargo calls `target`, wherever it was put: by an option, the environment or a configuration file.
fn target_folder(workspace: &Path) -> Result<PathBuf> {
    // OUT_DIR is inside it, and cargo marks its top.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let marked = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(marked.map_or_else(|| workspace.join("target"), Path::to_path_buf))
}

/// Where cargo has put this file: that of a library has underscores in its name.
fn made_file(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    if file.exists() { file } else { folder.join(name.replace('-', "_")) }
}

/// Builds all guests and answers in which folder they are.
fn build_guests(workspace: &Path, target: &Path) -> Result<PathBuf> {
    let [component, consumers @ ..] = GUESTS else { return Err("the component itself comes first".into()) };
    // The component's crate is a library for its tests too, and cargo optimises no such crate at link time, nor strips it,
    // unless it is told which of both is meant. That makes it a fifth smaller.
    let mut only = vec!["-p", component.package, "--lib", "--crate-type", "cdylib", "--"];
    only.extend(LINKED);
    run_guest_cargo(workspace, target, "rustc", &only)?;
    let packages: Vec<&str> = consumers.iter().flat_map(|guest| ["-p", guest.package]).collect();
    run_guest_cargo(workspace, target, "build", &packages)?;
    Ok(target.join("wasm32-wasip2").join("guest"))
}

/// How the component is compiled: optimised for speed, but that functions stay where they are, unless it is smaller without a
/// call.
const LINKED: &[&str] = &["-C", "strip=symbols", "-C", "llvm-args=-inline-threshold=12"];

fn run_guest_cargo(workspace: &Path, target: &Path, subcommand: &str, arguments: &[&str]) -> Result<()> {
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

/// The component with its code made smaller by Binaryen's `wasm-opt`: by a seventh, which linking alone does not find.
fn shrink(component: Vec<u8>) -> Result<Vec<u8>> {
    let Some((length_at, module)) = core_module(&component) else {
        return Err("the component has no core module".into());
    };
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    let (before, after) = (folder.join("before.wasm"), folder.join("after.wasm"));
    fs::write(&before, &component[module.clone()])?;
    let status = Command::new("wasm-opt").args(OPTIMISATION).arg(&before).arg("-o").arg(&after).status();
    match status {
        Ok(status) if status.success() => {}
        // It works as well without, and is larger.
        Err(_) => {
            println!(
                "cargo::warning=wasm-opt is missing, so the component is larger than it need be; scripts/setup.sh brings it"
            );
            return Ok(component);
        }
        Ok(status) => return Err(format!("wasm-opt: {status}").into()),
    }
    let smaller = fs::read(after)?;
    let mut shrunk = component[..length_at].to_vec();
    shrunk.extend(leb128(smaller.len()));
    shrunk.extend(smaller);
    shrunk.extend(&component[module.end..]);
    Ok(shrunk)
}

/// What is made of the code, and what of WebAssembly it may use: what the compiler's own output uses, and every host of
/// components has.
const OPTIMISATION: &[&str] = &[
    "-Oz",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Where the length of this component's first core module is, and where the module; it is the one with the code, the others
/// adapt it. A component is a list of sections after eight bytes, each an identifier, a length and so many bytes; 1 is a core
/// module.
fn core_module(component: &[u8]) -> Option<(usize, Range<usize>)> {
    let mut at = 8;
    loop {
        let id = *component.get(at)?;
        let length = component[at + 1..].iter().position(|byte| byte & 0x80 == 0)? + 1;
        let digits = component[at + 1..at + 1 + length].iter().rev();
        let size = digits.fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let start = at + 1 + length;
        if id == 1 {
            return Some((at + 1, start..start + size));
        }
        at = start + size;
    }
}

/// A number as WebAssembly has it: seven bits a byte, the lowest first.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

/// Fills what the consumer imports from `xenon:http` with what the component exports. All else that either of them imports
/// is asked of the host, once.
fn compose(consumer: &Path, component: &Path) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, file: &Path| -> Result<_> {
        let package = Package::from_file(name, None, file, graph.types_mut())
            .map_err(|error| format!("{} is no component: {error:#}", file.display()))?;
        let imports: Vec<_> = graph.types()[package.ty()].imports.keys().cloned().collect();
        let exports: Vec<_> = graph.types()[package.ty()].exports.keys().cloned().collect();
        Ok((graph.register_package(package)?, imports, exports))
    };
    let (component, _, _) = register("xenon:component", component)?;
    let (socket, imports, exports) = register("xenon:consumer", consumer)?;

    let plug = graph.instantiate(component);
    let socket = graph.instantiate(socket);
    let ours: Vec<_> = imports.iter().filter(|name| name.starts_with("xenon:http/")).collect();
    if ours.is_empty() {
        return Err(format!("{} uses nothing of xenon:http", consumer.display()).into());
    }
    for name in ours {
        let export = graph.alias_instance_export(plug, name)?;
        graph.set_instantiation_argument(socket, name, export)?;
    }
    for name in &exports {
        let export = graph.alias_instance_export(socket, name)?;
        graph.export(export, name)?;
    }
    Ok(graph.encode(EncodeOptions::default())?)
}

/// Writes by renaming, so that whoever reads the file at this moment reads the old one or the new one.
fn write_if_changed(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let file = folder.join(name);
    if fs::read(&file).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
    fs::write(&unfinished, bytes)?;
    Ok(fs::rename(&unfinished, &file)?)
}

fn text(path: &Path) -> Result<&str> {
    Ok(path.to_str().ok_or("the workspace's path is not UTF-8")?)
}
