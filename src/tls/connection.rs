//! One TLS connection as a state machine: it encrypts the caller's content into records, and decrypts received records.
//!
//! It holds at most one batch of records to send, and takes no more content before that was sent. The caller bounds how much it
//! returns at once.

use std::io::BufRead;

use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};

use super::configuration::Configuration;
use super::facts::{TLS13, TlsFacts, server_name};
use super::failure::Failure;
use super::remembered::Peer;
use super::settings::Identity;
use crate::buffer::Buffer;
use crate::reason::OwnedReason;

/// How much content is encrypted at once: four records.
const BATCH: usize = 64 * 1024;

/// The most bytes that four records have in addition to their content: a header, an explicit nonce, a tag (RFC 5246 section
/// 6.2.3.3).
pub const SEALING: usize = 4 * (5 + 8 + 16);

/// The TLS of a connection.
pub struct TlsConnection {
    tls: ClientConnection,
    /// Records to send next, of which `gone` bytes were sent.
    outgoing: Vec<u8>,
    gone: usize,
    /// How many bytes of the caller's content are in `outgoing`.
    taken: usize,
    /// Whether nothing can be sent any more.
    is_mute: bool,
    /// Whether the peer sent `close_notify`.
    has_ended: bool,
    /// Why it failed, if it did.
    failure: Option<Failure>,
    /// The client certificate, if any.
    identity: Identity,
}

/// The outcome of receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// No content yet.
    Nothing,
    /// Content, appended to what the caller gave.
    Content,
    /// The peer will send no more.
    End,
}

impl TlsConnection {
    /// The client's side of a connection to this peer.
    pub fn new(configuration: &Configuration, peer: Peer) -> Result<Self, OwnedReason> {
        let name = server_name(&peer.host)?;
        let mut tls =
            ClientConnection::new(configuration.for_connection(peer), name).map_err(|error| error.to_string())?;
        // `outgoing` bounds the memory instead.
        tls.set_buffer_limit(None);
        let mut tunnel = Self {
            tls,
            outgoing: Vec::new(),
            gone: 0,
            taken: 0,
            is_mute: false,
            has_ended: false,
            failure: None,
            identity: configuration.settings.identity.clone(),
        };
        tunnel.collect();
        Ok(tunnel)
    }

    /// Whether the handshake is in progress, so that no content can be sent or received yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Records to send next.
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.get(self.gone..).unwrap_or_default()
    }

    /// Notes that this many bytes of the records were sent. Returns how many bytes of offered content went with them.
    pub fn sent(&mut self, count: usize) -> usize {
        self.gone = self.gone.saturating_add(count).min(self.outgoing.len());
        if self.gone < self.outgoing.len() {
            return 0;
        }
        self.outgoing = Vec::new();
        self.gone = 0;
        self.collect();
        std::mem::take(&mut self.taken)
    }

    /// Drops what was to be sent, because nothing can be sent any more. Receiving continues.
    pub fn give_up_sending(&mut self) {
        self.is_mute = true;
        self.outgoing = Vec::new();
        (self.gone, self.taken) = (0, 0);
    }

    /// Takes a batch of content, if the one before was sent. Content offered before and not sent yet must be offered again.
    pub fn offer(&mut self, content: &[u8]) {
        let is_full = self.taken > 0 || self.outgoing.len() > BATCH;
        if is_full || self.is_mute || self.is_handshaking() || self.failure.is_some() {
            return;
        }
        let batch = content.get(..BATCH).unwrap_or(content);
        if batch.is_empty() {
            return;
        }
        // A writer without a limit accepts everything, and cannot fail.
        self.taken = std::io::Write::write(&mut self.tls.writer(), batch).unwrap_or(0);
        self.collect();
    }

    /// Consumes records from the front of `records`, and appends at most about `max` bytes of their content to `content`. Content
    /// received before a failure is returned first.
    pub fn receive(&mut self, records: &mut Buffer, content: &mut Vec<u8>, max: usize) -> Result<Incoming, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        // rustls must not be called again: after an empty handshake message and then `close_notify`, 0.23.46 would panic.
        if self.has_ended {
            return Ok(Incoming::End);
        }
        let before = content.len();
        // Reserved at once, because growing would copy it again and again.
        content.reserve(records.len().min(max));
        loop {
            let state = match self.tls.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    self.take_content(content);
                    // The outgoing records now contain an alert for the peer.
                    self.collect();
                    let failure = Failure::of(error);
                    self.failure = Some(failure.clone());
                    return if content.len() > before { Ok(Incoming::Content) } else { Err(failure) };
                }
            };
            self.has_ended = state.peer_has_closed();
            self.take_content(content);
            if self.has_ended || records.is_empty() || content.len().saturating_sub(before) >= max {
                break;
            }
            let mut rest = records.as_slice();
            // Reading a slice cannot fail, and decrypted content was taken just now. So this is a message for which there is no
            // room. To wait for its end would mean keeping everything that arrives.
            let used = self.tls.read_tls(&mut rest).unwrap_or(0);
            if used == 0 {
                let failure = Failure::Protocol("the server broke the TLS protocol: a message is too long".into());
                self.failure = Some(failure.clone());
                return if content.len() > before { Ok(Incoming::Content) } else { Err(failure) };
            }
            records.consume(used);
        }
        self.collect();
        Ok(if content.len() > before {
            Incoming::Content
        } else if self.has_ended {
            Incoming::End
        } else {
            Incoming::Nothing
        })
    }

    /// Whether receiving is over: cleanly, or by a failure.
    pub fn is_over(&self) -> bool {
        self.has_ended || self.failure.is_some()
    }

    /// Adds `close_notify` to the outgoing records.
    pub fn close(&mut self) {
        self.tls.send_close_notify();
        self.flush();
    }

    /// The outcome of the handshake, once it is done.
    pub fn facts(&self) -> Option<TlsFacts> {
        let suite = self.tls.negotiated_cipher_suite()?;
        Some(TlsFacts {
            version: match self.tls.protocol_version()? {
                ProtocolVersion::TLSv1_3 => TLS13,
                _ => "TLSv1.2",
            },
            suite: suite_name(suite.suite().as_str().unwrap_or_default()),
            alpn: self.tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            is_resumed: self.tls.handshake_kind() == Some(HandshakeKind::Resumed),
            chain: self.tls.peer_certificates().unwrap_or_default().iter().map(|one| one.to_vec()).collect(),
            identity: self.identity.clone(),
        })
    }

    /// Takes the decrypted content.
    fn take_content(&mut self, content: &mut Vec<u8>) {
        let mut reader = self.tls.reader();
        // No content yet is an error here, and an end returns nothing.
        while let Ok(piece) = reader.fill_buf()
            && !piece.is_empty()
        {
            let count = piece.len();
            content.extend_from_slice(piece);
            reader.consume(count);
        }
    }

    /// Takes records from rustls, if those before were sent.
    fn collect(&mut self) {
        if self.outgoing.is_empty() || self.taken > 0 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        while self.tls.wants_write() {
            // Writing to memory cannot fail.
            if self.tls.write_tls(&mut self.outgoing).is_err() {
                break;
            }
        }
        if self.is_mute {
            self.outgoing = Vec::new();
        }
    }
}

