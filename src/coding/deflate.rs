//! The coding `deflate`: the zlib format, or raw DEFLATE data.
//!
//! RFC 9110 section 8.4.1.2 defines it as the zlib format, and notes that some servers send raw DEFLATE data. The first two bytes tell
//! them apart: as raw DEFLATE, a zlib header would be a stored block with padding bits set, which no encoder writes.

use super::inflate::Inflater;
use super::{Decode, Failure, Progress};

/// Decodes one stream.
#[derive(Debug)]
pub(super) enum Deflate {
    /// Waiting for the first two bytes. Holds the first one, if received.
    Beginning(Option<u8>),
    /// Decoding.
    Begun(Inflater),
}

impl Default for Deflate {
    fn default() -> Self {
        Self::Beginning(None)
    }
}

impl Decode for Deflate {
    fn decode(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure> {
        match self {
            Self::Beginning(first) => {
                let (first, second, used) = match (*first, input) {
                    (Some(first), [second, ..]) => (first, *second, 1),
                    (None, [first, second, ..]) => (*first, *second, 2),
                    (_, []) => return Ok(()),
                    (None, [byte]) => {
                        *first = Some(*byte);
                        progress.used = 1;
                        return Ok(());
                    }
                };
                let mut inflater = if is_zlib(first, second) { Inflater::zlib() } else { Inflater::raw() };
                inflater.decode(&[first, second], &mut [], &mut Progress::default())?;
                progress.used = used;
                inflater.decode(input, output, progress)?;
                *self = Self::Begun(inflater);
                Ok(())
            }
            Self::Begun(inflater) if inflater.is_done() && !input.is_empty() => Err(Failure::Trailing),
            Self::Begun(inflater) => inflater.decode(input, output, progress),
        }
    }

    fn is_at_end(&self) -> bool {
        matches!(self, Self::Begun(inflater) if inflater.is_done())
    }
}

/// Whether these bytes begin the zlib format (RFC 1950 section 2.2).
fn is_zlib(first: u8, second: u8) -> bool {
    const METHOD: u8 = 8;
    const LARGEST_WINDOW: u8 = 7;
    first & 0xf == METHOD && first >> 4 <= LARGEST_WINDOW && u16::from_be_bytes([first, second]).is_multiple_of(31)
}
