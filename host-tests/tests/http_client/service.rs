//! A service that forwards: what it keeps from one inbound request to the next.

use std::collections::BTreeSet;

use xenon_harness::nginx::{Nginx, content};
use xenon_harness::peer::{Peer, Script};
use xenon_harness::service::Service;

use super::composed;

#[test]
fn a_thousand_requests_sixteen_at_a_time_go_over_sixteen_connections() {
    let Some(nginx) = Nginx::start(&[("/file", 64)]) else { return };
    let upstream = format!("127.0.0.1:{}", nginx.port());
    let service = Service::start(&composed(&xenon_tested_guests::foreign_service()), &[("UPSTREAM", &upstream)]);
    let answers = service.get_many("/file", &[], 1000, 16);
    assert_eq!(answers.len(), 1000);
    let expected = Ok((200, content(64).collect::<Vec<u8>>()));
    assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
    let served = nginx.served();
    let connections: BTreeSet<_> = served.iter().map(|served| served.connection).collect();
    assert_eq!(served.len(), 1000);
    assert!(connections.len() <= 16, "{}", connections.len());
}

#[test]
fn an_upstream_that_is_gone_is_an_error_of_that_request() {
    let peer = Peer::start([Script::new()
        .expect_head_with(&[])
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .close()]);
    let upstream = format!("127.0.0.1:{}", peer.port());
    let service = Service::start(&composed(&xenon_tested_guests::foreign_service()), &[("UPSTREAM", &upstream)]);
    assert_eq!(service.get("/", &[]), Ok((200, b"ok".to_vec())));
    peer.finish();
    assert_eq!(service.get("/", &[]), Err("ErrorCode::ConnectionRefused".into()));
}

/// Fields of the connection between Xenon and its server say nothing to the program, and the others pass as they came.
#[test]
fn a_response_keeps_its_fields_but_those_of_the_connection() {
    let head = "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n\
                Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let peer = Peer::start([Script::new().expect_head_with(&[]).send(head).stall()]);
    let url = format!("http://127.0.0.1:{}/", peer.port());
    let service = Service::start(&composed(&xenon_tested_guests::foreign_spin()), &[]);
    let (fields, content) = service.get_with_fields("/", &[("url", &url)]).unwrap();
    assert_eq!(content, b"ok");
    assert_eq!(fields, [("x-end".to_owned(), b"2".to_vec())]);
    drop(service);
    peer.finish();
}
