//! A request, and how it starts.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::{Exchange, Inner, session_dropped};
use crate::clock::Instant;
use crate::error::{Error, Phase};
use crate::h1::response_head::ResponseHead;
use crate::http::head::Version;
use crate::net::Net;
use crate::session::authorization::RequestAuth;
use crate::session::cookies::RequestCookies;
use crate::session::exchange::{Dispatch, ExchangeState, Follow, Next, Redirect, Upload, Way};
use crate::session::request::{Content, Description};
use crate::session::settings::Deadlines;
use crate::session::timing::Schedule;

/// A request. It can be started more than once. A clone can be changed independently.
pub struct Request<N: Net> {
    sender: Sender<N>,
    /// Shared with the exchanges that it has started.
    description: Rc<Description>,
}

/// Whose request it is.
enum Sender<N: Net> {
    Session(Rc<Inner<N>>),
    /// A client's: it finds a session for each exchange.
    Client(Rc<dyn Route<N>>),
}

/// How a client sends its requests.
pub(crate) trait Route<N: Net> {
    /// The first request of an exchange.
    fn begin(&self, described: &Rc<Description>) -> Result<Begun<N>, Error>;
}

/// The first request of a client's exchange.
pub(crate) struct Begun<N: Net> {
    /// The same request, of a session.
    pub(crate) request: Request<N>,
    /// Its URL.
    pub(crate) url: String,
    /// Whether, and how, a response is followed.
    pub(crate) follow: Policy<N>,
}

/// What a client makes of the head of a response: the request that it leads to, if any.
pub(crate) type Policy<N> = Box<dyn FnMut(&ResponseHead) -> Result<Option<Further<N>>, Error>>;

/// The request to which a redirect leads.
pub(crate) struct Further<N: Net> {
    pub(crate) request: Request<N>,
    pub(crate) redirect: Redirect,
}

impl<N: Net> Clone for Request<N> {
    fn clone(&self) -> Self {
        let sender = match &self.sender {
            Sender::Session(session) => Sender::Session(Rc::clone(session)),
            Sender::Client(route) => Sender::Client(Rc::clone(route)),
        };
        Self { sender, description: Rc::clone(&self.description) }
    }
}

impl<N: Net> Request<N> {
    pub(super) fn of(session: &Rc<Inner<N>>, description: Rc<Description>) -> Self {
        Self { sender: Sender::Session(Rc::clone(session)), description }
    }

    /// What it says.
    pub(crate) fn description(&self) -> &Rc<Description> {
        &self.description
    }

    /// A request of a client.
    pub(crate) fn routed(route: Rc<dyn Route<N>>, method: &str) -> Self {
        Self { sender: Sender::Client(route), description: Rc::new(Description::new(method, String::new())) }
    }

    /// Adds a field.
    pub fn add_field(&mut self, name: &str, value: Vec<u8>) -> Result<(), Error> {
        self.description_mut().add_field(name.into(), value)
    }

    /// Sets the content.
    pub fn set_content(&mut self, content: Vec<u8>) {
        self.description_mut().content = Content::Bytes(Rc::new(content));
    }

    /// Makes the content streamed: it is written to the exchange.
    pub fn set_streamed_content(&mut self, length: Option<u64>) {
        self.description_mut().content = Content::Streamed(length);
    }

    /// Sets whether the request is idempotent.
    pub fn set_idempotent(&mut self, idempotent: bool) {
        self.description_mut().is_idempotent = Some(idempotent);
    }

    /// Sets whether the request waits for `100 Continue` before it sends content.
    pub fn set_expect_continue(&mut self, expect: bool) {
        self.description_mut().expects = expect;
    }

    /// Sets the version.
    pub fn set_version(&mut self, version: Version) {
        self.description_mut().version = version;
    }

    /// Sets deadlines for this request, in place of the options'.
    pub fn set_deadlines(&mut self, deadlines: Deadlines) {
        self.description_mut().deadlines = Some(deadlines);
    }

    /// A copy is changed: exchanges that were started keep theirs.
    fn description_mut(&mut self) -> &mut Description {
        Rc::make_mut(&mut self.description)
    }

    /// Whether the content is streamed.
    pub fn is_streamed(&self) -> bool {
        self.description.is_streamed()
    }

