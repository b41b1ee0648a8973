//! The component, loaded and compiled once a process, and the making of its instances.

use std::sync::OnceLock;

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use xenon_native::ahead::Embedded;

use super::bindings::{Exports as Client, ExportsPre as ClientPre};
use super::{Memory, Setup};
use crate::engines;

/// What the store of an instance holds.
pub(super) struct State {
    wasi: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) memory: Memory,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The component, compiled for tests.
const COMPONENT: Embedded = xenon_native::embedded!("xenon-0.3");

/// The component's file.
pub fn bytes() -> &'static [u8] {
    COMPONENT.bytes()
}

pub(super) async fn instantiate(setup: &Setup) -> Result<(Store<State>, Client)> {
    let compiled = compiled();
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stderr().allow_tcp(setup.sockets).allow_udp(false).allow_ip_name_lookup(setup.lookup);
    wasi.inherit_network();
    let memory = Memory { peak: 0, limit: setup.memory };
    let mut store = Store::new(compiled.engine(), State { wasi: wasi.build(), table: ResourceTable::new(), memory });
    store.limiter(|state| &mut state.memory);
    let client = compiled.instantiate_async(&mut store).await?;
    Ok((store, client))
}

fn compiled() -> &'static ClientPre<State> {
    static COMPILED: OnceLock<ClientPre<State>> = OnceLock::new();
    COMPILED.get_or_init(|| compile().expect("the component can be compiled"))
}

fn compile() -> Result<ClientPre<State>> {
    let engine = Engine::new(&engines::for_wasip3())?;
    let component = COMPONENT.load(&engine)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    ClientPre::new(linker.instantiate_pre(&component)?)
}
