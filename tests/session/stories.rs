//! Stories of a session and its peers, for tests that make them go wrong: what is done, in which world.
//!
//! Each goes well by itself. On a second connection, a peer accepts whatever it accepts on the first.

mod connections;
mod exchanges;

use std::time::Duration;

use xenon::error::{Code, Error};
use xenon::http::fields::Fields;
use xenon::net::sim::{Script, SimNet};

use crate::support::*;

/// Requests of a session, and their outcomes in the order of the story.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) arrange: fn(&SimNet),
    pub(crate) run: fn(&SimNet, &Session) -> Vec<Outcome>,
}

/// `hello, hello, hello` in gzip.
pub(crate) const HELLO_GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9\xd7Q\xc8@\xa2\x00\x9f\xa1\xca\x09\x13\x00\x00\x00";

pub(crate) type Outcome = Result<String, Error>;

/// The longest delay that one failure can cause: no `100 Continue`, and then no first byte.
pub(crate) const LONGEST: Duration = Duration::from_secs(61);

pub(crate) fn stories() -> impl Iterator<Item = &'static Story> {
    exchanges::STORIES.iter().chain(connections::STORIES)
}

/// A listener whose connections all have this script, and then answer further requests.
fn serve(net: &SimNet, script: Script) {
    let and_on = |script: Script| (0..9).fold(script, |script, _| script.expect_head().send(ok("ok")));
    net.listen(at(PEER), (0..9).map(|_| and_on(script.clone())));
}

/// The first connection has this script. Later ones only answer requests.
fn serve_first(net: &SimNet, script: Script) {
    net.listen(at(PEER), [script]);
    net.listen(at(PEER), (0..9).map(|_| answers(9)));
}

/// Writes all of this and ends it. Returns the response, which may have arrived before that.
fn upload(net: &SimNet, exchange: &Exchange, pieces: &[&str], trailers: &[(&str, &str)]) -> Outcome {
    let mut fields = Fields::default();
    for (name, value) in trailers {
        fields.push(*name, *value);
    }
    let written = pieces.iter().try_for_each(|piece| write(net, exchange, piece.as_bytes()));
    match written.and_then(|()| exchange.finish(fields)) {
        Err(error) if error.code != Code::EarlyResponse => Err(error),
        _ => finish(net, exchange),
    }
}

fn put(session: &Session, content: impl Into<Vec<u8>>) -> Request {
    let mut request = session.request("PUT", "/");
    request.set_content(content.into());
    request
}

fn post(session: &Session, target: &str, content: &str) -> Request {
    let mut request = session.request("POST", target);
    request.set_content(content.into());
    request
}

/// Status and content, and trailers if there are some.
fn send_all(net: &SimNet, request: &Request) -> Outcome {
    let whole = send(net, request)?;
    let trailers: Vec<_> = whole.trailers.iter().map(|field| format!(" {}", field.name)).collect();
    Ok(format!("{} {}{}", whole.head.status, text(whole.content), trailers.concat()))
}
