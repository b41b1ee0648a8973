//! A whole exchange in one call, with its content in memory: for the common case.

use std::future::poll_fn;

use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::limits::READ_LENGTH;
use crate::net::Net;
use crate::session::handles::{Exchange, Request, Response, Session};

/// A whole response.
#[derive(Debug)]
pub struct Whole {
    /// The head.
    pub head: ResponseHead,
    /// The content.
    pub content: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
}

impl<N: Net> Session<N> {
    /// Sends `GET target` and reads the whole response. A status such as 404 is no error.
    pub async fn get(&self, target: &str) -> Result<Whole, Error> {
        self.request("GET", target).fetch().await
    }
}

impl<N: Net> Request<N> {
    /// Sends the request and reads the whole response.
    pub async fn fetch(&self) -> Result<Whole, Error> {
        fetch(self, false).await
    }

    /// Sends the request, its content included, and waits for the head of the response.
    pub async fn send(&self) -> Result<Response<N>, Error> {
        self.start(false)?.response().await
    }
}

impl<N: Net> Exchange<N> {
    /// Writes a piece of content; ready when the connection has taken all of it.
    pub async fn write(&self, piece: &[u8]) -> Result<(), Error> {
        let mut piece = piece.to_vec();
        while let Err(refused) = self.try_write(piece)? {
            piece = refused;
            poll_fn(|context| self.poll_flush(context)).await?;
        }
        poll_fn(|context| self.poll_flush(context)).await
    }

    /// Waits for the head of the response.
    pub async fn response(&self) -> Result<Response<N>, Error> {
        poll_fn(|context| self.poll_response(context)).await
    }
}

impl<N: Net> Response<N> {
    /// The next piece of content, of at most 64 KiB, or `None` at its end.
    pub async fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        poll_fn(|context| self.poll_read(context, READ_LENGTH)).await
    }
}

/// Sends the request and reads the whole response. With `may_wait`, it waits for a connection if all are busy.
pub async fn fetch<N: Net>(request: &Request<N>, may_wait: bool) -> Result<Whole, Error> {
    // Not with `send`: its future would hand the response on.
    let exchange = request.start(may_wait)?;
    let response = poll_fn(|context| exchange.poll_response(context)).await?;
    read(response).await
}

/// Reads the whole response.
pub async fn read<N: Net>(response: Response<N>) -> Result<Whole, Error> {
    let content = read_to_end(&response).await?;
    let trailers = response.trailers().unwrap_or_default();
    Ok(Whole { head: response.into_head(), content, trailers })
}

/// Reads the rest of the content, up to the session's limit.
pub async fn read_to_end<N: Net>(response: &Response<N>) -> Result<Vec<u8>, Error> {
    let limit = response.whole_content_limit();
    let mut content = Vec::new();
    while let Some(piece) = poll_fn(|context| response.poll_read(context, READ_LENGTH)).await? {
        let length = content.len().saturating_add(piece.len());
        if length as u64 > limit {
            let detail = format!("the response's content is larger than {limit} bytes, the limit of what is kept");
            let error = Error::new(Phase::Body, Code::ResponseContentTooLarge, detail);
            response.fail(error.clone());
            return Err(error);
        }
        if content.is_empty() {
            content = piece;
        } else {
            content.extend_from_slice(&piece);
        }
    }
    Ok(content)
}
