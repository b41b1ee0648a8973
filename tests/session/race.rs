//! Which addresses are tried, when, and which wins (RFC 8305).

use std::time::Duration;

use xenon::error::{Code, Error, Phase};
use xenon::net::Fault;
use xenon::net::sim::{Script, SimNet};

use crate::support::*;

const STAGGER: Duration = Duration::from_millis(250);

/// A world in which [`NAME`] has these addresses, all with port 80, and no listener.
fn world_at(addresses: &[&str]) -> (SimNet, Session) {
    let net = crate::again::net();
    net.name(NAME, addresses.iter().map(|address| ip(address)));
    let session = session_of(&net);
    (net, session)
}

fn port_80(address: &str) -> std::net::SocketAddr {
    std::net::SocketAddr::new(ip(address), 80)
}

/// The addresses of the attempts, with their times in milliseconds since the first.
fn attempts(net: &SimNet) -> Vec<(String, u128)> {
    let attempts = net.attempts();
    let first = attempts.first().map(|attempt| attempt.at);
    let when = |at: xenon::clock::Instant| first.map_or(0, |first| at.since(first).as_millis());
    attempts.iter().map(|attempt| (attempt.to.ip().to_string(), when(attempt.at))).collect()
}

fn tried(expected: &[(&str, u128)]) -> Vec<(String, u128)> {
    expected.iter().map(|(address, when)| ((*address).to_owned(), *when)).collect()
}

#[test]
fn the_next_attempt_begins_after_250_ms_of_silence() {
    let (net, session) = world_at(&["::1", "10.0.0.1", "10.0.0.2"]);
    net.listen_after(port_80("::1"), None, []);
    net.listen_after(port_80("10.0.0.1"), None, []);
    net.listen(port_80("10.0.0.2"), [answers(1)]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), 2 * STAGGER));
    assert_eq!(attempts(&net), tried(&[("::1", 0), ("10.0.0.1", 250), ("10.0.0.2", 500)]));
}

#[test]
fn no_second_attempt_is_made_where_the_first_is_in_time() {
    let (net, session) = world_at(&["::1", "10.0.0.1"]);
    net.listen_after(port_80("::1"), Some(249 * MILLISECOND), [answers(1)]);
    net.listen(port_80("10.0.0.1"), []);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), 249 * MILLISECOND));
    assert_eq!(attempts(&net), tried(&[("::1", 0)]));
}

#[test]
fn a_failure_makes_way_for_the_next() {
    let (net, session) = world_at(&["::1", "10.0.0.1", "::2", "10.0.0.2"]);
    net.fail_connecting(port_80("::1"), Some(100 * MILLISECOND), Fault::Unreachable);
    net.listen_after(port_80("10.0.0.1"), None, []);
    net.fail_connecting(port_80("::2"), Some(Duration::ZERO), Fault::Refused);
    net.listen_after(port_80("10.0.0.2"), Some(7 * MILLISECOND), [answers(1)]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    outcome.unwrap();
    assert_eq!(attempts(&net), tried(&[("::1", 0), ("10.0.0.1", 100), ("::2", 350), ("10.0.0.2", 360)]));
    assert_eq!(took, 367 * MILLISECOND);
}

#[test]
fn no_attempt_begins_within_10_ms_of_another() {
    let (net, session) = world_at(&["::1", "10.0.0.1", "::2"]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ConnectionRefused), 20 * MILLISECOND));
    assert_eq!(attempts(&net), tried(&[("::1", 0), ("10.0.0.1", 10), ("::2", 20)]));
}

#[test]
fn the_first_to_connect_wins_and_the_others_are_given_up() {
    let (net, session) = world_at(&["::1", "10.0.0.1"]);
    net.listen_after(port_80("::1"), Some(300 * MILLISECOND), [answers(1)]);
    net.listen_after(port_80("10.0.0.1"), Some(20 * MILLISECOND), [answers(1)]);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), 270 * MILLISECOND));
    assert_eq!((net.connections(), net.peer(0)), (1, Some(port_80("10.0.0.1"))));
    net.advance(SECOND);
    get(&net, &session).unwrap_err();
    assert_eq!((net.connections(), net.open_connections()), (1, 0), "the loser was never connected");
}

