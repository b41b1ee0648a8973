//! Field lines, in a head and as trailers, and what is looked up in them: the same as a naive reading.

use xenon::h1::chunked::Decoder;
use xenon::h1::field_lines::Bounds;
use xenon::h1::response_head::HeadReader;
use xenon::http::fields::{Fields, check_name, check_trailer_name, check_value};

use crate::chunked::lines;
use crate::naive::{self, Lines};

const WIDE: Bounds = Bounds { lines: usize::MAX, line_length: usize::MAX, length: usize::MAX };
const STATUS_LINE: &[u8] = b"HTTP/1.1 200 OK\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n";

/// Input: field lines, the empty line, anything.
pub fn check(input: &[u8]) {
    let expected = naive::field_lines(input);
    assert_eq!(in_a_head(input), expected);
    assert_eq!(as_trailers(input), expected);
    check_sendable(input);
    if let Some((expected, _)) = expected {
        let mut fields = Fields::default();
        for (name, value) in &expected {
            fields.push(name, value.as_slice());
        }
        for (index, (name, _)) in expected.iter().enumerate().take(8) {
            let other_case: String = name
                .chars()
                .map(|char| if index % 2 == 0 { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() })
                .collect();
            check_lookups(&fields, &expected, &other_case);
        }
        check_lookups(&fields, &expected, "Connection");
        check_lookups(&fields, &expected, "");
    }
}

fn in_a_head(input: &[u8]) -> Option<(Lines, usize)> {
    let bytes = [STATUS_LINE, input].concat();
    let (head, used) = HeadReader::new(WIDE).read(&bytes).ok()??;
    assert_eq!((head.status, head.reason.as_str()), (200, "OK"));
    Some((lines(head.fields), used - STATUS_LINE.len()))
}

fn as_trailers(input: &[u8]) -> Option<(Lines, usize)> {
    let bytes = [LAST_CHUNK, input].concat();
    let mut decoder = Decoder::new(WIDE);
    let decoded = decoder.decode(&bytes, usize::MAX).ok()?;
    assert_eq!(decoded.take, 0);
    decoded.is_end.then(|| (lines(decoder.into_trailers()), decoded.skip - LAST_CHUNK.len()))
}

fn check_lookups(fields: &Fields, lines: &Lines, name: &str) {
    let lower = name.to_lowercase();
    let named: Vec<&[u8]> =
        lines.iter().filter(|(other, _)| other.to_lowercase() == lower).map(|(_, value)| value.as_slice()).collect();
    assert_eq!(fields.all(name).collect::<Vec<_>>(), named);
    assert_eq!(fields.first(name), named.first().copied());
    assert_eq!(fields.contains(name), !named.is_empty());
    assert_eq!(fields.joined(name), (!named.is_empty()).then(|| named.join(b", ".as_slice())));

    let elements: Vec<&[u8]> = fields.elements(name).collect();
    for element in &elements {
        assert!(!element.is_empty() && naive::value(element).as_deref() == Some(*element), "trimmed, and not empty");
        if let Ok(text) = std::str::from_utf8(element) {
            assert!(fields.has_element(name, text) && fields.has_element(name, &text.to_ascii_uppercase()));
        }
    }
    assert_eq!(elements, named.iter().flat_map(|value| naive::elements(value)).collect::<Vec<_>>());
}

/// What may be sent is what would be read as the same again.
fn check_sendable(input: &[u8]) {
    let name = String::from_utf8_lossy(input.split(|byte| *byte == b':').next().unwrap_or_default());
    assert_eq!(check_name(&name).is_ok(), naive::token(name.as_bytes()).is_some());
    assert!(check_name(&name).is_ok() || check_trailer_name(&name).is_err());
    assert_eq!(check_value(input).is_ok(), naive::value(input).is_some());
    if check_value(input).is_ok() {
        let line = [b"Name:".as_slice(), input, b"\r\n\r\n"].concat();
        let value = naive::value(input).unwrap_or_default();
        assert_eq!(in_a_head(&line), Some((vec![("Name".into(), value)], line.len())));
    }
}
