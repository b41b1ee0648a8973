//! The WIT's `response` around the core's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wit_bindgen::rt::async_support::{FutureReader, FutureWriter, StreamReader, StreamWriter};

use super::bindings::exports::xenon::http::session as wit;
use super::bindings::exports::xenon::http::session::{
    Challenge, ConnectionFacts, Error, Fields, InterimResponse, Redirect, Version,
};
use super::bindings::{wit_future, wit_stream};
use super::convert::{self, Outcome, misuse};
use crate::component::streams::{self, Control, Upload};
use crate::wasip3::{self, Exchange, Operation, spawn};

pub(super) struct Response {
    core: Rc<wasip3::Response>,
    content: RefCell<Option<Content>>,
    control: Rc<Control>,
    /// Whether bytes of another protocol may be sent.
    is_switched: Cell<bool>,
}

impl Response {
    pub(super) fn core(&self) -> &wasip3::Response {
        &self.core
    }
}

type Content = (StreamReader<u8>, FutureReader<Result<Fields, Error>>);

/// A response, whose content begins to move now. Called in a task.
pub(super) fn handle(exchange: Exchange, response: wasip3::Response, upload: Upload) -> wit::Response {
    let (writer, reader) = wit_stream::new();
    let (trailers, trailers_reader) = wit_future::new(cut_off);
    let core = Rc::new(response);
    let control = Rc::<Control>::default();
    let is_switched = Cell::new(core.is_switched());
    spawn(serve(exchange, Rc::clone(&core), upload, writer, trailers, Rc::clone(&control)));
    wit::Response::new(Response { core, content: RefCell::new(Some((reader, trailers_reader))), control, is_switched })
}

/// Moves the content, and then tells how it ended.
async fn serve(
    exchange: Exchange,
    core: Rc<wasip3::Response>,
    upload: Upload,
    writer: StreamWriter<u8>,
    trailers: FutureWriter<Result<Fields, Error>>,
    control: Rc<Control>,
) {
    let ended = streams::pump(exchange, core, upload, writer, control).await;
    let ended = ended.map(|fields| convert::fields(&fields)).map_err(convert::error);
    // It fails if nobody wants to know.
    drop(Operation::new(trailers.write(ended)).await);
}

/// How content ends whose task was ended by the host.
fn cut_off() -> Result<Fields, Error> {
    Err(misuse("the instance no longer moves this content"))
}

impl wit::GuestResponse for Response {
    fn status(&self) -> u16 {
        self.core.head().status
    }

    fn reason(&self) -> String {
        self.core.head().reason.clone()
    }

    fn version(&self) -> Version {
        convert::version(self.core.head().version)
    }

    fn fields(&self) -> Fields {
        convert::fields(&self.core.head().fields)
    }

    fn field(&self, name: String) -> Option<String> {
        convert::field(&self.core.head().fields, &name)
    }

    fn url(&self) -> String {
        self.core.url()
    }

    fn location(&self) -> Option<String> {
        self.core.location()
    }

    fn redirects(&self) -> Vec<Redirect> {
        self.core.redirects().into_iter().map(convert::redirect).collect()
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.core.challenges().into_iter().map(convert::challenge).collect()
    }

    fn content_length(&self) -> Option<u64> {
        self.core.content_length()
    }

    fn codings(&self) -> Vec<String> {
        self.core.codings().iter().copied().map(str::to_owned).collect()
    }

    fn interim_responses(&self) -> Vec<InterimResponse> {
        convert::interims(self.core.interim_responses())
    }

    fn connection(&self) -> ConnectionFacts {
        convert::facts(self.core.facts())
    }

    fn peer_certificates(&self) -> Vec<Vec<u8>> {
        self.core.facts().tls.as_ref().map(|facts| facts.chain.clone()).unwrap_or_default()
    }

    fn send_bytes(&self, bytes: StreamReader<u8>) -> Outcome<()> {
        if !self.is_switched.replace(false) {
            return Err(misuse("the connection is HTTP, or its sending direction has its bytes already"));
        }
        self.control.send(Upload::new(bytes, None, None));
        Ok(())
    }

    fn content(&self) -> Outcome<Content> {
        self.content.take().ok_or_else(|| misuse("the content of this response was taken before"))
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        match self.content.take() {
            Some(_) => self.control.abandon(),
            None => self.control.doubt(),
        }
    }
}
