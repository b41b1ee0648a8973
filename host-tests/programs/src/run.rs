//! `xenon run`: runs a program, with Xenon under it where it asks for that. The program is given sockets, name lookups, standard
//! streams, its arguments, and what the options say.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};
use xenon_compose::Error;

use crate::artifacts::{HttpClient, artifacts};
use crate::line::{Line, Word, text, usage};
use crate::refusal::Refusal;
use crate::{compose, files, program};

const HELP: &str = "\
Usage: xenon run [options] PROGRAM.wasm [ARGUMENTS...]

Runs a program: a component that exports wasi:cli/run@0.2 or @0.3. Xenon is put under it where it
imports xenon:http@0.2, xenon:http@0.3 or wasi:http/client@0.3. It is given sockets, name lookups,
standard streams, its arguments, and nothing else but:

      --env NAME=VALUE   This variable
      --env NAME         This variable as it is here, if it is
      --dir DIR          This folder, under the same name, to read and to write
      --dir DIR::GUEST   This folder, under the name GUEST
  -h, --help             This text

What follows the program is the program's. The exit code is the program's, and 134 where it traps.
";

/// Does what this command line says, the word `run` left out, and answers what to exit with.
pub(crate) fn run(words: &[OsString]) -> Result<i32, Refusal> {
    let Some(options) = Options::read(words)? else { return files::print(HELP.as_bytes()).map(|()| 0) };
    let name = options.program.display().to_string();
    let file = files::read(&options.program)?;
    let file = match compose::compose(&file, &artifacts(HttpClient::WithEnvironment)) {
        Ok(composed) => composed.component,
        Err(Error::NothingToFill | Error::ComposedAlready(_)) => file,
        Err(error) => return Err(Refusal::new(Refusal::NO_PROGRAM, format!("{name} {error}"))),
    };
    program::run(&name, &file, || options.context())
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    program: PathBuf,
    /// Those of the program, its own name first.
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    /// Each with the name that the program knows it by.
    folders: Vec<(PathBuf, String)>,
}

impl Options {
    /// None where help is asked for.
    fn read(words: &[OsString]) -> Result<Option<Self>, Refusal> {
        let mut line = Line::new(words);
        let (mut variables, mut folders) = (BTreeMap::new(), Vec::new());
        let program = loop {
            match line.next()? {
                None => return Err(usage("no program was given (try --help)")),
                Some(Word::Operand(program)) => break PathBuf::from(program),
                Some(Word::Option(option)) => match option.as_str() {
                    "-h" | "--help" => return Ok(None),
                    "--env" => variables.extend(variable(text(line.value("--env")?)?)?),
                    "--dir" => folders.push(folder(text(line.value("--dir")?)?)?),
                    _ => return Err(usage(format!("option {option}: is unknown (try --help)"))),
                },
            }
        };
        let own_name = program.file_name().unwrap_or(program.as_os_str()).to_owned();
        let arguments = std::iter::once(own_name).chain(line.rest()).map(text).collect::<Result<_, _>>()?;
        Ok(Some(Self { program, arguments, variables, folders }))
    }

    /// What the program is given.
    fn context(&self) -> Result<WasiCtx, Refusal> {
        let mut builder = WasiCtxBuilder::new();
        builder.inherit_stdio().args(&self.arguments);
        builder.inherit_network().allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true);
        for (name, value) in &self.variables {
            builder.env(name, value);
        }
        for (folder, guest) in &self.folders {
            builder.preopened_dir(folder, guest, FsPerms::ReadWrite).map_err(|error| {
                Refusal::new(Refusal::READ, format!("{}: {}", folder.display(), error.root_cause())) //
            })?;
        }
        Ok(builder.build())
    }
}

/// `NAME=VALUE`, or `NAME`, which is the variable of this process; none where that is not set.
fn variable(given: String) -> Result<Option<(String, String)>, Refusal> {
    let (name, value) = match given.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (given, None),
    };
    if name.is_empty() {
        return Err(usage("option --env: requires a name (try --help)"));
    }
    match value {
        Some(value) => Ok(Some((name, value))),
        None => std::env::var_os(&name).map(|value| Ok((name, text(value)?))).transpose(),
    }
}

/// `DIR::GUEST`, or `DIR`, which is called the same there.
fn folder(given: String) -> Result<(PathBuf, String), Refusal> {
    let (folder, guest) = given.split_once("::").unwrap_or((&given, &given));
    if folder.is_empty() || guest.is_empty() {
        return Err(usage("option --dir: requires the name of a folder (try --help)"));
    }
    Ok((folder.into(), guest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, i32> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Options::read(&words).map_err(|refusal| refusal.code)
    }

    #[test]
    fn what_follows_the_program_is_the_programs() {
        let options = read(&["dir/p.wasm", "--env", "A=B", "-h", "--", "x"]).unwrap().unwrap();
        assert_eq!(options.program, PathBuf::from("dir/p.wasm"));
        assert_eq!(options.arguments, ["p.wasm", "--env", "A=B", "-h", "--", "x"]);
        assert!(options.variables.is_empty() && options.folders.is_empty());
    }

    #[test]
    fn variables_and_folders_are_as_they_are_given() {
        let words = [
            "--env",
            "A=1",
            "--env=A=2",
            "--env",
            "B=",
            "--env",
            "C=x=y",
            "--dir",
            "d",
            "--dir=e::f",
            "--dir",
            "C:\\x::/y",
        ];
        let options = read(&[&words[..], &["p"]].concat()).unwrap().unwrap();
        let variables: Vec<_> = options.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(variables, [("A", "2"), ("B", ""), ("C", "x=y")]);
        let folders = [("d", "d"), ("e", "f"), ("C:\\x", "/y")].map(|(host, guest)| (host.into(), guest.to_owned()));
        assert_eq!(options.folders, folders);
    }

    #[test]
    fn a_variable_without_a_value_is_this_processs_own() {
        let options = read(&["--env", "CARGO_MANIFEST_DIR", "--env", "XENON_NOT_SET", "p"]).unwrap().unwrap();
        assert_eq!(
            options.variables.into_iter().collect::<Vec<_>>(),
            [("CARGO_MANIFEST_DIR".to_owned(), std::env::var("CARGO_MANIFEST_DIR").unwrap())]
        );
    }

    #[test]
    fn help_is_help_only_before_the_program() {
        assert_eq!(read(&["-h"]), Ok(None));
        assert_eq!(read(&["--env", "A", "--help", "p"]), Ok(None));
    }

    #[test]
    fn a_mistake_is_a_bad_option() {
        let lines: [&[&str]; 10] = [
            &[],
            &["--"],
            &["--env", "A"],
            &["--env"],
            &["--env", "=x", "p"],
            &["--env=", "p"],
            &["--dir=", "p"],
            &["--dir", "::x", "p"],
            &["--dir", "x::", "p"],
            &["--nonsense", "p"],
        ];
        for words in lines {
            assert_eq!(read(words), Err(Refusal::USAGE), "{words:?}");
        }
    }
}
