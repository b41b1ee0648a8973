//! A server that wants to renegotiate (HelloRequest, RFC 5246 section 7.4.1.1): the client refuses with a warning, and closes the
//! connection if the server insists. No request is sent under keys that were not agreed on.

use rustls::ContentType;
use xenon::error::{Code, Phase};
use xenon::net::sim::Script;
use xenon::session::events::CloseReason;

use crate::forge::Forge;
use crate::server::*;
use crate::support::*;

const HELLO_REQUEST: [u8; 4] = [0; 4];

fn ask(forge: &mut Forge) -> Vec<u8> {
    forge.record(ContentType::Handshake, &HELLO_REQUEST)
}

fn answer(forge: &mut Forge) -> Vec<u8> {
    forge.record(ContentType::ApplicationData, ok("ok").as_bytes())
}

#[test]
fn one_request_is_declined_and_the_response_comes() {
    let settings = settings(&good(), TLS12).forgetful();
    for peer in [
        settings.peer().head().forge(ask).forge(answer),
        settings.peer().head().forge(|forge| [ask(forge), answer(forge)].concat()),
        // Within the content.
        settings.peer().head().forge(|forge| {
            let (head, content) = ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", "k");
            let head = forge.record(ContentType::ApplicationData, head.as_bytes());
            [head, ask(forge), forge.record(ContentType::ApplicationData, content.as_bytes())].concat()
        }),
    ] {
        let (net, session) = world([peer.listen()]);
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
        session.close_connection();
        // The handshake's, the request, that there is none (a warning), and the farewell: no hello.
        let sent = records(&net, 0);
        let request = sent.iter().position(|kind| *kind == CONTENT).unwrap();
        assert_eq!(sent[request..], [CONTENT, ALERT, ALERT]);
    }
}

#[test]
fn one_that_goes_on_asking_is_left() {
    let settings = settings(&good(), TLS12).forgetful();
    let twice = |forge: &mut Forge| [ask(forge), ask(forge), answer(forge)].concat();
    for peer in [settings.peer().head().forge(twice).listen(), settings.peer().head().flood(ask)] {
        let (net, session) = world([peer]);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!(failure(outcome), (Phase::Head, Code::TlsProtocol));
        assert!(took < SECOND);
        assert_eq!((net.open_connections(), closings(&session)), (0, vec![CloseReason::Failed]));
    }
}

#[test]
fn what_asks_on_an_idle_connection_costs_no_request() {
    let settings = settings(&good(), TLS12).forgetful();
    // Asked once, the connection is used again, or another: the request is answered in either case.
    for count in [1, 2, 1000] {
        let asks = move |forge: &mut Forge| (0..count).flat_map(|_| ask(forge)).collect();
        let first = settings.peer().head().forge(answer).forge(asks).listen();
        let (net, session) = world([first, settings.answers(1)]);
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
        if count > 1 {
            let mut request = session.request("POST", "/");
            request.set_content(b"once".to_vec());
            assert_eq!(send(&net, &request).map(|whole| text(whole.content)).as_deref(), Ok("ok"), "{count}");
            assert_eq!(net.connections(), 2);
        }
    }
}

#[test]
fn there_is_none_before_the_handshake_s_end_nor_in_tls_13() {
    let record = [&[HANDSHAKE, 3, 3, 0, 4], &HELLO_REQUEST[..]].concat();
    let (net, session) = world([Script::new().send(record).drain()]);
    let (phase, code) = failure(get(&net, &session));
    assert_eq!((phase, code), (Phase::Handshake, Code::TlsProtocol));
    let settings = settings(&good(), TLS13).forgetful();
    let (net, session) = world([settings.peer().head().forge(ask).forge(answer).listen()]);
    assert_eq!(failure(get(&net, &session)), (Phase::Head, Code::TlsProtocol));
    assert_eq!(net.open_connections(), 0);
}
