//! A TLS server, played by rustls, as a simulated peer. It knows no sessions.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    CipherSuite, HandshakeKind, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion, version,
};
use xenon::net::sim::{Said, Script, Segments};

use crate::authority::{Authority, Identity, TODAY};
use crate::forge::Forge;

pub(crate) const TLS12: &[&SupportedProtocolVersion] = &[&version::TLS12];
pub(crate) const TLS13: &[&SupportedProtocolVersion] = &[&version::TLS13];
pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

/// The settings of a server, which its connections share.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) config: ServerConfig,
    hello: Arc<Watch>,
}

/// What a ClientHello asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) name: Option<String>,
    pub(crate) protocols: Vec<String>,
    pub(crate) suites: Vec<CipherSuite>,
}

/// The server's side of one connection, and its steps. A handle lets a test inspect it.
pub(crate) struct Peer {
    server: Server,
    script: Script,
}

/// A handle of a server's side of one connection.
#[derive(Clone)]
pub(crate) struct Server(Rc<RefCell<State>>);

struct State {
    tls: Option<ServerConnection>,
    forge: Option<Forge>,
    /// The client's bytes, decrypted, and how many of them were expected.
    plaintext: Vec<u8>,
    read: usize,
    has_farewell: bool,
    error: Option<rustls::Error>,
    /// The bytes to send, and how many of them may still be sent.
    unsaid: Vec<u8>,
    left: usize,
    has_said: bool,
    /// The byte to corrupt.
    damaged: Option<usize>,
    kind: Option<HandshakeKind>,
}

/// Chooses the certificate, and records what was asked for.
#[derive(Debug)]
struct Watch {
    key: Option<Arc<CertifiedKey>>,
    seen: Mutex<Hello>,
}

#[derive(Debug)]
struct Fixed;

/// Settings of a server with this identity and these versions.
pub(crate) fn settings(identity: &Identity, versions: &[&'static SupportedProtocolVersion]) -> Settings {
    settings_with(identity, versions, None, |_| true)
}

/// The same with these suites, and with an authority that must have issued the client's certificate.
pub(crate) fn settings_with(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<&Authority>,
    has: fn(CipherSuite) -> bool,
) -> Settings {
    let verifier = clients.map(|authority| {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap()
    });
    settings_by(identity, versions, verifier, has)
}

/// The same with a verifier of client certificates.
pub(crate) fn settings_by(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    has: fn(CipherSuite) -> bool,
) -> Settings {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|suite| has(suite.suite()));
    let provider = Arc::new(provider);
    let key = PrivateKeyDer::try_from(identity.key.clone()).unwrap();
    // Unlike the configuration of a single certificate, this accepts any.
    let key = provider.key_provider.load_private_key(key).unwrap();
    let key = Arc::new(CertifiedKey::new(identity.chain.clone(), key));
    let hello = Arc::new(Watch { key: Some(key), seen: Mutex::default() });
    let builder = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(Fixed))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match verifier {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::<Watch>::clone(&hello);
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.enable_secret_extraction = true;
    Settings { config, hello }
}

impl Settings {
    /// Changes the configuration.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Remembers no sessions.
    pub(crate) fn forgetful(self) -> Self {
        self.with(|config| {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        })
    }

    /// The last ClientHello's wishes.
    pub(crate) fn hello(&self) -> Hello {
        self.hello.seen.lock().unwrap().clone()
    }

    /// One connection.
    pub(crate) fn peer(&self) -> Peer {
        let mut tls = ServerConnection::new(Arc::new(self.config.clone())).unwrap();
        tls.set_buffer_limit(None);
        let state = State {
            tls: Some(tls),
            forge: None,
            plaintext: Vec::new(),
            read: 0,
            has_farewell: false,
            error: None,
            unsaid: Vec::new(),
            left: usize::MAX,
            has_said: false,
            damaged: None,
            kind: None,
        };
        Peer { server: Server(Rc::new(RefCell::new(state))), script: Script::new() }
    }

