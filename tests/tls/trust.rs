//! Which certificates are accepted, what is said of those that are not, and that nobody of theirs hears a word of HTTP.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, NameConstraints, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd,
};
use std::time::Duration;
use xenon::error::{Checks, Code, Phase, Rejected};
use xenon::session::events::CloseReason;

use crate::authority::{Authority, Identity, TODAY, days, root, self_signed, stranger, version_1};
use crate::server::*;
use crate::support::*;

/// What is said of this server, by a session with this host on this day that trusts the test's root; none if it is accepted.
fn verdict_on(identity: &Identity, host: &str, now: Duration) -> Option<Rejected> {
    let mut verdicts = [TLS12, TLS13].into_iter().map(|versions| {
        let peer = settings(identity, versions).answers(1);
        let server = peer.server();
        let (net, _) = world([peer]);
        net.set_wall_clock(now);
        let session = session_of(&net, host);
        session.set_addresses(&["10.0.0.1".into()]).unwrap();
        let outcome = get(&net, &session);
        if let Ok(content) = outcome {
            assert_eq!(content, "ok");
            return None;
        }
        let rejected = rejection(outcome);
        assert_silent(&net, &server);
        assert_eq!(closings(&session), [CloseReason::Failed]);
        assert_eq!(net.open_connections(), 0);
        let presented: Vec<Vec<u8>> = identity.chain.iter().map(|one| one.to_vec()).collect();
        assert_eq!(rejected.chain, presented, "the caller sees all of the chain, in its order");
        Some(rejected)
    });
    let (old, new) = (verdicts.next().unwrap(), verdicts.next().unwrap());
    assert_eq!(old, new, "the version makes no difference");
    new
}

/// Neither HTTP nor anything that could hold it has left the client, which has said why it ended the handshake.
fn assert_silent(net: &xenon::net::sim::SimNet, server: &Server) {
    assert_eq!(server.plaintext(), "");
    assert_eq!(net.connections(), 1);
    // In TLS 1.3 an alert looks like content, and then is no longer than one.
    let kinds = records(net, 0);
    assert!(matches!(kinds[..], [HANDSHAKE, ALERT] | [HANDSHAKE, 20, CONTENT] | [HANDSHAKE, 20, ALERT]), "{kinds:?}");
    let sent = net.sent(0);
    assert!(kinds[kinds.len() - 1] == ALERT || sent[sent.len() - 24 + 3..][..2] == [0, 19], "{kinds:?}");
    assert!(matches!(server.error(), Some(rustls::Error::AlertReceived(_))), "{:?}", server.error());
}

fn checks_on(identity: &Identity, now: Duration) -> Checks {
    verdict_on(identity, NAME, now).map_or(PASSED, |rejected| rejected.checks)
}

fn is_accepted(identity: &Identity, host: &str) -> bool {
    match verdict_on(identity, host, TODAY) {
        None => true,
        Some(rejected) => {
            assert_eq!(rejected.checks, Checks { wrong_name: true, ..PASSED }, "{host}");
            false
        }
    }
}

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
fn names_are_compared_as_they_should_be() {
    for (presented, host, accepted) in [
        ("a.test", "a.test", true),
        ("A.TEST", "a.test", true),
        ("a.test", "A.test", true),
        ("a.test", "a.test.", true),
        ("a.test", "b.test", false),
        ("a.test", "b.a.test", false),
        ("b.a.test", "a.test", false),
        ("*.a.test", "b.a.test", true),
        ("*.A.test", "b.a.test", true),
        ("*.a.test", "a.test", false),
        ("*.a.test", "c.b.a.test", false),
        ("*.test", "a.test", false),
        ("*.test", "test", false),
        ("*", "test", false),
        ("*.10.0.0.1", "10.0.0.1", false),
    ] {
        assert_eq!(is_accepted(&root().leaf(&[presented], |_| {}), host), accepted, "{presented:?} for {host:?}");
    }
    let several = root().leaf(&["x.test", "a.test", "10.0.0.1", "y.test"], |_| {});
    for (host, accepted) in
        [("x.test", true), ("a.test", true), ("10.0.0.1", true), ("y.test", true), ("z.test", false)]
    {
        assert_eq!(is_accepted(&several, host), accepted, "{host}");
    }
}

#[test]
fn a_wildcard_is_a_whole_label_and_the_first() {
    for presented in ["b*.a.test", "*b.a.test", "b*b.a.test", "b.*.test", "*.*.test", "**.a.test", "b.a.*"] {
        let leaf = root().leaf(&[presented], |_| {});
        for host in ["b.a.test", "bb.a.test", "xb.a.test"] {
            let checks = verdict_on(&leaf, host, TODAY).map(|rejected| rejected.checks);
            assert!(checks.is_some_and(|checks| checks.wrong_name || checks.other), "{presented:?} for {host:?}");
        }
    }
}

#[test]
fn addresses_are_compared_with_addresses_alone() {
    for (presented, host, accepted) in [
        ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.2", "10.0.0.1", false),
        ("::1", "[::1]", true),
        ("::1", "[0:0::1]", true),
        ("::2", "[::1]", false),
        ("a.test", "10.0.0.1", false),
        ("10.0.0.1", "a.test", false),
        ("::ffff:10.0.0.1", "10.0.0.1", false),
    ] {
        assert_eq!(is_accepted(&root().leaf(&[presented], |_| {}), host), accepted, "{presented:?} for {host:?}");
    }
    // An address as the name of a host.
    let name = root().leaf(&[], |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("10.0.0.1".try_into().unwrap())];
    });
    let rejected = verdict_on(&name, "10.0.0.1", TODAY).unwrap();
    assert!(rejected.checks.wrong_name);
}

