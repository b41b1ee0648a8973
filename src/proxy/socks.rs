//! The client's side of SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): asks a proxy to connect to a host.
//!
//! It does not decide who looks names up. It passes on addresses as addresses and names as names.

use std::net::{IpAddr, Ipv4Addr};

use zeroize::Zeroizing;

use super::{Dialogue, Failure, Outgoing};
use crate::auth::Login;
use crate::buffer::Buffer;
use crate::http::origin::Host;
use crate::reason::OwnedReason;

/// The versions. 4 and 4a differ in what the proxy is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SOCKS 4 with an IPv4 address, 4a with a name.
    Four,
    /// SOCKS 5.
    Five,
}

/// A handshake in progress.
pub struct Socks {
    outgoing: Outgoing,
    state: State,
    /// The request, sent once authentication is done; empty once it was sent.
    request: Vec<u8>,
    login: Option<Zeroizing<Vec<u8>>>,
}

/// Named for what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The method of authentication that the proxy has chosen (RFC 1928 section 3).
    Method,
    /// Whether user and password are accepted (RFC 1929 section 2).
    Verdict,
    /// The reply to a version 5 request (RFC 1928 section 6).
    Reply,
    /// The reply to a version 4 request.
    Reply4,
    /// Nothing: the tunnel is open.
    Nothing,
}

const CONNECT: u8 = 1;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const VERSION_OF_PASSWORD: u8 = 1;
/// Bytes of the longest message of RFC 1929.
const MESSAGE_OF_PASSWORD: usize = 513;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
const GRANTED: u8 = 90;

/// An invalid address, which tells a version 4a proxy that a name follows.
const NAME_FOLLOWS: Ipv4Addr = Ipv4Addr::new(0, 0, 0, 1);

impl Socks {
    /// A handshake that asks for a connection to this host and port.
    pub fn new(version: Version, host: &Host, port: u16, login: Option<&Login>) -> Result<Self, OwnedReason> {
        match version {
            Version::Four => Self::four(host, port, login),
            Version::Five => Self::five(host, port, login),
        }
    }

    fn four(host: &Host, port: u16, login: Option<&Login>) -> Result<Self, OwnedReason> {
        let (address, name) = match host {
            Host::Address(IpAddr::V4(address)) => (*address, None),
            Host::Address(IpAddr::V6(_)) => return Err("SOCKS 4 has no IPv6: use socks5 or socks5h".into()),
            Host::Name(name) => (NAME_FOLLOWS, Some(name)),
        };
        let mut request = vec![4, CONNECT];
        request.extend(port.to_be_bytes());
        request.extend(address.octets());
        // Version 4 has a user and no password.
        request.extend(login.map_or("", |login| login.user.as_str()).bytes());
        request.push(0);
        if let Some(name) = name {
            request.extend(name.bytes());
            request.push(0);
        }
        Ok(Self { outgoing: Outgoing::new(request.into()), state: State::Reply4, request: Vec::new(), login: None })
    }

    fn five(host: &Host, port: u16, login: Option<&Login>) -> Result<Self, OwnedReason> {
        let mut request = vec![5, CONNECT, 0];
        match host {
            Host::Address(IpAddr::V4(address)) => {
                request.push(IPV4);
                request.extend(address.octets());
            }
            Host::Address(IpAddr::V6(address)) => {
                request.push(IPV6);
                request.extend(address.octets());
            }
            Host::Name(name) => {
                request.push(NAME);
                append_counted(&mut request, name)?;
            }
        }
        request.extend(port.to_be_bytes());
        let (hello, login) = match login {
            None => (vec![5, 1, NO_AUTHENTICATION], None),
            Some(login) => {
                // The whole capacity at once: a reallocation would leave a copy of the password behind.
                let mut message = Zeroizing::new(Vec::with_capacity(MESSAGE_OF_PASSWORD));
                message.push(VERSION_OF_PASSWORD);
                append_counted(&mut message, &login.user)?;
                append_counted(&mut message, login.password.expose())?;
                (vec![5, 2, NO_AUTHENTICATION, PASSWORD], Some(message))
            }
        };
        Ok(Self { outgoing: Outgoing::new(hello.into()), state: State::Method, request, login })
    }

