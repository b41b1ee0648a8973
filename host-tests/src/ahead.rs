//! Loads a component, compiled ahead of time by an earlier run where there was one.
//!
//! It must never load machine code that does not belong to exactly this component and this engine, nor code that someone
//! other than the owner of this executable could have put there.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// Loads the component from what an earlier call left in `folder`. If there is nothing, compiles it and leaves the result
/// there for the next time, if that can be done.
///
/// `name` tells people what the file is.
pub fn load(engine: &Engine, name: &str, bytes: &[u8], folder: &Folder) -> Result<Component> {
    let file = folder.path.join(file_name(engine, name, bytes));
    if let Some(component) = load_compiled(engine, &file, folder) {
        return Ok(component);
    }
    let component = Component::new(engine, bytes)?;
    // Where nothing can be written every start compiles: slower, and right.
    if folder.is_trusted
        && let Ok(compiled) = component.serialize()
    {
        let _ = leave(&file, name, &compiled);
    }
    Ok(component)
}

/// A folder where compiled components are left and found.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    is_trusted: bool,
    owner: Option<u32>,
}

impl Folder {
    /// The folder that this executable is in.
    ///
    /// What is there is as trusted as the executable is, provided that nobody else can write there: a folder open to
    /// everyone, such as one for temporary files, is not used.
    pub fn of_executable() -> Folder {
        let Ok(executable) = std::env::current_exe() else {
            return Folder { path: PathBuf::new(), is_trusted: false, owner: None };
        };
        let path = executable.parent().map(Path::to_path_buf).unwrap_or_default();
        let is_trusted = fs::metadata(&path).is_ok_and(|metadata| !is_writable_by_all(&metadata));
        let owner = fs::metadata(&executable).ok().and_then(|metadata| owner(&metadata));
        Folder { path, is_trusted, owner }
    }
}

fn load_compiled(engine: &Engine, file: &Path, folder: &Folder) -> Option<Component> {
    let metadata = fs::metadata(file).ok()?;
    if !folder.is_trusted || is_writable_by_all(&metadata) || owner(&metadata) != folder.owner {
        return None;
    }
    // SAFETY: this runs the machine code in the file, so the file must be what `Component::serialize` gave, unchanged.
    // `leave` wrote it: the file lies beside this executable, in a folder that not everyone can write to, and has the
    // executable's owner. Whoever can change it can change the executable itself, so it is as trusted as this very code.
    // Its name holds the hash of the component and of all in the engine that compiled code depends on, so it is not that
    // of another version; wasmtime checks its own version and settings in it once more. It appears by a rename and is
    // never written again, so it is whole, and does not change while it is mapped.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize_file(engine, file) };
    component.ok()
}

fn file_name(engine: &Engine, name: &str, bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{name}-{:016x}.cwasm", hasher.finish())
}

/// Leaves the compiled component, and takes away those of earlier versions.
fn leave(file: &Path, name: &str, compiled: &[u8]) -> std::io::Result<()> {
    let unfinished = file.with_extension(format!("{}.unfinished", std::process::id()));
    fs::write(&unfinished, compiled)?;
    if let Err(error) = fs::rename(&unfinished, file) {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    for entry in fs::read_dir(file.parent().unwrap_or(Path::new(".")))?.flatten() {
        let path = entry.path();
        if path != file && is_compiled(&entry.file_name().to_string_lossy(), name) {
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

/// Whether a file of this name is one that `leave` leaves for `name`.
fn is_compiled(file: &str, name: &str) -> bool {
    let hash = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.strip_suffix(".cwasm"));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(unix)]
fn is_writable_by_all(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o002 != 0
}

#[cfg(unix)]
fn owner(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(metadata.uid())
}

// Elsewhere permissions cannot be read so simply, and the folder of a program is by custom its installer's alone.
#[cfg(not(unix))]
fn is_writable_by_all(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn owner(_: &fs::Metadata) -> Option<u32> {
    None
}