    /// Starts the exchange, which makes progress when it is polled. With `may_wait`, it waits for a connection if all are busy.
    pub fn start(&self, may_wait: bool) -> Result<Exchange<N>, Error> {
        let begun;
        let (session, description, following) = match &self.sender {
            Sender::Session(session) => (session, &self.description, None),
            Sender::Client(route) => {
                begun = route.begin(&self.description)?;
                let Sender::Session(session) = &begun.request.sender else { return Err(session_dropped(Phase::Setup)) };
                (session, &begun.request.description, Some((begun.follow, begun.url)))
            }
        };
        let on = Course {
            upload: Rc::new(RefCell::new(Upload::new(description.content.clone()))),
            interims: Rc::default(),
            on: Rc::default(),
            exchange: Cell::default(),
            end: None,
            may_wait,
        };
        let interims = Rc::clone(&on.interims);
        let state = match following {
            None => Rc::new(RefCell::new(ExchangeState::new(session.dispatch(description, &on)?, None))),
            Some((follow, url)) => {
                let dispatch = session.dispatch(description, &on)?;
                Rc::new_cyclic(|state| {
                    let end = Some(dispatch.schedule.end);
                    let follow = following_on(follow, Course { end, ..on }, Weak::clone(state));
                    RefCell::new(ExchangeState::new(dispatch, Some((follow, Rc::new(Way::new(url))))))
                })
            }
        };
        session.remember(Rc::downgrade(&state));
        Ok(Exchange::new(state, interims))
    }
}

/// What the requests of one exchange have in common.
struct Course {
    upload: Rc<RefCell<Upload>>,
    interims: Rc<RefCell<Vec<ResponseHead>>>,
    on: Rc<Cell<u64>>,
    /// The number of the exchange. A request that cannot be sent takes none.
    exchange: Cell<Option<u64>>,
    /// When the exchange must be over, once it has begun.
    end: Option<Instant>,
    may_wait: bool,
}

/// Dispatches what the client says.
fn following_on<N: Net>(mut follow: Policy<N>, course: Course, state: Weak<RefCell<ExchangeState<N>>>) -> Follow<N> {
    Box::new(move |head| {
        let Some(Further { request, redirect }) = follow(head)? else { return Ok(None) };
        let Sender::Session(session) = &request.sender else { return Err(session_dropped(Phase::Redirect)) };
        let dispatch = session.dispatch(&request.description, &course)?;
        session.remember(Weak::clone(&state));
        Ok(Some(Next { dispatch, content: request.description.content.clone(), redirect }))
    })
}

impl<N: Net> Inner<N> {
    /// A request of this session, checked and ready to be sent.
    fn dispatch(&self, described: &Rc<Description>, course: &Course) -> Result<Dispatch<N>, Error> {
        let shared = &self.shared;
        if self.is_dropped.get() {
            return Err(session_dropped(Phase::Setup));
        }
        let origin = shared.origin.clone()?;
        let settings = shared.settings.borrow();
        let description = described.with_defaults(settings.defaults());
        let has_credentials = !shared.credentials.borrow().is_empty();
        let auth = match has_credentials {
            true => RequestAuth::of(&shared.credentials, &origin, &description),
            false => Err("no credentials are set"),
        };
        let may_be_challenged = auth.as_ref().is_ok_and(|auth| auth.may_be_challenged())
            || description.is_streamed() && {
                let proxies = shared.proxies(&origin);
                description.may_be_challenged_by_proxy(&origin, &settings, proxies.as_deref())
            };
        let prepared = description.prepare(&origin, &settings, may_be_challenged)?;
        let cookies = settings.jar.as_ref().and_then(|jar| RequestCookies::of(jar, &origin, &description));
        let mut schedule = Schedule::new(described.deadlines.unwrap_or(*settings.deadlines()), shared.net.now());
        schedule.end = course.end.unwrap_or(schedule.end);
        drop(settings);
        course.upload.borrow_mut().keep(auth.is_ok());
        let exchange = course.exchange.get().unwrap_or_else(|| shared.journal.next_exchange());
        course.exchange.set(Some(exchange));
        Ok(Dispatch {
            shared: Rc::clone(shared),
            origin,
            prepared,
            unanswerable: auth.as_ref().err().copied().unwrap_or_default(),
            auth: auth.ok(),
            proxy_auth: None,
            cookies,
            upload: Rc::clone(&course.upload),
            interims: Rc::clone(&course.interims),
            exchange,
            schedule,
            may_wait: course.may_wait,
            on: Rc::clone(&course.on),
        })
    }
}
