//! Content that is sent in pieces while the request is under way, from a file or standard input. It must not be held
//! whole.

use std::fs::File;
use std::io::Read;

use wasi::cli::stdin::get_stdin;
use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, StreamError};

use crate::content::{Content, unreadable};
use crate::exit::{Exit, Failure};

/// Bytes of a piece.
pub const PIECE: usize = 64 * 1024;

/// Content on its way out, one piece at a time.
pub struct Upload {
    source: Source,
    /// The piece that has been read and not been taken by the connection yet.
    piece: Vec<u8>,
}

/// What there is to send.
pub enum Piece<'a> {
    /// These bytes; `taken` says that they are gone.
    Bytes(&'a [u8]),
    /// Nothing yet; `Upload::waits_for` says when there is more.
    Pending,
    /// Nothing any more.
    End,
}

enum Source {
    File {
        name: String,
        file: File,
        length: u64,
        left: u64,
    },
    StandardInput {
        // Before the stream, so that it is dropped first, as WASI wants it.
        ready: Pollable,
        stream: InputStream,
        is_waiting: bool,
    },
    /// Bytes whose length the peer is not to be told.
    Bytes,
    Ended,
}

impl Upload {
    /// Opens what `content` names.
    pub fn open(content: &Content) -> Result<Self, Failure> {
        let mut piece = Vec::new();
        let source = match content {
            Content::File { name, .. } => {
                let file = File::open(name).map_err(|error| unreadable(name, &error))?;
                let metadata = file.metadata().map_err(|error| unreadable(name, &error))?;
                if metadata.is_dir() {
                    return Err(Failure::new(Exit::Read, format!("cannot read {name:?}: it is a directory")));
                }
                Source::File { name: name.clone(), file, length: metadata.len(), left: metadata.len() }
            }
            Content::StandardInput => {
                let stream = get_stdin();
                Source::StandardInput { ready: stream.subscribe(), stream, is_waiting: false }
            }
            Content::Bytes(bytes) => {
                piece.clone_from(bytes);
                Source::Bytes
            }
            Content::None => Source::Ended,
        };
        Ok(Self { source, piece })
    }

    /// How long it is, where that is known before it is read.
    pub fn length(&self) -> Option<u64> {
        match &self.source {
            Source::File { length, .. } => Some(*length),
            Source::StandardInput { .. } | Source::Bytes | Source::Ended => None,
        }
    }

    /// The next piece; the same again until it is taken.
    pub fn piece(&mut self) -> Result<Piece<'_>, Failure> {
        if self.piece.is_empty() {
            match &mut self.source {
                Source::File { name, file, left, .. } => {
                    // No more than was promised, should the file have grown; and the short piece first, for one at the end could
                    // wait for the server to acknowledge what came before it.
                    let most = match *left % PIECE as u64 {
                        0 if *left > 0 => PIECE,
                        short => usize::try_from(short).unwrap_or(PIECE),
                    };
                    self.piece.resize(most, 0);
                    let read = file.read(&mut self.piece).map_err(|error| unreadable(name, &error))?;
                    self.piece.truncate(read);
                    *left = left.saturating_sub(read as u64);
                }
                Source::StandardInput { stream, is_waiting, .. } => match InputStream::read(stream, PIECE as u64) {
                    Ok(bytes) if bytes.is_empty() => {
                        *is_waiting = true;
                        return Ok(Piece::Pending);
                    }
                    Ok(bytes) => {
                        *is_waiting = false;
                        self.piece = bytes;
                    }
                    Err(StreamError::Closed) => self.source = Source::Ended,
                    Err(StreamError::LastOperationFailed(error)) => {
                        let why = error.to_debug_string();
                        return Err(Failure::new(Exit::Read, format!("cannot read standard input: {why}")));
                    }
                },
                Source::Bytes | Source::Ended => {}
            }
        }
        Ok(if self.piece.is_empty() { Piece::End } else { Piece::Bytes(&self.piece) })
    }

    /// The connection has taken the piece.
    pub fn taken(&mut self) {
        self.piece.clear();
    }

    /// What must be ready before there is another piece; none where it is not pending.
    pub fn waits_for(&self) -> Option<&Pollable> {
        match &self.source {
            Source::StandardInput { ready, is_waiting: true, .. } => Some(ready),
            _ => None,
        }
    }
}
