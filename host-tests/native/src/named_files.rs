//! The files of the command, in the place of `wasi:filesystem` as wasmtime has it: **exactly those that its options name, each
//! for what they name it for, and nothing else.**
//!
//! The command gets one place (`preopens`), in which each file has the very name that it was given. A file is opened by the
//! operating system when the command opens it, so links lead wherever they lead, and pipes, `/dev/stdin` and `/dev/fd/3` are what
//! they are for every program; it is closed when the command is done with it. No folder is ever given, so no name leads to another
//! file, and nothing can be listed, made, renamed or taken away but that a file that is written is made or emptied, and that one
//! that is replaced can get a successor of its name and `.NUMBER.tmp`.

mod pipe;
mod successor;

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{Error, Result};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use xenon_cli_options::escape::unescaped;
use xenon_cli_options::files::{self, Purpose};

use pipe::Pipe;

/// The files that may be read and those that may be written, by the names that they were given.
#[derive(Debug, Default)]
pub struct NamedFiles {
    read: HashSet<Vec<u8>>,
    written: HashSet<Vec<u8>>,
    replaced: HashSet<Vec<u8>>,
}

impl NamedFiles {
    /// Those of this command line, the command's own name not among the arguments.
    pub fn of_line(arguments: &[Vec<u8>]) -> Self {
        let mut named = Self::default();
        for file in files::of_line(arguments.iter().cloned()) {
            let kind = match file.purpose {
                Purpose::Reading => &mut named.read,
                Purpose::Writing => &mut named.written,
                Purpose::Replacing => &mut named.replaced,
            };
            kind.insert(file.name);
        }
        named
    }
}

/// What the host's state has for them.
pub struct View<'a> {
    /// Which there are.
    pub files: &'a NamedFiles,
    /// What the command holds.
    pub table: &'a mut ResourceTable,
}

/// Gives a component these files in the place of what `wasmtime_wasi` would give it.
pub fn add_to_linker<T: Send + 'static>(linker: &mut Linker<T>, view: fn(&mut T) -> View<'_>) -> Result<()> {
    struct Has;

    impl HasData for Has {
        type Data<'a> = View<'a>;
    }

    linker.allow_shadowing(true);
    types::add_to_linker::<T, Has>(linker, view)?;
    preopens::add_to_linker::<T, Has>(linker, view)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What stands behind a descriptor.
enum Descriptor {
    /// Where all files are.
    Place,
    /// A file that is read or written anywhere.
    File {
        file: File,
        metadata: Metadata,
        /// Where the operating system's own place in it is.
        offset: u64,
    },
    /// A pipe, a terminal or a device, which is written in order.
    Written(File, Metadata),
    /// The same, which is read in order. It is opened by who reads it, for that may wait until somebody writes.
    Read(PathBuf, Metadata),
}

/// The most bytes that are read at once.
const MOST_READ: usize = 64 * 1024;

impl View<'_> {
    fn descriptor(&mut self, given: &Resource<types::Descriptor>) -> Result<&mut Descriptor> {
        // The bindings call it by wasmtime's name; what is in the table is ours.
        Ok(self.table.get_mut(&Resource::<Descriptor>::new_borrow(given.rep()))?)
    }

    fn give(&mut self, descriptor: Descriptor) -> Result<Resource<types::Descriptor>> {
        Ok(Resource::new_own(self.table.push(descriptor)?.rep()))
    }

    fn metadata(&mut self, given: &Resource<types::Descriptor>) -> FsResult<Option<&Metadata>> {
        Ok(match self.descriptor(given).map_err(FsError::trap)? {
            Descriptor::Place => None,
            Descriptor::File { metadata, .. } | Descriptor::Written(_, metadata) | Descriptor::Read(_, metadata) => {
                Some(metadata)
            }
        })
    }

    /// Opens a file that an option names.
    fn open(&self, name: &[u8], create: types::OpenFlags, flags: types::DescriptorFlags) -> FsResult<Descriptor> {
        let (reads, writes) =
            (flags.contains(types::DescriptorFlags::READ), flags.contains(types::DescriptorFlags::WRITE));
        let is_named = match (reads, writes) {
            (true, false) => self.files.read.contains(name),
            (false, true) if create.contains(types::OpenFlags::EXCLUSIVE) => return self.make_successor(name),
            // One that is replaced is opened to see what it is.
            (false, true) if create == types::OpenFlags::empty() && self.files.replaced.contains(name) => true,
            (false, true) => self.files.written.contains(name),
            _ => false,
        };
        let path = path_of(name).filter(|_| is_named).ok_or(types::ErrorCode::NotPermitted)?;
        if writes {
            let mut how = OpenOptions::new();
            how.write(true).create(create.contains(types::OpenFlags::CREATE));
            how.truncate(create.contains(types::OpenFlags::TRUNCATE));
            let file = how.open(path)?;
            let metadata = file.metadata()?;
            return Ok(match metadata.is_file() {
                true => Descriptor::File { file, metadata, offset: 0 },
                false => Descriptor::Written(file, metadata),
            });
        }
        let metadata = std::fs::metadata(&path)?;
        if !metadata.is_file() {
            return Ok(Descriptor::Read(path, metadata));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Descriptor::File { file, metadata, offset: 0 })
    }
}

