//! The network of a WASI 0.2 host: `wasi:sockets`, `wasi:io`, `wasi:clocks`, `wasi:random`.
//!
//! It knows bytes, addresses and time, but no HTTP. Only [`Wasi::wait`] blocks.
//!
//! The host traps unless three rules are kept. Each is kept in one place:
//!
//! * A pollable is dropped before the resource it was made from: [`reactor::Watched`].
//! * Streams are dropped before their socket: the fields of [`Stream`].
//! * No write exceeds its permit: `Stream::send`.

mod dial;
mod dying;
mod lookup;
mod reactor;
mod stream;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use wasi::io::poll::Pollable;
use wasi::sockets::network::{ErrorCode, IpAddress, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress};

pub use self::dial::Dial;
pub use self::lookup::Lookup;
pub use self::reactor::Woken;
pub use self::stream::Stream;

use self::reactor::Reactor;
use crate::clock::Instant;
use crate::net::{Fault, Net};

/// The host's network and clock. A clone is the same network, with the same wishes.
///
/// Contexts are ignored, because work is done in passes. In a pass, futures are polled, and an operation that would block notes a
/// wish. [`Wasi::wait`] ends the pass and starts another. An operation that would block is not tried again until a wait has found
/// it ready. Polling a hundred futures after each wait therefore costs host calls for the ready ones only.
#[derive(Clone, Default)]
pub struct Wasi(Rc<Reactor>);

impl Wasi {
    /// The network of this component instance.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a pass: wishes, deadlines and the time are forgotten.
    ///
    /// A probing pass is for a caller that will not wait after it. Operations that would block are tried once more, with a fresh
    /// answer from the host.
    pub fn begin(&self, probing: bool) {
        self.0.begin(probing);
    }

    /// Waits until a wish comes true, one of `others` is ready, or the earliest noted deadline or `until` has passed. Then starts
    /// a pass that does not probe. Blocks the component instance. It may return early.
    pub fn wait(&self, others: &[&Pollable], until: Option<Instant>) -> Woken {
        self.0.wait(others, until)
    }
}

impl Net for Wasi {
    type Lookup = Lookup;
    type Dial = Dial;
    type Stream = Stream;

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn wall_clock(&self) -> Duration {
        let wasi::clocks::wall_clock::Datetime { seconds, nanoseconds } = wasi::clocks::wall_clock::now();
        Duration::new(seconds, nanoseconds)
    }

    fn random(&self, bytes: &mut [u8]) {
        let random = wasi::random::random::get_random_bytes(bytes.len() as u64);
        // A host that returns fewer breaks its contract. The rest stays as it is, because there is nothing to put there.
        bytes.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
    }

    fn poll_until(&self, _: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        self.0.poll_until(deadline)
    }

    /// Left to `try_receive`, which knows whether the host could answer it from memory.
    async fn catch_up(&self) {}

    fn lookup(&self, name: &str) -> Lookup {
        Lookup::start(&self.0, name)
    }

    fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> Dial {
        Dial::start(&self.0, to, from)
    }
}

/// The fault for an error code. `unfit` is the fault if the host cannot use an argument or its family.
fn fault(code: ErrorCode, unfit: Fault) -> Fault {
    match code {
        ErrorCode::InvalidArgument | ErrorCode::NotSupported => unfit,
        ErrorCode::AccessDenied => Fault::Denied,
        ErrorCode::Timeout => Fault::TimedOut,
        ErrorCode::AddressNotBindable | ErrorCode::AddressInUse => Fault::LocalAddress,
        ErrorCode::RemoteUnreachable => Fault::Unreachable,
        ErrorCode::ConnectionRefused => Fault::Refused,
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted => Fault::Reset,
        ErrorCode::NameUnresolvable => Fault::NameUnresolvable,
        ErrorCode::TemporaryResolverFailure => Fault::ResolverTemporary,
        ErrorCode::PermanentResolverFailure => Fault::ResolverPermanent,
        ErrorCode::NewSocketLimit | ErrorCode::OutOfMemory => Fault::NoResources,
        ErrorCode::Unknown
        | ErrorCode::ConcurrencyConflict
        | ErrorCode::NotInProgress
        | ErrorCode::WouldBlock
        | ErrorCode::InvalidState
        | ErrorCode::DatagramTooLarge => Fault::Other,
    }
}

fn from_wasi(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}

fn to_wasi(address: SocketAddr) -> IpSocketAddress {
    match address {
        SocketAddr::V4(address) => {
            let [a, b, c, d] = address.ip().octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port: address.port(), address: (a, b, c, d) })
        }
        SocketAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.ip().segments();
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port: address.port(),
                flow_info: address.flowinfo(),
                address: (a, b, c, d, e, f, g, h),
                scope_id: address.scope_id(),
            })
        }
    }
}
