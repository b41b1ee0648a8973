//! The command line of a subcommand, taken apart.
//!
//! It must not know what any option does: the subcommands do.

use std::ffi::{OsStr, OsString};
use std::vec::IntoIter;

use crate::refusal::Refusal;

/// What is left of a command line.
pub(crate) struct Line {
    words: IntoIter<OsString>,
    /// The value that stood in the same word as the option before: that of `--dir=DIR` and `-oFILE`.
    attached: Option<String>,
    /// Whether `--` was read, after which nothing is an option.
    is_past_options: bool,
}

/// One step through a command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// An option, with its dashes.
    Option(String),
    /// Anything else.
    Operand(OsString),
}

impl Line {
    pub(crate) fn new(words: &[OsString]) -> Self {
        Self { words: Vec::from(words).into_iter(), attached: None, is_past_options: false }
    }

    /// The next option or operand. An option whose value was not taken, though it stood in the same word, is a mistake.
    pub(crate) fn next(&mut self) -> Result<Option<Word>, Refusal> {
        if let Some(value) = self.attached.take() {
            return Err(usage(format!("{value:?} is a value for an option that takes none (try --help)")));
        }
        let Some(word) = self.words.next() else { return Ok(None) };
        if self.is_past_options || !is_option(&word) {
            return Ok(Some(Word::Operand(word)));
        }
        if word == "--" {
            self.is_past_options = true;
            return Ok(self.words.next().map(Word::Operand));
        }
        let word = text(word)?;
        let (name, attached) = match word.starts_with("--") {
            true => word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value))),
            false => {
                let end = word.char_indices().nth(2).map_or(word.len(), |(end, _)| end);
                let (name, value) = word.split_at(end);
                (name, Some(value).filter(|value| !value.is_empty()))
            }
        };
        self.attached = attached.map(str::to_owned);
        Ok(Some(Word::Option(name.to_owned())))
    }

    /// The value of the option that was just read.
    pub(crate) fn value(&mut self, option: &str) -> Result<OsString, Refusal> {
        let value = self.attached.take().map(OsString::from).or_else(|| self.words.next());
        value.ok_or_else(|| usage(format!("option {option}: requires a value (try --help)")))
    }

    /// All words that are left, whatever they look like.
    pub(crate) fn rest(self) -> impl Iterator<Item = OsString> {
        self.words
    }
}

/// A mistake in the command line.
pub(crate) fn usage(message: impl std::fmt::Display) -> Refusal {
    Refusal::new(Refusal::USAGE, message)
}

/// A word that has to be Unicode, as WASI knows no other text.
pub(crate) fn text(word: OsString) -> Result<String, Refusal> {
    word.into_string().map_err(|word| usage(format!("{word:?} is not UTF-8, and WASI has no other text")))
}

/// `-` alone is an operand everywhere.
fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-") && word != "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Line {
        Line::new(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn option(name: &str) -> Result<Option<Word>, Refusal> {
        Ok(Some(Word::Option(name.to_owned())))
    }

    fn operand(text: &str) -> Result<Option<Word>, Refusal> {
        Ok(Some(Word::Operand(text.into())))
    }

    #[test]
    fn a_value_is_the_next_word_or_in_the_same() {
        for words in [&["-o", "v"][..], &["-ov"]] {
            let mut line = line(words);
            assert_eq!(line.next(), option("-o"));
            assert_eq!(line.value("-o").unwrap(), "v");
            assert_eq!(line.next(), Ok(None));
        }
        for (words, value) in [(&["--env", "A=B"][..], "A=B"), (&["--env=A=B"], "A=B"), (&["--env="], "")] {
            let mut line = line(words);
            assert_eq!(line.next(), option("--env"));
            assert_eq!(line.value("--env").unwrap(), value);
            assert_eq!(line.next(), Ok(None));
        }
        // A value may look like an option.
        let mut line = line(&["-o", "-x"]);
        assert_eq!(line.next(), option("-o"));
        assert_eq!(line.value("-o").unwrap(), "-x");
    }

    #[test]
    fn what_has_no_value_or_a_value_too_many_is_a_mistake() {
        let mut missing = line(&["-o"]);
        assert_eq!(missing.next(), option("-o"));
        assert_eq!(missing.value("-o").unwrap_err().code, Refusal::USAGE);
        for word in ["--bare=x", "--bare=", "-hx"] {
            let mut line = line(&[word]);
            assert!(line.next().is_ok());
            assert_eq!(line.next().unwrap_err().code, Refusal::USAGE, "{word}");
        }
    }

    #[test]
    fn operands_are_what_is_no_option_and_what_follows_two_dashes() {
        let mut line = line(&["-", "a", "--", "-b", "--", "c"]);
        for expected in ["-", "a", "-b", "--", "c"] {
            assert_eq!(line.next(), operand(expected));
        }
        assert_eq!(line.next(), Ok(None));
    }

    #[test]
    fn the_rest_is_taken_as_it_is() {
        let mut line = line(&["a", "-h", "--", "x"]);
        assert_eq!(line.next(), operand("a"));
        assert_eq!(line.rest().collect::<Vec<_>>(), ["-h", "--", "x"]);
    }

    #[test]
    fn an_option_of_letters_that_are_not_ascii_is_taken_apart_at_a_letter() {
        let mut line = line(&["-éa"]);
        assert_eq!(line.next(), option("-é"));
        assert_eq!(line.value("-é").unwrap(), "a");
    }
}
