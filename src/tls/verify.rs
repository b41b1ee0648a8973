//! Whether a server's certificate is accepted: the exact leaves that the caller has named, else the chain to a root (RFC
//! 5280) and the name (RFC 9525), every check of which is made, so that an error says all that is wrong.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

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
        let Ok(parsed) = ParsedCertificate::try_from(leaf) else {
            return Checks { other: true, ..checks };
        };
        let verify = |roots: &RootCertStore, intermediates: &[CertificateDer<'_>], at: UnixTime| {
            match verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, at, self.algorithms.all) {
                Ok(()) => None,
                Err(Error::InvalidCertificate(error)) => Some(error),
                Err(_) => Some(CertificateError::BadEncoding),
            }
        };
        // Without roots no chain can be built, so that this finds what is wrong with the leaf alone. One that is not valid
        // now is looked at again at a time when it is: the rest of its checks do not wait.
        let nothing = RootCertStore::empty();
        let mut at = now;
        match verify(&nothing, &[], now) {
            Some(CertificateError::ExpiredContext { not_after, .. }) => {
                checks.expired = true;
                at = not_after;
            }
            Some(CertificateError::NotValidYetContext { not_before, .. }) => {
                checks.not_yet_valid = true;
                at = not_before;
            }
            _ => {}
        }
        match verify(&self.roots, intermediates, at) {
            None => {}
            Some(CertificateError::UnknownIssuer) => checks.untrusted_issuer = true,
            Some(CertificateError::Revoked) => checks.revoked = true,
            // The leaf's own dates were seen to: these are an issuer's.
            Some(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
                | CertificateError::BadSignature,
            ) => checks.bad_chain = true,
            Some(
                CertificateError::InvalidPurpose
                | CertificateError::InvalidPurposeContext { .. }
                | CertificateError::BadEncoding
                | CertificateError::UnhandledCriticalExtension,
            ) => checks.other = true,
            // webpki's own words for path lengths, name constraints, and certificates that are, or are not, a CA's.
            Some(CertificateError::Other(_)) => checks.bad_chain = true,
            Some(_) => checks.other = true,
        }
        checks.wrong_name = verify_server_name(&parsed, name).is_err();
        checks
    }
}