/// rustls writes `TLS13_` where the registry has `TLS_`.
fn suite_name(name: &str) -> String {
    name.replacen("TLS13_", "TLS_", 1)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection};

    use super::*;
    use crate::http::origin::Host;
    use crate::tls::settings::{TlsSettings, TlsVersion};

    /// A client and a server that it accepts, nothing said yet.
    fn pair(version: TlsVersion) -> (TlsConnection, ServerConnection) {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        let mut settings = TlsSettings::default();
        settings.add_leaves(cert.der()).unwrap();
        settings.set_versions(version, version).unwrap();
        let now = Duration::from_secs(1_780_272_000);
        let configuration = Configuration::of(&Rc::new(settings), now).unwrap();
        let tunnel = TlsConnection::new(&configuration, Peer::origin(&Host::Name("a.test".into()), 443)).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        (tunnel, ServerConnection::new(Arc::new(config)).unwrap())
    }

    /// What the server hears, when all that is outgoing goes; and what it then says.
    fn turn(tunnel: &mut TlsConnection, server: &mut ServerConnection) -> (Vec<u8>, Vec<u8>) {
        let (mut heard, mut said) = (Vec::new(), Vec::new());
        while !tunnel.outgoing().is_empty() {
            let outgoing = tunnel.outgoing().to_vec();
            let mut rest = outgoing.as_slice();
            while !rest.is_empty() && server.read_tls(&mut rest).unwrap() > 0 {
                let count = server.process_new_packets().unwrap().plaintext_bytes_to_read();
                let end = heard.len();
                heard.resize(end + count, 0);
                server.reader().read_exact(&mut heard[end..]).unwrap();
            }
            tunnel.sent(outgoing.len());
        }
        while server.wants_write() {
            server.write_tls(&mut said).unwrap();
        }
        (heard, said)
    }

    /// Gives these records at once; what was in them, and how it ended.
    fn receive(tunnel: &mut TlsConnection, records: &[u8], max: usize) -> (Vec<u8>, Result<Incoming, Failure>) {
        let (mut buffer, mut content) = (Buffer::default(), Vec::new());
        buffer.push(records.to_vec());
        loop {
            let outcome = tunnel.receive(&mut buffer, &mut content, max);
            if outcome != Ok(Incoming::Content) || buffer.is_empty() && !tunnel.is_over() {
                return (content, outcome);
            }
        }
    }

    fn shake_hands(tunnel: &mut TlsConnection, server: &mut ServerConnection) {
        for _ in 0..4 {
            let (_, said) = turn(tunnel, server);
            assert_eq!(receive(tunnel, &said, 1), (vec![], Ok(Incoming::Nothing)));
        }
        assert!(!tunnel.is_handshaking() && !server.is_handshaking());
    }

    const VERSIONS: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];

    #[test]
    fn a_handshake_may_be_cut_anywhere() {
        for version in VERSIONS {
            let length = {
                let (mut tunnel, mut server) = pair(version);
                turn(&mut tunnel, &mut server).1.len()
            };
            for at in 1..length {
                let (mut tunnel, mut server) = pair(version);
                let (_, said) = turn(&mut tunnel, &mut server);
                let at = at.min(said.len());
                assert_eq!(receive(&mut tunnel, &said[..at], 1).1, Ok(Incoming::Nothing));
                assert!(tunnel.is_handshaking() || at == said.len() || version == TlsVersion::Tls13, "{at}");
                assert_eq!(receive(&mut tunnel, &said[at..], 1).1, Ok(Incoming::Nothing));
                shake_hands(&mut tunnel, &mut server);
            }
        }
    }

    #[test]
    fn content_may_be_cut_anywhere_and_has_its_end() {
        for version in VERSIONS {
            let mut length = usize::MAX;
            let mut at = 0;
            while at < length {
                let (mut tunnel, mut server) = pair(version);
                shake_hands(&mut tunnel, &mut server);
                server.writer().write_all(b"hello ").unwrap();
                server.writer().write_all(b"world").unwrap();
                server.send_close_notify();
                let (_, said) = turn(&mut tunnel, &mut server);
                length = said.len();
                let (mut content, outcome) = receive(&mut tunnel, &said[..at], 3);
                assert!(matches!(outcome, Ok(Incoming::Nothing | Incoming::Content)), "{at}: {outcome:?}");
                assert!(!tunnel.is_over());
                let (rest, outcome) = receive(&mut tunnel, &said[at..], 3);
                content.extend(rest);
                assert_eq!((content, outcome), (b"hello world".to_vec(), Ok(Incoming::End)), "{at}");
                assert!(tunnel.is_over());
                at += 1;
            }
            assert!(length > 50);
        }
    }

    #[test]
    fn content_has_gone_when_its_last_byte_has() {
        for version in VERSIONS {
            let (mut tunnel, mut server) = pair(version);
            shake_hands(&mut tunnel, &mut server);
            let content = vec![b'x'; 3 * BATCH + 5];
            let (mut gone, mut heard) = (0, Vec::new());
            while gone < content.len() {
                tunnel.offer(&content[gone..]);
                let length = tunnel.outgoing().len();
                assert!(length > BATCH.min(content.len() - gone) && length < BATCH + 1024, "one batch at a time");
                tunnel.offer(&content[gone..]);
                assert_eq!(tunnel.outgoing().len(), length, "it is not taken twice");
                let first = tunnel.outgoing()[..length - 1].to_vec();
                let last = tunnel.outgoing()[length - 1..].to_vec();
                assert_eq!(tunnel.sent(length - 1), 0);
                gone += tunnel.sent(1);
                let all = [first, last].concat();
                let mut rest = all.as_slice();
                while !rest.is_empty() {
                    server.read_tls(&mut rest).unwrap();
                    let count = server.process_new_packets().unwrap().plaintext_bytes_to_read();
                    let end = heard.len();
                    heard.resize(end + count, 0);
                    server.reader().read_exact(&mut heard[end..]).unwrap();
                }
                assert_eq!(heard.len(), gone);
            }
            assert!(heard == content && tunnel.outgoing().is_empty());
        }
    }

    #[test]
    fn nothing_is_taken_before_the_handshake_nor_after_a_failure() {
        let (mut tunnel, _) = pair(TlsVersion::Tls13);
        let hello = tunnel.outgoing().to_vec();
        tunnel.offer(b"GET");
        assert_eq!(tunnel.outgoing(), hello);
        let (_, outcome) = receive(&mut tunnel, b"HTTP/1.1 400 Bad Request\r\n\r\n", 1);
        let Err(failure) = outcome else { panic!("it was taken for TLS") };
        assert_eq!(failure.to_string(), "the server does not speak TLS at this port");
        assert_eq!(receive(&mut tunnel, b"", 1).1, Err(failure), "it stays so");
        tunnel.offer(b"GET");
        assert!(!tunnel.outgoing().windows(3).any(|window| window == b"GET"));
    }

    #[test]
    fn what_cannot_go_is_dropped_and_what_comes_is_not() {
        let (mut tunnel, mut server) = pair(TlsVersion::Tls13);
        shake_hands(&mut tunnel, &mut server);
        tunnel.offer(b"lost");
        tunnel.give_up_sending();
        assert_eq!(tunnel.outgoing(), b"");
        assert_eq!(tunnel.sent(0), 0);
        server.writer().write_all(b"hello").unwrap();
        let (_, said) = turn(&mut tunnel, &mut server);
        assert_eq!(receive(&mut tunnel, &said, 9), (b"hello".to_vec(), Ok(Incoming::Content)));
        tunnel.offer(b"more");
        tunnel.close();
        assert_eq!(tunnel.outgoing(), b"");
    }
}
