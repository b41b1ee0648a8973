//! A peer that follows steps, in plaintext, over TLS, or over TLS in TLS: a proxy, and the origin at the end of its tunnel. It
//! knows no sessions.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, ServerConnection};
use xenon::net::sim::{Said, Script};

use crate::authority::{Identity, TODAY};

/// A peer, and a handle to inspect what it has received.
#[derive(Clone)]
pub(crate) struct Peer(Rc<RefCell<State>>);

struct State {
    steps: VecDeque<Step>,
    /// From the outermost to the innermost.
    layers: Vec<ServerConnection>,
    /// The bytes received at each depth. 0 is the wire.
    heard: Vec<Vec<u8>>,
    /// The bytes received at the innermost depth and not used yet.
    unread: Vec<u8>,
    /// The bytes to send next on the wire.
    clear: Vec<u8>,
    error: Option<rustls::Error>,
}

enum Step {
    /// Expects these bytes.
    Expect(Vec<u8>),
    /// Reads a head.
    Head,
    /// Reads this many bytes.
    Bytes(usize),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Starts TLS, within the layers that there are.
    Secure(Arc<ServerConfig>),
    /// Sends `close_notify` at this depth. 0 is the outermost TLS.
    Farewell(usize),
    /// Reads everything.
    Listen,
}

pub(crate) fn peer() -> Peer {
    Peer(Rc::new(RefCell::new(State {
        steps: VecDeque::new(),
        layers: Vec::new(),
        heard: vec![Vec::new()],
        unread: Vec::new(),
        clear: Vec::new(),
        error: None,
    })))
}

impl Peer {
    pub(crate) fn expect(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Step::Expect(bytes.as_ref().to_vec()))
    }

    pub(crate) fn head(self) -> Self {
        self.then(Step::Head)
    }

    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Step::Send(bytes.as_ref().to_vec()))
    }

    pub(crate) fn secure(self, identity: &Identity) -> Self {
        let key = PrivateKeyDer::try_from(identity.key.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_details(provider, Arc::new(Fixed))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain.clone(), key)
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        self.then(Step::Secure(Arc::new(config)))
    }

    /// Sends `close_notify` at this depth. 0 is the outermost TLS.
    pub(crate) fn farewell(self, depth: usize) -> Self {
        self.then(Step::Farewell(depth))
    }

    pub(crate) fn listen(self) -> Self {
        self.then(Step::Listen)
    }

    /// Reads this many requests, and answers each with `ok`.
    pub(crate) fn answers(self, count: usize) -> Self {
        (0..count).fold(self, |peer, _| peer.head().send(crate::support::ok("ok"))).listen()
    }

    /// The same, followed by the next acts of the script.
    pub(crate) fn answers_then_over(self, count: usize) -> Self {
        (0..count).fold(self, |peer, _| peer.head().send(crate::support::ok("ok")))
    }

    /// Reads this many bytes, whatever they are.
    pub(crate) fn bytes(self, bytes: usize) -> Self {
        self.then(Step::Bytes(bytes))
    }

    /// The bytes received at this depth.
    pub(crate) fn heard(&self, depth: usize) -> Vec<u8> {
        self.0.borrow().heard.get(depth).cloned().unwrap_or_default()
    }

    /// The same as text.
    pub(crate) fn text(&self, depth: usize) -> String {
        String::from_utf8_lossy(&self.heard(depth)).into_owned()
    }

    /// The script of this peer. All its steps but reading are done when the next act of the script begins.
    pub(crate) fn script(&self) -> Script {
        self.script_after(Script::new())
    }

    /// The same after this.
    pub(crate) fn script_after(&self, before: Script) -> Script {
        let peer = self.clone();
        before.talk(move |heard| peer.0.borrow_mut().talk(heard))
    }

    fn then(self, step: Step) -> Self {
        self.0.borrow_mut().steps.push_back(step);
        self
    }
}

