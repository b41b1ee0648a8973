//! One TLS connection as a machine: what the caller sends becomes records, records become what the caller receives.
//!
//! It holds at most one batch of records that have not gone, and takes no more content before they have; what it gives at
//! once is bounded by who asks.

use std::io::BufRead;

use rustls::pki_types::{IpAddr, ServerName};
use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};

use super::failure::Failure;
use super::settings::Configuration;
use crate::buffer::Buffer;
use crate::http::origin::Host;

/// Content encrypted at once: four records.
const BATCH: usize = 64 * 1024;

/// A connection's TLS.
pub struct Tunnel {
    tls: ClientConnection,
    /// Records that go out next, of which `gone` have gone.
    outgoing: Vec<u8>,
    gone: usize,
    /// How much of the caller's content is in `outgoing`.
    taken: usize,
    /// Whether nothing can go out any more.
    is_mute: bool,
    /// Whether the peer has said farewell.
    has_ended: bool,
    /// Why it has failed.
    failure: Option<Failure>,
}

/// What a handshake has agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The suite's name in the IANA registry.
    pub suite: String,
    /// The protocol that ALPN chose.
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed.
    pub is_resumed: bool,
    /// The certificates that the peer presented, its own first, DER-encoded.
    pub chain: Vec<Vec<u8>>,
}

/// What is there of what the peer has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Nothing for the caller yet.
    Nothing,
    /// Content, appended to what the caller gave.
    Content,
    /// The peer has said that it sends no more.
    End,
}

impl Tunnel {
    /// The client's side of a connection to this host.
    pub fn new(configuration: &Configuration, host: &Host) -> Result<Self, String> {
        // Only names are sent to the server (RFC 6066 section 3); an address is compared with those in the certificate.
        let name = match host {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| format!("no certificate can name {name:?}"))?
            }
            Host::Address(address) => ServerName::IpAddress(IpAddr::from(*address)),
        };
        let mut tls = ClientConnection::new(configuration.config.clone(), name).map_err(|error| error.to_string())?;
        // `outgoing` is the bound.
        tls.set_buffer_limit(None);
        let mut tunnel =
            Self { tls, outgoing: Vec::new(), gone: 0, taken: 0, is_mute: false, has_ended: false, failure: None };
        tunnel.collect();
        Ok(tunnel)
    }

    /// Whether the handshake goes on: no content can be sent or received yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Records that should go out next.
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.get(self.gone..).unwrap_or_default()
    }

    /// So many of their bytes have gone; answers how many bytes of offered content have gone with them.
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

    /// Nothing can go out any more: what should have is dropped, and what the peer says can still be received.
    pub fn give_up_sending(&mut self) {
        self.is_mute = true;
        self.outgoing = Vec::new();
        (self.gone, self.taken) = (0, 0);
    }

    /// Takes a batch of content, if the one before has gone. What is offered must begin with what was offered before and has
    /// not gone yet.
    pub fn offer(&mut self, content: &[u8]) {
        let is_full = self.taken > 0 || self.outgoing.len() > BATCH;
        if is_full || self.is_mute || self.is_handshaking() || self.failure.is_some() {
            return;
        }
        let batch = content.get(..BATCH).unwrap_or(content);
        if batch.is_empty() {
            return;
        }
        // A writer without a limit takes all, and cannot fail.
        self.taken = std::io::Write::write(&mut self.tls.writer(), batch).unwrap_or(0);
        self.collect();
    }

    /// Uses records from the front of `records`; appends what they hold to `content`, about `max` bytes at the most. A failure
    /// is told when what came before it was given.
    pub fn receive(&mut self, records: &mut Buffer, content: &mut Vec<u8>, max: usize) -> Result<Incoming, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let before = content.len();
        loop {
            let state = match self.tls.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    self.take_content(content);
                    // An alert that tells the peer why is among the outgoing now.
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
            // A slice is read without an error, and what was decrypted was taken just now, so there is room.
            let used = self.tls.read_tls(&mut rest).unwrap_or(0);
            records.consume(used);
            if used == 0 {
                break;
            }
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

    /// Whether nothing comes any more: the peer has said so, or it has failed.
    pub fn is_over(&self) -> bool {
        self.has_ended || self.failure.is_some()
    }

    /// Says farewell: the last records are among the outgoing.
    pub fn close(&mut self) {
        self.tls.send_close_notify();
        self.flush();
    }

    /// What the handshake has agreed on, once it is done.
    pub fn facts(&self) -> Option<TlsFacts> {
        let suite = self.tls.negotiated_cipher_suite()?;
        Some(TlsFacts {
            version: match self.tls.protocol_version()? {
                ProtocolVersion::TLSv1_3 => "TLSv1.3",
                _ => "TLSv1.2",
            },
            suite: suite_name(suite.suite().as_str().unwrap_or_default()),
            alpn: self.tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            is_resumed: self.tls.handshake_kind() == Some(HandshakeKind::Resumed),
            chain: self.tls.peer_certificates().unwrap_or_default().iter().map(|one| one.to_vec()).collect(),
        })
    }

    /// Takes what was decrypted.
    fn take_content(&mut self, content: &mut Vec<u8>) {
        let mut reader = self.tls.reader();
        // Nothing for now is an error, and an end gives nothing.
        while let Ok(piece) = reader.fill_buf()
            && !piece.is_empty()
        {
            let count = piece.len();
            content.extend_from_slice(piece);
            reader.consume(count);
        }
    }

    /// Takes records from rustls, if those before have gone.
    fn collect(&mut self) {
        if self.outgoing.is_empty() || self.taken > 0 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        while self.tls.wants_write() {
            // Memory takes all.
            if self.tls.write_tls(&mut self.outgoing).is_err() {
                break;
            }
        }
        if self.is_mute {
            self.outgoing = Vec::new();
        }
    }
}

/// rustls says `TLS13_` where the registry says `TLS_`.
fn suite_name(name: &str) -> String {
    name.replacen("TLS13_", "TLS_", 1)
}
