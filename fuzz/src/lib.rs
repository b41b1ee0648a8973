//! Checks that eat arbitrary bytes and assert what must hold whatever they are.
//!
//! A check is a function of bytes that panics when an invariant is broken. `fuzz_targets/` hands each to libFuzzer;
//! `tests/replay.rs` gives each its corpus and a few thousand inputs that look random, with any toolchain. `README.md` says
//! how to add one.
#![forbid(unsafe_code)]

pub mod chunked;
mod cuts;
pub mod fields;
mod naive;
pub mod request;
pub mod response;

/// A check.
pub type Check = fn(&[u8]);

/// All checks, by the names of their targets and of the folders of their corpora.
pub const CHECKS: &[(&str, Check)] = &[
    ("chunked", chunked::check),
    ("fields", fields::check),
    ("request", request::check),
    ("response", response::check),
];

/// The first bytes of an input, which say how the others are used, and those others. What is missing is 0.
fn split<const N: usize>(input: &[u8]) -> ([u8; N], &[u8]) {
    match input.split_first_chunk() {
        Some((first, rest)) => (*first, rest),
        None => {
            let mut first = [0; N];
            first[..input.len()].copy_from_slice(input);
            (first, &[])
        }
    }
}
