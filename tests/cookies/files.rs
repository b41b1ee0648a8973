//! Files of cookies, read and written.

use std::time::Duration;

use xenon::cookies::{Imported, Jar};

use crate::support::{DAY, NOW, jar, place, receive, sent, sent_at};

fn import(jar: &mut Jar, text: &str) -> (usize, usize) {
    let Imported { taken, refused } = jar.import(text.as_bytes(), None, NOW);
    (taken, refused)
}

fn exported(jar: &Jar) -> String {
    let exported = jar.export(NOW);
    assert_eq!(exported.left_out, 0);
    String::from_utf8(exported.text).unwrap()
}

const FILE: &str = "# Netscape HTTP Cookie File\n\
    a.test\tFALSE\t/\tFALSE\t0\tsession\tone\n\
    .a.test\tTRUE\t/folder\tFALSE\t1768000000\twide\ttwo\n\
    #HttpOnly_www.a.test\tFALSE\t/\tTRUE\t1768000000\tsecret\tthree\n\
    .b.test\tTRUE\t/\tFALSE\t0\t\tnameless\n\
    127.0.0.1\tFALSE\t/\tFALSE\t0\taddress\tfour\n";

#[test]
fn what_was_written_is_read_and_written_again() {
    let mut jar = jar();
    assert_eq!(import(&mut jar, FILE), (5, 0));
    assert_eq!(exported(&jar), FILE);
    assert_eq!(sent(&mut jar, "https://www.a.test/folder/x"), "wide=two; secret=three");
    assert_eq!(sent(&mut jar, "http://www.a.test/"), "");
    assert_eq!(sent(&mut jar, "http://a.test/"), "session=one");
    assert_eq!(sent(&mut jar, "http://x.b.test/"), "nameless");
    assert_eq!(sent(&mut jar, "http://127.0.0.1/"), "address=four");
    assert_eq!(sent_at(&mut jar, "http://a.test/folder", Duration::from_secs(1_768_000_000)), "session=one");
}

#[test]
fn what_was_received_is_read_as_it_was() {
    let mut jar = jar();
    let fields = [
        "a=1; Path=/x; Max-Age=100; HttpOnly",
        "b=2; Domain=a.test; Secure",
        "=3",
        "d=",
        "e==\"; f\u{e4} ' ,",
        "g=4; Path=/\u{f6}",
    ];
    assert!(receive(&mut jar, "https://www.a.test/y/", &fields).iter().all(Result::is_ok));
    let written = exported(&jar);
    let mut again = crate::support::jar();
    assert_eq!(import(&mut again, &written), (6, 0));
    assert_eq!(exported(&again), written);
    for url in ["https://www.a.test/x", "https://www.a.test/y", "http://a.test/y"] {
        assert_eq!(sent(&mut again, url), sent(&mut jar, url), "{url}");
    }
}

#[test]
fn lines_in_the_forms_that_programs_write() {
    for line in [
        "a.test\tFALSE\t/\tFALSE\t0\tn\tv",
        "A.Test\tfalse\t/\tfalse\t0\tn\tv\r",
        ".a.test\tTRUE\t/\tFALSE\t99999999999999999999\tn\tv",
        "a.test\tTRUE\t\tFALSE\t1768000000\tn\tv",
        "#HttpOnly_.a.test\tTRUE\t/\tFALSE\t0\tn\tv",
        "Set-Cookie: n=v; Domain=a.test",
        "set-cookie:n=v; domain=.a.test; path=/; secure",
    ] {
        let mut jar = jar();
        assert_eq!(import(&mut jar, line), (1, 0), "{line}");
        assert_eq!(sent(&mut jar, "https://a.test/"), "n=v", "{line}");
    }
    let mut jar = jar();
    assert_eq!(import(&mut jar, "\n \n# comment\n#\n#HttpOnly\n\r\n"), (0, 0));
    assert_eq!(import(&mut jar, "a.test\tFALSE\t/\tFALSE\t0\tn"), (1, 0));
    assert_eq!(sent(&mut jar, "http://a.test/"), "n=");
}

