//! Proxies that challenge, and that no other party receives their credentials.

use std::future::poll_fn;

use xenon::auth::{Login, Schemes};
use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::net::sim::{Script, SimNet};
use xenon::secret::Secret;
use xenon::session;

use crate::peer::{Peer, peer};
use crate::support::*;

const URL: &str = "http://me:secret@proxy.test:1080";

/// `me:secret` as Basic has it.
const BASIC: &str = "Basic bWU6c2VjcmV0";

const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\n";
const BASIC_KEPT: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 4\r\n\r\nwho?";
const DIGEST_KEPT: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"p\"\r\nProxy-Authenticate: Digest realm=\"p\", \
                           nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n";

/// The same, and then the proxy closes.
fn closing(answer: &str) -> String {
    answer.replace("HTTP/1.1", "HTTP/1.0")
}

/// The heads that a proxy received before it opened the tunnel, or all.
fn heads(net: &SimNet, connection: usize) -> Vec<String> {
    sent(net, connection).split_inclusive("\r\n\r\n").map(str::to_owned).collect()
}

fn authorization(head: &str) -> Option<&str> {
    head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "))
}

fn with(net: &SimNet, scheme: &str, url: &str) -> Session {
    session_with(net, scheme, ORIGIN, &[url])
}

#[test]
fn a_tunnel_is_asked_for_again_on_the_same_connection() {
    let proxy = peer().head().send(BASIC_KEPT).head().send(OPEN).secure(&origin()).answers(1);
    let net = world([proxy]);
    let session = with(&net, "https", URL);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let heads = heads(&net, 0);
    assert_eq!((authorization(&heads[0]), authorization(&heads[1])), (None, Some(BASIC)));
    assert_eq!(net.connections(), 1);
    assert_eq!(
        events(&session)[..6],
        [
            "Proxy http://proxy.test:1080",
            "Connected 10.0.0.9:1080",
            "TunnelRequest CONNECT origin.test:443 HTTP/1.1",
            "TunnelResponse HTTP/1.1 407 Who?",
            "Authorizing Basic p true",
            "TunnelRequest CONNECT origin.test:443 HTTP/1.1",
        ]
    );
}

#[test]
fn or_on_another_when_the_proxy_closes() {
    for answer in [
        closing(BASIC_KEPT),
        BASIC_KEPT.replace("Content-Length", "Connection: close\r\nContent-Length"),
        BASIC_KEPT.replace("Content-Length", "Proxy-Connection: close\r\nContent-Length"),
        // Too long to be drained, endless, malformed, or with bytes after it.
        BASIC_KEPT.replace("Length: 4", "Length: 99999999"),
        BASIC_KEPT.replace("Content-Length: 4\r\n", ""),
        BASIC_KEPT.replace("Content-Length: 4", "Transfer-Encoding: chunked"),
        format!("{BASIC_KEPT}stray"),
    ] {
        let second = peer().head().send(OPEN).secure(&origin()).answers(1);
        let net = world([peer().head().send(&answer).script().close(), second.script()]);
        assert_eq!(get(&net, &with(&net, "https", URL)).unwrap(), "ok", "{answer}");
        assert_eq!(authorization(&heads(&net, 1)[0]), Some(BASIC));
        assert_eq!((net.connections(), net.open_connections()), (2, 0), "{answer}");
    }
}

#[test]
fn or_when_it_has_let_the_connection_go_without_a_word() {
    let second = peer().head().send(OPEN).secure(&origin()).answers(1);
    let net = world([peer().head().send(BASIC_KEPT).head().script().close(), second.script()]);
    assert_eq!(get(&net, &with(&net, "https", URL)).unwrap(), "ok");
    assert_eq!(net.connections(), 2);
}

#[test]
fn they_go_ahead_afterwards() {
    let first = peer().head().send(BASIC_KEPT).head().send(OPEN).secure(&origin()).answers(1);
    let second = peer().head().send(OPEN).secure(&origin()).answers(1);
    let net = world([first, second]);
    let session = with(&net, "https", URL);
    for _ in 0..2 {
        assert_eq!(get(&net, &session).unwrap(), "ok");
        session.close_connection();
    }
    assert_eq!(authorization(&heads(&net, 1)[0]), Some(BASIC));
}

