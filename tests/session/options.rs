//! Options: default fields, and that a session keeps its copy until options are set again.

use std::rc::Rc;

use xenon::auth::{Login, Schemes};
use xenon::error::{Code, Phase};
use xenon::limits::{REQUEST_FIELD_COST, REQUEST_FIELDS_LENGTH};
use xenon::secret::Secret;
use xenon::session::settings::Options;

use crate::support::*;

fn fields(lines: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    lines.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

/// The field lines after `Host` and `User-Agent` of a request with these fields and these default fields.
fn sent(defaults: &[(&str, &str)], method: &str, own: &[(&str, &str)]) -> String {
    let (net, session) = world([answers(1)]);
    session.change_options(|options| {
        options.set_user_agent(None).unwrap();
        options.set_default_fields(fields(defaults)).unwrap();
    });
    let mut request = session.request(method, "/");
    for (name, value) in own {
        request.add_field(name, value.as_bytes().to_vec()).unwrap();
    }
    send(&net, &request).unwrap();
    let head = String::from_utf8(net.sent(0)).unwrap();
    let rest = head.split_once("Host: a.test\r\n").unwrap().1;
    rest.strip_suffix("\r\n").unwrap().replace("\r\n", "|")
}

#[test]
fn default_fields_fill_what_a_request_lacks() {
    let defaults = [("Accept", "a"), ("X", "1"), ("x", "2"), ("Authorization", "s")];
    assert_eq!(sent(&defaults, "GET", &[]), "Accept: a|X: 1|x: 2|Authorization: s|");
    assert_eq!(sent(&defaults, "GET", &[("aCCEPT", "b")]), "aCCEPT: b|X: 1|x: 2|Authorization: s|");
    assert_eq!(sent(&defaults, "GET", &[("X", "3"), ("authorization", "t")]), "X: 3|authorization: t|Accept: a|");
    assert_eq!(sent(&[], "GET", &[("X", "3")]), "X: 3|");
    assert_eq!(sent(&[("User-Agent", "me")], "GET", &[]), "User-Agent: me|");
}

#[test]
fn secrets_by_default_are_not_for_trace() {
    let defaults = [("Cookie", "a=b"), ("Authorization", "s"), ("Proxy-Authorization", "s"), ("A", "b")];
    assert_eq!(sent(&defaults, "TRACE", &[]), "A: b|");
}

#[test]
fn default_fields_are_checked() {
    let mut options = Options::default();
    let refused = [
        ("", "a"),
        ("A B", "a"),
        ("A", "a\r\nb"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("HOST", "a"),
        ("Connection", "close"),
        ("Expect", "100-continue"),
        ("TE", "trailers"),
        ("Upgrade", "x"),
        ("Trailer", "x"),
    ];
    for (name, value) in refused {
        let error = options.set_default_fields(fields(&[("Accept", "a"), (name, value)])).unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Setup, Code::RequestFieldInvalid(name.into())), "{name}");
    }
    assert!(options.set_default_fields(fields(&[("Range", "bytes=1-"), ("range", "bytes=2-")])).is_err());
    let most = "x".repeat(REQUEST_FIELDS_LENGTH - REQUEST_FIELD_COST - 1);
    assert!(options.set_default_fields(fields(&[("A", &most), ("B", "")])).is_err());
    assert_eq!(options.default_fields(), []);
    options.set_default_fields(fields(&[("A", &most)])).unwrap();
}

#[test]
fn a_default_authorization_stands_for_credentials() {
    let (net, session) = world([answers(1)]);
    let login = Login { user: "joe".into(), password: Secret::new("hidden") };
    let schemes = Schemes { basic: true, ..Schemes::default() };
    session.change_credentials(|known| known.set_login(None, login, schemes, true)).unwrap();
    session.change_options(|options| options.set_default_fields(fields(&[("Authorization", "mine")]))).unwrap();
    get(&net, &session).unwrap();
    let head = String::from_utf8(net.sent(0)).unwrap();
    assert!(head.contains("Authorization: mine\r\n") && !head.contains("Basic"), "{head}");
}

#[test]
fn options_hold_until_they_are_set_again() {
    let (net, session) = world([answers(3)]);
    let mut options = session.options();
    Rc::make_mut(&mut options).set_user_agent(Some("one".into())).unwrap();
    session.set_options(Rc::clone(&options));
    Rc::make_mut(&mut options).set_user_agent(Some("two".into())).unwrap();
    let agent = |number: usize| {
        get(&net, &session).unwrap();
        let all = String::from_utf8(net.sent(0)).unwrap();
        all.split("User-Agent: ").nth(number).unwrap().split_once("\r\n").unwrap().0.to_owned()
    };
    assert_eq!(agent(1), "one");
    session.set_options(options);
    assert_eq!(agent(2), "two");
    // Each session has a copy of its own.
    assert!(session_of(&net).options().user_agent().unwrap().starts_with("xenon/"));
    assert_eq!(agent(3), "two");
    assert_eq!(net.connections(), 1);
}

#[test]
fn what_belongs_to_an_origin_survives_other_options() {
    let (net, session) = world([answers(1)]);
    session.set_addresses(&[PEER.into()]).unwrap();
    session.set_options(Rc::default());
    get(&net, &session).unwrap();
    assert_eq!(net.lookups(), [""; 0]);
}
