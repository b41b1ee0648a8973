//! Credentials over the simulated network: what a session sends to servers that ask who is there, and check what they get.

#[path = "../session/again.rs"]
mod again;
mod basic;
mod checker;
mod content;
mod digest;
mod secrets;
mod server;
mod support;
