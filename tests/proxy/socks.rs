//! SOCKS proxies: what the client sends, and every reply.

use xenon::error::{Code, Phase};
use xenon::net::sim::{Script, Segments};

use crate::peer::{Peer, peer};
use crate::support::*;

/// The messages of one handshake, the client's and the proxy's in turn.
struct Dialogue {
    url: &'static str,
    host: &'static str,
    messages: Vec<(Vec<u8>, Vec<u8>)>,
}

const GRANTED5: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 0x1f, 0x90];
const GRANTED4: &[u8] = &[0, 90, 0, 80, 127, 0, 0, 1];

fn request5(address: &[u8]) -> Vec<u8> {
    [&[5, 1, 0][..], address, &[0, 80]].concat()
}

/// All handshakes, for an origin at port 80. Where the client sends addresses, [`ORIGIN`] is at 10.1.2.3.
fn dialogues() -> Vec<Dialogue> {
    let name: &[u8] = b"\x03\x0borigin.test";
    let v6: &[u8] = b"\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07";
    let v4: &[u8] = &[1, 10, 1, 2, 3];
    let hello = (vec![5, 1, 0], vec![5, 0]);
    let five = |url, host, address| Dialogue {
        url,
        host,
        messages: vec![hello.clone(), (request5(address), GRANTED5.to_vec())],
    };
    let with_password = |url, method: u8| {
        let mut messages = vec![(vec![5, 2, 0, 2], vec![5, method])];
        if method == 2 {
            messages.push((b"\x01\x03m:e\x08s\xc3\xa9cret!".to_vec(), vec![1, 0]));
        }
        messages.push((request5(name), GRANTED5.to_vec()));
        Dialogue { url, host: ORIGIN, messages }
    };
    let four =
        |url, host, request: &[u8]| Dialogue { url, host, messages: vec![(request.to_vec(), GRANTED4.to_vec())] };
    vec![
        five("socks5h://proxy.test", ORIGIN, name),
        five("socks5h://proxy.test", "10.1.2.3", v4),
        five("socks5h://proxy.test", "[2001:db8::7]", v6),
        five("socks5://proxy.test", ORIGIN, v4),
        five("socks5://proxy.test", "10.1.2.3", v4),
        five("socks5://proxy.test", "[2001:db8::7]", v6),
        with_password("socks5h://m%3ae:s%C3%A9cret!@proxy.test", 2),
        with_password("socks5h://m%3ae:s%C3%A9cret!@proxy.test", 0),
        four("socks4://proxy.test", ORIGIN, b"\x04\x01\x00\x50\x0a\x01\x02\x03\x00"),
        four("socks4://me:secret@proxy.test", ORIGIN, b"\x04\x01\x00\x50\x0a\x01\x02\x03me\x00"),
        four("socks4a://proxy.test", ORIGIN, b"\x04\x01\x00\x50\x00\x00\x00\x01\x00origin.test\x00"),
        four("socks4a://me@proxy.test", ORIGIN, b"\x04\x01\x00\x50\x00\x00\x00\x01me\x00origin.test\x00"),
        four("socks4a://proxy.test", "10.1.2.3", b"\x04\x01\x00\x50\x0a\x01\x02\x03\x00"),
    ]
}

impl Dialogue {
    fn peer(&self) -> Peer {
        self.messages.iter().fold(peer(), |peer, (said, answer)| peer.expect(said).send(answer))
    }

    fn session(&self, net: &xenon::net::sim::SimNet) -> Session {
        net.name(ORIGIN, [at("[2001:db8::9]:80").ip(), at("10.1.2.3:80").ip()]);
        let session = session_with(net, "http", self.host, &[self.url]);
        if self.url.starts_with("socks5:") && self.host == ORIGIN {
            // The first address is told: of which family, the caller says.
            session.change_options(|options| options.family = xenon::session::settings::AddressFamily::Ipv4);
        }
        session
    }

    fn resolves_here(&self) -> bool {
        (self.url.starts_with("socks5:") || self.url.starts_with("socks4:")) && self.host == ORIGIN
    }
}

