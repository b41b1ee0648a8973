//! A server of rustls's that answers every request with the same response, and to whose words things happen on their way.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::crypto::cipher::{Iv, MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConfig, ServerConnection, SupportedCipherSuite,
    version,
};

use super::plan::{Act, Place, Plan};

/// The name that the certificate is for, and when it is valid: always, by rcgen's defaults; this is some day.
pub(super) const NAME: &str = "a.test";
pub(super) const TODAY: Duration = Duration::from_secs(1_780_272_000);

/// One connection.
pub(super) struct Server {
    /// None once records were forged: rustls can go on no more.
    tls: Option<ServerConnection>,
    forge: Option<Forge>,
    plan: Plan,
    /// Requests that were answered.
    answered: usize,
    /// What the client said inside TLS.
    pub(super) heard: Vec<u8>,
    /// Bytes, and flights, that the server has said so far.
    said: usize,
    flights: usize,
    /// The last of them.
    last: Vec<u8>,
    has_acted: bool,
    /// Whether nothing more comes.
    pub(super) is_over: bool,
}

/// The certificate that the server shows, DER-encoded.
pub(super) fn certificate() -> &'static [u8] {
    &identity().0
}

fn identity() -> &'static (Vec<u8>, Vec<u8>) {
    static IDENTITY: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key can be made");
        let params = rcgen::CertificateParams::new([NAME.to_owned()]).expect("the name is one");
        let certificate = params.self_signed(&pair).expect("it can certify itself");
        (certificate.der().to_vec(), pair.serialize_der())
    })
}

/// The content of each response.
pub(super) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

