//! The content codings of a response, decoded as the caller reads.

use crate::buffer::Buffer;
use crate::coding::{Coding, Decoder, Failure, Step, codings};
use crate::error::{Code, Error, Phase};
use crate::http::fields::Fields;

/// Decodes the content of one response.
#[derive(Debug)]
pub(crate) struct Decoding {
    codings: Vec<Coding>,
    /// The decoder. If the codings are not supported, the first read reports that.
    decoder: Result<Decoder, Failure>,
    /// Received content that was not decoded yet.
    received: Buffer,
    /// Bytes decoded so far, and how many are allowed.
    decoded: u64,
    limit: u64,
}

/// What the received content amounts to.
pub(super) enum Decoded {
    /// A piece of decoded content.
    Piece(Vec<u8>),
    /// Nothing: more content is needed.
    NeedMore,
}

impl Decoding {
    /// The decoding for content with these fields. `None` if it has no coding.
    pub(super) fn new(fields: &Fields, limit: u64) -> Option<Box<Self>> {
        let (codings, decoder) = match codings(fields).and_then(|codings| Ok((Decoder::new(&codings)?, codings))) {
            Ok((None, _)) => return None,
            Ok((Some(decoder), codings)) => (codings, Ok(decoder)),
            Err(failure) => (Vec::new(), Err(failure)),
        };
        Some(Box::new(Self { codings, decoder, received: Buffer::default(), decoded: 0, limit }))
    }

    /// The names of the codings, in the order in which they were applied. Empty if they are not supported.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.codings.iter().map(|coding| coding.name()).collect()
    }

    /// Adds received content.
    pub(super) fn push(&mut self, piece: Vec<u8>) {
        self.received.push(piece);
    }

    /// The next piece of decoded content, of at most `max` bytes.
    pub(super) fn next(&mut self, max: usize) -> Result<Decoded, Error> {
        let decoder = self.decoder.as_mut().map_err(|failure| error(failure))?;
        loop {
            match decoder.decode(&mut self.received, max).map_err(|failure| error(&failure))? {
                Step::NeedMore => return Ok(Decoded::NeedMore),
                Step::Again => {}
                Step::Piece(piece) => {
                    self.decoded = self.decoded.saturating_add(piece.len() as u64);
                    if self.decoded > self.limit {
                        let detail = format!("the content decodes to more than {} bytes", self.limit);
                        return Err(Error::new(Phase::Body, Code::ResponseContentTooLarge, detail));
                    }
                    return Ok(Decoded::Piece(piece));
                }
            }
        }
    }

    /// Checks that the coded data is complete. All received content was decoded, and no more will come.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let decoder = self.decoder.as_mut().map_err(|failure| error(failure))?;
        decoder.finish().map_err(|failure| error(&failure))
    }
}

fn error(failure: &Failure) -> Error {
    Error::new(Phase::Body, Code::ContentCoding, failure.to_string())
}
