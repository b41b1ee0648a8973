//! From a prepared request to the head of its final response. It takes a connection, sends the request, and sends it again where
//! that is right. `challenged` handles responses that ask for credentials.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::error::{Code, Error, Phase};
use crate::h1::exchange::{Event, Exchange};
use crate::h1::framing::MethodKind;
use crate::h1::request_head;
use crate::h1::response_head::ResponseHead;
use crate::http::origin::Origin;
use crate::net::Net;
use crate::session::authorization::RequestAuth;
use crate::session::connecting::connect;
use crate::session::connection::Connection;
use crate::session::cookies::RequestCookies;
use crate::session::events::{CloseReason, Head, Kind, Subject, masked};
use crate::session::exchange::challenged::Challenged;
use crate::session::exchange::pump::Pump;
use crate::session::exchange::upload::Upload;
use crate::session::permits::Turn;
use crate::session::pool::Acquired;
use crate::session::request::Prepared;
use crate::session::shared::Shared;
use crate::session::timing::{Schedule, within};

/// The state of an exchange until the head of its response is received.
pub(crate) struct Dispatch<N: Net> {
    pub(crate) shared: Rc<Shared<N>>,
    pub(crate) origin: Rc<Origin>,
    pub(crate) prepared: Prepared,
    /// The credentials for the origin, if any.
    pub(crate) auth: Option<Box<RequestAuth>>,
    /// Why there are none, if so.
    pub(crate) unanswerable: &'static str,
    /// The credentials for the forwarding proxy, once there is one.
    pub(crate) proxy_auth: Option<Box<RequestAuth>>,
    /// The cookies, if the request has any.
    pub(crate) cookies: Option<Box<RequestCookies>>,
    pub(crate) upload: Rc<RefCell<Upload>>,
    pub(crate) interims: Rc<RefCell<Vec<ResponseHead>>>,
    pub(crate) exchange: u64,
    pub(crate) schedule: Schedule,
    /// Whether it may wait for one of the session's connections.
    pub(crate) may_wait: bool,
    /// The number of the current or the last connection. It is 0 before the first.
    pub(crate) on: Rc<Cell<u64>>,
}

/// A failed attempt.
struct Failure {
    error: Error,
    /// Whether the connection was stale: the peer closed it before the request was sent, or while it was.
    is_stale: bool,
}

impl<N: Net> Dispatch<N> {
    /// The final head, and the connection that its content comes from.
    pub(crate) async fn run(mut self) -> Result<(ResponseHead, Box<Pump<N>>), Error> {
        let mut is_repeated = false;
        loop {
            let mut connection = self.connection(is_repeated).await?;
            if self.wait_for_content().await {
                // While the caller wrote no content, the peer may have closed it or sent stray bytes.
                if !connection.is_alive(&self.shared.net).await {
                    drop(connection);
                    connection = self.connection(is_repeated).await?;
                }
            }
            let is_reused = connection.is_reused();
            let outcome = self.attempt(connection).await;
            let may_repeat = !is_repeated && self.prepared.is_idempotent && self.upload.borrow().is_replayable();
            let why = match outcome {
                // A server that was about to close a kept connection may say so with a 408 (RFC 9110 section 15.5.9).
                Ok((head, pump)) if head.status == 408 && is_reused && may_repeat => {
                    pump.connection.close(CloseReason::PeerAsked);
                    "the server had given up on the connection (408)"
                }
                // A server that does not support expectations rejects only the expectation, not the request (RFC 9110 section
                // 10.1.1).
                Ok((head, pump)) if head.status == 417 && pump.machine.is_abandoned() && self.drop_expectation() => {
                    pump.connection.close(CloseReason::UnsentContent);
                    "the server knows no expectations (417)"
                }
                // Most requests carry no credentials.
                Ok((head, pump)) if self.auth.is_none() && self.proxy_auth.is_none() => {
                    if matches!(head.status, 401 | 407) {
                        self.challenged().tell_unanswerable(&head, &pump);
                    }
                    return Ok((head, pump));
                }
                Ok((head, pump)) => {
                    // Boxed, so that requests without credentials do not reserve memory for it.
                    if let Some(answer) = Box::pin(self.challenged().judge(head, pump)).await? {
                        return Ok(answer);
                    }
                    // With credentials it is a new request, whose reused connection may be stale again.
                    is_repeated = false;
                    self.begin_again();
                    continue;
                }
                Err(Failure { error, is_stale: false }) => return Err(error),
                Err(Failure { error, .. }) if !may_repeat => {
                    return Err(Error { may_retry: true, ..error });
                }
                Err(_) => "the kept connection had gone stale",
            };
            is_repeated = true;
            self.begin_again();
            let subject = Subject { exchange: self.exchange, connection: 0 };
            self.shared.record(subject, || Kind::Retrying(why.into()));
        }
    }

    /// Waits until the head can be sent together with content, or must be sent without. Returns whether it waited. A write wakes
    /// the waiting task.
    async fn wait_for_content(&self) -> bool {
        if self.prepared.outline.expects || !self.upload.borrow().holds_head() {
            return false;
        }
        poll_fn(|_| if self.upload.borrow().holds_head() { Poll::Pending } else { Poll::Ready(()) }).await;
        true
    }

