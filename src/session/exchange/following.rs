//! Redirects: the exchange goes on with another request, perhaps in another session, until a response is final.
//!
//! Whether a redirect is followed, and where it leads, is not decided here.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::buffer::Buffer;
use crate::error::{Error, Phase};
use crate::h1::drain::Budget;
use crate::h1::response_head::ResponseHead;
use crate::limits::REDIRECTS_LENGTH;
use crate::net::Net;
use crate::session::connection::close_reason;
use crate::session::events::{CloseReason, Kind};
use crate::session::exchange::dispatch::Dispatch;
use crate::session::exchange::pump::Pump;
use crate::session::exchange::upload::Upload;
use crate::session::request::Content;
use crate::session::shared::Shared;

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The URL that was redirected.
    pub url: String,
    /// The status of the response.
    pub status: u16,
    /// The URL to which it led.
    pub location: String,
}

/// What an exchange asks after each response: the next request, if this is a redirect that is followed.
pub(crate) type Follow<N> = Box<dyn FnMut(&ResponseHead) -> Result<Option<Next<N>>, Error>>;

/// The next request of an exchange.
pub(crate) struct Next<N: Net> {
    pub(crate) dispatch: Dispatch<N>,
    pub(crate) content: Content,
    pub(crate) redirect: Redirect,
}

/// The way that an exchange has gone.
pub(crate) struct Way<N: Net> {
    /// The session of the current request, after the first redirect.
    at: RefCell<Option<Rc<Shared<N>>>>,
    /// The URL of the current request.
    url: RefCell<String>,
    redirects: RefCell<Vec<Redirect>>,
}

impl<N: Net> Way<N> {
    /// The way of an exchange that begins with this URL.
    pub(crate) fn new(url: String) -> Self {
        Self { at: RefCell::default(), url: RefCell::new(url), redirects: RefCell::default() }
    }

    /// The session of the current request, unless it is that of the first.
    pub(crate) fn at(&self) -> Option<Rc<Shared<N>>> {
        self.at.borrow().clone()
    }

    /// The URL of the current request.
    pub(crate) fn url(&self) -> String {
        self.url.borrow().clone()
    }

    /// The redirects so far: the latest, as many as [`REDIRECTS_LENGTH`] has room for.
    pub(crate) fn redirects(&self) -> Vec<Redirect> {
        self.redirects.borrow().clone()
    }

    fn go(&self, to: &Rc<Shared<N>>, redirect: Redirect) {
        self.at.replace(Some(Rc::clone(to)));
        self.url.replace(redirect.location.clone());
        let mut redirects = self.redirects.borrow_mut();
        redirects.push(redirect);
        let length = |one: &Redirect| one.url.len().saturating_add(one.location.len());
        while redirects.iter().map(length).fold(0, usize::saturating_add) > REDIRECTS_LENGTH && redirects.len() > 1 {
            redirects.remove(0);
        }
    }
}

/// Dispatches the request, and those to which its redirects lead. Returns the final head, and the connection that its content comes
/// from.
pub(super) async fn follow<N: Net>(
    mut dispatch: Dispatch<N>,
    mut next: Follow<N>,
    way: Rc<Way<N>>,
) -> Result<(ResponseHead, Box<Pump<N>>), Error> {
    loop {
        let (shared, upload) = (Rc::clone(&dispatch.shared), Rc::clone(&dispatch.upload));
        let (head, pump) = Box::pin(dispatch.run()).await?;
        let subject = pump.subject;
        let followed = match next(&head) {
            Ok(None) => return Ok((head, pump)),
            Ok(Some(followed)) => Ok(followed),
            Err(error) => Err(error),
        };
        leave(pump, &shared, &mut upload.borrow_mut())?;
        let Next { dispatch: further, content, redirect } = followed?;
        shared.record(subject, || Kind::Redirecting(redirect.location.clone()));
        upload.borrow_mut().replace(content);
        further.interims.borrow_mut().clear();
        way.go(&further.shared, redirect);
        dispatch = further;
    }
}

/// Discards the content of a redirect. If it is short and was received already, the connection can be kept. Otherwise it closes.
fn leave<N: Net>(mut pump: Box<Pump<N>>, shared: &Shared<N>, upload: &mut Upload) -> Result<(), Error> {
    if let Err(unusable) = pump.machine.verdict(&Buffer::default()) {
        pump.connection.close(close_reason(unusable));
        return Ok(());
    }
    let mut budget = Budget::new(shared.settings.borrow().limits().drained);
    let mut context = Context::from_waker(Waker::noop());
    if !matches!(pump.poll_drain(&mut context, shared, upload, &mut budget), Poll::Ready(Ok(true))) {
        pump.connection.close(CloseReason::UnreadContent);
        return Ok(());
    }
    // The server's proof that it knows the password may be in the trailers.
    if let Some(auth) = &mut pump.auth
        && let Err(error) = auth.verify(Phase::Redirect, pump.machine.trailers())
    {
        pump.connection.close(CloseReason::Failed);
        return Err(error);
    }
    pump.finish(shared);
    Ok(())
}
