//! Origins that are reached without a proxy.

use crate::peer::peer;
use crate::support::*;

#[test]
fn they_go_straight_and_others_do_not() {
    let table = [
        ("origin.test", true),
        (".test", true),
        ("test:80", true),
        ("*", true),
        ("test:443", false),
        ("n.test", false),
        ("10.0.0.0/8", false),
    ];
    for (entry, is_direct) in table {
        let net = world([peer().expect(head("GET http://origin.test/")).send(ok("proxy")).script()]);
        net.name(ORIGIN, [at("10.0.0.1:80").ip()]);
        net.listen(at("10.0.0.1:80"), [peer().expect(head("GET /")).send(ok("direct")).script()]);
        let session = through(&net, "http", "http");
        session.change_options(|options| options.proxying.set_exemptions(&[entry]).unwrap());
        assert_eq!(get(&net, &session).unwrap(), if is_direct { "direct" } else { "proxy" }, "{entry}");
        // The name of neither is looked up in vain.
        assert_eq!(net.lookups(), [if is_direct { ORIGIN } else { PROXY }]);
    }
}

#[test]
fn addresses_are_compared_with_addresses() {
    for (entry, host, is_direct) in [
        ("10.0.0.0/24", "10.0.0.1", true),
        ("10.0.1.0/24", "10.0.0.1", false),
        ("fd00::/8", "[fd00::1]", true),
        ("[fd00::1]:80", "fd00::1", true),
        ("fd00::2", "fd00::1", false),
    ] {
        let net = world([peer().head().send(ok("proxy")).script()]);
        for address in ["10.0.0.1:80", "[fd00::1]:80"] {
            net.listen(at(address), [peer().head().send(ok("direct")).script()]);
        }
        let session = session_with(&net, "http", host, &[PROXY]);
        session.change_options(|options| options.proxying.set_exemptions(&[entry]).unwrap());
        assert_eq!(get(&net, &session).unwrap(), if is_direct { "direct" } else { "proxy" }, "{entry}");
    }
}
