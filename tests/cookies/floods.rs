//! Servers that set cookies without end: a jar, the field that it makes, and the work for one cookie each have a bound.

use xenon::cookies::{Jar, Place, Refused};
use xenon::limits::{COOKIE_FIELD_LENGTH, COOKIE_LENGTH, COOKIES, COOKIES_OF_DOMAIN};

use crate::support::{NOW, jar, place, receive, sent};

const HERE: &str = "http://a.test/";

fn fields(jar: &mut Jar, to: &Place) -> (usize, usize) {
    jar.choose(to, NOW, 0).map_or((0, 0), |chosen| (chosen.value.len(), chosen.left_out))
}

#[test]
fn ten_thousand_cookies_of_one_host() {
    let (mut jar, here) = (jar(), place(HERE));
    for number in 0..10_000 {
        assert_eq!(jar.receive(&here, format!("n{number}=v").as_bytes(), NOW), Ok(()));
        assert!(jar.len() <= COOKIES_OF_DOMAIN);
    }
    assert_eq!(sent(&mut jar, HERE).split("; ").count(), COOKIES_OF_DOMAIN);
    assert!(sent(&mut jar, HERE).ends_with("n9999=v"));
}

#[test]
fn ten_thousand_cookies_of_as_many_hosts() {
    let mut jar = jar();
    for number in 0..10_000 {
        let here = place(&format!("http://h{number}.a.test/"));
        assert_eq!(jar.receive(&here, format!("n{number}=v").as_bytes(), NOW), Ok(()));
        assert!(jar.len() <= COOKIES);
    }
    assert!(jar.len() >= COOKIES - COOKIES / 10);
    assert_eq!(sent(&mut jar, "http://h9999.a.test/"), "n9999=v");
}

#[test]
fn a_request_has_a_field_of_bounded_length() {
    let (mut jar, here) = (jar(), place(HERE));
    let value = "v".repeat(COOKIE_LENGTH - 3);
    for number in 100..150 {
        assert_eq!(jar.receive(&here, format!("{number}={value}").as_bytes(), NOW), Ok(()));
    }
    // Three of them, with "; " and "=".
    assert_eq!(fields(&mut jar, &here), (3 * (COOKIE_LENGTH + 1) + 2 * 2, 47));
    assert!(fields(&mut jar, &here).0 <= COOKIE_FIELD_LENGTH);
    let longer = format!("x={}", "v".repeat(COOKIE_LENGTH));
    assert_eq!(receive(&mut jar, HERE, &[&longer]), [Err(Refused::TooLong)]);
}

#[test]
fn as_many_small_ones_as_fit_are_sent() {
    let (mut jar, here) = (jar(), place("http://a.b.c.d.e.f.g.h.i.a.test/"));
    let value = "v".repeat(32);
    for domain in ["i.a.test", "h.i.a.test", "g.h.i.a.test", "f.g.h.i.a.test", "e.f.g.h.i.a.test", "d.e.f.g.h.i.a.test"]
    {
        for number in 10..60 {
            let field = format!("{number}={value}; Domain={domain}");
            assert_eq!(jar.receive(&here, field.as_bytes(), NOW), Ok(()));
        }
    }
    let (length, left_out) = fields(&mut jar, &here);
    assert_eq!(left_out, 0);
    assert_eq!(length, 300 * (2 + 1 + 32) + 299 * 2);
}
