//! The coding `zstd` (RFC 8878): one or more frames, which consist of blocks.
//!
//! The window is limited as in RFC 9659. Each block is decoded and handed out as soon as it is complete.
//!
//! The crate `ruzstd` (0.9.1), with which `fuzz/` compares this, has another purpose:
//!
//! * It hands nothing out before the window is full or the frame ends. A caller would wait in vain for what a server has sent that
//!   itself waits, such as events.
//! * It accepts a block that decodes to a mebibyte, eight times the maximum, and needs 26 MiB of memory for it.
//! * Its buffer is unsafe code.
//!
//! It never panicked on damaged frames. It is as fast, or up to twice as fast for content of the highest levels.

mod bits;
mod fse;
mod header;
mod huffman;
mod literals;
mod sequences;
mod window;
mod xxh64;

use super::{Decode, Failure, Progress};
use header::Header;
use huffman::Tree;
use sequences::Sequences;
use window::Window;
use xxh64::Xxh64;

/// Decodes frames.
#[derive(Debug)]
pub(super) struct Zstd {
    state: State,
    /// The bytes so far of a header, a block or a checksum, which is read when it is complete.
    held: Vec<u8>,
    window: Window,
    /// How long the frame's content is, if the header says so.
    length: Option<u64>,
    /// The checksum of the content so far, if the frame has one.
    checksum: Option<Xxh64>,
    /// The tables that later blocks can reuse.
    tree: Tree,
    sequences: Sequences,
    literals: Vec<u8>,
    /// The most bytes that a block decodes to.
    most: usize,
    /// Whether a frame is complete.
    has_frame: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The header of a frame.
    Start,
    /// A frame to be skipped, of which this many bytes are left.
    Skipped(u32),
    /// The header of a block.
    Block,
    /// A block.
    Content(Block),
    /// The checksum of the frame's content.
    Checksum,
}

/// What a block's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    kind: Kind,
    /// How many bytes the block has. Of a run, how many it decodes to.
    size: usize,
    is_last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Raw,
    /// One byte, repeated.
    Run,
    Compressed,
}

/// The most bytes of any block, before and after decoding (RFC 8878 section 3.1.1.2.4).
const BLOCK_LENGTH: usize = 128 * 1024;

impl Default for Zstd {
    fn default() -> Self {
        Self {
            state: State::Start,
            held: Vec::new(),
            window: Window::default(),
            length: None,
            checksum: None,
            tree: Tree::default(),
            sequences: Sequences::default(),
            literals: Vec::new(),
            most: 0,
            has_frame: false,
        }
    }
}

impl Decode for Zstd {
    fn decode(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure> {
        loop {
            let rest = output.get_mut(progress.made..).unwrap_or_default();
            progress.add(0, self.give(rest));
            let input = input.get(progress.used..).unwrap_or_default();
            // A block is decoded only when the one before it was handed out.
            if !self.window.unread().is_empty() || input.is_empty() {
                return Ok(());
            }
            progress.add(self.take(input)?, 0);
        }
    }

    fn is_at_end(&self) -> bool {
        self.has_frame && self.state == State::Start && self.held.is_empty() && self.window.unread().is_empty()
    }
}

impl Zstd {
    /// Hands out what is decoded.
    fn give(&mut self, output: &mut [u8]) -> usize {
        let mut made: usize = 0;
        while let Some(room) = output.get_mut(made..).filter(|room| !room.is_empty()) {
            let ready = self.window.unread();
            let count = ready.len().min(room.len());
            let (Some(from), Some(to)) = (ready.get(..count), room.get_mut(..count)) else { break };
            if count == 0 {
                break;
            }
            to.copy_from_slice(from);
            if let Some(checksum) = &mut self.checksum {
                checksum.add(from);
            }
            self.window.consume(count);
            made = made.saturating_add(count);
        }
        made
    }

