//! Content as 64-bit words, which hosts copy faster than bytes.

use super::bindings::exports::xenon::http::session::Words;

/// These bytes as words. The last word is padded with zeros.
pub(super) fn words(bytes: &[u8]) -> Words {
    let (whole, rest) = bytes.as_chunks::<8>();
    let mut words = Vec::with_capacity(bytes.len().div_ceil(8));
    words.extend(whole.iter().map(|word| u64::from_le_bytes(*word)));
    if !rest.is_empty() {
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        words.push(u64::from_le_bytes(last));
    }
    // A piece is never that long.
    Words { words, length: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
}
