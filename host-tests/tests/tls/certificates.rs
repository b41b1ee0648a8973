//! Certificates, made for one test: authorities, those below them, and what they issue.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use xenon_harness::s_server::openssl;

/// Whom servers here are certified for.
pub(crate) const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Ed25519,
    Rsa2048,
    Rsa4096,
}

/// Issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    /// One that has certified itself.
    pub(crate) fn new(name: &str) -> Authority {
        let (params, key) = (of_authority(name), key(Kind::P256));
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// One below this.
    pub(crate) fn below(&self, name: &str) -> Authority {
        let (params, key) = (of_authority(name), key(Kind::P256));
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a server here.
    pub(crate) fn issue(&self, kind: Kind) -> Issued {
        self.issue_with(kind, &NAMES, |_| {})
    }

    /// A certificate for these names, changed by `change`.
    pub(crate) fn issue_with(&self, kind: Kind, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = of_leaf(names);
        change(&mut params);
        let key = key(kind);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Issued { certificate, key: key.serialize_pem() }
    }
}

/// A certificate for a server here that nobody but itself has certified.
pub(crate) fn self_signed() -> Issued {
    let key = key(Kind::P256);
    Issued { certificate: of_leaf(&NAMES).self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

fn of_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn of_leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "a leaf");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn key(kind: Kind) -> KeyPair {
    let algorithm = match kind {
        Kind::P256 => &PKCS_ECDSA_P256_SHA256,
        Kind::P384 => &PKCS_ECDSA_P384_SHA384,
        // ring's own form of such a key is one that OpenSSL 3.0 cannot read.
        Kind::Ed25519 => return of_openssl(&["genpkey", "-algorithm", "ed25519"], &PKCS_ED25519),
        Kind::Rsa2048 => return of_openssl(&["genrsa", "2048"], &PKCS_RSA_SHA256),
        Kind::Rsa4096 => return of_openssl(&["genrsa", "4096"], &PKCS_RSA_SHA256),
    };
    KeyPair::generate_for(algorithm).unwrap()
}

/// A key that the program `openssl` makes: ring makes none for RSA. One of each kind is enough for all tests, for they take
/// long.
fn of_openssl(arguments: &'static [&'static str], algorithm: &'static SignatureAlgorithm) -> KeyPair {
    static MADE: Mutex<BTreeMap<&[&str], String>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let pem = made
        .entry(arguments)
        .or_insert_with(|| openssl(arguments).expect("openssl is installed where a test asks for this"));
    KeyPair::from_pkcs8_pem_and_sign_algo(pem, algorithm).unwrap()
}
