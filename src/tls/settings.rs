//! What a session's owner can set about TLS, checked where it is set, and what becomes of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{CipherSuite, ClientConfig, Error, RootCertStore, SupportedProtocolVersion, version};

use super::der::Parts;
use super::facts::{TLS13, TlsFacts, server_name};
use super::pem;
use super::remembered::Remembered;
use super::verify::Verifier;
use crate::http::origin::Host;
use crate::limits::TRUSTED_LENGTH;

/// How long sessions are kept for resumption at the most, whatever a server says (RFC 5246 appendix F.1.4 suggests it): who is resumed is not
/// verified again.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The versions of TLS that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// All settings of TLS, and the configuration that was made of them last.
#[derive(Clone)]
pub struct TlsSettings {
    has_default_roots: bool,
    roots: Vec<TrustAnchor<'static>>,
    leaves: Vec<CertificateDer<'static>>,
    /// Bytes of the certificates that `roots` and `leaves` were made of.
    trusted: usize,
    identity: Option<Arc<CertifiedKey>>,
    oldest: TlsVersion,
    newest: TlsVersion,
    /// How often a connection may have become one that would not be made again.
    narrowings: u32,
    /// Another number for each identity.
    identity_number: u32,
    /// Made when it is needed, and anew after a change or when it is old: the sessions for resumption are in it.
    made: Option<Configuration>,
}

/// What connections of one session share.
#[derive(Clone)]
pub struct Configuration {
    pub(super) config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    clock: Arc<Clock>,
    /// When it was made.
    since: Duration,
}

/// What time it is, as it was told last.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            has_default_roots: true,
            roots: Vec::new(),
            leaves: Vec::new(),
            trusted: 0,
            identity: None,
            oldest: TlsVersion::Tls12,
            newest: TlsVersion::Tls13,
            narrowings: 0,
            identity_number: 0,
            made: None,
        }
    }
}

impl TlsSettings {
    /// Whether the roots that come with this crate are trusted.
    pub fn set_default_roots(&mut self, trusted: bool) {
        if self.has_default_roots && !trusted {
            self.narrow();
        }
        self.has_default_roots = trusted;
        self.made = None;
    }

    /// Trusts these certificates as roots, beside those that are trusted already. PEM, one or many, or one in DER.
    pub fn add_roots(&mut self, bytes: &[u8]) -> Result<(), String> {
        let certificates = pem::certificates(bytes)?;
        let trusted = self.trusted_with(&certificates)?;
        let roots: Vec<_> = certificates.iter().map(webpki_anchor).collect::<Result<_, _>>()?;
        self.roots.extend(roots);
        self.trusted = trusted;
        self.made = None;
        Ok(())
    }

    /// Accepts exactly these certificates of a server, whoever issued them, whatever their name and dates.
    pub fn add_leaves(&mut self, bytes: &[u8]) -> Result<(), String> {
        let leaves = pem::certificates(bytes)?;
        let trusted = self.trusted_with(&leaves)?;
        for leaf in &leaves {
            // Whatever version and extensions it has: it is accepted as it is, and its key is all that is used of it.
            Parts::of(leaf).ok_or("a certificate in it cannot be used: it is none")?;
        }
        self.leaves.extend(leaves);
        self.trusted = trusted;
        self.made = None;
        Ok(())
    }

    /// The certificate, with its chain, and key that are shown to servers that ask for one.
    pub fn set_identity(&mut self, chain: &[u8], key: &[u8]) -> Result<(), String> {
        let chain = pem::certificates(chain)?;
        let key = pem::key(key)?;
        let key = provider().key_provider.load_private_key(key);
        let key = key.map_err(|error| format!("the private key cannot be used: {error}"))?;
        // Only the server can judge the certificate, which may be of any version: nothing but its key is looked at.
        let certified_key = chain.first().and_then(|own| Parts::of(own)).map(|own| own.whole_key);
        match (certified_key, key.public_key()) {
            (None, _) => return Err("the certificate cannot be used: it is none".into()),
            (Some(theirs), Some(ours)) if theirs != ours.as_ref() => {
                return Err("the private key does not belong to the certificate".into());
            }
            _ => {}
        }
        self.identity = Some(Arc::new(CertifiedKey::new(chain, key)));
        self.change_identity();
        Ok(())
    }

    /// Shows no certificate any more.
    pub fn remove_identity(&mut self) {
        if self.identity.take().is_some() {
            self.change_identity();
        }
    }

