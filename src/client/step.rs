//! One redirect: the request to which it leads, for whichever session will send it.

use std::rc::Rc;

use super::redirect::{self, Policy, Refused, follow};
use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::url::Url;
use crate::net::Net;
use crate::session::{Begun, Content, Description, Request, Response, Route, Session};

/// The request to which a redirect leads.
pub struct Step {
    url: Url,
    description: Rc<Description>,
}

impl Step {
    /// The request after this response to this request. `None` if the response is not a redirect. `followed` is the number of redirects
    /// before it.
    pub fn after<N: Net>(
        request: &Request<N>,
        response: &Response<N>,
        policy: &Policy,
        followed: usize,
    ) -> Result<Option<Self>, Error> {
        if !is_redirect(response.head()) {
            return Ok(None);
        }
        let url = Url::parse(&response.url());
        let url = url.map_err(|error| Error::new(Phase::Redirect, Code::InvalidUrl, error.to_string()))?;
        // Whoever sends it has streamed content again, or does without.
        let streamed = redirect::Content::Kept;
        Self::from(request.description(), &url, response.head(), policy, followed, streamed)
    }

    /// The same for a request of this URL. `streamed` says what becomes of streamed content.
    pub(super) fn from(
        description: &Description,
        url: &Url,
        head: &ResponseHead,
        policy: &Policy,
        followed: usize,
        streamed: redirect::Content,
    ) -> Result<Option<Self>, Error> {
        if !is_redirect(head) {
            return Ok(None);
        }
        let request = redirect::Request {
            method: description.method.to_string(),
            url: url.clone(),
            content: match description.content {
                Content::None => redirect::Content::None,
                Content::Bytes(_) => redirect::Content::Kept,
                Content::Streamed(_) => streamed,
            },
            fields: description.fields().clone(),
        };
        let next = follow(policy, followed, request, head.status, &head.fields).map_err(error)?;
        Ok(next.map(|redirect::Request { method, url, content, fields }| {
            let keeps_content = content == redirect::Content::Kept;
            let mut description = description.redirected(&method, url.target.clone(), keeps_content, fields);
            description.fragment.clone_from(&url.fragment);
            Self { url, description: Rc::new(description) }
        }))
    }

    /// The URL. Its fragment is inherited.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.description.method
    }

    /// Whether it has content, which is sent again.
    pub fn has_content(&self) -> bool {
        !matches!(self.description.content, Content::None)
    }

    /// The request, of this session. Starting it is an error if that has another origin.
    pub fn request<N: Net>(&self, session: &Session<N>) -> Request<N> {
        match session.origin() == Some(&self.url.origin) {
            true => session.request_of(Rc::clone(&self.description)),
            false => Request::routed(Rc::new(Elsewhere), self.method()),
        }
    }

    /// The same as a value.
    pub(super) fn into_parts(self) -> (Url, Rc<Description>) {
        (self.url, self.description)
    }
}

/// The route of a request that was made of another origin's session.
struct Elsewhere;

impl<N: Net> Route<N> for Elsewhere {
    fn begin(&self, _: &Rc<Description>) -> Result<Begun<N>, Error> {
        let detail = "the redirect leads to another origin than that of the session";
        Err(Error::new(Phase::Setup, Code::Configuration, detail))
    }
}

/// Whether the status is one of those that redirect.
fn is_redirect(head: &ResponseHead) -> bool {
    (300..400).contains(&head.status)
}

fn error(refused: Refused) -> Error {
    let code = match refused {
        Refused::TooMany(_) => Code::TooManyRedirects,
        Refused::Locations => Code::Protocol,
        Refused::Location(_) => Code::InvalidUrl,
        Refused::Scheme => Code::InvalidScheme,
        Refused::Downgrade => Code::RedirectRefused,
        Refused::Content => Code::ContentNotRepeatable,
    };
    Error::new(Phase::Redirect, code, refused.to_string())
}
