//! How long a cookie is kept.

use std::time::Duration;

use crate::support::{DAY, NOW, jar, place, receive, returned, sent, sent_at};

const HERE: &str = "http://a.test/";

#[test]
fn one_that_is_over_is_not_kept_and_removes_another() {
    for over in [
        "Max-Age=0",
        "Max-Age=-1",
        "Max-Age=-20",
        "Expires=Thu, 10 Apr 1980 16:33:12 GMT",
        "Expires=Wed, 31 Dec 2025 23:59:59 GMT",
        "Expires=Thu, 01 Jan 2026 00:00:00 GMT",
        "Max-Age=0; Expires=Fri, 07 Aug 2027 08:04:19 GMT",
        "Max-Age=60; Max-Age=0",
    ] {
        assert_eq!(returned(HERE, &[&format!("a=b; {over}")], HERE), "", "{over}");
        assert_eq!(returned(HERE, &["a=b", "c=d", &format!("a=x; {over}")], HERE), "c=d", "{over}");
    }
}

#[test]
fn one_that_is_not_over_is() {
    for kept in [
        "Max-Age=60",
        "max-age=10000;",
        "Max-Age=50,399",
        "Max-Age=",
        "Expires=Thu, 01 Jan 2026 00:00:01 GMT",
        "Expires=Fri, 07 Aug 2027 08:04:19 GMT",
        "Expires=Fri 07 Aug 2027 08:04:19 GMT, x=y",
        "expires=Sun, 18-Apr-2027 21:06:29 GMT ; path=/  ;  ",
        "Expires=never",
        "Max-Age=1; Expires=Thu, 10 Apr 1980 16:33:12 GMT",
    ] {
        assert_eq!(returned(HERE, &[&format!("a=b; {kept}")], HERE), "a=b", "{kept}");
    }
}

#[test]
fn it_ends_at_its_second() {
    let mut jar = jar();
    receive(&mut jar, HERE, &["a=1; Max-Age=10", "b=2; Expires=Thu, 01 Jan 2026 00:00:20 GMT", "c=3"]);
    let at = |jar: &mut _, seconds| sent_at(jar, HERE, NOW + Duration::from_secs(seconds));
    assert_eq!(at(&mut jar, 9), "a=1; b=2; c=3");
    assert_eq!(at(&mut jar, 10), "b=2; c=3");
    assert_eq!(at(&mut jar, 19), "b=2; c=3");
    assert_eq!(at(&mut jar, 20), "c=3");
    // A clock that was wrong can go back.
    assert_eq!(at(&mut jar, 0), "a=1; b=2; c=3");
}

#[test]
fn nothing_is_kept_for_more_than_400_days() {
    for long in ["Max-Age=99999999999999999999", "Max-Age=34560001", "Expires=Fri, 31 Dec 9999 23:59:59 GMT"] {
        let mut jar = jar();
        receive(&mut jar, HERE, &[&format!("a=b; {long}")]);
        assert_eq!(sent_at(&mut jar, HERE, NOW + 400 * DAY - Duration::from_secs(1)), "a=b", "{long}");
        assert_eq!(sent_at(&mut jar, HERE, NOW + 400 * DAY), "", "{long}");
    }
}

#[test]
fn a_session_ends_its_cookies() {
    let mut jar = jar();
    receive(&mut jar, HERE, &["a=1; Max-Age=10", "b=2"]);
    jar.clear_session_cookies();
    assert_eq!(sent(&mut jar, HERE), "a=1");
    jar.clear();
    assert!(jar.is_empty() && jar.choose(&place(HERE), NOW, 0).is_none());
}

#[test]
fn no_time_is_too_early_or_too_late() {
    for now in [Duration::ZERO, Duration::MAX] {
        let mut jar = jar();
        jar.receive(&place(HERE), b"a=b; Max-Age=99999999999999999999", now).unwrap();
        jar.receive(&place(HERE), b"c=d; Expires=Thu, 01 Jan 1970 00:00:00 GMT", now).unwrap();
        assert!(jar.len() <= 1);
        jar.choose(&place(HERE), Duration::MAX, 0);
        jar.choose(&place(HERE), Duration::ZERO, 0);
    }
}
