//! What the store of a component holds, and WASI 0.2: one kind for the command and for other people's programs, so that
//! wasmtime's part in the calls of the host is compiled once.

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Config, Result};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::named_files::{NamedFiles, View};

/// Gives components WASI 0.2.
pub fn add_wasip2_to_linker(linker: &mut Linker<Host>) -> Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// Has an engine ask for little address space: memories take what they need, and move when they grow. Code checks each access
/// then.
pub fn spare_address_space(config: &mut Config) {
    config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(8 << 20);
}

/// The state of the host.
pub struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    files: NamedFiles,
    http: WasiHttpCtx,
    hooks: NoClient,
}

impl Host {
    /// For a component that is given this, and of files only those, if it is linked to `named_files`.
    pub fn new(wasi: WasiCtx, files: NamedFiles) -> Self {
        Self { wasi, table: ResourceTable::new(), files, http: WasiHttpCtx::new(), hooks: NoClient }
    }

    pub(crate) fn named_files(&mut self) -> View<'_> {
        View { files: &self.files, table: &mut self.table }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// For a host that has the types of `wasi:http`, and sends no request: that is Xenon's work.
#[derive(Debug)]
pub struct NoClient;

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = std::result::Result<(), Error>> + Send>);

impl WasiHttpHooks for NoClient {
    /// No component reaches this: nothing that calls it is linked.
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = std::result::Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = std::result::Result<Sent, Error>> + Send> {
        Box::new(async { Err(Error::HttpProtocolError) })
    }
}