#[test]
fn and_before_if_that_is_wanted() {
    let net = world([peer().head().send(OPEN).secure(&origin()).answers(1)]);
    let session = with(&net, "https", URL);
    session.change_options(|options| options.proxying.goes_ahead = true);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(authorization(&heads(&net, 0)[0]), Some(BASIC));
    let net = world([peer().answers(1)]);
    let session = with(&net, "http", URL);
    session.change_options(|options| options.proxying.goes_ahead = true);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    assert_eq!(authorization(&sent(&net, 0)), Some(BASIC));
}

#[test]
fn digest_is_preferred_and_is_about_the_place() {
    let net = world([peer().head().send(DIGEST_KEPT).head().send(OPEN).secure(&origin()).answers(1)]);
    assert_eq!(get(&net, &with(&net, "https", URL)).unwrap(), "ok");
    let heads = heads(&net, 0);
    let answer = authorization(&heads[1]).unwrap();
    for part in ["Digest ", "username=\"me\"", "uri=\"origin.test:443\"", "nc=00000001", "algorithm=SHA-256"] {
        assert!(answer.contains(part), "{answer}");
    }
    assert!(!sent(&net, 0).contains("bWU6c2VjcmV0"));
}

/// As the command's `-U` has it, and as a session has it by itself: the URL says nothing of schemes.
#[test]
fn a_digest_without_qop_is_preferred_to_basic() {
    let old = DIGEST_KEPT.replace(", qop=\"auth\"", "");
    let through = peer().head().send(&old).head().send(OPEN).secure(&origin()).answers(1);
    for (scheme, peer) in [("https", through), ("http", peer().head().send(&old).answers(1))] {
        let net = world([peer]);
        assert_eq!(get(&net, &with(&net, scheme, URL)).unwrap(), "ok");
        let heads = heads(&net, 0);
        let answer = authorization(&heads[1]).unwrap();
        assert!(answer.starts_with("Digest username=\"me\"") && !answer.contains("qop"), "{answer}");
        assert!(!sent(&net, 0).contains("bWU6c2VjcmV0"));
    }
}

#[test]
fn what_is_not_answered_is_told_with_the_reason() {
    let told = |net: &SimNet, scheme: &str, url: &str| {
        let session = with(net, scheme, url);
        let _ = get(net, &session);
        let told = events(&session).into_iter().filter_map(|line| line.strip_prefix("Unanswered ").map(str::to_owned));
        told.collect::<Vec<_>>()
    };
    let refuses = || [peer().head().send(BASIC_KEPT)];
    let (anonymous, nothing) = ("http://proxy.test:1080", "this request has nothing for the proxy from the session");
    for scheme in ["https", "http"] {
        assert_eq!(told(&world(refuses()), scheme, anonymous), [format!("basic p true: {nothing}")]);
        let twice = peer().head().send(BASIC_KEPT).head().send(BASIC_KEPT);
        assert_eq!(told(&world([twice]), scheme, URL), ["basic p true: the same was refused already"]);
    }
    // An origin that challenges as proxies do, in a tunnel and behind a proxy that forwards.
    let asks = BASIC_KEPT.replace("407 Who?", "401 Who?").replace("Proxy-Authenticate", "WWW-Authenticate");
    let tunnel = |answer: &str| peer().head().send(OPEN).secure(&origin()).head().send(answer);
    assert_eq!(
        told(&world([tunnel(BASIC_KEPT)]), "https", URL),
        ["basic p true: no proxy forwards the request, so none can ask"]
    );
    assert_eq!(told(&world([tunnel(&asks)]), "https", URL), ["basic p false: no credentials are set"]);
    assert_eq!(told(&world([peer().head().send(&asks)]), "http", URL), ["basic p false: no credentials are set"]);
}

