//! Field lines, in order, and which names and values can be sent (RFC 9110 section 5).
//!
//! Nothing here merges or drops lines. They are joined only for a caller that asks for it.

use std::{fmt, iter, slice};

use super::field_names::{NOT_OPTIONS, NOT_OPTIONS_FROM, NOT_TRAILERS, SINGLE, is_any_of};
use crate::limits::REQUEST_FIELD_COST;
use crate::reason::Reason;

/// One field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in its original case.
    pub name: &'a str,
    /// The value, without the whitespace around it.
    pub value: &'a [u8],
}

/// Field lines in their original order, with repeated ones separate. Names are compared case-insensitively.
///
/// The lines stand one after the other in one buffer. A head then takes two allocations, however many lines it has.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// The name and the value of each line. Names are UTF-8.
    bytes: Vec<u8>,
    /// How long the name and the value of each line are.
    lengths: Vec<(usize, usize)>,
}

impl Fields {
    /// Adds a line at the end. Nothing is checked: see [`check_name`] and [`check_value`].
    pub fn push(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) {
        self.append(name.as_ref().as_bytes(), value.as_ref());
    }

    /// Adds a line whose name is a token, and so ASCII.
    pub(crate) fn push_token(&mut self, name: &[u8], value: &[u8]) {
        debug_assert!(name.is_ascii());
        self.append(name, value);
    }

    fn append(&mut self, name: &[u8], value: &[u8]) {
        if self.lengths.capacity() == 0 {
            // Most heads need less. Growing step by step costs more than the memory.
            self.lengths.reserve(12);
            self.bytes.reserve(400);
        }
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.lengths.push((name.len(), value.len()));
    }

    /// All lines, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { bytes: &self.bytes, lengths: self.lengths.iter(), at: 0 }
    }

    /// Removes the lines that do not satisfy the condition.
    pub fn retain(&mut self, is_kept: impl Fn(Field<'_>) -> bool) {
        *self = self.iter().filter(|field| is_kept(*field)).collect();
    }

    /// All lines, in order, each on its own.
    pub fn to_vec(&self) -> Vec<(String, Vec<u8>)> {
        let mut lines = Vec::with_capacity(self.len());
        for Field { name, value } in self.iter() {
            lines.push((name.to_owned(), value.to_vec()));
        }
        lines
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Whether there is a line of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The value of the first line of this name.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().next_of(name)
    }

    /// The values of all lines of this name, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let mut lines = self.iter();
        iter::from_fn(move || lines.next_of(name))
    }

    /// The values of all lines of this name, joined by `, ` (RFC 9110 section 5.3). Do not use it for `Set-Cookie`, whose lines
    /// cannot be joined.
    pub fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let mut values = self.all(name);
        let mut joined = values.next()?.to_vec();
        for value in values {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(joined)
    }

    /// The elements of the comma-separated list that all lines of this name form together (RFC 9110 section 5.6.1). Whitespace
    /// around elements is removed, and empty elements are skipped. A comma in a quoted string is part of its element.
    ///
    /// An unterminated quoted string ends with its line.
    pub fn elements<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(elements)
    }

    /// Whether the list of this name has this element, case-insensitively: `Connection: close`.
    pub fn has_element(&self, name: &str, token: &str) -> bool {
        self.elements(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }
}

impl<'a> FromIterator<Field<'a>> for Fields {
    fn from_iter<I: IntoIterator<Item = Field<'a>>>(lines: I) -> Self {
        let mut fields = Self::default();
        lines.into_iter().for_each(|line| fields.append(line.name.as_bytes(), line.value));
        fields
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The lines of [`Fields`], in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    lengths: slice::Iter<'a, (usize, usize)>,
    /// Where the next line begins.
    at: usize,
}

impl<'a> Iter<'a> {
    /// The value of the next line of this name.
    fn next_of(&mut self, wanted: &str) -> Option<&'a [u8]> {
        for (name, value) in self.lengths.by_ref() {
            // No buffer is longer than an address.
            let (start, middle) = (self.at, self.at.wrapping_add(*name));
            self.at = middle.wrapping_add(*value);
            // Most names have another length, and need no look at their bytes.
            if *name == wanted.len() && self.bytes.get(start..middle)?.eq_ignore_ascii_case(wanted.as_bytes()) {
                return self.bytes.get(middle..self.at);
            }
        }
        None
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (name, value) = self.lengths.next()?;
        let (start, middle) = (self.at, self.at.wrapping_add(*name));
        self.at = middle.wrapping_add(*value);
        let name = std::str::from_utf8(self.bytes.get(start..middle)?).unwrap_or_default();
        Some(Field { name, value: self.bytes.get(middle..self.at)? })
    }
}

