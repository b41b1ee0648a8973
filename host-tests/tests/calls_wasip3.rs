//! Calls between components over WASI 0.3: what is dropped, many at once, or stopped in the middle, and what is left behind.

use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::component::{Component, ComponentNamedList, Instance, Lift, Linker, Lower, ResourceTable};
use wasmtime::{Config, Engine, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use xenon_harness::nginx::Nginx;

/// How long one case may take.
const PATIENCE: Duration = Duration::from_secs(240);

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    /// The most bytes that one linear memory has had.
    peak: usize,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.peak = self.peak.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// An instance of the caller, composed with Xenon.
struct Caller {
    runtime: Runtime,
    store: Store<State>,
    instance: Instance,
}

impl Caller {
    fn new() -> Caller {
        let engine = Engine::new(Config::new().wasm_component_model_async(true)).unwrap();
        let component = Component::from_file(&engine, xenon_tested_guests::async_caller()).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stderr().allow_tcp(true).inherit_network();
        let mut store = Store::new(&engine, State { table: ResourceTable::new(), wasi: wasi.build(), peak: 0 });
        store.limiter(|state| state);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let instance = runtime.block_on(linker.instantiate_async(&mut store, &component)).unwrap();
        Caller { runtime, store, instance }
    }

    fn call<A, R>(&mut self, name: &str, arguments: A) -> R
    where
        A: ComponentNamedList + Lower,
        R: Lift + Send + Sync + 'static,
    {
        let cases = self.instance.get_export_index(&mut self.store, None, "tested:async-caller/cases").unwrap();
        let function = self.instance.get_export_index(&mut self.store, Some(&cases), name).unwrap();
        let function = self.instance.get_typed_func::<A, (R,)>(&mut self.store, function).unwrap();
        let call = async { tokio::time::timeout(PATIENCE, function.call_async(&mut self.store, arguments)).await };
        self.runtime.block_on(call).expect("it returns in time").expect("nothing traps").0
    }

    /// What the host keeps for tasks, streams and futures.
    fn host_tasks(&mut self) -> usize {
        self.store.concurrent_state_table_size()
    }

    /// Sockets and the like.
    fn host_resources(&mut self) -> usize {
        self.store.data_mut().table.iter_mut().count()
    }
}

fn nginx() -> Option<Nginx> {
    Nginx::start(&[("/file", 64), ("/large", 8 << 20)])
}

/// Wherever a call was dropped, its session goes on, and nothing is left of it.
#[test]
fn a_call_can_be_dropped_at_any_moment() {
    let Some(nginx) = nginx() else { return };
    for kept in [false, true] {
        let mut caller = Caller::new();
        let dropped: Result<u32, String> = caller.call("drop-each", (nginx.port(), "/file", kept));
        assert!(dropped.as_ref().is_ok_and(|dropped| *dropped > 3), "{dropped:?}");
        let (tasks, resources) = (caller.host_tasks(), caller.host_resources());
        let dropped: Result<u32, String> = caller.call("drop-each", (nginx.port(), "/file", kept));
        assert!(dropped.is_ok(), "{dropped:?}");
        assert_eq!((caller.host_tasks(), caller.host_resources()), (tasks, resources), "kept: {kept}");
    }
}

#[test]
fn a_hundred_calls_at_once_share_six_connections() {
    let Some(nginx) = nginx() else { return };
    let answered: Result<u32, String> = Caller::new().call("at-once", (nginx.port(), "/file", 100_u32, 6_u32));
    assert_eq!(answered, Ok(100));
    let served = nginx.served();
    let connections: std::collections::BTreeSet<_> = served.iter().map(|served| served.connection).collect();
    assert_eq!((served.len(), connections.len()), (100, 6));
}

#[test]
fn a_reader_that_stops_does_not_stop_others() {
    let Some(nginx) = nginx() else { return };
    let read: Result<u64, String> = Caller::new().call("stop-reading", (nginx.port(), "/large", "/file", 20_u32));
    assert_eq!(read, Ok(8 << 20));
}

/// In wasmtime 48 and 50, an async call between components that returns at once leaves an entry in the host's table, and the millionth
/// traps.
#[test]
fn a_million_calls_leave_nothing() {
    let mut caller = Caller::new();
    let answered: u32 = caller.call("one-by-one", (1_u16, "not a target", 1000_u32));
    assert_eq!(answered, 0);
    let before = caller.host_tasks();
    let _: u32 = caller.call("one-by-one", (1_u16, "not a target", 1_100_000_u32));
    assert_eq!(caller.host_tasks(), before);
}

#[test]
fn exchanges_leave_nothing() {
    let Some(nginx) = nginx() else { return };
    let mut caller = Caller::new();
    assert_eq!(caller.call::<_, u32>("one-by-one", (nginx.port(), "/file", 100_u32)), 100);
    let before = (caller.host_tasks(), caller.host_resources());
    assert_eq!(caller.call::<_, u32>("one-by-one", (nginx.port(), "/file", 5000_u32)), 5000);
    assert_eq!((caller.host_tasks(), caller.host_resources()), before);
}