#[test]
fn a_proxy_that_forwards_is_answered_too() {
    for answer in [BASIC_KEPT.to_owned(), closing(BASIC_KEPT), DIGEST_KEPT.to_owned(), closing(DIGEST_KEPT)] {
        let is_kept = answer.starts_with("HTTP/1.1");
        let (first, second) = if is_kept {
            (peer().head().send(&answer).answers(2).script(), Script::new())
        } else {
            (peer().head().send(&answer).script().close(), peer().answers(2).script())
        };
        let net = world([first, second]);
        let session = with(&net, "http", URL);
        for _ in 0..2 {
            assert_eq!(get(&net, &session).unwrap(), "ok");
        }
        assert_eq!(net.connections(), if is_kept { 1 } else { 2 });
        let all: Vec<String> = (0..net.connections()).flat_map(|connection| heads(&net, connection)).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(authorization(&all[0]), None);
        for (number, head) in all[1..].iter().enumerate() {
            let value = authorization(head).unwrap();
            if answer.contains("Digest") {
                // The target of the request line, and a new nonce count each time.
                assert!(value.contains("uri=\"http://origin.test/\""), "{value}");
                assert!(value.contains(&format!("nc=0000000{}", number + 1)), "{value}");
            } else {
                assert_eq!(value, BASIC);
            }
        }
    }
}

/// RFC 7616 section 3.4: `uri` must be the target of the request line.
#[test]
fn origin_digest_covers_the_absolute_target() {
    let challenge = "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Digest realm=\"o\", nonce=\"n\", qop=\"auth\", \
                     algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n";
    let net = world([peer().head().send(challenge).answers(1)]);
    let session = with(&net, "http", PROXY);
    let login = Login { user: "you".into(), password: Secret::new("hidden") };
    let schemes = Schemes { digest_sha256: true, ..Schemes::default() };
    session.change_credentials(|known| known.set_login(None, login, schemes, false)).unwrap();
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let heads = heads(&net, 0);
    let answer = heads[1].lines().find_map(|line| line.strip_prefix("Authorization: Digest ")).unwrap();
    assert!(
        heads[1].starts_with("GET http://origin.test/ ") && answer.contains("uri=\"http://origin.test/\""),
        "{}",
        heads[1]
    );
}

#[test]
fn content_is_sent_again_to_a_proxy_that_forwards() {
    let expect = |peer: Peer| peer.head().expect("hello");
    let net = world([expect(expect(peer()).send(BASIC_KEPT)).send(ok("ok")).listen()]);
    let session = with(&net, "http", URL);
    let mut request = session.request("POST", "/");
    request.set_content(b"hello".to_vec());
    assert_eq!(net.run(xenon::session::whole::fetch(&request, false)).unwrap().content, b"ok");
}

#[test]
fn wrong_proxy_password_is_tried_once() {
    let net = world([peer().head().send(BASIC_KEPT).head().send(BASIC_KEPT).listen()]);
    let (phase, code) = failure(get(&net, &with(&net, "https", URL)));
    assert!(matches!((phase, code), (Phase::Proxy, Code::ProxyRefused(refusal)) if refusal.status == 407));
    assert_eq!((net.connections(), net.open_connections(), heads(&net, 0).len()), (1, 0, 2));
    let net = world([peer().head().send(BASIC_KEPT).head().send(BASIC_KEPT).listen()]);
    let whole = fetch(&net, &with(&net, "http", URL), "GET", "/").unwrap();
    assert_eq!((whole.head.status, whole.content), (407, b"who?".to_vec()));
}

#[test]
fn challenges_without_credentials_are_not_answered() {
    let unknown = BASIC_KEPT.replace("Basic", "Negotiate");
    for (url, answer) in [(PROXY, BASIC_KEPT), (URL, &unknown), (URL, &BASIC_KEPT.replace("Proxy-", "WWW-"))] {
        let net = world([peer().head().send(answer).listen()]);
        let (phase, code) = failure(get(&net, &with(&net, "https", url)));
        assert!(matches!((phase, code), (Phase::Proxy, Code::ProxyRefused(_))));
        assert_eq!((net.connections(), net.open_connections()), (1, 0));
    }
}

#[test]
fn a_proxy_that_never_stops_asking_is_not_asked_for_ever() {
    // Each time another realm, or a stale nonce.
    let asks = (0..100).fold(peer(), |peer, number| {
        peer.head().send(format!(
            "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"{number}\", nonce=\"{number}\", qop=\"auth\", stale=true\r\n\
             Content-Length: 0\r\n\r\n"
        ))
    });
    let net = world([asks.listen()]);
    failure(get(&net, &with(&net, "https", URL)));
    assert!(heads(&net, 0).len() <= 1 + xenon::limits::AUTH_ROUNDS, "{}", heads(&net, 0).len());
}

