//! Certificates that a caller accepts as they are, and that each session trusts for itself.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, IsCa, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519,
};
use xenon::error::{Checks, Code, Phase};

use crate::authority::{Authority, Identity, TODAY, days, root, self_signed, stranger, version_1};
use crate::server::*;
use crate::support::*;
use crate::verdict::verdict_on;

#[test]
fn accepting_a_rejected_certificate_accepts_no_other() {
    for versions in [TLS12, TLS13] {
        let leaf = stranger().leaf(&["b.test"], |_| {});
        let other = stranger().leaf(&["b.test"], |_| {});
        let (of_leaf, of_other) = (settings(&leaf, versions), settings(&other, versions));
        let (net, session) = world([of_leaf.answers(1), of_leaf.answers(1), of_other.answers(1), of_leaf.answers(1)]);
        net.set_wall_clock(TODAY + days(365 * 3));
        let rejected = rejection(get(&net, &session));
        let all = Checks { expired: true, wrong_name: true, untrusted_issuer: true, ..PASSED };
        assert_eq!(rejected.checks, all);
        session.change_options(|options| options.tls_mut().add_leaves(&rejected.chain[0])).unwrap();
        assert_eq!(get(&net, &session).unwrap(), "ok");
        session.close_connection();
        assert_eq!(rejection(get(&net, &session)).checks, all, "another certificate of the same issuer");
        net.set_wall_clock(Duration::ZERO);
        assert_eq!(get(&net, &session).unwrap(), "ok", "whatever its dates");
    }
}

#[test]
fn an_accepted_leaf_is_no_root() {
    let own = self_signed(&["b.test"], |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let issuer = Authority::root("Own");
    let issued = issuer.leaf(&[NAME], |_| {}).under(&[&issuer]);
    let (net, session) = world([settings(&issued, TLS13).answers(1)]);
    session.change_options(|options| {
        options.tls_mut().add_leaves(own.certificate()).unwrap();
        options.tls_mut().add_leaves(&issuer.certificate).unwrap();
    });
    assert_eq!(rejection(get(&net, &session)).checks, Checks { untrusted_issuer: true, ..PASSED });
}

#[test]
fn what_cannot_be_verified_can_be_accepted_as_it_is() {
    let unknown = |params: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let mut old = root().leaf_with(algorithm, &[NAME], |_| {});
        old.chain = vec![version_1(old.certificate()).into()];
        let odd = root().leaf_with(algorithm, &[NAME], unknown);
        for (identity, words) in [(old, "it is of version 1"), (odd, "the critical extension 1.2.3")] {
            let rejected = verdict_on(&identity, NAME, TODAY).unwrap();
            assert_eq!(rejected.checks, Checks { other: true, ..PASSED });
            assert!(rejected.to_string().contains(words), "{rejected}");
            let other = Identity { key: root().leaf_with(algorithm, &[NAME], |_| {}).key, ..identity.clone() };
            for versions in [TLS12, TLS13] {
                let of = |identity| settings(identity, versions).answers(1);
                let (net, session) = world([of(&identity), of(&other)]);
                session.change_options(|options| options.tls_mut().add_leaves(&rejected.chain[0]).unwrap());
                assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
                // Whoever shows it needs its key.
                session.close_connection();
                session.change_options(|options| options.tls_mut().set_default_roots(false));
                assert_eq!(failure(get(&net, &session)), (Phase::Handshake, Code::TlsProtocol));
            }
        }
    }
}

#[test]
fn rejection_of_a_server_given_as_root_says_what_helps() {
    let authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for identity in [self_signed(&[NAME], authority), self_signed(&["b.test"], |_| {})] {
        let servers = || settings(&identity, TLS13).answers(1);
        let (net, session) = world([servers(), servers(), servers()]);
        assert!(!rejection(get(&net, &session)).to_string().contains("given as a root"));
        session.change_options(|options| options.tls_mut().add_roots(identity.certificate()).unwrap());
        let rejected = rejection(get(&net, &session));
        assert!(
            rejected.to_string().contains("it was given as a root; accepting exactly this certificate"),
            "{rejected}"
        );
        session.change_options(|options| options.tls_mut().add_leaves(&rejected.chain[0]).unwrap());
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
    }
    // One that is no authority, and right in all else, is accepted as a root too.
    let identity = self_signed(&[NAME], |_| {});
    let (net, session) = world([settings(&identity, TLS13).answers(1)]);
    session.change_options(|options| options.tls_mut().add_roots(identity.certificate()).unwrap());
    assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
}

#[test]
fn one_session_s_trust_is_nobody_else_s() {
    let leaf = stranger().leaf(&[NAME], |_| {});
    let of_leaf = settings(&leaf, TLS13);
    let (net, session) = world([of_leaf.answers(1), of_leaf.answers(1)]);
    session.change_options(|options| options.tls_mut().add_leaves(leaf.certificate())).unwrap();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let second = session_of(&net, NAME);
    assert_eq!(rejection(get(&net, &second)).checks, Checks { untrusted_issuer: true, ..PASSED });
}

#[test]
fn a_session_that_trusts_nobody_or_the_world_trusts_no_test() {
    for has_default_roots in [false, true] {
        let (net, _) = world([settings(&good(), TLS13).answers(1)]);
        let session = Session::new(net.clone(), "https", NAME, 443);
        session.change_options(|options| options.tls_mut().set_default_roots(has_default_roots));
        assert_eq!(rejection(get(&net, &session)).checks, Checks { untrusted_issuer: true, ..PASSED });
    }
}
