//! DEFLATE and gzip as their RFCs describe them, bit by bit: nothing is fast, and nothing is kept between calls.

/// The most bytes that are decoded.
pub(crate) const MOST: usize = 1 << 16;

/// What members of gzip decode to, if that is all there is.
pub(crate) fn gzip(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let rest = bytes.get(header(bytes)?..)?;
        let (content, used) = inflate(rest)?;
        let (end, after) = rest.get(used..)?.split_first_chunk::<8>()?;
        let expected = [crc32(&content).to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
        if *end != *expected {
            return None;
        }
        all.extend(content);
        bytes = after;
    }
    Some(all)
}

/// How long the header of a member is.
fn header(bytes: &[u8]) -> Option<usize> {
    let flags = match bytes {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, ..] if flags & 0xe0 == 0 => flags,
        _ => return None,
    };
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    if flags & 2 != 0 {
        let expected = crc32(bytes.get(..at)?) as u16;
        if bytes.get(at..at + 2)? != expected.to_le_bytes() {
            return None;
        }
        at += 2;
    }
    Some(at)
}

/// What the coding `deflate` decodes to, if that is all there is.
pub(crate) fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_zlib = matches!(bytes, [first @ (0x08 | 0x18 | 0x28 | 0x38 | 0x48 | 0x58 | 0x68 | 0x78), second, ..]
        if (u32::from(*first) * 256 + u32::from(*second)) % 31 == 0);
    if !is_zlib {
        return inflate(bytes).filter(|(_, used)| *used == bytes.len()).map(|(content, _)| content);
    }
    let (content, used) = inflate(&bytes[2..]).filter(|_| bytes[1] & 0x20 == 0)?;
    let checksum = bytes[2 + used..].first_chunk::<4>().filter(|_| bytes.len() == used + 6)?;
    // Built for libFuzzer, `miniz_oxide` does not verify it.
    (*checksum == adler32(&content).to_be_bytes() || cfg!(fuzzing)).then_some(content)
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xedb8_8320 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn adler32(bytes: &[u8]) -> u32 {
    let add = |(a, b), byte: &u8| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    };
    let (a, b) = bytes.iter().fold((1, 0), add);
    b << 16 | a
}

/// What a stream of DEFLATE decodes to (RFC 1951), and how many bytes it has.
pub(crate) fn inflate(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut bits = Bits { bytes, at: 0 };
    let mut content = Vec::new();
    loop {
        let is_last = bits.number(1)? == 1;
        match bits.number(2)? {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let (length, complement) = (bits.number(16)?, bits.number(16)?);
                if length ^ complement != 0xffff {
                    return None;
                }
                for _ in 0..length {
                    content.push(bits.number(8)? as u8);
                }
            }
            1 => {
                let literals = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
                block(&mut bits, &Codes::new(&literals)?, &Codes::new(&[5; 32])?, &mut content)?;
            }
            2 => {
                let (literals, distances) = codes(&mut bits)?;
                block(&mut bits, &literals, &distances, &mut content)?;
            }
            _ => return None,
        }
        if content.len() > MOST {
            return None;
        }
        if is_last {
            return Some((content, bits.at.div_ceil(8)));
        }
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn number(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for place in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(number)
    }
}

/// Codes of Huffman, by length and then by value.
struct Codes(Vec<(u32, u32, usize)>);

impl Codes {
    /// `None` if there are more codes than there can be, or fewer: but for a single one, of one bit.
    fn new(lengths: &[u32]) -> Option<Self> {
        let mut codes = Vec::new();
        let mut next = 0;
        for length in 1..16 {
            next <<= 1;
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, other)| **other == length) {
                codes.push((length, next, symbol));
                next += 1;
            }
            if next > 1 << length {
                return None;
            }
        }
        let is_complete = next == 1 << 15 || codes.len() < 2 && codes.iter().all(|code| code.0 == 1);
        is_complete.then_some(Self(codes))
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let mut value = 0;
        for length in 1..16 {
            value = value << 1 | bits.number(1)?;
            if let Some(code) = self.0.iter().find(|code| code.0 == length && code.1 == value) {
                return Some(code.2);
            }
        }
        None
    }
}

/// The codes of a block that has its own.
fn codes(bits: &mut Bits<'_>) -> Option<(Codes, Codes)> {
    let (literals, distances) = (bits.number(5)? as usize + 257, bits.number(5)? as usize + 1);
    let mut lengths = [0; 19];
    let count = bits.number(4)? as usize + 4;
    for place in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].into_iter().take(count) {
        lengths[place] = bits.number(3)?;
    }
    let codes = Codes::new(&lengths)?;
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match codes.symbol(bits)? {
            16 => (*lengths.last()?, bits.number(2)? + 3),
            17 => (0, bits.number(3)? + 3),
            18 => (0, bits.number(7)? + 11),
            length => (length as u32, 1),
        };
        lengths.extend((0..times).map(|_| length));
    }
    if lengths.len() > literals + distances || lengths[256] == 0 || literals > 286 {
        return None;
    }
    Some((Codes::new(&lengths[..literals])?, Codes::new(&lengths[literals..])?))
}

fn block(bits: &mut Bits<'_>, literals: &Codes, distances: &Codes, content: &mut Vec<u8>) -> Option<()> {
    while content.len() <= MOST {
        let symbol = literals.symbol(bits)?;
        let (length, extra) = match symbol {
            0..=255 => {
                content.push(symbol as u8);
                continue;
            }
            256 => return Some(()),
            257..=264 => (symbol - 254, 0),
            265..=284 => {
                let extra = (symbol - 261) / 4;
                (((4 + (symbol - 265) % 4) << extra) + 3, extra)
            }
            285 => (258, 0),
            _ => return None,
        };
        let length = length + bits.number(extra as u32)? as usize;
        let symbol = distances.symbol(bits)?;
        let (distance, extra) = match symbol {
            0..=3 => (symbol + 1, 0),
            4..=29 => {
                let extra = symbol / 2 - 1;
                (((2 + symbol % 2) << extra) + 1, extra)
            }
            _ => return None,
        };
        let distance = distance + bits.number(extra as u32)? as usize;
        for _ in 0..length {
            content.push(*content.get(content.len().checked_sub(distance)?)?);
        }
    }
    Some(())
}
