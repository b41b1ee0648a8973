//! Connecting to a host: looks its name up and races its addresses (RFC 8305). The first to connect wins.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::Instant;
use crate::error::{Code, Error, LookupFailure, Phase};
use crate::http::origin::{Host, Origin};
use crate::net::{Dial, Fault, Lookup, Net, Stream};
use crate::session::connecting::addresses;
use crate::session::events::{Kind, Subject};
use crate::session::proxies::LastGood;
use crate::session::shared::Shared;
use crate::session::timing::{Schedule, Step, within};

/// The delay between two attempts (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// The least delay between two attempts, even after one that failed at once (RFC 8305 section 5). A name with many addresses that
/// refuse must not flood a network.
const LEAST_STAGGER: Duration = Duration::from_millis(10);

/// A stream to the first of these addresses to connect. `last_good` is the last that did. It is tried first, and updated.
pub(crate) async fn race<N: Net>(
    shared: &Shared<N>,
    found: Vec<SocketAddr>,
    last_good: &LastGood,
    subject: Subject,
    schedule: &Schedule,
) -> Result<N::Stream, Error> {
    let (most, from) = (shared.settings.borrow().limits().addresses, shared.settings.borrow().local_address());
    let good = last_good.get().and_then(|(local, good)| (local == from).then_some(good));
    let ordered = addresses::order(found, good, most);
    let now = shared.net.now();
    let race = Race {
        shared,
        subject,
        from,
        waiting: ordered.into_iter(),
        running: Vec::new(),
        failures: Vec::new(),
        next_at: now,
        earliest: now,
        end: Some(now + schedule.each.connect).filter(|end| *end < schedule.end),
    };
    let stream = within(&shared.net, schedule.end(Phase::Connect), race.run(schedule.each.attempt)).await??;
    last_good.set(Some((from, stream.peer())));
    Ok(stream)
}

/// The origin's addresses, from the settings, the host itself, or the resolver.
pub(crate) async fn find_origin<N: Net>(
    shared: &Shared<N>,
    origin: &Origin,
    subject: Subject,
    schedule: &Schedule,
) -> Result<Vec<SocketAddr>, Error> {
    let family = shared.settings.borrow().family;
    let (host, port) = {
        let settings = shared.settings.borrow();
        if !settings.addresses().is_empty() {
            let port = settings.connect_to().map_or(origin.port, |(_, port)| *port);
            let fixed = settings.addresses().iter().filter(|fixed| family.admits(fixed.address));
            let found: Vec<_> = fixed.map(|fixed| SocketAddr::new(fixed.address, fixed.port.unwrap_or(port))).collect();
            return if found.is_empty() { Err(no_address("what is set in place of the name")) } else { Ok(found) };
        }
        settings.connect_to().cloned().unwrap_or_else(|| (origin.host.clone(), origin.port))
    };
    find(shared, host, port, subject, schedule).await
}

/// The addresses of this host, each with this port.
pub(crate) async fn find<N: Net>(
    shared: &Shared<N>,
    host: Host,
    port: u16,
    subject: Subject,
    schedule: &Schedule,
) -> Result<Vec<SocketAddr>, Error> {
    let family = shared.settings.borrow().family;
    let name = match host {
        Host::Address(address) if family.admits(address) => {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        Host::Address(address) => return Err(no_address(&address.to_string())),
        Host::Name(name) => name,
    };
    let mut found = match addresses::loopback(&name) {
        Some(both) => both,
        None => look_up(shared, &name, subject, schedule).await?,
    };
    found.retain(|address| family.admits(*address));
    if found.is_empty() {
        return Err(no_address(&name));
    }
    let most = shared.settings.borrow().limits().addresses;
    shared.record(subject, || Kind::Addresses(found.iter().take(most).map(IpAddr::to_string).collect()));
    Ok(addresses::with_port(found, port))
}

/// Resolves this name.
async fn look_up<N: Net>(
    shared: &Shared<N>,
    name: &str,
    subject: Subject,
    schedule: &Schedule,
) -> Result<Vec<IpAddr>, Error> {
    shared.record(subject, || Kind::Lookup(name.to_owned()));
    let mut lookup = shared.net.lookup(name);
    let deadline = schedule.step(Step::Lookup(name), shared.net.now());
    let found = within(&shared.net, deadline, poll_fn(|context| lookup.poll(context, LOOKED_AT))).await?;
    found.map_err(|fault| lookup_error(name, fault))
}

/// How many addresses of one name are considered, before they are ordered and the limit applies.
const LOOKED_AT: usize = 256;

/// Attempts to connect, some waiting to begin, some running, some failed.
struct Race<'a, N: Net> {
    shared: &'a Shared<N>,
    subject: Subject,
    /// The local address.
    from: Option<IpAddr>,
    waiting: std::vec::IntoIter<SocketAddr>,
    running: Vec<Attempt<N>>,
    failures: Vec<(SocketAddr, Fault)>,
    /// When the next attempt begins, unless one fails or connects before.
    next_at: Instant,
    /// When it may begin at the earliest, after one failed.
    earliest: Instant,
    /// The deadline of the race. `None` if that of the whole exchange is earlier.
    end: Option<Instant>,
}

