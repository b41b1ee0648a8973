//! Certificates and keys as callers have them: PEM or DER.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What PEM files begin their parts with.
const PEM: &[u8] = b"-----BEGIN ";

/// All certificates of a PEM text, or the one that DER bytes are. The error is words for people.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if !is_pem(bytes) {
        return if bytes.is_empty() { Err(none("certificate")) } else { Ok(vec![bytes.to_vec().into()]) };
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match found {
        Ok(found) if found.is_empty() => Err(none("certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("this PEM text cannot be read: {error}")),
    }
}

/// The first private key of a PEM text, or the one that DER bytes are: PKCS#8, PKCS#1 or SEC1.
pub(super) fn key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    if !is_pem(bytes) {
        return PrivateKeyDer::try_from(bytes.to_vec()).map_err(|_| "these bytes are no private key".into());
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound if contains(bytes, b"ENCRYPTED") => {
            "the private key is encrypted; decrypt it first".into()
        }
        rustls::pki_types::pem::Error::NoItemsFound => none("private key"),
        error => format!("this PEM text cannot be read: {error}"),
    })
}

fn is_pem(bytes: &[u8]) -> bool {
    contains(bytes, PEM)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn none(what: &str) -> String {
    format!("there is no {what} in it")
}