/// The size of this line as counted against [`REQUEST_FIELDS_LENGTH`].
///
/// [`REQUEST_FIELDS_LENGTH`]: crate::limits::REQUEST_FIELDS_LENGTH
pub fn cost(name: &str, value: &[u8]) -> usize {
    name.len().saturating_add(value.len()).saturating_add(REQUEST_FIELD_COST)
}

/// Whether this can be a field's name: a token (RFC 9110 section 5.1).
pub fn check_name(name: &str) -> Result<(), Reason> {
    if name.is_empty() {
        return Err("the field's name is empty");
    }
    if !name.bytes().all(is_token_byte) {
        return Err("the field's name holds a character that no name can have");
    }
    Ok(())
}

/// Whether this can be a field's value.
///
/// All control characters but HTAB are refused (RFC 9110 section 5.5): a sender must not generate them, and to some recipients
/// CR, LF and NUL end a line. Bytes from 0x80 (obs-text) are allowed, because UTF-8 is sent in practice. Whitespace at either end
/// is allowed: every recipient removes it, as it is not part of the value.
pub fn check_value(value: &[u8]) -> Result<(), Reason> {
    match value.iter().find(|byte| !is_value_byte(**byte)) {
        None => Ok(()),
        Some(b'\r' | b'\n') => Err("the field's value holds a line end"),
        Some(0) => Err("the field's value holds a NUL"),
        Some(_) => Err("the field's value holds a control character"),
    }
}

/// Whether a request may have at most one line of this name, because its value is not a list (RFC 9110 section 5.3).
pub fn is_single(name: &str) -> bool {
    is_any_of(name, SINGLE)
}

/// Whether a request can name this as an option of its connection (RFC 9110 section 7.6.1).
///
/// The next recipient removes the fields named in `Connection` before it forwards the request. A field that later recipients rely
/// on must not be named: without `Content-Length`, for example, they would take the content for the next request. Allowed are
/// options with a meaning of their own, and the names of fields of the request that only the next recipient needs.
#[cold]
pub fn check_connection_option(option: &[u8], fields: &Fields) -> Result<(), Reason> {
    // A name is ASCII.
    let option = std::str::from_utf8(option).unwrap_or_default();
    if is_any_of(option, &["close", "keep-alive", "upgrade", "te"]) {
        return Ok(());
    }
    let begins =
        |start: &&str| option.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start));
    if is_any_of(option, NOT_OPTIONS) || is_any_of(option, NOT_TRAILERS) || NOT_OPTIONS_FROM.iter().any(begins) {
        return Err("it names a field that is for all recipients, which whoever is next would take out");
    }
    match fields.contains(option) {
        true => Ok(()),
        false => Err("it names an option that is not known here, and no field that the request has"),
    }
}

/// Whether a field of this name can be a trailer (RFC 9110 section 6.5.1).
///
/// Excluded are fields that a recipient needs before the content: for framing, routing and authentication, for modifying the
/// request, and for processing the content.
pub fn check_trailer_name(name: &str) -> Result<(), Reason> {
    check_name(name)?;
    if is_any_of(name, NOT_TRAILERS) {
        return Err("a field of this name cannot be a trailer");
    }
    Ok(())
}

/// tchar (RFC 9110 section 5.6.2). A table, because every byte of every name is looked up.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    #[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = is_tchar(byte as u8);
            byte += 1;
        }
        table
    };
    TABLE.get(usize::from(byte)).is_some_and(|is| *is)
}

const fn is_tchar(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'
    )
}

