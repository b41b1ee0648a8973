//! Settings through the component's exports: options and TLS configurations are shared, and copied where they are set.

use xenon_harness::component::{
    AddressFamily, CloseReason, Error, ErrorCode, EventKind, Fields, Guest, Phase, Session, TlsVersion, Version,
};
use xenon_harness::peer::{Peer, Script};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn answers(count: usize) -> Script {
    (0..count).fold(Script::new(), |script, _| script.expect_head_with(&[]).send(OK))
}

fn fields(lines: &[(&str, &str)]) -> Fields {
    lines.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

/// The heads of the requests that this session has sent since the last call.
fn heads(session: &Session) -> Vec<String> {
    let head = |what| match what {
        EventKind::RequestHead(head) => Some(String::from_utf8(head).unwrap()),
        _ => None,
    };
    session.take_events().into_iter().filter_map(|event| head(event.what)).collect()
}

fn code<T>(outcome: Result<T, Error>) -> (Phase, ErrorCode) {
    outcome.map(|_| ()).map_err(|error| (error.phase, error.code)).unwrap_err()
}

#[test]
fn a_later_change_has_no_effect_until_it_is_set_again() {
    let peer = Peer::start([answers(4)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_events(true);
    let agent = || {
        session.get("/").unwrap();
        heads(&session)
            .concat()
            .split("User-Agent: ")
            .nth(1)
            .and_then(|rest| Some(rest.split_once("\r\n")?.0.to_owned()))
    };
    let options = guest.options();
    options.set_user_agent(Some("one")).unwrap();
    session.set_options(&options);
    options.set_user_agent(None).unwrap();
    assert_eq!(agent().as_deref(), Some("one"));
    // Nor has a change of what the session gives, or of a copy.
    session.options().set_user_agent(Some("two")).unwrap();
    let copy = options.copy();
    copy.set_user_agent(Some("three")).unwrap();
    assert_eq!((agent().as_deref(), options.user_agent()), (Some("one"), None));
    session.set_options(&options);
    drop(options);
    assert_eq!(agent(), None);
    session.set_options(&copy);
    assert_eq!(agent().as_deref(), Some("three"));
    drop(session);
    peer.finish();
}

#[test]
fn getters_give_what_was_set_and_no_secrets() {
    let options = Guest::new().options();
    options.set_default_fields(&fields(&[("Accept", "a"), ("authorization", "hidden"), ("Cookie", "hidden")])).unwrap();
    assert_eq!(options.default_fields(), fields(&[("Accept", "a")]));
    options.set_proxies(&["joe:hidden@p".into(), "socks5h://q:1".into()]).unwrap();
    assert_eq!(options.proxies(), ["http://p:1080", "socks5h://q:1"]);
    options.set_no_proxy(&["*".into(), "a.test:80".into()]).unwrap();
    assert_eq!(options.no_proxy(), ["*", "a.test:80"]);
    options.set_local_address(Some("127.0.0.1")).unwrap();
    assert_eq!(options.local_address().as_deref(), Some("127.0.0.1"));
    options.set_address_family(AddressFamily::Ipv6);
    assert_eq!(options.address_family(), AddressFamily::Ipv6);
    assert!(!options.decoding());
    options.set_decoding(true);
    assert!(options.decoding());
    assert_eq!((options.persistent(), options.proxy_tunnel(), options.proxy_ahead()), (true, false, false));
    options.set_persistent(false);
    options.set_proxy_tunnel(true);
    options.set_proxy_ahead(true);
    assert_eq!((options.persistent(), options.proxy_tunnel(), options.proxy_ahead()), (false, true, true));
    let tls = options.tls();
    tls.set_versions(TlsVersion::Tls13, TlsVersion::Tls13).unwrap();
    tls.set_default_roots(false);
    options.set_tls(&tls);
    let (set, other) = (options.tls(), options.proxy_tls());
    assert_eq!((set.versions(), set.default_roots()), ((TlsVersion::Tls13, TlsVersion::Tls13), false));
    assert_eq!((other.versions(), other.default_roots()), ((TlsVersion::Tls12, TlsVersion::Tls13), true));
}

#[test]
fn a_zero_is_the_default_again() {
    let options = Guest::new().options();
    let before = (options.first_byte_timeout(), options.max_events(), options.max_whole_content());
    assert_eq!(before, (60_000_000_000, 1024, 16 << 20));
    options.set_first_byte_timeout(1);
    options.set_max_events(1);
    options.set_max_whole_content(u64::MAX);
    let set = (options.first_byte_timeout(), options.max_events(), options.max_whole_content());
    assert_eq!(set, (1, 1, u64::MAX));
    options.set_first_byte_timeout(0);
    options.set_max_events(0);
    options.set_max_whole_content(0);
    assert_eq!((options.first_byte_timeout(), options.max_events(), options.max_whole_content()), before);
}

#[test]
fn a_wrong_value_is_an_error_and_changes_nothing() {
    let guest = Guest::new();
    let (options, tls) = (guest.options(), guest.tls_config());
    let configuration = (Phase::Setup, ErrorCode::ConfigurationError);
    assert_eq!(code(options.set_proxies(&["p:1".into(), "x://p".into()])), configuration);
    assert_eq!(code(options.set_no_proxy(&["a/b".into()])), configuration);
    assert_eq!(code(options.set_local_address(Some("eth0"))), configuration);
    assert_eq!(code(tls.add_roots(b"nothing")), configuration);
    assert_eq!(code(tls.accept_certificates(b"")), configuration);
    assert_eq!(code(tls.set_client_certificate(b"", b"")), configuration);
    assert_eq!(code(tls.set_versions(TlsVersion::Tls13, TlsVersion::Tls12)), configuration);
    for name in ["Host", "Connection", "Content-Length", "a b"] {
        let refused = (Phase::Setup, ErrorCode::HttpRequestHeaderInvalid(name.into()));
        assert_eq!(code(options.set_default_fields(&fields(&[("A", "b"), (name, "c")]))), refused);
    }
    assert_eq!((options.proxies(), options.no_proxy(), options.local_address()), (vec![], vec![], None));
    assert_eq!(options.default_fields(), Fields::new());
}

#[test]
fn default_fields_yield_to_fields_of_the_request() {
    let peer = Peer::start([answers(2)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_events(true);
    session.change_options(|options| {
        options.set_user_agent(None).unwrap();
        options.set_default_fields(&fields(&[("Accept", "a"), ("X-Key", "k")])).unwrap();
    });
    session.get("/").unwrap();
    session.get_with("/", &fields(&[("ACCEPT", "b")])).unwrap();
    let sent: Vec<_> =
        heads(&session).iter().map(|head| head.split("\r\n").skip(2).collect::<Vec<_>>().join("|")).collect();
    assert_eq!(sent, ["Accept: a|X-Key: k||", "ACCEPT: b|X-Key: k||"]);
    drop(session);
    peer.finish();
}

#[test]
fn a_field_is_found_whatever_its_case() {
    let guest = Guest::new();
    let lines = fields(&[("Content-Type", "text/plain"), ("Vary", "a"), ("vary", "b")]);
    assert_eq!(guest.field(&lines, "CONTENT-type").as_deref(), Some("text/plain"));
    assert_eq!(guest.field(&lines, "vary").as_deref(), Some("a, b"));
    assert_eq!(guest.field(&lines, "accept"), None);
    assert_eq!(guest.field(&vec![("A".into(), vec![0xff])], "a").as_deref(), Some("\u{fffd}"));
}

#[test]
fn new_options_close_connections_they_rule_out() {
    let peer = Peer::start([answers(1)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    session.set_events(true);
    session.get("/").unwrap();
    let reasons = || -> Vec<CloseReason> {
        let reason = |what| match what {
            EventKind::Closed(reason) => Some(reason),
            _ => None,
        };
        session.take_events().into_iter().filter_map(|event| reason(event.what)).collect()
    };
    // Nothing about the way.
    session.change_options(|options| options.set_max_connections(1));
    assert_eq!(reasons(), []);
    session.change_options(|options| options.set_proxies(&["127.0.0.1:1".into()])).unwrap();
    assert_eq!(reasons(), [CloseReason::SettingsChanged]);
    drop(session);
    peer.finish();
}

#[test]
fn calls_out_of_order_are_an_invalid_state() {
    let peer = Peer::start([answers(1).read(1).send(OK)]);
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", peer.port());
    let invalid = (Phase::Setup, ErrorCode::InvalidState);
    let exchange = session.request("GET", "/").start().unwrap();
    assert_eq!(code(exchange.write(b"x")), invalid);
    assert_eq!(code(exchange.try_write(b"x")), invalid);
    assert_eq!(code(exchange.finish(&Fields::new())), invalid);
    assert_eq!(exchange.response().unwrap().read_to_end().unwrap(), b"hello");
    assert_eq!(code(exchange.response()), invalid);
    assert_eq!(code(exchange.try_response()), invalid);
    drop(exchange);

    let request = session.request("PUT", "/");
    request.set_streamed_content(Some(1));
    assert_eq!(code(request.send()), invalid);
    let exchange = request.start().unwrap();
    assert_eq!(code(exchange.response()), invalid, "the content is not finished");
    exchange.write(b"x").unwrap();
    exchange.finish(&Fields::new()).unwrap();
    assert_eq!(code(exchange.finish(&Fields::new())), invalid);
    assert_eq!(exchange.response().unwrap().status(), 200);
    // What cannot be is another matter.
    let wrong = (Phase::Setup, ErrorCode::ConfigurationError);
    assert_eq!(code(request.set_version(Version::Http2)), wrong);
    request.set_version(Version::Http10).unwrap();
    drop((exchange, request, session));
    peer.finish();
}
