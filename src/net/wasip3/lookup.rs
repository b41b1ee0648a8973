//! Looking up a name.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::bindings::wasi::sockets::ip_name_lookup::{ErrorCode, resolve_addresses};
use super::bindings::wasi::sockets::types::IpAddress;
use super::{Operation, Tasks, from_wasi};
use crate::net::tasks::Buried;
use crate::net::{self, Fault};

/// A lookup in progress. Dropping it cancels it.
pub struct Lookup {
    /// `None` once it was buried.
    operation: Option<Resolving>,
    tasks: Rc<Tasks>,
}

type Resolving = Operation<Result<Vec<IpAddress>, ErrorCode>>;

impl Buried for Resolving {}

impl Lookup {
    pub(super) fn start(tasks: &Rc<Tasks>, name: &str) -> Self {
        let name = name.to_owned();
        Self { operation: Some(Operation::new(resolve_addresses(name))), tasks: Rc::clone(tasks) }
    }
}

impl net::Lookup for Lookup {
    fn poll(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Vec<IpAddr>, Fault>> {
        let Some(operation) = &mut self.operation else { return Poll::Pending };
        Pin::new(operation).poll(context).map(|found| match found {
            Ok(found) if found.is_empty() => Err(Fault::NameUnresolvable),
            Ok(found) => Ok(found.into_iter().take(max).map(from_wasi).collect()),
            Err(ErrorCode::AccessDenied) => Err(Fault::Denied),
            Err(ErrorCode::InvalidArgument | ErrorCode::NameUnresolvable) => Err(Fault::NameUnresolvable),
            Err(ErrorCode::TemporaryResolverFailure) => Err(Fault::ResolverTemporary),
            Err(ErrorCode::PermanentResolverFailure) => Err(Fault::ResolverPermanent),
            Err(ErrorCode::Other(_)) => Err(Fault::Other),
        })
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let Some(operation) = self.operation.take() {
            self.tasks.bury(operation);
        }
    }
}
