//! Which certificates of servers are accepted, and the errors for the others: dates, keys, uses and extensions.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd,
};
use xenon::error::Checks;

use crate::authority::{TODAY, days, root, self_signed, stranger};
use crate::server::*;
use crate::support::*;
use crate::verdict::{checks_on, verdict_on};

#[test]
fn certificates_have_their_time() {
    let leaf = good();
    // From the first second of 2026 to the first of 2027.
    let (begin, end) = (TODAY - days(151), TODAY + days(214));
    let second = Duration::from_secs(1);
    let early = Checks { not_yet_valid: true, ..PASSED };
    let late = Checks { expired: true, ..PASSED };
    assert_eq!(checks_on(&leaf, begin - second), early);
    assert_eq!(checks_on(&leaf, begin), PASSED);
    assert_eq!(checks_on(&leaf, TODAY), PASSED);
    assert_eq!(checks_on(&leaf, end), PASSED);
    assert_eq!(checks_on(&leaf, end + second), late);
    assert_eq!(checks_on(&leaf, Duration::ZERO), early);
    assert_eq!(checks_on(&leaf, days(365 * 500)), late);
    let never = root().leaf(&[NAME], |params| {
        (params.not_before, params.not_after) = (date_time_ymd(2027, 1, 1), date_time_ymd(2025, 1, 1));
    });
    assert_ne!(checks_on(&never, TODAY), PASSED);
}

#[test]
fn each_kind_of_key_serves() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        assert_eq!(checks_on(&root().leaf_with(algorithm, &[NAME], |_| {}), TODAY), PASSED);
    }
}

#[test]
fn a_certificate_is_for_what_it_says() {
    let other = Checks { other: true, ..PASSED };
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    assert_eq!(checks_on(&root().leaf(&[NAME], for_clients), TODAY), other);
    let for_both = |params: &mut CertificateParams| {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    };
    assert_eq!(checks_on(&root().leaf(&[NAME], for_both), TODAY), PASSED);
    assert_eq!(checks_on(&root().leaf(&[NAME], |params| params.extended_key_usages.clear()), TODAY), PASSED);
    let authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(checks_on(&root().leaf(&[NAME], authority), TODAY), other, "an authority is no server");
    let unknown = |params: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
    };
    assert_eq!(checks_on(&root().leaf(&[NAME], unknown), TODAY), other, "something critical that nobody knows");
}

#[test]
fn a_critical_extension_that_is_not_known_is_named() {
    let with = |identifier: &'static [u64], is_critical: bool| {
        move |params: &mut CertificateParams| {
            let mut extension = CustomExtension::from_oid_content(identifier, vec![5, 0]);
            extension.set_criticality(is_critical);
            params.custom_extensions.push(extension);
        }
    };
    let table: [(&'static [u64], &str); 4] = [
        (&[2, 5, 29, 32], "certificatePolicies (2.5.29.32)"),
        (&[1, 3, 6, 1, 5, 5, 7, 1, 24], "tlsFeature (1.3.6.1.5.5.7.1.24)"),
        (&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3], "precertificatePoison (1.3.6.1.4.1.11129.2.4.3)"),
        (&[1, 2, 3, 4], "extension 1.2.3.4"),
    ];
    for (identifier, name) in table {
        let rejected = verdict_on(&root().leaf(&[NAME], with(identifier, true)), NAME, TODAY).unwrap();
        assert_eq!(rejected.checks, Checks { other: true, ..PASSED });
        assert!(
            rejected
                .to_string()
                .contains(&format!("it has the critical extension {}", name.trim_start_matches("extension "))),
            "{rejected}"
        );
        let between = root().intermediate("Between", with(identifier, true));
        let rejected = verdict_on(&between.leaf(&[NAME], |_| {}).under(&[&between]), NAME, TODAY).unwrap();
        assert_eq!(rejected.checks, Checks { bad_chain: true, ..PASSED });
        assert!(rejected.to_string().contains("an authority above it has the critical extension"), "{rejected}");
        assert_eq!(verdict_on(&root().leaf(&[NAME], with(identifier, false)), NAME, TODAY), None);
    }
    // What is known is not blamed.
    let rejected = verdict_on(&root().leaf(&["b.test"], |_| {}), NAME, TODAY).unwrap();
    assert!(!rejected.to_string().contains("extension"), "{rejected}");
}

#[test]
fn all_that_is_wrong_is_said() {
    let late = TODAY + days(365 * 3);
    let early = Duration::from_secs(1);
    let elsewhere = stranger().leaf(&["b.test"], |_| {});
    assert_eq!(
        checks_on(&elsewhere, late),
        Checks { expired: true, wrong_name: true, untrusted_issuer: true, ..PASSED }
    );
    assert_eq!(
        checks_on(&elsewhere, early),
        Checks { not_yet_valid: true, wrong_name: true, untrusted_issuer: true, ..PASSED }
    );
    assert_eq!(
        checks_on(&self_signed(&["b.test"], |_| {}), late),
        Checks { expired: true, wrong_name: true, untrusted_issuer: true, ..PASSED }
    );
    assert_eq!(
        checks_on(&root().leaf(&["b.test"], |_| {}), late),
        Checks { expired: true, wrong_name: true, ..PASSED }
    );
    let between = root().intermediate("Between", |params| params.is_ca = IsCa::NoCa);
    assert_eq!(
        checks_on(&between.leaf(&["b.test"], |_| {}).under(&[&between]), late),
        Checks { expired: true, wrong_name: true, bad_chain: true, ..PASSED }
    );
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    assert_eq!(
        checks_on(&stranger().leaf(&["b.test"], for_clients), late),
        Checks { expired: true, wrong_name: true, untrusted_issuer: true, other: true, ..PASSED }
    );
}

#[test]
fn bytes_that_are_no_certificate_are_not_accepted() {
    for bytes in [vec![], vec![0], b"-----BEGIN CERTIFICATE-----".to_vec(), good().certificate()[..200].to_vec()] {
        let mut identity = good();
        identity.chain = vec![bytes.clone().into()];
        let peer = settings(&identity, TLS13).answers(1);
        let server = peer.server();
        let (net, session) = world([peer]);
        assert!(get(&net, &session).is_err(), "{bytes:?}");
        assert_eq!(server.plaintext(), "");
    }
}

#[test]
fn the_key_must_be_the_certificate_s() {
    for versions in [TLS12, TLS13] {
        let mut identity = good();
        identity.key = good().key;
        let peer = settings(&identity, versions).answers(1);
        let server = peer.server();
        let (net, session) = world([peer]);
        let accepted = identity.certificate();
        session.change_options(|options| options.tls_mut().add_leaves(accepted)).unwrap();
        let (phase, code) = failure(get(&net, &session));
        assert_eq!((phase, code), (xenon::error::Phase::Handshake, xenon::error::Code::TlsProtocol));
        assert_eq!(server.plaintext(), "", "though the certificate itself is accepted");
    }
}