struct Attempt<N: Net> {
    address: SocketAddr,
    dial: N::Dial,
    deadline: Instant,
}

impl<N: Net> Race<'_, N> {
    async fn run(mut self, attempt: Duration) -> Result<N::Stream, Error> {
        let winner = poll_fn(|context| {
            loop {
                if let Some(stream) = self.poll_running(context) {
                    return Poll::Ready(Some(stream));
                }
                let is_last = self.waiting.len() == 0;
                if is_last && self.running.is_empty() {
                    return Poll::Ready(None);
                }
                if is_last || self.shared.net.poll_until(context, self.next_at).is_pending() {
                    return self.poll_end(context).map(|()| None);
                }
                self.begin_next(attempt);
            }
        });
        match winner.await {
            Some(stream) => Ok(stream),
            None => Err(self.into_error()),
        }
    }

    /// Ready at the deadline of the race. Attempts still running have failed then.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.end {
            Some(end) if self.shared.net.poll_until(context, end).is_ready() => {
                self.failures.extend(self.running.drain(..).map(|attempt| (attempt.address, Fault::TimedOut)));
                Poll::Ready(())
            }
            _ => Poll::Pending,
        }
    }

    fn begin_next(&mut self, attempt: Duration) {
        let Some(address) = self.waiting.next() else {
            return;
        };
        let now = self.shared.net.now();
        self.next_at = now + STAGGER;
        self.earliest = now + LEAST_STAGGER;
        self.shared.record(self.subject, || Kind::Connecting(address.to_string()));
        let dial = self.shared.net.connect(address, self.from);
        self.running.push(Attempt { address, dial, deadline: now + attempt });
    }

    /// The first attempt that connected. Failed ones are removed.
    fn poll_running(&mut self, context: &mut Context<'_>) -> Option<N::Stream> {
        let mut index = 0;
        while let Some(attempt) = self.running.get_mut(index) {
            let fault = match attempt.dial.poll(context) {
                Poll::Ready(Ok(stream)) => return Some(stream),
                Poll::Ready(Err(fault)) => fault,
                Poll::Pending if self.shared.net.poll_until(context, attempt.deadline).is_ready() => Fault::TimedOut,
                Poll::Pending => {
                    index = index.saturating_add(1);
                    continue;
                }
            };
            let Attempt { address, .. } = self.running.remove(index);
            self.shared.record(self.subject, || Kind::AttemptFailed {
                address: address.to_string(),
                reason: fault.to_string(),
            });
            self.failures.push((address, fault));
            // After a failure, the next attempt need not wait for its turn.
            self.next_at = self.earliest;
        }
        None
    }

    /// The last failure determines the code. The detail lists all of them.
    fn into_error(self) -> Error {
        let code = match self.failures.last().map(|(_, fault)| *fault) {
            Some(Fault::Refused) => Code::ConnectionRefused,
            Some(Fault::TimedOut) => Code::ConnectionTimeout,
            Some(Fault::Unreachable) => Code::DestinationUnroutable,
            Some(Fault::Denied) => Code::DestinationProhibited,
            Some(Fault::LocalAddress) => Code::Configuration,
            Some(Fault::Reset) => Code::ConnectionTerminated,
            Some(Fault::Exhausted | Fault::NoResources) => Code::ConnectionLimitReached,
            _ => Code::Other(None),
        };
        let each: Vec<_> = self.failures.iter().map(|(address, fault)| format!("{address}: {}", fault)).collect();
        Error::new(Phase::Connect, code, format!("could not connect: {}", each.join("; ")))
    }
}

fn no_address(what: &str) -> Error {
    let code = Code::Lookup(LookupFailure::NameUnresolvable);
    Error::new(Phase::Resolve, code, format!("{what} has no address of the family that is set"))
}

fn lookup_error(name: &str, fault: Fault) -> Error {
    let failure = match fault {
        Fault::NameUnresolvable => LookupFailure::NameUnresolvable,
        Fault::ResolverTemporary | Fault::TimedOut | Fault::NoResources => LookupFailure::Temporary,
        Fault::Denied => LookupFailure::Denied,
        _ => LookupFailure::Permanent,
    };
    Error::new(Phase::Resolve, Code::Lookup(failure), format!("could not look up {name:?}: {}", fault))
}
