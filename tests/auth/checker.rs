//! The server's side of Digest (RFC 7616), written independently: it makes challenges, computes the expected answers, and checks
//! every parameter of the answers that it receives.

use std::collections::{BTreeMap, BTreeSet};

use md5::Digest as _;

use crate::server::{Seen, asks, response};
use crate::support::{PASSWORD, USER};

/// A variant of Digest, as a server does it.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// The challenge's parameter. `None` leaves it out.
    pub(crate) algorithm: Option<&'static str>,
    /// `None` is Digest as in RFC 2069.
    pub(crate) qop: Option<&'static str>,
    pub(crate) opaque: Option<&'static str>,
    pub(crate) userhash: Option<&'static str>,
    pub(crate) charset: Option<&'static str>,
    pub(crate) domain: Option<&'static str>,
    pub(crate) realm: &'static str,
    pub(crate) user: &'static str,
    /// The expected spelling of `username`. `None` is the right one for `userhash`.
    pub(crate) user_parameter: Option<&'static str>,
    /// Whether responses have `Authentication-Info`, in the head or in trailers.
    pub(crate) info: Info,
    /// After this many requests the next nonce is sent as `nextnonce`. 0 is never.
    pub(crate) next_after: u32,
    /// After this many requests a nonce is stale. 0 is never.
    pub(crate) stale_after: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Info {
    None,
    Head,
    Trailers,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            algorithm: Some("MD5"),
            qop: Some("auth"),
            opaque: None,
            userhash: None,
            charset: None,
            domain: None,
            realm: "WallyWorld",
            user: USER,
            user_parameter: None,
            info: Info::None,
            next_after: 0,
            stale_after: 0,
        }
    }
}

/// A server of such a variant, for the rule of a `Server`.
pub(crate) struct Checker {
    manner: Manner,
    /// The number of nonces made. Only the last is valid.
    nonces: u32,
    /// The nonce counts received with each nonce.
    counts: BTreeMap<String, BTreeSet<u32>>,
    cnonces: BTreeSet<String>,
    /// The key of a session, and the nonce that it began with.
    session: Option<String>,
    /// Whether an unknown nonce fails the test.
    is_forgetful: bool,
}

impl Checker {
    pub(crate) fn new(manner: Manner) -> Self {
        Self {
            manner,
            nonces: 1,
            counts: BTreeMap::new(),
            cnonces: BTreeSet::new(),
            session: None,
            is_forgetful: false,
        }
    }

    /// The rule: challenges requests without credentials, or with wrong ones.
    pub(crate) fn rule(mut self) -> impl FnMut(&Seen) -> String {
        let mut said = None;
        move |request| match said.take() {
            // The rule was called before, when the content was still to come.
            Some(said) if request.field("Expect").is_some() && !request.is_waiting => said,
            _ => said.insert(self.say(request)).clone(),
        }
    }

    fn say(&mut self, request: &Seen) -> String {
        match request.authorization().filter(|value| value.starts_with("Digest ")) {
            None => {
                // RFC 7616 section 3.4.2: a session begins with the first request after a challenge.
                self.session = None;
                asks(&[&self.challenge(false)])
            }
            Some(value) => match self.check(request, value) {
                Checked::Wrong => asks(&[&self.challenge(false)]),
                Checked::Stale => {
                    self.nonces += 1;
                    self.session = None;
                    asks(&[&self.challenge(true)])
                }
                Checked::Good(info) => self.let_in(&info),
            },
        }
    }

    pub(crate) fn challenge(&self, is_stale: bool) -> String {
        let Manner { algorithm, qop, opaque, userhash, charset, domain, realm, .. } = &self.manner;
        let mut challenge = format!("Digest realm=\"{}\", nonce=\"{}\"", escaped(realm), self.nonce());
        for (name, value) in [("opaque", opaque), ("qop", qop), ("domain", domain)] {
            challenge += &value.map_or(String::new(), |value| format!(", {name}=\"{value}\""));
        }
        for (name, value) in [("algorithm", algorithm), ("userhash", userhash), ("charset", charset)] {
            challenge += &value.map_or(String::new(), |value| format!(", {name}={value}"));
        }
        challenge + if is_stale { ", stale=true" } else { "" }
    }

    fn nonce(&self) -> String {
        format!("nonce-{}", self.nonces)
    }

    fn let_in(&mut self, info: &str) -> String {
        let count = self.counts.get(&self.nonce()).map_or(0, BTreeSet::len) as u32;
        let mut info = info.to_owned();
        if self.manner.next_after > 0 && count >= self.manner.next_after {
            self.nonces += 1;
            info += &format!(", nextnonce=\"{}\"", self.nonce());
        }
        let line = format!("Authentication-Info: {info}");
        match self.manner.info {
            Info::None => response("200 OK", &[], "come in"),
            Info::Head => response("200 OK", &[&line], "come in"),
            Info::Trailers => {
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncome in\r\n0\r\n{line}\r\n\r\n")
            }
        }
    }

