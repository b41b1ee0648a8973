//! Which issuers a session trusts, and what the certificates between them and the server's must allow.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints,
    date_time_ymd,
};
use xenon::error::Checks;

use crate::authority::{Authority, TODAY, root, self_signed, stranger};
use crate::support::*;
use crate::verdict::{checks_on, is_accepted, verdict_on};

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
