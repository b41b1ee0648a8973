//! The coding `br` (RFC 7932), over `brotli-decompressor`.
//!
//! Its window takes up to 16 MiB, as the format allows. A few bytes of data can request it.

use std::fmt;

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};

use super::{Decode, Failure, Progress};

/// Decodes one stream.
pub(super) struct Brotli {
    state: Box<BrotliState<Heap, Heap, Heap>>,
    is_done: bool,
}

impl Default for Brotli {
    fn default() -> Self {
        // Strict: windows larger than those of RFC 7932 are an extension.
        Self { state: Box::new(BrotliState::new_strict(Heap, Heap, Heap)), is_done: false }
    }
}

impl Decode for Brotli {
    fn decode(&mut self, input: &[u8], output: &mut [u8], progress: &mut Progress) -> Result<(), Failure> {
        if self.is_done {
            return if input.is_empty() { Ok(()) } else { Err(Failure::Trailing) };
        }
        let (mut left, mut room, mut total) = (input.len(), output.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut progress.used,
            input,
            &mut room,
            &mut progress.made,
            output,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultSuccess => self.is_done = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(Failure::Corrupt("it is not brotli")),
        }
        Ok(())
    }

    fn is_at_end(&self) -> bool {
        self.is_done
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

/// Where the decoder's memory comes from.
struct Heap;

/// Memory of the decoder.
struct Memory<T>(Box<[T]>);

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<T> SliceWrapper<T> for Memory<T> {
    fn slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> SliceWrapperMut<T> for Memory<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Clone + Default> Allocator<T> for Heap {
    type AllocatedMemory = Memory<T>;

    fn alloc_cell(&mut self, length: usize) -> Memory<T> {
        Memory(vec![T::default(); length].into_boxed_slice())
    }

    fn free_cell(&mut self, _: Memory<T>) {}
}
