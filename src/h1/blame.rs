//! The caller's errors for what a server got wrong.

use crate::error::{Code, Error, Phase};
use crate::h1::chunked::ChunkError;
use crate::h1::field_lines::HeadError;
use crate::h1::framing::FramingError;

/// A malformed head.
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

/// A head whose content has no determinable end.
pub(super) fn framing_error(error: FramingError) -> Error {
    let (code, detail) = match error {
        FramingError::Length(what) => (Code::Protocol, format!("the response's Content-Length is wrong: {what}")),
        FramingError::Coding(what) => {
            (Code::ResponseTransferCoding, format!("the response's Transfer-Encoding is wrong: {what}"))
        }
    };
    Error::new(Phase::Head, code, detail)
}

/// Malformed chunked content.
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

/// A connection that ended within a head.
#[cold]
pub(super) fn cut_in_head() -> Error {
    let detail = "the server closed the connection before its response was complete";
    Error::new(Phase::Head, Code::ConnectionTerminated, detail)
}

/// A connection that ended this many bytes before the end of the content.
#[cold]
pub(super) fn cut_in_content(left: u64) -> Error {
    let detail = format!("the connection ended {left} bytes before the content's end");
    Error::new(Phase::Body, Code::ResponseIncomplete, detail)
}

/// A connection that ended within chunked content.
#[cold]
pub(super) fn cut_in_chunks() -> Error {
    let detail = "the connection ended before the last chunk of the content";
    Error::new(Phase::Body, Code::ResponseIncomplete, detail)
}

/// An invalid switch of protocols.
#[cold]
pub(super) fn switched(detail: &str) -> Error {
    Error::new(Phase::Head, Code::UpgradeFailed, detail)
}

/// More interim responses than these.
#[cold]
pub(super) fn too_many_interims(most: usize) -> Error {
    let detail = format!("the server sent more than {most} interim responses");
    Error::new(Phase::Head, Code::InterimResponseLimit, detail)
}
