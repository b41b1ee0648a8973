//! What a request says of who sends it, and what comes of it: the field is put in at each sending, and a response that asks
//! who is there is answered, or left to the caller.
//!
//! Which credentials, and for what, `auth` decides.

use std::cell::RefCell;
use std::rc::Rc;

use crate::auth::cache::{Attempts, Credentials, Decision};
use crate::auth::challenge::{self, Challenge};
use crate::auth::{Asked, Server, space};
use crate::error::{Code, Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::fields::Fields;
use crate::http::head::RequestHead;
use crate::http::origin::Origin;
use crate::net::Net;
use crate::session::events::Kind;
use crate::session::request::Description;

/// What one request says to one server.
pub(crate) struct RequestAuth {
    credentials: Rc<RefCell<Credentials>>,
    pub(crate) server: Server,
    method: String,
    /// The target as it is sent, and the path in it.
    uri: String,
    path: String,
    attempts: Attempts,
}

impl RequestAuth {
    /// What this request says to its origin. The error says why that is nothing: where the caller says it by itself, and where
    /// it is not about the origin. Cold, as the others here, for the sake of sessions that have no credentials: they are not to
    /// pay for this.
    #[cold]
    pub(crate) fn of(
        credentials: &Rc<RefCell<Credentials>>,
        origin: &Origin,
        description: &Description,
    ) -> Result<Box<Self>, &'static str> {
        if description.is_signed() {
            return Err("the request has an Authorization field of its own");
        }
        // Credentials are for one origin, and so is what is learned of it. A target is not the only field that can name another.
        if description.is_for_another(origin) {
            return Err("the request's Host is not the session's authority");
        }
        let Description { method, target, .. } = description;
        let path =
            space::path_at(origin, method, target).ok_or("requests of this method or target have no credentials")?;
        let path = path.to_owned();
        Ok(Box::new(Self {
            credentials: Rc::clone(credentials),
            server: credentials.borrow().server(),
            method: method.to_string(),
            uri: target.clone(),
            path,
            attempts: Attempts::default(),
        }))
    }

    /// What a CONNECT to this place says to a proxy.
    pub(crate) fn of_connect(credentials: &Rc<RefCell<Credentials>>, place: &str) -> Option<Box<Self>> {
        Self::of_proxy(credentials, "CONNECT", place)
    }

    /// What a request with this head says to a proxy that forwards it; nothing where the caller says it by itself.
    pub(crate) fn of_forwarded(credentials: &Rc<RefCell<Credentials>>, head: &RequestHead<'_>) -> Option<Box<Self>> {
        // The response to TRACE shows the request to everyone on the way (RFC 9110 section 9.3.8).
        if head.method == "TRACE" || head.contains(Server::Proxy.credentials_field()) {
            return None;
        }
        Self::of_proxy(credentials, head.method, &head.target)
    }

    fn of_proxy(credentials: &Rc<RefCell<Credentials>>, method: &str, uri: &str) -> Option<Box<Self>> {
        let known = credentials.borrow();
        (!known.is_empty()).then(|| {
            Box::new(Self {
                credentials: Rc::clone(credentials),
                server: known.server(),
                method: method.to_owned(),
                uri: uri.to_owned(),
                path: String::new(),
                attempts: Attempts::default(),
            })
        })
    }

    /// Whether it is for the server with these credentials.
    pub(crate) fn is_for(&self, credentials: &Rc<RefCell<Credentials>>) -> bool {
        Rc::ptr_eq(&self.credentials, credentials)
    }

    /// Whether the server may have to say first which credentials it wants.
    #[cold]
    pub(crate) fn may_be_challenged(&self) -> bool {
        self.credentials.borrow().may_be_challenged(self.asked())
    }

    /// Adds the field to this head, if there is something to say; anew each time that the request is sent.
    #[cold]
    pub(crate) fn sign<N: Net>(&mut self, head: &mut RequestHead<'_>, net: &N) {
        // A proxy that forwards is sent another target than an origin, and a Digest is about what is sent (RFC 7616 section 3.4).
        if head.target != self.uri {
            self.uri = head.target.to_string();
        }
        let asked = Asked { method: &self.method, uri: &self.uri, path: &self.path };
        let value = self.credentials.borrow_mut().authorize(&mut self.attempts, asked, || cnonce(net));
        if let Some(value) = value {
            head.push_secret(self.server.credentials_field(), value);
        }
    }

    /// What this final head means: whether, and how, the request is to be sent again. Challenges that are not answered are told.
    pub(crate) fn judge(&mut self, head: &ResponseHead, tell: &mut dyn FnMut(Kind)) -> Result<Decision, Error> {
        if head.status == self.server.status() {
            let challenges = challenge::parse(head.fields.all(self.server.challenge_field()));
            let server = self.server;
            let mut tell = |challenge: &Challenge, reason| tell(unanswered(server, challenge, reason));
            return Ok(self.credentials.borrow_mut().answer(&mut self.attempts, &challenges, &mut tell));
        }
        self.verify(Phase::Head, &head.fields)?;
        // Neither the other server's refusal nor a breakdown says that this one has let the request in.
        if head.status != Server::Origin.status() && head.status != Server::Proxy.status() && head.status < 500 {
            let asked = Asked { method: &self.method, uri: &self.uri, path: &self.path };
            self.credentials.borrow_mut().accept(&self.attempts, asked);
        }
        Ok(Decision::Stays)
    }

    /// Whether these fields, of the head or the trailers, are from a server that knows the password, as far as they say.
    #[cold]
    pub(crate) fn verify(&mut self, phase: Phase, fields: &Fields) -> Result<(), Error> {
        let information = fields.all(self.server.information_field());
        let verified = self.credentials.borrow_mut().verify(&self.attempts, information);
        verified.map_err(|detail| Error::new(phase, Code::ServerNotAuthenticated, detail))
    }

    /// The request could be answered for, but not sent again: the next one will have the answer with it.
    pub(crate) fn give_up(&mut self) {
        let asked = Asked { method: &self.method, uri: &self.uri, path: &self.path };
        self.credentials.borrow_mut().presume(&self.attempts, asked);
    }

    fn asked(&self) -> Asked<'_> {
        Asked { method: &self.method, uri: &self.uri, path: &self.path }
    }
}

/// Why a proxy's challenge is not answered where nothing is said to it.
pub(crate) const NOTHING_FOR_PROXY: &str = "this request has nothing for the proxy from the session";

/// Tells that none of this response's challenges is answered.
#[cold]
pub(crate) fn tell_all(server: Server, head: &ResponseHead, reason: &'static str, tell: &mut dyn FnMut(Kind)) {
    if head.status == server.status() {
        for challenge in challenge::parse(head.fields.all(server.challenge_field())) {
            tell(unanswered(server, &challenge, reason));
        }
    }
}

fn unanswered(server: Server, challenge: &Challenge, reason: &'static str) -> Kind {
    let realm = challenge.realm().unwrap_or_default().to_owned();
    Kind::Unanswered { scheme: challenge.scheme.clone(), realm, reason, is_proxy: server == Server::Proxy }
}

/// Bytes of a client's nonce: each is two characters.
const CNONCE_LENGTH: usize = 16;

fn cnonce<N: Net>(net: &N) -> String {
    let mut bytes = [0; CNONCE_LENGTH];
    net.random(&mut bytes);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
