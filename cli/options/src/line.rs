//! Parses a command line as curl does: `-sSf`, `-ofile`, `-o file`, `--output file`, and `--`, after which everything is a URL.

use crate::table::{OPTIONS, Opt};

/// A part of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// An option.
    Option {
        /// Which.
        option: &'static Opt,
        /// As given, without its value.
        name: String,
        /// Present if, and only if, it takes one.
        value: Option<Vec<u8>>,
    },
    /// A URL: whatever is not an option.
    Url(Vec<u8>),
}

/// A mistake in a command line. What follows it is not parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// There is no such option. As given; of a cluster of short ones, the letter with a dash.
    Unknown(Vec<u8>),
    /// The value of this option is missing.
    NoValue(String),
}

/// The parts of this command line, without the command's own name. A mistake is the last.
pub fn parts<A: IntoIterator<Item = Vec<u8>>>(arguments: A) -> Parts<A::IntoIter> {
    Parts { arguments: arguments.into_iter(), letters: Vec::new(), only_urls: false, is_over: false }
}

/// An iterator over parts.
#[derive(Debug)]
pub struct Parts<A> {
    arguments: A,
    /// The rest of `-sSf`.
    letters: Vec<u8>,
    only_urls: bool,
    is_over: bool,
}

impl<A: Iterator<Item = Vec<u8>>> Iterator for Parts<A> {
    type Item = Result<Part, Mistake>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let part = self.part();
        self.is_over = !matches!(part, Some(Ok(_)));
        part
    }
}

impl<A: Iterator<Item = Vec<u8>>> Parts<A> {
    fn part(&mut self) -> Option<Result<Part, Mistake>> {
        if let Some(letter) = self.letters.first().copied() {
            return Some(self.short(letter));
        }
        loop {
            let argument = self.arguments.next()?;
            if self.only_urls || !argument.starts_with(b"-") {
                return Some(Ok(Part::Url(argument)));
            }
            if argument == b"--" {
                self.only_urls = true;
                continue;
            }
            let Some(long) = argument.strip_prefix(b"--") else {
                self.letters = argument.get(1..).unwrap_or_default().to_vec();
                return Some(match self.letters.first().copied() {
                    Some(letter) => self.short(letter),
                    None => Err(Mistake::Unknown(argument)),
                });
            };
            return Some(match OPTIONS.iter().find(|option| option.long.as_bytes() == long) {
                Some(option) => self.option(option, format!("--{}", option.long), None),
                None => Err(Mistake::Unknown(argument)),
            });
        }
    }

    /// The first of the letters.
    fn short(&mut self, letter: u8) -> Result<Part, Mistake> {
        let mut rest = std::mem::take(&mut self.letters);
        let Some(option) = OPTIONS.iter().find(|option| option.short.is_some_and(|short| short == char::from(letter)))
        else {
            // The whole character, if it has several bytes.
            let length = rest.iter().skip(1).take_while(|byte| (**byte & 0xc0) == 0x80).count().saturating_add(1);
            rest.truncate(length);
            return Err(Mistake::Unknown([b"-", rest.as_slice()].concat()));
        };
        rest.remove(0);
        let name = format!("-{}", char::from(letter));
        if option.value.is_some() {
            return self.option(option, name, Some(rest).filter(|rest| !rest.is_empty()));
        }
        self.letters = rest;
        self.option(option, name, None)
    }

    fn option(&mut self, option: &'static Opt, name: String, attached: Option<Vec<u8>>) -> Result<Part, Mistake> {
        let value = match option.value {
            None => None,
            Some(_) => match attached.or_else(|| self.arguments.next()) {
                None => return Err(Mistake::NoValue(name)),
                value => value,
            },
        };
        Ok(Part::Option { option, name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each part in words.
    fn read(arguments: &[&str]) -> Vec<String> {
        let arguments = arguments.iter().map(|argument| argument.as_bytes().to_vec());
        parts(arguments)
            .map(|part| match part {
                Ok(Part::Option { option, name, value }) => {
                    let value = value.map(|value| format!("={}", value.escape_ascii())).unwrap_or_default();
                    format!("{name}({}){value}", option.long)
                }
                Ok(Part::Url(url)) => format!("URL {}", url.escape_ascii()),
                Err(Mistake::Unknown(name)) => format!("unknown {}", name.escape_ascii()),
                Err(Mistake::NoValue(name)) => format!("no value {name}"),
            })
            .collect()
    }

    #[test]
    fn short_options_combine_and_take_attached_values() {
        assert_eq!(
            read(&["-sSofile", "-o", "-", "h"]),
            ["-s(silent)", "-S(show-error)", "-o(output)=file", "-o(output)=-", "URL h"]
        );
        assert_eq!(read(&["-so", "-v", "h"]), ["-s(silent)", "-o(output)=-v", "URL h"]);
        assert_eq!(read(&["-#4o", "x"]), ["-#(progress-bar)", "-4(ipv4)", "-o(output)=x"]);
    }

    #[test]
    fn long_options_take_the_next_argument_and_no_equals_sign() {
        assert_eq!(read(&["--output", "x", "--silent"]), ["--output(output)=x", "--silent(silent)"]);
        assert_eq!(read(&["--output=x", "h"]), ["unknown --output=x"]);
        assert_eq!(read(&["--outpu", "x"]), ["unknown --outpu"]);
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(read(&["-s", "--", "-ofile", "--"]), ["-s(silent)", "URL -ofile", "URL --"]);
        assert_eq!(read(&["-o", "--", "-s"]), ["-o(output)=--", "-s(silent)"]);
    }

    #[test]
    fn nothing_comes_after_a_mistake() {
        assert_eq!(read(&["-s?o", "file", "-o", "x"]), ["-s(silent)", "unknown -?"]);
        assert_eq!(read(&["-s\u{e9}o", "file"]), ["-s(silent)", "unknown -\\xc3\\xa9"]);
        assert_eq!(read(&["-", "-s"]), ["unknown -"]);
        assert_eq!(read(&["h", "-o"]), ["URL h", "no value -o"]);
        assert_eq!(read(&["--cacert"]), ["no value --cacert"]);
    }

    #[test]
    fn values_and_urls_are_bytes() {
        let bytes = [b"-d\xff".to_vec(), b"h/\xfe".to_vec(), b"--\xfd".to_vec()];
        let read: Vec<_> = parts(bytes).collect();
        assert!(matches!(&read[0], Ok(Part::Option { value: Some(value), .. }) if value == b"\xff"));
        assert_eq!(read[1], Ok(Part::Url(b"h/\xfe".to_vec())));
        assert_eq!(read[2], Err(Mistake::Unknown(b"--\xfd".to_vec())));
    }
}
