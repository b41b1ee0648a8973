//! Content that is streamed from a file or standard input, without holding it whole.

use wasi::io::poll::Pollable;

use crate::content::Content;
use crate::exit::Failure;
use crate::files::{Input, PIECE, Read};

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
    /// What is left is known where the length is.
    Input {
        input: Input,
        left: Option<u64>,
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

    /// The next piece; the same again until it is taken.
    pub fn piece(&mut self) -> Result<Piece<'_>, Failure> {
        if self.piece.is_empty()
            && let Source::Input { input, left } = &mut self.source
        {
            // No more than was promised, should the file have grown; and the short piece first, for one at the end could wait
            // for the server to acknowledge what came before it.
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

    /// The connection has taken the piece.
    pub fn taken(&mut self) {
        self.piece.clear();
    }

    /// What must be ready before there is another piece; none where it is not pending.
    pub fn waits_for(&self) -> Option<&Pollable> {
        match &self.source {
            Source::Input { input, .. } => input.waits_for(),
            Source::Bytes | Source::Ended => None,
        }
    }
}
