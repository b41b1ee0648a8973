//! The same messages read in the plainest way there is, from whole bytes and with no care for speed, to compare with.
//!
//! It says what complete, correct bytes mean. All else is none: it does not tell what is wrong from what is not finished.

/// Field lines, in order: names, and values without the whitespace around them.
pub(crate) type Lines = Vec<(String, Vec<u8>)>;

/// Field lines up to and with the empty line (RFC 9112 section 5), and how many bytes that is.
pub(crate) fn field_lines(bytes: &[u8]) -> Option<(Lines, usize)> {
    let mut lines: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        if matches!(line[0], b' ' | b'\t') {
            // A fold: one more part of the last line's value.
            lines.last_mut()?.1.push(value(line)?);
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        lines.push((token(&line[..colon])?, vec![value(&line[colon + 1..])?]));
    }
    let join = |parts: Vec<Vec<u8>>| parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&b' ');
    let lines = lines.into_iter().map(|(name, parts)| (name, join(parts))).collect();
    Some((lines, bytes.len() - rest.len()))
}

/// Chunked content, its trailers, and how many bytes that is (RFC 9112 section 7.1).
pub(crate) fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, Lines, usize)> {
    let mut content = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = &rest[..end];
        rest = &rest[end + 2..];
        let size = usize::try_from(chunk_size(line)?).ok()?;
        if size == 0 {
            let (trailers, used) = field_lines(rest)?;
            return Some((content, trailers, bytes.len() - rest.len() + used));
        }
        content.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// `1a2b ;extension`, without the line end.
fn chunk_size(line: &[u8]) -> Option<u64> {
    if line.len() > xenon::limits::CHUNK_LINE_LENGTH || line.contains(&b'\r') || line.contains(&b'\n') {
        return None;
    }
    let before_extension = line.split(|byte| *byte == b';').next()?;
    let text = std::str::from_utf8(before_extension).ok()?.trim_end_matches([' ', '\t']);
    // `from_str_radix` takes a sign.
    if text.starts_with('+') {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

/// The elements of a list on one line (RFC 9110 section 5.6.1): no comma in a quoted string ends one.
pub(crate) fn elements(line: &[u8]) -> Vec<Vec<u8>> {
    let mut elements = vec![Vec::new()];
    let mut rest = line.iter();
    let mut is_quoted = false;
    while let Some(byte) = rest.next() {
        if *byte == b',' && !is_quoted {
            elements.push(Vec::new());
            continue;
        }
        is_quoted ^= *byte == b'"';
        let element = elements.last_mut().expect("there is one at least");
        element.push(*byte);
        if *byte == b'\\' && is_quoted {
            element.extend(rest.next());
        }
    }
    elements.iter().filter_map(|element| value(element)).filter(|element| !element.is_empty()).collect()
}

/// A token (RFC 9110 section 5.6.2), as text.
pub(crate) fn token(bytes: &[u8]) -> Option<String> {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    (!bytes.is_empty() && bytes.iter().all(is_tchar)).then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// What of a line can be a value (RFC 9110 section 5.5), without the whitespace around it.
pub(crate) fn value(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
        return None;
    }
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    match (bytes.iter().position(is_text), bytes.iter().rposition(is_text)) {
        (Some(first), Some(last)) => Some(bytes[first..=last].to_vec()),
        _ => Some(Vec::new()),
    }
}
