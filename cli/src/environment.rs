//! The command's arguments and variables, as bytes.

use std::sync::OnceLock;

use xenon_cli_options::escape::{ESCAPED, unescaped};

/// The arguments, without the command's own name.
pub fn arguments() -> Vec<Vec<u8>> {
    std::env::args_os().skip(1).map(|argument| bytes(argument.into_encoded_bytes())).collect()
}

/// The value of a variable, if there is one.
pub fn variable(name: &str) -> Option<Vec<u8>> {
    std::env::var_os(name).map(|value| bytes(value.into_encoded_bytes()))
}

/// Whether the host escapes what is not UTF-8 in arguments, variables and file names.
pub fn is_escaped() -> bool {
    static IS_ESCAPED: OnceLock<bool> = OnceLock::new();
    *IS_ESCAPED.get_or_init(|| std::env::args_os().next().is_some_and(|name| name == ESCAPED))
}

fn bytes(given: Vec<u8>) -> Vec<u8> {
    match std::str::from_utf8(&given) {
        Ok(text) if is_escaped() => unescaped(text),
        _ => given,
    }
}