/// A name as the operating system has it; none where it cannot have such a one.
#[cfg(unix)]
fn path_of(name: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(name.to_vec()).into())
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Option<PathBuf> {
    Some(OsString::from(std::str::from_utf8(name).ok()?).into())
}

fn stat(metadata: Option<&Metadata>) -> types::DescriptorStat {
    types::DescriptorStat {
        type_: kind(metadata),
        link_count: 1,
        size: metadata.filter(|metadata| metadata.is_file()).map_or(0, Metadata::len),
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

fn kind(metadata: Option<&Metadata>) -> types::DescriptorType {
    match metadata {
        None => types::DescriptorType::Directory,
        Some(metadata) if metadata.is_file() => types::DescriptorType::RegularFile,
        Some(metadata) if metadata.is_dir() => types::DescriptorType::Directory,
        Some(_) => types::DescriptorType::Unknown,
    }
}

/// Goes where the command wants to read or write.
fn seek(file: &mut File, at: &mut u64, offset: u64) -> io::Result<()> {
    if *at != offset {
        file.seek(SeekFrom::Start(offset))?;
        *at = offset;
    }
    Ok(())
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> Result<Vec<(Resource<types::Descriptor>, String)>> {
        Ok(vec![(self.give(Descriptor::Place)?, ".".to_owned())])
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> Result<types::ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(&mut self, error: Resource<Error>) -> Result<Option<types::ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<io::Error>().map(types::ErrorCode::from))
    }
}

impl types::HostDescriptor for View<'_> {
    async fn open_at(
        &mut self,
        given: Resource<types::Descriptor>,
        _: types::PathFlags,
        path: String,
        create: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Resource<types::Descriptor>> {
        match self.descriptor(&given).map_err(FsError::trap)? {
            Descriptor::Place => {}
            _ => return Err(types::ErrorCode::NotDirectory.into()),
        }
        let opened = self.open(&unescaped(&path), create, flags)?;
        self.give(opened).map_err(FsError::trap)
    }

    async fn read(
        &mut self,
        given: Resource<types::Descriptor>,
        length: u64,
        offset: u64,
    ) -> FsResult<(Vec<u8>, bool)> {
        let Descriptor::File { file, offset: at, .. } = self.descriptor(&given).map_err(FsError::trap)? else {
            return Err(types::ErrorCode::Unsupported.into());
        };
        seek(file, at, offset)?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(MOST_READ).min(MOST_READ)];
        let read = loop {
            match file.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        *at = at.saturating_add(read as u64);
        bytes.truncate(read);
        Ok((bytes, read == 0))
    }

    async fn write(&mut self, given: Resource<types::Descriptor>, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let length = bytes.len() as u64;
        match self.descriptor(&given).map_err(FsError::trap)? {
            Descriptor::File { file, offset: at, .. } => {
                seek(file, at, offset)?;
                file.write_all(&bytes)?;
                *at = at.saturating_add(length);
            }
            Descriptor::Written(file, _) => file.write_all(&bytes)?,
            Descriptor::Place | Descriptor::Read(..) => return Err(types::ErrorCode::Unsupported.into()),
        }
        Ok(length)
    }

    fn read_via_stream(
        &mut self,
        given: Resource<types::Descriptor>,
        _offset: u64,
    ) -> FsResult<Resource<DynInputStream>> {
        let Descriptor::Read(path, _) = self.descriptor(&given).map_err(FsError::trap)? else {
            return Err(types::ErrorCode::Unsupported.into());
        };
        let stream: DynInputStream = Box::new(Pipe::open(path.clone()));
        self.table.push(stream).map_err(FsError::trap)
    }

    async fn stat(&mut self, given: Resource<types::Descriptor>) -> FsResult<types::DescriptorStat> {
        Ok(stat(self.metadata(&given)?))
    }

    async fn get_type(&mut self, given: Resource<types::Descriptor>) -> FsResult<types::DescriptorType> {
        Ok(kind(self.metadata(&given)?))
    }

    fn drop(&mut self, given: Resource<types::Descriptor>) -> Result<()> {
        self.table.delete(Resource::<Descriptor>::new_own(given.rep()))?;
        Ok(())
    }

    async fn is_same_object(
        &mut self,
        one: Resource<types::Descriptor>,
        other: Resource<types::Descriptor>,
    ) -> Result<bool> {
        Ok(one.rep() == other.rep())
    }

    // The command uses none of these, and none of them is given.

    fn write_via_stream(&mut self, _: Resource<types::Descriptor>, _: u64) -> FsResult<Resource<DynOutputStream>> {
        Err(types::ErrorCode::Unsupported.into())
    }

    fn append_via_stream(&mut self, _: Resource<types::Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        Err(types::ErrorCode::Unsupported.into())
    }

    async fn advise(&mut self, _: Resource<types::Descriptor>, _: u64, _: u64, _: types::Advice) -> FsResult<()> {
        Err(types::ErrorCode::Unsupported.into())
    }

    async fn sync_data(&mut self, _: Resource<types::Descriptor>) -> FsResult<()> {
        Err(types::ErrorCode::Unsupported.into())
    }

    async fn sync(&mut self, _: Resource<types::Descriptor>) -> FsResult<()> {
        Err(types::ErrorCode::Unsupported.into())
    }

    async fn get_flags(&mut self, _: Resource<types::Descriptor>) -> FsResult<types::DescriptorFlags> {
        Err(types::ErrorCode::Unsupported.into())
    }

    async fn set_size(&mut self, _: Resource<types::Descriptor>, _: u64) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn set_times(
        &mut self,
        _: Resource<types::Descriptor>,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn read_directory(
        &mut self,
        _: Resource<types::Descriptor>,
    ) -> FsResult<Resource<types::DirectoryEntryStream>> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn create_directory_at(&mut self, _: Resource<types::Descriptor>, _: String) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn stat_at(
        &mut self,
        _: Resource<types::Descriptor>,
        _: types::PathFlags,
        _: String,
    ) -> FsResult<types::DescriptorStat> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn set_times_at(
        &mut self,
        _: Resource<types::Descriptor>,
        _: types::PathFlags,
        _: String,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn link_at(
        &mut self,
        _: Resource<types::Descriptor>,
        _: types::PathFlags,
        _: String,
        _: Resource<types::Descriptor>,
        _: String,
    ) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn readlink_at(&mut self, _: Resource<types::Descriptor>, _: String) -> FsResult<String> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn remove_directory_at(&mut self, _: Resource<types::Descriptor>, _: String) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn rename_at(
        &mut self,
        _: Resource<types::Descriptor>,
        from: String,
        _: Resource<types::Descriptor>,
        to: String,
    ) -> FsResult<()> {
        let (successor, replaced) = self.succession(&unescaped(&from))?;
        if path_of(&unescaped(&to)).as_ref() != Some(&replaced) {
            return Err(types::ErrorCode::NotPermitted.into());
        }
        Ok(std::fs::rename(successor, replaced)?)
    }

    async fn symlink_at(&mut self, _: Resource<types::Descriptor>, _: String, _: String) -> FsResult<()> {
        Err(types::ErrorCode::NotPermitted.into())
    }

    async fn unlink_file_at(&mut self, _: Resource<types::Descriptor>, name: String) -> FsResult<()> {
        let (successor, _) = self.succession(&unescaped(&name))?;
        Ok(std::fs::remove_file(successor)?)
    }

    async fn metadata_hash(&mut self, _: Resource<types::Descriptor>) -> FsResult<types::MetadataHashValue> {
        Err(types::ErrorCode::Unsupported.into())
    }

    async fn metadata_hash_at(
        &mut self,
        _: Resource<types::Descriptor>,
        _: types::PathFlags,
        _: String,
    ) -> FsResult<types::MetadataHashValue> {
        Err(types::ErrorCode::NotPermitted.into())
    }
}

impl types::HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(
        &mut self,
        _: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        Ok(None)
    }

    fn drop(&mut self, _: Resource<types::DirectoryEntryStream>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{DescriptorFlags, ErrorCode, HostDescriptor, OpenFlags, PathFlags};

    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("xenon-named-{}-{test}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn path(&self, name: &str) -> String {
            self.0.join(name).to_str().unwrap().to_owned()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn named(line: &[&str]) -> NamedFiles {
        NamedFiles::of_line(&line.iter().map(|argument| argument.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// Opens a file as the command does, and answers what went wrong.
    fn open(files: &NamedFiles, name: &str, create: OpenFlags, flags: DescriptorFlags) -> Option<ErrorCode> {
        let mut table = ResourceTable::new();
        let mut view = View { files, table: &mut table };
        let (place, _) = preopens::Host::get_directories(&mut view).unwrap().remove(0);
        let opened = run(view.open_at(place, PathFlags::SYMLINK_FOLLOW, name.to_owned(), create, flags));
        opened.err().map(|error| error.downcast().unwrap())
    }

    fn new() -> OpenFlags {
        OpenFlags::CREATE | OpenFlags::TRUNCATE
    }

    #[test]
    fn only_named_files_open_in_their_named_direction() {
        let folder = Folder::new("only");
        let (read, written, other) = (folder.path("read"), folder.path("written"), folder.path("other"));
        for name in [&read, &written, &other] {
            std::fs::write(name, "content").unwrap();
        }
        let files = named(&["-T", &read, "-o", &written, "h"]);
        let (reading, writing) = (DescriptorFlags::READ, DescriptorFlags::WRITE);
        assert_eq!(open(&files, &read, OpenFlags::empty(), reading), None);
        assert_eq!(open(&files, &written, new(), writing), None);
        let refused = Some(ErrorCode::NotPermitted);
        for (name, create, flags) in [
            (&read, new(), writing),
            (&read, OpenFlags::empty(), writing),
            (&read, new(), reading | writing),
            (&read, OpenFlags::empty(), DescriptorFlags::empty()),
            (&written, OpenFlags::empty(), reading),
            (&written, new(), reading | writing),
            (&other, OpenFlags::empty(), reading),
            (&other, new(), writing),
            (&format!("{read}/../other"), OpenFlags::empty(), reading),
            (&folder.path(""), OpenFlags::empty(), reading),
            (&"".to_owned(), OpenFlags::empty(), reading),
            (&".".to_owned(), OpenFlags::empty(), reading),
        ] {
            assert_eq!(open(&files, name, create, flags), refused, "{name}");
        }
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "content");
    }

    #[test]
    fn reading_makes_nothing() {
        let folder = Folder::new("nothing");
        let missing = folder.path("missing");
        let files = named(&["-T", &missing, "h"]);
        assert_eq!(open(&files, &missing, new(), DescriptorFlags::READ), Some(ErrorCode::NoEntry));
        assert!(!std::fs::exists(&missing).unwrap());
    }

    #[test]
    fn a_file_that_is_replaced_gets_a_successor_and_nothing_else_does() {
        let folder = Folder::new("replaced");
        let (jar, other) = (folder.path("jar"), folder.path("other"));
        let files = named(&["-c", &jar, "-o", &other, "h"]);
        let successor = |name: &str| String::from_utf8(files::successor(name.as_bytes(), 7)).unwrap();
        let (writing, exclusive) = (DescriptorFlags::WRITE, OpenFlags::CREATE | OpenFlags::EXCLUSIVE);
        let none = OpenFlags::empty();
        let refused = Some(ErrorCode::NotPermitted);
        assert_eq!(open(&files, &jar, none, writing), Some(ErrorCode::NoEntry));
        assert_eq!(open(&files, &jar, new(), writing), refused);
        assert_eq!(open(&files, &jar, none, DescriptorFlags::READ), refused);
        assert_eq!(open(&files, &successor(&other), exclusive, writing), refused);
        assert_eq!(open(&files, &jar, exclusive, writing), refused);
        assert_eq!(open(&files, &successor(&jar), exclusive, writing), None);
        assert_eq!(open(&files, &successor(&jar), exclusive, writing), Some(ErrorCode::Exist));

        let mut table = ResourceTable::new();
        let mut view = View { files: &files, table: &mut table };
        let mut place = || preopens::Host::get_directories(&mut view).unwrap().remove(0).0;
        let (one, two, three) = (place(), place(), place());
        std::fs::write(&other, "other").unwrap();
        for (from, to) in [(&successor(&jar), &other), (&other, &jar), (&successor(&other), &other), (&jar, &jar)] {
            let (one, two) = (Resource::new_borrow(one.rep()), Resource::new_borrow(two.rep()));
            let moved = run(view.rename_at(one, from.clone(), two, to.clone()));
            assert_eq!(moved.err().map(|error| error.downcast().unwrap()), refused, "{from} {to}");
        }
        run(view.rename_at(one, successor(&jar), two, jar.clone())).unwrap();
        assert_eq!(open(&files, &jar, none, writing), None);
        for name in [&jar, &other, &successor(&other)] {
            assert!(run(view.unlink_file_at(Resource::new_borrow(three.rep()), name.clone())).is_err());
        }
        assert_eq!(open(&files, &successor(&jar), exclusive, writing), None);
        let mut view = View { files: &files, table: &mut table };
        run(view.unlink_file_at(three, successor(&jar))).unwrap();
        assert!(!std::fs::exists(successor(&jar)).unwrap());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "other");
    }

    #[test]
    fn a_folder_that_is_named_gives_nothing_in_it() {
        let folder = Folder::new("folder");
        let name = folder.path("");
        let files = named(&["-T", &name, "-o", &name, "h"]);
        assert_eq!(open(&files, &name, new(), DescriptorFlags::WRITE), Some(ErrorCode::IsDirectory));
        let mut table = ResourceTable::new();
        let mut view = View { files: &files, table: &mut table };
        let (place, _) = preopens::Host::get_directories(&mut view).unwrap().remove(0);
        let (none, read) = (OpenFlags::empty(), DescriptorFlags::READ);
        let opened = run(view.open_at(place, PathFlags::empty(), name.clone(), none, read)).unwrap();
        let borrowed = || Resource::new_borrow(opened.rep());
        assert_eq!(run(view.get_type(borrowed())).unwrap(), types::DescriptorType::Directory);
        assert!(run(view.open_at(borrowed(), PathFlags::empty(), name, none, read)).is_err());
        assert!(run(view.read(borrowed(), 1, 0)).is_err());
        assert!(run(view.read_directory(borrowed())).is_err());
    }

    #[test]
    fn bytes_are_where_they_were_written() {
        let folder = Folder::new("bytes");
        let name = folder.path("file");
        let files = named(&["-T", &name, "-o", &name, "h"]);
        let mut table = ResourceTable::new();
        let mut view = View { files: &files, table: &mut table };
        let open = |view: &mut View, create, flags| {
            let (place, _) = preopens::Host::get_directories(view).unwrap().remove(0);
            run(view.open_at(place, PathFlags::empty(), name.clone(), create, flags)).unwrap()
        };
        let written = open(&mut view, new(), DescriptorFlags::WRITE);
        for (bytes, offset) in [(&b"hello"[..], 0), (b" world", 5), (b"J", 0)] {
            let count = run(view.write(Resource::new_borrow(written.rep()), bytes.to_vec(), offset)).unwrap();
            assert_eq!(count, bytes.len() as u64);
        }
        HostDescriptor::drop(&mut view, written).unwrap();
        let read = open(&mut view, OpenFlags::empty(), DescriptorFlags::READ);
        let borrowed = || Resource::new_borrow(read.rep());
        assert_eq!(run(view.stat(borrowed())).unwrap().size, 11);
        for (length, offset, bytes) in [(5, 0, "Jello"), (100, 5, " world"), (2, 9, "ld"), (1, 11, ""), (1, 99, "")] {
            let (got, is_end) = run(view.read(borrowed(), length, offset)).unwrap();
            assert_eq!((got.as_slice(), is_end), (bytes.as_bytes(), bytes.is_empty()));
        }
        assert!(run(view.write(borrowed(), vec![1], 0)).is_err());
    }
}
