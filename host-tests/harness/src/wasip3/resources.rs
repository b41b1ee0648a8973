//! The resources of `xenon:http/session`.

use std::sync::Arc;

use tokio::sync::oneshot;
use wasmtime::Result;
use wasmtime::component::{Accessor, AccessorTask, ResourceAny};

use super::content::{Content, Upload};
use super::engine::State;
use super::setting_resources::Options;
use super::*;

resource! {
    /// `session`.
    Session in xenon_http_session.session {
        /// `close-connection`.
        close_connection = call_close_connection();
        /// `set-addresses`.
        set_addresses = call_set_addresses(addresses: &[String]) -> Result<(), Error>;
        /// `set-connect-to`.
        set_connect_to = call_set_connect_to(to: Option<(&str, u16)>) -> Result<(), Error>;
        /// `set-credentials`.
        set_credentials = call_set_credentials(
            realm: Option<&str>, user: &str, password: &str, schemes: AuthSchemes, ahead: bool
        ) -> Result<(), Error>;
        /// `set-events`.
        set_events = call_set_events(recorded: bool);
        /// `take-events`.
        take_events = call_take_events() -> Vec<Event>;
    }
}

impl Session {
    pub(super) fn new(guest: &Guest, scheme: &str, host: &str, port: u16) -> Session {
        let resource = guest.call(async |store, client| {
            client.xenon_http_session().session().call_constructor(store, scheme, host, port).await
        });
        Session::adopt(guest, resource)
    }

    /// `get` without fields.
    pub fn get(&self, target: &str) -> Result<WholeResponse, Error> {
        let handle = self.handle();
        self.0.guest.concurrently(async |accessor, client| {
            client.xenon_http_session().session().call_get(accessor, handle, target.into(), Fields::new()).await
        })
    }

    /// `post` without fields.
    pub fn post(&self, target: &str, content: &[u8]) -> Result<WholeResponse, Error> {
        let handle = self.handle();
        self.0.guest.concurrently(async |accessor, client| {
            let session = client.xenon_http_session().session();
            session.call_post(accessor, handle, target.into(), Fields::new(), content.into()).await
        })
    }

    /// `options`.
    pub fn options(&self) -> Options {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource =
            guest.call(async |store, client| client.xenon_http_session().session().call_options(store, handle).await);
        Options::adopt(guest, resource)
    }

    /// `set-options`.
    pub fn set_options(&self, options: &Options) {
        let (handle, options) = (self.handle(), options.handle());
        self.0.guest.call(async |store, client| {
            client.xenon_http_session().session().call_set_options(store, handle, options).await
        });
    }

    /// `request`'s constructor.
    pub fn request(&self, method: &str, target: &str) -> Request {
        let (guest, handle) = (&self.0.guest, self.handle());
        let resource = guest.call(async |store, client| {
            client.xenon_http_session().request().call_constructor(store, handle, method, target).await
        });
        Request::adopt(guest, resource)
    }
}

resource! {
    /// `request`.
    Request in xenon_http_session.request {
        /// `add-field`.
        add_field = call_add_field(name: &str, value: &str) -> Result<(), Error>;
        /// `add-field-bytes`.
        add_field_bytes = call_add_field_bytes(name: &str, value: &[u8]) -> Result<(), Error>;
        /// `set-content`.
        set_content = call_set_content(content: &[u8]);
        /// `set-idempotent`.
        set_idempotent = call_set_idempotent(idempotent: bool);
        /// `set-expect-continue`.
        set_expect_continue = call_set_expect_continue(expect: bool);
        /// `set-version`.
        set_version = call_set_version(version: Version) -> Result<(), Error>;
    }
}

impl Request {
    /// `set-streamed-content`.
    pub fn set_streamed_content(&self, length: Option<u64>) -> Upload {
        let (guest, handle) = (&self.0.guest, self.handle());
        guest.call(async |store, client| {
            let (upload, content, trailers) = Upload::new(guest, &mut *store)?;
            let request = client.xenon_http_session().request();
            request.call_set_streamed_content(store, handle, content, length, Some(trailers)).await?;
            Ok(upload)
        })
    }

    /// `send`, waited for.
    pub fn send(&self) -> Result<Response, Error> {
        self.start().wait()
    }

