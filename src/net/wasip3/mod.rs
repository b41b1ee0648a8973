//! The network of a WASI 0.3 host: `wasi:sockets`, `wasi:clocks`, `wasi:random`.
//!
//! It knows bytes, addresses and time, but no HTTP. An operation in flight is a future, kept in the object that it works for. The
//! host ties it to the component-model task that polled it last, and this has consequences:
//!
//! * Everything runs in [`Wasi::call`] or [`Wasi::spawn`]. Outside them, that is in an export that is not async or in a destructor,
//!   an operation in flight can be neither polled nor cancelled: the host would trap. [`tasks`] has what happens then.
//! * An exchange is polled by one task, and nothing is in flight on a connection that is kept.

#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod bindings;
mod dial;
mod host;
mod lookup;
mod stream;

use std::future::{Future, poll_fn};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use self::dial::Dial;
pub use self::lookup::Lookup;
pub use self::stream::Stream;

use self::bindings::wasi::clocks::system_clock;
use self::bindings::wasi::random::random;
use self::bindings::wasi::sockets::types::{
    ErrorCode, IpAddress, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use self::host::Host;
use crate::clock::Instant;
use crate::net::{Fault, Net, tasks};

pub(crate) use crate::net::tasks::Operation;

type Tasks = tasks::Tasks<Host>;

/// How often the host must have had its turn before it knows what has reached the system. Measured with wasmtime 48: one turn lets
/// it ask, and the next lets it hear the answer.
const TURNS: usize = 2;

/// The host's network and clock. A clone is the same network.
#[derive(Clone)]
pub struct Wasi(Rc<Tasks>);

impl Wasi {
    /// The network of this component instance.
    pub fn new() -> Self {
        Self(Tasks::new(Host))
    }

    /// Runs this as a task within an async export: what it polls may be in flight between its polls.
    pub fn call<T: 'static, W: Future<Output = T> + 'static>(&self, work: W) -> impl Future<Output = T> + use<T, W> {
        self.0.call(work)
    }

    /// Runs this as a task beside the async export, also after that has returned.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.spawn(work);
    }

    /// Polls the running task again, after the host has had its turn.
    pub fn want_turn(&self) {
        self.0.want_turn();
    }

    /// Gives the host its turn.
    async fn turn(&self) {
        let mut is_over = false;
        poll_fn(|_| {
            if std::mem::replace(&mut is_over, true) {
                return Poll::Ready(());
            }
            self.want_turn();
            Poll::Pending
        })
        .await;
    }
}

impl Default for Wasi {
    fn default() -> Self {
        Self::new()
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
        let system_clock::Instant { seconds, nanoseconds } = system_clock::now();
        // A clock that shows a time before 1970 is wrong, and shows 1970 here.
        Duration::new(u64::try_from(seconds).unwrap_or(0), nanoseconds)
    }

    fn random(&self, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let random = random::get_random_bytes(rest.len() as u64);
            // A host may return fewer bytes than asked for. One that returns none breaks its contract, and the rest stays as it is,
            // because there is nothing to put there.
            if random.is_empty() {
                return;
            }
            let count = random.len().min(rest.len());
            let (filled, unfilled) = rest.split_at_mut(count);
            filled.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
            rest = unfilled;
        }
    }

    fn poll_until(&self, _: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        self.0.poll_until(deadline)
    }

    async fn catch_up(&self) {
        for _ in 0..TURNS {
            self.turn().await;
        }
    }

    fn lookup(&self, name: &str) -> Lookup {
        Lookup::start(&self.0, name)
    }

    fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> Dial {
        Dial::start(&self.0, to, from)
    }
}

/// The fault for an error code. `unfit` is the fault if the host cannot use an argument or its family.
fn fault(code: &ErrorCode, unfit: Fault) -> Fault {
    match code {
        ErrorCode::InvalidArgument | ErrorCode::NotSupported => unfit,
        ErrorCode::AccessDenied => Fault::Denied,
        ErrorCode::Timeout => Fault::TimedOut,
        ErrorCode::AddressNotBindable | ErrorCode::AddressInUse => Fault::LocalAddress,
        ErrorCode::RemoteUnreachable => Fault::Unreachable,
        ErrorCode::ConnectionRefused => Fault::Refused,
        ErrorCode::ConnectionReset | ErrorCode::ConnectionAborted | ErrorCode::ConnectionBroken => Fault::Reset,
        ErrorCode::OutOfMemory | ErrorCode::InvalidState | ErrorCode::DatagramTooLarge | ErrorCode::Other(_) => {
            Fault::Other
        }
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
