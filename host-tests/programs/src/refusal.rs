//! Why `xenon compose` or `xenon run` does not do what it was asked: a code to exit with, and one line for the terminal.

use std::fmt::{self, Display};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    message: String,
}

impl Refusal {
    /// The command line is wrong.
    pub(crate) const USAGE: i32 = 2;

    /// A file cannot be written.
    pub(crate) const WRITE: i32 = 23;

    /// A file cannot be read.
    pub(crate) const READ: i32 = 26;

    /// The file was read, and no program comes of it. It is what shells say of a file that cannot be executed.
    pub(crate) const NO_PROGRAM: i32 = 126;

    /// The program trapped. It is what shells say of a program that aborts.
    pub(crate) const TRAP: i32 = 134;

    pub(crate) fn new(code: i32, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xenon: ({}) ", self.code)?;
        // A file's name, or a name in a file, may have what a terminal would obey.
        for character in self.message.chars() {
            match character.is_control() {
                true => write!(f, "{}", character.escape_default())?,
                false => write!(f, "{character}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_one_line_that_changes_no_terminal() {
        let refusal = Refusal::new(Refusal::READ, "a\nb\u{1b}[31m\u{9b}: \u{e9}");
        assert_eq!(refusal.to_string(), "xenon: (26) a\\nb\\u{1b}[31m\\u{9b}: \u{e9}");
    }
}
