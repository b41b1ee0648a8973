//! The component over WASI 0.3 under wasmtime, with its session resources as plain types, for tests.
//!
//! It must not hide anything that the component does: a trap is a panic of the test, a hang too, and a resource dropped here is dropped
//! there. The instance runs only while something here waits, as under any host.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::component::{Accessor, ResourceAny};
use wasmtime::{ResourceLimiter, Store};

use self::bindings::Exports as Client;
use self::engine::State;

pub use self::bindings::exports::xenon::http::session::Redirect;
pub use self::bindings::exports::xenon::http::types::{
    AddressFamily, AuthSchemes, Challenge, CloseReason, ConnectionFacts, Error, ErrorCode, Event, EventKind,
    InterimResponse, Phase, TlsVersion, Version, WholeResponse,
};
pub use self::content::{Content, Upload};
pub use self::cookies::{CookieJar, ExportedCookies, ImportedCookies};
pub use self::engine::bytes;
pub use self::resources::{Pending, Request, Response, Session};
pub use self::setting_resources::{Options, TlsConfig};
pub use self::settings::{Deadlines, Limits};

pub mod clients;
mod content;
#[path = "component/cookies.rs"]
mod cookies;
mod engine;
#[path = "component/resource.rs"]
mod resource;
mod resources;
#[path = "component/setting_resources.rs"]
mod setting_resources;
#[path = "component/settings.rs"]
mod settings;

use self::resource::{Handle, resource};

#[allow(missing_docs)]
pub mod bindings {
    wasmtime::component::bindgen!({
        // What the component exports. What it imports, wasmtime-wasi links.
        path: "../../wit/0.3",
        world: "xenon:http/exports",
        exports: {
            default: async,
            "xenon:http/client@0.3.0.[method]client.get": async | store,
            "xenon:http/session@0.3.0.[method]session.get": async | store,
            "xenon:http/session@0.3.0.[method]session.head": async | store,
            "xenon:http/session@0.3.0.[method]session.post": async | store,
            "xenon:http/session@0.3.0.[method]session.put": async | store,
            "xenon:http/session@0.3.0.[method]session.delete": async | store,
            "xenon:http/session@0.3.0.[method]request.send": async | store,
            "xenon:http/session@0.3.0.[method]request.fetch": async | store,
        },
        additional_derives: [PartialEq],
    });
}

/// Field lines, as the WIT has them.
pub type Fields = Vec<(String, Vec<u8>)>;

/// What an instance is given.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whether it may use sockets. Without it, making one fails.
    pub sockets: bool,
    /// Whether it may look up names.
    pub lookup: bool,
    /// How many bytes its linear memory can have.
    pub memory: usize,
    /// How long one wait may take, in real time, before the test fails. A mistake is then a message and no hang.
    pub patience: Duration,
}

impl Default for Setup {
    /// Everything allowed, and 60 seconds.
    fn default() -> Setup {
        Setup { sockets: true, lookup: true, memory: usize::MAX, patience: Duration::from_secs(60) }
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
        let (store, client) = runtime.block_on(engine::instantiate(&setup)).expect("the component can be instantiated");
        Guest(Rc::new(Instance {
            runtime: Some(runtime),
            store: RefCell::new(store),
            client: Arc::new(client),
            patience: setup.patience,
            is_dead: Cell::new(false),
        }))
    }

    /// Makes a client.
    pub fn client(&self) -> clients::Client {
        clients::Client::new(self)
    }

    /// Makes a cookie jar.
    pub fn cookie_jar(&self) -> CookieJar {
        CookieJar::new(self)
    }

    /// Makes a session.
    pub fn session(&self, scheme: &str, host: &str, port: u16) -> Session {
        Session::new(self, scheme, host, port)
    }

    /// Makes options.
    pub fn options(&self) -> Options {
        Options::new(self)
    }

    /// Makes a TLS configuration.
    pub fn tls_config(&self) -> TlsConfig {
        TlsConfig::new(self)
    }

    /// The most bytes that its linear memory has had so far.
    pub fn peak_memory(&self) -> usize {
        self.0.store.borrow().data().memory.peak
    }

    /// How many of the host's resources it has now: sockets and the like.
    pub fn host_resources(&self) -> usize {
        self.0.store.borrow_mut().data_mut().table.iter_mut().count()
    }

    /// How many tasks, streams and futures the host keeps now, for this instance and itself.
    pub fn host_tasks(&self) -> usize {
        self.0.store.borrow_mut().concurrent_state_table_size()
    }

    /// Lets the instance run until this is ready.
    pub fn run_until<T>(&self, ready: impl Future<Output = T>) -> T {
        self.concurrently(async |_, _| Ok(ready.await))
    }

    /// Lets the instance run until nothing is to be done at once.
    pub fn settle(&self) {
        self.run_until(async {
            for _ in 0..SETTLING_TURNS {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Calls functions that are not async. A trap, or taking too long, is a panic.
    fn call<T>(&self, operation: impl AsyncFnOnce(&mut Store<State>, &Client) -> wasmtime::Result<T>) -> T {
        self.0.call(operation)
    }

    /// Calls functions that are, and lets the instance run meanwhile.
    fn concurrently<T>(&self, operation: impl AsyncFnOnce(&Accessor<State>, &Client) -> wasmtime::Result<T>) -> T {
        self.0.call(async |store, client| {
            store.run_concurrent(async |accessor| operation(accessor, client).await).await?
        })
    }
}

/// Turns of the runtime after which what needs no peer and no time is done.
const SETTLING_TURNS: usize = 200;

impl Default for Guest {
    fn default() -> Guest {
        Guest::new()
    }
}

struct Instance {
    /// Only gone while this is dropped.
    runtime: Option<Runtime>,
    store: RefCell<Store<State>>,
    client: Arc<Client>,
    patience: Duration,
    /// Whether it has trapped or was given up; nothing can be called then.
    is_dead: Cell<bool>,
}

impl Instance {
    fn call<T>(&self, operation: impl AsyncFnOnce(&mut Store<State>, &Client) -> wasmtime::Result<T>) -> T {
        let mut store = self.store.borrow_mut();
        let runtime = self.runtime.as_ref().expect("it is there until the instance is dropped");
        let outcome =
            runtime.block_on(async { tokio::time::timeout(self.patience, operation(&mut store, &self.client)).await });
        match outcome {
            Ok(Ok(answer)) => answer,
            Ok(Err(trap)) => {
                self.is_dead.set(true);
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

/// Records how large linear memory gets, and holds it to a limit.
#[derive(Debug)]
struct Memory {
    peak: usize,
    limit: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limit {
            return Ok(false);
        }
        self.peak = self.peak.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}
