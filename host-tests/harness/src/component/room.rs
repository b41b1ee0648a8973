//! How much room the host has: handles, resources, open sockets.
//!
//! wasmtime traps when it has no room for a handle or a resource. A socket that cannot be created is an error by the WIT, which other
//! hosts use for limits of their own.

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime::{Error, Result, Store};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket;
use wasmtime_wasi::p2::{Network, SocketError, SocketResult, TcpSocket};
use wasmtime_wasi::sockets::WasiSocketsView;

use super::engine::State;

/// What a host has room for, at once.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The handles of all instances together: those of the host's resources, and those of the component's own.
    pub handles: usize,
    /// The resources in the host's table: sockets, streams, pollables and the like.
    pub resources: usize,
    /// The open sockets. One more is not created, and the answer is `new-socket-limit`.
    pub sockets: usize,
}

impl Default for Room {
    /// As much as wasmtime has, and any number of sockets.
    fn default() -> Room {
        Room { handles: 100_000, resources: 1_000_000, sockets: usize::MAX }
    }
}

/// Gives this much room to what is made from here on. What is there stays.
pub(super) fn give(store: &mut Store<State>, room: Room) {
    store.set_max_component_handles(room.handles);
    let state = store.data_mut();
    state.table.set_max_capacity(room.resources);
    state.sockets = room.sockets;
}

/// Replaces the function that creates sockets by one that counts them.
pub(super) fn count_sockets(linker: &mut Linker<State>) -> Result<()> {
    linker.allow_shadowing(true);
    tcp_create_socket::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl tcp_create_socket::Host for State {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let open = self.table.iter_mut().filter(|entry| entry.is::<TcpSocket>()).count();
        if open >= self.sockets {
            return Err(ErrorCode::NewSocketLimit.into());
        }
        self.sockets().create_tcp_socket(family)
    }
}

// The bindings want these beside it.

impl network::Host for State {
    fn convert_error_code(&mut self, error: SocketError) -> Result<ErrorCode> {
        self.sockets().convert_error_code(error)
    }

    fn network_error_code(&mut self, error: Resource<Error>) -> Result<Option<ErrorCode>> {
        self.sockets().network_error_code(error)
    }
}

impl network::HostNetwork for State {
    fn drop(&mut self, network: Resource<Network>) -> Result<()> {
        network::HostNetwork::drop(&mut self.sockets(), network)
    }
}