    /// Takes bytes from the front of `input`, which is not empty. Returns how many.
    fn take(&mut self, input: &[u8]) -> Result<usize, Failure> {
        match self.state {
            State::Start => self.take_header_byte(input),
            State::Skipped(left) => {
                let used = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left.saturating_sub(used as u32);
                self.state = if left == 0 { State::Start } else { State::Skipped(left) };
                Ok(used)
            }
            State::Block => {
                let used = self.hold(input, 3);
                if let [low, middle, high] = *self.held {
                    self.held.clear();
                    self.begin_block(u32::from_le_bytes([low, middle, high, 0]))?;
                }
                Ok(used)
            }
            State::Content(block) => self.take_content(block, input),
            State::Checksum => {
                let used = self.hold(input, 4);
                if let Ok(expected) = <[u8; 4]>::try_from(self.held.as_slice()) {
                    self.held.clear();
                    // The low half of it.
                    let checksum = self.checksum.take().map(|checksum| checksum.value() as u32);
                    if checksum != Some(u32::from_le_bytes(expected)) {
                        return Err(Failure::Corrupt("the checksum of a zstd frame is wrong"));
                    }
                    self.end_frame();
                }
                Ok(used)
            }
        }
    }

    /// Holds bytes of the input until there are this many.
    fn hold(&mut self, input: &[u8], count: usize) -> usize {
        let used = count.saturating_sub(self.held.len()).min(input.len());
        self.held.extend_from_slice(input.get(..used).unwrap_or_default());
        used
    }

    fn take_header_byte(&mut self, input: &[u8]) -> Result<usize, Failure> {
        let used = self.hold(input, self.held.len().saturating_add(1));
        if self.held.len() <= 4 && !header::is_magic(&self.held) {
            return Err(if self.has_frame { Failure::Trailing } else { Failure::Corrupt("it is not zstd") });
        }
        match header::read(&self.held)? {
            None => return Ok(used),
            Some(Header::Skippable(0)) => self.end_frame(),
            Some(Header::Skippable(length)) => {
                self.has_frame = true;
                self.state = State::Skipped(length);
            }
            Some(Header::Frame { window, length, has_checksum }) => {
                self.window.reset(window);
                self.most = window.min(BLOCK_LENGTH);
                self.length = length;
                self.checksum = has_checksum.then(Xxh64::default);
                self.tree = Tree::default();
                self.sequences = Sequences::default();
                self.state = State::Block;
            }
        }
        self.held.clear();
        Ok(used)
    }

    /// Reads a block's header (RFC 8878 section 3.1.1.2).
    fn begin_block(&mut self, header: u32) -> Result<(), Failure> {
        let kind = match header >> 1 & 0b11 {
            0 => Kind::Raw,
            1 => Kind::Run,
            2 => Kind::Compressed,
            _ => return Err(Failure::Corrupt("a zstd block is of no known type")),
        };
        let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
        if size > self.most {
            return Err(Failure::Corrupt("a zstd block is too large"));
        }
        if kind == Kind::Compressed && size == 0 {
            return Err(Failure::Corrupt("a compressed zstd block is empty"));
        }
        let block = Block { kind, size, is_last: header & 1 == 1 };
        self.state = State::Content(block);
        if kind != Kind::Compressed {
            self.check_length(size, block.is_last)?;
            self.window.prepare(size);
        }
        // It has no bytes that would end it.
        if kind == Kind::Raw && size == 0 {
            self.end_block(block);
        }
        Ok(())
    }

    /// Whether the frame is as long as it said, with this much more.
    fn check_length(&self, more: usize, is_last: bool) -> Result<(), Failure> {
        let total = self.window.total().saturating_add(more as u64);
        match self.length {
            Some(length) if total > length || is_last && total < length => {
                Err(Failure::Corrupt("the length of a zstd frame is wrong"))
            }
            _ => Ok(()),
        }
    }