impl From<Peer> for Script {
    fn from(peer: Peer) -> Self {
        peer.script()
    }
}

impl State {
    fn talk(&mut self, heard: &[u8]) -> Said {
        let innermost = self.hear(0, heard.to_vec());
        self.unread.extend(innermost);
        while self.error.is_none() && self.step() {}
        let bytes = self.flush();
        Said { bytes, is_over: self.steps.is_empty() }
    }

    /// Takes the next step, if it can.
    fn step(&mut self) -> bool {
        let length = match self.steps.front() {
            None | Some(Step::Listen) => return false,
            Some(Step::Expect(bytes)) => {
                let common = bytes.len().min(self.unread.len());
                assert_eq!(&self.unread[..common], &bytes[..common], "the client said something else");
                if common < bytes.len() {
                    return false;
                }
                common
            }
            Some(Step::Head) => match self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => end + 4,
                None => return false,
            },
            Some(Step::Bytes(count)) if self.unread.len() < *count => return false,
            Some(Step::Bytes(count)) => *count,
            Some(Step::Send(_) | Step::Farewell(_)) => 0,
            // The client speaks first.
            Some(Step::Secure(_)) if self.unread.is_empty() => return false,
            Some(Step::Secure(_)) => 0,
        };
        self.unread.drain(..length);
        match self.steps.pop_front() {
            Some(Step::Send(bytes)) => self.say(self.layers.len(), &bytes),
            Some(Step::Farewell(depth)) => {
                // The bytes of the inner layers go first.
                let before = self.flush();
                self.clear.extend(before);
                self.layers[depth].send_close_notify();
            }
            Some(Step::Secure(config)) => {
                let mut layer = ServerConnection::new(config).unwrap();
                layer.set_buffer_limit(None);
                self.layers.push(layer);
                self.heard.push(Vec::new());
                let unread = std::mem::take(&mut self.unread);
                // They were counted as received one layer above.
                self.unread = self.hear_records(self.layers.len() - 1, unread);
            }
            _ => {}
        }
        true
    }

    /// Receives these bytes at this depth. Returns the bytes of the innermost depth.
    fn hear(&mut self, depth: usize, bytes: Vec<u8>) -> Vec<u8> {
        self.heard[depth].extend(&bytes);
        if depth == self.layers.len() { bytes } else { self.hear_records(depth, bytes) }
    }

    fn hear_records(&mut self, depth: usize, bytes: Vec<u8>) -> Vec<u8> {
        let mut records = bytes.as_slice();
        let mut content = Vec::new();
        while !records.is_empty() && self.error.is_none() && self.layers[depth].read_tls(&mut records).unwrap() > 0 {
            match self.layers[depth].process_new_packets() {
                Ok(state) => {
                    let mut piece = vec![0; state.plaintext_bytes_to_read()];
                    self.layers[depth].reader().read_exact(&mut piece).unwrap();
                    content.extend(piece);
                }
                Err(error) => self.error = Some(error),
            }
        }
        self.hear(depth + 1, content)
    }

    /// Sends these bytes within this many layers. Plaintext waits for `flush`, too.
    fn say(&mut self, depth: usize, bytes: &[u8]) {
        match depth.checked_sub(1) {
            Some(below) => self.layers[below].writer().write_all(bytes).unwrap(),
            None => self.clear.extend(bytes),
        }
    }

    /// Collects the bytes for the wire: those of each layer, within the layers outside of it.
    fn flush(&mut self) -> Vec<u8> {
        for depth in (0..self.layers.len()).rev() {
            let mut records = Vec::new();
            while self.layers[depth].wants_write() {
                self.layers[depth].write_tls(&mut records).unwrap();
            }
            self.say(depth, &records);
        }
        std::mem::take(&mut self.clear)
    }
}

/// It is [`TODAY`], always.
#[derive(Debug)]
pub(crate) struct Fixed;

impl TimeProvider for Fixed {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(TODAY))
    }
}
