//! Credentials over the simulated network: what a session sends to servers that challenge it and check each answer.

#[path = "../session/again.rs"]
mod again;
mod basic;
mod checker;
mod choice;
mod content;
mod digest;
mod proof;
mod secrets;
mod server;
mod support;
