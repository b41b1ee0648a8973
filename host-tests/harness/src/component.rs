//! The component under wasmtime, with its session resources as plain types that block, for tests.
//!
//! It must not hide anything that the component does: a trap is a panic of the test, a hang too, and a resource dropped here
//! is dropped there.
//!
//! ```no_run
//! use xenon_harness::component::Guest;
//!
//! let guest = Guest::new();
//! let session = guest.session("http", "127.0.0.1", 8080);
//! assert_eq!(session.get("/").unwrap().status, 200);
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::component::{Resource, ResourceAny};
use wasmtime::{CallHook, ResourceLimiter, Store};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use self::bindings::Client;
use self::counts::Counts;
use self::engine::State;

pub use self::bindings::exports::xenon::http::session::{Received, ReceivedWords, Redirect, Words};
pub use self::bindings::exports::xenon::http::types::{
    AddressFamily, AttemptFailure, AuthSchemes, Authorization, CertificateError, CertificateFailures, Challenge,
    CloseReason, ConnectionFacts, Error, ErrorCode, Event, EventKind, InterimResponse, LookupFailure, Phase, Progress,
    TlsFacts, TlsVersion, UnansweredChallenge, Version, WholeResponse,
};
pub use self::engine::{bytes, component, engine};

pub mod clients;
mod cookies;
pub mod counts;
mod engine;
mod resource;
mod resources;
mod room;
mod setting_resources;
mod settings;

use self::resource::{Handle, resource};

pub use self::cookies::{CookieJar, ExportedCookies, ImportedCookies};
pub use self::resources::{Exchange, Request, Response, Session, Timer};
pub use self::room::Room;
pub use self::setting_resources::{Options, TlsConfig};
pub use self::settings::{Deadlines, Limits};

#[allow(missing_docs)]
pub mod bindings {
    wasmtime::component::bindgen!({
        // What the component exports. What it imports, wasmtime-wasi links.
        inline: "
            package xenon:host@0.1.0;

            world client {
                export xenon:http/types@0.2.0;
                export xenon:http/cookies@0.2.0;
                export xenon:http/settings@0.2.0;
                export xenon:http/session@0.2.0;
                export xenon:http/client@0.2.0;
            }
        ",
        path: "../../wit",
        world: "xenon:host/client",
        exports: { default: async },
        additional_derives: [PartialEq],
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
        },
    });
}

/// Field lines, as the WIT has them.
pub type Fields = Vec<(String, Vec<u8>)>;

/// What an instance is given.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whether it is the component with every feature, which is compiled when it is first used.
    pub full: bool,
    /// Whether it may use sockets. Without it, making one fails.
    pub sockets: bool,
    /// Whether the addresses that it connects to are allowed.
    pub addresses: bool,
    /// Whether it may look up names.
    pub lookup: bool,
    /// How many bytes its linear memory can have.
    pub memory: usize,
    /// What its host has room for.
    pub room: Room,
    /// Whether fuel is counted, which makes it slower.
    pub fuel: bool,
    /// Whether calls of the host are counted by name, which makes it slower.
    pub call_names: bool,
    /// Whether the host gets its turn now and then while the instance computes. Without, it learns what its sockets have only
    /// when the instance waits, as the host of the command does.
    pub turns: bool,
    /// How long one call may take, in real time, before the test fails. A mistake is then a message and no hang.
    pub patience: Duration,
}

impl Default for Setup {
    /// Everything allowed, nothing counted that costs time, and 60 seconds.
    fn default() -> Setup {
        Setup {
            full: false,
            sockets: true,
            addresses: true,
            lookup: true,
            memory: usize::MAX,
            room: Room::default(),
            fuel: false,
            call_names: false,
            turns: true,
            patience: Duration::from_secs(60),
        }
    }
}

/// An instance of the component.
#[derive(Clone)]
pub struct Guest(Rc<Instance>);

impl Guest {
    /// An instance that is given everything.
    pub fn new() -> Guest {
        Guest::with(Setup::default())
    }

    /// An instance that is given this.
    pub fn with(setup: Setup) -> Guest {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let counts = setup.call_names.then(Counts::default);
        let (store, client) = runtime.block_on(engine::instantiate(&setup)).expect("the component can be instantiated");
        Guest(Rc::new(Instance {
            runtime: Some(runtime),
            store: RefCell::new(store),
            client,
            counts,
            patience: setup.patience,
            is_dead: Cell::new(false),
            trap: RefCell::new(None),
        }))
    }

    /// Makes a session.
    pub fn session(&self, scheme: &str, host: &str, port: u16) -> Session {
        Session::new(self, scheme, host, port)
    }

    /// Makes a client.
    pub fn client(&self) -> clients::Client {
        clients::Client::new(self)
    }

    /// Makes a cookie jar.
    pub fn cookie_jar(&self) -> CookieJar {
        CookieJar::new(self)
    }

    /// `client.follow`.
    pub fn follow(
        &self,
        request: &Request,
        response: &Response,
        policy: clients::RedirectPolicy,
        followed: u32,
    ) -> Result<Option<clients::NextRequest>, Error> {
        let (request, response) = (request.handle(), response.handle());
        let next = self.call(async |store, client| {
            client.xenon_http_client().call_follow(store, request, response, policy, followed).await
        });
        next.map(|next| next.map(|resource| clients::NextRequest::adopt(self, resource)))
    }

    /// `client.escape`.
    pub fn escape(&self, text: &str) -> String {
        self.call(async |store, client| client.xenon_http_client().call_escape(store, text).await)
    }

    /// `client.resolve`.
    pub fn resolve(&self, base: &str, reference: &str) -> String {
        self.call(async |store, client| client.xenon_http_client().call_resolve(store, base, reference).await)
    }

