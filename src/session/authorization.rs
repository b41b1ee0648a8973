//! The credentials of one request: adds the field each time the request is sent, and decides whether a response's challenge is
//! answered or left to the caller.
//!
//! `auth` decides which credentials apply.

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
use crate::reason::Reason;
use crate::session::events::Kind;
use crate::session::request::Description;

/// The credentials of one request for one server.
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
    /// The credentials of this request for its origin. The error says why it has none: the caller set the field itself, or the
    /// request is not for the origin. Cold, like the functions below, so that sessions without credentials do not pay for them.
    #[cold]
    pub(crate) fn of(
        credentials: &Rc<RefCell<Credentials>>,
        origin: &Origin,
        description: &Description,
    ) -> Result<Box<Self>, Reason> {
        if description.is_signed() {
            return Err("the request has an Authorization field of its own");
        }
        // Credentials, and what was learned about them, belong to one origin. `Host` can name another, as the target can.
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

    /// The credentials of a CONNECT to this place, for a proxy.
    pub(crate) fn of_connect(credentials: &Rc<RefCell<Credentials>>, place: &str) -> Option<Box<Self>> {
        Self::of_proxy(credentials, "CONNECT", place)
    }

    /// The credentials of a request with this head for a forwarding proxy. `None` if the caller set the field itself.
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

    /// Whether these are the credentials in question.
    pub(crate) fn is_for(&self, credentials: &Rc<RefCell<Credentials>>) -> bool {
        Rc::ptr_eq(&self.credentials, credentials)
    }

    /// Whether the server may have to send a challenge before it is known which credentials it wants.
    #[cold]
    pub(crate) fn may_be_challenged(&self) -> bool {
        self.credentials.borrow().may_be_challenged(self.asked())
    }

    /// Adds the field to this head, if there are credentials to send. Done anew each time the request is sent.
    #[cold]
    pub(crate) fn sign<N: Net>(&mut self, head: &mut RequestHead<'_>, net: &N) {
        // A forwarding proxy receives another form of the target, and Digest hashes the target as sent (RFC 7616 section 3.4).
        if head.target != self.uri {
            self.uri = head.target.to_string();
        }
        let asked = Asked { method: &self.method, uri: &self.uri, path: &self.path };
        let value = self.credentials.borrow_mut().authorize(&mut self.attempts, asked, || cnonce(net));
        if let Some(value) = value {
            head.push_secret(self.server.credentials_field(), value);
        }
    }

    /// Decides from this final head whether, and how, the request is sent again. Unanswered challenges are reported.
    pub(crate) fn judge(&mut self, head: &ResponseHead, tell: &mut dyn FnMut(Kind)) -> Result<Decision, Error> {
        if head.status == self.server.status() {
            let challenges = challenge::parse(head.fields.all(self.server.challenge_field()));
            let server = self.server;
            let mut tell = |challenge: &Challenge, reason| tell(unanswered(server, challenge, reason));
            return Ok(self.credentials.borrow_mut().answer(&mut self.attempts, &challenges, &mut tell));
        }
        self.verify(Phase::Head, &head.fields)?;
        // A challenge of the other server, or a server error, does not show that this server accepted the credentials.
        if head.status != Server::Origin.status() && head.status != Server::Proxy.status() && head.status < 500 {
            let asked = Asked { method: &self.method, uri: &self.uri, path: &self.path };
            self.credentials.borrow_mut().accept(&self.attempts, asked);
        }
        Ok(Decision::Stays)
    }

    /// Checks these fields, of the head or the trailers, for the server's proof that it knows the password, if there is one.
    #[cold]
    pub(crate) fn verify(&mut self, phase: Phase, fields: &Fields) -> Result<(), Error> {
        let information = fields.all(self.server.information_field());
        let verified = self.credentials.borrow_mut().verify(&self.attempts, information);
        verified.map_err(|detail| Error::new(phase, Code::ServerNotAuthenticated, detail))
    }

    /// The challenge could be answered, but the request cannot be sent again. The next request will carry the answer.
    pub(crate) fn give_up(&mut self) {
        let asked = Asked { method: &self.method, uri: &self.uri, path: &self.path };
        self.credentials.borrow_mut().presume(&self.attempts, asked);
    }

    fn asked(&self) -> Asked<'_> {
        Asked { method: &self.method, uri: &self.uri, path: &self.path }
    }
}

/// Why a proxy's challenge is not answered if there are no credentials for the proxy.
pub(crate) const NOTHING_FOR_PROXY: &str = "this request has nothing for the proxy from the session";

/// Reports every challenge of this response as unanswered.
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

/// Bytes of a client nonce. Each becomes two characters.
const CNONCE_LENGTH: usize = 16;

fn cnonce<N: Net>(net: &N) -> String {
    let mut bytes = [0; CNONCE_LENGTH];
    net.random(&mut bytes);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
