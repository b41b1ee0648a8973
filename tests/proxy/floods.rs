//! An https proxy that floods the client with session tickets, which are records without content, while the proxy handshake, or
//! the TLS handshake within, waits for content.

use std::cell::RefCell;
use std::rc::Rc;

use rustls::ServerConnection;
use rustls::pki_types::PrivateKeyDer;
use xenon::error::{Code, Phase};
use xenon::net::sim::{Said, Script};

use crate::forge::Forge;
use crate::support::*;

/// A proxy that answers CONNECT with this, in TLS, and then sends tickets as fast as they are read.
fn flooding(answer: &'static str) -> Script {
    let identity = proxy();
    let key = PrivateKeyDer::try_from(identity.key).unwrap();
    let mut config = rustls::ServerConfig::builder_with_details(
        rustls::crypto::ring::default_provider().into(),
        std::sync::Arc::new(crate::peer::Fixed),
    )
    .with_protocol_versions(&[&rustls::version::TLS13])
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(identity.chain, key)
    .unwrap();
    config.enable_secret_extraction = true;
    let tls = Rc::new(RefCell::new(Some(ServerConnection::new(config.into()).unwrap())));
    let forge: Rc<RefCell<Option<Forge>>> = Rc::default();
    Script::new().talk(move |mut heard| {
        let mut bytes = Vec::new();
        if let Some(forge) = forge.borrow_mut().as_mut() {
            for _ in 0..4 {
                bytes.extend(forge.ticket(100));
            }
            return Said { bytes, is_over: false };
        }
        let mut slot = tls.borrow_mut();
        let server = slot.as_mut().unwrap();
        let mut said = Vec::new();
        while !heard.is_empty() && server.read_tls(&mut heard).unwrap() > 0 {
            let state = server.process_new_packets().unwrap();
            let mut piece = vec![0; state.plaintext_bytes_to_read()];
            std::io::Read::read_exact(&mut server.reader(), &mut piece).unwrap();
            said.extend(piece);
        }
        let is_asked = said.ends_with(b"\r\n\r\n");
        if is_asked {
            std::io::Write::write_all(&mut server.writer(), answer.as_bytes()).unwrap();
        }
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        if is_asked {
            *forge.borrow_mut() = Some(Forge::new(slot.take().unwrap()));
        }
        Said { bytes, is_over: false }
    })
}

#[test]
fn records_without_content_do_not_stop_the_clock() {
    // In the dialogue, and in the handshake within.
    for (answer, expected) in [
        ("HTTP/1.1 100 Continue\r\n\r\n", (Phase::Proxy, Code::ProxyTimeout)),
        ("HTTP/1.1 200 OK\r\n\r\n", (Phase::Handshake, Code::TlsHandshakeTimeout)),
    ] {
        let net = world([flooding(answer)]);
        net.set_asks_again(true);
        let session = through(&net, "https", "https");
        set_deadlines(&session, |deadlines| {
            deadlines.proxy = std::time::Duration::from_nanos(50);
            deadlines.handshake = std::time::Duration::from_nanos(50);
        });
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!(failure(outcome), expected);
        assert!(took < SECOND);
        assert_eq!(net.open_connections(), 0);
    }
}
