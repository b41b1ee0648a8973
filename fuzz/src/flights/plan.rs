//! What happens to a connection: read from an input, whatever it is.

use xenon::net::sim::Segments;

use crate::split;

/// All that an input decides.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) is_tls12: bool,
    /// Whether the engine below is tried alone, or a whole session.
    pub(super) is_engine_alone: bool,
    /// Session tickets that the server sends after a handshake of TLS 1.3.
    pub(super) tickets: usize,
    /// Whether the server ends each response with its farewell, and closes.
    pub(super) has_farewell: bool,
    pub(super) length: usize,
    pub(super) segments: Segments,
    pub(super) place: Place,
    pub(super) act: Act,
}

/// Where the act happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// After so many bytes that the server has said.
    Byte(usize),
    /// After so many flights of the server's: before its first, after it, after its tickets, its response...
    Flight(usize),
}

/// What is done to what the server says.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Nothing,
    /// These bytes come, then the end.
    Replace(Vec<u8>),
    /// These bytes come between.
    Insert(Vec<u8>),
    /// The next byte is changed.
    Flip(u8),
    /// So many bytes are lost.
    Lose(usize),
    /// The last bytes come again.
    Repeat(usize),
    /// The end comes.
    Cut,
    /// Records under the connection's keys, each with a type and a payload; once the handshake is done.
    Forge(Vec<(u8, Vec<u8>)>),
}

impl Plan {
    pub(super) fn read(input: &[u8]) -> Self {
        let ([flags, act, high, low, count, shape], rest) = split::<6>(input);
        let place = match (flags & 1 != 0, u16::from_be_bytes([high, low])) {
            (true, at) => Place::Flight(usize::from(at % 6)),
            (false, at) => Place::Byte(usize::from(at % MOST_BYTES)),
        };
        Self {
            is_tls12: flags & 2 != 0,
            is_engine_alone: flags & 4 != 0,
            has_farewell: flags & 8 != 0,
            tickets: usize::from(flags >> 4 & 3),
            length: LENGTHS[usize::from(shape % 8) % LENGTHS.len()],
            segments: match shape >> 6 {
                0 => Segments::Whole,
                1 => Segments::Random(u64::from(count)),
                2 => Segments::At(vec![u64::from(count), u64::from(high), u64::from(low) * 8]),
                _ => Segments::Whole,
            },
            place,
            act: match act % 8 {
                0 => Act::Nothing,
                1 => Act::Replace(rest.to_vec()),
                2 => Act::Insert(rest.to_vec()),
                3 => Act::Flip(count.max(1)),
                4 => Act::Lose(usize::from(count)),
                5 => Act::Repeat(usize::from(count)),
                6 => Act::Cut,
                _ => Act::Forge(records(rest)),
            },
        }
    }

    /// Whether the server itself may say, under the connection's keys, what no server of rustls's would.
    pub(super) fn is_forged(&self) -> bool {
        matches!(self.act, Act::Forge(_))
    }
}

/// Bytes into what the server says at which something can happen: a handshake, tickets, and more.
const MOST_BYTES: u16 = 4096;

/// Lengths of content: none, little, more than a record, more than is read at once.
const LENGTHS: [usize; 5] = [0, 2, 300, 20_000, 70_000];

/// Records: a type, a length, and so many bytes.
fn records(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut records = Vec::new();
    while let ([kind, length], rest) = split::<2>(bytes)
        && !bytes.is_empty()
    {
        let (payload, rest) = rest.split_at(rest.len().min(length.into()));
        // Mostly those that there are: 20 to 24.
        let kind = if kind < 0xf0 { 20 + kind % 5 } else { kind };
        records.push((kind, payload.to_vec()));
        bytes = rest;
    }
    records
}