    /// `send`, which goes on whenever the instance runs. The request must outlive it.
    pub fn start(&self) -> Pending {
        let (guest, request) = (&self.0.guest, self.handle());
        let (sender, answer) = oneshot::channel();
        let sending = Sending { client: Arc::clone(&guest.0.client), request, answer: sender };
        guest.call(async |store, _| store.spawn(sending).map(drop));
        Pending { guest: guest.clone(), answer }
    }

    /// `fetch`.
    pub fn fetch(&self) -> Result<WholeResponse, Error> {
        let handle = self.handle();
        self.0.guest.concurrently(async |accessor, client| {
            client.xenon_http_session().request().call_fetch(accessor, handle).await
        })
    }
}

/// A call of `send`.
struct Sending {
    client: Arc<Client>,
    request: ResourceAny,
    answer: oneshot::Sender<std::result::Result<ResourceAny, Error>>,
}

impl AccessorTask<State> for Sending {
    async fn run(self, accessor: &Accessor<State>) -> Result<()> {
        let answer = self.client.xenon_http_session().request().call_send(accessor, self.request).await?;
        // The test may not want to know.
        drop(self.answer.send(answer));
        Ok(())
    }
}

/// A response that is awaited.
pub struct Pending {
    guest: Guest,
    answer: oneshot::Receiver<std::result::Result<ResourceAny, Error>>,
}

impl Pending {
    /// Lets the instance run until there is an answer.
    pub fn wait(self) -> Result<Response, Error> {
        let Self { guest, answer } = self;
        let answer = guest.run_until(answer).expect("the call gives an answer");
        answer.map(|resource| Response::adopt(&guest, resource))
    }

    /// The answer, if there is one.
    pub fn try_take(&mut self) -> Option<Result<Response, Error>> {
        let answer = self.answer.try_recv().ok()?;
        Some(answer.map(|resource| Response::adopt(&self.guest, resource)))
    }
}

resource! {
    /// `response`.
    Response in xenon_http_session.response {
        /// `status`.
        status = call_status() -> u16;
        /// `reason`.
        reason = call_reason() -> String;
        /// `version`.
        version = call_version() -> Version;
        /// `fields`.
        fields = call_fields() -> Fields;
        /// `url`.
        url = call_url() -> String;
        /// `location`.
        location = call_location() -> Option<String>;
        /// `redirects`.
        redirects = call_redirects() -> Vec<Redirect>;
        /// `challenges`.
        challenges = call_challenges() -> Vec<Challenge>;
        /// `content-length`.
        content_length = call_content_length() -> Option<u64>;
        /// `codings`.
        codings = call_codings() -> Vec<String>;
        /// `interim-responses`.
        interim_responses = call_interim_responses() -> Vec<InterimResponse>;
        /// `connection`.
        connection = call_connection() -> ConnectionFacts;
    }
}

impl Response {
    /// `send-bytes`.
    pub fn send_bytes(&self) -> Result<Upload, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        guest.call(async |store, client| {
            let (upload, bytes, mut unused) = Upload::new(guest, &mut *store)?;
            unused.close(&mut *store)?;
            let sent = client.xenon_http_session().response().call_send_bytes(store, handle, bytes).await?;
            Ok(sent.map(|()| upload))
        })
    }

    /// `content`.
    pub fn content(&self) -> Result<Content, Error> {
        let (guest, handle) = (&self.0.guest, self.handle());
        guest.call(async |store, client| {
            let content = client.xenon_http_session().response().call_content(&mut *store, handle).await?;
            content.map(|(content, trailers)| Content::new(guest, store, content, trailers)).transpose_inside()
        })
    }
}

/// A result of a result, the other way round.
trait TransposeInside<T> {
    fn transpose_inside(self) -> Result<std::result::Result<T, Error>>;
}

impl<T> TransposeInside<T> for std::result::Result<Result<T>, Error> {
    fn transpose_inside(self) -> Result<std::result::Result<T, Error>> {
        match self {
            Ok(Ok(value)) => Ok(Ok(value)),
            Ok(Err(trap)) => Err(trap),
            Err(error) => Ok(Err(error)),
        }
    }
}
