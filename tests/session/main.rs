//! The session over the simulated network: everything about it that is not a matter of bytes.
//!
//! What goes on the wire for which message, and what is made of which answer, is in `tests/transcripts`.

mod again;
mod deadlines;
mod decoding;
mod early;
mod events;
mod failing;
mod looks;
mod lookup;
mod many;
mod memory;
mod options;
mod pool;
mod race;
mod retry;
mod setup;
mod states;
mod stories;
mod support;
mod tunnel;
mod upload;
mod wakers;