#[test]
fn an_origins_401_in_a_tunnel_and_a_proxys_407_there() {
    // A 407 in the tunnel comes from the origin, and is not answered.
    let net = world([peer().head().send(OPEN).head().send(BASIC_KEPT).listen()]);
    let session = with(&net, "http", URL);
    session.change_options(|options| options.proxying.tunnels_all = true);
    assert_eq!(fetch(&net, &session, "GET", "/").unwrap().head.status, 407);
    assert_eq!(net.connections(), 1);
    assert!(!sent(&net, 0).contains("Proxy-Authorization"));
}

#[test]
fn nobody_hears_what_is_for_another() {
    let challenge = "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"o\"\r\nContent-Length: 0\r\n\r\n";
    // `you:hidden`
    const ORIGINS: &str = "eW91OmhpZGRlbg==";
    let schemes = xenon::auth::Schemes { basic: true, ..Default::default() };
    let login = || xenon::auth::Login { user: "you".into(), password: xenon::secret::Secret::new("hidden") };
    for ahead in [true, false] {
        let proxy = peer().head().send(BASIC_KEPT).head().send(OPEN).secure(&origin());
        let proxy = if ahead { proxy } else { proxy.head().send(challenge) };
        let proxy = proxy.answers(1);
        let net = world([proxy.clone()]);
        let session = with(&net, "https", URL);
        session.change_credentials(|known| known.set_login(None, login(), schemes, ahead)).unwrap();
        assert_eq!(get(&net, &session).unwrap(), "ok");
        let (outside, inside) = (proxy.text(0), proxy.text(1));
        assert!(inside.contains(ORIGINS) && outside.contains("bWU6c2VjcmV0"), "each hears its own");
        assert!(!outside.contains(ORIGINS) && !outside.contains("\r\nAuthorization"), "{outside}");
        assert!(!inside.contains("bWU6c2VjcmV0") && !inside.contains("Proxy-Authorization"), "{inside}");
        // A tunnel without TLS is a tunnel, too.
        let proxy = peer().head().send(BASIC_KEPT).head().send(OPEN).answers(1);
        let net = world([proxy]);
        let session = with(&net, "http", URL);
        session.change_options(|options| options.proxying.tunnels_all = true);
        session.change_credentials(|known| known.set_login(None, login(), schemes, true)).unwrap();
        assert_eq!(get(&net, &session).unwrap(), "ok");
        let heads = heads(&net, 0);
        assert_eq!(heads.len(), 3);
        assert!(!heads[..2].concat().contains(ORIGINS) && heads[2].contains(ORIGINS));
        assert!(heads[1].contains("bWU6c2VjcmV0") && !heads[2].contains("Proxy-Authorization"));
    }
}

