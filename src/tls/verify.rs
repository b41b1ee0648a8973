//! Whether a server's certificate is accepted: the exact leaves that the caller has named, else the chain to a root (RFC
//! 5280) and the name (RFC 9525), every check of which is made, so that an error says all that is wrong.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};

use crate::error::{Checks, Rejected};

/// Whom a session trusts.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) roots: RootCertStore,
    /// Certificates that are accepted as they are, whatever they say.
    pub(super) leaves: Vec<CertificateDer<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.leaves.iter().any(|accepted| accepted == leaf) {
            return Ok(ServerCertVerified::assertion());
        }
        let checks = self.check(leaf, intermediates, name, now);
        if checks.all_passed() {
            return Ok(ServerCertVerified::assertion());
        }
        let chain = std::iter::once(leaf).chain(intermediates).map(|one| one.to_vec()).collect();
        let rejected = Rejected { checks, chain };
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(rejected)))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    /// Makes every check, also those after one that failed.
    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Checks {
        let mut checks = Checks::default();
        let Ok(parsed) = EndEntityCert::try_from(leaf) else {
            return Checks { other: true, ..checks };
        };
        checks.wrong_name = parsed.verify_is_valid_for_subject_name(name).is_err();
        // Without roots no chain can be built, so that this finds what is wrong with the leaf alone. One that is not valid
        // now is looked at again at a time when it is: the rest of its checks do not wait.
        let alone = |at| self.find_fault(&parsed, &[], &[], at, &Purpose::Server);
        let mut at = now;
        let mut of_leaf = alone(at);
        match of_leaf {
            Some(webpki::Error::CertExpired { not_after, .. }) => (checks.expired, at) = (true, not_after),
            Some(webpki::Error::CertNotValidYet { not_before, .. }) => (checks.not_yet_valid, at) = (true, not_before),
            _ => {}
        }
        if at != now {
            of_leaf = alone(at);
        }
        checks.other = of_leaf != Some(webpki::Error::UnknownIssuer);
        // What is for another purpose can still be asked who issued it.
        let purpose = if checks.other { Purpose::Any } else { Purpose::Server };
        match self.find_fault(&parsed, &self.roots.roots, intermediates, at, &purpose) {
            None => {}
            Some(webpki::Error::UnknownIssuer) => checks.untrusted_issuer = true,
            Some(webpki::Error::CertRevoked) => checks.revoked = true,
            // No path is looked for then, but for some no path can be.
            fault if checks.other && fault == of_leaf => {
                let issuers = self.roots.roots.iter().map(|root| root.subject.as_ref().to_vec());
                let issuers = issuers.chain(intermediates.iter().filter_map(subject_of));
                checks.untrusted_issuer = !issuers.into_iter().any(|subject| subject == parsed.issuer());
            }
            Some(
                webpki::Error::UnsupportedSignatureAlgorithmContext(_)
                | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_),
            ) => checks.other = true,
            // All that is wrong with the leaf alone was seen to: this is an issuer's, or a signature.
            Some(_) => checks.bad_chain = true,
        }
        checks
    }

    /// The first thing that is wrong with it.
    fn find_fault(
        &self,
        leaf: &EndEntityCert<'_>,
        roots: &[TrustAnchor<'_>],
        intermediates: &[CertificateDer<'_>],
        at: UnixTime,
        purpose: &Purpose,
    ) -> Option<webpki::Error> {
        leaf.verify_for_usage(self.algorithms.all, roots, intermediates, at, purpose, None, None).err()
    }
}

/// What a certificate and its issuers have to be for.
enum Purpose {
    Server,
    Any,
}

impl ExtendedKeyUsageValidator for &Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        match self {
            Purpose::Server => KeyUsage::server_auth().validate(purposes),
            Purpose::Any => Ok(()),
        }
    }
}

fn subject_of(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    EndEntityCert::try_from(certificate).ok().map(|certificate| certificate.subject().to_vec())
}
