//! The files that the options name. `std` would reach them only through directories, 4 KiB at a time, and resolves relative names
//! differently.
//!
//! The native host preopens one directory, in which each named file has exactly the name that was given, and which has no other
//! files. Other hosts preopen ordinary directories.

use wasi::filesystem::preopens::get_directories;
use wasi::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags};
use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, StreamError};
use wasi::random::random::get_random_u64;
use xenon_cli_options::escape::escaped;
use xenon_cli_options::files;

use crate::environment;
use crate::exit::{Exit, Failure};

/// How many bytes are read at once.
pub const PIECE: usize = 64 * 1024;

/// How many bytes of a file are kept in memory: an endless one would exhaust it. Streamed files have no limit.
const MOST_KEPT: u64 = 64 * 1024 * 1024;

/// The source of files.
pub trait Files {
    /// The whole of a file. `-` is standard input.
    fn whole(&self, name: &[u8]) -> Result<Vec<u8>, Failure>;

    /// The same, or `None` for a regular file longer than a piece, which can be read again from its beginning. The file is opened
    /// only once, because a pipe cannot be read twice.
    fn whole_unless_long(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Failure>;
}

/// The files of the host.
pub struct Given;

impl Files for Given {
    fn whole(&self, name: &[u8]) -> Result<Vec<u8>, Failure> {
        Input::open(name)?.whole()
    }

    fn whole_unless_long(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let input = Input::open(name)?;
        if input.length().is_some_and(|length| length > PIECE as u64) { Ok(None) } else { input.whole().map(Some) }
    }
}

/// An open file, or standard input.
pub struct Input {
    name: Vec<u8>,
    source: Source,
}

/// The result of a read.
pub enum Read {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing yet.
    Pending,
    /// The end of the file.
    End,
}

enum Source {
    /// A file of this length.
    File { descriptor: Descriptor, length: u64, offset: u64 },
    /// A pipe, a terminal, a device.
    Stream {
        // WASI requires the drop order pollable, stream, descriptor.
        ready: Pollable,
        stream: InputStream,
        is_waiting: bool,
        _descriptor: Option<Descriptor>,
    },
}

impl Input {
    /// Opens a file. `-` is standard input.
    pub fn open(name: &[u8]) -> Result<Self, Failure> {
        let wrong = |code| unreadable(name, unopened(code));
        let source = if name == b"-" {
            Source::stream(wasi::cli::stdin::get_stdin(), None)
        } else {
            let descriptor = open(name, OpenFlags::empty(), DescriptorFlags::READ).map_err(wrong)?;
            let stat = descriptor.stat().map_err(wrong)?;
            match stat.type_ {
                DescriptorType::Directory => return Err(wrong(ErrorCode::IsDirectory)),
                DescriptorType::RegularFile => Source::File { descriptor, length: stat.size, offset: 0 },
                _ => Source::stream(descriptor.read_via_stream(0).map_err(wrong)?, Some(descriptor)),
            }
        };
        Ok(Self { name: name.to_vec(), source })
    }

    /// Its length, if known before it is read.
    pub fn length(&self) -> Option<u64> {
        match &self.source {
            Source::File { length, .. } => Some(*length),
            Source::Stream { .. } => None,
        }
    }

    /// Reads at most this many bytes.
    pub fn read(&mut self, most: usize) -> Result<Read, Failure> {
        match &mut self.source {
            Source::File { descriptor, offset, .. } => {
                let read = descriptor.read(most as u64, *offset);
                let (bytes, _) = read.map_err(|code| unreadable(&self.name, in_words(code)))?;
                *offset = offset.saturating_add(bytes.len() as u64);
                Ok(if bytes.is_empty() { Read::End } else { Read::Bytes(bytes) })
            }
            Source::Stream { stream, is_waiting, .. } => match InputStream::read(stream, most as u64) {
                Ok(bytes) if bytes.is_empty() => {
                    *is_waiting = true;
                    Ok(Read::Pending)
                }
                Ok(bytes) => {
                    *is_waiting = false;
                    Ok(Read::Bytes(bytes))
                }
                Err(StreamError::Closed) => Ok(Read::End),
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = wasi::filesystem::types::filesystem_error_code(&error);
                    let why = code.map_or_else(|| error.to_debug_string(), |code| in_words(code).to_owned());
                    Err(unreadable(&self.name, &why))
                }
            },
        }
    }

