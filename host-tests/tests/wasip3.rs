//! The face over WASI 0.3 by itself, called by the host: what it does in another way than the face over WASI 0.2. What it does in the
//! same way, transcripts prove (`transcripts_wasip3`).

use xenon_harness::peer::{Gate, Peer, Script};
use xenon_harness::wasip3::{CloseReason, ErrorCode, EventKind, Guest, Request, Session, Setup};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const STRAY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
const FRESH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh";

/// How often what depends on a moment is tried.
const TIMES: usize = 50;

fn script() -> Script {
    Script::new().expect_head_with(&[])
}

fn session(guest: &Guest, peer: &Peer) -> Session {
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_events(true);
    session
}

fn closings(session: &Session) -> Vec<CloseReason> {
    let reason = |what: EventKind| if let EventKind::Closed(reason) = what { Some(reason) } else { None };
    session.take_events().into_iter().filter_map(|event| reason(event.what)).collect()
}

#[test]
fn requests_share_a_connection() {
    let peer = Peer::start([script().send(OK).expect_head_with(&[]).send(OK).expect_head_with(&[]).read(3).send(OK)]);
    let guest = Guest::new();
    let session = session(&guest, &peer);
    assert_eq!(session.get("/").unwrap().content, b"hello");
    let response = session.request("GET", "/2").send().unwrap();
    assert_eq!((response.status(), response.connection().reused), (200, true));
    assert_eq!(response.content().unwrap().read_to_end(), (b"hello".to_vec(), Ok(vec![])));
    assert_eq!(session.post("/3", b"abc").unwrap().status, 200);
    drop(session);
    peer.finish();
}

#[test]
fn a_client_follows_a_redirect_with_its_cookie() {
    const LED_ON: &str = "HTTP/1.1 303 See Other\r\nLocation: /x\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n";
    let led_on = |script: Script| script.send(LED_ON).expect_head_with(&["Cookie: a=1"]).send(OK);
    let peer =
        Peer::start([led_on(led_on(script()).expect_head_with(&["Content-Length: 24", "Cookie: a=1"]).read(24))]);
    let guest = Guest::new();
    let (client, jar) = (guest.client(), guest.cookie_jar());
    let options = client.options();
    options.set_cookie_jar(Some(&jar));
    client.set_options(&options);
    let url = format!("http://{}/", peer.authority());
    assert_eq!(client.get(&url).unwrap().content, b"hello");
    let request = client.request("POST", &url);
    request.set_content(b"left out by the redirect");
    let response = request.send().unwrap();
    assert_eq!((response.status(), response.url()), (200, format!("{url}x")));
    assert_eq!(response.redirects().len(), 1);
    assert_eq!(response.content().unwrap().read_to_end(), (b"hello".to_vec(), Ok(vec![])));
    assert_eq!(jar.count(), 1);
    drop((response, client));
    peer.finish();
}

/// A host of WASI 0.3 runs nothing while no call is made, so what a peer does meanwhile is found out by the next request.
#[test]
fn stray_bytes_on_an_idle_connection_are_no_response() {
    for _ in 0..TIMES {
        let (now, done) = (Gate::new(), Gate::new());
        let first = script().send(OK).wait(&now).send(STRAY).open(&done).stall();
        let peer = Peer::start([first, script().send(FRESH).stall()]);
        let guest = Guest::new();
        let session = session(&guest, &peer);
        assert_eq!(session.get("/").unwrap().content, b"hello");
        now.open();
        assert!(done.wait());
        assert_eq!(session.get("/").unwrap().content, b"fresh");
        assert_eq!(closings(&session), [CloseReason::StrayBytes]);
        drop(session);
        peer.finish();
    }
}

/// A POST is not sent again on its own, so it must not go on a connection that has ended.
#[test]
fn an_idle_connection_that_ended_is_not_used() {
    for _ in 0..TIMES {
        let (now, done) = (Gate::new(), Gate::new());
        let first = script().send(OK).wait(&now).end_sending().open(&done).stall();
        let peer = Peer::start([first, script().read(3).send(FRESH).stall()]);
        let guest = Guest::new();
        let session = session(&guest, &peer);
        assert_eq!(session.get("/").unwrap().content, b"hello");
        now.open();
        assert!(done.wait());
        assert_eq!(session.post("/", b"abc").unwrap().content, b"fresh");
        assert_eq!(closings(&session), [CloseReason::PeerClosed]);
        drop(session);
        peer.finish();
    }
}

#[test]
fn a_closed_session_leaves_nothing_in_the_host() {
    let peer = Peer::start([script().send(OK).stall()]);
    let guest = Guest::new();
    let before = (guest.host_resources(), guest.host_tasks());
    let session = session(&guest, &peer);
    session.get("/").unwrap();
    session.close_connection();
    drop(session);
    guest.settle();
    assert_eq!((guest.host_resources(), guest.host_tasks()), before);
    peer.finish();
}

