//! Guests under wasmtime: compiled before anything is timed, each instance in a store of its own, as embedders do it.

use std::path::Path;

use tokio::runtime::Runtime;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, TypedFunc};
use wasmtime::{CallHook, Config, Engine, ProfilingStrategy, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};
use xenon_host::component::bindings::Client;

use crate::Result;
use crate::contestants::Job;

/// The engine of all that is timed: wasmtime's defaults.
pub(crate) fn plain_engine() -> Result<Engine> {
    Ok(Engine::new(&Config::new())?)
}

/// One that counts fuel.
pub(crate) fn fuelled_engine() -> Result<Engine> {
    Ok(Engine::new(Config::new().consume_fuel(true))?)
}

/// One whose code `perf` can name.
pub(crate) fn profiled_engine() -> Result<Engine> {
    Ok(Engine::new(Config::new().profiler(ProfilingStrategy::PerfMap))?)
}

/// What of a guest is called.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    /// An exported function, which does the whole job.
    Named(&'static str),
    /// What Xenon exports: the host does the job with it.
    Session,
}

/// A guest, compiled and linked.
pub(crate) struct Guest {
    guest: InstancePre<Host>,
    function: Function,
}

impl Guest {
    pub(crate) fn load(engine: &Engine, file: &Path, function: Function) -> Result<Self> {
        let component = Component::from_file(engine, file)?;
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        Ok(Self { guest: linker.instantiate_pre(&component)?, function })
    }

    pub(crate) fn instantiate(&self) -> Result<Instance> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut store = Store::new(self.guest.engine(), Host::new());
        store.limiter(|host| &mut host.memory);
        // Only an engine that counts fuel takes it.
        let _ = store.set_fuel(u64::MAX);
        let instance = runtime.block_on(self.guest.instantiate_async(&mut store))?;
        let entrance = match self.function {
            Function::Named(name) => Entrance::Function(instance.get_typed_func(&mut store, name)?),
            Function::Session => Entrance::Session(Client::new(&mut store, &instance)?),
        };
        Ok(Instance { runtime, store, entrance })
    }
}

/// An instance of a guest.
pub(crate) struct Instance {
    runtime: Runtime,
    store: Store<Host>,
    entrance: Entrance,
}

/// Where it is called.
#[expect(clippy::large_enum_variant, reason = "there are a handful of them in all")]
enum Entrance {
    Function(TypedFunc<(u16, String, u32), (std::result::Result<u64, String>,)>),
    Session(Client),
}

impl Instance {
    /// Does the job `count` times; how many bytes of content came.
    pub(crate) fn work(&mut self, job: Job, count: u32) -> Result<u64> {
        match &self.entrance {
            Entrance::Function(function) => {
                let arguments = (job.port, job.target.to_owned(), count);
                let (outcome,) = self.runtime.block_on(function.call_async(&mut self.store, arguments))?;
                Ok(outcome?)
            }
            Entrance::Session(client) => self.runtime.block_on(call_session(&mut self.store, client, job, count)),
        }
    }

    /// Counts calls of the host from now on, which costs time.
    pub(crate) fn count_calls(&mut self) {
        self.store.call_hook(|mut context, hook| {
            if matches!(hook, CallHook::CallingHost) {
                context.data_mut().calls += 1;
            }
            Ok(())
        });
    }

    /// Calls of the host so far.
    pub(crate) fn calls(&self) -> u64 {
        self.store.data().calls
    }

    /// Fuel used up so far; none in an engine that does not count it.
    pub(crate) fn fuel(&self) -> Option<u64> {
        self.store.get_fuel().ok().map(|left| u64::MAX - left)
    }

    /// The most bytes that its linear memories had together.
    pub(crate) fn memory(&self) -> u64 {
        self.store.data().memory.total as u64
    }
}

/// What the session guest does by `read`, done by the host.
async fn call_session(store: &mut Store<Host>, client: &Client, job: Job, count: u32) -> Result<u64> {
    let http = client.xenon_http_session();
    let (session, request, response) = (http.session(), http.request(), http.response());
    let connected = session.call_constructor(&mut *store, "http", "127.0.0.1", job.port).await?;
    let mut total = 0;
    for _ in 0..count {
        let asked = request.call_constructor(&mut *store, connected, "GET", job.target).await?;
        let answer = request.call_send(&mut *store, asked).await?.map_err(|error| error.detail)?;
        if response.call_status(&mut *store, answer).await? != 200 {
            return Err("the answer was not 200".into());
        }
        while let Some(piece) = response.call_read(&mut *store, answer, 65_536).await?.map_err(|error| error.detail)? {
            total += piece.len() as u64;
        }
        answer.resource_drop_async(&mut *store).await?;
        asked.resource_drop_async(&mut *store).await?;
    }
    connected.resource_drop_async(&mut *store).await?;
    Ok(total)
}

/// What a store holds.
struct Host {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    memory: Memory,
    calls: u64,
}

impl Host {
    fn new() -> Self {
        let wasi = WasiCtxBuilder::new().inherit_stderr().inherit_network().allow_tcp(true).build();
        Self { wasi, http: WasiHttpCtx::new(), table: ResourceTable::new(), memory: Memory::default(), calls: 0 }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: default_hooks(), table: &mut self.table, ctx: &mut self.http }
    }
}

/// Adds up all linear memories of a store. They never shrink, so what there is now is the most there was.
#[derive(Default)]
struct Memory {
    total: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.total += wanted - now;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}
