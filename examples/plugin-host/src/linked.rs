//! What plugins are linked to, which is all that they can reach: WASI 0.2 without `wasi:http`, and little of it is more than a name.

use std::sync::Arc;

use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket::Host as _;
use wasmtime_wasi::p2::bindings::{cli, filesystem, random, sockets};
use wasmtime_wasi::p2::{TcpSocket, UdpSocket, add_to_linker_proxy_interfaces_async};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::budget::Budget;
use crate::guard::Guard;
use crate::log::Limit;
use crate::lookups::{self, Lookups};
use crate::policy::Policy;

/// What the store of one run holds.
pub(crate) struct State {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) budget: Budget,
    pub(crate) guard: Arc<Guard>,
    pub(crate) lookups: Lookups,
    sockets: usize,
}

/// The most resources that one run may have: a connection has five, a lookup two.
pub(crate) const RESOURCES: usize = 1_000;

/// The most random bytes that are made in one call.
const RANDOM: u64 = 1 << 16;

impl State {
    pub(crate) fn new(policy: &Policy, guard: Guard, lookups: Lookups) -> State {
        let guard = Arc::new(guard);
        let check = Arc::clone(&guard);
        // The context is empty but for this: no folder, no argument, no variable; what is read has ended, what is written is gone.
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_tcp(true).allow_udp(false).allow_ip_name_lookup(false).max_random_size(RANDOM);
        wasi.socket_addr_check(move |address, usage| Box::pin(std::future::ready(check.may(address, usage))));
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let budget = Budget::new(policy.memory);
        State { wasi: wasi.build(), table, budget, guard, lookups, sockets: policy.sockets }
    }

    /// A socket, if it may have one more.
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> Result<Result<Resource<TcpSocket>, ErrorCode>> {
        if self.table.iter_mut().filter(|entry| entry.is::<TcpSocket>()).count() >= self.sockets {
            self.guard.exceeded(Limit::Sockets(self.sockets));
            return Ok(Err(ErrorCode::NewSocketLimit));
        }
        match self.sockets().create_tcp_socket(family) {
            Ok(socket) => Ok(Ok(socket)),
            Err(error) => Ok(Err(error.downcast()?)),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A plugin that imports anything else is not loaded.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    // Streams, pollables, clocks, random bytes, standard streams.
    add_to_linker_proxy_interfaces_async(linker)?;
    // What languages import, whatever a program does.
    random::insecure::add_to_linker::<State, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    // Sockets. What makes them, and what looks names up, is the host's own.
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(linker, &options, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    create_sockets(linker)?;
    lookups::add_to_linker(linker)
}

/// TCP sockets are counted. There are none of UDP, and who wants one is logged.
fn create_sockets(linker: &mut Linker<State>) -> Result<()> {
    type Store<'a> = StoreContextMut<'a, State>;

    let mut tcp = linker.instance("wasi:sockets/tcp-create-socket@0.2.0")?;
    tcp.func_wrap("create-tcp-socket", |mut store: Store<'_>, (family,): (IpAddressFamily,)| {
        Ok((store.data_mut().create_tcp_socket(family)?,))
    })?;
    let mut udp = linker.instance("wasi:sockets/udp-create-socket@0.2.0")?;
    udp.func_wrap("create-udp-socket", |store: Store<'_>, (_,): (IpAddressFamily,)| {
        store.data().guard.refuse_udp();
        Ok((Err::<Resource<UdpSocket>, _>(ErrorCode::AccessDenied),))
    })
}
