//! The way of a client's request: to the session of its URL, and from there wherever redirects lead.

use std::rc::{Rc, Weak};

use super::Inner;
use super::redirect::{self, Policy};
use super::step::Step;
use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::origin::Origin;
use crate::http::url::Url;
use crate::net::Net;
use crate::session::{Begun, Description, Further, Redirect, Route};

/// Requests for one URL.
pub(super) struct ToUrl<N: Net> {
    /// Weak, because an exchange must not keep the sessions of a client that is dropped.
    pub(super) client: Weak<Inner<N>>,
    pub(super) url: Result<Url, Error>,
}

/// Where the request of one exchange is, and where it began.
struct Walk<N: Net> {
    client: Weak<Inner<N>>,
    policy: Policy,
    first: Origin,
    /// The current request.
    url: Url,
    description: Rc<Description>,
    followed: usize,
}

impl<N: Net> Route<N> for ToUrl<N> {
    fn begin(&self, described: &Rc<Description>) -> Result<Begun<N>, Error> {
        let url = self.url.clone()?;
        let client = self.client.upgrade().ok_or_else(dropped)?;
        if described.method == "CONNECT" {
            let detail = "CONNECT has no URL: make the request with the client's session of the origin";
            return Err(Error::new(Phase::Setup, Code::RequestMethodInvalid, detail));
        }
        let (session, has_own_options) = client.session_for_request(&url.origin, true);
        let settings = client.settings.borrow();
        let mut description = Rc::clone(described);
        Rc::make_mut(&mut description).target.clone_from(&url.target);
        // The client's default fields are fields of the request from now on. Those of one session are that session's.
        if !has_own_options {
            description = description.with_defaults(settings.options.defaults());
            description.complete();
        }
        let (text, request) = (url.to_string(), session.request_of(Rc::clone(&description)));
        let mut walk = settings.redirects.map(|policy| Walk {
            client: Weak::clone(&self.client),
            policy,
            first: url.origin.clone(),
            url,
            description,
            followed: 0,
        });
        let follow = Box::new(move |head: &ResponseHead| walk.as_mut().map_or(Ok(None), |walk| walk.next(head)));
        Ok(Begun { request, url: text, follow })
    }
}

impl<N: Net> Walk<N> {
    /// The next request, if this response is a redirect.
    fn next(&mut self, head: &ResponseHead) -> Result<Option<Further<N>>, Error> {
        let step =
            Step::from(&self.description, &self.url, head, &self.policy, self.followed, redirect::Content::Streamed)?;
        let Some((url, mut description)) = step.map(Step::into_parts) else { return Ok(None) };
        let client = self.client.upgrade().ok_or_else(dropped)?;
        let (session, has_own_options) = client.session_for_request(&url.origin, url.origin == self.first);
        if !has_own_options {
            description.complete();
        }
        let redirect = Redirect { url: self.url.to_string(), status: head.status, location: url.to_string() };
        self.url = url;
        self.description = Rc::clone(&description);
        self.followed = self.followed.saturating_add(1);
        Ok(Some(Further { request: session.request_of(description), redirect }))
    }
}

fn dropped() -> Error {
    Error::new(Phase::Setup, Code::SessionDropped, "the client of this request was dropped")
}
