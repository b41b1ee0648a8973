//! Content that is streamed from a file or standard input, without holding it whole.

use wasi::io::poll::Pollable;

use crate::content::Content;
use crate::exit::Failure;
use crate::files::{Input, PIECE, Read};

/// Content on its way out, one piece at a time.
pub struct Upload {
    source: Source,
    /// The piece that was read and that the connection has not accepted yet.
    piece: Vec<u8>,
}

/// The next piece of content.
pub enum Piece<'a> {
    /// These bytes, until `taken` is called.
    Bytes(&'a [u8]),
    /// Nothing yet. `Upload::waits_for` is ready when there is more.
    Pending,
    /// The end of the content.
    End,
}

enum Source {
    /// The remaining length, if the length is known.
    Input {
        input: Input,
        left: Option<u64>,
    },
    /// Bytes whose length is not announced to the peer.
    Bytes,
    Ended,
}

impl Upload {
    /// Opens what `content` names.
    pub fn open(content: &Content) -> Result<Self, Failure> {
        let mut piece = Vec::new();
        let source = match content {
            Content::File { name, .. } => {
                let input = Input::open(name)?;
                Source::Input { left: input.length(), input }
            }
            Content::Bytes(bytes) => {
                piece.clone_from(bytes);
                Source::Bytes
            }
            Content::None => Source::Ended,
        };
        Ok(Self { source, piece })
    }

    /// Its length, if known before it is read.
    pub fn length(&self) -> Option<u64> {
        match &self.source {
            Source::Input { input, .. } => input.length(),
            Source::Bytes | Source::Ended => None,
        }
    }

    /// Whether it can be read again with the same result.
    pub fn is_repeatable(&self) -> bool {
        match &self.source {
            Source::Input { left, .. } => left.is_some(),
            Source::Bytes | Source::Ended => true,
        }
    }

    /// The next piece. The same again until `taken` is called.
    pub fn piece(&mut self) -> Result<Piece<'_>, Failure> {
        if self.piece.is_empty()
            && let Source::Input { input, left } = &mut self.source
        {
            // No more than was announced, in case the file has grown. The short piece goes first, because at the end it could
            // wait until the server acknowledges the pieces before it.
            let most = match *left {
                None => PIECE,
                Some(0) => 0,
                Some(left) => match left % PIECE as u64 {
                    0 => PIECE,
                    short => usize::try_from(short).unwrap_or(PIECE),
                },
            };
            match if most == 0 { Read::End } else { input.read(most)? } {
                Read::Bytes(bytes) => {
                    if let Some(left) = left {
                        *left = left.saturating_sub(bytes.len() as u64);
                    }
                    self.piece = bytes;
                }
                Read::Pending => return Ok(Piece::Pending),
                Read::End => self.source = Source::Ended,
            }
        }
        Ok(if self.piece.is_empty() { Piece::End } else { Piece::Bytes(&self.piece) })
    }

    /// Notes that the connection has accepted the piece.
    pub fn taken(&mut self) {
        self.piece.clear();
    }

    /// The pollable to wait for before there is another piece. `None` unless it is pending.
    pub fn waits_for(&self) -> Option<&Pollable> {
        match &self.source {
            Source::Input { input, .. } => input.waits_for(),
            Source::Bytes | Source::Ended => None,
        }
    }
}
