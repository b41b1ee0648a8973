//! Which hosts a cookie comes back to.

use crate::support::{jar, receive, returned, sent};
use xenon::cookies::{Jar, Refused};

const HOME: &str = "http://home.a.test/";
const BELOW: &str = "http://sub.home.a.test/";
const BESIDE: &str = "http://other.a.test/";
const ABOVE: &str = "http://a.test/";

#[test]
fn without_a_domain_it_is_for_its_host_alone() {
    for field in ["a=b", "a=b; Domain", "a=b; Domain=", "a=b; Domain=a.test; Domain="] {
        assert_eq!(returned(HOME, &[field], HOME), "a=b", "{field}");
        for other in [BELOW, BESIDE, ABOVE] {
            assert_eq!(returned(HOME, &[field], other), "", "{field} {other}");
        }
    }
}

#[test]
fn with_a_domain_it_is_for_all_hosts_within() {
    for field in ["a=b; Domain=a.test", "a=b; domain=.A.Test", "a=b; Domain=home.a.test; Domain=  .a.test  "] {
        for host in [HOME, BELOW, BESIDE, ABOVE] {
            assert_eq!(returned(HOME, &[field], host), "a=b", "{field} {host}");
        }
        assert_eq!(returned(HOME, &[field], "http://ba.test/"), "");
    }
    for field in ["a=b; Domain=home.a.test", "a=b; Domain=other.test; Domain=.home.a.test"] {
        assert_eq!(returned(HOME, &[field], BELOW), "a=b", "{field}");
        assert_eq!(returned(HOME, &[field], BESIDE), "", "{field}");
    }
}

#[test]
fn a_domain_that_is_not_the_hosts_refuses_the_cookie() {
    let mut jar = jar();
    for domain in [
        "other.a.test",
        "sub.home.a.test",
        "b.test",
        "..home.a.test",
        ". home.a.test",
        "home..a.test",
        "home.a.test.",
        "home.a.test:80",
        "\"home.a.test\"",
        "ome.a.test",
        ".a.test.",
        "\u{e4}.a.test",
        "a.test; Domain=b.test",
    ] {
        let field = format!("a=b; Domain={domain}");
        assert_eq!(receive(&mut jar, HOME, &[&field]), [Err(Refused::Domain)], "{domain}");
    }
    assert!(jar.is_empty());
}

#[test]
fn a_host_has_one_case() {
    assert_eq!(returned("http://HOME.a.TEST/", &["a=b"], HOME), "a=b");
    assert_eq!(returned(HOME, &["a=b"], "http://hOmE.A.test/"), "a=b");
}

#[test]
fn ports_and_schemes_share_cookies() {
    assert_eq!(returned("http://home.a.test:8080/", &["a=b"], "https://home.a.test/"), "a=b");
}

#[test]
fn no_domain_is_above_an_address() {
    for (url, domain) in [("http://127.0.0.1/", "127.0.0.1"), ("http://[::1]/", "::1")] {
        for field in ["a=b".to_owned(), format!("a=b; Domain={domain}")] {
            assert_eq!(returned(url, &[&field], url), "a=b", "{field}");
        }
    }
    assert_eq!(returned("http://127.0.0.1/", &["a=b; Domain=0.0.1"], "http://127.0.0.1/"), "");
    assert_eq!(returned("http://127.0.0.1/", &["a=b; Domain=1"], "http://127.0.0.1/"), "");
}

#[test]
fn cookies_for_the_host_and_for_its_domain_are_two() {
    let fields = ["a=1", "a=2; Domain=home.a.test", "a=3; Domain=a.test"];
    assert_eq!(returned(HOME, &fields, HOME), "a=1; a=2; a=3");
    assert_eq!(returned(HOME, &fields, BELOW), "a=2; a=3");
    assert_eq!(returned(HOME, &fields, ABOVE), "a=3");
}

/// What belongs to many is not known without a list.
#[test]
fn without_a_list_a_cookie_is_for_its_host_whatever_its_domain_says() {
    let mut jar = Jar::default();
    assert_eq!(receive(&mut jar, HOME, &["a=b; Domain=a.test", "c=d; Domain=test", "e=f"]), [Ok(()), Ok(()), Ok(())]);
    assert_eq!(receive(&mut jar, HOME, &["a=x; Domain=b.test"]), [Err(Refused::Domain)]);
    assert_eq!(sent(&mut jar, HOME), "a=b; c=d; e=f");
    assert_eq!((sent(&mut jar, BELOW), sent(&mut jar, BESIDE), sent(&mut jar, ABOVE)), Default::default());
}
