//! Finds out from the command line which folders the command must be given.
//!
//! The rule: **the command gets the folders of the files that its options name, and no others.** For each value of an option
//! that names a file (`FILE_OPTIONS`), that is the folder it lies in, under the name it was given: the working directory
//! for `-o page`, `/tmp` for `-o /tmp/page`, `../keys` for `--cert ../keys/me.pem`. It may be written to only if `-o` names
//! a file there. A command line that names no file gives no folder at all.
//!
//! A folder is the least that WASI can give. What the command could then reach, and this is all of it, are other files in
//! and below that folder. A symbolic link that leads out of it is not followed.
//!
//! This must not decide what is a mistake: what it does not understand gives no folder, and the command says what is wrong.

use std::collections::BTreeMap;
use std::path::Path;

/// A folder that the command is given, named on the host as in the command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    /// Where it is.
    pub path: String,
    /// Whether files in it may be made and changed.
    pub is_writable: bool,
}

/// The folders for these arguments, the command's own name not among them.
pub fn of_arguments(arguments: &[String]) -> Vec<Folder> {
    let mut folders = BTreeMap::new();
    for (option, value) in valued_options(arguments) {
        if let Some((file, is_written)) = file_of(option, value) {
            *folders.entry(folder_of(file)).or_insert(false) |= is_written;
        }
    }
    folders.into_iter().map(|(path, is_writable)| Folder { path, is_writable }).collect()
}

/// How the value of an option names a file.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// It is the name of a file that is read.
    Read,
    /// It is the name of a file that is read if `@` stands before it.
    ReadAfterAt,
    /// It is the name of a file that is written.
    Written,
}

/// The options whose values name files.
const FILE_OPTIONS: &[(&str, Names)] = &[
    ("-o", Names::Written),
    ("--output", Names::Written),
    ("-T", Names::Read),
    ("--upload-file", Names::Read),
    ("-d", Names::ReadAfterAt),
    ("--data", Names::ReadAfterAt),
    ("--data-binary", Names::ReadAfterAt),
    ("-H", Names::ReadAfterAt),
    ("--header", Names::ReadAfterAt),
    ("-w", Names::ReadAfterAt),
    ("--write-out", Names::ReadAfterAt),
    ("--cacert", Names::Read),
    ("--add-cacert", Names::Read),
    ("--proxy-cacert", Names::Read),
    ("--pin", Names::Read),
    ("-E", Names::Read),
    ("--cert", Names::Read),
    ("--key", Names::Read),
];

/// The other options that have a value, which may look like an option and is none. Of one letter, so that `-so FILE` can be
/// read, and long.
const OTHER_VALUED: &[&str] = &[
    "-X",
    "-A",
    "-e",
    "-r",
    "-u",
    "-x",
    "-U",
    "-m",
    "--request",
    "--user-agent",
    "--referer",
    "--range",
    "--user",
    "--proxy",
    "--proxy-user",
    "--max-time",
    "--data-raw",
    "--oauth2-bearer",
    "--noproxy",
    "--tls-max",
    "--resolve",
    "--connect-to",
    "--connect-timeout",
    "--tls-timeout",
    "--first-byte-timeout",
    "--read-timeout",
    "--write-timeout",
    "--expect100-timeout",
    "--max-filesize",
    "--repeat",
    "--parallel-max",
    "--url",
];

fn has_value(option: &str) -> bool {
    OTHER_VALUED.contains(&option) || FILE_OPTIONS.iter().any(|(name, _)| *name == option)
}

/// The options that have a value, each with it: `-o FILE`, `-oFILE`, `-so FILE`, `--output FILE`.
fn valued_options(arguments: &[String]) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        if argument.starts_with("--") {
            if has_value(argument)
                && let Some(value) = arguments.next()
            {
                found.push((argument, value));
            }
        } else if let Some(letters) = argument.strip_prefix('-') {
            // The first letter that has a value ends the letters: the rest is the value, or the next argument is.
            let valued = letters.char_indices().find_map(|(at, letter)| {
                let option = valued_letter(letter)?;
                Some((option, letters.get(at + letter.len_utf8()..).unwrap_or_default()))
            });
            if let Some((option, rest)) = valued {
                let value = if rest.is_empty() { arguments.next() } else { Some(rest) };
                found.extend(value.map(|value| (option, value)));
            }
        }
    }
    found
}

/// The option of this letter, if it has a value.
fn valued_letter(letter: char) -> Option<&'static str> {
    let names = FILE_OPTIONS.iter().map(|(name, _)| *name).chain(OTHER_VALUED.iter().copied());
    names.filter(|name| !name.starts_with("--")).find(|name| name.chars().nth(1) == Some(letter))
}

/// The file that this value names, if any, and whether it is written.
fn file_of<'a>(option: &str, value: &'a str) -> Option<(&'a str, bool)> {
    let (_, names) = FILE_OPTIONS.iter().find(|(name, _)| *name == option)?;
    let file = match names {
        Names::Read | Names::Written => value,
        Names::ReadAfterAt => value.strip_prefix('@')?,
    };
    // `-` is a standard stream.
    (!file.is_empty() && file != "-").then_some((file, *names == Names::Written))
}

