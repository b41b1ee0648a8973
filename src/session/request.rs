//! A request as its caller describes it, and the head made from that.

use std::borrow::Cow;
use std::rc::Rc;

use crate::coding::ACCEPT_ENCODING;
use crate::error::{Code, Error, Phase};
use crate::h1::exchange::{Content as Framed, Outline};
use crate::h1::framing::MethodKind;
use crate::http::fields::{self, Fields};
use crate::http::head::{Line, RequestHead, Version};
use crate::http::origin::Origin;
use crate::http::{method, quote, target};
use crate::session::proxies::Proxies;
use crate::session::request_fields::{RequestFields, wrong_field};
use crate::session::settings::{Deadlines, Settings};

/// A request under construction. Only its fields are checked before it is prepared.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) method: Cow<'static, str>,
    pub(crate) target: String,
    fields: RequestFields,
    /// Whether these are all fields, and the session adds no default fields. A field that was removed on the way to another origin
    /// must not come back.
    is_complete: bool,
    /// The fragment of the URL, which is not sent.
    pub(crate) fragment: Option<String>,
    pub(crate) content: Content,
    pub(crate) is_idempotent: Option<bool>,
    pub(crate) expects: bool,
    pub(crate) version: Version,
    /// Those of this request, in place of the options'.
    pub(crate) deadlines: Option<Deadlines>,
}

/// The content of a request.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// None.
    None,
    /// These bytes; a clone shares them.
    Bytes(Rc<Vec<u8>>),
    /// Content written to the exchange, with its length if known.
    Streamed(Option<u64>),
}

/// A request that was checked and may be sent.
#[derive(Debug)]
pub(crate) struct Prepared {
    description: Rc<Description>,
    pub(crate) outline: Outline,
    /// Whether the session added the expectation itself, and may remove it.
    may_drop_expectation: bool,
    /// The `User-Agent`, if the caller set none.
    agent: Option<Rc<str>>,
    /// The options of `Connection` in addition to the caller's. Usually empty.
    options: String,
    /// The `Content-Length`, if it has one.
    length: Option<String>,
    /// Whether the request may be sent again after a failure.
    pub(crate) is_idempotent: bool,
    /// Whether the content of the response is decoded.
    pub(crate) is_decoding: bool,
}

impl Description {
    pub(crate) fn new(method: &str, target: String) -> Self {
        Self {
            method: method::known(method).map_or_else(|| method.to_owned().into(), Cow::Borrowed),
            target,
            fields: RequestFields::default(),
            is_complete: false,
            fragment: None,
            content: Content::None,
            is_idempotent: None,
            expects: false,
            version: Version::Http11,
            deadlines: None,
        }
    }

    /// Adds a field, if it is valid and the caller may set it.
    pub(crate) fn add_field(&mut self, name: String, value: Vec<u8>) -> Result<(), Error> {
        self.fields.add(name, value)
    }

    /// Adds the default fields whose names do not occur yet.
    pub(crate) fn with_defaults(self: &Rc<Self>, defaults: &RequestFields) -> Rc<Self> {
        let mut completed = Rc::clone(self);
        if !defaults.is_empty() && !self.is_complete {
            let Self { method, fields, .. } = Rc::make_mut(&mut completed);
            fields.complete(defaults, method);
        }
        completed
    }

    /// All its fields.
    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The value of its `Host`, if the caller has set it.
    pub(crate) fn host(&self) -> Option<&[u8]> {
        self.fields.first("host")
    }

    /// Declares that no default fields are to be added.
    pub(crate) fn complete(self: &mut Rc<Self>) {
        Rc::make_mut(self).is_complete = true;
    }

    /// The request to which a redirect of this one leads, with these fields and no others.
    pub(crate) fn redirected(&self, method: &str, target: String, keeps_content: bool, fields: Fields) -> Self {
        Self {
            fields: RequestFields::checked_before(fields),
            content: if keeps_content { self.content.clone() } else { Content::None },
            is_idempotent: self.is_idempotent.filter(|_| method == self.method),
            expects: self.expects && keeps_content,
            version: self.version,
            deadlines: self.deadlines,
            ..Self::new(method, target)
        }
    }

