//! The content of a request, from `-d`, `--data-binary` and `-T`: bytes in memory, or the name of a file to stream.

use crate::exit::Failure;
use crate::files::Files;
use crate::options::{Data, Options};

/// A request's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// None.
    None,
    /// These bytes. The component keeps them and can send them again.
    Bytes(Vec<u8>),
    /// The content of this file. `-` is standard input.
    File {
        /// Its name.
        name: Vec<u8>,
        /// Whether it is `-T`'s, which makes the request a PUT.
        is_upload: bool,
    },
}

impl Content {
    /// The content of `-d` and `--data-binary`, read once for all requests.
    pub fn of_data(options: &Options, files: &impl Files) -> Result<Self, Failure> {
        if let [Data::File { name, is_binary: true }] = options.data.as_slice() {
            return Ok(match files.whole_unless_long(name)? {
                Some(bytes) => Self::Bytes(bytes),
                None => Self::File { name: name.clone(), is_upload: false },
            });
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
                Data::Bytes(bytes) => content.extend_from_slice(bytes),
                Data::File { name, is_binary } => {
                    let mut bytes = files.whole(name)?;
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
    pub fn of_upload(name: &[u8]) -> Self {
        let name = if name == b"." { b"-" } else { name };
        Self::File { name: name.to_vec(), is_upload: true }
    }

    /// Whether it is `-T`'s, which makes the request a PUT.
    pub fn is_upload(&self) -> bool {
        matches!(self, Self::File { is_upload: true, .. })
    }
}

/// Lines from the command line, with each `@FILE` replaced by the lines of the file.
pub fn lines_of(given: &[Vec<u8>], files: &impl Files) -> Result<Vec<Vec<u8>>, Failure> {
    let mut lines = Vec::new();
    for line in given {
        match line.strip_prefix(b"@") {
            Some(name) => {
                let text = files.whole(name)?;
                let text = text.strip_suffix(b"\n").unwrap_or(&text);
                let line_of = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
                lines.extend(text.split(|byte| *byte == b'\n').map(line_of));
            }
            None => lines.push(line.clone()),
        }
    }
    Ok(lines)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::files::PIECE;

    /// Files of these names and contents.
    pub struct Made<'a>(pub &'a [(&'a str, &'a [u8])]);

    impl Files for Made<'_> {
        fn whole(&self, name: &[u8]) -> Result<Vec<u8>, Failure> {
            let file = self.0.iter().find(|(own, _)| own.as_bytes() == name);
            file.map(|(_, content)| content.to_vec()).ok_or_else(|| Failure::new(Exit::Read, "it does not exist"))
        }

        fn whole_unless_long(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
            Ok(Some(self.whole(name)?).filter(|bytes| bytes.len() <= PIECE))
        }
    }

    fn of(data: &[Data], files: &Made) -> Result<Content, Failure> {
        Content::of_data(&Options { data: data.to_vec(), ..Options::default() }, files)
    }

    fn file(name: &str, is_binary: bool) -> Data {
        Data::File { name: name.into(), is_binary }
    }

    #[test]
    fn pieces_are_joined_and_files_lose_their_line_breaks() {
        let files = Made(&[("lines", b"b=1\r\n2\n\0\xff")]);
        let bytes = |bytes: &[u8]| Data::Bytes(bytes.to_vec());
        assert_eq!(of(&[], &files), Ok(Content::None));
        assert_eq!(of(&[bytes(b"")], &files), Ok(Content::Bytes(Vec::new())));
        let joined = of(&[bytes(b"a\n\xfe"), file("lines", false)], &files);
        assert_eq!(joined, Ok(Content::Bytes(b"a\n\xfe&b=12\xff".to_vec())));
        assert_eq!(of(&[file("lines", true)], &files), Ok(Content::Bytes(b"b=1\r\n2\n\0\xff".to_vec())));
    }

    #[test]
    fn a_large_file_alone_is_streamed() {
        let large = vec![b'x'; PIECE + 1];
        let files = Made(&[("large", &large)]);
        assert!(matches!(of(&[file("large", false)], &files), Ok(Content::Bytes(bytes)) if bytes.len() == PIECE + 1));
        assert_eq!(of(&[file("large", true)], &files), Ok(Content::File { name: "large".into(), is_upload: false }));
    }

    #[test]
    fn a_file_that_is_not_there_is_26() {
        for is_binary in [false, true] {
            assert_eq!(of(&[file("missing", is_binary)], &Made(&[])).unwrap_err().exit, Exit::Read);
        }
    }

    #[test]
    fn a_file_of_lines_stands_where_it_is_named() {
        let files = Made(&[("fields", b"A: b\r\nC: \xff\n"), ("one", b"D: e"), ("empty", b"")]);
        let given = ["X: y", "@fields", "@one"].map(|line| line.as_bytes().to_vec());
        assert_eq!(lines_of(&given, &files).unwrap(), [&b"X: y"[..], b"A: b", b"C: \xff", b"D: e"]);
        assert_eq!(lines_of(&[b"@empty".to_vec()], &files).unwrap(), [b""]);
        assert_eq!(lines_of(&[b"@missing".to_vec()], &files).unwrap_err().exit, Exit::Read);
    }

    #[test]
    fn uploads() {
        let standard_input = Content::File { name: b"-".to_vec(), is_upload: true };
        assert_eq!((Content::of_upload(b"-"), Content::of_upload(b".")), (standard_input.clone(), standard_input));
        assert!(Content::of_upload(b"x").is_upload());
    }
}
