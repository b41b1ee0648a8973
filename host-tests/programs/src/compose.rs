//! `xenon compose`: puts Xenon under a program, and writes what comes of it.

use std::ffi::OsString;
use std::panic;
use std::path::PathBuf;

use xenon_compose::{Artifacts, Composed, Error};

use crate::artifacts::{HttpClient, artifacts};
use crate::files;
use crate::line::{Line, Word, usage};
use crate::refusal::Refusal;

const HELP: &str = "\
Usage: xenon compose [options] PROGRAM.wasm

Puts Xenon under a program: a component that imports xenon:http@0.2, xenon:http@0.3 or
wasi:http/client@0.3. What comes of it asks the host for sockets instead.

  -o FILE      Write to this file; - is standard output (without: PROGRAM.composed.wasm)
      --bare   Under wasi:http/client, the component that takes no settings from the environment
  -h, --help   This text
";

/// Does what this command line says, the word `compose` left out.
pub(crate) fn run(words: &[OsString]) -> Result<(), Refusal> {
    let Some(options) = Options::read(words)? else { return files::print(HELP.as_bytes()) };
    let program = files::read(&options.program)?;
    let composed = compose(&program, &artifacts(options.client)).map_err(|error| {
        Refusal::new(Refusal::NO_PROGRAM, format!("{} {error}", options.program.display())) //
    })?;
    match options.output {
        Some(output) if output.as_os_str() == "-" => files::print(&composed.component),
        Some(output) => files::write(&output, &composed.component),
        None => files::write(&files::beside(&options.program), &composed.component),
    }
}

/// Composes, and leaves a panic of wac-graph's to the error that comes of it.
pub(crate) fn compose(program: &[u8], artifacts: &Artifacts<'_>) -> Result<Composed, Error> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let composed = xenon_compose::compose(program, artifacts);
    panic::set_hook(hook);
    composed
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    program: PathBuf,
    output: Option<PathBuf>,
    client: HttpClient,
}

impl Options {
    /// None where help is asked for.
    fn read(words: &[OsString]) -> Result<Option<Self>, Refusal> {
        let mut line = Line::new(words);
        let (mut program, mut output, mut client) = (None, None, HttpClient::WithEnvironment);
        while let Some(word) = line.next()? {
            match word {
                Word::Operand(word) if program.is_none() => program = Some(word.into()),
                Word::Operand(word) => return Err(usage(format!("{word:?} is one program too many (try --help)"))),
                Word::Option(option) => match option.as_str() {
                    "-h" | "--help" => return Ok(None),
                    "-o" => output = Some(line.value("-o")?.into()),
                    "--bare" => client = HttpClient::Bare,
                    _ => return Err(usage(format!("option {option}: is unknown (try --help)"))),
                },
            }
        }
        let program = program.ok_or_else(|| usage("no program was given (try --help)"))?;
        Ok(Some(Self { program, output, client }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, i32> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Options::read(&words).map_err(|refusal| refusal.code)
    }

    #[test]
    fn options_may_stand_before_the_program_and_after_it() {
        let all = Options { program: "p".into(), output: Some("o".into()), client: HttpClient::Bare };
        for words in
            [&["p", "-o", "o", "--bare"][..], &["--bare", "-oo", "p"], &["-o", "x", "-oo", "--bare", "--", "p"]]
        {
            assert_eq!(read(words), Ok(Some(Options { program: "p".into(), output: Some("o".into()), ..all })));
        }
        let none = Options { program: "-x".into(), output: None, client: HttpClient::WithEnvironment };
        assert_eq!(read(&["--", "-x"]), Ok(Some(none)));
        for words in [&["-h"][..], &["p", "--help", "q", "r"]] {
            assert_eq!(read(words), Ok(None));
        }
    }

    #[test]
    fn a_mistake_is_a_bad_option() {
        for words in [
            &[][..],
            &["p", "q"],
            &["p", "-o"],
            &["--nonsense", "p"],
            &["-x"],
            &["--bare=1", "p"],
            &["--output=o", "p"],
        ] {
            assert_eq!(read(words), Err(Refusal::USAGE), "{words:?}");
        }
    }
}
