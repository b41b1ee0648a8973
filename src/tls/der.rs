//! The parts of certificates that have to be read without judging them (X.690, RFC 5280 section 4.1).
//!
//! It checks only that lengths fit. `verify` decides what is accepted.

/// Tags (X.690 section 8.1.2).
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 2;
const BOOLEAN: u8 = 1;
const OCTET_STRING: u8 = 4;
const OBJECT_IDENTIFIER: u8 = 6;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// The parts of one certificate.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) struct Parts<'a> {
    /// Normally 1, 2 or 3.
    pub(super) version: u8,
    /// The contents, without the header of the sequence. So are the other fields, unless they are called whole.
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// The whole SubjectPublicKeyInfo.
    pub(super) whole_key: &'a [u8],
    pub(super) key: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts of this certificate, if it is one.
    pub(super) fn of(certificate: &'a [u8]) -> Option<Self> {
        let mut outer = certificate;
        let mut signed = take(&mut outer, SEQUENCE)?.content;
        let mut fields = take(&mut signed, SEQUENCE)?.content;
        let version = match take(&mut fields, VERSION) {
            None => 1,
            Some(mut version) => match take(&mut version.content, INTEGER)?.content {
                [number] => number.checked_add(1)?,
                _ => return None,
            },
        };
        take(&mut fields, INTEGER)?;
        take(&mut fields, SEQUENCE)?;
        let issuer = take(&mut fields, SEQUENCE)?.content;
        take(&mut fields, SEQUENCE)?;
        let subject = take(&mut fields, SEQUENCE)?.content;
        let key = take(&mut fields, SEQUENCE)?;
        // Version 2 has unique identifiers here, which are not used in practice.
        let mut extensions: &[u8] = &[];
        while let Some(mut field) = next(&mut fields) {
            if field.tag == EXTENSIONS {
                extensions = take(&mut field.content, SEQUENCE)?.content;
            }
        }
        Some(Self { version, issuer, subject, whole_key: key.whole, key: key.content, extensions })
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// The object identifiers of its critical extensions.
    pub(super) fn critical_extensions(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.extensions;
        std::iter::from_fn(move || take(&mut rest, SEQUENCE)).filter_map(|mut extension| {
            let identifier = take(&mut extension.content, OBJECT_IDENTIFIER)?.content;
            // False, the default, is omitted.
            let critical = take(&mut extension.content, BOOLEAN)?.content;
            (critical != [0]).then_some(identifier)
        })
    }
}

/// Whether this is an encrypted private key: a sequence that begins with the algorithm and then has the bytes
/// (EncryptedPrivateKeyInfo, RFC 5958 section 3).
pub(super) fn is_encrypted_key(mut bytes: &[u8]) -> bool {
    let Some(Element { mut content, .. }) = take(&mut bytes, SEQUENCE) else {
        return false;
    };
    let how = take(&mut content, SEQUENCE);
    let has_name = how.is_some_and(|mut how| take(&mut how.content, OBJECT_IDENTIFIER).is_some());
    has_name && take(&mut content, OCTET_STRING).is_some() && content.is_empty()
}

/// An object identifier in dotted form: `2.5.29.32`. A very long one is shortened.
pub(super) fn dotted(identifier: &[u8]) -> String {
    /// Only attacks have longer ones.
    const MOST: usize = 24;
    let mut text = String::new();
    let mut arc = 0_u64;
    for byte in identifier.get(..MOST).unwrap_or(identifier) {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            // The first two components share one number (X.690 section 8.19.4).
            let first = (arc / 40).min(2);
            text.push_str(&first.to_string());
            arc = arc.saturating_sub(first.saturating_mul(40));
        }
        text.push('.');
        text.push_str(&arc.to_string());
        arc = 0;
    }
    if identifier.len() > MOST {
        text.push_str("...");
    }
    text
}

/// One element: its tag, the whole of it, and its contents.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    whole: &'a [u8],
    content: &'a [u8],
}

