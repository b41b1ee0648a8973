//! The WIT's resources, each around one of the core's. Blocking functions poll the core until it is ready, and wait on the
//! host in between; the others poll it once.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::bindings::Component;
use super::bindings::exports::xenon::http::session as wit;
use super::bindings::exports::xenon::http::session::{
    AddressFamily, AuthSchemes, Challenge, ConnectionFacts, Deadlines, Error, Event, Fields, InterimResponse, Limits,
    Received, SessionBorrow, TlsVersion, Version, WholeResponse,
};
use super::convert;
use crate::auth::Login;
use crate::error::{self, Code, Phase};
use crate::limits::READ_LENGTH;
use crate::net::wasip2::Wasi;
use crate::secret::Secret;
use crate::session::{self, whole};

type Outcome<T> = Result<T, Error>;

thread_local! {
    /// The network of this instance. All sessions share it, so that one wait is for all of them.
    static NETWORK: Wasi = Wasi::new();
}

pub(super) fn network() -> Wasi {
    NETWORK.with(Wasi::clone)
}

impl wit::Guest for Component {
    type Session = Session;
    type Request = Request;
    type Exchange = Exchange;
    type Response = Response;
}

pub(super) struct Session(session::Session<Wasi>);

impl Session {
    fn fetch(&self, request: &session::Request<Wasi>) -> Outcome<WholeResponse> {
        block_on(whole::fetch(request)).map(convert::whole).map_err(convert::error)
    }

    fn fetch_bare(&self, method: &str, target: &str) -> Outcome<WholeResponse> {
        self.fetch(&self.0.request(method, target))
    }

    fn fetch_with(&self, method: &str, target: &str, content_type: &str, content: Vec<u8>) -> Outcome<WholeResponse> {
        let mut request = self.0.request(method, target);
        request.add_field("Content-Type", content_type.into()).map_err(convert::error)?;
        request.set_content(content);
        self.fetch(&request)
    }
}

impl wit::GuestSession for Session {
    fn new(scheme: String, host: String, port: u16) -> Self {
        Self(session::Session::new(network(), &scheme, &host, port))
    }

    fn close_connection(&self) {
        self.0.close_connection();
    }

    fn get(&self, target: String) -> Outcome<WholeResponse> {
        self.fetch_bare("GET", &target)
    }

    fn head(&self, target: String) -> Outcome<WholeResponse> {
        self.fetch_bare("HEAD", &target)
    }

    fn post(&self, target: String, content_type: String, content: Vec<u8>) -> Outcome<WholeResponse> {
        self.fetch_with("POST", &target, &content_type, content)
    }

    fn put(&self, target: String, content_type: String, content: Vec<u8>) -> Outcome<WholeResponse> {
        self.fetch_with("PUT", &target, &content_type, content)
    }

    fn delete(&self, target: String) -> Outcome<WholeResponse> {
        self.fetch_bare("DELETE", &target)
    }

