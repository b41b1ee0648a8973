//! Builds guests for `wasm32-wasip2`: for build scripts, which tell it what is wanted.
//!
//! ```text
//!     cargo      compiles a guest with the toolchain that scripts/guest-cargo finds
//!     imports    takes out of the component what it imports and never uses
//!     shrink     makes its code smaller (Binaryen's wasm-opt)
//!     names      takes out the names of its insides
//!     compose    fills what a consumer imports with what the component exports
//! ```
//!
//! It must not leave a half-written file in `target/component`, nor touch one whose content is the same.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod cargo;
mod compose;
pub mod imports;
mod names;
mod shrink;

use self::cargo::Cargo;

/// What goes wrong is told in words.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A package that is built for `wasm32-wasip2`.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// Its name, and that of its file: `xenon-cli` makes `xenon-cli.wasm`.
    package: &'a str,
    /// What of the workspace it is made of, besides what `SHARED` lists.
    sources: &'a [&'a str],
    kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// One of the faces of Xenon.
    Face(Face<'a>),
    /// A consumer, whose imports of `xenon:http` the component fills.
    Composed,
    /// A component that has nothing to do with Xenon.
    Alone,
}

/// How a face of Xenon is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Face<'a> {
    /// The features of the crate, which is the same for all.
    features: &'a str,
    /// Where its world is told, and the world's name.
    world: (&'a str, &'a str),
}

impl<'a> Guest<'a> {
    /// The component itself. It must be made before the consumers.
    pub const COMPONENT: Guest<'static> = Guest::face("xenon", "component,zstd", ("wit/world.wit", "component"));

    /// The component with every feature.
    pub const FULL: Guest<'static> = Guest::face("xenon-full", "component,zstd,br", ("wit/world.wit", "component"));

    /// The component without zstd, to see what that costs.
    pub const WITHOUT_ZSTD: Guest<'static> =
        Guest::face("xenon-without-zstd", "component", ("wit/world.wit", "component"));

    /// The component over WASI 0.3.
    pub const COMPONENT_0_3: Guest<'static> =
        Guest::face("xenon-0.3", "component-wasip3,zstd", ("wit/0.3/world.wit", "component"));

    /// The component under programs that use `wasi:http/client`.
    pub const HTTP_CLIENT: Guest<'static> =
        Guest::face("xenon-http-client", "http-client-environment", ("wit/0.3/world.wit", "http-client"));

    /// The same, with no settings from the environment.
    pub const HTTP_CLIENT_BARE: Guest<'static> =
        Guest::face("xenon-http-client-bare", "http-client", ("wit/0.3/world.wit", "http-client-bare"));

    const fn face(name: &'a str, features: &'a str, world: (&'a str, &'a str)) -> Self {
        Self { package: name, sources: &["src", "getrandom"], kind: Kind::Face(Face { features, world }) }
    }

    /// A consumer, to be composed with the component.
    pub const fn composed(package: &'a str, sources: &'a [&'a str]) -> Self {
        Self { package, sources, kind: Kind::Composed }
    }

    /// A component by itself.
    pub const fn alone(package: &'a str, sources: &'a [&'a str]) -> Self {
        Self { package, sources, kind: Kind::Alone }
    }
}

/// What every guest is made of.
const SHARED: &[&str] = &["wit", "Cargo.toml", "Cargo.lock", "scripts/guest-cargo", "scripts/toolchain.sh"];

/// Makes guests.
#[derive(Debug)]
pub struct Maker {
    workspace: PathBuf,
    /// The folder that cargo calls `target`.
    target: PathBuf,
    /// Where the build script keeps what it needs in between.
    scratch: PathBuf,
}

impl Maker {
    /// A maker for the build script that this runs in. The script's crate then knows the target folder as `XENON_TARGET`.
    pub fn new() -> Result<Self> {
        let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
        let workspace = package.ancestors().find(|folder| folder.join("Cargo.lock").exists());
        let workspace = workspace.ok_or("no folder above this package has a Cargo.lock")?.to_path_buf();
        let scratch = PathBuf::from(env::var("OUT_DIR")?);
        // It is inside of the target folder, wherever that was put, and cargo marks the top of that.
        let marked = scratch.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
        let target = marked.map_or_else(|| workspace.join("target"), Path::to_path_buf);
        println!("cargo::rustc-env=XENON_TARGET={}", text(&target)?);
        println!("cargo::rerun-if-env-changed=XENON_GUEST_RUSTC");
        println!("cargo::rerun-if-env-changed=XENON_GUEST_TOOLCHAIN");
        Ok(Self { workspace, target, scratch })
    }

    /// Builds these guests and leaves each as `target/component/NAME.wasm`.
    pub fn make(&self, guests: &[Guest<'_>]) -> Result<()> {
        for path in SHARED.iter().chain(guests.iter().flat_map(|guest| guest.sources)) {
            println!("cargo::rerun-if-changed={}", text(&self.workspace.join(path))?);
        }
        let finished = self.target.join("component");
        fs::create_dir_all(&finished)?;
        let folder = self.target.join("guests");
        let cargo = Cargo::new(&self.workspace, &folder);
        for guest in guests {
            if let Kind::Face(face) = guest.kind {
                let component = self.component(&cargo.core_module(face.features)?, face.world)?;
                write_if_changed(&finished, &format!("{}.wasm", guest.package), &component)?;
            }
        }
        let others: Vec<_> = guests.iter().filter(|guest| !matches!(guest.kind, Kind::Face(_))).collect();
        cargo.build(&others.iter().map(|guest| guest.package).collect::<Vec<_>>())?;
        for guest in others {
            let file = cargo.file_of(guest.package);
            let bytes = match guest.kind {
                Kind::Composed => compose::compose(&file, &finished)?,
                Kind::Face(_) | Kind::Alone => fs::read(file)?,
            };
            write_if_changed(&finished, &format!("{}.wasm", guest.package), &bytes)?;
        }
        Ok(())
    }

    /// The component of this world, made of the core module that the linker leaves.
    fn component(&self, module: &[u8], (wit, world): (&str, &str)) -> Result<Vec<u8>> {
        let wit = fs::read_to_string(self.workspace.join(wit))?;
        let module = imports::narrow(module, &imports::of_world(&wit, world))?;
        let module = shrink::shrink(module, &self.scratch)?;
        let mut encoder = wit_component::ComponentEncoder::default();
        // Else an interface would be imported in the newest version that anything linked in was written for.
        names::strip(&encoder.merge_imports_based_on_semver(false).validate(true).module(&module)?.encode()?)
    }
}

/// How a build script ends: what went wrong is told.
pub fn finish(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error}");
            ExitCode::FAILURE
        }
    }
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
