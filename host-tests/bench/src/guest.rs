//! Guests at work under wasmtime, each instance in a store of its own, as embedders do it.

use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::component::{self, ComponentNamedList, InstancePre, Lower, ResourceAny, ResourceTable};
use wasmtime::{CallHook, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};
use xenon_harness::component::bindings::Client;
use xenon_harness::service;

use crate::Result;
use crate::certificate::Certificate;
use crate::contestants::{Job, Kind};

/// What of a guest is called.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    /// An exported function, which does the whole job.
    Named(&'static str),
    /// The one that sends content.
    Upload,
    /// What Xenon exports: the host does the job with it.
    Session,
    /// One for each kind of work, which answers how long it took.
    Crypto,
    /// What a service exports: the host sends it so many requests, some at once.
    Service,
}

/// A guest, compiled and linked.
#[derive(Clone)]
pub(crate) struct Guest {
    guest: InstancePre<Host>,
    function: Function,
}

impl Guest {
    pub(crate) fn new(guest: InstancePre<Host>, function: Function) -> Self {
        Self { guest, function }
    }

    /// An instance of it, for this job; for TLS, one that trusts whom it has to.
    pub(crate) fn instantiate(&self, job: Job<'_>) -> Result<Instance> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut store = Store::new(self.guest.engine(), Host::new(job.port));
        store.limiter(|host| &mut host.memory);
        // Only an engine that counts fuel takes it.
        let _ = store.set_fuel(u64::MAX);
        let exports = runtime.block_on(self.guest.instantiate_async(&mut store))?;
        let typed = match self.function {
            Function::Session => Typed::Session(Client::new(&mut store, &exports)?),
            Function::Service => Typed::Service(Service::new(&mut store, &exports)?),
            Function::Named(_) | Function::Upload | Function::Crypto => Typed::Not,
        };
        let mut instance = Instance { runtime, store, exports, typed, function: self.function };
        // The other guests trust nobody, for they know no TLS; or are told with each call.
        if let Some(certificate) = job.tls
            && let Ok(trust) = instance.exports.get_typed_func::<(&[u8],), ()>(&mut instance.store, "trust")
        {
            let call = trust.call_async(&mut instance.store, (certificate.authority.as_bytes(),));
            instance.runtime.block_on(call)?;
        }
        Ok(instance)
    }
}

/// An instance of a guest.
pub(crate) struct Instance {
    runtime: Runtime,
    store: Store<Host>,
    exports: component::Instance,
    typed: Typed,
    function: Function,
}

/// The exports of some guests, as bindings.
#[expect(clippy::large_enum_variant, reason = "there is one for each instance")]
enum Typed {
    /// Xenon itself.
    Session(Client),
    Service(Service),
    /// Its functions are called by name.
    Not,
}

impl Instance {
    /// Does the job `count` times; how many bytes of content were moved.
    pub(crate) fn work(&mut self, job: Job<'_>, count: u32) -> Result<u64> {
        let (port, target) = (job.port, job.target);
        match (self.function, &self.typed) {
            (Function::Named(name), _) => self.call(name, (port, target, count)),
            (Function::Upload, _) => self.call("upload", (port, target, count, job.length)),
            (_, Typed::Session(client)) => self.runtime.block_on(call_session(&mut self.store, client, job, count)),
            (_, Typed::Service(service)) => {
                let requests = service::get_many(&mut self.store, service, target, &[], count as usize, AT_ONCE);
                count_content(self.runtime.block_on(requests)?)
            }
            (Function::Session | Function::Crypto | Function::Service, Typed::Not) => {
                self.compute(job, count).map(|_| job.length * u64::from(count))
            }
        }
    }

    /// Whether it knows itself how long it took.
    pub(crate) fn has_clock(&self) -> bool {
        matches!(self.function, Function::Crypto)
    }

    /// The cryptography of doing the job `count` times; how long it took.
    pub(crate) fn compute(&mut self, job: Job<'_>, count: u32) -> Result<Duration> {
        let Certificate { authority, chain, key } = job.tls.ok_or("without TLS there is no cryptography")?;
        let length = job.length * u64::from(count);
        let nanos = match job.kind {
            Kind::Keep => self.call("open", (length,)),
            Kind::Upload => self.call("seal", (length,)),
            Kind::Full => self.call("full", (authority.as_str(), chain.as_str(), key.as_str(), count)),
            Kind::Resumed => self.call("resumed", (authority.as_str(), chain.as_str(), key.as_str(), count)),
        }?;
        Ok(Duration::from_nanos(nanos))
    }

