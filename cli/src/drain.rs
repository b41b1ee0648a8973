//! The content of a redirect: read and discarded within bounds, so that its connection is free for the next request.

use wasi::clocks::monotonic_clock;
use wasi::io::poll::Pollable;

use crate::bindings::{ReceivedWords, Response};
use crate::files::PIECE;

/// The most bytes that are read. Another connection costs less than reading more, and a server could send content without end.
const MOST: u64 = 64 * 1024;

/// How long to wait for them, in nanoseconds. Many servers send the content a moment after the head, and some never end it.
const PATIENCE: u64 = 1_000_000_000;

/// The rest of a redirect. When it is dropped before its end, the connection closes.
pub struct Drain {
    response: Response,
    left: u64,
    /// Ready when the time to wait is over.
    timer: Pollable,
}

impl Drain {
    /// `None` if the content is known to be too long.
    pub fn new(response: Response) -> Option<Self> {
        let is_short = response.content_length().is_none_or(|length| length <= MOST);
        is_short.then(|| Self { response, left: MOST, timer: monotonic_clock::subscribe_duration(PATIENCE) })
    }

    /// Reads what is there. Returns whether there is nothing more to wait for.
    pub fn is_over(&mut self) -> bool {
        while self.left > 0 {
            // A redirect is followed even if its content is corrupt.
            match self.response.try_read_words(PIECE as u32) {
                Ok(ReceivedWords::Content(words)) => self.left = self.left.saturating_sub(words.length.into()),
                Ok(ReceivedWords::Pending) => return self.timer.ready(),
                Ok(ReceivedWords::End) | Err(_) => return true,
            }
        }
        true
    }

    /// What to wait for before there is more to read.
    pub fn waits_for(&self) -> (&Response, &Pollable) {
        (&self.response, &self.timer)
    }
}