#[test]
fn every_dialogue_leads_to_the_origin() {
    for dialogue in dialogues() {
        let net = world([dialogue.peer().head().send(ok("ok"))]);
        let session = dialogue.session(&net);
        assert_eq!(get(&net, &session).unwrap(), "ok", "{} {}", dialogue.url, dialogue.host);
        net.assert_done();
        let mut lookups = vec![PROXY.to_owned()];
        lookups.extend(dialogue.resolves_here().then(|| ORIGIN.to_owned()));
        lookups.sort();
        let mut found = net.lookups();
        found.sort();
        assert_eq!(found, lookups, "{} {}", dialogue.url, dialogue.host);
        assert!(sent(&net, 0).contains("GET / HTTP/1.1\r\n"), "in origin form");
    }
}

#[test]
fn and_with_tls_to_an_origin_behind_it() {
    let net = world([peer()
        .expect([5, 1, 0])
        .send([5, 0])
        .expect(b"\x05\x01\x00\x03\x0borigin.test\x01\xbb")
        .send(GRANTED5)
        .secure(&origin())
        .expect(head("GET /"))
        .send(ok("ok"))
        .listen()]);
    let session = through(&net, "https", "socks5h");
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(
        events(&session)[..4],
        ["Proxy socks5h://proxy.test:1080", "Connected 10.0.0.9:1080", "Tunnel origin.test:443", "Handshake TLSv1.3"]
    );
}

#[test]
fn however_it_is_cut_it_is_the_same() {
    for dialogue in dialogues() {
        let length: usize = dialogue.messages.iter().map(|(_, answer)| answer.len()).sum();
        for segments in (1..length as u64).map(|at| Segments::At(vec![at])).chain([Segments::Bytes]) {
            let net = world([dialogue.peer().head().send(ok("ok"))]);
            net.set_segments(segments);
            net.set_send_limit(1);
            assert_eq!(get(&net, &dialogue.session(&net)).unwrap(), "ok");
            net.assert_done();
        }
    }
}

#[test]
fn whatever_is_missing_of_it_there_is_no_tunnel() {
    for dialogue in dialogues() {
        for (number, (_, answer)) in dialogue.messages.iter().enumerate() {
            for length in 0..answer.len() {
                for end in [Script::close as fn(Script) -> Script, Script::reset, Script::stall] {
                    let before = dialogue.messages[..number].iter();
                    let script = before.fold(Script::new(), |script, (said, answer)| script.expect(said).send(answer));
                    let script = script.expect(&dialogue.messages[number].0).send(&answer[..length]);
                    let net = world([end(script)]);
                    let (outcome, took) = timed(&net, || get(&net, &dialogue.session(&net)));
                    match failure(outcome) {
                        (Phase::Proxy, Code::SocksProtocol) => assert!(took < SECOND),
                        (Phase::Proxy, Code::ProxyTimeout) => assert_eq!(took, 30 * SECOND),
                        other => panic!("{other:?}"),
                    }
                    assert_eq!(net.open_connections(), 0);
                    assert!(!sent(&net, 0).contains("GET"));
                }
            }
        }
    }
}