/// The bytes of a field's value or a reason phrase (RFC 9110 section 5.5): HTAB, SP, VCHAR and obs-text.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// The length of the longest prefix that can be in a field's value. It is checked eight bytes at a time, because most of a head
/// is values.
pub(crate) fn value_run(bytes: &[u8]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    let mut run = 0_usize;
    while let Some(word) = bytes.get(run..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        let is_del = word ^ (LOW * 0x7f);
        // The high bit of the first byte that is below SP, or DEL. What is marked after it may be wrong: a subtraction borrows.
        let below_space = word.wrapping_sub(LOW * 0x20) & !word;
        let del = is_del.wrapping_sub(LOW) & !is_del;
        let marked = (below_space | del) & HIGH;
        run = run.saturating_add((marked.trailing_zeros() / 8) as usize);
        if marked != 0 {
            // Of these, only HTAB can be in a value.
            if bytes.get(run) != Some(&b'\t') {
                return run;
            }
            run = run.saturating_add(1);
        }
    }
    let rest = bytes.get(run..).unwrap_or_default();
    run.saturating_add(rest.iter().position(|byte| !is_value_byte(*byte)).unwrap_or(rest.len()))
}

/// Without the whitespace (OWS) at either end.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The elements of the comma-separated list in one line: see [`Fields::elements`].
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    Elements { rest: value }
}

/// The elements of one line's list.
struct Elements<'a> {
    /// The rest of the line.
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = element_end(self.rest);
            let (element, rest) = self.rest.split_at_checked(end)?;
            // The rest begins with the comma, if there is one.
            self.rest = rest.get(1..).unwrap_or_default();
            let element = trim(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
}

