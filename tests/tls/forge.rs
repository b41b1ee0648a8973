//! Records that rustls would not make, under the keys of a real connection.

use rustls::crypto::cipher::{Iv, MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConnection, SupportedCipherSuite};

/// The sending side of a connection whose handshake is done.
pub(crate) struct Forge {
    encrypter: Box<dyn MessageEncrypter>,
    version: ProtocolVersion,
    sequence: u64,
    begin: u64,
}

impl Forge {
    /// Takes over from rustls. The suite has to be one of ChaCha20-Poly1305.
    pub(crate) fn new(tls: ServerConnection) -> Self {
        let suite = tls.negotiated_cipher_suite().unwrap();
        let version = tls.protocol_version().unwrap();
        let secrets = tls.dangerous_extract_secrets().unwrap();
        let (sequence, ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets.tx else {
            panic!("another suite")
        };
        let encrypter = match suite {
            SupportedCipherSuite::Tls13(suite) => {
                let iv: [u8; 12] = iv.as_ref().try_into().unwrap();
                suite.aead_alg.encrypter(key, Iv::new(iv))
            }
            SupportedCipherSuite::Tls12(suite) => suite.aead_alg.encrypter(key, iv.as_ref(), &[]),
        };
        Self { encrypter, version, sequence, begin: sequence }
    }

    /// A record with this in it.
    pub(crate) fn record(&mut self, typ: ContentType, payload: &[u8]) -> Vec<u8> {
        let message = OutboundPlainMessage { typ, version: self.version, payload: OutboundChunks::Single(payload) };
        let record = self.encrypter.encrypt(message, self.sequence).unwrap();
        self.sequence += 1;
        record.encode()
    }

    /// Whether it has not made any yet.
    pub(crate) fn is_first(&self) -> bool {
        self.sequence == self.begin
    }

    /// A fatal alert.
    pub(crate) fn alert(&mut self, description: u8) -> Vec<u8> {
        self.record(ContentType::Alert, &[2, description])
    }

    /// A session ticket of this length, in as many records as it takes.
    pub(crate) fn ticket(&mut self, length: u16) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(7200u32.to_be_bytes());
        body.extend(self.sequence.to_be_bytes()[4..].iter());
        body.push(8);
        body.extend(self.sequence.to_be_bytes());
        body.extend(length.to_be_bytes());
        body.extend(std::iter::repeat_n(b't', length.into()));
        body.extend([0, 0]);
        let mut message = vec![4];
        message.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
        message.extend(body);
        message.chunks(16 * 1024).map(|piece| self.record(ContentType::Handshake, piece)).collect::<Vec<_>>().concat()
    }
}
