//! Takes out of a component the names that tools show of its insides: a fiftieth of it, and of no use when it runs.

use wasmparser::BinaryReader;

use crate::Result;

/// The component without the section of names. What it imports and exports keeps its names, which are elsewhere.
pub(crate) fn strip(component: &[u8]) -> Result<Vec<u8>> {
    let mut reader = BinaryReader::new(component, 0);
    let mut stripped = reader.read_bytes(PREAMBLE)?.to_vec();
    while !reader.eof() {
        let rest = reader.bytes_remaining();
        let (id, length) = (reader.read_u8()?, reader.read_var_u32()?);
        let content = reader.read_bytes(length as usize)?;
        let is_names = id == CUSTOM && BinaryReader::new(content, 0).read_string()? == "component-name";
        if !is_names {
            stripped.extend_from_slice(&component[component.len() - rest..component.len() - reader.bytes_remaining()]);
        }
    }
    Ok(stripped)
}

/// Bytes before the first section.
const PREAMBLE: usize = 8;

/// What a custom section begins with.
const CUSTOM: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_go() {
        let custom = |name: &str| [&[0, name.len() as u8 + 2, name.len() as u8], name.as_bytes(), b"x"].concat();
        let preamble = b"\0asm\x0d\0\x01\0";
        let (names, other) = (custom("component-name"), custom("producers"));
        let component = [preamble, &other[..], &names, &other].concat();
        assert_eq!(strip(&component).unwrap(), [preamble, &other[..], &other].concat());
        assert!(strip(&component[..component.len() - 1]).is_err());
    }
}