    /// The pollable to wait for before more can be read. `None` unless it is pending.
    pub fn waits_for(&self) -> Option<&Pollable> {
        match &self.source {
            Source::Stream { ready, is_waiting: true, .. } => Some(ready),
            _ => None,
        }
    }

    fn whole(mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        loop {
            match self.read(PIECE)? {
                Read::Bytes(piece) => bytes.extend_from_slice(&piece),
                Read::Pending => {
                    if let Some(ready) = self.waits_for() {
                        ready.block();
                    }
                }
                Read::End => return Ok(bytes),
            }
            if bytes.len() as u64 > MOST_KEPT {
                let advice = "it is larger than 64 MiB: a single --data-binary @FILE, or -T, streams it";
                return Err(unreadable(&self.name, advice));
            }
        }
    }
}

impl Source {
    fn stream(stream: InputStream, descriptor: Option<Descriptor>) -> Self {
        Self::Stream { ready: stream.subscribe(), stream, is_waiting: false, _descriptor: descriptor }
    }
}

/// A file to be written from its beginning.
pub struct Output {
    name: Vec<u8>,
    descriptor: Descriptor,
    offset: u64,
}

impl Output {
    /// Creates or truncates the file.
    pub fn create(name: &[u8]) -> Result<Self, Failure> {
        let opened = open(name, OpenFlags::CREATE | OpenFlags::TRUNCATE, DescriptorFlags::WRITE);
        let descriptor = opened.map_err(|code| match code {
            ErrorCode::NoEntry => unwritable(name, "its directory does not exist"),
            code => unwritable(name, unopened(code)),
        })?;
        Ok(Self { name: name.to_vec(), descriptor, offset: 0 })
    }

    /// Writes all of it.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
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

/// Writes a file as a whole, or not at all: a new file takes its place. One that is not a regular file is written. `-` is standard
/// output, which is the caller's.
pub fn replace(name: &[u8], bytes: &[u8]) -> Result<(), Failure> {
    let wrong = |code| match code {
        ErrorCode::NoEntry => unwritable(name, "its directory does not exist"),
        code => unwritable(name, unopened(code)),
    };
    match open(name, OpenFlags::empty(), DescriptorFlags::WRITE) {
        Ok(descriptor) => {
            let kind = descriptor.stat().map_err(wrong)?.type_;
            if kind != DescriptorType::RegularFile {
                return Output { name: name.to_vec(), descriptor, offset: 0 }.write(bytes);
            }
        }
        Err(ErrorCode::NoEntry) => {}
        Err(code) => return Err(wrong(code)),
    }
    let successor = files::successor(name, get_random_u64());
    let descriptor = open(&successor, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, DescriptorFlags::WRITE);
    let mut output = Output { name: name.to_vec(), descriptor: descriptor.map_err(wrong)?, offset: 0 };
    let written = output.write(bytes);
    drop(output);
    let replaced = written
        .and_then(|()| at(&successor, |from, path| at(name, |to, new| from.rename_at(path, to, new))).map_err(wrong));
    replaced.inspect_err(|_| {
        // Nothing can be done about one that stays.
        let _ = at(&successor, Descriptor::unlink_file_at);
    })
}

/// A name for people.
pub fn shown(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(name) => format!("{name:?}"),
        Err(_) => format!("\"{}\"", name.escape_ascii()),
    }
}

fn unreadable(name: &[u8], why: &str) -> Failure {
    let what = if name == b"-" { "standard input".to_owned() } else { shown(name) };
    Failure::new(Exit::Read, format!("cannot read {what}: {why}"))
}

