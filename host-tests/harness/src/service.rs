//! A service under a host that gives one instance many requests at once, as `wasmtime serve` does over WASI 0.3.
//!
//! The requests come from the test and not over a network: what the service sends is what is looked at.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use tokio::runtime::Runtime;
use wasmtime::component::{Accessor, Component, Linker};
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::{Service as Exports, ServicePre, http::types};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};
use xenon_native::host::{self, Host};
use xenon_native::named_files::NamedFiles;

use crate::engines;

/// How long all requests of one call may take together.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a service answered: the status and the content, or what it failed with.
pub type Answer = Result<(u16, Vec<u8>), String>;

/// Field lines.
pub type Fields = Vec<(String, Vec<u8>)>;

/// An answer with the fields.
pub type Whole = Result<(u16, Fields, Vec<u8>), String>;

/// An instance of a service.
pub struct Service {
    runtime: Runtime,
    store: RefCell<Store<Host>>,
    service: Exports,
}

impl Service {
    /// An instance of this component, which may use sockets and lookups and has these variables. It must not import a client: the host
    /// has none.
    pub fn start(component: &[u8], variables: &[(&str, &str)]) -> Service {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let (store, service) =
            runtime.block_on(instantiate(component, variables)).expect("the service can be instantiated");
        Service { runtime, store: RefCell::new(store), service }
    }

    /// Gets this path, with these fields.
    pub fn get(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.get_many(path, fields, 1, 1).remove(0)
    }

    /// Gets this path, with these fields. Answers the fields of the response, and its content.
    pub fn get_with_fields(&self, path: &str, fields: &[(&str, &str)]) -> Result<(Fields, Vec<u8>), String> {
        self.exchanges(path, fields, 1, 1).remove(0).map(|(_, fields, content)| (fields, content))
    }

    /// Gets it so many times, so many at once.
    pub fn get_many(&self, path: &str, fields: &[(&str, &str)], count: usize, at_once: usize) -> Vec<Answer> {
        let whole = self.exchanges(path, fields, count, at_once).into_iter();
        whole.map(|answer| answer.map(|(status, _, content)| (status, content))).collect()
    }

    fn exchanges(&self, path: &str, fields: &[(&str, &str)], count: usize, at_once: usize) -> Vec<Whole> {
        let mut store = self.store.borrow_mut();
        let all = get_many(&mut store, &self.service, path, fields, count, at_once);
        let waited = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, all).await });
        waited.expect("the service answers in time").unwrap_or_else(|trap| panic!("the service has trapped: {trap:?}"))
    }
}

/// Gets this path of a service so many times, so many at once, under any host. Fails if it traps.
pub async fn get_many<T: WasiHttpView>(
    store: &mut Store<T>,
    service: &Exports,
    path: &str,
    fields: &[(&str, &str)],
    count: usize,
    at_once: usize,
) -> wasmtime::Result<Vec<Whole>> {
    let left = Cell::new(count);
    let answers = RefCell::new(Vec::new());
    let all = store.run_concurrent(async |accessor| {
        let lane = async || {
            while left.get() > 0 {
                left.set(left.get() - 1);
                let answer = exchange(accessor, service, path, fields).await;
                answers.borrow_mut().push(answer);
            }
        };
        all((0..at_once).map(|_| Box::pin(lane()) as _).collect()).await;
    });
    all.await?;
    answers.into_inner().into_iter().collect()
}

async fn exchange<T: WasiHttpView>(
    accessor: &Accessor<T>,
    service: &Exports,
    path: &str,
    fields: &[(&str, &str)],
) -> wasmtime::Result<Whole> {
    let mut request = http::Request::get(format!("http://service.test{path}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    let request = accessor.with(|mut store| Request::from_http(store.data_mut().http().hooks, request).0);
    let response = match service.handle(accessor, request).await? {
        Ok(response) => response,
        Err(code) => return Ok(Err(format!("{code:?}"))),
    };
    let response = accessor.with(|store| response.into_http(store, async { Ok(()) }))?;
    let status = response.status().as_u16();
    let fields = response.headers().iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let fields = fields.collect();
    Ok(match response.into_body().collect().await {
        Ok(content) => Ok((status, fields, content.to_bytes().to_vec())),
        Err(error) => Err(format!("{error:?}")),
    })
}

async fn instantiate(component: &[u8], variables: &[(&str, &str)]) -> wasmtime::Result<(Store<Host>, Exports)> {
    let engine = Engine::new(&engines::for_wasip3())?;
    let component = Component::new(&engine, component)?;
    let mut linker = Linker::new(&engine);
    host::add_wasip2_to_linker(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    types::add_to_linker::<Host, WasiHttp>(&mut linker, Host::http)?;
    let mut wasi = WasiCtx::builder();
    wasi.inherit_stderr().allow_tcp(true).inherit_network().allow_ip_name_lookup(true);
    for (name, value) in variables {
        wasi.env(name, value);
    }
    let mut store = Store::new(&engine, Host::new(wasi.build(), NamedFiles::default()));
    let service = ServicePre::new(linker.instantiate_pre(&component)?)?.instantiate_async(&mut store).await?;
    Ok((store, service))
}

/// Ready when all of these are.
async fn all(mut lanes: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|context| {
        lanes.retain_mut(|lane| lane.as_mut().poll(context).is_pending());
        if lanes.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