    /// Reads the expected message, and returns its length; `None` while it is incomplete.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<usize>, Failure> {
        match self.state {
            State::Method => self.read_method(bytes),
            State::Verdict => self.read_verdict(bytes),
            State::Reply => read_reply(bytes),
            State::Reply4 => read_reply4(bytes),
            State::Nothing => Ok(None),
        }
    }

    fn read_method(&mut self, bytes: &[u8]) -> Result<Option<usize>, Failure> {
        check_version(bytes, 5)?;
        let Some(&method) = bytes.get(1) else {
            return Ok(None);
        };
        match (method, self.login.take()) {
            (NO_AUTHENTICATION, _) => self.ask(),
            (PASSWORD, Some(login)) => self.say(login, State::Verdict),
            (NO_METHOD, Some(_)) => return Err(refused(None, "it lets in nobody, nor who has a user and a password")),
            (NO_METHOD, None) => return Err(refused(None, "it lets in nobody without credentials, and none are set")),
            (method, _) => {
                let words = format!("it chose the method of authentication {method}, which was not offered");
                return Err(Failure::SocksBroken(words));
            }
        }
        Ok(Some(2))
    }

    fn read_verdict(&mut self, bytes: &[u8]) -> Result<Option<usize>, Failure> {
        check_version(bytes, VERSION_OF_PASSWORD)?;
        match bytes.get(1) {
            None => Ok(None),
            Some(0) => {
                self.ask();
                Ok(Some(2))
            }
            Some(_) => Err(refused(None, "it does not accept the user and password")),
        }
    }

    /// Sends the request for the connection.
    fn ask(&mut self) {
        let request = std::mem::take(&mut self.request);
        self.say(request.into(), State::Reply);
    }

    fn say(&mut self, message: Zeroizing<Vec<u8>>, state: State) {
        self.outgoing = Outgoing::new(message);
        self.state = state;
    }
}

impl Dialogue for Socks {
    fn outgoing(&self) -> &[u8] {
        self.outgoing.as_slice()
    }

    fn sent(&mut self, count: usize) {
        self.outgoing.sent(count);
    }

