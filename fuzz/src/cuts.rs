//! Bytes cut into pieces, as a network does it. Deterministic: the same cut, the same pieces.

/// How bytes are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Not at all.
    Whole,
    /// Into single bytes.
    Bytes,
    /// Into pieces of 1 to 64 bytes, most of them short, chosen by this number.
    Random(u8),
}

/// The pieces of these bytes, none of them empty.
pub(crate) fn pieces(bytes: &[u8], cut: Cut) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let mut number = match cut {
        Cut::Random(seed) => u32::from(seed),
        Cut::Whole | Cut::Bytes => 0,
    };
    std::iter::from_fn(move || {
        let length = match cut {
            Cut::Whole => rest.len(),
            Cut::Bytes => 1,
            Cut::Random(_) => {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                1 + (((number >> 8) % 64) & ((number >> 16) % 64)) as usize
            }
        };
        let (piece, left) = rest.split_at(length.min(rest.len()));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}
