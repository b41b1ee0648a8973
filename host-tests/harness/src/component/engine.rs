//! The component, loaded and compiled once a process, and the making of its instances.

use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use xenon_native::ahead::Embedded;

use super::bindings::{Client, ClientPre};
use super::{Memory, Setup, count_call, room};
use crate::engines;

/// How often an instance that computes without end lets its deadline be looked at.
const TICK: Duration = Duration::from_millis(50);

/// So many ticks do not come.
const NEVER: u64 = 1 << 62;

/// What the store of an instance holds.
pub(super) struct State {
    wasi: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) memory: Memory,
    /// How many can be open.
    pub(super) sockets: usize,
    pub(super) host_calls: u64,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The component, compiled for tests.
const COMPONENT: Embedded = xenon_native::embedded!("xenon");

/// The component's file.
pub fn bytes() -> &'static [u8] {
    COMPONENT.bytes()
}

/// The engine that instances run in which count no fuel.
pub fn engine() -> &'static Engine {
    &plain().engine
}

/// The component, compiled for `engine`.
pub fn component() -> &'static Component {
    &plain().component
}

pub(super) async fn instantiate(setup: &Setup) -> Result<(Store<State>, Client)> {
    let compiled = match (setup.full, setup.fuel) {
        (true, _) => full(),
        (false, true) => fuelled(),
        (false, false) => plain(),
    };
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stderr().allow_tcp(setup.sockets).allow_udp(false).allow_ip_name_lookup(setup.lookup);
    if setup.addresses {
        wasi.inherit_network();
    }
    let state = State {
        wasi: wasi.build(),
        table: ResourceTable::new(),
        memory: Memory { now: 0, peak: 0, limit: setup.memory },
        sockets: 0,
        host_calls: 0,
    };
    let mut store = Store::new(&compiled.engine, state);
    room::give(&mut store, setup.room);
    store.limiter(|state| &mut state.memory);
    store.call_hook(|mut context, hook| {
        count_call(&mut context.data_mut().host_calls, hook);
        Ok(())
    });
    if setup.fuel {
        store.set_fuel(u64::MAX)?;
    }
    if setup.turns {
        store.epoch_deadline_async_yield_and_update(1);
    } else {
        store.set_epoch_deadline(NEVER);
    }
    let client = compiled.client.instantiate_async(&mut store).await?;
    Ok((store, client))
}

struct Compiled {
    engine: Engine,
    component: Component,
    client: ClientPre<State>,
}

fn plain() -> &'static Compiled {
    static PLAIN: OnceLock<Compiled> = OnceLock::new();
    PLAIN.get_or_init(|| compile(false, |engine| COMPONENT.load(engine)).expect("the component can be compiled"))
}

fn fuelled() -> &'static Compiled {
    static FUELLED: OnceLock<Compiled> = OnceLock::new();
    FUELLED.get_or_init(|| compile(true, |engine| COMPONENT.load(engine)).expect("the component can be compiled"))
}

/// It counts no fuel.
fn full() -> &'static Compiled {
    static FULL: OnceLock<Compiled> = OnceLock::new();
    let load = |engine: &Engine| Component::from_file(engine, xenon_guests_full::component());
    FULL.get_or_init(|| compile(false, load).expect("the component can be compiled"))
}

fn compile(fuel: bool, load: impl FnOnce(&Engine) -> Result<Component>) -> Result<Compiled> {
    let engine = Engine::new(&engines::for_tests(fuel))?;
    let component = load(&engine)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    room::count_sockets(&mut linker)?;
    let client = ClientPre::new(linker.instantiate_pre(&component)?)?;
    let ticking = engine.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(TICK);
            ticking.increment_epoch();
        }
    });
    Ok(Compiled { engine, component, client })
}
