//! The settings of TLS, checked when they are set: trusted certificates, a client certificate, versions.
//!
//! These are values. `configuration` makes what a handshake needs from them.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore};

use super::der::Parts;
use super::pem;
use super::provider::provider;
use super::remembered::Remembered;
use crate::limits::TRUSTED_LENGTH;
use crate::reason::OwnedReason;

/// The supported versions of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// All settings of TLS. Sessions that share them also share what is remembered of servers. A change starts afresh.
#[derive(Clone)]
pub struct TlsSettings {
    pub(super) has_default_roots: bool,
    pub(super) roots: Vec<TrustAnchor<'static>>,
    pub(super) leaves: Vec<CertificateDer<'static>>,
    /// The size in bytes of the certificates in `roots` and `leaves`.
    trusted: usize,
    pub(super) identity: Identity,
    pub(super) oldest: TlsVersion,
    pub(super) newest: TlsVersion,
    pub(super) remembered: Arc<Remembered>,
}

/// The client certificate with its chain and key, if any.
#[derive(Clone, Default)]
pub struct Identity(pub(super) Option<Arc<CertifiedKey>>);

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            has_default_roots: true,
            roots: Vec::new(),
            leaves: Vec::new(),
            trusted: 0,
            identity: Identity::default(),
            oldest: TlsVersion::Tls12,
            newest: TlsVersion::Tls13,
            remembered: Arc::default(),
        }
    }
}

impl TlsSettings {
    /// Sets whether the crate's own roots are trusted.
    pub fn set_default_roots(&mut self, trusted: bool) {
        self.has_default_roots = trusted;
        self.begin_anew();
    }

    /// Trusts these certificates as roots, in addition to those trusted already. They are one or more in PEM, or one in DER.
    pub fn add_roots(&mut self, bytes: &[u8]) -> Result<(), OwnedReason> {
        let certificates = pem::certificates(bytes)?;
        let trusted = self.trusted_with(&certificates)?;
        let roots: Vec<_> = certificates.iter().map(webpki_anchor).collect::<Result<_, _>>()?;
        self.roots.extend(roots);
        self.trusted = trusted;
        self.begin_anew();
        Ok(())
    }

    /// Accepts exactly these certificates of a server, whatever their issuer, name and dates.
    pub fn add_leaves(&mut self, bytes: &[u8]) -> Result<(), OwnedReason> {
        let leaves = pem::certificates(bytes)?;
        let trusted = self.trusted_with(&leaves)?;
        for leaf in &leaves {
            // Its version and extensions do not matter: it is accepted as it is, and only its key is used.
            Parts::of(leaf).ok_or("a certificate in it cannot be used: it is none")?;
        }
        self.leaves.extend(leaves);
        self.trusted = trusted;
        self.begin_anew();
        Ok(())
    }

    /// Sets the client certificate, with its chain and key.
    pub fn set_identity(&mut self, chain: &[u8], key: &[u8]) -> Result<(), OwnedReason> {
        let chain = pem::certificates(chain)?;
        let key = pem::key(key)?;
        let key = provider().key_provider.load_private_key(key);
        let key = key.map_err(|error| format!("the private key cannot be used: {error}"))?;
        // Only the server judges the certificate, which may have any version. Only its key is looked at.
        let certified_key = chain.first().and_then(|own| Parts::of(own)).map(|own| own.whole_key);
        match (certified_key, key.public_key()) {
            (None, _) => return Err("the certificate cannot be used: it is none".into()),
            (Some(theirs), Some(ours)) if theirs != ours.as_ref() => {
                return Err("the private key does not belong to the certificate".into());
            }
            _ => {}
        }
        self.identity = Identity(Some(Arc::new(CertifiedKey::new(chain, key))));
        self.begin_anew();
        Ok(())
    }

    /// Removes the client certificate.
    pub fn remove_identity(&mut self) {
        if self.identity.0.take().is_some() {
            self.begin_anew();
        }
    }

    /// Sets the oldest and the newest version to offer.
    pub fn set_versions(&mut self, oldest: TlsVersion, newest: TlsVersion) -> Result<(), OwnedReason> {
        if oldest > newest {
            return Err("the oldest version of TLS is newer than the newest".into());
        }
        (self.oldest, self.newest) = (oldest, newest);
        self.begin_anew();
        Ok(())
    }

    /// Whether the crate's own roots are trusted.
    pub fn has_default_roots(&self) -> bool {
        self.has_default_roots
    }

    /// The oldest and the newest version that is offered.
    pub fn versions(&self) -> (TlsVersion, TlsVersion) {
        (self.oldest, self.newest)
    }

    /// Whether there is a client certificate.
    pub fn has_identity(&self) -> bool {
        self.identity.0.is_some()
    }

    /// Whether both are the same or copies of each other, and neither was changed since.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.remembered, &other.remembered)
    }

    /// Starts remembering afresh, because what was remembered was negotiated under other settings.
    fn begin_anew(&mut self) {
        self.remembered = Arc::default();
    }

    /// The size of all trusted certificates together with these, if that is within the limit.
    fn trusted_with(&self, certificates: &[CertificateDer<'_>]) -> Result<usize, OwnedReason> {
        let more = certificates.iter().fold(self.trusted, |sum, one| sum.saturating_add(one.len()));
        if more > TRUSTED_LENGTH {
            return Err(format!("too many certificates: {TRUSTED_LENGTH} bytes of them can be trusted"));
        }
        Ok(more)
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

/// The same certificates are the same identity: the key belongs to the first of them.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(|own| &own.cert) == other.0.as_ref().map(|other| &other.cert)
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Identity" } else { "None" })
    }
}

fn webpki_anchor(certificate: &CertificateDer<'_>) -> Result<TrustAnchor<'static>, OwnedReason> {
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
        let copy = settings.clone();
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
        assert!(settings.is_same(&copy), "nor is what is remembered lost");
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
    fn a_copy_is_the_same_until_one_of_both_is_changed() {
        let mut settings = TlsSettings::default();
        let copy = settings.clone();
        assert!(settings.is_same(&copy) && settings.add_roots(b"nothing").is_err() && settings.is_same(&copy));
        settings.set_default_roots(true);
        assert!(!settings.is_same(&copy), "what was remembered under the old settings is not used under the new");
    }

    #[test]
    fn the_same_certificates_are_the_same_identity() {
        let ((one, key), (two, other)) = (pair(), pair());
        let identity = |certificate: &str, key: &str| {
            let mut settings = TlsSettings::default();
            settings.set_identity(certificate.as_bytes(), key.as_bytes()).unwrap();
            settings.identity
        };
        assert_eq!(identity(&one, &key), identity(&one, &key));
        assert_ne!(identity(&one, &key), identity(&two, &other));
        assert_ne!(identity(&one, &key), Identity::default());
    }
}