    /// A connection that answers this many requests with `ok`, and then continues to read.
    pub(crate) fn answers(&self, count: usize) -> Peer {
        (0..count).fold(self.peer(), |peer, _| peer.head().send(crate::support::ok("ok"))).listen()
    }
}

impl Peer {
    /// A handle to inspect it later.
    pub(crate) fn server(&self) -> Server {
        self.server.clone()
    }

    /// Sends at most this many bytes, and then takes the next step.
    pub(crate) fn cut(self, bytes: usize) -> Self {
        self.server.0.borrow_mut().left = bytes;
        self
    }

    /// Flips one bit of this byte of its output.
    pub(crate) fn damage(self, at: usize) -> Self {
        self.server.0.borrow_mut().damaged = Some(at);
        self
    }

    /// Sends this many bytes more, and then takes the next step.
    pub(crate) fn allow(self, bytes: usize) -> Self {
        let Self { server, script } = self;
        let handle = server.clone();
        let script = script.talk(move |heard| {
            let mut state = handle.0.borrow_mut();
            state.left += bytes;
            let mut said = state.hear(heard);
            said.extend(state.say());
            state.left = 0;
            Said { bytes: said, is_over: true }
        });
        Self { server, script }
    }

    /// Reads a head.
    pub(crate) fn head(self) -> Self {
        self.step(|state| {
            let end = state.unread().windows(4).position(|window| window == b"\r\n\r\n");
            state.read += end.map_or(0, |end| end + 4);
            end.is_some()
        })
    }

    /// Reads this many bytes.
    pub(crate) fn bytes(self, count: usize) -> Self {
        self.step(move |state| {
            let is_here = state.unread().len() >= count;
            state.read += if is_here { count } else { 0 };
            is_here
        })
    }

    /// Reads the client's `close_notify`.
    pub(crate) fn farewell(self) -> Self {
        self.step(|state| state.has_farewell)
    }

    /// Reads what is available now.
    pub(crate) fn look(self) -> Self {
        self.step(|_| true)
    }

    /// Sends its first message.
    pub(crate) fn flight(self) -> Self {
        self.step(|state| state.has_said)
    }

    /// Fails, and sends the alert.
    pub(crate) fn refusal(self) -> Self {
        self.step_anyway(|state| state.error.is_some())
    }

    /// Reads everything.
    pub(crate) fn listen(self) -> Self {
        self.step(|_| false)
    }

    /// Sends this.
    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.step(move |state| {
            state.tls().writer().write_all(&bytes).unwrap();
            true
        })
    }

    /// Changes its keys, and asks the client to.
    pub(crate) fn change_keys(self) -> Self {
        self.step(|state| {
            state.tls().refresh_traffic_keys().unwrap();
            true
        })
    }

    /// Sends `close_notify`.
    pub(crate) fn say_farewell(self) -> Self {
        self.step(|state| {
            state.tls().send_close_notify();
            true
        })
    }

    /// Sends records that rustls would not make. The client's records cannot be decrypted any more.
    pub(crate) fn forge(self, make: impl Fn(&mut Forge) -> Vec<u8> + 'static) -> Self {
        let Self { server, script } = self;
        let handle = server.clone();
        let script = script.talk(move |heard| {
            let mut state = handle.0.borrow_mut();
            let mut bytes = state.hear(heard);
            if state.forge.is_none() {
                let tls = state.tls.take().unwrap();
                state.forge = Some(Forge::new(tls));
            }
            bytes.extend(make(state.forge.as_mut().unwrap()));
            Said { bytes, is_over: true }
        });
        Self { server, script }
    }

    /// Sends this again and again, as fast as it is read.
    pub(crate) fn flood(self, make: impl Fn(&mut Forge) -> Vec<u8> + 'static) -> Self {
        let Self { server, script } = self.forge(|_| Vec::new());
        let handle = server.clone();
        let script = script.talk(move |_| {
            let mut state = handle.0.borrow_mut();
            Said { bytes: make(state.forge.as_mut().unwrap()), is_over: false }
        });
        Self { server, script }
    }

    /// Any further acts of the script, below TLS.
    pub(crate) fn then(mut self, add: impl FnOnce(Script) -> Script) -> Self {
        self.script = add(self.script);
        self
    }

    pub(crate) fn delay(self, delay: Duration) -> Self {
        self.then(|script| script.delay(delay))
    }

    pub(crate) fn close(self) -> Self {
        self.then(Script::close)
    }

    pub(crate) fn reset(self) -> Self {
        self.then(Script::reset)
    }

    pub(crate) fn stall(self) -> Self {
        self.then(Script::stall)
    }

    pub(crate) fn segments(self, segments: Segments) -> Self {
        self.then(|script| script.segments(segments))
    }

    /// Reads, does this if nothing has failed, and sends. It is over when this says so, or when no more may be sent.
    fn step(self, mut act: impl FnMut(&mut State) -> bool + 'static) -> Self {
        self.step_anyway(move |state| state.error.is_none() && act(state))
    }

    /// The same, even if something has failed.
    fn step_anyway(self, mut act: impl FnMut(&mut State) -> bool + 'static) -> Self {
        let Self { server, script } = self;
        let handle = server.clone();
        let script = script.talk(move |heard| {
            let mut state = handle.0.borrow_mut();
            let mut bytes = state.hear(heard);
            let is_done = state.tls.is_some() && state.left > 0 && act(&mut state);
            bytes.extend(state.say());
            Said { bytes, is_over: is_done || state.left == 0 }
        });
        Self { server, script }
    }
}

