//! What must not reach another origin: each is planted at the first, and looked for at the second.

use xenon::auth::{Login, Schemes};
use xenon::client::redirect::Policy;
use xenon::secret::Secret;

use crate::server::asks;
use crate::support::*;

const BASIC: Schemes = Schemes {
    basic: true,
    digest_md5: false,
    digest_sha256: false,
    digest_sha512_256: false,
    digest_without_qop: false,
};

fn login(client: &Client, host: &str, user: &str, ahead: bool) {
    let login = Login { user: user.into(), password: Secret::new("sesame") };
    let session = client.session("http", host, 80);
    session.change_credentials(|known| known.set_login(None, login, BASIC, ahead)).unwrap();
}

/// What `b.test` is sent after `a.test` has redirected a request with these fields.
fn seen_elsewhere(policy: Policy, fields: &[&str]) -> Vec<String> {
    let (net, client, [a, b]) = two(|_| redirect(307, "http://b.test/"));
    client.set_redirects(Some(policy));
    let mut request = client.request("GET", "http://a.test/");
    for name in fields {
        request.add_field(name, b"a".to_vec()).unwrap();
    }
    send(&net, &request).unwrap();
    let has_all = |names: &[&str], seen: &crate::server::Seen| names.iter().all(|name| seen.field(name).is_some());
    assert!(has_all(fields, &a.seen()[0]));
    let seen = b.seen().remove(0);
    let names = seen.fields.into_iter().map(|(name, _)| name);
    names.filter(|name| !matches!(name.as_str(), "Host" | "User-Agent")).collect()
}

const FIELDS: &[&str] = &["Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "Accept", "Referer", "Range"];

#[test]
fn fields_of_the_request_stay_but_for_a_short_list() {
    assert_eq!(seen_elsewhere(Policy::default(), FIELDS), ["Accept", "Range"]);
}

#[test]
fn as_curl_has_it_credentials_and_cookies_stay() {
    assert_eq!(seen_elsewhere(Policy::curl(), FIELDS), ["X-Api-Key", "Accept", "Referer", "Range"]);
}

#[test]
fn a_proxy_login_stays_whatever_the_policy() {
    let trusting = Policy { trusts_all: true, ..Policy::curl() };
    assert_eq!(
        seen_elsewhere(trusting, FIELDS),
        ["Authorization", "Cookie", "X-Api-Key", "Accept", "Referer", "Range"]
    );
}

#[test]
fn the_callers_host_stays_at_its_origin() {
    let (net, client, [a, b]) = two(|seen| match seen.target.as_str() {
        "/" => redirect(302, "/x"),
        _ => redirect(302, "http://b.test/"),
    });
    let mut request = client.request("GET", "http://a.test/");
    request.add_field("Host", b"c.test".to_vec()).unwrap();
    send(&net, &request).unwrap();
    assert_eq!(values(&a, "Host"), [Some("c.test".into()), Some("c.test".into())]);
    assert_eq!(values(&b, "Host"), [Some("b.test".into())]);
}

#[test]
fn default_fields_stay_and_do_not_come_back() {
    let (net, client) = world();
    let a = origin(&net, A, |seen| if seen.target == "/" { redirect(302, "http://b.test/") } else { ok("") });
    let b = origin(&net, B, |_| redirect(302, "http://a.test/x"));
    let mut options = (*client.options()).clone();
    let field = |name: &str| (name.to_owned(), b"d".to_vec());
    options.set_default_fields(vec![field("X-Api-Key"), field("Authorization"), field("Accept-Language")]).unwrap();
    client.set_options(options.into());
    get(&net, &client, "http://a.test/").unwrap();
    let d = || Some("d".to_owned());
    for name in ["X-Api-Key", "Authorization"] {
        assert_eq!((values(&a, name), values(&b, name)), (vec![d(), None], vec![None]), "{name}");
    }
    assert_eq!((values(&a, "Accept-Language"), values(&b, "Accept-Language")), (vec![d(), d()], vec![d()]));
    // A request for the other origin has them.
    client.set_redirects(None);
    get(&net, &client, "http://b.test/").unwrap();
    assert_eq!(values(&b, "X-Api-Key"), [None, d()]);
}

#[test]
fn to_the_same_origin_all_goes_along() {
    let (net, client, [a, _]) = two(|seen| if seen.target == "/" { redirect(302, "/x") } else { ok("") });
    let mut options = (*client.options()).clone();
    options.set_default_fields(vec![("X-Default".into(), b"d".to_vec())]).unwrap();
    client.set_options(options.into());
    let mut request = client.request("GET", "http://a.test/");
    request.add_field("Authorization", b"Own a".to_vec()).unwrap();
    send(&net, &request).unwrap();
    let twice = |value: &str| [Some(value.to_owned()), Some(value.to_owned())];
    assert_eq!(values(&a, "X-Default"), twice("d"));
    assert_eq!(values(&a, "Authorization"), twice("Own a"));
}

#[test]
fn another_scheme_or_port_is_another_origin() {
    let (net, client, [a, _]) = two(|_| redirect(302, "http://a.test:8080/"));
    let other = origin(&net, "10.0.0.1:8080", |_| ok(""));
    let mut request = client.request("GET", "http://a.test/");
    request.add_field("Authorization", b"Own a".to_vec()).unwrap();
    send(&net, &request).unwrap();
    assert_eq!((a.seen().len(), values(&other, "Authorization")), (1, vec![None]));
}

#[test]
fn each_origin_has_its_own_credentials() {
    for ahead in [false, true] {
        let challenge = |seen: &crate::server::Seen| seen.authorization().is_none();
        let (net, client) = world();
        let a = origin(&net, A, move |seen| {
            if challenge(seen) { asks(&["Basic realm=\"r\""]) } else { redirect(302, "http://b.test/") }
        });
        let b = origin(&net, B, move |seen| {
            if challenge(seen) { asks(&["Basic realm=\"r\""]) } else { redirect(302, "http://c.test/") }
        });
        let c = origin(&net, C, |_| asks(&["Basic realm=\"r\""]));
        login(&client, "a.test", "a", ahead);
        login(&client, "b.test", "b", ahead);
        let whole = send(&net, &client.request("GET", "http://a.test/")).unwrap();
        assert_eq!(whole.head.status, 401);
        let first = |server: &crate::server::Server| values(server, "Authorization");
        let challenged = |value: &str| if ahead { vec![Some(value.into())] } else { vec![None, Some(value.into())] };
        assert_eq!(first(&a), challenged("Basic YTpzZXNhbWU="));
        assert_eq!(first(&b), challenged("Basic YjpzZXNhbWU="));
        assert_eq!(first(&c), [None]);
    }
}

#[test]
fn options_of_one_session_are_for_its_origin_alone() {
    let (net, client, [a, b]) = two(|seen| match seen.target.as_str() {
        "/" => redirect(302, "/x"),
        _ => redirect(302, "http://b.test/"),
    });
    let field = |value: &str| vec![("X-Own".to_owned(), value.as_bytes().to_vec())];
    let session = client.session("http", "a.test", 80);
    session.change_options(|options| options.set_default_fields(field("a"))).unwrap();
    let other = client.session("http", "b.test", 80);
    other.change_options(|options| options.set_default_fields(field("b"))).unwrap();
    get(&net, &client, "http://a.test/").unwrap();
    assert_eq!(values(&a, "X-Own"), [Some("a".into()), Some("a".into())]);
    assert_eq!(values(&b, "X-Own"), [Some("b".into())]);
}
