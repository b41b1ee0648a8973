//! Responses of a session as responses of `wasi:http`.

use std::rc::Rc;

use wit_bindgen::rt::async_support::{FutureWriter, StreamWriter};

use super::bindings::wasi::http::types::{ErrorCode, Fields as HttpFields, HeaderError, Response, Trailers};
use super::bindings::{wit_future, wit_stream};
use super::errors;
use super::request::is_of_connection;
use crate::component::streams::{self, Control, Upload};
use crate::http::fields::Fields;
use crate::wasip3::{self, Exchange, Operation, Session, spawn};

/// How the content of a response has ended.
type Ended = Result<Option<Trailers>, ErrorCode>;

/// The response, whose content begins to move now.
pub(super) fn handle(
    session: Rc<Session>,
    exchange: Exchange,
    response: Rc<wasip3::Response>,
    upload: Upload,
) -> Result<Response, ErrorCode> {
    let head = response.head();
    let fields = without_connection(&head.fields)?;
    let is_empty = response.trailers().is_some_and(|trailers| trailers.is_empty());
    let answer = if is_empty {
        let (_, trailers) = wit_future::new(|| Ok(None));
        Response::new(fields, None, trailers).0
    } else {
        let (writer, content) = wit_stream::new();
        let (trailers_writer, trailers) = wit_future::new(|| Err(ErrorCode::HttpResponseIncomplete));
        spawn(serve(session, exchange, Rc::clone(&response), upload, writer, trailers_writer));
        Response::new(fields, Some(content), trailers).0
    };
    // The session has checked it.
    answer.set_status_code(head.status).map_err(|()| ErrorCode::HttpProtocolError)?;
    Ok(answer)
}

/// Moves the content, and then tells how it ended.
async fn serve(
    session: Rc<Session>,
    exchange: Exchange,
    response: Rc<wasip3::Response>,
    upload: Upload,
    writer: StreamWriter<u8>,
    trailers: FutureWriter<Ended>,
) {
    // A session that loses its place among the client's ends with its last holder, and not before.
    let _session = session;
    let ended = streams::pump(exchange, response, upload, writer, Rc::<Control>::default()).await;
    let said = match ended {
        Ok(fields) if fields.is_empty() => Ok(None),
        Ok(fields) => without_connection(&fields).map(Some),
        Err(error) => Err(errors::code(error)),
    };
    drop(Operation::new(trailers.write(said)).await);
}

/// These fields without those of the connection.
fn without_connection(fields: &Fields) -> Result<HttpFields, ErrorCode> {
    let kept: Vec<_> = fields
        .iter()
        // The length stays: it tells the program what comes.
        .filter(|field| field.name.eq_ignore_ascii_case("content-length") || !is_of_connection(field.name, fields))
        .map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()))
        .collect();
    match HttpFields::from_list(&kept) {
        Ok(fields) => Ok(fields),
        Err(HeaderError::SizeExceeded) => Err(ErrorCode::HttpResponseHeaderSectionSize(None)),
        // The host refuses some names, and which is not told: the others still go through.
        Err(_) => {
            let fields = HttpFields::new();
            for (name, value) in kept {
                if let Err(HeaderError::SizeExceeded) = fields.append(&name, &value) {
                    return Err(ErrorCode::HttpResponseHeaderSectionSize(None));
                }
            }
            Ok(fields)
        }
    }
}
