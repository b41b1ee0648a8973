//! When the name is looked up, what replaces a lookup, and how lookups fail.

use xenon::error::{Code, LookupFailure, Phase};
use xenon::net::Fault;
use xenon::session::events;
use xenon::session::settings::AddressFamily;

use crate::support::*;

#[test]
fn a_name_is_looked_up_once_for_each_new_connection() {
    let (net, session) = world([answers(3), answers(1)]);
    for _ in 0..3 {
        get(&net, &session).unwrap();
    }
    assert_eq!((net.lookups().len(), net.connections()), (1, 1));
    session.close_connection();
    assert_eq!(net.lookups().len(), 1, "closing looks nothing up");
    get(&net, &session).unwrap();
    assert_eq!((net.lookups(), net.connections()), (vec![NAME.into(), NAME.into()], 2));
    net.assert_done();
}

#[test]
fn the_answer_is_not_kept() {
    let (net, session) = world([answers(1)]);
    get(&net, &session).unwrap();
    session.close_connection();
    net.name(NAME, [ip("10.0.0.9")]);
    net.listen(at("10.0.0.9:80"), [answers(1)]);
    get(&net, &session).unwrap();
    assert_eq!(net.peer(1), Some(at("10.0.0.9:80")), "the name has moved");
    assert_eq!(net.attempts().len(), 2, "the old address was not tried again");
    net.assert_done();
}

#[test]
fn an_address_is_never_looked_up() {
    let table = [
        ("10.0.0.1", "10.0.0.1:8080", "10.0.0.1:8080"),
        ("::1", "[::1]:8080", "[::1]:8080"),
        ("[::1]", "[::1]:8080", "[::1]:8080"),
        ("[2001:DB8:0::CAFE]", "[2001:db8::cafe]:8080", "[2001:db8::cafe]:8080"),
    ];
    for (host, peer, field) in table {
        let net = crate::again::net();
        net.listen(at(peer), [answers(1)]);
        let session = Session::new(net.clone(), "http", host, 8080);
        assert_eq!(get(&net, &session).unwrap(), "ok", "{host}");
        assert_eq!(net.lookups(), [""; 0], "{host}");
        assert!(sent(&net, 0).contains(&format!("\r\nHost: {field}\r\n")), "{}", sent(&net, 0));
        net.assert_done();
    }
}

#[test]
fn localhost_and_what_is_below_it_are_the_loopback_addresses() {
    let both = ["[::1]:8080", "127.0.0.1:8080"];
    let table: [(AddressFamily, &[&str]); 3] =
        [(AddressFamily::Any, &both), (AddressFamily::Ipv4, &both[1..]), (AddressFamily::Ipv6, &both[..1])];
    for host in ["localhost", "LocalHost", "localhost.", "a.localhost", "a.b.LOCALHOST."] {
        for (family, tried) in table {
            let net = crate::again::net();
            // Whatever a resolver says.
            net.name(&host.to_ascii_lowercase(), [ip("10.0.0.1")]);
            let session = Session::new(net.clone(), "http", host, 8080);
            session.set_events(true);
            session.change_options(|options| options.family = family);
            assert_eq!(failure(get(&net, &session)), (Phase::Connect, Code::ConnectionRefused));
            let attempts: Vec<_> = net.attempts().iter().map(|attempt| attempt.to.to_string()).collect();
            assert_eq!(
                (attempts, net.lookups()),
                (tried.iter().map(|to| (*to).to_owned()).collect(), vec![]),
                "{host}"
            );
            let is_lookup = |event: &events::Event| matches!(event.what, events::Kind::Lookup(_));
            assert!(!session.take_events().iter().any(is_lookup));
        }
        let net = crate::again::net();
        net.listen(at("127.0.0.1:8080"), [answers(1)]);
        let session = Session::new(net.clone(), "http", host, 8080);
        assert_eq!(get(&net, &session).unwrap(), "ok", "{host}");
        assert!(sent(&net, 0).contains(&format!("\r\nHost: {}:8080\r\n", host.to_ascii_lowercase())));
    }
    for host in ["localhost.test", "notlocalhost", "localhost.localdomain", "local"] {
        let net = crate::again::net();
        let session = Session::new(net.clone(), "http", host, 8080);
        get(&net, &session).unwrap_err();
        assert_eq!((net.lookups(), net.attempts().len()), (vec![host.into()], 0));
    }
}