fn unwritable(name: &[u8], why: &str) -> Failure {
    Failure::new(Exit::Write, format!("Failure writing output to {}: {why}", shown(name)))
}

fn open(name: &[u8], how: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    at(name, |directory, path| directory.open_at(PathFlags::SYMLINK_FOLLOW, path, how, flags))
}

/// Does this with the directory that has this file, and with the file's path there.
fn at<T>(name: &[u8], work: impl FnOnce(&Descriptor, &str) -> Result<T, ErrorCode>) -> Result<T, ErrorCode> {
    let directories = get_directories();
    if environment::is_escaped() {
        let (place, _) = directories.first().ok_or(ErrorCode::NotPermitted)?;
        return work(place, &escaped(name));
    }
    // The paths of such a host are text, and so are its arguments.
    let name = std::str::from_utf8(name).map_err(|_| ErrorCode::IllegalByteSequence)?;
    let names: Vec<&str> = directories.iter().map(|(_, name)| name.as_str()).collect();
    let (index, path) = place(&names, name).ok_or(ErrorCode::NotPermitted)?;
    let (directory, _) = directories.get(index).ok_or(ErrorCode::NotPermitted)?;
    work(directory, path)
}

/// The reason why a file could not be opened.
fn unopened(code: ErrorCode) -> &'static str {
    if code == ErrorCode::Io { "it cannot be opened" } else { in_words(code) }
}

fn in_words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NoEntry => "it does not exist",
        ErrorCode::Access | ErrorCode::ReadOnly => "permission denied",
        // The native host provides every file that an option names.
        ErrorCode::NotPermitted if environment::is_escaped() => "permission denied",
        ErrorCode::NotPermitted => "it is in no directory that this command may use",
        ErrorCode::IsDirectory => "it is a directory",
        ErrorCode::NotDirectory => "a directory in its name is a file",
        ErrorCode::Loop if environment::is_escaped() => "its symbolic links lead in a circle",
        ErrorCode::Loop => "its symbolic links lead in a circle, or out of what this command may use",
        ErrorCode::NameTooLong => "its name is too long",
        ErrorCode::InsufficientSpace | ErrorCode::Quota => "there is no space left",
        ErrorCode::FileTooLarge => "it is too large",
        ErrorCode::Pipe => "nobody reads it any more",
        ErrorCode::Busy | ErrorCode::TextFileBusy => "it is in use",
        ErrorCode::IllegalByteSequence => "its name is not UTF-8",
        ErrorCode::NoDevice | ErrorCode::NoSuchDevice => "there is no such device",
        ErrorCode::Io => "reading or writing it failed",
        _ => code.name(),
    }
}

/// The directory that contains this path, and the path relative to it. The longest match wins.
fn place<'p>(directories: &[&str], path: &'p str) -> Option<(usize, &'p str)> {
    let path = here(path);
    let places = directories.iter().enumerate().filter_map(|(index, directory)| {
        let directory = here(directory.trim_end_matches('/'));
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

/// The same path without `./` before it.
fn here(mut path: &str) -> &str {
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_in_the_directory_that_fits_best() {
        let directories = [".", "/", "/tmp", "/tmp/deep", "data", "./more/"];
        assert_eq!(place(&directories, "a/b"), Some((0, "a/b")));
        assert_eq!(place(&directories, "./a"), Some((0, "a")));
        assert_eq!(place(&directories, ".//a"), Some((0, "a")));
        assert_eq!(place(&directories, "././/./a"), Some((0, "a")));
        assert_eq!(place(&directories, "data/a"), Some((4, "a")));
        assert_eq!(place(&directories, "more/a"), Some((5, "a")));
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

    #[test]
    fn names_are_shown_whatever_they_hold() {
        assert_eq!(shown("ü\n".as_bytes()), "\"ü\\n\"");
        assert_eq!(shown(b"a\xff"), "\"a\\xff\"");
    }
}