    fn challenged(&mut self) -> Challenged<'_, N> {
        Challenged {
            shared: &self.shared,
            upload: &self.upload,
            auth: &mut self.auth,
            unanswerable: self.unanswerable,
            proxy_auth: &mut self.proxy_auth,
        }
    }

    /// Resets what the last attempt left behind.
    fn begin_again(&mut self) {
        self.upload.borrow_mut().rewind();
        self.interims.borrow_mut().clear();
    }

    /// Removes the expectation from the request, if that is allowed.
    fn drop_expectation(&mut self) -> bool {
        self.upload.borrow().is_replayable() && self.prepared.drop_expectation()
    }

    /// An idle connection that is alive, or a new one.
    async fn connection(&self, is_fresh: bool) -> Result<Connection<N>, Error> {
        let shared = &self.shared;
        let most = shared.settings.borrow().limits().connections;
        let mut turn = None;
        let acquired = loop {
            while let Some(mut connection) = shared.pool.pop_newest(is_fresh) {
                if connection.is_alive(&shared.net).await {
                    turn.into_iter().for_each(Turn::take);
                    let subject = Subject { exchange: self.exchange, connection: connection.number };
                    shared.record(subject, || Kind::Reused);
                    return Ok(connection);
                }
            }
            let acquired = within(
                &shared.net,
                self.schedule.end(Phase::Connect),
                poll_fn(|context| match shared.pool.acquire(is_fresh, most) {
                    Acquired::Nothing if self.may_wait => {
                        turn = turn.take().or_else(|| shared.pool.queue());
                        turn.as_ref().map_or(Poll::Ready(Acquired::Nothing), |turn| turn.poll(context))
                    }
                    acquired => Poll::Ready(acquired),
                }),
            )
            .await;
            if !matches!(acquired, Ok(Acquired::Idle)) {
                break acquired;
            }
        };
        match acquired {
            Ok(Acquired::Permit(permit)) => {
                turn.into_iter().for_each(Turn::take);
                // Boxed, so that exchanges that wait for a connection reserve no memory for connecting. There may be many.
                Box::pin(connect(shared, &self.origin, permit, self.exchange, &self.schedule)).await
            }
            Ok(_) => {
                let detail = if self.may_wait {
                    "too many requests wait for a connection".into()
                } else {
                    format!("all {most} connections of the session are busy: read or drop a response first")
                };
                Err(Error::new(Phase::Connect, Code::ConnectionLimitReached, detail))
            }
            Err(error) => Err(error),
        }
    }

    /// The encoded head for this connection, with the credentials for its recipient.
    fn encode_head(&mut self, connection: &Connection<N>) -> Result<Vec<u8>, Error> {
        let net = &self.shared.net;
        let mut head = self.prepared.head(&self.origin);
        if let Some(via) = &connection.forwarder {
            if self.prepared.outline.method == MethodKind::Connect {
                let detail = "a proxy that forwards would take CONNECT for its own: have all go through tunnels";
                return Err(Error::new(Phase::Setup, Code::Configuration, detail));
            }
            head.make_absolute(self.origin.authority());
            if !self.proxy_auth.as_ref().is_some_and(|auth| auth.is_for(&via.credentials)) {
                self.proxy_auth = RequestAuth::of_forwarded(&via.credentials, &head);
            }
            if let Some(auth) = &mut self.proxy_auth {
                self.upload.borrow_mut().keep(true);
                auth.sign(&mut head, net);
            }
        }
        if let Some(auth) = &mut self.auth {
            auth.sign(&mut head, net);
        }
        let subject = Subject { exchange: self.exchange, connection: connection.number };
        if let Some(cookies) = &self.cookies {
            cookies.add(&mut head, net.wall_clock(), &mut |kind| self.shared.record(subject, || kind));
        }
        self.shared.record(subject, || Kind::RequestHead(masked(&head)));
        Ok(request_head::encode(&head))
    }

    /// Sends the request on this connection and waits for the final head.
    async fn attempt(&mut self, connection: Connection<N>) -> Result<(ResponseHead, Box<Pump<N>>), Failure> {
        let is_reused = connection.is_reused();
        let head = match self.encode_head(&connection) {
            Ok(head) => head,
            Err(error) => {
                self.shared.keep(connection);
                return Err(Failure { error, is_stale: false });
            }
        };
        let (shared, cookies) = (&self.shared, &self.cookies);
        let receive_cookies = |head: &ResponseHead, subject| {
            if let Some(cookies) = cookies {
                cookies.receive(head, shared.net.wall_clock(), &mut |kind| shared.record(subject, || kind));
            }
        };
        let is_forwarded = connection.forwarder.is_some();
        let subject = Subject { exchange: self.exchange, connection: connection.number };
        self.on.set(connection.number);
        let mut machine = Exchange::new(self.prepared.outline, head, *shared.settings.borrow().limits());
        if is_forwarded {
            machine = machine.forwarded();
        }
        if shared.journal.is_recording() {
            // Moved and not borrowed: a borrowed local would take up room in this future, and many of them may wait.
            machine = machine.keeping_heads();
        }
        // Boxed: it is large, and moved several times.
        let mut pump = Box::new(Pump::new(connection, machine, self.exchange, self.schedule));
        loop {
            // Content cannot come before the head, so this limit on its pieces has no effect.
            match poll_fn(|context| pump.poll_event(context, shared, &mut self.upload.borrow_mut(), 1)).await {
                Ok(Event::Interim(head)) => {
                    shared.record(subject, || Kind::InterimHead(Head(pump.machine.take_head())));
                    receive_cookies(&head, subject);
                    self.interims.borrow_mut().push(head);
                }
                Ok(Event::Head(head)) => {
                    shared.record(subject, || Kind::ResponseHead(Head(pump.machine.take_head())));
                    receive_cookies(&head, subject);
                    return Ok((head, pump));
                }
                // The machine emits a head before anything else.
                Ok(Event::NeedMore | Event::Content(_) | Event::End | Event::Switched) => {}
                Err(error) => {
                    let is_stale = is_reused && !pump.is_answered && error.code == Code::ConnectionTerminated;
                    pump.connection.close(CloseReason::Failed);
                    return Err(Failure { error, is_stale });
                }
            }
        }
    }
}