#[test]
fn a_dot_at_the_end_stays_in_lookups_and_in_host() {
    let net = crate::again::net();
    net.name("a.test.", [ip("10.0.0.1")]);
    net.listen(at("10.0.0.1:8080"), [answers(1)]);
    let session = Session::new(net.clone(), "http", "A.test.", 8080);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.lookups(), ["a.test."]);
    assert!(sent(&net, 0).contains("\r\nHost: a.test.:8080\r\n"));
}

#[test]
fn permanent_lookup_failure_mentions_denied_lookups() {
    for (fault, failure, words) in [
        (Fault::ResolverPermanent, LookupFailure::Permanent, "or the host of this component allows no lookups"),
        (Fault::Denied, LookupFailure::Denied, "the host of this component does not allow it"),
    ] {
        let (net, session) = world([]);
        net.name_after(NAME, Some(SECOND), Err(fault));
        let error = get(&net, &session).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Resolve, Code::Lookup(failure)));
        assert!(error.detail.contains(words), "{}", error.detail);
    }
}

#[test]
fn fixed_addresses_stand_for_the_lookup() {
    let (net, session) = world([answers(1)]);
    net.listen(at("10.0.0.2:80"), [answers(1)]);
    net.listen(at("[::1]:8080"), [answers(1)]);
    let set = |addresses: &[&str]| {
        let addresses: Vec<String> = addresses.iter().map(|address| (*address).to_owned()).collect();
        session.set_addresses(&addresses).unwrap();
    };
    set(&["10.0.0.2"]);
    get(&net, &session).unwrap();
    // A setting of connections takes effect with the next one.
    set(&["[::1]:8080"]);
    session.close_connection();
    get(&net, &session).unwrap();
    assert_eq!(net.lookups(), [""; 0]);
    assert_eq!((net.peer(0), net.peer(1)), (Some(at("10.0.0.2:80")), Some(at("[::1]:8080"))));
    for connection in 0..2 {
        assert!(sent(&net, connection).contains("\r\nHost: a.test\r\n"));
    }
    set(&[]);
    session.close_connection();
    get(&net, &session).unwrap();
    assert_eq!((net.lookups().len(), net.peer(2)), (1, Some(at(PEER))));
    net.assert_done();
}

#[test]
fn connections_can_go_elsewhere_than_to_the_origin() {
    let (net, session) = world([]);
    net.name("b.test", [ip("10.0.0.2")]);
    net.listen(at("10.0.0.2:8080"), [answers(1)]);
    net.listen(at("[::1]:81"), [answers(1)]);
    net.listen(at("10.0.0.3:81"), [answers(1)]);
    let set = |host: &str, port| {
        session.set_connect_to(Some((host.into(), port))).unwrap();
        session.close_connection();
    };
    set("b.test", 8080);
    get(&net, &session).unwrap();
    assert_eq!(net.lookups(), ["b.test"], "the origin's own name is not");
    set("::1", 81);
    get(&net, &session).unwrap();
    // Fixed addresses win, with the port that was set.
    session.set_addresses(&["10.0.0.3".into()]).unwrap();
    session.close_connection();
    get(&net, &session).unwrap();
    assert_eq!(net.lookups().len(), 1);
    for connection in 0..3 {
        assert!(sent(&net, connection).contains("\r\nHost: a.test\r\n"));
    }
    net.assert_done();
}

#[test]
fn each_way_to_fail_has_its_own_code() {
    let table = [
        (Fault::NameUnresolvable, LookupFailure::NameUnresolvable),
        (Fault::ResolverTemporary, LookupFailure::Temporary),
        (Fault::ResolverPermanent, LookupFailure::Permanent),
        (Fault::Denied, LookupFailure::Denied),
        (Fault::TimedOut, LookupFailure::Temporary),
        (Fault::NoResources, LookupFailure::Temporary),
        (Fault::Other, LookupFailure::Permanent),
    ];
    for (fault, failed) in table {
        let (net, session) = world([answers(1)]);
        net.name_after(NAME, Some(SECOND), Err(fault));
        for turn in 1..=2 {
            let (outcome, took) = timed(&net, || get(&net, &session));
            let error = outcome.unwrap_err();
            assert_eq!((error.phase, error.code), (Phase::Resolve, Code::Lookup(failed)));
            assert!(error.detail.contains("a.test"), "{}", error.detail);
            assert!(!error.may_retry);
            assert_eq!(took, SECOND);
            assert_eq!(net.lookups().len(), turn, "an error is not kept either");
        }
        assert_eq!(net.attempts(), []);
        net.name(NAME, [at(PEER).ip()]);
        assert_eq!(get(&net, &session).unwrap(), "ok");
    }
}