    /// Whether the content is written to the exchange.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self.content, Content::Streamed(_))
    }

    /// Whether the caller gave it another authority than the origin's. Its resource then belongs to another origin, whichever
    /// server responds.
    pub(crate) fn is_for_another(&self, origin: &Origin) -> bool {
        self.fields.first("host").is_some_and(|value| !origin.is_named_by(value))
    }

    /// Whether the caller set `Authorization` itself.
    pub(crate) fn is_signed(&self) -> bool {
        self.fields.contains("authorization")
    }

    /// Whether a proxy may send a challenge for it.
    pub(crate) fn may_be_challenged_by_proxy(
        &self,
        origin: &Origin,
        settings: &Settings,
        proxies: Option<&Proxies>,
    ) -> bool {
        // With `connect_to`, everything goes through tunnels. A field set by the caller is the caller's responsibility.
        let is_sure = settings.connect_to().is_some() || self.fields.contains("proxy-authorization");
        !is_sure && proxies.is_some_and(|proxies| proxies.may_ask(origin, settings.proxying.tunnels_all, &self.method))
    }

    /// Checks everything. `may_be_challenged` means that a server may send a challenge, so that streamed content waits for `100
    /// Continue`.
    pub(crate) fn prepare(
        self: &Rc<Self>,
        origin: &Origin,
        settings: &Settings,
        may_be_challenged: bool,
    ) -> Result<Prepared, Error> {
        let wrong = |code, detail| Error::new(Phase::Setup, code, detail);
        method::check(&self.method).map_err(|what| {
            let method = quote(self.method.as_bytes());
            wrong(Code::RequestMethodInvalid, format!("the method {method} is wrong: {what}"))
        })?;
        target::check(origin.scheme, &self.method, &self.target).map_err(|what| {
            let target = quote(self.target.as_bytes());
            wrong(Code::RequestTargetInvalid, format!("the target {target} is wrong: {what}"))
        })?;
        let is_old = self.version == Version::Http10;
        if is_old && matches!(self.content, Content::Streamed(None)) {
            return Err(wrong(Code::Configuration, "HTTP/1.0 has no chunked content: set its length".into()));
        }
        // RFC 9110 sections 9.3.6 and 9.3.8.
        if matches!(&*self.method, "CONNECT" | "TRACE") && !matches!(self.content, Content::None) {
            return Err(wrong(Code::Configuration, format!("{} has no content", self.method)));
        }
        let framed = match &self.content {
            Content::None => Framed::None,
            Content::Bytes(bytes) => Framed::Length(bytes.len() as u64),
            Content::Streamed(Some(length)) => Framed::Length(*length),
            Content::Streamed(None) => Framed::Chunked,
        };
        let has_content = !matches!(framed, Framed::None | Framed::Length(0));
        self.check_fields(has_content)?;
        let asks = self.expects || may_be_challenged && self.is_streamed();
        let expects = has_content && !is_old && (asks || self.fields.has_element("expect", "100-continue"));
        let closes = !settings.is_persistent || self.fields.has_element("connection", "close");
        // A caller that asked for the expectation knows what it means for streamed content. Otherwise the session added it, and
        // may remove it.
        let may_drop = matches!(self.content, Content::Bytes(_)) || !self.expects;
        let may_drop_expectation = expects && may_drop && !self.fields.contains("expect");
        let outline = Outline {
            method: match &*self.method {
                "HEAD" => MethodKind::Head,
                "CONNECT" => MethodKind::Connect,
                _ => MethodKind::Other,
            },
            wants_upgrade: self.fields.contains("upgrade") && !is_old,
            closes,
            content: framed,
            expects,
        };
        let is_idempotent = self.is_idempotent.unwrap_or_else(|| method::is_idempotent(&self.method));
        let agent = settings.shared_user_agent().filter(|_| !self.fields.contains("user-agent"));
        Ok(Prepared {
            description: Rc::clone(self),
            outline,
            may_drop_expectation,
            agent,
            options: self.connection_options(closes),
            length: self.content_length(framed).map(|length| length.to_string()),
            is_idempotent,
            is_decoding: settings.is_decoding,
        })
    }

    /// Whether RFC 9110 and RFC 9112 allow these fields with this method, with or without content.
    fn check_fields(&self, has_content: bool) -> Result<(), Error> {
        let fields: &Fields = &self.fields;
        let is_chunked = |coding: &[u8]| {
            coding
                .split(|byte| *byte == b';')
                .next()
                .is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"chunked"))
        };
        // RFC 9112 section 7.4.
        if fields.elements("te").any(is_chunked) {
            return Err(wrong_field("te", "chunked is always acceptable, and never named there"));
        }
        // Some recipients treat the older field alike.
        for name in ["connection", "proxy-connection"] {
            if fields.contains(name) {
                check_options(name, fields)?;
            }
        }
        // RFC 9110 section 10.1.1.
        if !has_content && fields.has_element("expect", "100-continue") {
            return Err(wrong_field("expect", "there is no content that could wait"));
        }
        // RFC 9110 section 9.3.7.
        if has_content && self.method == "OPTIONS" && !fields.contains("content-type") {
            return Err(wrong_field("content-type", "OPTIONS with content has to have it"));
        }
        // RFC 9110 section 13.1.5.
        if fields.contains("if-range") && !fields.contains("range") {
            return Err(wrong_field("if-range", "there is no Range"));
        }
        if fields.first("if-range").is_some_and(|value| value.trim_ascii().starts_with(b"W/")) {
            return Err(wrong_field("if-range", "a weak entity tag says nothing of parts"));
        }
        // RFC 9110 section 9.3.8.
        let mut secrets = ["authorization", "proxy-authorization", "cookie"].into_iter();
        match secrets.find(|name| self.method == "TRACE" && fields.contains(name)) {
            Some(name) => Err(wrong_field(name, "whoever answers TRACE sends it back for all to see")),
            None => Ok(()),
        }
    }

    /// The value of `Content-Length`, if sent. It is 0 where the method anticipates content and there is none (RFC 9110 section
    /// 8.6).
    fn content_length(&self, framed: Framed) -> Option<u64> {
        match (framed, &*self.method) {
            (Framed::None, "POST" | "PUT" | "PATCH") => Some(0),
            (Framed::Length(0), "GET" | "HEAD" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE") => None,
            (Framed::Length(length), _) => Some(length),
            (Framed::None | Framed::Chunked, _) => None,
        }
    }

    /// The options of `Connection` that the caller did not give: `close`, and the names of fields for the next hop only (RFC 9110
    /// section 7.6.1).
    fn connection_options(&self, closes: bool) -> String {
        // Most requests have nothing to say there.
        if !closes && self.fields.is_empty() {
            return String::new();
        }
        let is_said = |option| self.fields.has_element("connection", option);
        let hop = ["TE", "Upgrade"].into_iter().filter(|name| self.fields.contains(name));
        let options = closes.then_some("close").into_iter().chain(hop).filter(|option| !is_said(option));
        options.collect::<Vec<_>>().join(", ")
    }
}