#[test]
fn the_common_name_names_nobody() {
    let common = |params: &mut CertificateParams| params.distinguished_name.push(DnType::CommonName, NAME);
    assert!(!is_accepted(&root().leaf(&[], common), NAME));
    assert!(!is_accepted(&root().leaf(&["b.test"], common), NAME));
    let address = |params: &mut CertificateParams| params.distinguished_name.push(DnType::CommonName, "10.0.0.1");
    assert!(!is_accepted(&root().leaf(&[], address), "10.0.0.1"));
}

#[test]
fn each_kind_of_key_serves() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        assert_eq!(checks_on(&root().leaf_with(algorithm, &[NAME], |_| {}), TODAY), PASSED);
    }
}

#[test]
fn only_who_is_trusted_may_issue() {
    let untrusted = Checks { untrusted_issuer: true, ..PASSED };
    assert_eq!(checks_on(&stranger().leaf(&[NAME], |_| {}), TODAY), untrusted);
    assert_eq!(checks_on(&stranger().leaf(&[NAME], |_| {}).under(&[stranger()]), TODAY), untrusted);
    assert_eq!(checks_on(&self_signed(&[NAME], |_| {}), TODAY), untrusted);
    // As OpenSSL makes them, unless it is told otherwise.
    let own_authority = self_signed(&[NAME], |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(checks_on(&own_authority, TODAY), Checks { untrusted_issuer: true, other: true, ..PASSED });
    let intermediate = root().intermediate("Between", |_| {});
    assert_eq!(checks_on(&intermediate.leaf(&[NAME], |_| {}), TODAY), untrusted, "one between is missing");
    let lookalike = Authority::root("Test Root");
    let forged = verdict_on(&lookalike.leaf(&[NAME], |_| {}), NAME, TODAY).unwrap().checks;
    assert_eq!(forged, Checks { bad_chain: true, ..PASSED }, "another key under the name of a root");
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
fn chains_may_be_long_and_in_any_order() {
    let first = root().intermediate("First", |_| {});
    let second = first.intermediate("Second", |_| {});
    let third = second.intermediate("Third", |_| {});
    let leaf = third.leaf(&[NAME], |_| {});
    let unrelated = stranger().intermediate("Unrelated", |_| {});
    for order in [
        vec![&third, &second, &first],
        vec![&first, &second, &third],
        vec![&second, &third, &first, root()],
        vec![root(), &unrelated, stranger(), &first, &third, &second, &third],
    ] {
        assert_eq!(checks_on(&leaf.clone().under(&order), TODAY), PASSED);
    }
    let untrusted = Checks { untrusted_issuer: true, ..PASSED };
    assert_eq!(checks_on(&leaf.under(&[&third, &first]), TODAY), untrusted);
}

#[test]
fn who_stands_between_must_be_allowed_to() {
    type Change = fn(&mut CertificateParams);
    let bad = Checks { bad_chain: true, ..PASSED };
    let changes: [(&str, Change, bool); 10] = [
        ("as it is", |_| {}, true),
        ("expired", |params| params.not_after = date_time_ymd(2026, 5, 31), false),
        ("not yet valid", |params| params.not_before = date_time_ymd(2026, 6, 2), false),
        ("no authority", |params| params.is_ca = IsCa::NoCa, false),
        ("expressly no authority", |params| params.is_ca = IsCa::ExplicitNoCa, false),
        ("path length 0", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)), true),
        ("other names only", |params| params.name_constraints = Some(only_within("b.test")), false),
        ("its names only", |params| params.name_constraints = Some(only_within("test")), true),
        ("not its names", |params| params.name_constraints = Some(without("a.test")), false),
        ("not other names", |params| params.name_constraints = Some(without("b.test")), true),
    ];
    for (what, change, is_good) in changes {
        let between = root().intermediate("Between", change);
        let leaf = between.leaf(&[NAME], |_| {}).under(&[&between]);
        assert_eq!(checks_on(&leaf, TODAY), if is_good { PASSED } else { bad }, "{what}");
    }
    let short = root().intermediate("Short", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below = short.intermediate("Below", |_| {});
    assert_eq!(checks_on(&below.leaf(&[NAME], |_| {}).under(&[&below, &short]), TODAY), bad, "path length");
    let clients =
        root().intermediate("Clients", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let checks = checks_on(&clients.leaf(&[NAME], |_| {}).under(&[&clients]), TODAY);
    assert_eq!(checks, bad, "it issues for clients only");
    let of_addresses = root().intermediate("Addresses", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([10, 0, 0, 0], 8))],
            excluded_subtrees: Vec::new(),
        });
    });
    let inside = of_addresses.leaf(&["10.0.0.1"], |_| {}).under(&[&of_addresses]);
    assert!(is_accepted(&inside, "10.0.0.1"));
    let outside = of_addresses.leaf(&["10.0.0.1", "11.0.0.1"], |_| {}).under(&[&of_addresses]);
    assert_eq!(verdict_on(&outside, "10.0.0.1", TODAY).unwrap().checks, bad);
}

fn only_within(name: &str) -> NameConstraints {
    NameConstraints { permitted_subtrees: vec![GeneralSubtree::DnsName(name.into())], excluded_subtrees: Vec::new() }
}

fn without(name: &str) -> NameConstraints {
    NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees: vec![GeneralSubtree::DnsName(name.into())] }
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