    fn receive(&mut self, buffer: &mut Buffer) -> Result<bool, Failure> {
        // Bytes that arrive before everything was sent cannot be a reply to it.
        while self.outgoing().is_empty() {
            let is_last = matches!(self.state, State::Reply | State::Reply4);
            let Some(length) = self.read(buffer.as_slice())? else {
                return Ok(self.state == State::Nothing);
            };
            buffer.consume(length);
            if is_last {
                self.state = State::Nothing;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn end(&self) -> Failure {
        Failure::SocksBroken("it closed the connection in the SOCKS dialogue".into())
    }
}

/// A version 5 reply. Its address is not used.
fn read_reply(bytes: &[u8]) -> Result<Option<usize>, Failure> {
    check_version(bytes, 5)?;
    // A refusal counts whatever follows its code, because some proxies send no more.
    if let Some(&code) = bytes.get(1).filter(|code| **code != 0) {
        return Err(refused(Some(code), words_of_five(code)));
    }
    let address = match bytes.get(3) {
        None => return Ok(None),
        Some(&IPV4) => 4,
        Some(&IPV6) => 16,
        Some(&NAME) => match bytes.get(4) {
            None => return Ok(None),
            Some(&length) => usize::from(length).saturating_add(1),
        },
        Some(kind) => {
            let words = format!("its reply has an address of the unknown type {kind}");
            return Err(Failure::SocksBroken(words));
        }
    };
    let length = address.saturating_add(6);
    Ok((bytes.len() >= length).then_some(length))
}

/// A version 4 reply.
fn read_reply4(bytes: &[u8]) -> Result<Option<usize>, Failure> {
    check_version(bytes, 0)?;
    match bytes.get(1) {
        None => Ok(None),
        Some(&GRANTED) => Ok((bytes.len() >= REPLY4_LENGTH).then_some(REPLY4_LENGTH)),
        Some(&code) => Err(refused(Some(code), words_of_four(code))),
    }
}

/// The length of a version 4 reply.
const REPLY4_LENGTH: usize = 8;

/// Every message begins with a version.
fn check_version(bytes: &[u8], expected: u8) -> Result<(), Failure> {
    match bytes.first() {
        Some(version) if *version != expected => {
            // An HTTP proxy answers a request that it cannot parse.
            let hint = if bytes.first() == Some(&b'H') { ", and perhaps HTTP" } else { "" };
            Err(Failure::SocksBroken(format!("it does not speak this version of SOCKS{hint}")))
        }
        _ => Ok(()),
    }
}

/// Appends text after its length.
fn append_counted(message: &mut Vec<u8>, text: &str) -> Result<(), OwnedReason> {
    let length = u8::try_from(text.len()).map_err(|_| "SOCKS has no room for more than 255 bytes")?;
    message.push(length);
    message.extend(text.bytes());
    Ok(())
}

fn refused(code: Option<u8>, words: &str) -> Failure {
    Failure::SocksRefused(code, words.into())
}

/// RFC 1928 section 6.
fn words_of_five(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "its rules do not allow this connection",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "the connection took too long",
        7 => "it does not know the command",
        8 => "it does not know this type of address",
        _ => "an unknown failure",
    }
}

fn words_of_four(code: u8) -> &'static str {
    match code {
        91 => "rejected or failed",
        92 => "it cannot reach identd on this host",
        93 => "identd on this host names another user",
        _ => "an unknown failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn login() -> Login {
        Login { user: "me".into(), password: Secret::new("secret") }
    }

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    /// What is said, message after message, to a proxy that says this; and what comes of it, and is left.
    fn talk(mut socks: Socks, answers: &[&[u8]]) -> (Vec<Vec<u8>>, Result<bool, Failure>, Vec<u8>) {
        let mut said = Vec::new();
        let mut buffer = Buffer::default();
        let mut outcome = Ok(false);
        for answer in answers {
            said.push(socks.outgoing().to_vec());
            socks.sent(usize::MAX);
            // Byte for byte: the outcome comes with the last that decides it.
            for byte in *answer {
                assert_eq!(outcome, Ok(false));
                buffer.push(vec![*byte]);
                outcome = socks.receive(&mut buffer);
            }
        }
        (said, outcome, buffer.as_slice().to_vec())
    }

    #[test]
    fn five_with_every_target() {
        let granted: &[u8] = &[5, 0, 0, 1, 9, 9, 9, 9, 0, 80];
        let table: [(&str, Vec<u8>); 3] = [
            ("a.test", [&[5, 1, 0, 3, 6][..], b"a.test", &[0x1f, 0x90]].concat()),
            ("10.1.2.3", vec![5, 1, 0, 1, 10, 1, 2, 3, 0x1f, 0x90]),
            ("::1", vec![5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x1f, 0x90]),
        ];
        for (target, request) in table {
            let socks = Socks::new(Version::Five, &host(target), 8080, None).unwrap();
            let (said, outcome, rest) = talk(socks, &[&[5, 0], granted]);
            assert_eq!((said, outcome, rest.len()), (vec![vec![5, 1, 0], request.clone()], Ok(true), 0));
            let socks = Socks::new(Version::Five, &host(target), 8080, Some(&login())).unwrap();
            let (said, outcome, _) = talk(socks, &[&[5, 2], &[1, 0], granted]);
            let who = b"\x01\x02me\x06secret".to_vec();
            assert_eq!((said, outcome), (vec![vec![5, 2, 0, 2], who, request], Ok(true)));
        }
    }

    #[test]
    fn five_with_every_type_of_address_in_the_reply() {
        let name: Vec<u8> = [&[5, 0, 7, 3, 255][..], &[b'x'; 255], &[0, 1]].concat();
        let empty = [5, 0, 0, 3, 0, 0, 1];
        let v6: Vec<u8> = [&[5, 0, 0, 4][..], &[0; 18]].concat();
        for reply in [&name[..], &empty, &v6] {
            let socks = Socks::new(Version::Five, &host("a"), 1, None).unwrap();
            assert_eq!(talk(socks, &[&[5, 0], reply]).1, Ok(true));
        }
    }

    #[test]
    fn bytes_beyond_the_last_reply_stay() {
        let granted: &[u8] = b"\x05\x00\x00\x01abcdefgh";
        let mut socks = Socks::new(Version::Five, &host("a"), 1, None).unwrap();
        let mut buffer = Buffer::default();
        buffer.push(vec![5, 0]);
        // Nothing is taken before all was said.
        assert_eq!((socks.receive(&mut buffer), buffer.len()), (Ok(false), 2));
        socks.sent(3);
        assert_eq!((socks.receive(&mut buffer), buffer.len()), (Ok(false), 0));
        socks.sent(usize::MAX);
        buffer.push(granted.to_vec());
        assert_eq!((socks.receive(&mut buffer), buffer.as_slice()), (Ok(true), &b"gh"[..]));
        buffer.push(vec![5, 1]);
        assert_eq!((socks.receive(&mut buffer), buffer.len()), (Ok(true), 4));
    }

    #[test]
    fn four_with_addresses_and_names() {
        let granted: &[u8] = &[0, 90, 1, 2, 3, 4, 5, 6];
        let table: [(&str, Option<Login>, Vec<u8>); 4] = [
            ("10.1.2.3", None, vec![4, 1, 0, 80, 10, 1, 2, 3, 0]),
            ("10.1.2.3", Some(login()), b"\x04\x01\x00\x50\x0a\x01\x02\x03me\x00".to_vec()),
            ("a.test", None, b"\x04\x01\x00\x50\x00\x00\x00\x01\x00a.test\x00".to_vec()),
            ("a.test", Some(login()), b"\x04\x01\x00\x50\x00\x00\x00\x01me\x00a.test\x00".to_vec()),
        ];
        for (target, login, request) in table {
            let socks = Socks::new(Version::Four, &host(target), 80, login.as_ref()).unwrap();
            let (said, outcome, _) = talk(socks, &[granted]);
            assert_eq!((said, outcome), (vec![request], Ok(true)));
        }
        assert!(Socks::new(Version::Four, &host("::1"), 80, None).is_err());
    }

    #[test]
    fn every_refusal_comes_with_its_code() {
        for code in 1..=u8::MAX {
            let socks = Socks::new(Version::Five, &host("a"), 1, None).unwrap();
            let (_, outcome, _) = talk(socks, &[&[5, 0], &[5, code]]);
            assert_eq!(outcome, Err(refused(Some(code), words_of_five(code))));
        }
        for code in (0..=u8::MAX).filter(|code| *code != GRANTED) {
            let socks = Socks::new(Version::Four, &host("a"), 1, None).unwrap();
            let (_, outcome, _) = talk(socks, &[&[0, code]]);
            assert_eq!(outcome, Err(refused(Some(code), words_of_four(code))));
        }
        let five = |login: Option<Login>| Socks::new(Version::Five, &host("a"), 1, login.as_ref()).unwrap();
        for answers in [&[&[5, 2][..], &[1, 1]][..], &[&[5, 2], &[1, 255]], &[&[5, NO_METHOD]]] {
            assert!(matches!(talk(five(Some(login())), answers).1, Err(Failure::SocksRefused(None, _))));
        }
        assert!(matches!(talk(five(None), &[&[5, NO_METHOD]]).1, Err(Failure::SocksRefused(None, _))));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let five = |login: Option<Login>| Socks::new(Version::Five, &host("a"), 1, login.as_ref()).unwrap();
        let cases: [(Socks, &[&[u8]]); 9] = [
            (five(None), &[&[4]]),
            (five(None), &[b"H"]),
            // What was not offered.
            (five(None), &[&[5, 2]]),
            (five(Some(login())), &[&[5, 1]]),
            (five(Some(login())), &[&[5, 2], &[5]]),
            (five(None), &[&[5, 0], &[4]]),
            (five(None), &[&[5, 0], &[5, 0, 0, 2]]),
            (five(None), &[&[5, 0], &[5, 0, 0, 0]]),
            (Socks::new(Version::Four, &host("a"), 1, None).unwrap(), &[&[4]]),
        ];
        for (socks, answers) in cases {
            assert!(matches!(talk(socks, answers).1, Err(Failure::SocksBroken(_))), "{answers:?}");
        }
    }

    #[test]
    fn the_last_words_of_an_error_hold_no_secret() {
        let long = Login { user: "x".repeat(256), password: Secret::new("secret") };
        let words = Socks::new(Version::Five, &host("a"), 1, Some(&long)).err().unwrap();
        assert!(!words.contains("secret"));
        assert!(
            Socks::new(
                Version::Five,
                &host("a"),
                1,
                Some(&Login { user: "u".into(), password: Secret::new("x".repeat(256)) })
            )
            .is_err()
        );
    }
}
