//! What the command imports, the interfaces of `xenon:http`, and what it exports beside `wasi:cli/run`.

#![expect(unsafe_code, reason = "wit-bindgen's code lifts and lowers values; nothing else in this crate is unsafe")]
#![allow(missing_docs, clippy::all, reason = "the WIT documents each item, and the code is not ours")]

wit_bindgen::generate!({
    inline: "
        package xenon:cli@0.1.0;

        world command {
            include xenon:http/imports@0.2.0;

            /// Runs the command and returns curl's exit code. `wasi:cli/run` does the same, but can only report success or
            /// failure.
            export run-with-exit-code: func() -> u8;
        }
    ",
    path: "../wit",
    world: "xenon:cli/command",
    with: {
        // The same types as the `wasi` crate's, so that a pollable of its standard input can be given to `wait-any`.
        "wasi:io/poll@0.2.0": wasi::io::poll,
    },
    generate_all,
});

export!(Command);

struct Command;

impl Guest for Command {
    fn run_with_exit_code() -> u8 {
        super::run()
    }
}

pub use xenon::http::session::{Exchange, ReceivedWords, Request, Response, Session, wait_any};
pub use xenon::http::{client, cookies, settings, types};

impl xenon::http::session::Words {
    /// The bytes that they are.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = vec![0; self.words.len().saturating_mul(8)];
        for (eight, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(&self.words) {
            *eight = word.to_le_bytes();
        }
        bytes.truncate(usize::try_from(self.length).unwrap_or(usize::MAX));
        bytes
    }
}
