//! Which name and value are read, and come back.

use crate::support::{jar, receive, returned, sent};
use xenon::cookies::Refused;

const HERE: &str = "http://www.a.test/folder/page";

/// The lines, and what comes back of them.
const CASES: &[(&[&str], &str)] = &[
    (&["a=b"], "a=b"),
    (&["a=b", "a=c"], "a=c"),
    (&["a=b", "c=d"], "a=b; c=d"),
    (&["c=d", "a=b"], "c=d; a=b"),
    (&["a=b, c=d"], "a=b, c=d"),
    (&["a=b; c=d, e=f"], "a=b"),
    (&["a=b;max-age=3600, c=d;path=/"], "a=b"),
    (&["a=b", "=", "c=d"], "a=b; c=d"),
    (&["a=b", "=x", "c=d"], "a=b; x; c=d"),
    (&["a=b", "x=", "c=d"], "a=b; x=; c=d"),
    (&["a", ""], "a"),
    (&["a", "="], "a"),
    (&["a", "; b"], "a"),
    (&["a", "   "], "a"),
    (&["a", "\t"], "a"),
    (&["a", "b"], "b"),
    (&["a", "b", " =c"], "c"),
    (&["a", "b", " =c", "d=a"], "c; d=a"),
    (&["a=b; version=1;"], "a=b"),
    (&["a=b; customvalue=\"1000 or more\";"], "a=b"),
    (&["a=b; lol=\"aaa;bbb\"; Path=/"], "a=b"),
    (&["  a  = b  ;foo;;;   bar"], "a=b"),
    (&["  a=== b  ;foo;;;   bar"], "a=== b"),
    (&["a=\"b \"   \"c\"  ;"], "a=\"b \"   \"c\""),
    (&["a=\"b;c\" ; ;"], "a=\"b"),
    (&["\"a\\\"b\""], "\"a\\\"b\""),
    (&["\"a=b\"=c", "\"a=d"], "\"a=d"),
    (&["a=%32%33"], "a=%32%33"),
    (&["a=\u{6625}\u{8282}; \u{5168}"], "a=\u{6625}\u{8282}"),
    (&["a=\"! = b;c\\\";\" d; max-age=6", "five; max-age=2.63,"], "a=\"! = b; five"),
    (&["$Version=1; a=b"], "$Version=1"),
    (&["a=b; domain=.other.test; ;; ;=; ,,, ===,abc,=; abracadabra! max-age=20;=;;"], ""),
];

#[test]
fn lines_and_what_comes_back() {
    for (fields, expected) in CASES {
        assert_eq!(returned(HERE, fields, HERE), *expected, "{fields:?}");
    }
}

/// Names of all characters that are neither control characters nor part of the syntax.
#[test]
fn any_other_character_can_be_in_a_name() {
    for c in ('!'..='~').filter(|c| !matches!(c, ';' | '=')) {
        let field = format!("{c}a{c}=b{c}");
        assert_eq!(returned(HERE, &[&field], HERE), field);
    }
}

#[test]
fn a_control_character_refuses_the_cookie() {
    let mut jar = jar();
    for field in ["a=b\0c", "a=b\rc", "a\u{1}=b", "a=b; Path=/\u{7f}", "a=b\x1b[2J"] {
        assert_eq!(receive(&mut jar, HERE, &[field]), [Err(Refused::Control)], "{field:?}");
    }
    assert_eq!(sent(&mut jar, HERE), "");
}

/// One that cannot be kept leaves the one that was there before.
#[test]
fn a_refused_cookie_removes_nothing() {
    let long = format!("a={}", "b".repeat(4096));
    for field in ["a=\u{1}", "a=b; Secure", "a=b; Domain=other.test", "__Host-a=b", &long] {
        let mut jar = jar();
        let outcomes = receive(&mut jar, HERE, &["a=kept", field]);
        assert!(outcomes[1].is_err(), "{field}");
        assert_eq!(sent(&mut jar, HERE), "a=kept");
    }
}

#[test]
fn no_value_is_shown() {
    let mut jar = jar();
    receive(&mut jar, HERE, &["name=sesame"]);
    assert!(!format!("{jar:?}").contains("sesame") && format!("{jar:?}").contains("name"));
}
