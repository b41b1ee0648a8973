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
    let hash =
        file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.strip_suffix(".cwasm"));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component: it has a head and nothing else.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn folder(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("xenon-ahead-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let owner = owner(&fs::metadata(&path).unwrap());
        Folder { path, is_trusted: true, owner }
    }

    fn files(folder: &Folder) -> Vec<String> {
        let entries = fs::read_dir(&folder.path).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_compiled_is_left_found_and_replaced() {
        let folder = folder("left");
        let engine = Engine::default();
        for other in ["a-0123456789abcdef.cwasm", "b-0123456789abcdef.cwasm", "a-note.cwasm"] {
            fs::write(folder.path.join(other), "old").unwrap();
        }
        load(&engine, "a", EMPTY, &folder).unwrap();
        let file = folder.path.join(file_name(&engine, "a", EMPTY));
        assert!(load_compiled(&engine, &file, &folder).is_some());
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected = vec![name, "a-note.cwasm".to_owned(), "b-0123456789abcdef.cwasm".to_owned()];
        expected.sort();
        assert_eq!(files(&folder), expected);
        fs::remove_dir_all(&folder.path).unwrap();
    }

    #[test]
    fn a_file_name_is_that_of_one_component_and_one_engine() {
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let (one, other) = (Engine::default(), Engine::new(&config).unwrap());
        assert_eq!(file_name(&one, "a", EMPTY), file_name(&Engine::default(), "a", EMPTY));
        assert_ne!(file_name(&one, "a", EMPTY), file_name(&other, "a", EMPTY));
        assert_ne!(file_name(&one, "a", EMPTY), file_name(&one, "a", b"another"));
    }

    #[test]
    fn a_folder_that_is_not_trusted_is_neither_read_nor_written() {
        let trusted = folder("untrusted");
        let engine = Engine::default();
        let folder = Folder { is_trusted: false, ..trusted.clone() };
        load(&engine, "a", EMPTY, &folder).unwrap();
        assert_eq!(files(&folder), [""; 0]);
        load(&engine, "a", EMPTY, &trusted).unwrap();
        let file = folder.path.join(file_name(&engine, "a", EMPTY));
        assert!(load_compiled(&engine, &file, &trusted).is_some());
        assert!(load_compiled(&engine, &file, &folder).is_none());
        let foreign = Folder { owner: trusted.owner.map(|owner| owner + 1), ..trusted.clone() };
        assert_eq!(load_compiled(&engine, &file, &foreign).is_none(), cfg!(unix));
        fs::remove_dir_all(&folder.path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everyone_can_write_is_not_loaded() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("writable");
        let engine = Engine::default();
        load(&engine, "a", EMPTY, &folder).unwrap();
        let file = folder.path.join(file_name(&engine, "a", EMPTY));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(load_compiled(&engine, &file, &folder).is_none());
        fs::remove_dir_all(&folder.path).unwrap();
    }

    #[test]
    fn a_damaged_file_is_compiled_anew() {
        let folder = folder("damaged");
        let engine = Engine::default();
        fs::write(folder.path.join(file_name(&engine, "a", EMPTY)), "damaged").unwrap();
        assert!(load(&engine, "a", EMPTY, &folder).is_ok());
        fs::remove_dir_all(&folder.path).unwrap();
    }
}