impl From<Peer> for Script {
    fn from(peer: Peer) -> Self {
        peer.script
    }
}

impl Server {
    /// All of the client's bytes, decrypted.
    pub(crate) fn plaintext(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow().plaintext).into_owned()
    }

    /// Whether the client has sent `close_notify`.
    pub(crate) fn has_farewell(&self) -> bool {
        self.0.borrow().has_farewell
    }

    /// The error of reading the client's records.
    pub(crate) fn error(&self) -> Option<rustls::Error> {
        self.0.borrow().error.clone()
    }

    /// Whether the handshake was a whole one, or resumed an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.0.borrow().kind == Some(HandshakeKind::Resumed)
    }
}

impl State {
    fn tls(&mut self) -> &mut ServerConnection {
        self.tls.as_mut().unwrap()
    }

    fn unread(&self) -> &[u8] {
        &self.plaintext[self.read..]
    }

    fn hear(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let Some(tls) = &mut self.tls else {
            return Vec::new();
        };
        while !bytes.is_empty() && self.error.is_none() && tls.read_tls(&mut bytes).unwrap() > 0 {
            match tls.process_new_packets() {
                Ok(state) => {
                    let mut piece = vec![0; state.plaintext_bytes_to_read()];
                    tls.reader().read_exact(&mut piece).unwrap();
                    self.plaintext.extend(piece);
                    self.has_farewell |= state.peer_has_closed();
                    assert!(tls.early_data().is_none(), "early data");
                }
                Err(error) => self.error = Some(error),
            }
        }
        self.kind = tls.handshake_kind();
        self.say()
    }

    fn say(&mut self) -> Vec<u8> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.unsaid).unwrap();
            }
        }
        let count = self.left.min(self.unsaid.len());
        // Without a bound there is nothing to count.
        self.left -= if self.left == usize::MAX { 0 } else { count };
        let mut said: Vec<u8> = self.unsaid.drain(..count).collect();
        self.has_said |= count > 0;
        match self.damaged {
            Some(at) if at < count => {
                said[at] ^= 1;
                self.damaged = None;
            }
            Some(at) => self.damaged = Some(at - count),
            None => {}
        }
        said
    }
}

impl ResolvesServerCert for Watch {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let protocols = hello.alpn().into_iter().flatten();
        *self.seen.lock().unwrap() = Hello {
            name: hello.server_name().map(str::to_owned),
            protocols: protocols.map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            suites: hello.cipher_suites().to_vec(),
        };
        self.key.clone()
    }
}

impl TimeProvider for Fixed {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(TODAY))
    }
}
