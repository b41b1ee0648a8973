//! DEFLATE (RFC 1951) and the zlib format (RFC 1950), over `miniz_oxide`.
//!
//! The last 32 KiB of output, which later data can refer to, stay in front of the new output, in one buffer. Only with such a buffer
//! does `miniz_oxide` detect references to data before the beginning.

use std::fmt;

use miniz_oxide::inflate::TINFLStatus as Status;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::{Failure, Progress};

/// How far back data can refer.
const HISTORY: usize = 32 * 1024;

/// Room for the history and as much new output, so that the history moves only once for each 32 KiB.
const ROOM: usize = 2 * HISTORY;

/// Inflates one stream.
pub(super) struct Inflater {
    state: Box<DecompressorOxide>,
    flags: u32,
    room: Vec<u8>,
    /// How many bytes of `room` were handed out, and how many are decoded.
    given: usize,
    decoded: usize,
    /// How the stream ended, after the bytes that are decoded.
    end: Option<Result<(), Failure>>,
}

impl Inflater {
    /// For DEFLATE alone.
    pub(super) fn raw() -> Self {
        Self::new(TINFL_FLAG_IGNORE_ADLER32)
    }

    /// For the zlib format, whose checksum is verified.
    pub(super) fn zlib() -> Self {
        Self::new(TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32)
    }

    fn new(format: u32) -> Self {
        Self {
            state: Box::default(),
            flags: format | TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
            room: vec![0; ROOM],
            given: 0,
            decoded: 0,
            end: None,
        }
    }

    /// Begins another stream.
    pub(super) fn reset(&mut self) {
        self.state.init();
        (self.given, self.decoded, self.end) = (0, 0, None);
    }

    /// Whether the stream has ended, and all of it was handed out.
    pub(super) fn is_done(&self) -> bool {
        self.end == Some(Ok(())) && self.given == self.decoded
    }

    /// As [`super::Decode::decode`], but that input after the end of the stream is left. An empty output is for taking a little input
    /// ahead.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure> {
        loop {
            let rest = output.get_mut(progress.made..).unwrap_or_default();
            progress.add(0, self.give(rest));
            let is_full = self.given < self.decoded || progress.made > 0 && progress.made == output.len();
            if is_full {
                return Ok(());
            }
            match &self.end {
                Some(end) => return end.clone(),
                None => self.make_room(),
            }
            let input = input.get(progress.used..).unwrap_or_default();
            let (status, used, made) = decompress(&mut self.state, input, &mut self.room, self.decoded, self.flags);
            progress.add(used, 0);
            self.decoded = self.decoded.saturating_add(made);
            match status {
                Status::Done => self.end = Some(Ok(())),
                // The output is handed out first.
                Status::NeedsMoreInput | Status::HasMoreOutput if made > 0 => {}
                Status::NeedsMoreInput => return Ok(()),
                Status::Adler32Mismatch => self.end = Some(Err(Failure::Corrupt("the checksum of zlib data is wrong"))),
                _ => self.end = Some(Err(Failure::Corrupt("it is not DEFLATE"))),
            }
        }
    }

    /// Hands out what is decoded.
    fn give(&mut self, output: &mut [u8]) -> usize {
        let ready = self.room.get(self.given..self.decoded).unwrap_or_default();
        let count = ready.len().min(output.len());
        if let (Some(to), Some(from)) = (output.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given = self.given.saturating_add(count);
        count
    }

    /// Makes room when there is none. All that is decoded was handed out.
    fn make_room(&mut self) {
        if self.decoded == ROOM {
            self.room.copy_within(ROOM.saturating_sub(HISTORY).., 0);
            (self.given, self.decoded) = (HISTORY, HISTORY);
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("decoded", &self.decoded).field("end", &self.end).finish()
    }
}
