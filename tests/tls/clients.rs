//! Client certificates: presented on request, with each format of key, and the errors when they are refused.

use std::sync::{Arc, Mutex};

use rcgen::{ExtendedKeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use xenon::error::{Code, Phase};
use xenon::net::sim::Script;

use crate::authority::{Authority, Identity, content, elements, pem, root, stranger, version_1};
use crate::server::*;
use crate::support::*;

fn client(authority: &Authority) -> Identity {
    authority.leaf_with(&PKCS_ECDSA_P256_SHA256, &["client.test"], for_clients)
}

fn for_clients(params: &mut rcgen::CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

fn show(session: &Session, chain: &[u8], key: &[u8]) -> Result<(), String> {
    session.change_options(|options| options.tls_mut().set_identity(chain, key))
}

/// Servers that want a certificate of the test's root.
fn demanding() -> [Settings; 2] {
    [TLS12, TLS13].map(|versions| settings_with(&good(), versions, Some(root()), |_| true))
}

/// How the alert is called with which they refuse to do without.
const REFUSAL: &str = "certificate_required";

#[test]
fn a_certificate_is_shown_to_who_asks_for_it() {
    for settings in demanding() {
        let (net, session) = world([settings.answers(2)]);
        let identity = client(root());
        show(&session, identity.chain_pem().as_bytes(), identity.key_pem().as_bytes()).unwrap();
        for _ in 0..2 {
            assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
        }
        assert_eq!(net.connections(), 1);
    }
    // A server that does not request one sees none.
    let settings = settings(&good(), TLS12);
    let (net, session) = world([settings.answers(1)]);
    let identity = client(root());
    show(&session, identity.certificate(), &identity.key).unwrap();
    assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
    assert!(!net.sent(0).windows(99).any(|window| identity.certificate().starts_with(window)));
}

#[test]
fn keys_come_in_many_forms() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let between = root().intermediate("Between", |_| {});
        let identity = between.leaf_with(algorithm, &["client.test"], for_clients).under(&[&between]);
        let chain = identity.chain_pem();
        let mut keys = vec![identity.key_pem().into_bytes(), identity.key.clone()];
        let is_ecdsa = algorithm != &PKCS_ED25519;
        assert_eq!(sec1(&identity.key).is_some(), is_ecdsa);
        if let Some(sec1) = sec1(&identity.key) {
            keys.extend([pem("EC PRIVATE KEY", &sec1).into_bytes(), sec1]);
        }
        keys.push(format!("{chain}some text\r\n{}", identity.key_pem().replace('\n', "\r\n")).into_bytes());
        for key in keys {
            for settings in demanding() {
                let (net, session) = world([settings.answers(1)]);
                show(&session, chain.as_bytes(), &key).unwrap();
                assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
            }
        }
    }
}

/// The SEC1 form in a PKCS#8 key of ECDSA, which ends with it.
fn sec1(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let is_begin = |window: &[u8]| matches!(window, [0x30, _, 2, 1, 1, 4, _] | [0x30, 0x81, _, 2, 1, 1, 4]);
    pkcs8.windows(7).position(is_begin).map(|begin| pkcs8[begin..].to_vec())
}

#[test]
fn a_server_that_cannot_do_without_says_so() {
    for settings in demanding() {
        let peer = settings.answers(1);
        let server = peer.server();
        let (net, session) = world([peer]);
        let error = get(&net, &session).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Handshake, Code::TlsAlert(REFUSAL.into())));
        assert!(error.detail.contains(REFUSAL), "{}", error.detail);
        assert_eq!((server.plaintext().as_str(), net.connections()), ("", 1));
    }
}

#[test]
fn a_server_that_closes_at_once_is_still_heard() {
    for settings in demanding() {
        type End = fn(Script) -> Script;
        for end in [Script::close as End, Script::reset] {
            // It goes on to the end as soon as it has something to say after its first flight.
            let peer = settings.peer().flight().refusal().then(end);
            let (net, session) = world([peer]);
            assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsAlert(REFUSAL.into())));
        }
    }
}

#[test]
fn a_certificate_that_the_server_does_not_trust_is_refused() {
    for settings in demanding() {
        for identity in [client(stranger()), root().leaf(&["client.test"], |_| {})] {
            let peer = settings.answers(1);
            let server = peer.server();
            let (net, session) = world([peer]);
            show(&session, identity.certificate(), &identity.key).unwrap();
            let (phase, code) = failure(get(&net, &session));
            assert!(matches!(code, Code::TlsAlert(_)), "{code:?}");
            assert_eq!((phase, server.plaintext().as_str()), (Phase::Handshake, ""));
        }
    }
}

