//! The certificate that nginx shows here, made for one run.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::Result;

/// A certificate for 127.0.0.1, with an ECDSA key on P-256, and who has issued it. All in PEM.
pub(crate) struct Certificate {
    pub(crate) authority: String,
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Certificate {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "xenon-bench");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);

        let mut params = CertificateParams::new(["127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let chain = params.signed_by(&key, &issuer)?.pem();
        Ok(Self { authority, chain, key: key.serialize_pem() })
    }
}
