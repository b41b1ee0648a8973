//! A guest to measure: the cryptography that TLS needs, called in memory, the ceiling for what TLS can reach in WebAssembly.
//!
//! It must do nothing else while its clock runs: no network, no HTTP, no copies that the work does not need. It tells the time
//! itself, so that what has to be prepared is not counted.

use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring as provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
};
use wasi::clocks::monotonic_clock::now;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-crypto;

            /// Each function answers for how many nanoseconds it has computed.
            world guest {
                /// Seals so many bytes in place, in records as TLS has them, with ChaCha20-Poly1305.
                export seal: func(length: u64) -> result<u64, string>;
                /// Opens so many.
                export open: func(length: u64) -> result<u64, string>;
                /// The client's half of full handshakes; the server's, with this chain and key, is not counted.
                export full: func(authority: string, chain: string, key: string, count: u32) -> result<u64, string>;
                /// The same, resumed.
                export resumed: func(authority: string, chain: string, key: string, count: u32) -> result<u64, string>;
            }
        ",
        world: "xenon:bench-crypto/guest",
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

impl bindings::Guest for bindings::Contestant {
    fn seal(length: u64) -> Result<u64, String> {
        let mut records = Records::new()?;
        let begun = now();
        for _ in 0..length / BATCH {
            records.seal()?;
        }
        Ok(now() - begun)
    }

    fn open(length: u64) -> Result<u64, String> {
        let mut records = Records::new()?;
        let mut time = 0;
        for _ in 0..length / BATCH {
            records.seal()?;
            let begun = now();
            records.open()?;
            time += now() - begun;
        }
        Ok(time)
    }

    fn full(authority: String, chain: String, key: String, count: u32) -> Result<u64, String> {
        let mut both = Both::new(&authority, &chain, &key)?;
        let mut time = 0;
        for _ in 0..count {
            both.forget();
            time += both.shake_hands(HandshakeKind::Full)?;
        }
        Ok(time)
    }

    fn resumed(authority: String, chain: String, key: String, count: u32) -> Result<u64, String> {
        let both = Both::new(&authority, &chain, &key)?;
        both.shake_hands(HandshakeKind::Full)?;
        let mut time = 0;
        for _ in 0..count {
            time += both.shake_hands(HandshakeKind::Resumed)?;
        }
        Ok(time)
    }
}

// ---- records ------------------------------------------------------------------------------------------------------------

/// Content of a record, and the byte after it that says what it is (RFC 8446 section 5.2).
const RECORD: usize = 16 * 1024 + 1;
const TAG: usize = 16;
/// What is sealed and opened between two looks at the clock, of which each is a call of the host.
const RECORDS: usize = 64;
const BATCH: u64 = (RECORDS * (RECORD - 1)) as u64;

struct Records {
    key: LessSafeKey,
    /// One after the other, each with its tag.
    bytes: Vec<u8>,
}

impl Records {
    fn new() -> Result<Self, String> {
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).map_err(words)?);
        Ok(Self { key, bytes: vec![b'x'; RECORDS * (RECORD + TAG)] })
    }

    /// Whatever the bytes are now, they are the content.
    fn seal(&mut self) -> Result<(), String> {
        for (number, record) in self.bytes.chunks_exact_mut(RECORD + TAG).enumerate() {
            let (content, tag) = record.split_at_mut(RECORD);
            let made = self.key.seal_in_place_separate_tag(nonce(number), Aad::from(HEADER), content).map_err(words)?;
            tag.copy_from_slice(made.as_ref());
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        for (number, record) in self.bytes.chunks_exact_mut(RECORD + TAG).enumerate() {
            self.key.open_in_place(nonce(number), Aad::from(HEADER), record).map_err(words)?;
        }
        Ok(())
    }
}

/// A record's header, which is authenticated with it.
const HEADER: [u8; 5] = [23, 3, 3, 0x40, 0x11];

fn nonce(number: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

// ---- handshakes ---------------------------------------------------------------------------------------------------------

/// A client and its server.
struct Both {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Both {
    fn new(authority: &str, chain: &str, key: &str) -> Result<Self, String> {
        let mut provider = provider::default_provider();
        provider.cipher_suites.retain(|suite| suite.suite() == CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
        let provider: Arc<CryptoProvider> = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).map_err(words)?).map_err(words)?;
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(words)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let chain: Result<_, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(words)?
            .with_no_client_auth()
            .with_single_cert(chain.map_err(words)?, PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(words)?)
            .map_err(words)?;
        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }

    /// The client has no session to resume any more.
    fn forget(&mut self) {
        Arc::make_mut(&mut self.client).resumption = Resumption::in_memory_sessions(1);
    }

    /// One handshake, the server's tickets included; how many nanoseconds the client has computed.
    fn shake_hands(&self, kind: HandshakeKind) -> Result<u64, String> {
        let mut server = ServerConnection::new(Arc::clone(&self.server)).map_err(words)?;
        let name = ServerName::try_from("127.0.0.1").map_err(words)?;
        let begun = now();
        let mut client = ClientConnection::new(Arc::clone(&self.client), name).map_err(words)?;
        let mut time = now() - begun;
        let mut from_server = Vec::new();
        for _ in 0..MOST_TURNS {
            let begun = now();
            let mut rest = from_server.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).map_err(words)?;
                client.process_new_packets().map_err(words)?;
            }
            let mut from_client = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut from_client).map_err(words)?;
            }
            time += now() - begun;

            let mut rest = from_client.as_slice();
            while !rest.is_empty() {
                server.read_tls(&mut rest).map_err(words)?;
                server.process_new_packets().map_err(words)?;
            }
            from_server.clear();
            while server.wants_write() {
                server.write_tls(&mut from_server).map_err(words)?;
            }
            if from_client.is_empty() && from_server.is_empty() {
                break;
            }
        }
        match client.handshake_kind() {
            Some(made) if made == kind && !client.is_handshaking() && !server.is_handshaking() => Ok(time),
            made => Err(format!("the handshake was {made:?}, and not {kind:?}")),
        }
    }
}

/// Flights of each side: more than any handshake has.
const MOST_TURNS: usize = 8;

fn words(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
