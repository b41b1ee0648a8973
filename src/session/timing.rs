//! Deadlines: how long each step of an exchange may take, which error follows, and waiting with a deadline.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::Instant;
use crate::error::{Code, Error, Phase};
use crate::limits::SILENT_STEPS;
use crate::net::Net;
use crate::session::settings::Deadlines;

/// The deadlines of one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// How long each step may take.
    pub(crate) each: Deadlines,
    /// When the whole exchange must be over.
    pub(crate) end: Instant,
}

/// A step that has a deadline of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// Looking up this name.
    Lookup(&'a str),
    /// The TLS handshake with the origin.
    Handshake,
    /// The handshake with a proxy.
    Proxy,
    /// Waiting until the server accepts more of the request.
    Write,
    /// Waiting for the first byte of the response.
    FirstByte,
    /// Waiting for more of the response's content.
    BetweenBytes,
}

/// A time, and the error of an operation that is not complete by then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline<'a> {
    pub(crate) at: Instant,
    error: Timeout<'a>,
}

/// An error that is not built yet, because most deadlines never pass.
#[derive(Clone, Copy, Debug)]
enum Timeout<'a> {
    /// The step took longer than this.
    Step(Step<'a>, Duration),
    /// The whole exchange took longer than this, and was in this phase.
    Exchange(Phase, Duration),
}

impl Schedule {
    /// A schedule that starts now.
    pub(crate) fn new(each: Deadlines, now: Instant) -> Self {
        Self { each, end: now + each.exchange }
    }

    /// The deadline of the whole exchange, in this phase.
    pub(crate) fn end(&self, phase: Phase) -> Deadline<'static> {
        Deadline { at: self.end, error: Timeout::Exchange(phase, self.each.exchange) }
    }

    /// The deadline of a step that begins now, or that of the whole exchange if that is not later.
    pub(crate) fn step<'a>(&self, step: Step<'a>, now: Instant) -> Deadline<'a> {
        self.end(step.phase()).or(step, now + self.length(step), self)
    }

    /// How long this step may take.
    pub(crate) fn length(&self, step: Step<'_>) -> Duration {
        match step {
            Step::Lookup(_) => self.each.lookup,
            Step::Handshake => self.each.handshake,
            Step::Proxy => self.each.proxy,
            Step::Write => self.each.write,
            Step::FirstByte => self.each.first_byte,
            Step::BetweenBytes => self.each.between_bytes,
        }
    }
}

impl<'a> Deadline<'a> {
    /// The deadline `at` of this step, if it is earlier than this one.
    pub(crate) fn or(self, step: Step<'a>, at: Instant, schedule: &Schedule) -> Self {
        if at < self.at { Self { at, error: Timeout::Step(step, schedule.length(step)) } } else { self }
    }

    /// The error of missing it.
    #[cold]
    pub(crate) fn error(&self) -> Error {
        let (step, length) = match self.error {
            Timeout::Step(step, length) => (step, length),
            Timeout::Exchange(phase, length) => {
                let detail = format!("the whole exchange took longer than {length:?}");
                return Error::new(phase, Code::ExchangeTimeout, detail);
            }
        };
        let (code, detail) = match step {
            Step::Lookup(name) => (Code::LookupTimeout, format!("looking up {name:?} took longer than {length:?}")),
            Step::Handshake => (Code::TlsHandshakeTimeout, format!("the TLS handshake took longer than {length:?}")),
            Step::Proxy => (Code::ProxyTimeout, format!("its dialogue took longer than {length:?}")),
            Step::Write => {
                (Code::ConnectionWriteTimeout, format!("the server took no more of the request for {length:?}"))
            }
            Step::FirstByte => (Code::ResponseTimeout, format!("the server did not answer for {length:?}")),
            Step::BetweenBytes => {
                (Code::ConnectionReadTimeout, format!("the server sent no more of the content for {length:?}"))
            }
        };
        Error::new(step.phase(), code, detail)
    }
}

impl Step<'_> {
    fn phase(self) -> Phase {
        match self {
            Self::Lookup(_) => Phase::Resolve,
            Self::Handshake => Phase::Handshake,
            Self::Proxy => Phase::Proxy,
            Self::Write => Phase::Send,
            Self::FirstByte => Phase::Head,
            Self::BetweenBytes => Phase::Body,
        }
    }
}

/// The output of the future, or the deadline's error if that comes first. A result that is ready at the deadline is in time.
pub(crate) async fn within<N: Net, T>(
    net: &N,
    deadline: Deadline<'_>,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => net.poll_until(context, deadline.at).map(|()| Err(deadline.error())),
    })
    .await
}

/// Waits for the shortest possible time. The clock advances only in waits, and a peer that always has something ready must not
/// stop it.
pub(crate) async fn tick<N: Net>(net: &N) {
    let soon = net.now() + Duration::from_nanos(1);
    poll_fn(|context| net.poll_until(context, soon)).await;
}

/// Counts consecutive steps that bring nothing for an exchange, and do not wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Silence(usize);

impl Silence {
    /// Notes one more. After many, pending for a moment: the clock advances only in waits, and a peer that always has something
    /// ready must not stop it.
    pub(crate) fn poll_step<N: Net>(&mut self, context: &mut Context<'_>, net: &N) -> Poll<()> {
        self.0 = self.0.saturating_add(1);
        if self.0 <= SILENT_STEPS {
            return Poll::Ready(());
        }
        net.poll_until(context, net.now() + Duration::from_nanos(1))
    }
}
