//! The files that a command line names: those in the values of its options, and no others.

use crate::line::{Part, parts};
use crate::table::Names;

/// A file that a command line names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// As given.
    pub name: Vec<u8>,
    /// What happens to it.
    pub purpose: Purpose,
}

/// What a file is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It is read.
    Reading,
    /// It is written from its beginning.
    Writing,
    /// A new file takes its place: see [`successor`]. One that is not a regular file is written.
    Replacing,
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
            files.push(File { name: name.to_vec(), purpose: names.into() });
        }
    }
    files
}

/// The name of the file in a value of this kind. `None` if it names no file, or a standard stream.
pub fn name_in(names: Names, value: &[u8]) -> Option<&[u8]> {
    let name = match names {
        Names::Nothing => return None,
        Names::Read | Names::Written | Names::Replaced => value,
        Names::ReadUnlessPairs => Some(value).filter(|value| !value.contains(&b'='))?,
        Names::ReadAfterAt => value.strip_prefix(b"@")?,
    };
    Some(name).filter(|name| !name.is_empty() && *name != b"-")
}

impl From<Names> for Purpose {
    fn from(names: Names) -> Self {
        match names {
            Names::Nothing | Names::Read | Names::ReadAfterAt | Names::ReadUnlessPairs => Self::Reading,
            Names::Written => Self::Writing,
            Names::Replaced => Self::Replacing,
        }
    }
}

/// The name of the new file that is to take the place of this one. The number makes it unlike others.
pub fn successor(name: &[u8], number: u64) -> Vec<u8> {
    [name, format!(".{number:016x}.tmp").as_bytes()].concat()
}

/// The name of the file that this one is to take the place of, if its name is that of a successor.
pub fn succeeded(name: &[u8]) -> Option<&[u8]> {
    let (rest, digits) = name.strip_suffix(b".tmp")?.split_last_chunk::<16>()?;
    let is_number = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    rest.strip_suffix(b".").filter(|name| is_number && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::OPTIONS;

    fn files(line: &str) -> Vec<(String, Purpose)> {
        let arguments = line.split_whitespace().map(|argument| argument.as_bytes().to_vec());
        let text = |file: File| (String::from_utf8(file.name).unwrap(), file.purpose);
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
            "-b a=/etc/passwd -b /etc/passwd=",
            "-b - -c - http://localhost/",
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
            let expected = [("/tmp/x".to_owned(), Purpose::from(names))];
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
    fn a_successor_names_what_it_succeeds() {
        assert_eq!(successor(b"/a/jar", 0x1f), b"/a/jar.000000000000001f.tmp");
        for name in [&b"jar"[..], b"/a/\xff", b"a.tmp", b"."] {
            assert_eq!(succeeded(&successor(name, u64::MAX)), Some(name));
        }
        for name in [
            &b"jar"[..],
            b"jar.tmp",
            b"jar.00000000000000f.tmp",
            b"jar.00000000000000fg.tmp",
            b"jar.000000000000000F.tmp",
            b"jar-000000000000000f.tmp",
            b".000000000000000f.tmp",
            b"jar.000000000000000f",
        ] {
            assert_eq!(succeeded(name), None, "{}", name.escape_ascii());
        }
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