/// Where the first element ends: at the first comma outside a quoted string (RFC 9110 section 5.6.4), or at the end.
fn element_end(list: &[u8]) -> usize {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let is_end = |byte: &u8| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' => return !is_quoted,
            _ => {}
        }
        false
    };
    list.iter().position(is_end).unwrap_or(list.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_value_bytes_ends_with_the_first_that_is_none() {
        for byte in 0..=255u8 {
            for place in 0..40 {
                let mut bytes = [b'x'; 40];
                bytes[place] = byte;
                let expected = if is_value_byte(byte) { 40 } else { place };
                assert_eq!(value_run(&bytes), expected, "{byte} at {place}");
            }
        }
        for length in 0..40 {
            assert_eq!(value_run(&vec![0xff; length]), length);
            assert_eq!(value_run(&vec![b'\t'; length]), length);
        }
        // In every pair of places, whatever is in the first.
        for [first, second] in [[b'\t', 0x7f], [b'\t', b'\r'], [0x80, 0x1f], [b' ', 0], [0xff, b'\n'], [b'~', 0x7f]] {
            for (one, other) in (0..40).flat_map(|other| (0..other).map(move |one| (one, other))) {
                let mut bytes = [b'x'; 40];
                (bytes[one], bytes[other]) = (first, second);
                assert_eq!(value_run(&bytes), other, "{first} at {one}, {second} at {other}");
            }
        }
    }

    fn fields(lines: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    fn elements(lines: &[&str]) -> Vec<String> {
        let mut all = Fields::default();
        for line in lines {
            all.push("List", *line);
        }
        let text = |element: &[u8]| String::from_utf8(element.to_vec()).unwrap();
        all.elements("list").map(text).collect()
    }

    #[test]
    fn an_option_names_nothing_that_is_for_others() {
        let mut fields =
            fields(&[("X-Hop", "a"), ("HTTP2-Settings", "b"), ("Content-Foo", "c"), ("X-Forwarded-For", "d")]);
        for name in NOT_OPTIONS.iter().chain(NOT_TRAILERS) {
            fields.push(*name, "a");
        }
        let check = |option: &str| check_connection_option(option.as_bytes(), &fields);
        for option in ["close", "Keep-Alive", "UPGRADE", "te", "x-hop", "HTTP2-settings"] {
            assert_eq!(check(option), Ok(()), "{option}");
        }
        for option in NOT_OPTIONS.iter().chain(NOT_TRAILERS).filter(|name| check_is_none_of_ours(name)) {
            for option in [option.to_string(), option.to_lowercase(), option.to_uppercase()] {
                assert!(check(&option).unwrap_err().contains("for all recipients"), "{option}");
            }
        }
        for option in
            ["Content-Foo", "x-forwarded-for", "Content-", "If-X", "Accept", "accept-encoding", "Sec-Fetch-Site"]
        {
            assert!(check(option).unwrap_err().contains("for all recipients"), "{option}");
        }
        for option in ["x-ho", "x-hop2", "x hop", "\"close\"", "clos", "closed", "\"x, content-length\"", "", "\0", "é"]
        {
            assert!(check(option).unwrap_err().contains("not known"), "{option}");
        }
    }

    fn check_is_none_of_ours(name: &str) -> bool {
        !["keep-alive", "te", "upgrade"].contains(&name.to_ascii_lowercase().as_str())
    }

    #[test]
    fn lines_keep_order_and_case_and_stay_apart() {
        let fields = fields(&[("b", "1"), ("A", "2"), ("B", "3")]);
        assert_eq!(fields.len(), 3);
        assert!(!fields.is_empty());
        let lines: Vec<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(lines, ["b", "A", "B"]);
        let values: Vec<_> = fields.iter().map(|field| field.value).collect();
        assert_eq!(values, [b"1", b"2", b"3"]);
    }

    #[test]
    fn lines_of_any_length_come_out_as_they_went_in() {
        let long = "x".repeat(1000);
        let lines = [("", ""), ("é", ""), ("", "v"), (&*long, "v"), ("n", &*long), ("a", "\u{2028}")];
        let fields = fields(&lines);
        let pairs: Vec<_> = lines.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        assert_eq!(fields.to_vec(), pairs);
        assert_eq!(fields.iter().collect::<Fields>(), fields);
        // The same text is not the same lines.
        assert_ne!(self::fields(&[("ab", "c")]), self::fields(&[("a", "c"), ("b", "")]));
    }

    #[test]
    fn lines_are_taken_out_by_a_condition() {
        let mut fields = fields(&[("a", "1"), ("b", "2"), ("A", "3"), ("c", "")]);
        fields.retain(|field| !field.name.eq_ignore_ascii_case("a"));
        assert_eq!(fields, self::fields(&[("b", "2"), ("c", "")]));
        fields.retain(|_| false);
        assert!(fields.is_empty());
    }

    #[test]
    fn names_have_no_case() {
        let fields = fields(&[("Set-Cookie", "a"), ("x", "y"), ("SET-cookie", "b")]);
        assert_eq!(fields.first("set-COOKIE"), Some(b"a".as_slice()));
        assert_eq!(fields.all("set-cookie").collect::<Vec<_>>(), [b"a", b"b"]);
        assert!(fields.contains("X"));
        assert!(!fields.contains("set-cooki"));
        assert!(!fields.contains("set-cookies"));
        assert_eq!(fields.first(""), None);
        // Only ASCII letters have a case here: U+212A KELVIN SIGN is not K.
        assert!(!fields.contains("set-coo\u{212a}ie"));
    }

    #[test]
    fn joining() {
        let fields = fields(&[("a", "1"), ("b", ""), ("A", "2, 3"), ("a", "")]);
        assert_eq!(fields.joined("a").unwrap(), b"1, 2, 3, ");
        assert_eq!(fields.joined("b").unwrap(), b"");
        assert_eq!(fields.joined("c"), None);
    }

    #[test]
    fn lists() {
        let table: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (&[""], &[]),
            (&[" \t"], &[]),
            (&[","], &[]),
            (&[" , ,\t, "], &[]),
            (&["a"], &["a"]),
            (&["a,b"], &["a", "b"]),
            (&[",a ,\tb c ,,"], &["a", "b c"]),
            (&["a", "b"], &["a", "b"]),
            (&["a,", ",b"], &["a", "b"]),
            (&[r#"a="x,y", b"#], &[r#"a="x,y""#, "b"]),
            (&[r#""\",", b"#], &[r#""\",""#, "b"]),
            (&[r#""\\", b"#], &[r#""\\""#, "b"]),
            // A backslash escapes in a quoted string only.
            (&[r"a\,b"], &[r"a\", "b"]),
            (&[r#"\"a,b", c"#], &[r#"\"a,b""#, "c"]),
            // A string that is not closed ends with its line.
            (&[r#"a, "b, c"#, "d"], &["a", r#""b, c"#, "d"]),
            (&[r#""a\"#, "b"], &[r#""a\"#, "b"]),
        ];
        for (lines, expected) in table {
            assert_eq!(elements(lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn elements_have_no_case_and_are_whole() {
        let fields = fields(&[("Connection", "x-close, close-x,, \"close\" , TE"), ("connection", " Keep-ALIVE ")]);
        assert!(fields.has_element("CONNECTION", "keep-alive"));
        assert!(fields.has_element("connection", "te"));
        assert!(!fields.has_element("connection", "close"));
        assert!(!fields.has_element("connection", ""));
        assert!(!fields.has_element("other", "te"));
    }

    #[test]
    fn every_byte_of_a_name() {
        for byte in 0..=u8::MAX {
            let is_token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_token_byte(byte), is_token, "{byte}");
            let name = format!("a{}b", char::from(byte));
            assert_eq!(check_name(&name).is_ok(), is_token, "{name:?}");
        }
        assert!(check_name("").is_err());
        assert!(check_name("a b").is_err());
        assert!(check_name("ａ").is_err());
    }

    #[test]
    fn every_byte_of_a_value() {
        for byte in 0..=u8::MAX {
            let is_value = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
            assert_eq!(is_value_byte(byte), is_value, "{byte}");
            for value in [&[byte][..], &[b'a', byte], &[byte, b'a'], &[b'a', byte, b'a']] {
                assert_eq!(check_value(value).is_ok(), is_value, "{byte}");
            }
        }
        assert_eq!(check_value(b""), Ok(()));
        assert_eq!(check_value(b" a "), Ok(()));
        assert_eq!(check_value("é".as_bytes()), Ok(()));
    }

    #[test]
    fn what_is_wrong_with_a_value_is_said() {
        let injected = check_value(b"a\r\nHost: evil").unwrap_err();
        assert!(injected.contains("line end"));
        assert!(check_value(b"\n").unwrap_err().contains("line end"));
        assert!(check_value(b"\0").unwrap_err().contains("NUL"));
        assert!(check_value(b"\x1b").unwrap_err().contains("control"));
    }

    #[test]
    fn fields_that_are_there_once() {
        for name in SINGLE {
            assert_eq!(check_name(name), Ok(()));
            assert!(is_single(name) && is_single(&name.to_ascii_uppercase()), "{name}");
        }
        for name in ["", "Accept", "Connection", "If-Match", "If-None-Match", "Expect", "TE", "Via", "X-Any"] {
            assert!(!is_single(name), "{name}");
        }
    }

    #[test]
    fn words_of_one_byte_and_another() {
        // Where eight bytes are looked at together, one must not hide another.
        for one in 0..=255 {
            for other in [one, b'\t', b' ', b'~', 0x7f, 0x80, 0xff] {
                for places in 0..=255_u8 {
                    let bytes: Vec<u8> =
                        (0..8).map(|place| if places >> place & 1 == 1 { other } else { one }).collect();
                    let expected = bytes.iter().position(|byte| !is_value_byte(*byte)).unwrap_or(8);
                    assert_eq!(value_run(&bytes), expected, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn a_few_fields_need_room_once() {
        let mut fields = Fields::default();
        fields.push("A", "b");
        let room = |fields: &Fields| (fields.bytes.capacity(), fields.lengths.capacity());
        let first = room(&fields);
        (1..12).for_each(|_| fields.push("A-name", "some value"));
        assert_eq!(room(&fields), first);
    }

    #[test]
    fn trailers() {
        for name in ["Digest", "Server-Timing", "X-Checksum", "Authentication-Info", "Content-MD5", "ETag"] {
            assert_eq!(check_trailer_name(name), Ok(()), "{name}");
        }
        for name in NOT_TRAILERS {
            assert!(check_trailer_name(name).is_err(), "{name}");
            assert!(check_trailer_name(&name.to_ascii_lowercase()).is_err(), "{name}");
            assert!(check_trailer_name(&name.to_ascii_uppercase()).is_err(), "{name}");
            assert_eq!(check_name(name), Ok(()));
        }
        for name in ["", "a b", "a:", "Host ", "\r\n"] {
            assert!(check_trailer_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn trimming_takes_spaces_and_tabs_alone() {
        assert_eq!(trim(b" \t a \t b \t "), b"a \t b");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b""), b"");
        assert_eq!(trim(b"\x0b\x0ca\xa0\r"), b"\x0b\x0ca\xa0\r");
    }
}
