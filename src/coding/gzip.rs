//! The coding `gzip` (RFC 1952): one or more members, each with a header, data, and the checksum and length of its content.

use super::crc32::Crc32;
use super::inflate::Inflater;
use super::{Decode, Failure, Progress};
use crate::limits::GZIP_TEXT_LENGTH;

/// Decodes members.
#[derive(Debug)]
pub(super) struct Gzip {
    state: State,
    /// The bytes of the current part so far, if the part has a fixed length.
    held: Vec<u8>,
    /// The flags of the current member whose parts have not come yet.
    flags: u8,
    /// The checksum of the current member's header, then of its content.
    checksum: Crc32,
    /// The length of the current member's content, modulo 2^32.
    length: u32,
    /// Created for the first member, and reused.
    inflater: Option<Inflater>,
    /// Whether a member is complete.
    has_member: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first ten bytes of a member.
    Start,
    /// The length of the extra field.
    ExtraLength,
    /// The extra field, of which this many bytes are left.
    Extra(u16),
    /// The file's name or the comment, of which there were this many bytes, up to its NUL.
    Text(usize),
    /// The checksum of the header.
    HeaderChecksum,
    /// The data.
    Data,
    /// The checksum of the content, and its length.
    End,
}

/// RFC 1952 section 2.3.1.
const HEADER_CHECKSUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// How a member begins: the magic number, and the only compression method.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: State::Start,
            held: Vec::new(),
            flags: 0,
            checksum: Crc32::default(),
            length: 0,
            inflater: None,
            has_member: false,
        }
    }
}

impl Decode for Gzip {
    fn decode(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure> {
        loop {
            if self.state == State::Data {
                self.decode_data(input, output, progress)?;
                if self.state == State::Data {
                    return Ok(());
                }
            }
            let Some(byte) = input.get(progress.used) else { return Ok(()) };
            self.take(*byte)?;
            progress.add(1, 0);
        }
    }

    fn is_at_end(&self) -> bool {
        self.has_member && self.state == State::Start && self.held.is_empty()
    }
}

impl Gzip {
    /// Decodes data, and goes on to what follows it.
    fn decode_data(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure> {
        let inflater = self.inflater.get_or_insert_with(Inflater::raw);
        let before = progress.made;
        inflater.decode(input, output, progress)?;
        let decoded = output.get(before..progress.made).unwrap_or_default();
        self.checksum.add(decoded);
        // The length of a member is told modulo 2^32.
        self.length = self.length.wrapping_add(decoded.len() as u32);
        if inflater.is_done() {
            self.state = State::End;
        }
        Ok(())
    }

    /// Takes a byte outside the data.
    fn take(&mut self, byte: u8) -> Result<(), Failure> {
        if self.state != State::End && self.state != State::HeaderChecksum {
            self.checksum.add(&[byte]);
        }
        self.state = match self.state {
            State::Start => match self.hold::<10>(byte) {
                None => self.check_start()?,
                Some([_, _, _, flags, ..]) => {
                    self.flags = flags;
                    self.next_part()
                }
            },
            State::ExtraLength => match self.hold::<2>(byte) {
                None => State::ExtraLength,
                Some([0, 0]) => self.next_part(),
                Some(length) => State::Extra(u16::from_le_bytes(length)),
            },
            State::Extra(1) => self.next_part(),
            State::Extra(left) => State::Extra(left.saturating_sub(1)),
            State::Text(_) if byte == 0 => self.next_part(),
            State::Text(length) if length >= GZIP_TEXT_LENGTH => {
                return Err(Failure::Corrupt("a gzip header holds too long a name or comment"));
            }
            State::Text(length) => State::Text(length.saturating_add(1)),
            State::HeaderChecksum => match self.hold::<2>(byte) {
                None => State::HeaderChecksum,
                Some(expected) => {
                    let [low, high, ..] = self.checksum.value().to_le_bytes();
                    if [low, high] != expected {
                        return Err(Failure::Corrupt("the checksum of a gzip header is wrong"));
                    }
                    self.next_part()
                }
            },
            State::Data => State::Data,
            State::End => match self.hold::<8>(byte) {
                None => State::End,
                Some([a, b, c, d, e, f, g, h]) => {
                    self.check_end(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))?
                }
            },
        };
        Ok(())
    }

    /// Keeps a byte of a part with a fixed length. Returns the part when it is complete.
    fn hold<const N: usize>(&mut self, byte: u8) -> Option<[u8; N]> {
        self.held.push(byte);
        let whole = <[u8; N]>::try_from(self.held.as_slice()).ok()?;
        self.held.clear();
        Some(whole)
    }

    /// Checks the first bytes of a member's start.
    fn check_start(&self) -> Result<State, Failure> {
        if !self.held.iter().zip(MAGIC).all(|(byte, expected)| *byte == expected) {
            return Err(if self.has_member { Failure::Trailing } else { Failure::Corrupt("it is not gzip") });
        }
        match self.held.get(3) {
            Some(flags) if flags & RESERVED != 0 => Err(Failure::Corrupt("a gzip header has unknown flags")),
            _ => Ok(State::Start),
        }
    }

    /// The next part of the member.
    fn next_part(&mut self) -> State {
        for (flag, state) in [
            (EXTRA, State::ExtraLength),
            (NAME, State::Text(0)),
            (COMMENT, State::Text(0)),
            (HEADER_CHECKSUM, State::HeaderChecksum),
        ] {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                return state;
            }
        }
        self.checksum = Crc32::default();
        self.length = 0;
        if let Some(inflater) = &mut self.inflater {
            inflater.reset();
        }
        State::Data
    }

    fn check_end(&mut self, checksum: u32, length: u32) -> Result<State, Failure> {
        if checksum != self.checksum.value() {
            return Err(Failure::Corrupt("the checksum of a gzip member is wrong"));
        }
        if length != self.length {
            return Err(Failure::Corrupt("the length of a gzip member is wrong"));
        }
        self.has_member = true;
        self.checksum = Crc32::default();
        Ok(State::Start)
    }
}
