//! One request as its caller describes it, and as it goes on the wire.

use std::borrow::Cow;
use std::rc::Rc;

use crate::error::{Code, Error, Phase};
use crate::h1::exchange::{Content as Framed, Outline};
use crate::h1::framing::MethodKind;
use crate::h1::request_head;
use crate::h1::version::Version;
use crate::http::fields::{self, Fields};
use crate::http::origin::Origin;
use crate::http::{authority, method, quote, target};
use crate::session::proxies::Proxies;
use crate::session::request_fields::{RequestFields, wrong_field};
use crate::session::settings::Settings;

/// A request under construction. Nothing in it is checked before it is prepared, but for its fields.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) method: String,
    pub(crate) target: String,
    fields: RequestFields,
    pub(crate) content: Content,
    pub(crate) is_idempotent: Option<bool>,
    pub(crate) expects: bool,
    pub(crate) version: Version,
}

/// The content of a request.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// None.
    None,
    /// These bytes; a clone shares them.
    Bytes(Rc<Vec<u8>>),
    /// What is written to the exchange, so many bytes if that is known.
    Streamed(Option<u64>),
}

/// A request that may be sent: all of it was checked.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) outline: Outline,
    /// The encoded head.
    pub(crate) head: Vec<u8>,
    /// The same without the session's own expectation, where it has one and the content can be sent again.
    pub(crate) head_without_expect: Option<Vec<u8>>,
    pub(crate) content: Content,
    /// Whether sending it twice does no harm.
    pub(crate) is_idempotent: bool,
}

impl Description {
    pub(crate) fn new(method: String, target: String) -> Self {
        Self {
            method,
            target,
            fields: RequestFields::default(),
            content: Content::None,
            is_idempotent: None,
            expects: false,
            version: Version::Http11,
        }
    }

    /// Adds a field, if it is one and the caller's to set.
    pub(crate) fn add_field(&mut self, name: String, value: Vec<u8>) -> Result<(), Error> {
        self.fields.add(name, value)
    }

    /// The same with these fields where it has none of their name.
    pub(crate) fn with_defaults(&self, defaults: &RequestFields) -> Cow<'_, Self> {
        if defaults.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut completed = self.clone();
        completed.fields.complete(defaults, &self.method);
        Cow::Owned(completed)
    }

    /// Whether the content is written to the exchange.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self.content, Content::Streamed(_))
    }

    /// Whether the caller has it name another authority than the origin's. The resource is another's then, whoever serves it.
    pub(crate) fn is_for_another(&self, origin: &Origin) -> bool {
        self.fields.first("host").is_some_and(|value| !authority::names(origin, value))
    }

    /// Whether the caller says by itself who sends it.
    pub(crate) fn is_signed(&self) -> bool {
        self.fields.contains("authorization")
    }

    /// Whether a proxy may refuse it for want of credentials that it does not have with it from the start.
    pub(crate) fn may_be_challenged_by_proxy(
        &self,
        origin: &Origin,
        settings: &Settings,
        proxies: Option<&Proxies>,
    ) -> bool {
        // Where another host stands for the origin, all goes through tunnels; and the caller's own field is its own affair.
        let is_sure = settings.connect_to().is_some() || self.fields.contains("proxy-authorization");
        !is_sure && proxies.is_some_and(|proxies| proxies.may_ask(origin, settings.proxying.tunnels_all, &self.method))
    }

    /// Checks all and encodes the head. `is_doubtful` when the server may refuse it for want of credentials, so that streamed
    /// content is better kept until it has said.
    pub(crate) fn prepare(
        &self,
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
        if matches!(self.method.as_str(), "CONNECT" | "TRACE") && !matches!(self.content, Content::None) {
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
        let head = self.encode(origin, settings, framed, expects, closes);
        // The caller was told what becomes of its own expectation where content is streamed, and knows of no other.
        let may_unask = matches!(self.content, Content::Bytes(_)) || !self.expects;
        let is_asking = expects && !self.fields.contains("expect") && may_unask;
        let head_without_expect = is_asking.then(|| self.encode(origin, settings, framed, false, closes));
        let outline = Outline {
            method: match self.method.as_str() {
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
        Ok(Prepared { outline, head, head_without_expect, content: self.content.clone(), is_idempotent })
    }

    /// Whether RFC 9110 and RFC 9112 let a client send these fields with this method, with or without content.
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
        // Some take the older field for the same.
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

    fn encode(&self, origin: &Origin, settings: &Settings, framed: Framed, expects: bool, closes: bool) -> Vec<u8> {
        // Host comes first (RFC 9110 section 7.2), and is what the target names (RFC 9112 section 3.2).
        let authority = target::authority(&self.method, &self.target).unwrap_or(origin.authority());
        // Where content is expected a length says that there is none, and elsewhere nothing does (RFC 9110 section 8.6).
        let length = match (framed, self.method.as_str()) {
            (Framed::None, "POST" | "PUT" | "PATCH") => Some(0),
            (Framed::Length(0), "GET" | "HEAD" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE") => None,
            (Framed::Length(length), _) => Some(length),
            (Framed::None | Framed::Chunked, _) => None,
        };
        let length = length.map(|length| length.to_string());
        let agent = settings.user_agent().filter(|_| !self.fields.contains("user-agent"));
        let options = self.connection_options(closes);
        let host = (!self.fields.contains("host")).then_some(("Host", authority.as_bytes()));
        let last = [
            length.as_deref().map(|length| ("Content-Length", length)),
            (framed == Framed::Chunked).then_some(("Transfer-Encoding", "chunked")),
            (expects && !self.fields.contains("expect")).then_some(("Expect", "100-continue")),
            (!options.is_empty()).then_some(("Connection", options.as_str())),
        ];
        let theirs = |are_hosts| {
            let lines = self.fields.iter().map(|field| (field.name.as_str(), field.value.as_slice()));
            lines.filter(move |(name, _)| name.eq_ignore_ascii_case("host") == are_hosts)
        };
        let fields = (host.into_iter().chain(theirs(true)))
            .chain(agent.map(|agent| ("User-Agent", agent.as_bytes())))
            .chain(theirs(false))
            .chain(last.into_iter().flatten().map(|(name, value)| (name, value.as_bytes())));
        request_head::encode(&self.method, &self.target, self.version, fields)
    }

    /// What Connection has to say that the caller's does not: `close`, and the names of what is meant for the next hop alone
    /// (RFC 9110 section 7.6.1).
    fn connection_options(&self, closes: bool) -> String {
        let is_said = |option| self.fields.has_element("connection", option);
        let hop = ["TE", "Upgrade"].into_iter().filter(|name| self.fields.contains(name));
        let options = closes.then_some("close").into_iter().chain(hop).filter(|option| !is_said(option));
        options.collect::<Vec<_>>().join(", ")
    }
}

/// Whether all options in this field of a connection can be.
#[cold]
fn check_options(name: &str, fields: &Fields) -> Result<(), Error> {
    for option in fields.elements(name) {
        if let Err(what) = fields::check_connection_option(option, fields) {
            return Err(wrong_field(name, &format!("its option {} cannot be: {what}", quote(option))));
        }
    }
    Ok(())
}