/// Removes the first element, if it has this tag.
fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    let mut rest = *bytes;
    let element = next(&mut rest).filter(|element| element.tag == tag)?;
    *bytes = rest;
    Some(element)
}

/// Removes the first element (X.690 section 8.1).
fn next<'a>(bytes: &mut &'a [u8]) -> Option<Element<'a>> {
    let (tag, length, header) = match *bytes {
        [tag, length @ ..=0x7f, ..] => (*tag, usize::from(*length), 2_usize),
        [tag, 0x81, length, ..] => (*tag, usize::from(*length), 3),
        [tag, 0x82, high, low, ..] => (*tag, usize::from(u16::from_be_bytes([*high, *low])), 4),
        [tag, 0x83, high, middle, low, ..] => {
            (*tag, usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).ok()?, 5)
        }
        _ => return None,
    };
    let (whole, rest) = bytes.split_at_checked(header.checked_add(length)?)?;
    *bytes = rest;
    Some(Element { tag, whole, content: whole.get(header..)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    /// A certificate with these extensions, each critical or not.
    fn certificate(extensions: &[(&[u64], bool)]) -> (Vec<u8>, Vec<u8>) {
        let mut params = CertificateParams::new(["a.test".to_owned()]).unwrap();
        params.custom_extensions = extensions
            .iter()
            .map(|(identifier, is_critical)| {
                let mut extension = CustomExtension::from_oid_content(identifier, vec![5, 0]);
                extension.set_criticality(*is_critical);
                extension
            })
            .collect();
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.der().to_vec(), rcgen::PublicKeyData::subject_public_key_info(&key))
    }

    #[test]
    fn parts_are_found() {
        let (certificate, key) =
            certificate(&[(&[1, 2, 3], true), (&[2, 999, 3], false), (&[1, 3, 6, 1, 16384], true)]);
        let parts = Parts::of(&certificate).unwrap();
        assert_eq!((parts.version, parts.whole_key), (3, key.as_slice()));
        assert!(parts.is_self_issued() && parts.whole_key.ends_with(parts.key));
        let critical: Vec<_> = parts.critical_extensions().map(dotted).collect();
        assert_eq!(critical, ["1.2.3", "1.3.6.1.16384"]);
    }

    #[test]
    fn identifiers_are_written_as_people_do() {
        let table: [(&[u8], &str); 5] = [
            (&[0x55, 29, 32], "2.5.29.32"),
            (&[0x2b, 6, 1, 5, 5, 7, 1, 24], "1.3.6.1.5.5.7.1.24"),
            (&[0x88, 0x37, 3], "2.999.3"),
            (&[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3], "1.3.6.1.4.1.11129.2.4.3"),
            (&[], ""),
        ];
        for (identifier, text) in table {
            assert_eq!(dotted(identifier), text);
        }
        assert!(dotted(&[0x55; 10_000]).len() < 100);
        assert!(dotted(&[0xff; 10_000]).len() < 100);
    }

    #[test]
    fn what_is_cut_or_broken_anywhere_is_none_and_harms_nobody() {
        let (certificate, _) = certificate(&[(&[1, 2, 3], true)]);
        for length in 0..certificate.len() {
            assert_eq!(Parts::of(&certificate[..length]), None);
            for byte in [0, 0x30, 0x7f, 0x80, 0x82, 0x84, 0xff] {
                let mut broken = certificate.clone();
                broken[length] = byte;
                if let Some(parts) = Parts::of(&broken) {
                    parts.critical_extensions().map(dotted).for_each(drop);
                }
                is_encrypted_key(&broken);
            }
        }
    }

    #[test]
    fn encrypted_keys_are_known_by_their_form() {
        let key = KeyPair::generate().unwrap().serialize_der();
        assert!(!is_encrypted_key(&key) && !is_encrypted_key(b"") && !is_encrypted_key(b"garbage"));
        let encrypted = [0x30, 9, 0x30, 3, 6, 1, 42, 4, 2, 1, 2];
        assert!(is_encrypted_key(&encrypted));
        assert!((0..encrypted.len()).all(|length| !is_encrypted_key(&encrypted[..length])));
    }
}
