//! `wasi:sockets/ip-name-lookup`, in the place of wasmtime's: the policy's names alone have addresses, by the host's own lookup.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::vec::IntoIter;

use tokio::sync::Semaphore;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress};
use wasmtime_wasi::p2::{DynPollable, Network, Pollable, subscribe};

use crate::guard::{Answer, Guard, Refused};
use crate::linked::State;

/// How the host looks up names.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of this name.
    fn find(&self, name: String) -> Finding;
}

/// A lookup by the host.
pub type Finding = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Resolver for System {
    fn find(&self, name: String) -> Finding {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The most lookups of one plugin that are under way at once, those that it has given up among them; others wait. The system does
/// each on a thread, of which all plugins share a number.
const MOST: usize = 4;

/// Looks names up for the runs of one plugin.
#[derive(Clone)]
pub(crate) struct Lookups {
    resolver: Arc<dyn Resolver>,
    room: Arc<Semaphore>,
}

impl Lookups {
    pub(crate) fn new(resolver: &Arc<dyn Resolver>) -> Lookups {
        Lookups { resolver: Arc::clone(resolver), room: Arc::new(Semaphore::new(MOST)) }
    }

    /// The same, for another plugin.
    pub(crate) fn separate(&self) -> Lookups {
        Lookups::new(&self.resolver)
    }

    fn start(&self, guard: &Arc<Guard>, name: &str) -> Result<Lookup, ErrorCode> {
        match guard.asked(name) {
            Ok(Answer::Known(addresses)) => Ok(Lookup::Over(Ok(addresses.into_iter()))),
            Ok(Answer::LookUp(name)) => Ok(Lookup::UnderWay(Box::pin(self.clone().look_up(Arc::clone(guard), name)))),
            Err(Refused) => Err(ErrorCode::AccessDenied),
        }
    }

    async fn look_up(self, guard: Arc<Guard>, name: String) -> Outcome {
        let permit = self.room.acquire_owned().await.map_err(|_| ErrorCode::TemporaryResolverFailure)?;
        let finding = self.resolver.find(name.clone());
        // A task of its own keeps the permit until the lookup is over, also where the plugin does not wait for it.
        let found = tokio::spawn(async move {
            let found = finding.await;
            drop(permit);
            found
        });
        let found = found.await.map_err(|_| ErrorCode::TemporaryResolverFailure)?;
        let addresses = found.map_err(|_| ErrorCode::NameUnresolvable)?;
        guard.found(&name, addresses).map(Vec::into_iter).map_err(|Refused| ErrorCode::AccessDenied)
    }
}

/// What the plugin holds: WASI's `resolve-address-stream`.
enum Lookup {
    UnderWay(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Over(Outcome),
}

type Outcome = Result<IntoIter<IpAddr>, ErrorCode>;

impl Lookup {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<&mut Outcome> {
        if let Lookup::UnderWay(lookup) = self {
            *self = Lookup::Over(ready!(lookup.as_mut().poll(context)));
        }
        match self {
            Lookup::Over(outcome) => Poll::Ready(outcome),
            Lookup::UnderWay(_) => Poll::Pending,
        }
    }

    fn next(&mut self) -> Result<Option<IpAddress>, ErrorCode> {
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Err(ErrorCode::WouldBlock),
            Poll::Ready(Ok(addresses)) => Ok(addresses.next().map(IpAddress::from)),
            Poll::Ready(Err(code)) => Err(*code),
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll(context).map(drop)).await;
    }
}

/// Gives it to plugins. wasmtime's own must not be linked beside it.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    type Store<'a> = StoreContextMut<'a, State>;
    type This = (Resource<Lookup>,);

    let mut interface = linker.instance("wasi:sockets/ip-name-lookup@0.2.0")?;
    interface.resource("resolve-address-stream", ResourceType::host::<Lookup>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Lookup>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap(
        "resolve-addresses",
        |mut store: Store<'_>, (network, name): (Resource<Network>, String)| {
            let state = store.data_mut();
            state.table.get(&network)?;
            Ok((match state.lookups.start(&state.guard, &name) {
                Ok(lookup) => Ok(state.table.push(lookup)?),
                Err(code) => Err(code),
            },))
        },
    )?;
    let stream = |function| format!("[method]resolve-address-stream.{function}");
    interface.func_wrap(&stream("resolve-next-address"), |mut store: Store<'_>, (this,): This| {
        Ok((store.data_mut().table.get_mut(&this)?.next(),))
    })?;
    interface.func_wrap(
        &stream("subscribe"),
        |mut store: Store<'_>, (this,): This| -> Result<(Resource<DynPollable>,)> {
            Ok((subscribe(&mut store.data_mut().table, this)?,))
        },
    )
}