    /// Checks every parameter. What a client must never send fails the test.
    pub(crate) fn check(&mut self, request: &Seen, value: &str) -> Checked {
        let manner = self.manner.clone();
        let mut given = parameters(value);
        let algorithm = manner.algorithm.unwrap_or("MD5");
        let hash = |parts: &[&str]| hash(algorithm, &parts.join(":"));

        // The user.
        let user_hash = hash(&[manner.user, manner.realm]);
        let expected_user = match (manner.userhash, manner.user_parameter) {
            (Some("true"), _) => format!("username=\"{user_hash}\""),
            (_, Some(parameter)) => parameter.to_owned(),
            (_, None) => format!("username=\"{}\"", manner.user),
        };
        let (name, expected) = expected_user.split_once('=').unwrap();
        assert_eq!(given.remove(name).as_deref(), Some(expected), "{value}");
        let is_hashed = given.remove("userhash");
        assert_eq!(is_hashed.as_deref(), (manner.userhash == Some("true")).then_some("true"), "{value}");

        // The challenge's parameters, unchanged.
        assert_eq!(given.remove("realm"), Some(format!("\"{}\"", escaped(manner.realm))), "{value}");
        assert_eq!(given.remove("opaque"), manner.opaque.map(|opaque| format!("\"{opaque}\"")), "{value}");
        assert_eq!(given.remove("algorithm").as_deref(), manner.algorithm, "{value}");
        assert_eq!(given.remove("uri"), Some(format!("\"{}\"", request.target)), "the uri is the target: {value}");
        let nonce = unquoted(&given.remove("nonce").unwrap());
        let answer = unquoted(&given.remove("response").unwrap());

        // The nonce count.
        let (mut count, mut cnonce) = (String::new(), String::new());
        if manner.qop.is_some() {
            assert_eq!(given.remove("qop").as_deref(), Some("auth"), "{value}");
            count = given.remove("nc").unwrap();
            assert!(count.len() == 8 && count.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{value}");
            cnonce = unquoted(&given.remove("cnonce").unwrap());
            assert!(cnonce.len() >= 32, "{value}");
            let number = u32::from_str_radix(&count, 16).unwrap();
            assert!(self.counts.entry(nonce.clone()).or_default().insert(number), "{nonce} has {number} twice");
            let is_new = self.cnonces.insert(cnonce.clone());
            assert!(is_new || algorithm.ends_with("-sess"), "a client's nonce came twice: {value}");
        }
        assert!(given.is_empty(), "what else is there: {given:?}");

        // The response itself.
        let mut key = hash(&[manner.user, manner.realm, PASSWORD]);
        if algorithm.to_lowercase().ends_with("-sess") {
            let made = || hash(&[&key, &nonce, &cnonce]);
            key = self.session.get_or_insert_with(made).clone();
        }
        let respond = |method: &str| {
            let of_request = hash(&[method, &request.target]);
            match manner.qop {
                Some(_) => hash(&[&key, &nonce, &count, &cnonce, "auth", &of_request]),
                None => hash(&[&key, &nonce, &of_request]),
            }
        };
        if respond(&request.method) != answer {
            self.session = None;
            return Checked::Wrong;
        }
        let number = self.counts.get(&nonce).map_or(0, BTreeSet::len) as u32;
        if nonce != self.nonce() && !self.counts.contains_key(&self.nonce()) && self.is_forgetful {
            return Checked::Wrong;
        }
        if nonce != self.nonce() || manner.stale_after > 0 && number > manner.stale_after {
            return Checked::Stale;
        }
        let mut info = format!("rspauth=\"{}\"", respond(""));
        if manner.qop.is_some() {
            info += &format!(", qop=auth, nc={count}, cnonce=\"{cnonce}\"");
        }
        Checked::Good(info)
    }

    /// Pretends that it has made this many nonces and has forgotten all but the last.
    pub(crate) fn forget_until(&mut self, nonces: u32) {
        self.nonces = nonces;
        self.is_forgetful = true;
    }

    /// The counts received with this nonce. Nonces are counted from 1.
    pub(crate) fn counts(&self, number: u32) -> Vec<u32> {
        self.counts.get(&format!("nonce-{number}")).map(|counts| counts.iter().copied().collect()).unwrap_or_default()
    }
}

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    Wrong,
    /// Right, but its nonce is stale.
    Stale,
    /// Right. With the `Authentication-Info` to send.
    Good(String),
}

/// The parameters as written, each once.
fn parameters(value: &str) -> BTreeMap<String, String> {
    let list = value.strip_prefix("Digest ").unwrap();
    let mut all = BTreeMap::new();
    let (mut is_quoted, mut is_escaped, mut start) = (false, false, 0);
    let mut take = |text: &str| {
        let (name, value) = text.trim().split_once('=').unwrap();
        assert!(all.insert(name.to_owned(), value.to_owned()).is_none(), "{name} is there twice");
    };
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                take(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    take(&list[start..]);
    all
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_else(|| panic!("{value} has to stand in quotes")).to_owned()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

fn hash(algorithm: &str, text: &str) -> String {
    let with = |algorithm| ring::digest::digest(algorithm, text.as_bytes()).as_ref().to_vec();
    let bytes = match algorithm.to_uppercase().trim_end_matches("-SESS") {
        "MD5" => md5::Md5::digest(text.as_bytes()).to_vec(),
        "SHA-256" => with(&ring::digest::SHA256),
        "SHA-512-256" => with(&ring::digest::SHA512_256),
        other => panic!("{other}"),
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
