//! Content codings: received bytes in, decoded bytes out (RFC 9110 section 8.4).
//!
//! A [`Decoder`] does no I/O and does not know the time. Both its memory and the work of one call are bounded, whatever the input: a
//! few bytes that decode to gigabytes are handed out piece by piece, and never held.

#[cfg(feature = "br")]
mod brotli;
mod codings;
mod crc32;
mod deflate;
mod gzip;
mod inflate;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;

use crate::buffer::Buffer;
use crate::limits::{CODINGS, DECODED_PIECE, UNDECODED_LENGTH};
use crate::reason::{OwnedReason, Reason};

pub use codings::{ACCEPT_ENCODING, Coding, codings};

/// Decodes content, however its bytes are split.
///
/// Give it the received bytes ([`Decoder::decode`]), and tell it when the content has ended ([`Decoder::finish`]). A failure is
/// returned again by each later call.
#[derive(Debug)]
pub struct Decoder {
    /// The coding that was applied last. It is decoded first.
    outer: Layer,
    /// The coding that was applied before it, if there are two.
    inner: Option<Layer>,
    /// The output of `outer`, which is the input of `inner`.
    between: Buffer,
    /// The output buffer. A piece is copied out of it, so that a small piece takes little memory.
    room: Box<[u8]>,
    is_begun: bool,
    failure: Option<Failure>,
}

/// What the bytes received so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: all bytes were used, and more are needed.
    NeedMore,
    /// Nothing yet, and bytes are left: call again. The work of one call is bounded.
    Again,
    /// Decoded bytes. Never empty.
    Piece(Vec<u8>),
}

/// Why content cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This coding is not supported by this build.
    Unknown(OwnedReason),
    /// More than [`CODINGS`] codings were applied.
    TooMany,
    /// The bytes violate the coding's format.
    Corrupt(Reason),
    /// The content ended before the coded data did.
    Truncated,
    /// Bytes follow the end of the coded data.
    Trailing,
    /// The data needs more memory than is allowed.
    Window,
    /// More than [`UNDECODED_LENGTH`] bytes decoded to nothing.
    Silent,
}

impl Decoder {
    /// A decoder for these codings, which are listed in the order in which they were applied. `None` if there are none.
    pub fn new(codings: &[Coding]) -> Result<Option<Self>, Failure> {
        const { assert!(CODINGS == 2) };
        let (outer, inner) = match codings {
            [] => return Ok(None),
            [one] => (one, None),
            [first, second] => (second, Some(first)),
            _ => return Err(Failure::TooMany),
        };
        Ok(Some(Self {
            outer: Layer::new(*outer),
            inner: inner.map(|coding| Layer::new(*coding)),
            between: Buffer::default(),
            room: vec![0; DECODED_PIECE].into(),
            is_begun: false,
            failure: None,
        }))
    }

    /// Uses bytes from the front of `input`, and returns the next piece, of at most `max` bytes and at most [`DECODED_PIECE`].
    pub fn decode(&mut self, input: &mut Buffer, max: usize) -> Result<Step, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.is_begun |= !input.is_empty();
        let made = self.step(input, max.max(1)).inspect_err(|failure| self.failure = Some(failure.clone()))?;
        Ok(match self.room.get(..made) {
            Some(piece) if made > 0 => Step::Piece(piece.to_vec()),
            _ if input.is_empty() && self.between.is_empty() => Step::NeedMore,
            _ => Step::Again,
        })
    }

    /// The content has ended, and all of it was decoded. Returns an error if the coded data is incomplete.
    ///
    /// Empty content is complete. No encoder produces it, but servers also announce their usual coding for empty content, and its
    /// framing has already shown that nothing is missing.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let mut layers = [Some(&self.outer), self.inner.as_ref()].into_iter().flatten();
        let is_complete = layers.all(|layer| layer.decode.is_at_end());
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None if is_complete || !self.is_begun => Ok(()),
            None => {
                self.failure = Some(Failure::Truncated);
                Err(Failure::Truncated)
            }
        }
    }

    /// One bounded step. Returns how many bytes were decoded, at most `max`.
    fn step(&mut self, input: &mut Buffer, max: usize) -> Result<usize, Failure> {
        let Self { outer, inner, between, room, .. } = self;
        let Some(inner) = inner else { return outer.decode(input, beginning(room, max)) };
        let made = inner.decode(between, beginning(room, max))?;
        if made > 0 || !between.is_empty() {
            return Ok(made);
        }
        let made = outer.decode(input, room)?;
        between.push(beginning(room, made).to_vec());
        inner.decode(between, beginning(room, max))
    }
}