    fn take_content(&mut self, block: Block, input: &[u8]) -> Result<usize, Failure> {
        let used = match (block.kind, input) {
            // Handed out as it arrives.
            (Kind::Raw, _) => {
                let used = input.len().min(block.size);
                self.window.push(input.get(..used).unwrap_or_default());
                let left = Block { size: block.size.saturating_sub(used), ..block };
                self.state = State::Content(left);
                if left.size > 0 {
                    return Ok(used);
                }
                used
            }
            (Kind::Run, [byte, ..]) => {
                self.window.fill(*byte, block.size);
                1
            }
            (Kind::Run, []) => return Ok(0),
            (Kind::Compressed, _) => {
                // Without a copy, if the whole block was received.
                if let Some(whole) = input.get(..block.size).filter(|_| self.held.is_empty()) {
                    self.decode_block(whole, block.is_last)?;
                    block.size
                } else {
                    let used = self.hold(input, block.size);
                    if self.held.len() < block.size {
                        return Ok(used);
                    }
                    let whole = std::mem::take(&mut self.held);
                    self.decode_block(&whole, block.is_last)?;
                    self.held = whole;
                    self.held.clear();
                    used
                }
            }
        };
        self.end_block(block);
        Ok(used)
    }

    /// Decodes a compressed block (RFC 8878 section 3.1.1.3).
    fn decode_block(&mut self, block: &[u8], is_last: bool) -> Result<(), Failure> {
        self.window.prepare(self.most);
        let rest = literals::read(block, self.most, &mut self.tree, &mut self.literals)?;
        self.sequences.execute(rest, &self.literals, &mut self.window, self.most)?;
        self.check_length(0, is_last)
    }

    fn end_block(&mut self, block: Block) {
        if !block.is_last {
            self.state = State::Block;
        } else if self.checksum.is_some() {
            self.state = State::Checksum;
        } else {
            self.end_frame();
        }
    }

    fn end_frame(&mut self) {
        self.has_frame = true;
        self.state = State::Start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ZSTD_WINDOW;

    /// Decodes all of the input and drops what it decodes to. Returns how many bytes that was.
    fn drop_all(zstd: &mut Zstd, mut input: &[u8]) -> u64 {
        let mut output = vec![0; 1000];
        let mut made = 0;
        loop {
            let mut progress = Progress::default();
            zstd.decode(input, &mut output, &mut progress).unwrap();
            made += progress.made as u64;
            input = &input[progress.used..];
            if progress.made < output.len() {
                return made;
            }
        }
    }

    #[test]
    fn memory_has_a_bound_however_much_is_decoded() {
        let mut zstd = Zstd::default();
        // The largest window, and runs of the largest size, each in four bytes.
        let header = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3];
        let run = [0b010, 0, 0x10, b'x'];
        drop_all(&mut zstd, &header);
        assert_eq!(zstd.window.memory(), 0, "nothing is reserved for what is only announced");
        assert_eq!(drop_all(&mut zstd, &run.repeat(200)), 200 * BLOCK_LENGTH as u64);
        assert_eq!(zstd.window.memory(), ZSTD_WINDOW);
        // A compressed block of the largest size whose literals are the most, byte by byte.
        let mut block = vec![0b1100 | 2 << 4, 0xff, 0x1f];
        block.resize(BLOCK_LENGTH, 0);
        let size = (BLOCK_LENGTH as u32) << 3 | 0b101;
        drop_all(&mut zstd, &size.to_le_bytes()[..3]);
        for byte in &block[..BLOCK_LENGTH - 1] {
            assert_eq!(drop_all(&mut zstd, &[*byte]), 0);
        }
        let mut progress = Progress::default();
        assert!(zstd.decode(&[0], &mut [0], &mut progress).is_err());
        assert!(zstd.held.capacity() <= 2 * BLOCK_LENGTH && zstd.literals.capacity() <= BLOCK_LENGTH);
        assert_eq!(zstd.window.memory(), ZSTD_WINDOW);
    }
}
