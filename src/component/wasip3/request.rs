//! The WIT's `request` around the core's.

use std::cell::RefCell;

use wit_bindgen::rt::async_support::{FutureReader, StreamReader};

use super::bindings::exports::xenon::http::session as wit;
use super::bindings::exports::xenon::http::session::{Fields, SessionBorrow, Version, WholeResponse};
use super::convert::{self, Outcome, wrong};
use super::response;
use super::session::Session;
use crate::component::streams::{self, Trailers, Upload};
use crate::error::{Code, Error, Phase};
use crate::session::whole;
use crate::wasip3::{self, Operation, call};

pub(super) struct Request {
    core: RefCell<wasip3::Request>,
    content: RefCell<Content>,
}

/// The streamed content.
enum Content {
    /// There is none, or the core has it.
    None,
    /// Until the request is sent.
    Stream(StreamReader<u8>, Option<FutureReader<Fields>>),
    Sent,
}

impl Request {
    pub(super) fn of(request: wasip3::Request) -> Self {
        Self { core: RefCell::new(request), content: RefCell::new(Content::None) }
    }

    pub(super) fn core(&self) -> wasip3::Request {
        self.core.borrow().clone()
    }

    /// What is sent, once. A stream that was sent before is an error.
    fn take(&self) -> Result<(wasip3::Request, Upload), Error> {
        let content = match &mut *self.content.borrow_mut() {
            content @ Content::Stream(..) => std::mem::replace(content, Content::Sent),
            Content::Sent => {
                let detail = "the content of this request is a stream, and was sent before";
                return Err(Error::new(Phase::Setup, Code::InvalidState, detail));
            }
            // As `next-request` gives it: the core waits for content, and nobody has it.
            Content::None if self.core.borrow().is_streamed() => {
                let detail = "the content of this request is streamed, and has to be set again";
                return Err(Error::new(Phase::Setup, Code::InvalidState, detail));
            }
            Content::None => Content::None,
        };
        let upload = match content {
            Content::Stream(content, trailers) => {
                let trailers = trailers.map(|trailers| -> Trailers {
                    Operation::new(async move { Ok(convert::from_fields(&trailers.await)) })
                });
                Upload::new(content, trailers, None)
            }
            Content::None | Content::Sent => Upload::none(),
        };
        Ok((self.core.borrow().clone(), upload))
    }
}

impl wit::GuestRequest for Request {
    fn new(session: SessionBorrow<'_>, method: String, target: String) -> Self {
        let Session(session) = session.get();
        Self::of(session.request(&method, target))
    }

    fn add_field(&self, name: String, value: String) -> Outcome<()> {
        self.add_field_bytes(name, value.into_bytes())
    }

    fn add_field_bytes(&self, name: String, value: Vec<u8>) -> Outcome<()> {
        self.core.borrow_mut().add_field(&name, value).map_err(convert::error)
    }

    fn set_content(&self, content: Vec<u8>) {
        self.core.borrow_mut().set_content(content);
        self.content.replace(Content::None);
    }

    fn set_streamed_content(
        &self,
        content: StreamReader<u8>,
        length: Option<u64>,
        trailers: Option<FutureReader<Fields>>,
    ) {
        self.core.borrow_mut().set_streamed_content(length);
        self.content.replace(Content::Stream(content, trailers));
    }

    fn set_idempotent(&self, idempotent: bool) {
        self.core.borrow_mut().set_idempotent(idempotent);
    }

    fn set_expect_continue(&self, expect: bool) {
        self.core.borrow_mut().set_expect_continue(expect);
    }

    fn set_version(&self, version: Version) -> Outcome<()> {
        let version = convert::from_version(version).ok_or_else(|| wrong("this build does not speak HTTP/2"))?;
        self.core.borrow_mut().set_version(version);
        Ok(())
    }

    async fn send(&self) -> Outcome<wit::Response> {
        let taken = self.take();
        let sent = call(async move {
            let (request, mut upload) = taken?;
            let exchange = request.start(true)?;
            let response = streams::response(&exchange, &mut upload).await?;
            Ok(response::handle(exchange, response, upload))
        });
        sent.await.map_err(convert::error)
    }

    async fn fetch(&self) -> Outcome<WholeResponse> {
        let taken = self.take();
        let whole = call(async move {
            let (request, mut upload) = taken?;
            if upload.is_done() {
                return whole::fetch(&request, true).await;
            }
            let exchange = request.start(true)?;
            let response = streams::response(&exchange, &mut upload).await?;
            streams::whole(exchange, response, upload).await
        });
        whole.await.map(convert::whole).map_err(convert::error)
    }
}
