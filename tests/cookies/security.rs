//! Secure cookies, and names that promise something.

use xenon::cookies::Refused;

use crate::support::{jar, receive, returned, sent};

const PLAIN: &str = "http://a.test/";
const SECURE: &str = "https://a.test/";

#[test]
fn a_secure_cookie_goes_securely_alone() {
    for field in
        ["a=b; Secure", "a=b; seCURe", "a=b; Secure=", "a=b; Secure=x", "a=b;   Secure  ;", "a=b; x=\"y;z\"; Secure"]
    {
        assert_eq!(returned(SECURE, &[field], SECURE), "a=b", "{field}");
        assert_eq!(returned(SECURE, &[field], PLAIN), "", "{field}");
        let mut jar = jar();
        assert_eq!(receive(&mut jar, PLAIN, &[field]), [Err(Refused::Insecure)], "{field}");
    }
    for field in ["a=b; \"Secure\"", "a=b; Secure x"] {
        assert_eq!(returned(PLAIN, &[field], PLAIN), "a=b", "{field}");
    }
}

#[test]
fn a_plain_server_hides_no_secure_cookie() {
    let mut jar = jar();
    receive(&mut jar, SECURE, &["a=secure; Secure; Path=/login; Domain=a.test"]);
    for (url, field) in [
        ("http://a.test/", "a=plain; Path=/login"),
        ("http://a.test/", "a=plain; Path=/login/en"),
        ("http://a.test/login/", "a=plain"),
        ("http://www.a.test/", "a=plain; Path=/login"),
        ("http://www.a.test/", "a=plain; Path=/login; Domain=a.test"),
    ] {
        assert_eq!(receive(&mut jar, url, &[field]), [Err(Refused::Overlay)], "{url} {field}");
    }
    for (url, field) in [
        ("http://a.test/", "a=plain; Path=/"),
        ("http://a.test/", "a=plain; Path=/other"),
        ("http://a.test/", "b=plain; Path=/login"),
        ("http://b.test/", "a=plain; Path=/login"),
        ("https://a.test/", "a=plain; Path=/login"),
    ] {
        assert_eq!(receive(&mut jar, url, &[field]), [Ok(())], "{url} {field}");
    }
}

#[test]
fn names_keep_their_promises() {
    let mut jar = jar();
    let mut is_taken = |url: &str, field: &str| match receive(&mut jar, url, &[field])[0] {
        Ok(()) => true,
        Err(Refused::Prefix | Refused::Insecure) => false,
        Err(other) => panic!("{field}: {other:?}"),
    };
    for (attributes, secure, host) in [
        ("", false, false),
        ("; Path=/", false, false),
        ("; Secure", true, false),
        ("; Secure; Path=/", true, true),
        ("; Path=/; Secure; Max-Age=10; HttpOnly", true, true),
        ("; Secure; Path=/x", true, false),
        ("; Secure; Path=x", true, false),
        ("; Secure; Path=/; Domain=a.test", true, false),
        ("; Secure; Path=/; Domain=", true, true),
    ] {
        for (prefix, is_kept) in [("__Secure-", secure), ("__secure-", secure), ("__Host-", host), ("__HOST-", host)] {
            assert_eq!(is_taken(SECURE, &format!("{prefix}a=b{attributes}")), is_kept, "{prefix} {attributes}");
            assert!(!is_taken(PLAIN, &format!("{prefix}a=b{attributes}")), "{prefix} {attributes}");
        }
        // Names that only resemble them promise nothing.
        for name in ["__Secure", "__Host", "_Secure-a", "__Hosts-a", "a__Host-"] {
            assert!(is_taken(SECURE, &format!("{name}=b{attributes}")), "{name} {attributes}");
        }
    }
}

/// Sent without a name, the value would be read as one.
#[test]
fn a_value_without_a_name_promises_nothing() {
    let mut jar = jar();
    for field in [
        "__Host-a=b",
        "=__Secure-a=b; Secure",
        "=__Host-a=b; Secure; Path=/",
        "__secure-a; Secure",
        " = __HOST-a; Secure",
    ] {
        assert_eq!(receive(&mut jar, SECURE, &[field]), [Err(Refused::Prefix)], "{field}");
    }
    assert_eq!(sent(&mut jar, SECURE), "");
}

/// Without a list of suffixes a cookie is for its host alone; that is not what it promised.
#[test]
fn a_domain_breaks_the_promise_though_it_counts_for_nothing() {
    let mut jar = xenon::cookies::Jar::default();
    let outcome = receive(&mut jar, SECURE, &["__Host-a=b; Secure; Path=/; Domain=a.test"]);
    assert_eq!(outcome, [Err(Refused::Prefix)]);
}