/// The first `count` bytes, or all if there are fewer.
fn beginning(bytes: &mut [u8], count: usize) -> &mut [u8] {
    let count = count.min(bytes.len());
    bytes.get_mut(..count).unwrap_or_default()
}

/// The decoder of one coding, with its progress.
#[derive(Debug)]
struct Layer {
    decode: Box<dyn Decode>,
    /// How many bytes were used since the last one was decoded.
    silent: usize,
    /// A failure that comes after the bytes that were decoded last.
    failure: Option<Failure>,
}

impl Layer {
    fn new(coding: Coding) -> Self {
        let decode: Box<dyn Decode> = match coding {
            Coding::Gzip => Box::new(gzip::Gzip::default()),
            Coding::Deflate => Box::new(deflate::Deflate::default()),
            #[cfg(feature = "zstd")]
            Coding::Zstd => Box::new(zstd::Zstd::default()),
            #[cfg(feature = "br")]
            Coding::Br => Box::new(brotli::Brotli::default()),
        };
        Self { decode, silent: 0, failure: None }
    }

    /// Returns how many bytes of `output` were filled.
    fn decode(&mut self, input: &mut Buffer, output: &mut [u8]) -> Result<usize, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let shown = input.as_slice();
        let shown = shown.get(..DECODED_PIECE).unwrap_or(shown);
        let mut progress = Progress::default();
        let decoded = self.decode.decode(shown, output, &mut progress);
        input.consume(progress.used);
        self.silent = if progress.made > 0 { 0 } else { self.silent.saturating_add(progress.used) };
        match decoded {
            Ok(()) if self.silent > UNDECODED_LENGTH => Err(Failure::Silent),
            // The bytes before the failure are handed out first.
            Err(failure) if progress.made > 0 => {
                self.failure = Some(failure);
                Ok(progress.made)
            }
            decoded => decoded.map(|()| progress.made),
        }
    }
}

/// A decoder of one coding.
trait Decode: fmt::Debug {
    /// Uses bytes from the front of `input` and fills the front of `output`: until all of the input is used, all of the output is
    /// filled, or the data ends. `progress`, which begins at zero, says how far it came, also before a failure.
    fn decode(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure>;

    /// Whether the coded data can end here.
    fn is_at_end(&self) -> bool;
}

/// How far a decoder has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    /// How many bytes of the input were used.
    used: usize,
    /// How many bytes of the output were filled.
    made: usize,
}

impl Progress {
    fn add(&mut self, used: usize, made: usize) {
        self.used = self.used.saturating_add(used);
        self.made = self.made.saturating_add(made);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(coding) => write!(f, "the content coding {coding} is not supported"),
            Self::TooMany => write!(f, "the content has more than {CODINGS} codings"),
            Self::Corrupt(what) => write!(f, "the coded content is corrupt: {what}"),
            Self::Truncated => f.write_str("the coded content is truncated"),
            Self::Trailing => f.write_str("bytes follow the end of the coded content"),
            Self::Window => f.write_str("the coded content needs a larger window than is allowed"),
            Self::Silent => write!(f, "more than {UNDECODED_LENGTH} bytes of the coded content decode to nothing"),
        }
    }
}

impl std::error::Error for Failure {}
