//! Many exchanges in one instance of the built component, driven by `poll`.

use std::time::{Duration, Instant};

use xenon_harness::component::{Exchange, Guest, Received};
use xenon_harness::peer::{Gate, Peer, Script};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn script() -> Script {
    Script::new().expect_head_with(&[])
}

#[test]
fn one_instance_drives_a_hundred_exchanges_at_once() {
    // Every answer waits until all hundred requests are there, which only happens when they are under way together.
    let gate = Gate::new();
    let scripts: Vec<_> = (0..100).map(|_| script().wait(&gate).send(OK)).collect();
    let peer = Peer::start(scripts);
    let guest = Guest::new();
    let sessions: Vec<_> = (0..100).map(|_| guest.session("http", "127.0.0.1", peer.port())).collect();
    let exchanges: Vec<Exchange> =
        sessions.iter().map(|session| session.request("GET", "/").start().unwrap()).collect();
    let waiting: Vec<&Exchange> = exchanges.iter().collect();
    let patience = Instant::now();
    while peer.accepted() < 100 {
        assert!(patience.elapsed() < Duration::from_secs(30), "{} connections", peer.accepted());
        assert_eq!(guest.wait_any(&waiting, &[], &[], Some(Duration::from_millis(10))), Vec::<u32>::new());
    }
    gate.open();
    let mut answered = [false; 100];
    while answered.contains(&false) {
        let indices: Vec<usize> = (0..100).filter(|&index| !answered[index]).collect();
        let waiting: Vec<&Exchange> = indices.iter().map(|&index| &exchanges[index]).collect();
        for ready in guest.wait_any(&waiting, &[], &[], Some(Duration::from_secs(10))) {
            let index = indices[ready as usize];
            let response = exchanges[index].try_response().unwrap().expect("wait-any said so");
            assert_eq!(response.read_to_end().unwrap(), b"hello");
            answered[index] = true;
        }
    }
    drop(exchanges);
    drop(sessions);
    peer.finish();
}

#[test]
fn hundreds_may_be_ready_at_the_same_moment() {
    // A host may grant a task a budget for each turn (tokio: 128 operations), so that whoever is ready beyond it seems not
    // to be; it must not become a busy loop.
    let gate = Gate::new();
    let scripts: Vec<_> = (0..300).map(|_| script().wait(&gate).send(OK)).collect();
    let peer = Peer::start(scripts);
    let guest = Guest::new();
    let sessions: Vec<_> = (0..300).map(|_| guest.session("http", "127.0.0.1", peer.port())).collect();
    let exchanges: Vec<Exchange> =
        sessions.iter().map(|session| session.request("GET", "/").start().unwrap()).collect();
    let patience = Instant::now();
    while peer.accepted() < 300 {
        assert!(patience.elapsed() < Duration::from_secs(30), "{} connections", peer.accepted());
        guest.wait_any(&exchanges.iter().collect::<Vec<_>>(), &[], &[], Some(Duration::from_millis(10)));
    }
    gate.open();
    let mut open: Vec<&Exchange> = exchanges.iter().collect();
    while !open.is_empty() {
        let ready = guest.wait_any(&open, &[], &[], Some(Duration::from_secs(10)));
        assert_ne!(ready, [], "{} are left", open.len());
        for index in ready.into_iter().rev() {
            let response = open.swap_remove(index as usize).try_response().unwrap().expect("wait-any said so");
            assert_eq!(response.read_to_end().unwrap(), b"hello");
        }
    }
    drop(exchanges);
    drop(sessions);
    peer.finish();
}

#[test]
fn poll_names_the_callers_own_pollables_and_ends_in_time() {
    let peer = Peer::start([script().stall()]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    let exchange = session.request("GET", "/").start().unwrap();
    let timer = guest.timer(Duration::from_millis(20));
    let far = guest.timer(Duration::from_secs(3600));
    assert_eq!(guest.wait_any(&[&exchange], &[], &[&far, &timer], None), [2]);
    assert_eq!(guest.wait_any(&[&exchange], &[], &[&far], Some(Duration::from_millis(20))), Vec::<u32>::new());
    assert_eq!(guest.wait_any(&[], &[], &[], Some(Duration::from_millis(1))), Vec::<u32>::new());
    assert_eq!(guest.wait_any(&[], &[], &[], None), Vec::<u32>::new());
    drop((exchange, session));
    peer.finish();
}

#[test]
fn content_is_there_to_read_when_poll_says_so() {
    let gate = Gate::new();
    let peer = Peer::start([script().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").wait(&gate).send("hello")]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    let response = session.request("GET", "/").send().unwrap();
    assert!(matches!(response.try_read(100).unwrap(), Received::Pending));
    gate.open();
    assert_eq!(guest.wait_any(&[], &[&response], &[], None), [0]);
    assert!(matches!(response.try_read(2).unwrap(), Received::Content(piece) if piece == b"he"));
    assert!(matches!(response.try_read(100).unwrap(), Received::Content(piece) if piece == b"llo"));
    assert!(matches!(response.try_read(100).unwrap(), Received::End));
    drop((response, session));
    peer.finish();
}
