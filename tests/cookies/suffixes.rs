//! Public suffixes: no cookie is for all of one.

use xenon::cookies::{PublicSuffixes, Refused};

use crate::dafsa;
use crate::support::{jar, receive, returned, sent};

#[test]
fn a_cookie_for_all_of_a_suffix_is_refused() {
    let mut jar = jar();
    for (url, domain) in [
        ("http://a.test/", "test"),
        ("http://a.co.test/", "co.test"),
        ("http://b.a.co.test/", ".co.test"),
        ("http://a.b.wild.test/", "b.wild.test"),
        ("http://a.b.wild.test/", "wild.test"),
        ("http://me.hosting.test/", "Hosting.test"),
        ("http://a.unknown/", "unknown"),
    ] {
        let field = format!("a=b; Domain={domain}");
        assert_eq!(receive(&mut jar, url, &[&field]), [Err(Refused::PublicSuffix)], "{url} {domain}");
    }
    assert!(jar.is_empty());
}

#[test]
fn a_domain_below_a_suffix_is_of_one() {
    for (url, domain, to) in [
        ("http://b.a.co.test/", "a.co.test", "http://c.a.co.test/"),
        ("http://c.a.b.wild.test/", "a.b.wild.test", "http://a.b.wild.test/"),
        ("http://a.own.wild.test/", "own.wild.test", "http://b.own.wild.test/"),
        ("http://own.wild.test/", "own.wild.test", "http://b.own.wild.test/"),
        ("http://b.a.test/", "a.test", "http://c.a.test/"),
    ] {
        assert_eq!(returned(url, &[&format!("a=b; Domain={domain}")], to), "a=b", "{url} {domain}");
    }
}

#[test]
fn a_host_that_is_a_suffix_has_cookies_of_its_own() {
    let mut jar = jar();
    let fields = ["a=b; Domain=hosting.test", "c=d; Domain=.HOSTING.test", "e=f"];
    assert_eq!(receive(&mut jar, "http://hosting.test/", &fields), [Ok(()); 3]);
    assert_eq!(sent(&mut jar, "http://hosting.test/"), "a=b; c=d; e=f");
    assert_eq!(sent(&mut jar, "http://me.hosting.test/"), "");
    assert_eq!(receive(&mut jar, "http://localhost/", &["a=b; Domain=localhost"]), [Ok(())]);
    assert_eq!(sent(&mut jar, "http://localhost/"), "a=b");
}

/// As the list's own description has it: the longest rule wins, an exception beats all, and without a rule the last label is one.
fn is_suffix(rules: &[&str], domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let parents = |count: usize| labels[labels.len() - count..].join(".");
    if rules.iter().any(|rule| rule.strip_prefix('!') == Some(domain)) {
        return false;
    }
    let is_wild = |domain: &str| rules.contains(&format!("*.{domain}").as_str());
    labels.len() == 1 || rules.contains(&domain) || is_wild(domain) || is_wild(&parents(labels.len() - 1))
}

#[test]
fn a_list_of_many_rules_is_read_as_it_was_written() {
    // Names that share beginnings and ends, long lists of links, and links of all lengths.
    let mut rules: Vec<String> = Vec::new();
    for first in 'a'..='z' {
        for second in ["", "x", "yy", "zzz-long-name"] {
            for third in ["com", "co.uk", "xn--p1ai", "c"] {
                rules.push(format!("{first}{second}.{third}"));
            }
        }
        rules.push(format!("*.wild{first}.com"));
        rules.push(format!("!not.wild{first}.com"));
    }
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let list = PublicSuffixes::new(&dafsa::file(&rules)).unwrap();
    for rule in &rules {
        let domain = rule.trim_start_matches(['!', '*', '.']);
        let others = ["", "x.", "x.y."].map(|before| format!("{before}{domain}"));
        let cut = [domain[1..].to_owned(), domain[..domain.len() - 1].to_owned(), format!("{domain}x")];
        for domain in others.iter().chain(&cut).filter(|domain| !domain.starts_with('.')) {
            assert_eq!(list.contain(domain), is_suffix(&rules, domain), "{domain}");
        }
    }
}