#[test]
fn of_two_that_connect_at_once_the_earlier_attempt_wins() {
    let (net, session) = world_at(&["::1", "10.0.0.1"]);
    net.listen_after(port_80("::1"), Some(300 * MILLISECOND), [answers(1)]);
    net.listen_after(port_80("10.0.0.1"), Some(50 * MILLISECOND), [answers(1)]);
    get(&net, &session).unwrap();
    assert_eq!((net.connections(), net.peer(0)), (1, Some(port_80("::1"))));
    drop(session);
    assert_eq!(net.open_connections(), 0);
}

#[test]
fn families_take_turns_whatever_the_resolver_says() {
    let (net, session) = world_at(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]);
    get(&net, &session).unwrap_err();
    let order: Vec<_> = attempts(&net).into_iter().map(|(address, _)| address).collect();
    assert_eq!(order, ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]);
}

#[test]
fn the_address_that_was_good_comes_first_the_next_time() {
    let (net, session) = world_at(&["::1", "10.0.0.1"]);
    net.listen(port_80("10.0.0.1"), [answers(1), answers(1)]);
    get(&net, &session).unwrap();
    session.close_connection();
    get(&net, &session).unwrap();
    let order: Vec<_> = attempts(&net).into_iter().map(|(address, _)| address).collect();
    assert_eq!(order, ["::1", "10.0.0.1", "10.0.0.1"]);

    // It is only the first: if it fails, the others are tried.
    net.listen(port_80("::1"), [answers(1)]);
    session.close_connection();
    get(&net, &session).unwrap();
    assert_eq!(net.peer(2), Some(port_80("::1")));
}

#[test]
fn last_good_address_depends_on_the_local_address() {
    let (net, session) = world_at(&["::1", "10.0.0.1"]);
    net.listen(port_80("10.0.0.1"), [answers(1), answers(1)]);
    get(&net, &session).unwrap();
    session.close_connection();
    session.change_options(|options| options.set_local_address(Some("10.0.0.9"))).unwrap();
    get(&net, &session).unwrap();
    let order: Vec<_> = attempts(&net).into_iter().map(|(address, _)| address).collect();
    assert_eq!(order, ["::1", "10.0.0.1", "::1", "10.0.0.1"]);
}

#[test]
fn no_more_addresses_are_tried_than_the_limit() {
    let many: Vec<String> = (0..200).map(|number| format!("10.0.1.{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (net, session) = world_at(&many);
    get(&net, &session).unwrap_err();
    assert_eq!(net.attempts().len(), 16);
    set_limits(&session, |limits| limits.addresses = 2);
    get(&net, &session).unwrap_err();
    assert_eq!(net.attempts().len(), 18);
    let fixed: Vec<String> = many.iter().map(|address| (*address).to_owned()).collect();
    session.set_addresses(&fixed).unwrap();
    get(&net, &session).unwrap_err();
    assert_eq!(net.attempts().len(), 20);
}

#[test]
fn the_limit_picks_from_both_families() {
    let (net, session) = world_at(&["::1", "::2", "::3", "10.0.0.1"]);
    set_limits(&session, |limits| limits.addresses = 2);
    get(&net, &session).unwrap_err();
    assert_eq!(attempts(&net), tried(&[("::1", 0), ("10.0.0.1", 10)]));
}

/// The error if all these addresses are silent, and the time until then.
fn silence(addresses: &[&str], attempt: Duration, connect: Duration) -> (Error, Duration) {
    let (net, session) = world_at(addresses);
    for address in addresses {
        net.listen_after(port_80(address), None, []);
    }
    set_deadlines(&session, |deadlines| (deadlines.attempt, deadlines.connect) = (attempt, connect));
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((net.connections(), net.open_connections()), (0, 0));
    (outcome.unwrap_err(), took)
}

#[test]
fn each_attempt_has_its_deadline() {
    let (error, took) = silence(&["10.0.0.1"], 3 * SECOND, 60 * SECOND);
    assert_eq!((error.phase, error.code, took), (Phase::Connect, Code::ConnectionTimeout, 3 * SECOND));
    let (error, took) = silence(&["10.0.0.1", "10.0.0.2"], 3 * SECOND, 60 * SECOND);
    assert_eq!((error.code, took), (Code::ConnectionTimeout, 3 * SECOND + STAGGER));
}

#[test]
fn an_attempt_that_times_out_makes_way_for_the_next() {
    let (net, session) = world_at(&["10.0.0.1", "10.0.0.2"]);
    net.listen_after(port_80("10.0.0.1"), None, []);
    net.listen(port_80("10.0.0.2"), [answers(1)]);
    set_deadlines(&session, |deadlines| deadlines.attempt = 100 * MILLISECOND);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((outcome.unwrap(), took), ("ok".into(), 100 * MILLISECOND));
}

#[test]
fn all_attempts_together_have_a_deadline() {
    let (error, took) = silence(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], 60 * SECOND, 2 * SECOND);
    assert_eq!((error.phase, error.code, took), (Phase::Connect, Code::ConnectionTimeout, 2 * SECOND));
    for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
        assert!(error.detail.contains(address), "{}", error.detail);
    }
}

