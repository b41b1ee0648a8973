//! Where content and words go: standard output, standard error, and files. Nothing here waits but for those.

use std::io::Write;

use wasi::cli::stdout::get_stdout;
use wasi::filesystem::preopens::get_directories;
use wasi::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use wasi::io::streams::OutputStream;

use crate::exit::{Exit, Failure};

/// Standard output. `std`'s writes 4 KiB at a time there and looks at each byte for line breaks.
pub struct StandardOutput {
    stream: OutputStream,
    /// Small pieces, gathered.
    waiting: Vec<u8>,
    /// Whether anything was written since the last flush: a host may keep what does not end a line.
    is_kept_by_host: bool,
    is_closed: bool,
}

/// From here on a piece is written by itself.
const GATHERED: usize = 16 * 1024;

impl StandardOutput {
    /// The command's standard output.
    pub fn new() -> Self {
        Self { stream: get_stdout(), waiting: Vec::new(), is_kept_by_host: false, is_closed: false }
    }

    /// Writes the bytes, or keeps them for `flush` if they are few.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.waiting.len().saturating_add(bytes.len()) > GATHERED {
            self.write_waiting()?;
        }
        if bytes.len() > GATHERED {
            return self.write_through(bytes);
        }
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes what was kept, and asks the host to keep nothing either; before the command waits for anything.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.write_waiting()?;
        if std::mem::take(&mut self.is_kept_by_host) {
            self.stream.flush().map_err(|_| self.closed())?;
        }
        Ok(())
    }

    /// Waits until the host has passed everything on; at the end.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.flush()?;
        self.stream.blocking_flush().map_err(|_| self.closed())
    }

    /// Whether nobody reads it any more, so that there is no point in going on.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn write_waiting(&mut self) -> Result<(), Failure> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let written = self.write_through(&waiting);
        waiting.clear();
        self.waiting = waiting;
        written
    }

    fn write_through(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let permit = self.stream.check_write().map_err(|_| self.closed())?;
            if permit == 0 {
                self.stream.subscribe().block();
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(usize::try_from(permit).unwrap_or(usize::MAX)));
            self.stream.write(now).map_err(|_| self.closed())?;
            self.is_kept_by_host = true;
            bytes = later;
        }
        Ok(())
    }

    fn closed(&mut self) -> Failure {
        self.is_closed = true;
        Failure::new(Exit::Write, "Failure writing output: standard output is closed")
    }
}

/// Writes to standard error. That it is closed is no reason to stop.
pub fn tell(text: &[u8]) {
    let _ = std::io::stderr().write_all(text);
}

/// Where a response's content goes.
pub enum Sink {
    /// Standard output.
    StandardOutput,
    /// A file.
    File(OutputFile),
    /// `/dev/null`, which a command that sees only some directories cannot open.
    Nowhere,
}

impl Sink {
    /// Standard output unless a file is named; the file is emptied.
    pub fn open(name: Option<&str>) -> Result<Self, Failure> {
        match name {
            None | Some("-") => Ok(Self::StandardOutput),
            Some("/dev/null") => Ok(Self::Nowhere),
            Some(name) => OutputFile::create(name).map(Self::File),
        }
    }

    /// Writes all of it.
    pub fn write(&mut self, standard_output: &mut StandardOutput, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::StandardOutput => standard_output.write(bytes),
            Self::File(file) => file.write(bytes),
            Self::Nowhere => Ok(()),
        }
    }
}

/// A file that is written from its beginning. `std`'s writes 4 KiB at a time here, and waits for each.
pub struct OutputFile {
    name: String,
    descriptor: Descriptor,
    offset: u64,
}

impl OutputFile {
    fn create(name: &str) -> Result<Self, Failure> {
        let directories = get_directories();
        let names: Vec<&str> = directories.iter().map(|(_, name)| name.as_str()).collect();
        let no_directory = || unwritable(name, "it is in no directory that this command may use");
        let (index, path) = place(&names, name).ok_or_else(no_directory)?;
        let (directory, _) = directories.get(index).ok_or_else(no_directory)?;
        let how = OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let opened = directory.open_at(PathFlags::SYMLINK_FOLLOW, path, how, DescriptorFlags::WRITE);
        let descriptor = opened.map_err(|code| unwritable(name, in_words(code)))?;
        Ok(Self { name: name.to_owned(), descriptor, offset: 0 })
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let written = self.descriptor.write(bytes, self.offset);
            let written = written.map_err(|code| unwritable(&self.name, in_words(code)))?;
            let taken = usize::try_from(written).unwrap_or(usize::MAX).min(bytes.len());
            if taken == 0 {
                return Err(unwritable(&self.name, "it takes no bytes"));
            }
            self.offset = self.offset.saturating_add(written);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }
}

fn unwritable(name: &str, why: &str) -> Failure {
    Failure::new(Exit::Write, format!("Failure writing output to {name:?}: {why}"))
}

fn in_words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Access | ErrorCode::ReadOnly => "permission denied",
        ErrorCode::NotPermitted => "it is in no directory that this command may use",
        ErrorCode::NoEntry => "its directory does not exist",
        ErrorCode::IsDirectory => "it is a directory",
        ErrorCode::NotDirectory => "its directory is a file",
        ErrorCode::InsufficientSpace | ErrorCode::Quota => "there is no space left",
        ErrorCode::FileTooLarge => "it is too large",
        _ => code.name(),
    }
}

/// Which of these directories a path is in, and its path from there. The longest that fits counts.
fn place<'p>(directories: &[&str], path: &'p str) -> Option<(usize, &'p str)> {
    let path = path.trim_start_matches("./");
    let places = directories.iter().enumerate().filter_map(|(index, directory)| {
        let directory = directory.trim_end_matches('/');
        let rest = match directory {
            // The root; a relative path is in it, too, where there is no directory that this command is in.
            "" => path,
            "." => Some(path).filter(|path| !path.starts_with('/'))?,
            directory => path.strip_prefix(directory)?.strip_prefix('/')?,
        };
        let rest = rest.trim_start_matches('/');
        Some((directory.len(), index, rest)).filter(|_| !rest.is_empty())
    });
    places.max_by_key(|(length, ..)| *length).map(|(_, index, rest)| (index, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_in_the_directory_that_fits_best() {
        let directories = [".", "/", "/tmp", "/tmp/deep", "data"];
        assert_eq!(place(&directories, "a/b"), Some((0, "a/b")));
        assert_eq!(place(&directories, "./a"), Some((0, "a")));
        assert_eq!(place(&directories, "data/a"), Some((4, "a")));
        assert_eq!(place(&directories, "/tmp/a"), Some((2, "a")));
        assert_eq!(place(&directories, "/tmp/deep/a"), Some((3, "a")));
        assert_eq!(place(&directories, "/tmpx/a"), Some((1, "tmpx/a")));
        assert_eq!(place(&["/"], "a"), Some((0, "a")));
    }

    #[test]
    fn a_file_elsewhere_is_in_none() {
        assert_eq!(place(&["."], "/etc/x"), None);
        assert_eq!(place(&["/tmp"], "/tmp"), None);
        assert_eq!(place(&[], "x"), None);
    }
}
