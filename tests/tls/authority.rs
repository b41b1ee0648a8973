//! Certificates made for the tests: roots, what they issue, and every defect. It knows no connections.

use std::sync::OnceLock;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SanType, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

/// The day on which most tests happen: 2026-06-01.
pub(crate) const TODAY: Duration = Duration::from_secs(1_780_272_000);

/// This many days.
pub(crate) const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

/// An issuer of certificates, valid from 2020 to 2040.
pub(crate) struct Authority {
    pub(crate) certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with the chain above it, its own first, and its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// PKCS#8, DER.
    pub(crate) key: Vec<u8>,
}

impl Authority {
    /// A root of this name.
    pub(crate) fn root(name: &str) -> Self {
        let (params, key) = (of_authority(name), new_key(&PKCS_ECDSA_P256_SHA256));
        Self { certificate: params.self_signed(&key).unwrap().into(), issuer: Issuer::new(params, key) }
    }

    /// An intermediate authority issued by this one, with changed parameters.
    pub(crate) fn intermediate(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, key) = (of_authority(name), new_key(&PKCS_ECDSA_P256_SHA256));
        change(&mut params);
        Self { certificate: params.signed_by(&key, &self.issuer).unwrap().into(), issuer: Issuer::new(params, key) }
    }

    /// A server's certificate for these names and addresses, valid in 2026, with changed parameters.
    pub(crate) fn leaf(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        self.leaf_with(&PKCS_ED25519, names, change)
    }

    /// The same with a key of this kind.
    pub(crate) fn leaf_with(
        &self,
        algorithm: &'static SignatureAlgorithm,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = of_server(names);
        change(&mut params);
        let key = new_key(algorithm);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.into()], key: key.serialize_der() }
    }
}

impl Identity {
    /// With these certificates after its own.
    pub(crate) fn under(mut self, authorities: &[&Authority]) -> Self {
        self.chain.extend(authorities.iter().map(|authority| authority.certificate.clone()));
        self
    }

    /// Its own certificate.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.chain[0]
    }

    /// All its certificates as a PEM text.
    pub(crate) fn chain_pem(&self) -> String {
        self.chain.iter().map(|one| pem("CERTIFICATE", one)).collect()
    }

    /// Its key as a PEM text.
    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

/// The root that sessions trust, unless a test says otherwise.
pub(crate) fn root() -> &'static Authority {
    static ROOT: OnceLock<Authority> = OnceLock::new();
    ROOT.get_or_init(|| Authority::root("Test Root"))
}

/// A root that no session trusts.
pub(crate) fn stranger() -> &'static Authority {
    static ROOT: OnceLock<Authority> = OnceLock::new();
    ROOT.get_or_init(|| Authority::root("Another Root"))
}

/// A self-signed certificate for these names, valid in 2026.
pub(crate) fn self_signed(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = of_server(names);
    change(&mut params);
    let key = new_key(&PKCS_ED25519);
    Identity { chain: vec![params.self_signed(&key).unwrap().into()], key: key.serialize_der() }
}

/// Bytes as a part of a PEM text.
pub(crate) fn pem(label: &str, bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |three: &[u8]| {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letter = |at: usize| match at {
            at if at > three.len() => '=',
            at => char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]),
        };
        (0..4).map(letter).collect::<String>()
    };
    let lines: Vec<String> = bytes.chunks(48).map(|line| line.chunks(3).map(encode).collect()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The certificate without its version and its extensions, which are what version 1 lacks. Its signature is wrong then.
pub(crate) fn version_1(certificate: &[u8]) -> Vec<u8> {
    let outer = elements(content(certificate));
    let signed = elements(content(outer[0]));
    let kept: Vec<_> = signed.into_iter().filter(|field| !matches!(field[0], 0xa0 | 0xa3)).collect();
    sequence(&[&sequence(&kept), outer[1], outer[2]])
}

/// What is in this element of DER.
pub(crate) fn content(element: &[u8]) -> &[u8] {
    &element[header(element).0..]
}

/// The length of its header, and its content.
fn header(element: &[u8]) -> (usize, usize) {
    match element[1] {
        length @ ..0x80 => (2, length.into()),
        count => {
            let bytes = &element[2..][..usize::from(count & 0x7f)];
            (2 + bytes.len(), bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
    }
}

pub(crate) fn elements(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (before, length) = header(bytes);
        let (element, rest) = bytes.split_at(before + length);
        found.push(element);
        bytes = rest;
    }
    found
}

fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    let content = elements.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = if content.len() < 0x80 { vec![0x30, length[1]] } else { [&[0x30, 0x82], &length[..]].concat() };
    [header, content].concat()
}

fn new_key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn of_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params
}

fn of_server(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "a server");
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
    params
}