#[test]
fn a_certificate_can_be_taken_back_and_another_set() {
    for settings in demanding() {
        let (net, session) = world([settings.answers(1), settings.answers(1), settings.answers(1)]);
        let (first, second) = (client(root()), client(root()));
        show(&session, first.certificate(), &first.key).unwrap();
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
        session.close_connection();
        session.change_options(|options| options.tls_mut().remove_identity());
        assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsAlert(REFUSAL.into())));
        show(&session, second.certificate(), &second.key).unwrap();
        assert!(show(&session, second.certificate(), &first.key).is_err(), "which changes nothing");
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
    }
}

#[test]
fn a_certificate_of_version_1_is_the_servers_to_judge() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        for versions in [TLS12, TLS13] {
            let identity = root().leaf_with(algorithm, &["client.test"], for_clients);
            let old = version_1(identity.certificate());
            assert!(ParsedCertificate::try_from(&CertificateDer::from(old.clone())).is_err(), "rustls reads none");
            let judge = Arc::new(Judge::default());
            let verifier: Arc<dyn ClientCertVerifier> = Arc::<Judge>::clone(&judge);
            let (net, session) = world([settings_by(&good(), versions, Some(verifier), |_| true).answers(1)]);
            let (chain, key) = (pem("CERTIFICATE", &old), identity.key_pem());
            show(&session, chain.as_bytes(), key.as_bytes()).unwrap();
            assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
            assert_eq!(*judge.seen.lock().unwrap(), vec![old.clone()]);
            // Its key has to fit all the same.
            let other = root().leaf_with(algorithm, &["client.test"], for_clients).key;
            assert_eq!(show(&session, &old, &other).unwrap_err(), "the private key does not belong to the certificate");
        }
    }
    // A refusal is reported.
    for settings in demanding() {
        let identity = client(root());
        let (net, session) = world([settings.answers(1)]);
        show(&session, &version_1(identity.certificate()), &identity.key).unwrap();
        assert!(matches!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsAlert(_))));
    }
}

/// Takes every client that has the key of its certificate, whatever the certificate is.
#[derive(Debug, Default)]
struct Judge {
    seen: Mutex<Vec<Vec<u8>>>,
}

impl Judge {
    fn verify(message: &[u8], own: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> HandshakeSignatureValid {
        let fields = elements(content(elements(content(own))[0]));
        let key = SubjectPublicKeyInfoDer::from(fields[5]);
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signed, &algorithms).unwrap()
    }
}

impl ClientCertVerifier for Judge {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.seen.lock().unwrap().push(own.to_vec());
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(Self::verify(message, own, signed))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(Self::verify(message, own, signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn no_key_is_in_what_people_read() {
    for settings in [settings_with(&good(), TLS13, Some(stranger()), |_| true), settings(&good(), TLS13)] {
        let (net, session) = world([settings.answers(1)]);
        let identity = client(root());
        show(&session, identity.chain_pem().as_bytes(), identity.key_pem().as_bytes()).unwrap();
        let outcome = get(&net, &session);
        let mistakes = [
            show(&session, identity.key_pem().as_bytes(), identity.key_pem().as_bytes()),
            show(&session, identity.chain_pem().as_bytes(), &identity.key[1..]),
            show(&session, good().certificate(), &identity.key),
            show(&session, identity.certificate(), pem("ENCRYPTED PRIVATE KEY", &identity.key).as_bytes()),
        ];
        assert!(mistakes.iter().all(Result::is_err), "{mistakes:?}");
        let shown =
            format!("{outcome:?} {mistakes:?} {:?} {:?}", session.take_events(), format!("{:?}", session.options()),);
        let key = &identity.key[identity.key.len() - 32..];
        let numbers = format!("{:?}", &key[..4]);
        let base64 = identity.key_pem().lines().nth(1).unwrap()[..16].to_owned();
        let hex: String = key[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        for secret in [numbers.trim_matches(['[', ']']), &base64, &hex, &hex.to_uppercase()] {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
        assert!(shown.contains("has_identity: true"), "{shown}");
    }
}
