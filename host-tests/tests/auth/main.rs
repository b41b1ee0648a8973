//! Credentials through the built component and the `xenon` command, with peers that say what each line has to be. Real servers
//! are in `credentials.rs`.

mod command;
mod component;