impl Prepared {
    /// What was prepared.
    pub(crate) fn description(&self) -> &Rc<Description> {
        &self.description
    }

    /// The head, without credentials, for this origin.
    pub(crate) fn head<'a>(&'a self, origin: &'a Origin) -> RequestHead<'a> {
        let Description { method, target, fields, version, .. } = &*self.description;
        let mut head = RequestHead::new(method, target, *version, fields.len().saturating_add(ADDED_FIELDS));
        // `Host` comes first (RFC 9110 section 7.2), and is the authority in the target (RFC 9112 section 3.2).
        let own = fields.iter().find(|field| field.name.eq_ignore_ascii_case("host"));
        match own {
            Some(host) => head.push(host.name, host.value),
            None => head.push("Host", target::authority(method, target).unwrap_or(origin.authority()).as_bytes()),
        }
        if let Some(agent) = &self.agent {
            head.push("User-Agent", agent.as_bytes());
        }
        // The parts of a range are not decoded: they are parts of the coded content (RFC 9110 section 14.2).
        if self.is_decoding && !fields.contains("accept-encoding") && !fields.contains("range") {
            head.push("Accept-Encoding", ACCEPT_ENCODING.as_bytes());
        }
        let lines = fields.iter().map(Line::from);
        match own {
            // At once: most requests leave `Host` to the session.
            None => head.fields.extend(lines),
            Some(_) => head.fields.extend(lines.filter(|line| !line.name.eq_ignore_ascii_case("host"))),
        }
        if let Some(length) = &self.length {
            head.push("Content-Length", length.as_bytes());
        }
        if self.outline.content == Framed::Chunked {
            head.push("Transfer-Encoding", b"chunked");
        }
        if self.outline.expects && !fields.contains("expect") {
            head.push("Expect", b"100-continue");
        }
        if !self.options.is_empty() {
            head.push("Connection", self.options.as_bytes());
        }
        head
    }

    /// Removes the expectation, if the session added it.
    #[cold]
    pub(crate) fn drop_expectation(&mut self) -> bool {
        let may_drop = std::mem::take(&mut self.may_drop_expectation);
        self.outline.expects &= !may_drop;
        may_drop
    }
}

/// How many fields a head has at most in addition to the caller's: `Host`, `User-Agent`, `Accept-Encoding`, one of framing,
/// `Expect`, `Connection`, and the credentials for the origin and for a proxy.
const ADDED_FIELDS: usize = 8;

/// Checks the options of a connection in this field.
#[cold]
fn check_options(name: &str, fields: &Fields) -> Result<(), Error> {
    for option in fields.elements(name) {
        if let Err(what) = fields::check_connection_option(option, fields) {
            return Err(wrong_field(name, &format!("its option {} cannot be: {what}", quote(option))));
        }
    }
    Ok(())
}
