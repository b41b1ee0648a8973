//! Looking up a name with `wasi:sockets/ip-name-lookup`.

use std::net::IpAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use wasi::io::poll::Pollable;
use wasi::sockets::ip_name_lookup::{ResolveAddressStream, resolve_addresses};
use wasi::sockets::network::ErrorCode;

use super::reactor::{Reactor, Subscribe, Watched};
use super::{fault, from_wasi};
use crate::net::{self, Fault};

/// A lookup in progress.
pub struct Lookup {
    addresses: Result<Watched<ResolveAddressStream>, Fault>,
    found: Vec<IpAddr>,
    reactor: Rc<Reactor>,
}

impl Lookup {
    pub(super) fn start(reactor: &Rc<Reactor>, name: &str) -> Self {
        let addresses = resolve_addresses(reactor.network(), name).map(Watched::new).map_err(lookup_fault);
        Self { addresses, found: Vec::new(), reactor: Rc::clone(reactor) }
    }
}

impl net::Lookup for Lookup {
    fn poll(&mut self, _: &mut Context<'_>, max: usize) -> Poll<Result<Vec<IpAddr>, Fault>> {
        let addresses = match &self.addresses {
            Ok(addresses) => addresses,
            Err(fault) => return Poll::Ready(Err(*fault)),
        };
        let mut fault = Fault::NameUnresolvable;
        while self.found.len() < max {
            let next = if addresses.is_worth_trying(&self.reactor) {
                addresses.resolve_next_address()
            } else {
                Err(ErrorCode::WouldBlock)
            };
            match next {
                Ok(Some(address)) => self.found.push(from_wasi(address)),
                Ok(None) => break,
                Err(ErrorCode::WouldBlock) => {
                    addresses.block(&self.reactor);
                    addresses.wish(&self.reactor);
                    return Poll::Pending;
                }
                Err(code) => {
                    fault = lookup_fault(code);
                    break;
                }
            }
        }
        // Addresses received before a failure are used.
        let found = std::mem::take(&mut self.found);
        Poll::Ready(if found.is_empty() { Err(fault) } else { Ok(found) })
    }
}

/// A name that the resolver rejects does not exist.
fn lookup_fault(code: ErrorCode) -> Fault {
    fault(code, Fault::NameUnresolvable)
}

impl Subscribe for ResolveAddressStream {
    fn subscribe(&self) -> Pollable {
        self.subscribe()
    }
}