    fn call<A: ComponentNamedList + Lower>(&mut self, name: &str, arguments: A) -> Result<u64> {
        type Answer = (std::result::Result<u64, String>,);
        let function = self.exports.get_typed_func::<A, Answer>(&mut self.store, name)?;
        let (outcome,) = self.runtime.block_on(function.call_async(&mut self.store, arguments))?;
        Ok(outcome?)
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

/// How much content all these answers have, each of which must be a 200.
fn count_content(answers: Vec<service::Whole>) -> Result<u64> {
    let mut total = 0;
    for answer in answers {
        match answer? {
            (200, _, content) => total += content.len() as u64,
            (status, ..) => return Err(format!("the answer was {status}").into()),
        }
    }
    Ok(total)
}

/// What the session guest does by `read`, or by `upload`, done by the host.
async fn call_session(store: &mut Store<Host>, client: &Client, job: Job<'_>, count: u32) -> Result<u64> {
    let http = client.xenon_http_session();
    let session = http.session();
    let mut connected = connect(store, client, job).await?;
    let mut total = 0;
    for _ in 0..count {
        total += match job.kind {
            Kind::Upload => upload(store, client, connected, job).await?,
            _ => download(store, client, connected, job).await?,
        };
        match job.kind {
            Kind::Full => {
                connected.resource_drop_async(&mut *store).await?;
                connected = connect(store, client, job).await?;
            }
            Kind::Resumed => session.call_close_connection(&mut *store, connected).await?,
            Kind::Keep | Kind::Upload => {}
        }
    }
    connected.resource_drop_async(&mut *store).await?;
    Ok(total)
}

async fn connect(store: &mut Store<Host>, client: &Client, job: Job<'_>) -> Result<ResourceAny> {
    let session = client.xenon_http_session().session();
    let scheme = if job.tls.is_some() { "https" } else { "http" };
    let connected = session.call_constructor(&mut *store, scheme, "127.0.0.1", job.port).await?;
    if let Some(certificate) = job.tls {
        let (tls, options) = (client.xenon_http_settings().tls_config(), client.xenon_http_settings().options());
        let config = tls.call_constructor(&mut *store).await?;
        tls.call_set_default_roots(&mut *store, config, false).await?;
        let trusted = tls.call_add_roots(&mut *store, config, certificate.authority.as_bytes()).await?;
        trusted.map_err(|error| error.detail)?;
        let given = options.call_constructor(&mut *store).await?;
        options.call_set_tls(&mut *store, given, config).await?;
        session.call_set_options(&mut *store, connected, given).await?;
        given.resource_drop_async(&mut *store).await?;
        config.resource_drop_async(&mut *store).await?;
    }
    Ok(connected)
}

async fn download(store: &mut Store<Host>, client: &Client, connected: ResourceAny, job: Job<'_>) -> Result<u64> {
    let http = client.xenon_http_session();
    let (request, response) = (http.request(), http.response());
    let asked = request.call_constructor(&mut *store, connected, "GET", job.target).await?;
    let answer = request.call_send(&mut *store, asked).await?.map_err(|error| error.detail)?;
    if response.call_status(&mut *store, answer).await? != 200 {
        return Err("the answer was not 200".into());
    }
    let mut length = 0;
    while let Some(piece) = response.call_read(&mut *store, answer, PIECE).await?.map_err(|error| error.detail)? {
        length += piece.len() as u64;
    }
    answer.resource_drop_async(&mut *store).await?;
    asked.resource_drop_async(&mut *store).await?;
    Ok(length)
}

async fn upload(store: &mut Store<Host>, client: &Client, connected: ResourceAny, job: Job<'_>) -> Result<u64> {
    let http = client.xenon_http_session();
    let (request, exchange, response) = (http.request(), http.exchange(), http.response());
    let asked = request.call_constructor(&mut *store, connected, "PUT", job.target).await?;
    request.call_set_streamed_content(&mut *store, asked, Some(job.length)).await?;
    let begun = request.call_start(&mut *store, asked).await?.map_err(|error| error.detail)?;
    let piece = vec![b'x'; WRITTEN as usize];
    let mut left = job.length;
    while left > 0 {
        let count = left.min(WRITTEN);
        let content = &piece[..count as usize];
        exchange.call_write(&mut *store, begun, content).await?.map_err(|error| error.detail)?;
        left -= count;
    }
    exchange.call_finish(&mut *store, begun, &Vec::new()).await?.map_err(|error| error.detail)?;
    let answer = exchange.call_response(&mut *store, begun).await?.map_err(|error| error.detail)?;
    if response.call_status(&mut *store, answer).await? != 200 {
        return Err("the answer was not 200".into());
    }
    response.call_read_to_end(&mut *store, answer).await?.map_err(|error| error.detail)?;
    for resource in [answer, begun, asked] {
        resource.resource_drop_async(&mut *store).await?;
    }
    Ok(job.length)
}

/// Requests that a service gets at once.
const AT_ONCE: usize = 16;

/// Bytes of content read at once: no more come.
const PIECE: u32 = 65_536;

/// Bytes of content written at once.
const WRITTEN: u64 = 262_144;

/// What a store holds.
pub(crate) struct Host {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    memory: Memory,
    calls: u64,
}

impl Host {
    /// With this port of 127.0.0.1 as that of the server behind a service.
    fn new(port: u16) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.inherit_stderr().inherit_network().allow_tcp(true).env("UPSTREAM", format!("127.0.0.1:{port}"));
        let wasi = wasi.build();
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