#[test]
fn every_refusal_has_its_code_and_is_the_end() {
    for code in 1..=u8::MAX {
        let script = || peer().expect([5, 1, 0]).send([5, 0]).expect(request5(b"\x03\x0borigin.test"));
        let net = world([script().send([5, code, 0, 1, 0, 0, 0, 0, 0, 0]), script()]);
        let session = session_with(&net, "http", ORIGIN, &["socks5h://proxy.test", "socks5h://proxy.test"]);
        assert_eq!(failure(get(&net, &session)), (Phase::Proxy, Code::SocksRefused(Some(code))));
        assert_eq!((net.connections(), net.open_connections()), (1, 0), "another proxy is not asked");
    }
    for code in (0..=u8::MAX).filter(|code| *code != 90) {
        let net = world([peer().expect(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00origin.test\x00").send([0, code])]);
        let outcome = get(&net, &through(&net, "http", "socks4a"));
        assert_eq!(failure(outcome), (Phase::Proxy, Code::SocksRefused(Some(code))));
    }
}

#[test]
fn words_say_which() {
    let words = |code: u8| {
        let net = world([peer()
            .expect([5, 1, 0])
            .send([5, 0])
            .bytes(request5(b"\x03\x0borigin.test").len())
            .send([5, code])]);
        get(&net, &through(&net, "http", "socks5h")).unwrap_err().detail
    };
    assert_eq!(words(5), "proxy socks5h://proxy.test:1080: SOCKS refused (5): the connection was refused");
    assert_eq!(words(4), "proxy socks5h://proxy.test:1080: SOCKS refused (4): the host is unreachable");
    assert_eq!(words(99), "proxy socks5h://proxy.test:1080: SOCKS refused (99): an unknown failure");
}

#[test]
fn credentials_that_are_wrong_missing_or_not_wanted() {
    let with = |url: &str, script: Peer| {
        let net = world([script]);
        let error = get(&net, &session_with(&net, "http", ORIGIN, &[url])).unwrap_err();
        assert!(!error.detail.contains("secret"), "{}", error.detail);
        (error.phase, error.code)
    };
    let refused = (Phase::Proxy, Code::SocksRefused(None));
    let url = "socks5h://me:secret@proxy.test";
    let who = b"\x01\x02me\x06secret";
    assert_eq!(with(url, peer().expect([5, 2, 0, 2]).send([5, 2]).expect(who).send([1, 1])), refused);
    assert_eq!(with(url, peer().expect([5, 2, 0, 2]).send([5, 0xff])), refused);
    assert_eq!(with("socks5h://proxy.test", peer().expect([5, 1, 0]).send([5, 0xff])), refused);
    // A method that was not offered, with and without credentials.
    let broken = (Phase::Proxy, Code::SocksProtocol);
    assert_eq!(with("socks5h://proxy.test", peer().expect([5, 1, 0]).send([5, 2])), broken);
    assert_eq!(with(url, peer().expect([5, 2, 0, 2]).send([5, 1])), broken);
}

#[test]
fn unsupported_socks_targets_are_refused_before_sending() {
    for (url, host) in
        [("socks4://proxy.test", "::1"), ("socks4a://proxy.test", "::1"), ("socks4://proxy.test", "six.test")]
    {
        let net = world([peer()]);
        net.name("six.test", [at("[::7]:80").ip()]);
        let session = session_with(&net, "http", host, &[url]);
        assert_eq!(failure(get(&net, &session)), (Phase::Proxy, Code::Configuration), "{url} {host}");
        assert_eq!(net.connections(), 0);
    }
}

#[test]
fn an_origin_that_has_no_address_is_not_the_proxys_fault() {
    let net = world([peer()]);
    let session = session_with(&net, "http", ORIGIN, &["socks5://proxy.test", "socks5://proxy.test"]);
    let (phase, code) = failure(get(&net, &session));
    assert!(matches!((phase, code), (Phase::Resolve, Code::Lookup(_))));
    assert_eq!((net.connections(), net.lookups()), (0, vec![ORIGIN.to_owned()]));
}

#[test]
fn set_addresses_are_told_where_names_are_looked_up_here() {
    let net = world([peer()
        .expect([5, 1, 0])
        .send([5, 0])
        .expect(b"\x05\x01\x00\x01\x0a\x09\x09\x09\x00\x51")
        .send(GRANTED5)
        .head()
        .send(ok("ok"))]);
    let session = through(&net, "http", "socks5");
    session.set_addresses(&["10.9.9.9:81".into()]).unwrap();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(net.lookups(), [PROXY]);
}

#[test]
fn bytes_after_a_socks_reply() {
    let stray = [GRANTED5, ok("ok").as_bytes()].concat();
    let script = || peer().expect([5, 1, 0]).send([5, 0]).bytes(18).send(&stray).listen();
    let net = world([script()]);
    assert_eq!(failure(get(&net, &through(&net, "https", "socks5h"))), (Phase::Proxy, Code::SocksProtocol));
    assert!(net.sent(0).len() == 3 + 18, "nothing of TLS was sent");
    let net = world([script()]);
    assert_eq!(get(&net, &through(&net, "http", "socks5h")).unwrap(), "ok");
}

#[test]
fn who_does_not_speak_it_is_found_out_at_the_first_byte() {
    for kind in ["socks4", "socks4a", "socks5", "socks5h"] {
        for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01", "SSH-2.0", "\x04", "\x01"] {
            let net = world([peer().send(answer).listen()]);
            net.name(ORIGIN, [at("10.1.2.3:80").ip()]);
            let outcome = get(&net, &through(&net, "http", kind));
            assert_eq!(failure(outcome), (Phase::Proxy, Code::SocksProtocol), "{kind} {answer:?}");
        }
    }
}