#[test]
fn closing_ends_a_request_in_progress() {
    let asked = Gate::new();
    let peer = Peer::start([script().open(&asked).stall(), script().send(FRESH).stall()]);
    let guest = Guest::new();
    let session = session(&guest, &peer);
    let request = session.request("GET", "/");
    let mut pending = request.start();
    while !asked.is_open() {
        guest.settle();
    }
    assert!(pending.try_take().is_none());
    session.close_connection();
    assert_eq!(pending.wait().err().unwrap().code, ErrorCode::ConnectionClosed);
    assert_eq!(session.get("/").unwrap().content, b"fresh");
    drop(session);
    peer.finish();
}

#[test]
fn content_that_is_cut_off_is_an_error_after_the_stream() {
    let peer = Peer::start([script().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").close()]);
    let guest = Guest::new();
    let session = session(&guest, &peer);
    let response = session.request("GET", "/").send().unwrap();
    let (content, end) = response.content().unwrap().read_to_end();
    assert_eq!((content, end.unwrap_err().code), (b"hello".to_vec(), ErrorCode::HttpResponseIncomplete));
    assert_eq!(response.content().err().unwrap().code, ErrorCode::InvalidState);
    peer.finish();
}

#[test]
fn a_dropped_response_closes_its_connection_while_nothing_comes() {
    let peer = Peer::start([script().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").stall()]);
    let guest = Guest::new();
    let session = session(&guest, &peer);
    drop(session.request("GET", "/").send().unwrap());
    guest.settle();
    assert_eq!(closings(&session), [CloseReason::UnreadContent]);
    drop(session);
    peer.finish();
}

#[test]
fn streamed_content_is_sent_once() {
    let head = "POST / HTTP/1.1";
    let peer = Peer::start([Script::new().expect_head_with(&[head]).read_chunked().send(OK).stall()]);
    let guest = Guest::new();
    let session = session(&guest, &peer);
    let request = session.request("POST", "/");
    let upload = request.set_streamed_content(None);
    let pending = request.start();
    assert!(upload.write(b"abc"));
    assert!(upload.write(b"defg"));
    upload.finish(&vec![("Sum".into(), b"7".to_vec())]);
    assert_eq!(pending.wait().unwrap().status(), 200);
    assert_eq!(request.send().err().unwrap().code, ErrorCode::InvalidState);
    drop(session);
    let seen = peer.finish();
    assert_eq!((seen[0].content.as_slice(), seen[0].trailers.trim()), (&b"abcdefg"[..], "Sum: 7"));
}

#[test]
fn who_follows_a_redirect_by_hand_sets_streamed_content_again() {
    let away = "HTTP/1.1 307 Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new().expect_head_with(&["POST / HTTP/1.1"]).read_chunked().send(away);
    let peer = Peer::start([script.expect_head_with(&["POST /b HTTP/1.1"]).read_chunked().send(OK).stall()]);
    let guest = Guest::new();
    let session = session(&guest, &peer);
    let send = |request: &Request| {
        let upload = request.set_streamed_content(None);
        let pending = request.start();
        assert!(upload.write(b"abc"));
        upload.finish(&vec![]);
        pending.wait().unwrap()
    };
    let request = session.request("POST", "/");
    let response = send(&request);
    let next = request.follow(&response, &session).unwrap().unwrap();
    drop(response.content().unwrap());
    drop(response);
    assert_eq!(next.send().err().unwrap().code, ErrorCode::InvalidState);
    assert_eq!(send(&next).status(), 200);
    drop(session);
    assert_eq!(peer.finish()[0].content, b"abcabc");
}

#[test]
fn content_of_another_length_than_declared_closes_the_connection() {
    // Of a piece that is too long nothing is sent, and neither is the head that waits for it.
    for (declared, is_sent) in [(9, true), (3, false)] {
        let asked = Gate::new();
        let peer = Peer::start([if is_sent { script().open(&asked).stall() } else { Script::new().stall() }]);
        let guest = Guest::new();
        let session = session(&guest, &peer);
        let request = session.request("POST", "/");
        let upload = request.set_streamed_content(Some(declared));
        let pending = request.start();
        upload.write(b"hello");
        while is_sent && !asked.is_open() {
            guest.settle();
        }
        upload.finish(&vec![]);
        assert_eq!(pending.wait().err().unwrap().code, ErrorCode::HttpRequestBodySize, "{declared}");
        drop(session);
        assert!(peer.finish()[0].is_closed_by_client);
    }
}

#[test]
fn a_host_without_sockets_is_told() {
    let guest = Guest::with(Setup { sockets: false, ..Setup::default() });
    let error = guest.session("http", "127.0.0.1", 80).get("/").unwrap_err();
    assert_eq!(error.code, ErrorCode::DestinationIpProhibited, "{error:?}");
}

#[test]
fn a_name_without_address_is_a_failed_lookup() {
    let guest = Guest::new();
    let error = guest.session("http", "no-such-host.invalid", 80).get("/").unwrap_err();
    assert!(matches!(error.code, ErrorCode::DnsError(_)), "{error:?}");
}
