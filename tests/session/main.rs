//! The session over the simulated network, but for messages as bytes.
//!
//! Which bytes are sent, and how which response is understood, is in `tests/transcripts`.

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