    fn set_user_agent(&self, value: Option<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_user_agent(value)).map_err(convert::error)
    }

    fn set_persistent(&self, persistent: bool) {
        self.0.change_settings(|settings| settings.is_persistent = persistent);
    }

    fn deadlines(&self) -> Deadlines {
        self.0.settings(|settings| convert::deadlines(settings.deadlines()))
    }

    fn set_deadlines(&self, deadlines: Deadlines) -> Outcome<()> {
        let deadlines = convert::from_deadlines(deadlines);
        self.0.change_settings(|settings| settings.set_deadlines(deadlines)).map_err(convert::error)
    }

    fn limits(&self) -> Limits {
        self.0.settings(|settings| convert::limits(settings.limits()))
    }

    fn set_limits(&self, limits: Limits) -> Outcome<()> {
        let limits = convert::from_limits(limits);
        self.0.change_settings(|settings| settings.set_limits(limits)).map_err(convert::error)
    }

    fn set_addresses(&self, addresses: Vec<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_addresses(&addresses)).map_err(convert::error)
    }

    fn set_connect_to(&self, to: Option<(String, u16)>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_connect_to(to)).map_err(convert::error)
    }

    fn set_address_family(&self, family: AddressFamily) {
        self.0.change_settings(|settings| settings.family = convert::from_family(family));
    }

    fn set_local_address(&self, address: Option<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.set_local_address(address.as_deref())).map_err(convert::error)
    }

    fn set_default_roots(&self, trusted: bool) {
        self.0.change_settings(|settings| settings.tls.set_default_roots(trusted));
    }

    fn add_roots(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.tls.add_roots(&certificates)).map_err(|what| misuse(&what))
    }

    fn accept_certificates(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.tls.add_leaves(&certificates)).map_err(|what| misuse(&what))
    }

    fn set_client_certificate(&self, chain: Vec<u8>, key: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.tls.set_identity(&chain, &key)).map_err(|what| misuse(&what))
    }

    fn remove_client_certificate(&self) {
        self.0.change_settings(|settings| settings.tls.remove_identity());
    }

    fn set_tls_versions(&self, oldest: TlsVersion, newest: TlsVersion) -> Outcome<()> {
        let (oldest, newest) = (convert::from_tls_version(oldest), convert::from_tls_version(newest));
        self.0.change_settings(|settings| settings.tls.set_versions(oldest, newest)).map_err(|what| misuse(&what))
    }

    fn set_credentials(
        &self,
        realm: Option<String>,
        user: String,
        password: String,
        schemes: AuthSchemes,
        ahead: bool,
    ) -> Outcome<()> {
        let (login, schemes) = (Login { user, password: Secret::new(password) }, convert::from_schemes(schemes));
        self.0.change_credentials(|known| known.set_login(realm, login, schemes, ahead)).map_err(misuse)
    }

    fn set_bearer_token(
        &self,
        realm: Option<String>,
        token: String,
        scope: Option<String>,
        ahead: bool,
    ) -> Outcome<()> {
        let token = Secret::new(token);
        self.0.change_credentials(|known| known.set_token(realm, token, scope, ahead)).map_err(misuse)
    }

    fn forget_credentials(&self, realm: Option<String>) {
        self.0.change_credentials(|known| known.forget(realm.as_deref()));
    }

    fn set_proxies(&self, urls: Vec<String>) -> Outcome<()> {
        // They may hold passwords.
        let urls: Vec<Secret> = urls.into_iter().map(Secret::new).collect();
        let exposed: Vec<&str> = urls.iter().map(Secret::expose).collect();
        self.0.change_settings(|settings| settings.proxying.set_proxies(&exposed)).map_err(|what| misuse(&what))
    }

    fn set_no_proxy(&self, hosts: Vec<String>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.proxying.set_exemptions(&hosts)).map_err(|what| misuse(&what))
    }

    fn set_proxy_tunnel(&self, always: bool) {
        self.0.change_settings(|settings| settings.proxying.tunnels_all = always);
    }

    fn set_proxy_ahead(&self, ahead: bool) {
        self.0.change_settings(|settings| settings.proxying.set_ahead(ahead));
    }

    fn set_proxy_default_roots(&self, trusted: bool) {
        self.0.change_settings(|settings| settings.proxying.tls.set_default_roots(trusted));
    }

    fn add_proxy_roots(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.proxying.tls.add_roots(&certificates)).map_err(|what| misuse(&what))
    }

    fn accept_proxy_certificates(&self, certificates: Vec<u8>) -> Outcome<()> {
        self.0.change_settings(|settings| settings.proxying.tls.add_leaves(&certificates)).map_err(|what| misuse(&what))
    }

    fn set_events(&self, recorded: bool) {
        self.0.set_events(recorded);
    }

    fn take_events(&self) -> Vec<Event> {
        self.0.take_events().into_iter().map(convert::event).collect()
    }
}

pub(super) struct Request(RefCell<session::Request<Wasi>>);

impl wit::GuestRequest for Request {
    fn new(session: SessionBorrow<'_>, method: String, target: String) -> Self {
        let Session(session) = session.get();
        Self(RefCell::new(session.request(&method, &target)))
    }

    fn add_field(&self, name: String, value: String) -> Outcome<()> {
        self.add_field_bytes(name, value.into_bytes())
    }

    fn add_field_bytes(&self, name: String, value: Vec<u8>) -> Outcome<()> {
        self.0.borrow_mut().add_field(&name, value).map_err(convert::error)
    }

    fn set_content(&self, content: Vec<u8>) {
        self.0.borrow_mut().set_content(content);
    }

    fn set_streamed_content(&self, length: Option<u64>) {
        self.0.borrow_mut().set_streamed_content(length);
    }

    fn set_idempotent(&self, idempotent: bool) {
        self.0.borrow_mut().set_idempotent(idempotent);
    }

    fn set_expect_continue(&self, expect: bool) {
        self.0.borrow_mut().set_expect_continue(expect);
    }

    fn set_version(&self, version: Version) {
        self.0.borrow_mut().set_version(convert::from_version(version));
    }

    fn send(&self) -> Outcome<wit::Response> {
        let request = self.0.borrow();
        if request.is_streamed() {
            return Err(misuse("the content of this request is streamed: use `start` and write it"));
        }
        block_on(async {
            let exchange = request.start(false)?;
            poll_fn(|_| exchange.poll_response()).await
        })
        .map(into_response)
        .map_err(convert::error)
    }

    fn start(&self) -> Outcome<wit::Exchange> {
        // Before it starts, for the time of an earlier pass is not the time now.
        network().begin(true);
        let exchange = self.0.borrow().start(true).map_err(convert::error)?;
        exchange.advance();
        Ok(wit::Exchange::new(Exchange(exchange)))
    }
}

pub(super) struct Exchange(pub(super) session::Exchange<Wasi>);

