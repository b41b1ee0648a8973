//! What a server got wrong, from the parsers' words to an error for the caller.

use crate::error::{Code, Error, Phase};
use crate::h1::chunked::ChunkError;
use crate::h1::field_lines::HeadError;
use crate::h1::framing::FramingError;

/// A head that cannot be read.
pub(super) fn head_error(error: HeadError) -> Error {
    let (code, detail) = match error {
        HeadError::NotHttp(what) => (Code::Protocol, what),
        HeadError::Malformed(what) => (Code::Protocol, format!("the response's head is malformed: {what}")),
        HeadError::LineTooLong => {
            (Code::ResponseLineTooLong, "a line of the response's head is longer than allowed".into())
        }
        HeadError::TooManyLines => {
            (Code::ResponseHeadTooLarge, "the response's head has more field lines than allowed".into())
        }
        HeadError::TooLarge => (Code::ResponseHeadTooLarge, "the response's head is larger than allowed".into()),
    };
    Error::new(Phase::Head, code, detail)
}

/// A head that does not say where its content ends.
pub(super) fn framing_error(error: FramingError) -> Error {
    let (code, detail) = match error {
        FramingError::Length(what) => (Code::Protocol, format!("the response's Content-Length is wrong: {what}")),
        FramingError::Coding(what) => {
            (Code::ResponseTransferCoding, format!("the response's Transfer-Encoding is wrong: {what}"))
        }
    };
    Error::new(Phase::Head, code, detail)
}

/// Chunked content that cannot be read.
pub(super) fn chunk_error(error: ChunkError) -> Error {
    let (code, detail) = match error {
        ChunkError::Size(what) => (Code::ResponseTransferCoding, format!("a chunk's size is wrong: {what}")),
        ChunkError::Terminator(what) => {
            (Code::ResponseTransferCoding, format!("a chunk does not end where its size says: {what}"))
        }
        ChunkError::LineTooLong => (Code::ResponseTransferCoding, "a chunk's size line is longer than allowed".into()),
        ChunkError::Trailers(HeadError::TooLarge | HeadError::TooManyLines) => {
            (Code::ResponseTrailersTooLarge, "the response's trailers are larger than allowed".into())
        }
        ChunkError::Trailers(HeadError::LineTooLong) => {
            (Code::ResponseLineTooLong, "a line of the response's trailers is longer than allowed".into())
        }
        ChunkError::Trailers(HeadError::Malformed(what) | HeadError::NotHttp(what)) => {
            (Code::Protocol, format!("the response's trailers are malformed: {what}"))
        }
    };
    Error::new(Phase::Body, code, detail)
}
