//! One exchange through the face over WASI 0.2.

use xenon_harness::component::{Error, Exchange, Guest, Response, Version};

use crate::client::{Actual, Runner, Stop};
use crate::format::{Field, Outcome, Request, Writing};
use crate::names::is_named;
use crate::server::Until;

/// Whether the caller of this face hears why content cannot be written.
pub(crate) const TELLS_ERRORS_OF_WRITING: bool = true;

/// How much content is read at once, at most.
const READ: usize = 1 << 16;

/// Nothing runs in an instance over WASI 0.2 but what is called.
pub(crate) fn let_run(_: &Guest) {}

/// Runs it.
pub(crate) fn run(runner: &mut Runner, request: &Request, outcome: &Outcome, actual: &mut Actual) -> Result<(), Stop> {
    let described = runner.session.request(&request.method, &request.target);
    for (name, value) in &request.fields {
        described.add_field_bytes(name, value)?;
    }
    if let Some(content) = &request.content {
        described.set_content(content);
    }
    if let Some(length) = request.stream {
        described.set_streamed_content(length);
    }
    if let Some(idempotent) = request.is_idempotent {
        described.set_idempotent(idempotent);
    }
    described.set_expect_continue(request.expects);
    if request.is_old {
        described.set_version(Version::Http10)?;
    }
    let exchange = described.start()?;
    for writing in &request.writing {
        if let Err(error) = write(&exchange, writing, &request.trailers) {
            let is_over = !is_named(&error.code, "HTTP-request-body-size");
            actual.write_error.get_or_insert(error);
            if is_over {
                break;
            }
        }
        runner.settle(Until::Reacted)?;
    }
    let response = match request.stream {
        None => exchange.response(),
        Some(_) => response(&runner.guest, &exchange)?,
    };
    actual.interims = match &response {
        Ok(response) => response.interim_responses(),
        Err(_) => exchange.interim_responses(),
    };
    let response = actual.response.insert(response?);
    for writing in &request.after {
        write(&exchange, writing, &[])?;
    }
    let most = if outcome.is_unread { outcome.content.len() } else { usize::MAX };
    while actual.content.len() < most {
        let Some(piece) = response.read(READ.min(most - actual.content.len()) as u32)? else {
            break;
        };
        actual.content.extend(piece);
    }
    actual.trailers = response.trailers().unwrap_or_default();
    if outcome.is_unread {
        runner.settle(Until::Reacted)?;
    }
    Ok(())
}

/// Waits for the response without blocking functions, which refuse to wait while content is not finished.
fn response(guest: &Guest, exchange: &Exchange) -> Result<Result<Response, Error>, String> {
    for _ in 0..1000 {
        if let Some(response) = exchange.try_response().transpose() {
            return Ok(response);
        }
        guest.wait_any(&[exchange], &[], &[], None);
    }
    Err("the exchange is ready again and again, and there is no response".into())
}

fn write(exchange: &Exchange, writing: &Writing, trailers: &[Field]) -> Result<(), Error> {
    match writing {
        Writing::Write(content) => exchange.write(content),
        Writing::Finish => exchange.finish(&trailers.to_vec()),
    }
}
