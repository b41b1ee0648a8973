//! What the other tests stand on: that an instance is given what its setup says, that what is counted is right, and that
//! neither a hang nor a failure passes unseen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use xenon_harness::component::{ErrorCode, Guest, LookupFailure, Phase, Received, Setup};
use xenon_harness::peer::{Gate, Peer, Script};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// Serves so many requests on one connection.
fn serving(requests: usize) -> Peer {
    let one = |script: Script, _| script.expect_head_with(&["GET / HTTP/1.1"]).send(ANSWER);
    Peer::start([(0..requests).fold(Script::new(), one)])
}

/// Sends so many requests to a peer, and answers with the instance that did.
fn after_requests(setup: Setup, requests: usize) -> Guest {
    let peer = serving(requests);
    let guest = Guest::with(setup);
    let session = guest.session("http", "127.0.0.1", peer.port());
    for _ in 0..requests {
        assert_eq!(session.get("/").unwrap().content, b"hi");
    }
    drop(session);
    assert!(peer.finish()[0].is_closed_by_client);
    guest
}

#[test]
fn calls_of_the_host_are_counted_by_name() {
    let setup = Setup { call_names: true, ..Setup::default() };
    let few = after_requests(setup.clone(), 1);
    let more = after_requests(setup, 3);
    let names = few.host_calls_by_name();
    assert_eq!(names.get("tcp-create-socket#create-tcp-socket"), Some(&1), "{names:?}");
    assert_eq!(more.host_calls_by_name().get("tcp-create-socket#create-tcp-socket"), Some(&1));
    assert!(more.host_calls() > few.host_calls());
    // The sum lacks what has no name: making and dropping resources.
    assert!(names.values().sum::<u64>() < few.host_calls());
}

#[test]
fn the_same_work_costs_the_same_fuel() {
    // Making sessions alone: how often a socket must be asked again depends on the machine.
    let cost = || {
        let guest = Guest::with(Setup { fuel: true, ..Setup::default() });
        let sessions: Vec<_> = (0..10).map(|port| guest.session("http", "localhost", port)).collect();
        drop(sessions);
        guest.fuel_used()
    };
    assert!(cost() > 0);
    assert_eq!(cost(), cost());
}

#[test]
fn linear_memory_is_recorded_and_held_to_its_limit() {
    let guest = Guest::new();
    let session = guest.session("http", "localhost", 80);
    let before = guest.peak_memory();
    let content = vec![0; 4 << 20];
    session.request("PUT", "/").set_content(&content);
    let after = guest.peak_memory();
    assert!(after >= before + content.len(), "{before} {after}");

    let guest = Guest::with(Setup { memory: after - 1, ..Setup::default() });
    let session = guest.session("http", "localhost", 80);
    let request = session.request("PUT", "/");
    let outcome = catch_unwind(AssertUnwindSafe(|| request.set_content(&content)));
    assert!(message(outcome).starts_with("the component has trapped"));
    assert!(guest.peak_memory() < after);
}

#[test]
fn what_is_not_given_is_denied() {
    for setup in [Setup { sockets: false, ..Setup::default() }, Setup { addresses: false, ..Setup::default() }] {
        let guest = Guest::with(setup);
        let error = guest.session("http", "127.0.0.1", 1).get("/").unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Connect, ErrorCode::DestinationIpProhibited));
    }
    let guest = Guest::with(Setup { lookup: false, ..Setup::default() });
    let error = guest.session("http", "origin.invalid", 1).get("/").unwrap_err();
    // wasmtime 48 says so little: a resolver that it does not let use is to it one that failed.
    assert_eq!((error.phase, error.code), (Phase::Resolve, ErrorCode::DnsError(LookupFailure::Permanent)));
}

#[test]
fn a_hang_is_a_panic() {
    let guest = Guest::with(Setup { patience: Duration::from_millis(200), ..Setup::default() });
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let timer = guest.timer(Duration::from_secs(3600));
        guest.wait_any(&[], &[], &[&timer], None)
    }));
    assert_eq!(message(outcome), "the component hangs: it has not returned for 200ms");
}

#[test]
fn exchanges_responses_and_timers_are_polled_together() {
    let gate = Gate::new();
    let peer = Peer::start([Script::new()
        .expect_head_with(&["GET / HTTP/1.1"])
        .send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        .wait(&gate)
        .send("cd")]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    let exchange = session.request("GET", "/").start().unwrap();
    assert_eq!(guest.wait_any(&[&exchange], &[], &[], None), [0]);
    let response = exchange.try_response().unwrap().unwrap();
    assert_eq!(response.try_read(100).unwrap(), Received::Content(b"ab".to_vec()));

    let soon = guest.timer(Duration::ZERO);
    assert_eq!(guest.wait_any(&[], &[&response], &[&soon], None), [1]);
    gate.open();
    assert_eq!(guest.wait_any(&[], &[&response], &[], None), [0]);
    assert_eq!(response.try_read(100).unwrap(), Received::Content(b"cd".to_vec()));
    assert_eq!(response.try_read(100).unwrap(), Received::End);
}

fn message<T: std::fmt::Debug>(outcome: std::thread::Result<T>) -> String {
    *outcome.unwrap_err().downcast::<String>().unwrap()
}