/// The folder that this file is in: the working directory for what is at or below it, else the file's own.
fn folder_of(file: &str) -> String {
    let path = Path::new(file);
    let is_below = path.is_relative() && !path.components().any(|part| part == std::path::Component::ParentDir);
    let parent = if is_below { None } else { path.parent().and_then(Path::to_str) };
    // `..` has the parent ``, and names no file.
    parent.filter(|parent| !parent.is_empty()).unwrap_or(".").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(line: &str) -> Vec<(String, bool)> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        of_arguments(&arguments).into_iter().map(|folder| (folder.path, folder.is_writable)).collect()
    }

    fn one(path: &str, is_writable: bool) -> Vec<(String, bool)> {
        vec![(path.to_owned(), is_writable)]
    }

    #[test]
    fn no_file_gives_no_folder() {
        for line in [
            "",
            "-i http://localhost/a/b",
            "-d /etc/passwd http://localhost/",
            "-d a=@/etc/passwd http://localhost/",
            "-T - http://localhost/",
            "-o - http://localhost/",
            "--data-binary @- http://localhost/",
            "/etc/passwd ../secret @/etc/passwd",
            "-H X:/etc/passwd -A -o -X -T -u /a:/b http://localhost/",
            "--data-raw @/etc/passwd",
            "-o",
            "--cacert",
            "-",
            "--",
        ] {
            assert_eq!(folders(line), [], "{line}");
        }
    }

    #[test]
    fn files_at_and_below_the_working_directory_give_it() {
        for file in ["page", "./page", "a/b/page", "päge"] {
            assert_eq!(folders(&format!("-o {file}")), one(".", true));
            assert_eq!(folders(&format!("-T {file}")), one(".", false));
            assert_eq!(folders(&format!("-d @{file}")), one(".", false));
        }
    }

    #[test]
    fn other_files_give_the_folder_they_are_in() {
        for (file, folder) in [
            ("/tmp/page", "/tmp"),
            ("/page", "/"),
            ("../page", ".."),
            ("../../a/page", "../../a"),
            ("a/../../page", "a/../.."),
        ] {
            assert_eq!(folders(&format!("-o {file}")), one(folder, true), "{file}");
            assert_eq!(folders(&format!("--data-binary @{file}")), one(folder, false), "{file}");
        }
    }

    #[test]
    fn every_form_of_an_option_is_understood() {
        for line in
            ["-o /tmp/x", "-o/tmp/x", "-so /tmp/x", "-sSo/tmp/x", "--output /tmp/x", "-#4o /tmp/x", "-éo /tmp/x"]
        {
            assert_eq!(folders(line), one("/tmp", true), "{line}");
        }
        for (option, names) in FILE_OPTIONS {
            let at = if *names == Names::ReadAfterAt { "@" } else { "" };
            let is_written = *names == Names::Written;
            assert_eq!(folders(&format!("http://localhost/ {option} {at}/tmp/x")), one("/tmp", is_written), "{option}");
        }
    }

    /// The command's own table, as text, says of each option that it is `Value(...)` or not.
    #[test]
    fn the_options_with_values_are_those_of_the_command() {
        let table = include_str!("../../examples/cli/src/option_table.rs").split("\n];").next().unwrap();
        let entries = table.split("\n    opt(").skip(1).map(|entry| entry.split("\n    long(").next().unwrap());
        let mut shorts = 0;
        for entry in entries {
            let letter = entry.split('\'').nth(1).unwrap();
            let before_kind = entry.find("Value(").unwrap_or(usize::MAX);
            let is_valued = before_kind < entry.find("Flag(").unwrap_or(usize::MAX);
            assert_eq!(valued_letter(letter.chars().next().unwrap()).is_some(), is_valued, "-{letter}");
            shorts += 1;
        }
        assert!(shorts > 10, "the table is written otherwise now");
        let mut longs = 0;
        for entry in table.split("\n    opt(").flat_map(|entry| entry.split("\n    long(")).skip(1) {
            let name = format!("--{}", entry.split('"').nth(1).unwrap());
            let is_valued = entry.find("Value(").unwrap_or(usize::MAX) < entry.find("Flag(").unwrap_or(usize::MAX);
            assert_eq!(has_value(&name), is_valued, "{name}");
            longs += 1;
        }
        assert!(longs > shorts, "the table is written otherwise now");
    }

    #[test]
    fn what_follows_a_valued_letter_is_its_value() {
        assert_eq!(folders("-Xo /tmp/x"), []);
        assert_eq!(folders("-d@/tmp/x"), one("/tmp", false));
    }

    #[test]
    fn a_folder_is_given_once_and_written_to_if_one_file_is() {
        assert_eq!(folders("-T /tmp/a -o /tmp/b --cacert /tmp/c"), one("/tmp", true));
        assert_eq!(
            folders("-T a -o /tmp/b --key ../c"),
            [(".".to_owned(), false), ("..".to_owned(), false), ("/tmp".to_owned(), true)]
        );
    }
}
