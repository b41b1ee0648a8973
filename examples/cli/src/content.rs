//! What a request carries, from `-d`, `--data-binary` and `-T`: bytes that are kept, or the name of what is streamed.

use std::fs::File;
use std::io::{self, Read};

use crate::exit::{Exit, Failure};
use crate::options::{Data, Options};
use crate::upload::PIECE;

/// A request's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// None.
    None,
    /// These bytes; the component keeps them and can send them again.
    Bytes(Vec<u8>),
    /// The file of this name, with `-T` or without.
    File {
        /// Its name.
        name: String,
        /// Whether it is `-T`'s.
        is_upload: bool,
    },
    /// Standard input, with `-T -`.
    StandardInput,
}

/// Bytes of `-d` that are kept: a file without end would use up the command's memory. What is streamed has no bound.
const MOST_KEPT: u64 = 64 * 1024 * 1024;

impl Content {
    /// The content of `-d` and `--data-binary`, read once for all requests.
    pub fn of_data(options: &Options) -> Result<Self, Failure> {
        if let [Data::File { name, is_binary: true }] = options.data.as_slice()
            && name != "-"
            && length_of(name)? > PIECE as u64
        {
            return Ok(Self::File { name: name.clone(), is_upload: false });
        }
        if options.data.is_empty() {
            return Ok(Self::None);
        }
        let mut content = Vec::new();
        for (index, data) in options.data.iter().enumerate() {
            if index > 0 {
                content.push(b'&');
            }
            match data {
                Data::Text(text) => content.extend_from_slice(text.as_bytes()),
                Data::File { name, is_binary } => {
                    let mut bytes = whole(name)?;
                    if !is_binary {
                        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'));
                    }
                    content.append(&mut bytes);
                }
            }
        }
        Ok(Self::Bytes(content))
    }

    /// The content of `-T`.
    pub fn of_upload(name: &str) -> Self {
        match name {
            "-" | "." => Self::StandardInput,
            name => Self::File { name: name.to_owned(), is_upload: true },
        }
    }

    /// Whether it can be read again and is the same then.
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::StandardInput)
    }

    /// Whether it is `-T`'s, which makes the request a PUT.
    pub fn is_upload(&self) -> bool {
        matches!(self, Self::StandardInput | Self::File { is_upload: true, .. })
    }
}

/// All of a file; `-` is standard input.
pub fn whole(name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let bound = MOST_KEPT.saturating_add(1);
    let read = match name {
        "-" => io::stdin().take(bound).read_to_end(&mut bytes),
        name => File::open(name).and_then(|file| file.take(bound).read_to_end(&mut bytes)),
    };
    match read {
        Err(error) => Err(unreadable(name, &error)),
        Ok(length) if length as u64 > MOST_KEPT => {
            let advice = "it is larger than 64 MiB: a single --data-binary @FILE, or -T, streams it";
            Err(Failure::new(Exit::Read, format!("cannot read {name:?} whole: {advice}")))
        }
        Ok(_) => Ok(bytes),
    }
}

/// Lines of the command line, each `@FILE` among them replaced by the lines of the file.
pub fn lines_of(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for line in given {
        match line.strip_prefix('@') {
            Some(name) => lines.extend(String::from_utf8_lossy(&whole(name)?).lines().map(str::to_owned)),
            None => lines.push(line.clone()),
        }
    }
    Ok(lines)
}

fn length_of(name: &str) -> Result<u64, Failure> {
    let metadata = std::fs::metadata(name).map_err(|error| unreadable(name, &error))?;
    Ok(metadata.len())
}

/// The failure of reading a file of this name.
pub fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Read, format!("cannot read {name:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data: &[Data]) -> Result<Content, Failure> {
        Content::of_data(&Options { data: data.to_vec(), ..Options::default() })
    }

    fn file(name: &str, is_binary: bool) -> Data {
        Data::File { name: name.to_owned(), is_binary }
    }

    /// A file that is gone when it goes out of scope.
    struct Temporary(std::path::PathBuf);

    impl Temporary {
        fn new(name: &str, content: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("xenon-cli-{}-{name}", std::process::id()));
            std::fs::write(&path, content).unwrap();
            Self(path)
        }

        fn name(&self) -> String {
            self.0.display().to_string()
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn pieces_are_joined_and_files_lose_their_line_breaks() {
        let lines = Temporary::new("lines", b"b=1\r\n2\n\0");
        let text = |text: &str| Data::Text(text.to_owned());
        assert_eq!(of(&[]), Ok(Content::None));
        assert_eq!(of(&[text("")]), Ok(Content::Bytes(Vec::new())));
        assert_eq!(of(&[text("a\n"), file(&lines.name(), false)]), Ok(Content::Bytes(b"a\n&b=12".to_vec())));
        assert_eq!(of(&[file(&lines.name(), true)]), Ok(Content::Bytes(b"b=1\r\n2\n\0".to_vec())));
    }

    #[test]
    fn a_large_file_alone_is_streamed() {
        let large = Temporary::new("large", &vec![b'x'; PIECE + 1]);
        let name = large.name();
        assert!(matches!(of(&[file(&name, false)]), Ok(Content::Bytes(bytes)) if bytes.len() == PIECE + 1));
        assert_eq!(of(&[file(&name, true)]), Ok(Content::File { name, is_upload: false }));
    }

    #[test]
    fn a_file_that_is_not_there_is_26() {
        for is_binary in [false, true] {
            assert_eq!(of(&[file("/nonexistent/file", is_binary)]).unwrap_err().exit, Exit::Read);
        }
    }

    #[test]
    fn a_file_of_lines_stands_where_it_is_named() {
        let lines = Temporary::new("fields", b"A: b\r\nC: d\n");
        let given = ["X: y".to_owned(), format!("@{}", lines.name())];
        assert_eq!(lines_of(&given).unwrap(), ["X: y", "A: b", "C: d"]);
    }

    #[test]
    fn uploads() {
        assert_eq!(Content::of_upload("-"), Content::StandardInput);
        assert!(Content::of_upload("x").is_upload());
    }
}
