//! Public suffixes: domains below which anyone can register a name, such as `co.uk` and `github.io`.
//!
//! The list is given as a DAFSA (deterministic acyclic finite state automaton), in the file format of libpsl, which extends that of
//! Chromium. `psl-make-dafsa --output-format=binary` makes such a file from <https://publicsuffix.org/list/>, and Debian's package
//! `publicsuffix` contains one. After its header it consists of:
//!
//! * *Links.* A list of links comes first, and after each label. A link is the distance to a node: for the first link of a list from
//!   the link itself, for the others from the node before. The two bits below the high bit give its length: `0x` is one byte with 6 bits
//!   of the distance, `10` is two bytes with 13, `11` is three bytes with 21. The high bit marks the last link of a list.
//! * *Nodes.* A node has a label, whose last byte has the high bit set, and links to the nodes that can follow. Instead of the label's
//!   last byte, a node can have a *value*, `1000vvvv`, which ends a word.
//!
//! The words are the domains of the rules. The value of a word is the kind of the rule. A file can end with a byte 1, which says that
//! domains beyond ASCII are included in an escaped form. They are not looked up here, because hosts are in Punycode.

use std::rc::Rc;

use crate::limits::PUBLIC_SUFFIXES_LENGTH;

/// A list of public suffixes. A clone shares it.
#[derive(Clone)]
pub struct PublicSuffixes(Rc<[u8]>);

/// Why a file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuffixesError {
    /// It does not begin with the header of the format.
    Header,
    /// It is longer than [`PUBLIC_SUFFIXES_LENGTH`].
    TooLong,
}

/// The first bytes of a file.
const HEADER: &[u8; 16] = b".DAFSA@PSL_0   \n";

/// The flags of a rule's value: `!a.b` and `*.a`.
const EXCEPTION: u8 = 1;
const WILDCARD: u8 = 2;

impl PublicSuffixes {
    /// Parses a file.
    pub fn new(file: &[u8]) -> Result<Self, SuffixesError> {
        let list = file.strip_prefix(HEADER).ok_or(SuffixesError::Header)?;
        if file.len() > PUBLIC_SUFFIXES_LENGTH {
            return Err(SuffixesError::TooLong);
        }
        Ok(Self(list.into()))
    }

    /// Whether this domain, in lower case, is a public suffix. One without a dot always is.
    pub fn contain(&self, domain: &str) -> bool {
        let Some((_, above)) = domain.split_once('.') else { return true };
        match self.value(domain) {
            Some(value) => value & EXCEPTION == 0,
            None => self.value(above).is_some_and(|value| value & WILDCARD != 0),
        }
    }

    /// The value of a word, if it is one.
    fn value(&self, word: &str) -> Option<u8> {
        let graph: &[u8] = &self.0;
        let mut rest = word.as_bytes();
        let mut links = Links { graph, at: Some(0), node: 0 };
        while let Some(node) = links.next() {
            // At most one of the nodes that can follow begins with the next byte.
            let label = graph.get(node..)?;
            let length = label.iter().take_while(|byte| **byte & 0x80 == 0).count();
            let (begin, end) = (label.get(..length)?, *label.get(length)?);
            let Some(after) = rest.strip_prefix(begin) else { continue };
            if is_value(end) {
                if after.is_empty() {
                    return Some(end & 0xf);
                }
            } else if let Some(after) = after.strip_prefix(&[end & 0x7f]) {
                rest = after;
                let at = node.saturating_add(length).saturating_add(1);
                links = Links { graph, at: Some(at), node: at };
            }
        }
        None
    }
}

/// Whether a label's last byte is a value.
fn is_value(byte: u8) -> bool {
    byte & 0xe0 == 0x80
}

/// The nodes of a list of links. They come after it, so there are no circles.
struct Links<'a> {
    graph: &'a [u8],
    /// The position of the next link.
    at: Option<usize>,
    /// The position of the last node, or of the list.
    node: usize,
}