#[test]
fn no_event_and_no_error_tells_them() {
    let refuse = || peer().head().send(BASIC_KEPT).head().send("HTTP/1.1 403 No\r\n\r\n").listen();
    for url in
        [URL, "http://me:secret@unknown.test", "socks5h://me:secret@proxy.test", "https://me:secret@proxy.test:1080"]
    {
        let net = world([refuse()]);
        let session = with(&net, "https", url);
        let error = get(&net, &session).unwrap_err();
        let told = format!("{error:?} {:?}", session.take_events());
        for secret in ["secret", "bWU6c2VjcmV0"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[test]
fn one_proxys_credentials_are_not_anothers() {
    let net = world([peer().head().send(OPEN).secure(&origin()).answers(1)]);
    net.name("dead.test", [at("10.0.0.8:1080").ip()]);
    net.listen(at("10.0.0.8:1080"), [peer().head().send(BASIC_KEPT).head().script().close()]);
    let session = session_with(&net, "https", ORIGIN, &["http://me:secret@dead.test", PROXY]);
    assert_eq!(get(&net, &session).unwrap(), "ok");
    let last = net.connections() - 1;
    assert_eq!(net.peer(last), Some(at(PEER)));
    assert!(!sent(&net, last).contains("Authorization"));
}

#[test]
fn a_field_of_the_callers_own_is_its_own_affair() {
    let net = world([peer().head().send(BASIC_KEPT).listen()]);
    let session = with(&net, "http", URL);
    let mut request = session.request("GET", "/");
    request.add_field("proxy-authorization", b"Own x".to_vec()).unwrap();
    assert_eq!(net.run(xenon::session::whole::fetch(&request, false)).unwrap().head.status, 407);
    assert_eq!(heads(&net, 0).len(), 1);
}

#[test]
fn trace_has_none_with_it() {
    let net = world([peer().answers(1)]);
    let session = with(&net, "http", URL);
    session.change_options(|options| options.proxying.goes_ahead = true);
    fetch(&net, &session, "TRACE", "/").unwrap();
    assert!(!sent(&net, 0).contains("Authorization"));
}

#[test]
fn one_deadline_for_all_rounds() {
    let asks = Script::new().expect_head().delay(6 * SECOND).send(closing(BASIC_KEPT)).close();
    let asks_in_tls = peer().secure(&proxy()).head().send(closing(BASIC_KEPT));
    let asks_in_tls = asks_in_tls.script_after(Script::new().delay(6 * SECOND)).close();
    for (url, asks) in [(URL, asks), ("https://me:secret@proxy.test:1080", asks_in_tls)] {
        let net = world([asks, Script::new().stall()]);
        let session = with(&net, "https", url);
        set_deadlines(&session, |deadlines| deadlines.proxy = 10 * SECOND);
        let (outcome, took) = timed(&net, || get(&net, &session));
        assert_eq!((failure(outcome), took), ((Phase::Proxy, Code::ProxyTimeout), 10 * SECOND), "{url}");
        assert_eq!(net.connections(), 2);
    }
}

/// Streams `hello` and returns the outcome.
fn stream(net: &SimNet, session: &Session, change: impl FnOnce(&mut session::Request<SimNet>)) -> Result<u16, Code> {
    let mut request = session.request("POST", "/");
    request.set_streamed_content(None);
    change(&mut request);
    let exchange = request.start(true).unwrap();
    assert_eq!(exchange.try_write(b"hello".to_vec()).unwrap(), Ok(()));
    exchange.finish(Fields::default()).unwrap();
    net.run(poll_fn(|context| exchange.poll_response(context)))
        .map(|response| response.head().status)
        .map_err(|error| error.code)
}

#[test]
fn streamed_content_waits_for_the_forwarding_proxy() {
    const CHUNKED: &str = "5\r\nhello\r\n0\r\n\r\n";
    let goes_on = |peer: Peer| peer.head().send("HTTP/1.1 100 Continue\r\n\r\n").expect(CHUNKED).send(ok("ok"));
    for (challenge, is_asked_again) in [(BASIC_KEPT, false), (DIGEST_KEPT, true)] {
        let next = if is_asked_again { goes_on(peer()) } else { peer().head().expect(CHUNKED).send(ok("ok")) };
        // The refused request had content to come, so its connection cannot be kept.
        let net = world([peer().head().send(challenge).listen(), goes_on(peer()).listen(), next.listen()]);
        let session = with(&net, "http", URL);
        assert_eq!(stream(&net, &session, |_| {}), Ok(200));
        let expects = |connection| sent(&net, connection).contains("Expect: 100-continue");
        assert!(expects(0) && !sent(&net, 0).contains("hello"));
        session.close_connection();
        assert_eq!(stream(&net, &session, |_| {}), Ok(200));
        assert_eq!(expects(2), is_asked_again, "a nonce may be stale, a password is not");
    }
}

#[test]
fn where_no_proxy_can_ask_nothing_waits() {
    let ahead = |session: &Session| session.change_options(|options| options.proxying.goes_ahead = true);
    let tunnels = |session: &Session| session.change_options(|options| options.proxying.tunnels_all = true);
    let nothing_waits = |url: &str, proxy: Peer, set: &dyn Fn(&Session), own: Option<&[u8]>| {
        let net = world([proxy.head().expect("5\r\nhello\r\n0\r\n\r\n").send(ok("ok")).listen()]);
        let session = with(&net, "http", url);
        set(&session);
        let add = |request: &mut session::Request<SimNet>| {
            if let Some(value) = own {
                request.add_field("Proxy-Authorization", value.to_vec()).unwrap();
            }
        };
        assert_eq!(stream(&net, &session, add), Ok(200), "{url}");
        assert!(!sent(&net, 0).contains("Expect"), "{url}");
    };
    nothing_waits("http://proxy.test:1080", peer(), &|_| {}, None);
    nothing_waits(URL, peer(), &ahead, None);
    nothing_waits(URL, peer().head().send(OPEN), &tunnels, None);
    nothing_waits(URL, peer(), &|_| {}, Some(b"Basic eDp5"));
}
