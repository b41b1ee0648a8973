//! ureq-proto as a client of a case. It is a machine without I/O, and this drives it as its caller must.
//!
//! The machine never hears of the connection's end: its documentation leaves it to the caller to know that only content
//! that is delimited by it is complete then.

use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult, state};
use ureq_proto::http::{HeaderMap, Request};

use super::answer::{Accepted, Ending, Fields, Heard};
use super::cases::{CONTENT, Case, Method};

pub(crate) fn hear(case: &Case, ending: Ending) -> Heard {
    match try_hear(case, ending) {
        Ok(Some(accepted)) => accepted.into(),
        Ok(None) => Heard::Waiting,
        Err(error) => Heard::refused(error),
    }
}

fn try_hear(case: &Case, ending: Ending) -> Result<Option<Accepted>, ureq_proto::Error> {
    let mut call = send(case)?;
    let mut rest = case.bytes.as_slice();
    let head = loop {
        match call.try_response(rest, false)? {
            (used, Some(head)) => {
                rest = &rest[used..];
                break head;
            }
            (0, None) => return Ok(None),
            // An interim response.
            (used, None) => rest = &rest[used..],
        }
    };
    let status = head.status().as_u16();
    let mut content = Vec::new();
    let must_close = match call.proceed().expect("there is a head") {
        RecvResponseResult::RecvBody(mut call) => {
            let mut room = vec![0; 64 * 1024];
            loop {
                let (used, read) = call.read(rest, &mut room)?;
                rest = &rest[used..];
                content.extend_from_slice(&room[..read]);
                if (used, read) == (0, 0) {
                    break;
                }
            }
            let is_to_end = call.body_mode() == ureq_proto::BodyMode::CloseDelimited;
            if !call.can_proceed() || (is_to_end && ending == Ending::Open) {
                return Ok(None);
            }
            match call.proceed().expect("it said so") {
                RecvBodyResult::Redirect(call) => call.must_close_connection(),
                RecvBodyResult::Cleanup(call) => call.must_close_connection(),
            }
        }
        RecvResponseResult::Redirect(call) => call.must_close_connection(),
        RecvResponseResult::Cleanup(call) => call.must_close_connection(),
    };
    if status == 101 || (case.method == Method::Connect && head.status().is_success()) {
        // What comes then is the other protocol's, to the end.
        if ending == Ending::Open {
            return Ok(None);
        }
        content = std::mem::take(&mut rest).to_vec();
    }
    // It does not look at bytes beyond the response; its caller has them.
    let is_reusable = if rest.is_empty() { Some(!must_close && ending == Ending::Open) } else { None };
    Ok(Some(Accepted { status, fields: fields(head.headers()), content, trailers: None, is_reusable }))
}

/// Sends the request to nobody.
fn send(case: &Case) -> Result<Call<state::RecvResponse>, ureq_proto::Error> {
    let mut request = Request::builder().method(case.method.name()).uri("http://origin.test/");
    if case.method == Method::Post {
        request = request.header("content-length", CONTENT.len());
    }
    if case.wants_upgrade {
        request = request.header("connection", "upgrade").header("upgrade", "other");
    }
    let mut call = Call::new(request.body(()).expect("it is a request"))?.proceed();
    let mut room = vec![0; 4096];
    call.write(&mut room)?;
    match call.proceed()?.expect("all of the head was written") {
        SendRequestResult::RecvResponse(call) => Ok(call),
        SendRequestResult::SendBody(mut call) => {
            call.write(CONTENT.as_bytes(), &mut room)?;
            Ok(call.proceed().expect("all of the content was written"))
        }
        SendRequestResult::Await100(_) => unreachable!("nothing is expected"),
    }
}

fn fields(map: &HeaderMap) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in map {
        fields.push(name.as_str(), value.as_bytes());
    }
    fields
}
