//! The files that a command line names: those in the values of its options, and no others.

use crate::line::{Part, parts};
use crate::table::Names;

/// A file that a command line names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// As given.
    pub name: Vec<u8>,
    /// Whether it is written, not read.
    pub is_written: bool,
}

/// The files that this command line names, without the command's own name. None if there is a mistake in it, because the command
/// then refuses the whole line.
pub fn of_line(arguments: impl IntoIterator<Item = Vec<u8>>) -> Vec<File> {
    let mut files = Vec::new();
    for part in parts(arguments) {
        if let Ok(Part::Option { option, value: Some(value), .. }) = part
            && let Some(names) = option.value.map(|value| value.names)
            && let Some(name) = name_in(names, &value)
        {
            files.push(File { name: name.to_vec(), is_written: names == Names::Written });
        }
    }
    files
}

/// The name of the file in a value of this kind. `None` if it names no file, or a standard stream.
pub fn name_in(names: Names, value: &[u8]) -> Option<&[u8]> {
    let name = match names {
        Names::Nothing => return None,
        Names::Read | Names::Written => value,
        Names::ReadAfterAt => value.strip_prefix(b"@")?,
    };
    Some(name).filter(|name| !name.is_empty() && *name != b"-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::OPTIONS;

    fn files(line: &str) -> Vec<(String, bool)> {
        let arguments = line.split_whitespace().map(|argument| argument.as_bytes().to_vec());
        let text = |file: File| (String::from_utf8(file.name).unwrap(), file.is_written);
        of_line(arguments).into_iter().map(text).collect()
    }

    #[test]
    fn what_names_no_file_gives_none() {
        for line in [
            "",
            "-i http://localhost/a/b",
            "-d /etc/passwd http://localhost/",
            "-d a=@/etc/passwd http://localhost/",
            "-T - http://localhost/",
            "-o - http://localhost/",
            "--data-binary @- http://localhost/",
            "-d @ http://localhost/",
            "/etc/passwd ../secret @/etc/passwd",
            "-H X:/etc/passwd -A -o -X -T -u /a:/b http://localhost/",
            "--data-raw @/etc/passwd",
            "-Xo /tmp/x",
            "-o",
            "--cacert",
            "-",
            "--",
            "-- -o/etc/x -o /etc/x",
            "--nonsense -o x",
        ] {
            assert_eq!(files(line), [], "{line}");
        }
    }

    #[test]
    fn options_name_files_in_each_form() {
        let mut found = 0;
        for option in OPTIONS {
            let Some(names) = option.value.map(|value| value.names).filter(|names| *names != Names::Nothing) else {
                continue;
            };
            found += 1;
            let at = if names == Names::ReadAfterAt { "@" } else { "" };
            let expected = [("/tmp/x".to_owned(), names == Names::Written)];
            assert_eq!(files(&format!("http://localhost/ --{} {at}/tmp/x", option.long)), expected, "{}", option.long);
            if let Some(short) = option.short {
                for line in
                    [format!("-{short} {at}/tmp/x"), format!("-{short}{at}/tmp/x"), format!("-sS{short} {at}/tmp/x")]
                {
                    assert_eq!(files(&line), expected, "{line}");
                }
            }
        }
        assert!(found > 10);
    }

    #[test]
    fn no_other_option_gives_any() {
        for option in OPTIONS.iter().filter(|option| option.value.is_none_or(|value| value.names == Names::Nothing)) {
            for value in ["/tmp/x", "@/tmp/x"] {
                assert_eq!(files(&format!("--{} {value} http://localhost/", option.long)), [], "{}", option.long);
            }
        }
    }
}
