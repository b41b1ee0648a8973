//! Output: standard output, standard error, and files. Nothing here waits for anything else.

use std::io::Write;

use wasi::cli::stdout::get_stdout;
use wasi::io::streams::OutputStream;

use crate::exit::{Exit, Failure};
use crate::files::Output;
use crate::progress::Progress;

/// Standard output. `std`'s writes 4 KiB at a time there and looks at each byte for line breaks.
pub struct StandardOutput {
    stream: OutputStream,
    /// Small pieces, collected.
    waiting: Vec<u8>,
    /// Whether anything was written since the last flush: a host may keep what does not end a line.
    is_kept_by_host: bool,
    is_closed: bool,
}

/// A piece of at least this size is written directly.
const GATHERED: usize = 16 * 1024;

impl StandardOutput {
    /// The command's standard output.
    pub fn new() -> Self {
        Self { stream: get_stdout(), waiting: Vec::new(), is_kept_by_host: false, is_closed: false }
    }

    /// Writes the bytes, or collects them for `flush` if they are few.
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

    /// Writes what was collected, and flushes the host's buffer. To be called before the command waits for anything.
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

    /// Whether its reader is gone, so that there is no point in going on.
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

/// Writes to standard error. If that is closed, the command goes on.
pub fn tell(text: &[u8]) {
    let _ = std::io::stderr().write_all(text);
}

/// Where a response's content goes.
pub enum Sink {
    /// Standard output.
    StandardOutput,
    /// A file.
    File(Output),
    /// `/dev/null`. It need not be opened, and could not be where a host provides only some directories.
    Nowhere,
}

impl Sink {
    /// The sink of this name, opened when it is first asked for. Until then, a file keeps its content.
    pub fn opened<'a>(sink: &'a mut Option<Self>, name: Option<&[u8]>) -> Result<&'a mut Self, Failure> {
        let opened = match sink.take() {
            Some(opened) => opened,
            None => Self::open(name)?,
        };
        Ok(sink.insert(opened))
    }

    /// Standard output, or the named file, which is truncated.
    fn open(name: Option<&[u8]>) -> Result<Self, Failure> {
        match name {
            None | Some(b"-") => Ok(Self::StandardOutput),
            Some(b"/dev/null") => Ok(Self::Nowhere),
            Some(name) => Output::create(name).map(Self::File),
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

/// The state that all transfers share.
pub struct Console {
    /// Standard output.
    pub output: StandardOutput,
    /// The progress bar.
    pub progress: Progress,
}