impl wit::GuestExchange for Exchange {
    fn write(&self, content: Vec<u8>) -> Outcome<()> {
        let mut content = Some(content);
        wait(|| {
            loop {
                let Some(piece) = content.take() else {
                    return self.0.poll_flush();
                };
                let Err(piece) = self.0.try_write(piece)? else {
                    continue;
                };
                // What was written before has to go first.
                content = Some(piece);
                match self.0.poll_flush() {
                    Poll::Ready(Ok(())) => {}
                    unready => return unready,
                }
            }
        })
        .map_err(convert::error)
    }

    fn try_write(&self, content: Vec<u8>) -> Outcome<bool> {
        network().begin(true);
        self.0.try_write(content).map(|taken| taken.is_ok()).map_err(convert::error)
    }

    fn finish(&self, trailers: Fields) -> Outcome<()> {
        network().begin(true);
        self.0.finish(convert::from_fields(trailers)).map_err(convert::error)
    }

    fn interim_responses(&self) -> Vec<InterimResponse> {
        convert::interims(&self.0.interim_responses())
    }

    fn response(&self) -> Outcome<wit::Response> {
        network().begin(true);
        self.0.advance();
        if self.0.waits_for_caller() {
            return Err(misuse("the content is not finished: write it, and end it with `finish`, first"));
        }
        wait(|| self.0.poll_response()).map(into_response).map_err(convert::error)
    }

    fn try_response(&self) -> Option<Outcome<wit::Response>> {
        network().begin(true);
        match self.0.poll_response() {
            Poll::Pending => None,
            Poll::Ready(response) => Some(response.map(into_response).map_err(convert::error)),
        }
    }

    fn cancel(&self) {
        self.0.cancel();
    }
}

pub(super) struct Response(pub(super) session::Response<Wasi>);

impl wit::GuestResponse for Response {
    fn status(&self) -> u16 {
        self.0.head().status
    }

    fn reason(&self) -> String {
        self.0.head().reason.clone()
    }

    fn version(&self) -> Version {
        convert::version(self.0.head().version)
    }

    fn fields(&self) -> Fields {
        convert::fields(&self.0.head().fields)
    }

    fn field(&self, name: String) -> Option<String> {
        let value = self.0.head().fields.joined(&name)?;
        Some(String::from_utf8(value).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into()))
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.0.challenges().into_iter().map(convert::challenge).collect()
    }

    fn content_length(&self) -> Option<u64> {
        self.0.content_length()
    }

    fn interim_responses(&self) -> Vec<InterimResponse> {
        convert::interims(self.0.interim_responses())
    }

    fn connection(&self) -> ConnectionFacts {
        convert::facts(self.0.facts())
    }

    fn peer_certificates(&self) -> Vec<Vec<u8>> {
        self.0.facts().tls.as_ref().map(|facts| facts.chain.clone()).unwrap_or_default()
    }

    fn read(&self, max: u32) -> Outcome<Option<Vec<u8>>> {
        let max = piece_length(max)?;
        wait(|| self.0.poll_read(max)).map_err(convert::error)
    }

    fn try_read(&self, max: u32) -> Outcome<Received> {
        let max = piece_length(max)?;
        network().begin(true);
        match self.0.poll_read(max) {
            Poll::Pending => Ok(Received::Pending),
            Poll::Ready(Ok(Some(piece))) => Ok(Received::Content(piece)),
            Poll::Ready(Ok(None)) => Ok(Received::End),
            Poll::Ready(Err(error)) => Err(convert::error(error)),
        }
    }

    fn read_to_end(&self) -> Outcome<Vec<u8>> {
        block_on(whole::read_to_end(&self.0)).map_err(convert::error)
    }

    fn trailers(&self) -> Option<Fields> {
        self.0.trailers().map(convert::into_fields)
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        // What is left of its content may be here by now.
        network().begin(true);
    }
}

fn into_response(response: session::Response<Wasi>) -> wit::Response {
    wit::Response::new(Response(response))
}

fn piece_length(max: u32) -> Outcome<usize> {
    match max as usize {
        0 => Err(misuse("a piece of no bytes was asked for")),
        max => Ok(max.min(READ_LENGTH)),
    }
}

fn misuse(detail: &str) -> Error {
    convert::error(error::Error::new(Phase::Setup, Code::Configuration, detail))
}

/// Waits until the core is ready.
fn wait<T>(mut poll: impl FnMut() -> Poll<Result<T, error::Error>>) -> Result<T, error::Error> {
    let network = network();
    network.begin(false);
    loop {
        if let Poll::Ready(outcome) = poll() {
            return outcome;
        }
        if !network.wait(&[], None).waited {
            // Every wait of the core has a deadline, so this is a fault of ours; it must not become a busy loop.
            let detail = "nothing is left to wait for: this is a bug in xenon";
            return Err(error::Error::new(Phase::Setup, Code::Other(None), detail));
        }
    }
}

/// Waits until the future is ready.
fn block_on<T>(future: impl Future<Output = Result<T, error::Error>>) -> Result<T, error::Error> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    wait(|| future.as_mut().poll(&mut context))
}
