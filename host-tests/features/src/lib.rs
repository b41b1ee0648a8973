//! Nothing but the features of the crates in `Cargo.toml`.