#[test]
fn lines_that_are_no_cookies_are_counted() {
    let mut jar = jar();
    for line in [
        "a.test",
        "a.test FALSE / FALSE 0 n v",
        "a.test\tFALSE\t/\tFALSE\t0",
        "a.test\tFALSE\t/\tFALSE\t0\tn\tv\tw",
        "\tFALSE\t/\tFALSE\t0\tn\tv",
        "a b\tFALSE\t/\tFALSE\t0\tn\tv",
        "a.test\tYES\t/\tFALSE\t0\tn\tv",
        "a.test\tFALSE\t/\t1\t0\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t-1\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t0\t\t",
        "a.test\tFALSE\t/\tFALSE\t0\tn\tv\u{1}",
        "a.test\tFALSE\t/\tFALSE\t0\t__Secure-n\tv",
        "a.test\tFALSE\t/x\tTRUE\t0\t__Host-n\tv",
        ".a.test\tTRUE\t/\tTRUE\t0\t__Host-n\tv",
        "Set-Cookie: n=v",
        "Set-Cookie: n=v; Domain=",
        "Set-Cookie: n=v; Domain=a b",
        "Set-Cookie: =; Domain=a.test",
        "HTTP/1.1 200 OK",
    ] {
        assert_eq!(import(&mut jar, line), (0, 1), "{line}");
    }
    assert!(jar.is_empty());
    let long = format!("a.test\tFALSE\t/\tFALSE\t0\tn\t{}", "v".repeat(4096));
    assert_eq!(import(&mut jar, &long), (0, 1));
    let path = format!("a.test\tFALSE\t/{}\tFALSE\t0\tn\tv", "p".repeat(1024));
    assert_eq!(import(&mut jar, &path), (0, 1));
    assert_eq!(import(&mut jar, "a.test\tFALSE\t/\tTRUE\t0\t__Host-n\tv"), (1, 0));
}

/// The format says which host a line is for. Only one line of `Set-Cookie` says nothing.
#[test]
fn a_line_of_set_cookie_without_a_domain_is_for_the_place_that_is_given() {
    let mut jar = jar();
    let here = place("http://www.a.test/x/y");
    let text = b"Set-Cookie: a=1\nSet-Cookie: b=2; Domain=b.test\nSet-Cookie: c=3; Secure";
    assert_eq!(jar.import(text, Some(&here), NOW), Imported { taken: 2, refused: 1 });
    assert_eq!(sent(&mut jar, "http://www.a.test/x"), "a=1");
    assert_eq!(sent(&mut jar, "http://www.a.test/"), "");
    assert_eq!(sent(&mut jar, "http://www.b.test/"), "b=2");
}

#[test]
fn no_line_is_for_all_of_a_suffix() {
    let mut jar = jar();
    assert_eq!(import(&mut jar, ".co.test\tTRUE\t/\tFALSE\t0\tn\tv\n.test\tTRUE\t/\tFALSE\t0\tn\tv"), (2, 0));
    assert_eq!((sent(&mut jar, "http://a.co.test/"), sent(&mut jar, "http://co.test/")), ("".into(), "n=v".into()));
}

#[test]
fn what_has_expired_is_neither_read_nor_written() {
    let mut jar = jar();
    assert_eq!(import(&mut jar, "a.test\tFALSE\t/\tFALSE\t1\tn\tv"), (1, 0));
    assert!(jar.is_empty());
    receive(&mut jar, "http://a.test/", &["a=b; Max-Age=10", "c=d; Max-Age=99999999999"]);
    let text = String::from_utf8(jar.export(NOW + Duration::from_secs(10)).text).unwrap();
    assert!(!text.contains("\ta\tb") && text.contains("\tc\td"), "{text}");
    assert!(text.contains(&(NOW + 400 * DAY).as_secs().to_string()));
}

#[test]
fn a_tab_has_no_place_in_the_format() {
    let mut jar = jar();
    receive(&mut jar, "http://a.test/", &["a=b\tc", "d\te=f", "g=h", "i=j; Path=/k\tl"]);
    let exported = jar.export(NOW);
    assert_eq!(exported.left_out, 3);
    assert_eq!(exported.text.split(|byte| *byte == b'\n').count(), 3);
}
