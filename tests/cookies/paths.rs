//! Which paths a cookie comes back to, and in which order.

use crate::support::{jar, receive, returned, sent};

const BASE: &str = "http://a.test";

fn comes_back(set_at: &str, field: &str, path: &str) -> bool {
    let to = format!("{BASE}{path}");
    returned(&format!("{BASE}{set_at}"), &[field], &to) == "a=b"
}

#[test]
fn a_path_covers_what_is_below_it() {
    for (path, to, expected) in [
        ("/", "/x", true),
        ("/foo", "/foo", true),
        ("/foo", "/foo?q", true),
        ("/foo", "/bar", false),
        ("/foo/qux", "/foo", false),
        ("/foo/qux", "/foo/qux", true),
        ("/foo/qux", "/foo/qux/", true),
        ("/foo/qux", "/bar/qux", false),
        ("/foo/qux/", "/foo/qux", false),
        ("/foo/qux/", "/foo/qux/", true),
        ("/foo/", "/foo/qux", true),
        ("/foo/", "/foo//qux", true),
        ("/foo/", "/fooqux", false),
        ("/FOO", "/foo", false),
        ("/foo?", "/foo", false),
        ("/foo#", "/foo", false),
        ("\"/foo;\"", "/", true),
        ("/f%6Fo", "/foo", false),
        ("/f%6Fo", "/f%6Fo", true),
        ("/x; Path=/foo", "/foo", true),
        ("/foo; Path=/x", "/foo", false),
        ("/foo; Path=", "/x", true),
        ("  /foo  ", "/foo", true),
    ] {
        assert_eq!(comes_back("/", &format!("a=b; Path={path}"), to), expected, "{path} {to}");
    }
}

#[test]
fn without_a_path_it_is_the_folder_that_it_came_from() {
    for (set_at, to, expected) in [
        ("/", "/x", true),
        ("/page", "/x", true),
        ("/folder/page", "/folder", true),
        ("/folder/page", "/folder/other/x", true),
        ("/folder/page", "/x", false),
        ("/folder/page?x/y", "/folder", true),
        ("/folder/", "/folder/x", true),
        ("/folder/", "/", false),
        ("?x", "/y", true),
    ] {
        for field in ["a=b", "a=b; Path", "a=b; Path=", "a=b; Path=x"] {
            assert_eq!(comes_back(set_at, field, to), expected, "{set_at} {field} {to}");
        }
    }
}

#[test]
fn the_longest_paths_come_first_then_the_oldest() {
    let mut jar = jar();
    let fields = [
        "key=0",
        "key=1; Path=/page",
        "key=2; Path=/",
        "key=3; Path=/bar",
        "key=4; Domain=a.test",
        "key=5; Domain=a.test; Path=/page/foo",
    ];
    receive(&mut jar, "http://www.a.test/page", &fields);
    assert_eq!(sent(&mut jar, "http://www.a.test/page/foo/baz"), "key=5; key=1; key=2; key=4");
    // One that is set again keeps its place.
    receive(&mut jar, "http://www.a.test/", &["other=6", "key=7; Path=/"]);
    assert_eq!(sent(&mut jar, "http://www.a.test/"), "key=7; key=4; other=6");
    receive(&mut jar, "http://www.a.test/page", &["x=y; Path=/page", "x=z; Path=/page/"]);
    assert_eq!(sent(&mut jar, "http://www.a.test/page/q"), "x=z; key=1; x=y; key=7; key=4; other=6");
}