#[test]
fn what_connects_at_the_deadline_is_in_time() {
    let (net, session) = world_at(&["10.0.0.1"]);
    net.listen_after(port_80("10.0.0.1"), Some(2 * SECOND), [answers(1)]);
    set_deadlines(&session, |deadlines| (deadlines.attempt, deadlines.connect) = (2 * SECOND, 2 * SECOND));
    assert_eq!(get(&net, &session).unwrap(), "ok");
}

#[test]
fn the_exchanges_own_deadline_has_its_own_name_here_too() {
    let (net, session) = world_at(&["10.0.0.1"]);
    net.listen_after(port_80("10.0.0.1"), None, []);
    set_deadlines(&session, |deadlines| deadlines.exchange = SECOND);
    let (outcome, took) = timed(&net, || get(&net, &session));
    assert_eq!((failure(outcome), took), ((Phase::Connect, Code::ExchangeTimeout), SECOND));
}

#[test]
fn every_failure_is_named() {
    let (net, session) = world_at(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    net.fail_connecting(port_80("10.0.0.2"), Some(MILLISECOND), Fault::Unreachable);
    net.listen_after(port_80("10.0.0.3"), None, []);
    let error = get(&net, &session).unwrap_err();
    assert_eq!((error.phase, error.code), (Phase::Connect, Code::ConnectionTimeout));
    let expected =
        ["10.0.0.1:80: connection refused", "10.0.0.2:80: no route to the address", "10.0.0.3:80: timed out"];
    for words in expected {
        assert!(error.detail.contains(words), "{words:?} is not in {:?}", error.detail);
    }
}

#[test]
fn each_way_to_fail_has_its_own_code() {
    let table = [
        (Fault::Refused, Code::ConnectionRefused),
        (Fault::Unreachable, Code::DestinationUnroutable),
        (Fault::TimedOut, Code::ConnectionTimeout),
        (Fault::Denied, Code::DestinationProhibited),
        (Fault::Reset, Code::ConnectionTerminated),
        (Fault::LocalAddress, Code::Configuration),
        (Fault::NoResources, Code::ConnectionLimitReached),
        (Fault::Other, Code::Other(None)),
    ];
    for (fault, code) in table {
        let (net, session) = world_at(&["10.0.0.1"]);
        net.fail_connecting(port_80("10.0.0.1"), Some(SECOND), fault);
        let error = get(&net, &session).unwrap_err();
        assert_eq!((error.phase, error.code, error.may_retry), (Phase::Connect, code, false), "{fault:?}");
    }
}

#[test]
fn a_peer_that_closes_at_once_is_no_failure_to_connect() {
    // It accepted the connection, so the client does not try the next address.
    let (net, session) = world_at(&["10.0.0.1", "10.0.0.2"]);
    net.listen(port_80("10.0.0.1"), [Script::new().close()]);
    net.listen(port_80("10.0.0.2"), [answers(1)]);
    let (phase, code) = failure(get(&net, &session));
    assert_eq!((phase, code), (Phase::Head, Code::ConnectionTerminated));
    assert_eq!(net.attempts().len(), 1);
}
