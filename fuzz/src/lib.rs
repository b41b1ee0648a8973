//! Checks that eat arbitrary bytes and assert what must hold whatever they are.
//!
//! A check is a function of bytes that panics when an invariant is broken. `fuzz_targets/` hands each to libFuzzer;
//! `tests/replay.rs` gives each its corpus and a few thousand inputs that look random, with any toolchain. `README.md` says
//! how to add one.
#![forbid(unsafe_code)]

pub mod calls;
pub mod challenges;
pub mod chunked;
pub mod coding;
pub mod cookies;
mod cuts;
pub mod fields;
pub mod flights;
mod naive;
mod naive_inflate;
pub mod proxy;
pub mod redirects;
pub mod request;
pub mod response;
pub mod session;
pub mod urls;

/// A check, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its module, of its program in `fuzz_targets`, and of the folder of its corpus.
    pub name: &'static str,
    /// Panics when an invariant does not hold.
    pub check: fn(&[u8]),
    /// How many made-up inputs are tried among the tests.
    pub rounds: usize,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "calls", check: calls::check, rounds: 500 },
    Target { name: "challenges", check: challenges::check, rounds: 4_000 },
    Target { name: "chunked", check: chunked::check, rounds: 4_000 },
    Target { name: "coding", check: coding::check, rounds: 1_000 },
    Target { name: "cookies", check: cookies::check, rounds: 4_000 },
    Target { name: "fields", check: fields::check, rounds: 4_000 },
    Target { name: "proxy", check: proxy::check, rounds: 2_000 },
    Target { name: "flights", check: flights::check, rounds: 1_000 },
    Target { name: "redirects", check: redirects::check, rounds: 4_000 },
    Target { name: "request", check: request::check, rounds: 4_000 },
    Target { name: "response", check: response::check, rounds: 4_000 },
    Target { name: "session", check: session::check, rounds: 2_000 },
    Target { name: "urls", check: urls::check, rounds: 4_000 },
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
