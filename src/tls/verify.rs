//! Whether a server's certificate is accepted. Either the caller has named this very certificate, or its chain to a
//! root (RFC 5280) and its name (RFC 9525) are valid. Every check is made, so that an error names everything that is
//! wrong.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RawPublicKeyEntity};

use super::der::{Parts, dotted};
use crate::error::{Checks, Rejected};

/// What a session trusts.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) roots: RootCertStore,
    /// Certificates that are accepted as they are, whatever their contents.
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
        let rejected = Rejected { checks, chain, note: self.note(leaf, intermediates, checks) };
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(rejected)))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.key_of_accepted(certificate) {
            Some(key) => self.verify_by_key(message, &key, signed),
            None => verify_tls12_signature(message, certificate, signed, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.key_of_accepted(certificate) {
            Some(key) => verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms),
            None => verify_tls13_signature(message, certificate, signed, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    /// Whether this chain, which begins with the server's own certificate, would be accepted.
    pub(super) fn accepts(&self, chain: &[Vec<u8>], name: &ServerName<'_>, now: UnixTime) -> bool {
        let chain: Vec<_> = chain.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
        let Some((leaf, intermediates)) = chain.split_first() else {
            return false;
        };
        self.verify_server_cert(leaf, intermediates, name, &[], now).is_ok()
    }

    /// The key of a certificate that is accepted as it is. webpki may be unable to parse the certificate, because of an
    /// old version or an unknown critical extension.
    fn key_of_accepted(&self, certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
        let is_accepted = self.leaves.iter().any(|accepted| accepted == certificate);
        let parts = is_accepted.then(|| Parts::of(certificate)).flatten()?;
        Some(SubjectPublicKeyInfoDer::from(parts.whole_key.to_vec()))
    }

    /// As [`verify_tls12_signature`], from the key alone. A signature scheme of TLS 1.2 does not determine the curve.
    #[cold]
    fn verify_by_key(
        &self,
        message: &[u8],
        key: &SubjectPublicKeyInfoDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_good = RawPublicKeyEntity::try_from(key).is_ok_and(|key| {
            let known = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
            let mut algorithms = known.flat_map(|(_, algorithms)| algorithms.iter());
            algorithms.any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok())
        });
        match is_good {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
        }
    }

    /// Makes every check, including those after a failed one.
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
        // Without roots no chain can be built, so this checks only the leaf. If the leaf is not valid now, it is
        // checked again for a time when it is, so that its other faults are found too.
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
        // A certificate for another purpose can still be checked for its issuer.
        let purpose = if checks.other { Purpose::Any } else { Purpose::Server };
        match self.find_fault(&parsed, &self.roots.roots, intermediates, at, &purpose) {
            None => {}
            Some(webpki::Error::UnknownIssuer) => checks.untrusted_issuer = true,
            Some(webpki::Error::CertRevoked) => checks.revoked = true,
            // webpki has not looked for a path then. A certificate without any possible issuer cannot have one.
            fault if checks.other && fault == of_leaf => {
                let issuers = self.roots.roots.iter().map(|root| root.subject.as_ref().to_vec());
                let issuers = issuers.chain(intermediates.iter().filter_map(subject_of));
                checks.untrusted_issuer = !issuers.into_iter().any(|subject| subject == parsed.issuer());
            }
            Some(
                webpki::Error::UnsupportedSignatureAlgorithmContext(_)
                | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_),
            ) => checks.other = true,
            // The leaf's own faults were found above, so this one is an issuer's, or a signature's.
            Some(_) => checks.bad_chain = true,
        }
        checks
    }

    /// What people need to know beside the failed checks.
    #[cold]
    fn note(&self, leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>], checks: Checks) -> String {
        let Some(own) = Parts::of(leaf) else {
            return String::new();
        };
        let is_this =
            |root: &TrustAnchor<'_>| *root.subject == *own.subject && *root.subject_public_key_info == *own.key;
        let mut note = String::new();
        if checks.other && own.version != 3 {
            note = format!("it is of version {}, and those of version 3 alone can be verified", own.version);
        } else if let Some(which) = unknown_extension(&own).filter(|_| checks.other) {
            note = format!("it has the critical extension {which}");
        } else if let Some(which) = intermediates.iter().filter_map(|one| unknown_extension(&Parts::of(one)?)).next()
            && checks.bad_chain
        {
            note = format!("an authority above it has the critical extension {which}");
        }
        if own.is_self_issued() && self.roots.roots.iter().any(is_this) {
            if !note.is_empty() {
                note.push_str("; ");
            }
            note.push_str(GIVEN_AS_ROOT);
        }
        note
    }

    /// The first fault of the certificate.
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

/// The purpose that a certificate and its issuers must allow.
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

/// The note for a server's certificate that is itself among the roots.
const GIVEN_AS_ROOT: &str = "it was given as a root; accepting exactly this certificate (accept-certificates) would ask for no issuer, name, dates or use";

/// The first unknown critical extension: its name, if that is known, and its number.
#[cold]
fn unknown_extension(parts: &Parts<'_>) -> Option<String> {
    // webpki knows keyUsage, subjectAltName, basicConstraints, nameConstraints, cRLDistributionPoints and extKeyUsage
    // (RFC 5280 section 4.2.1), and the timestamps of RFC 6962 section 3.3.
    const TIMESTAMPS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
    let is_known =
        |identifier: &[u8]| matches!(identifier, [0x55, 0x1d, 15 | 17 | 19 | 30 | 31 | 37]) || identifier == TIMESTAMPS;
    let identifier = parts.critical_extensions().find(|identifier| !is_known(identifier))?;
    let mut which = dotted(identifier);
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == identifier) {
        which = format!("{name} ({which})");
    }
    which.push_str(", which is not known here");
    Some(which)
}

/// Names of extensions that a certificate may mark as critical (RFC 5280 section 4.2, RFC 3739, RFC 3779, RFC 3820, RFC
/// 7633, RFC 6962 section 3.1).
const NAMES: &[(&[u8], &str)] = &[
    (&[0x55, 0x1d, 9], "subjectDirectoryAttributes"),
    (&[0x55, 0x1d, 14], "subjectKeyIdentifier"),
    (&[0x55, 0x1d, 18], "issuerAltName"),
    (&[0x55, 0x1d, 32], "certificatePolicies"),
    (&[0x55, 0x1d, 33], "policyMappings"),
    (&[0x55, 0x1d, 35], "authorityKeyIdentifier"),
    (&[0x55, 0x1d, 36], "policyConstraints"),
    (&[0x55, 0x1d, 46], "freshestCRL"),
    (&[0x55, 0x1d, 54], "inhibitAnyPolicy"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 1], "authorityInfoAccess"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 3], "qcStatements"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 7], "ipAddrBlocks"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 8], "autonomousSysIds"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 14], "proxyCertInfo"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 24], "tlsFeature"),
    (&[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3], "precertificatePoison"),
];

fn subject_of(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    EndEntityCert::try_from(certificate).ok().map(|certificate| certificate.subject().to_vec())
}
