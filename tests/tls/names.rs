//! Which names and addresses a certificate is for.

use rcgen::{CertificateParams, DnType};

use crate::authority::{TODAY, root};
use crate::support::*;
use crate::verdict::{is_accepted, verdict_on};

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