#[test]
fn a_name_without_addresses_is_no_name() {
    let (net, session) = world([]);
    net.name(NAME, []);
    let unresolvable = (Phase::Resolve, Code::Lookup(LookupFailure::NameUnresolvable));
    assert_eq!(failure(get(&net, &session)), unresolvable);
    let unknown = Session::new(net.clone(), "http", "b.test", 80);
    assert_eq!(failure(get(&net, &unknown)), unresolvable);
}

#[test]
fn a_resolver_that_never_answers_is_given_up() {
    let (net, session) = world([answers(1)]);
    net.name_after(NAME, None, Ok(vec![]));
    set_deadlines(&session, |deadlines| deadlines.lookup = 3 * SECOND);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Resolve, Code::LookupTimeout), 3 * SECOND));
    assert_eq!(net.attempts(), []);
    net.name(NAME, [at(PEER).ip()]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
}

#[test]
fn only_addresses_of_the_family_that_is_set_are_used() {
    let table = [
        (AddressFamily::Any, "[::1]:80", 2),
        (AddressFamily::Ipv4, "10.0.0.1:80", 1),
        (AddressFamily::Ipv6, "[::1]:80", 1),
    ];
    for (family, first, tried) in table {
        let (net, session) = world([]);
        net.name(NAME, [ip("::1"), ip("10.0.0.1")]);
        session.change_options(|options| options.family = family);
        assert_eq!(failure(get(&net, &session)), (Phase::Connect, Code::ConnectionRefused));
        let attempts = net.attempts();
        assert_eq!((attempts[0].to, attempts.len()), (at(first), tried), "{family:?}");
    }
}

#[test]
fn a_family_without_addresses_is_a_lookup_that_failed() {
    let (net, session) = world([]);
    session.change_options(|options| options.family = AddressFamily::Ipv6);
    let unresolvable = (Phase::Resolve, Code::Lookup(LookupFailure::NameUnresolvable));
    assert_eq!(failure(get(&net, &session)), unresolvable);
    session.set_addresses(&["10.0.0.1".into()]).unwrap();
    assert_eq!(failure(get(&net, &session)), unresolvable);
    let literal = Session::new(net.clone(), "http", "10.0.0.1", 80);
    literal.change_options(|options| options.family = AddressFamily::Ipv6);
    assert_eq!(failure(get(&net, &literal)), unresolvable);
    assert_eq!(net.attempts(), []);
}

#[test]
fn connections_start_from_the_local_address_that_is_set() {
    let (net, session) = world([answers(1), answers(1)]);
    session.change_options(|options| options.set_local_address(Some("10.0.0.7"))).unwrap();
    get(&net, &session).unwrap();
    assert_eq!(net.local_address(0), Some(ip("10.0.0.7")));
    session.change_options(|options| options.set_local_address(None)).unwrap();
    session.close_connection();
    get(&net, &session).unwrap();
    assert_eq!(net.local_address(1), None);

    session.change_options(|options| options.set_local_address(Some("::1"))).unwrap();
    session.close_connection();
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Connect, Code::Configuration));
    assert!(error.detail.contains("local address"), "{}", error.detail);
}

#[test]
fn exchanges_of_one_session_at_once_look_up_for_themselves() {
    let (net, session) = world([answers(1), answers(1)]);
    net.name_after(NAME, Some(SECOND), Ok(vec![at(PEER).ip()]));
    let (first, second) = (start(&session), start(&session));
    assert_eq!(poll(&net, &[&first, &second], &[], None), [0, 1]);
    assert_eq!((net.lookups().len(), net.connections()), (2, 2));
    assert_eq!((finish(&net, &first).unwrap(), finish(&net, &second).unwrap()), ("ok".into(), "ok".into()));
    net.assert_done();
}
