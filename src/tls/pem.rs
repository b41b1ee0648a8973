//! Certificates and keys as callers supply them: PEM or DER.

use crate::reason::OwnedReason;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::der;

/// How each part of a PEM file begins.
const PEM: &[u8] = b"-----BEGIN ";

/// How a certificate begins there.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The error for an encrypted key.
const ENCRYPTED: &str = "the private key is encrypted; decrypt it first";

/// The byte order mark with which editors on Windows begin a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// All certificates of a PEM text, or the one in DER.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, OwnedReason> {
    if !is_pem(bytes) {
        return if bytes.is_empty() { Err(none("certificate")) } else { Ok(vec![bytes.to_vec().into()]) };
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        // PEM readers skip a marker that does not begin a line. Report it, so that a certificate is never silently
        // lost.
        Ok(found) if found.len() < count(text, CERTIFICATE) => {
            Err("this PEM text cannot be read: a certificate in it does not begin its line".into())
        }
        Ok(found) if found.is_empty() => Err(none("certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("this PEM text cannot be read: {error}")),
    }
}

/// The first private key of a PEM text, or the one in DER: PKCS#8, PKCS#1 or SEC1.
pub(super) fn key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, OwnedReason> {
    if !is_pem(bytes) {
        return match PrivateKeyDer::try_from(bytes.to_vec()) {
            _ if der::is_encrypted_key(bytes) => Err(ENCRYPTED.into()),
            Err(_) => Err("these bytes are no private key".into()),
            Ok(key) => Ok(key),
        };
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        // `ENCRYPTED PRIVATE KEY` of PKCS#8, and `Proc-Type: 4,ENCRYPTED` in older formats (RFC 1421 section 4.6.1.1),
        // whose header fields are not base64.
        _ if contains(bytes, b"ENCRYPTED") => ENCRYPTED.into(),
        rustls::pki_types::pem::Error::NoItemsFound => none("private key"),
        error => format!("this PEM text cannot be read: {error}"),
    })
}

fn is_pem(bytes: &[u8]) -> bool {
    contains(bytes, PEM)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    count(bytes, part) > 0
}

fn count(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|window| *window == part).count()
}

fn none(what: &str) -> String {
    format!("there is no {what} in it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and its key, as PEM texts.
    fn pair() -> (String, String) {
        let pair = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    }

    #[test]
    fn bundles_are_read_whatever_stands_around_them() {
        let ((one, key), (two, _)) = (pair(), pair());
        let expected = certificates(format!("{one}{two}").as_bytes()).unwrap();
        assert_eq!(expected.len(), 2);
        for text in [
            format!("{one}\n\n{two}"),
            format!("{one}{key}{two}"),
            format!("subject=a\n# issuer\n{one}some text\n{two}and more"),
            format!("{one}{two}").replace('\n', "\r\n"),
            format!("{one}{}", two.trim_end()),
            format!("\u{feff}{one}{two}"),
        ] {
            assert_eq!(certificates(text.as_bytes()), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn der_is_one_certificate() {
        let (one, _) = pair();
        let der = certificates(one.as_bytes()).unwrap();
        assert_eq!(certificates(&der[0]), Ok(der.clone()));
    }

    #[test]
    fn what_holds_none_is_an_error() {
        let (one, key) = pair();
        assert_eq!(certificates(b""), Err("there is no certificate in it".into()));
        assert_eq!(certificates(key.as_bytes()), Err("there is no certificate in it".into()));
        for broken in [
            one.replace('M', "*"),
            one.replace("-----END CERTIFICATE-----", ""),
            one.replace("END CERTIFICATE", "END PRIVATE KEY"),
            format!("{one}{}", &one[..100]),
            format!("{one}  {one}"),
            format!("a certificate: {one}"),
        ] {
            let error = certificates(broken.as_bytes()).unwrap_err();
            assert!(error.starts_with("this PEM text cannot be read"), "{error}: {broken}");
        }
    }

    #[test]
    fn keys_are_found_and_others_named() {
        let (one, key_text) = pair();
        let found = key(key_text.as_bytes()).unwrap();
        assert_eq!(key(format!("{one}{key_text}").as_bytes()).unwrap(), found);
        assert_eq!(key(format!("\u{feff}{key_text}").as_bytes()).unwrap(), found);
        assert_eq!(key(key_text.replace('\n', "\r\n").as_bytes()).unwrap(), found);
        assert_eq!(key(found.secret_der()).unwrap(), found);
        assert_eq!(key(one.as_bytes()).unwrap_err(), "there is no private key in it");
        assert_eq!(key(b"").unwrap_err(), "these bytes are no private key");
        assert_eq!(key(b"garbage").unwrap_err(), "these bytes are no private key");
    }

    #[test]
    fn an_encrypted_key_says_that_it_is_encrypted() {
        let (one, key_text) = pair();
        let mut texts = vec![key_text.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")];
        for kind in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"] {
            let fields = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011223344556677\n\n";
            texts.push(format!("-----BEGIN {kind}-----\n{fields}AAAA\n-----END {kind}-----\n"));
        }
        for text in texts {
            for text in [text.clone(), text.replace('\n', "\r\n"), format!("{one}{text}"), format!("{text}{one}")] {
                assert_eq!(key(text.as_bytes()).unwrap_err(), ENCRYPTED, "{text}");
            }
        }
        assert_eq!(key(&[0x30, 9, 0x30, 3, 6, 1, 42, 4, 2, 1, 2]).unwrap_err(), ENCRYPTED);
    }
}
