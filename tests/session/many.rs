//! Many exchanges and many sessions driven together, as one guest does it with `poll`.

use std::time::Duration;

use xenon::limits::READ_LENGTH;
use xenon::net::sim::{Script, Segments, SimNet};

use crate::support::*;

/// This many sessions, each with a peer of its own with this script.
fn sessions(count: u64, script: impl Fn(u64) -> Script) -> (SimNet, Vec<Session>) {
    let net = crate::again::net();
    let make = |number| {
        let address = ip(&format!("10.0.{}.{}", number / 100, number % 100));
        net.name(&format!("n{number}.test"), [address]);
        net.listen((address, 80).into(), [script(number)]);
        Session::new(net.clone(), "http", &format!("n{number}.test"), 80)
    };
    let sessions = (0..count).map(make).collect();
    (net, sessions)
}

/// Drives all exchanges to their ends. Returns the content of each, in order.
fn drive(net: &SimNet, exchanges: Vec<Exchange>) -> Vec<String> {
    let mut contents: Vec<Vec<u8>> = exchanges.iter().map(|_| Vec::new()).collect();
    let mut opening: Vec<(usize, Exchange)> = exchanges.into_iter().enumerate().collect();
    let mut reading: Vec<(usize, Response)> = Vec::new();
    while !(opening.is_empty() && reading.is_empty()) {
        let exchanges: Vec<&Exchange> = opening.iter().map(|(_, exchange)| exchange).collect();
        let responses: Vec<&Response> = reading.iter().map(|(_, response)| response).collect();
        let count = exchanges.len();
        let ready = poll(net, &exchanges, &responses, None);
        assert!(!ready.is_empty());
        let mut opened = Vec::new();
        for index in ready.into_iter().rev() {
            if index < count {
                let (number, exchange) = opening.remove(index);
                opened.push((number, wait(net, |context| exchange.poll_response(context)).unwrap()));
            } else {
                let (number, response) = &reading[index - count];
                match wait(net, |context| response.poll_read(context, READ_LENGTH)).unwrap() {
                    Some(piece) => contents[*number].extend_from_slice(&piece),
                    None => drop(reading.remove(index - count)),
                }
            }
        }
        reading.append(&mut opened);
    }
    contents.into_iter().map(text).collect()
}

#[test]
fn a_hundred_sessions_take_as_long_as_the_slowest() {
    let (net, sessions) = sessions(100, |number| {
        let delay = Duration::from_millis(10 * (number * 37 % 100));
        let script = Script::new().expect_head().delay(delay).send(ok(&format!("content {number}")));
        script.segments(Segments::Random(number))
    });
    let exchanges = sessions.iter().map(start).collect();
    let (contents, took) = timed(&net, || drive(&net, exchanges));
    assert_eq!(took, 990 * MILLISECOND);
    for (number, content) in contents.iter().enumerate() {
        assert_eq!(*content, format!("content {number}"));
    }
    net.assert_done();
    assert_eq!(net.open_connections(), 100);
    drop(sessions);
    assert_eq!(net.open_connections(), 0);
}

#[test]
fn a_hundred_exchanges_of_one_session_share_its_connections() {
    let serves = || (0..100).fold(Script::new(), |script, _| script.expect_head().delay(SECOND).send(ok("ok")));
    let (net, sessions) = sessions(1, |_| serves());
    net.listen((ip("10.0.0.0"), 80).into(), (0..5).map(|_| serves()));
    let exchanges = (0..100).map(|_| start(&sessions[0])).collect();
    let (contents, took) = timed(&net, || drive(&net, exchanges));
    assert!(contents.iter().all(|content| content == "ok"));
    assert_eq!(net.connections(), 6);
    assert_eq!(took, 17 * SECOND, "six at a time");
}

#[test]
fn a_silent_peer_holds_up_nobody_else() {
    let (net, sessions) = sessions(3, |number| match number {
        0 => Script::new().expect_head().stall(),
        _ => answers(1),
    });
    let exchanges: Vec<Exchange> = sessions.iter().map(start).collect();
    let all: Vec<&Exchange> = exchanges.iter().collect();
    let (ready, took) = timed(&net, || poll(&net, &all, &[], None));
    assert_eq!((ready, took), (vec![1, 2], Duration::ZERO));
    // Responses that were taken are not waited for. The silent one ends at its deadline.
    for exchange in &all[1..] {
        assert_eq!(finish(&net, exchange).unwrap(), "ok");
    }
    let (ready, took) = timed(&net, || poll(&net, &all[..1], &[], None));
    assert_eq!((ready, took), (vec![0], 60 * SECOND));
}

#[test]
fn the_timeout_of_poll_ends_nothing() {
    let (net, sessions) = sessions(1, |_| Script::new().expect_head().delay(5 * SECOND).send(ok("ok")));
    let exchange = start(&sessions[0]);
    for _ in 0..4 {
        let (ready, took) = timed(&net, || poll(&net, &[&exchange], &[], Some(SECOND)));
        assert_eq!((ready, took), (vec![], SECOND));
    }
    let (ready, took) = timed(&net, || poll(&net, &[&exchange], &[], Some(5 * SECOND)));
    assert_eq!((ready, took), (vec![0], SECOND));
    assert_eq!(finish(&net, &exchange).unwrap(), "ok");
}

#[test]
fn exchanges_that_are_not_polled_stand_still() {
    let (net, sessions) = sessions(2, |_| answers(1));
    let exchanges: Vec<Exchange> = sessions.iter().map(start).collect();
    assert_eq!(poll(&net, &[&exchanges[1]], &[], None), [0]);
    assert_eq!(net.lookups(), ["n1.test"]);
}

#[test]
fn what_is_ready_stays_ready() {
    let (net, sessions) = sessions(1, |_| answers(1));
    let exchange = start(&sessions[0]);
    for _ in 0..3 {
        assert_eq!(poll(&net, &[&exchange], &[], None), [0]);
    }
    let response = response(&net, &exchange).unwrap();
    for _ in 0..3 {
        assert_eq!(poll(&net, &[], &[&response], None), [0]);
    }
    assert_eq!(wait(&net, |context| response.poll_read(context, 1)).unwrap(), Some(b"o".to_vec()));
    assert_eq!(poll(&net, &[], &[&response], None), [0]);
    assert_eq!(response.trailers(), None, "a byte is left");
    assert_eq!(wait(&net, |context| response.poll_read(context, 9)).unwrap(), Some(b"k".to_vec()));
    for _ in 0..3 {
        assert_eq!(poll(&net, &[], &[&response], None), [0], "at the end, as `read` would not wait");
        assert_eq!(wait(&net, |context| response.poll_read(context, 9)).unwrap(), None);
    }
    assert!(response.trailers().is_some());
}

#[test]
fn failures_make_ready_too() {
    let (net, sessions) = sessions(2, |number| match number {
        0 => Script::new().expect_head().delay(SECOND).reset(),
        _ => Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n").delay(2 * SECOND).reset(),
    });
    let (exchange, second) = (start(&sessions[0]), start(&sessions[1]));
    let response = response(&net, &second).unwrap();
    let (ready, took) = timed(&net, || poll(&net, &[&exchange], &[&response], None));
    assert_eq!((ready, took), (vec![0], SECOND));
    assert!(finish(&net, &exchange).is_err());
    let (ready, took) = timed(&net, || poll(&net, &[], &[&response], None));
    assert_eq!((ready, took), (vec![0], SECOND));
    assert!(content(&net, &response).is_err());
}
