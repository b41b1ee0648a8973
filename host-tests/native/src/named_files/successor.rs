//! New files that take the place of others as a whole.

use std::fs::OpenOptions;
use std::path::PathBuf;

use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types;
use xenon_cli_options::files::succeeded;

use super::{Descriptor, View, path_of};

impl View<'_> {
    /// The path of what is to replace a file that an option names, and the path of that.
    pub(super) fn succession(&self, successor: &[u8]) -> FsResult<(PathBuf, PathBuf)> {
        let name = succeeded(successor).filter(|name| self.files.replaced.contains(*name));
        let paths = name.and_then(|name| path_of(successor).zip(path_of(name)));
        Ok(paths.ok_or(types::ErrorCode::NotPermitted)?)
    }

    /// Makes the file that is to replace another. It is for the same people, or else for its owner alone.
    pub(super) fn make_successor(&self, successor: &[u8]) -> FsResult<Descriptor> {
        let (path, replaced) = self.succession(successor)?;
        let mut how = OpenOptions::new();
        how.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
            how.mode(std::fs::metadata(&replaced).map_or(0o600, |metadata| metadata.mode() & 0o777));
        }
        #[cfg(not(unix))]
        let _ = replaced;
        let file = how.open(path)?;
        let metadata = file.metadata()?;
        Ok(Descriptor::File { file, metadata, offset: 0 })
    }
}