    /// The versions that are offered.
    pub fn set_versions(&mut self, oldest: TlsVersion, newest: TlsVersion) -> Result<(), String> {
        if oldest > newest {
            return Err("the oldest version of TLS is newer than the newest".into());
        }
        (self.oldest, self.newest) = (oldest, newest);
        self.narrow();
        self.made = None;
        Ok(())
    }

    /// Another number after each change that may have made of a connection one that would not be made again.
    pub fn narrowings(&self) -> u32 {
        self.narrowings
    }

    /// Another number for each certificate that is to be shown, and for none.
    pub fn identity_number(&self) -> u32 {
        self.identity_number
    }

    /// Whether a handshake with this host that agreed on these facts would be accepted; `now` as for
    /// [`TlsSettings::configuration`].
    pub fn would_accept(&mut self, facts: &TlsFacts, host: &Host, now: Duration) -> bool {
        let version = if facts.version == TLS13 { TlsVersion::Tls13 } else { TlsVersion::Tls12 };
        let (Ok(configuration), Ok(name)) = (self.configuration(now), server_name(host)) else {
            return false;
        };
        (self.oldest..=self.newest).contains(&version)
            && configuration.verifier.accepts(&facts.chain, &name, UnixTime::since_unix_epoch(now))
    }

    fn change_identity(&mut self) {
        self.identity_number = self.identity_number.wrapping_add(1);
        self.narrow();
        self.made = None;
    }

    fn narrow(&mut self) {
        self.narrowings = self.narrowings.wrapping_add(1);
    }

    /// Whether there is a certificate to show.
    pub fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// What connections are made with; `now` is the time since 1970 by the clock on the wall.
    pub fn configuration(&mut self, now: Duration) -> Result<Configuration, String> {
        let is_young = |made: &Configuration| now.checked_sub(made.since).is_some_and(|age| age <= REMEMBERED_FOR);
        let made = match self.made.take().filter(is_young) {
            Some(made) => made,
            None => self.make(now)?,
        };
        made.clock.0.store(now.as_secs(), Ordering::Relaxed);
        self.made = Some(made.clone());
        Ok(made)
    }

    /// How many bytes are trusted with these, if that is not too many.
    fn trusted_with(&self, certificates: &[CertificateDer<'_>]) -> Result<usize, String> {
        let more = certificates.iter().fold(self.trusted, |sum, one| sum.saturating_add(one.len()));
        if more > TRUSTED_LENGTH {
            return Err(format!("too many certificates: a session trusts {TRUSTED_LENGTH} bytes of them"));
        }
        Ok(more)
    }

    fn make(&self, now: Duration) -> Result<Configuration, String> {
        let provider = Arc::new(provider());
        let algorithms = provider.signature_verification_algorithms;
        let mut roots = RootCertStore { roots: self.roots.clone() };
        if self.has_default_roots {
            roots.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
        }
        let versions: Vec<&'static SupportedProtocolVersion> =
            [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)]
                .into_iter()
                .filter(|(version, _)| (self.oldest..=self.newest).contains(version))
                .map(|(_, version)| version)
                .collect();
        let clock = Arc::new(Clock::default());
        let time: Arc<dyn TimeProvider> = Arc::<Clock>::clone(&clock);
        let verifier = Arc::new(Verifier { roots, leaves: self.leaves.clone(), algorithms });
        let judge: Arc<dyn ServerCertVerifier> = Arc::<Verifier>::clone(&verifier);
        let builder = ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(&versions)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(judge);
        let mut config = match &self.identity {
            Some(identity) => {
                let resolver: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(Arc::clone(identity)));
                builder.with_client_cert_resolver(resolver)
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::store(Arc::new(Remembered::default()));
        config.enable_early_data = false;
        Ok(Configuration { config: Arc::new(config), verifier, clock, since: now })
    }
}

impl fmt::Debug for TlsSettings {
    /// Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("has_default_roots", &self.has_default_roots)
            .field("roots", &self.roots.len())
            .field("leaves", &self.leaves.len())
            .field("has_identity", &self.has_identity())
            .field("oldest", &self.oldest)
            .field("newest", &self.newest)
            .finish_non_exhaustive()
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed))))
    }
}

/// The cryptography, with the suites in the order in which they are offered.
///
/// ChaCha20-Poly1305 comes first: in WebAssembly, which has no instructions for AES, it is 5 to 8 times as fast, and most
/// servers honour the client's order.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        !matches!(
            suite.suite(),
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        )
    });
    provider
}

