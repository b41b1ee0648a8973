//! Resources under attack: what a hostile server, and a hostile caller, can make the built component spend.
//!
//! Each attack runs in an instance that traps when its memory grows by more than `measure::GROWTH` beyond an idle one's. It
//! has to end with the right error, and to leave nothing behind in the host. One line each, as a table:
//!
//! ```text
//! cargo test -p xenon-host --test attacks -- --nocapture | grep '^|'
//! ```
//!
//! `host` has no attacks, but hosts that run out of resources.

mod caller;
mod content;
mod cookies;
mod cost;
mod head;
mod host;
mod idle;
mod measure;
mod pace;