    /// Makes options.
    pub fn options(&self) -> Options {
        Options::new(self)
    }

    /// Makes a TLS configuration.
    pub fn tls_config(&self) -> TlsConfig {
        TlsConfig::new(self)
    }

    /// `types.field`.
    pub fn field(&self, fields: &Fields, name: &str) -> Option<String> {
        self.call(async |store, client| client.xenon_http_types().call_field(store, fields, name).await)
    }

    /// Waits as `xenon:http/session.wait-any` does, for exchanges, responses, and timers in the place of the caller's own
    /// pollables.
    pub fn wait_any(
        &self,
        exchanges: &[&Exchange],
        responses: &[&Response],
        timers: &[&Timer],
        timeout: Option<Duration>,
    ) -> Vec<u32> {
        let exchanges: Vec<ResourceAny> = exchanges.iter().map(|exchange| exchange.handle()).collect();
        let responses: Vec<ResourceAny> = responses.iter().map(|response| response.handle()).collect();
        let timers: Vec<Resource<DynPollable>> = timers.iter().map(|timer| timer.handle()).collect();
        let timeout = timeout.map(|timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        self.call(async |store, client| {
            client.xenon_http_session().call_wait_any(store, &exchanges, &responses, &timers, timeout).await
        })
    }

    /// A timer that is ready after this time, as a pollable of the caller's own.
    pub fn timer(&self, after: Duration) -> Timer {
        Timer::new(self, after)
    }

    /// The most bytes that its linear memory has had so far.
    pub fn peak_memory(&self) -> usize {
        self.0.store.borrow().data().memory.peak
    }

    /// How many of the host's resources it has now: sockets, streams, pollables and the like.
    pub fn host_resources(&self) -> usize {
        self.0.store.borrow_mut().data_mut().table.iter_mut().count()
    }

    /// How much fuel it has used so far; `Setup::fuel` must be set. The same work always costs the same.
    pub fn fuel_used(&self) -> u64 {
        u64::MAX - self.0.store.borrow().get_fuel().expect("`Setup::fuel` is set")
    }

    /// How often it has called the host so far; making and dropping resources counts too.
    pub fn host_calls(&self) -> u64 {
        self.0.store.borrow().data().host_calls
    }

    /// How often it has called each function of the host so far, named `streams#[method]input-stream.read`;
    /// `Setup::call_names` must be set.
    pub fn host_calls_by_name(&self) -> BTreeMap<String, u64> {
        self.0.counts.as_ref().expect("`Setup::call_names` is set").by_name()
    }

    /// Gives this much room to what is made from now on.
    pub fn set_room(&self, room: Room) {
        room::give(&mut self.0.store.borrow_mut(), room);
    }

    /// Runs this. If the component traps, the answer is the reason, and the instance is dead.
    pub fn until_trap<T>(&self, run: impl FnOnce() -> T) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(run)).map_err(|panic| match self.0.trap.take() {
            Some(reason) => reason,
            None => resume_unwind(panic),
        })
    }

    /// Runs this in the instance. A trap, or taking too long, is a panic.
    fn call<T>(&self, operation: impl AsyncFnOnce(&mut Store<State>, &Client) -> wasmtime::Result<T>) -> T {
        self.0.call(operation)
    }
}

impl Default for Guest {
    fn default() -> Guest {
        Guest::new()
    }
}

struct Instance {
    /// Only gone while this is dropped.
    runtime: Option<Runtime>,
    store: RefCell<Store<State>>,
    client: Client,
    counts: Option<Counts>,
    patience: Duration,
    /// Whether it has trapped or was given up; nothing can be called then.
    is_dead: Cell<bool>,
    /// Why it has trapped.
    trap: RefCell<Option<String>>,
}

impl Instance {
    fn call<T>(&self, operation: impl AsyncFnOnce(&mut Store<State>, &Client) -> wasmtime::Result<T>) -> T {
        let run = || {
            let mut store = self.store.borrow_mut();
            let runtime = self.runtime.as_ref().expect("it is there until the instance is dropped");
            runtime.block_on(async { tokio::time::timeout(self.patience, operation(&mut store, &self.client)).await })
        };
        let outcome = match &self.counts {
            Some(counts) => counts.during(run),
            None => run(),
        };
        match outcome {
            Ok(Ok(answer)) => answer,
            Ok(Err(trap)) => {
                self.is_dead.set(true);
                self.trap.replace(Some(trap.root_cause().to_string()));
                panic!("the component has trapped: {trap:?}");
            }
            Err(_) => {
                self.is_dead.set(true);
                panic!("the component hangs: it has not returned for {:?}", self.patience);
            }
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A lookup that was given up may still be under way on another thread; it is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A pollable that is ready at some time.
struct Deadline(tokio::time::Instant);

#[wasmtime_wasi::async_trait]
impl Pollable for Deadline {
    async fn ready(&mut self) {
        tokio::time::sleep_until(self.0).await;
    }
}

/// Records how large linear memory gets, and holds it to a limit.
#[derive(Debug)]
struct Memory {
    now: usize,
    peak: usize,
    limit: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let now = self.now.saturating_sub(current).saturating_add(desired);
        if now > self.limit {
            return Ok(false);
        }
        self.now = now;
        self.peak = self.peak.max(now);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// Counts the calls of the host.
fn count_call(host_calls: &mut u64, hook: CallHook) {
    if matches!(hook, CallHook::CallingHost) {
        *host_calls = host_calls.saturating_add(1);
    }
}

fn push_timer(store: &mut Store<State>, after: Duration) -> wasmtime::Result<Resource<DynPollable>> {
    let deadline = store.data_mut().table.push(Deadline(tokio::time::Instant::now() + after))?;
    subscribe(&mut store.data_mut().table, deadline)
}