fn webpki_anchor(certificate: &CertificateDer<'_>) -> Result<TrustAnchor<'static>, String> {
    let mut store = RootCertStore::empty();
    store.add(certificate.clone()).map_err(|error| unusable(&error))?;
    store.roots.pop().ok_or_else(|| "this certificate cannot be used".into())
}

fn unusable(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => format!("a certificate in it cannot be used: {error:?}"),
        error => format!("a certificate in it cannot be used: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate in PEM and its key.
    fn pair() -> (String, String) {
        let pair = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    }

    #[test]
    fn trust_has_a_bound() {
        let one = pair().0;
        let mut settings = TlsSettings::default();
        let bundle = one.repeat(100);
        let mut added = 0;
        while settings.add_roots(bundle.as_bytes()).is_ok() && settings.add_leaves(bundle.as_bytes()).is_ok() {
            added += 1;
            assert!(added < 100, "without end");
        }
        assert!(added > 5, "{added}");
        assert!(settings.add_roots(bundle.as_bytes()).unwrap_err().contains("too many"));
        assert!(settings.trusted <= TRUSTED_LENGTH);
    }

    #[test]
    fn a_wrong_value_changes_nothing() {
        let ((one, key), (two, other_key)) = (pair(), pair());
        let mut settings = TlsSettings::default();
        settings.add_roots(one.as_bytes()).unwrap();
        settings.set_identity(one.as_bytes(), key.as_bytes()).unwrap();
        let before = format!("{settings:?}");
        let made = settings.configuration(Duration::ZERO).unwrap();
        let half_good = format!("{two}-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n");
        for bytes in [&b""[..], b"garbage", key.as_bytes(), half_good.as_bytes(), &two.as_bytes()[..200]] {
            assert!(settings.add_roots(bytes).is_err());
            assert!(settings.add_leaves(bytes).is_err());
            assert!(settings.set_identity(bytes, key.as_bytes()).is_err());
        }
        for bad in [&b""[..], b"garbage", two.as_bytes(), other_key.as_bytes()] {
            assert!(settings.set_identity(one.as_bytes(), bad).is_err());
        }
        assert!(settings.set_versions(TlsVersion::Tls13, TlsVersion::Tls12).is_err());
        assert_eq!(format!("{settings:?}"), before);
        let again = settings.configuration(Duration::ZERO).unwrap();
        assert!(Arc::ptr_eq(&made.config, &again.config), "nor is what is remembered lost");
    }

    #[test]
    fn what_is_wrong_with_an_identity_is_said() {
        let ((one, key), (two, _)) = (pair(), pair());
        let mut settings = TlsSettings::default();
        let mut error = |chain: &str, key: &str| settings.set_identity(chain.as_bytes(), key.as_bytes()).unwrap_err();
        assert_eq!(error(&two, &key), "the private key does not belong to the certificate");
        assert_eq!(error("", &key), "there is no certificate in it");
        assert_eq!(error(&one, &two), "there is no private key in it");
        let nonsense = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";
        assert!(error(&one, nonsense).starts_with("the private key cannot be used"), "{}", error(&one, nonsense));
    }

    #[test]
    fn each_change_makes_a_new_configuration_and_nothing_else_does() {
        let (one, key) = pair();
        let mut settings = TlsSettings::default();
        let mut last = settings.configuration(Duration::ZERO).unwrap();
        let changes: [fn(&mut TlsSettings, &str, &str); 6] = [
            |settings, _, _| settings.set_default_roots(false),
            |settings, one, _| settings.add_roots(one.as_bytes()).unwrap(),
            |settings, one, _| settings.add_leaves(one.as_bytes()).unwrap(),
            |settings, one, key| settings.set_identity(one.as_bytes(), key.as_bytes()).unwrap(),
            |settings, _, _| settings.remove_identity(),
            |settings, _, _| settings.set_versions(TlsVersion::Tls13, TlsVersion::Tls13).unwrap(),
        ];
        for change in changes {
            change(&mut settings, &one, &key);
            let now = settings.configuration(Duration::from_secs(1)).unwrap();
            assert!(!Arc::ptr_eq(&last.config, &now.config));
            last = settings.configuration(Duration::from_secs(2)).unwrap();
            assert!(Arc::ptr_eq(&last.config, &now.config));
        }
    }

    #[test]
    fn nothing_weak_is_offered() {
        for suite in provider().cipher_suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.contains("GCM") || name.contains("CHACHA20"), "{name}");
            assert!(name.starts_with("TLS13_") || name.contains("ECDHE"), "{name}");
        }
    }
}