impl Iterator for Links<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = self.at?;
        let byte = |index: usize| Some(usize::from(*self.graph.get(at.saturating_add(index))?));
        let first = byte(0)?;
        let (length, distance) = match first & 0x60 {
            0x60 => (3, (first & 0x1f) << 16 | byte(1)? << 8 | byte(2)?),
            0x40 => (2, (first & 0x1f) << 8 | byte(1)?),
            _ => (1, first & 0x3f),
        };
        self.at = (first & 0x80 == 0).then(|| at.saturating_add(length));
        self.node = self.node.saturating_add(distance);
        Some(self.node)
    }
}

impl std::fmt::Debug for PublicSuffixes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublicSuffixes").field("length", &self.0.len()).finish()
    }
}

impl std::fmt::Display for SuffixesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "the list of public suffixes is not a DAFSA file",
            Self::TooLong => "the list of public suffixes is too long",
        })
    }
}

impl std::error::Error for SuffixesError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(graph: &[u8]) -> PublicSuffixes {
        PublicSuffixes::new(&[HEADER, graph].concat()).unwrap()
    }

    #[test]
    fn words_are_found_with_their_values() {
        // a: 2, aa: 1
        let small = list(&[0x81, 0xe1, 0x02, 0x81, 0x82, 0x61, 0x81]);
        // aa: 1, baa: 1, bbb: 2, with one node for the end of the first two
        let shared = list(&[0x02, 0x83, 0xe2, 0x02, 0x83, 0x61, 0x61, 0x81, 0x62, 0x62, 0x82]);
        for (list, word, expected) in [
            (&small, "a", Some(2)),
            (&small, "aa", Some(1)),
            (&small, "aaa", None),
            (&small, "", None),
            (&small, "b", None),
            (&shared, "aa", Some(1)),
            (&shared, "baa", Some(1)),
            (&shared, "bbb", Some(2)),
            (&shared, "a", None),
            (&shared, "b", None),
            (&shared, "ba", None),
            (&shared, "bb", None),
            (&shared, "aaa", None),
            (&shared, "baab", None),
        ] {
            assert_eq!(list.value(word), expected, "{word}");
        }
    }

    #[test]
    fn links_of_each_length() {
        for (links, distance) in [
            (&[0x80 | 20][..], 20),
            (&[0x80 | 0x40, 20], 20),
            (&[0x80 | 0x41, 2], 258),
            (&[0x80 | 0x60, 0, 20], 20),
            (&[0x80 | 0x60, 1, 2], 258),
            (&[0x80 | 0x61, 2, 3], 66_051),
        ] {
            let mut graph = links.to_vec();
            graph.resize(distance, 0);
            graph.extend([b'x', 0x85]);
            assert_eq!(list(&graph).value("x"), Some(5), "{links:?}");
        }
    }

    #[test]
    fn a_list_that_is_cut_or_damaged_has_fewer_words_or_others() {
        let graph = [0x02, 0x83, 0xe2, 0x02, 0x83, 0x61, 0x61, 0x81, 0x62, 0x62, 0x82];
        for end in 0..graph.len() {
            for word in ["aa", "baa", "bbb", "c"] {
                list(&graph[..end]).value(word);
            }
        }
        for at in 0..graph.len() {
            for byte in 0..=u8::MAX {
                let mut damaged = graph;
                damaged[at] = byte;
                for word in ["aa", "baa", "bbb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
                    list(&damaged).value(word);
                }
            }
        }
        assert_eq!(list(&[0; 1000]).value("a"), None);
    }

    #[test]
    fn a_file_has_its_header_and_a_limit() {
        assert_eq!(PublicSuffixes::new(b"").unwrap_err(), SuffixesError::Header);
        assert_eq!(PublicSuffixes::new(b"// a list\ncom\n").unwrap_err(), SuffixesError::Header);
        assert_eq!(PublicSuffixes::new(&HEADER[..15]).unwrap_err(), SuffixesError::Header);
        let longest = [HEADER.to_vec(), vec![0; PUBLIC_SUFFIXES_LENGTH - 16]].concat();
        assert!(PublicSuffixes::new(&longest).is_ok());
        assert_eq!(PublicSuffixes::new(&[longest, vec![0]].concat()).unwrap_err(), SuffixesError::TooLong);
    }

    #[test]
    fn a_domain_without_a_dot_is_always_public() {
        let none = list(&[]);
        assert!(none.contain("com") && none.contain("") && !none.contain("a.com"));
    }
}
