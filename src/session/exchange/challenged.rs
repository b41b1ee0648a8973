//! What happens after a response asks for credentials: the challenge is answered, or the response is left to the caller.

use std::cell::RefCell;
use std::future::poll_fn;

use crate::auth::Server;
use crate::auth::cache::Decision;
use crate::buffer::Buffer;
use crate::error::{Code, Error, Phase};
use crate::h1::drain::Budget;
use crate::h1::response_head::ResponseHead;
use crate::net::Net;
use crate::session::authorization::{NOTHING_FOR_PROXY, RequestAuth, tell_all};
use crate::session::connection::close_reason;
use crate::session::events::{CloseReason, Kind};
use crate::session::exchange::pump::Pump;
use crate::session::exchange::upload::Upload;
use crate::session::shared::Shared;

/// What an exchange needs when its response may ask for credentials.
pub(super) struct Challenged<'a, N: Net> {
    pub(super) shared: &'a Shared<N>,
    pub(super) upload: &'a RefCell<Upload>,
    /// The credentials for the origin, if any.
    pub(super) auth: &'a mut Option<Box<RequestAuth>>,
    /// Why there are none, if so.
    pub(super) unanswerable: &'static str,
    /// The credentials for the forwarding proxy, if any.
    pub(super) proxy_auth: &'a mut Option<Box<RequestAuth>>,
}

impl<N: Net> Challenged<'_, N> {
    /// Returns the response if it is final for the caller. Returns nothing if its challenge can be answered: the request is then
    /// sent again, and an event says so.
    pub(super) async fn judge(
        self,
        head: ResponseHead,
        mut pump: Box<Pump<N>>,
    ) -> Result<Option<(ResponseHead, Box<Pump<N>>)>, Error> {
        // Credentials for a proxy do not apply on a connection without one.
        let of_proxy = self.proxy_auth.as_mut().filter(|_| pump.connection.forwarder.is_some());
        let mut auths = of_proxy.into_iter().chain(self.auth.as_mut());
        let (shared, subject) = (self.shared, pump.subject);
        let mut is_judged = false;
        let (auth, decision) = loop {
            let Some(auth) = auths.next() else {
                if !is_judged {
                    self.tell_unanswerable(&head, &pump);
                }
                pump.auth = self.auth.take();
                self.upload.borrow_mut().keep(false);
                return Ok(Some((head, pump)));
            };
            is_judged |= auth.server.status() == head.status;
            match auth.judge(&head, &mut |kind| shared.record(subject, || kind)) {
                Ok(Decision::Stays) => {}
                decision => break (auth, decision),
            }
        };
        match decision {
            Err(error) => {
                pump.connection.close(CloseReason::Failed);
                Err(error)
            }
            Ok(Decision::Stays) => Ok(Some((head, pump))),
            Ok(Decision::Again { .. }) if !self.upload.borrow().is_replayable() => {
                auth.give_up();
                pump.connection.close(CloseReason::UnsentContent);
                let detail = "the server asked for credentials, and the content could not be sent again: it was streamed, and \
                              some of it had gone; the next request will have them with it";
                Err(Error { may_retry: true, ..Error::new(Phase::Head, Code::ContentNotRepeatable, detail) })
            }
            Ok(Decision::Again { scheme, realm }) => {
                let is_proxy = auth.server == Server::Proxy;
                self.shared.record(pump.subject, || Kind::Authorizing { scheme, realm, is_proxy });
                self.leave(pump).await?;
                Ok(None)
            }
        }
    }

    /// Records the challenges of this response as unanswered: no credentials apply to it.
    #[cold]
    pub(super) fn tell_unanswerable(&self, head: &ResponseHead, pump: &Pump<N>) {
        let (server, reason) = match head.status {
            401 => (Server::Origin, self.unanswerable),
            407 if pump.connection.forwarder.is_some() => (Server::Proxy, NOTHING_FOR_PROXY),
            407 => (Server::Proxy, "no proxy forwards the request, so none can ask"),
            _ => return,
        };
        if !self.shared.journal.is_recording() {
            return;
        }
        tell_all(server, head, reason, &mut |kind| self.shared.record(pump.subject, || kind));
    }

    /// Discards the content of a response that the caller will not see, if little is left and the connection can be kept for
    /// that. Otherwise closes the connection.
    async fn leave(&self, mut pump: Box<Pump<N>>) -> Result<(), Error> {
        let shared = self.shared;
        if let Err(unusable) = pump.machine.verdict(&Buffer::default()) {
            pump.connection.close(close_reason(unusable));
            return Ok(());
        }
        let mut budget = Budget::new(shared.settings.borrow().limits().drained);
        match poll_fn(|context| pump.poll_drain(context, shared, &mut self.upload.borrow_mut(), &mut budget)).await {
            Ok(true) => pump.finish(shared),
            Ok(false) => pump.connection.close(CloseReason::UnreadContent),
            Err(error) => {
                pump.connection.close(CloseReason::Failed);
                // An error in discarded content does not matter. The deadline of the exchange does.
                return if error.code == Code::ExchangeTimeout { Err(error) } else { Ok(()) };
            }
        }
        Ok(())
    }
}