impl Server {
    pub(super) fn new(plan: &Plan) -> Self {
        let (certificate, key) = identity().clone();
        let versions = if plan.is_tls12 { [&version::TLS12] } else { [&version::TLS13] };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_details(provider, Arc::new(Fixed))
            .with_protocol_versions(&versions)
            .expect("the provider has both")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(key.into()))
            .expect("the key belongs to the certificate");
        config.send_tls13_tickets = plan.tickets;
        config.enable_secret_extraction = true;
        let mut tls = ServerConnection::new(Arc::new(config)).expect("the configuration is good");
        tls.set_buffer_limit(None);
        Self {
            tls: Some(tls),
            forge: None,
            plan: plan.clone(),
            answered: 0,
            heard: Vec::new(),
            said: 0,
            flights: 0,
            last: Vec::new(),
            has_acted: false,
            is_over: false,
        }
    }

    /// Hears this; what comes of what is said to it.
    pub(super) fn turn(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.is_over {
            return Vec::new();
        }
        let mut arriving = self.act_after_flight();
        let said = self.negotiate(bytes);
        if !said.is_empty() {
            self.flights += 1;
        }
        arriving.extend(self.carry(said));
        if !self.is_over {
            arriving.extend(self.forge());
        }
        arriving
    }

    /// As rustls has it.
    fn negotiate(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let Some(tls) = &mut self.tls else { return Vec::new() };
        while !bytes.is_empty() && tls.read_tls(&mut bytes).is_ok_and(|count| count > 0) {
            // What a client says that was lied to may be wrong: an alert follows.
            let Ok(state) = tls.process_new_packets() else { break };
            let mut piece = vec![0; state.plaintext_bytes_to_read()];
            tls.reader().read_exact(&mut piece).expect("it is there");
            self.heard.extend(piece);
        }
        let requests = self.heard.windows(4).filter(|window| window == b"\r\n\r\n").count();
        for _ in self.answered..requests {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", self.plan.length);
            let all = [head.into_bytes(), content(self.plan.length)].concat();
            tls.writer().write_all(&all).expect("there is no bound");
            if self.plan.has_farewell {
                tls.send_close_notify();
            }
        }
        self.answered = requests;
        let mut said = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut said).expect("memory takes all");
        }
        said
    }

    /// What happens between two flights.
    fn act_after_flight(&mut self) -> Vec<u8> {
        match self.plan.place {
            Place::Flight(flight) if flight == self.flights => self.act(&mut Vec::new()),
            _ => Vec::new(),
        }
    }

    /// What arrives of this.
    fn carry(&mut self, said: Vec<u8>) -> Vec<u8> {
        let begin = self.said;
        self.said += said.len();
        let mut arriving = said.clone();
        if let Place::Byte(place) = self.plan.place
            && (begin..self.said).contains(&place)
        {
            let mut rest = arriving.split_off(place - begin);
            self.last.extend(&arriving);
            arriving.extend(self.act(&mut rest));
            if !self.is_over {
                arriving.extend(rest);
            }
        }
        if !said.is_empty() {
            self.last = said;
        }
        arriving
    }

    /// Does it once: what comes here, before the rest.
    fn act(&mut self, rest: &mut Vec<u8>) -> Vec<u8> {
        if self.has_acted || self.plan.is_forged() {
            return Vec::new();
        }
        self.has_acted = true;
        match self.plan.act.clone() {
            Act::Nothing | Act::Forge(_) => Vec::new(),
            Act::Replace(bytes) => {
                self.is_over = true;
                bytes
            }
            Act::Insert(bytes) => bytes,
            Act::Flip(mask) => {
                if let Some(byte) = rest.first_mut() {
                    *byte ^= mask;
                }
                Vec::new()
            }
            Act::Lose(count) => {
                rest.drain(..count.min(rest.len()));
                Vec::new()
            }
            Act::Repeat(count) => self.last.split_off(self.last.len().saturating_sub(count)),
            Act::Cut => {
                self.is_over = true;
                Vec::new()
            }
        }
    }

    /// Records that rustls would not make, when it is time for them.
    fn forge(&mut self) -> Vec<u8> {
        let Act::Forge(records) = &self.plan.act else { return Vec::new() };
        let is_time = match self.plan.place {
            // Before the client has said anything inside TLS, or after its first request.
            Place::Flight(flight) => flight % 2 == 0 || self.answered > 0,
            Place::Byte(_) => self.answered > 0,
        };
        let is_done = self.tls.as_ref().is_some_and(|tls| !tls.is_handshaking());
        if !is_done || !is_time || self.has_acted {
            return Vec::new();
        }
        self.has_acted = true;
        self.forge = self.tls.take().and_then(Forge::new);
        let Some(forge) = &mut self.forge else { return Vec::new() };
        let made = records.iter().flat_map(|(kind, payload)| forge.record((*kind).into(), payload)).collect();
        // Nobody is there to go on.
        self.is_over = true;
        made
    }
}

/// The sending side of a connection whose handshake is done.
struct Forge {
    encrypter: Box<dyn MessageEncrypter>,
    version: ProtocolVersion,
    sequence: u64,
}

impl Forge {
    fn new(tls: ServerConnection) -> Option<Self> {
        let (suite, version) = (tls.negotiated_cipher_suite()?, tls.protocol_version()?);
        let (sequence, secrets) = tls.dangerous_extract_secrets().ok()?.tx;
        let ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } = secrets else { return None };
        let encrypter = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, Iv::new(iv.as_ref().try_into().ok()?)),
            SupportedCipherSuite::Tls12(suite) => suite.aead_alg.encrypter(key, iv.as_ref(), &[]),
        };
        Some(Self { encrypter, version, sequence })
    }

    fn record(&mut self, typ: ContentType, payload: &[u8]) -> Vec<u8> {
        let message = OutboundPlainMessage { typ, version: self.version, payload: OutboundChunks::Single(payload) };
        let record = self.encrypter.encrypt(message, self.sequence).expect("it can be encrypted");
        self.sequence += 1;
        record.encode()
    }
}

#[derive(Debug)]
struct Fixed;

impl TimeProvider for Fixed {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(TODAY))
    }
}
